//! Which attributes differ between two contents.
//!
//! Canonical texts are compared as they are, side by side: members come in one order in both, and what is equal byte for
//! byte is passed over. No document is built.

use std::cmp::Ordering;

use super::canonical::{Member, each_element, each_member};
use super::pointer::push_step;
use super::rules::TypeRules;
use super::{CanonicalJson, Content};

/// JSON Pointers (RFC 6901) below the resource of everything that differs, sorted by bytes, volatile ones left out:
/// `/tags/env`, `/properties/State/Name`, `/name`. Objects are compared by key, arrays by position, arrays that the
/// type declares sets as a whole.
pub fn changed_paths(before: &Content, after: &Content, rules: Option<&TypeRules>) -> Vec<String> {
    let mut paths = Vec::new();
    let texts = [
        ("/arn", &before.arn, &after.arn),
        ("/name", &before.name, &after.name),
        ("/native_type", &before.native_type, &after.native_type),
        ("/state", &before.state, &after.state),
    ];
    paths.extend(texts.into_iter().filter(|(_, before, after)| before != after).map(|(path, _, _)| path.to_owned()));
    if before.created_at != after.created_at {
        paths.push("/created_at".to_owned());
    }
    match (&before.tags, &after.tags) {
        (Some(before), Some(after)) => compare_documents("/tags", before, after, None, &mut paths),
        (None, None) => {}
        _ => paths.push("/tags".to_owned()),
    }
    compare_documents("/properties", &before.properties, &after.properties, rules, &mut paths);
    paths.sort_unstable();
    paths
}

fn compare_documents(path: &str, before: &CanonicalJson, after: &CanonicalJson, rules: Option<&TypeRules>, paths: &mut Vec<String>) {
    let mut walk = Walk { path: path.to_owned(), rules, paths };
    walk.compare(before.as_str(), after.as_str());
}

/// A comparison under way: where it stands, and what it has found.
struct Walk<'a> {
    path: String,
    rules: Option<&'a TypeRules>,
    paths: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// Compares the canonical texts of two values.
    fn compare(&mut self, before: &str, after: &str) {
        if before == after {
            return;
        }
        match (before.as_bytes().first(), after.as_bytes().first()) {
            (Some(b'{'), Some(b'{')) => self.compare_objects(before, after),
            (Some(b'['), Some(b'[')) if !self.rules.is_some_and(|rules| rules.is_set(&self.path)) => self.compare_arrays(before, after),
            (Some(b'['), Some(b'[')) => self.compare_sets(before, after),
            _ => self.paths.push(self.path.clone()),
        }
    }

    fn compare_objects(&mut self, before: &str, after: &str) {
        let (Some(left), Some(right)) = (members(before), members(after)) else { return self.paths.push(self.path.clone()) };
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(left), Some(right)) => left.name().cmp(&right.name()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let old = if order.is_le() { left.next() } else { None };
            let new = if order.is_ge() { right.next() } else { None };
            if let Some(member) = old.or(new) {
                self.step(&member.name(), old.map(|old| old.value), new.map(|new| new.value));
            }
        }
    }

    fn compare_arrays(&mut self, before: &str, after: &str) {
        let (Some(left), Some(right)) = (elements(before), elements(after)) else { return self.paths.push(self.path.clone()) };
        for at in 0..left.len().max(right.len()) {
            self.step(&at.to_string(), left.get(at).copied(), right.get(at).copied());
        }
    }

    /// Compares two sets in one order, without what is volatile in them.
    fn compare_sets(&mut self, before: &str, after: &str) {
        let is_equal = self.rules.is_some_and(|rules| rules.comparable(&self.path, before) == rules.comparable(&self.path, after));
        if !is_equal {
            self.paths.push(self.path.clone());
        }
    }

    /// Compares two members or elements of one name.
    fn step(&mut self, name: &str, before: Option<&str>, after: Option<&str>) {
        if before == after {
            return;
        }
        let length = self.path.len();
        push_step(&mut self.path, name);
        if !self.rules.is_some_and(|rules| rules.is_volatile(&self.path)) {
            match (before, after) {
                (Some(before), Some(after)) => self.compare(before, after),
                _ => self.paths.push(self.path.clone()),
            }
        }
        self.path.truncate(length);
    }
}

fn members(object: &str) -> Option<Vec<Member<'_>>> {
    let mut members = Vec::new();
    each_member(object, |member| {
        members.push(member);
        Some(())
    })?;
    Some(members)
}

fn elements(array: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    each_element(array, |element| {
        elements.push(element);
        Some(())
    })?;
    Some(elements)
}
