//! Which attributes differ between two contents.
//!
//! Canonical texts are compared as they are, side by side: members come in one order in both, and what is equal byte for
//! byte is passed over. No document is built.

use std::borrow::Cow;
use std::cmp::Ordering;

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
        let (mut left, mut right) = (Parts::of(before).map(member).peekable(), Parts::of(after).map(member).peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some((left, _)), Some((right, _))) => left.cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let old = if order.is_le() { left.next() } else { None };
            let new = if order.is_ge() { right.next() } else { None };
            let values = (old.as_ref().map(|(_, value)| *value), new.as_ref().map(|(_, value)| *value));
            if let Some((name, _)) = old.as_ref().or(new.as_ref()) {
                self.step(name, values.0, values.1);
            }
        }
    }

    fn compare_arrays(&mut self, before: &str, after: &str) {
        let (mut left, mut right) = (Parts::of(before), Parts::of(after));
        for at in 0_usize.. {
            match (left.next(), right.next()) {
                (None, None) => return,
                (old, new) => self.step(&at.to_string(), old, new),
            }
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
        self.path.push('/');
        self.path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        if !self.rules.is_some_and(|rules| rules.is_volatile(&self.path)) {
            match (before, after) {
                (Some(before), Some(after)) => self.compare(before, after),
                _ => self.paths.push(self.path.clone()),
            }
        }
        self.path.truncate(length);
    }
}

/// The name and the value of a member.
fn member(part: &str) -> (Cow<'_, str>, &str) {
    let end = string_end(part.as_bytes());
    let (literal, value) = part.split_at_checked(end).unwrap_or((part, ""));
    let raw = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let name = if raw.contains('\\') { serde_json::from_str(literal).map_or(Cow::Borrowed(raw), Cow::Owned) } else { Cow::Borrowed(raw) };
    (name, value.strip_prefix(':').unwrap_or(value))
}

/// The members of an object, or the elements of an array, as canonical text.
struct Parts<'a> {
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        Self { rest: text.get(1..text.len().saturating_sub(1)).unwrap_or_default() }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (part, rest) = self.rest.split_at_checked(part_end(self.rest.as_bytes())).unwrap_or((self.rest, ""));
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Some(part)
    }
}

/// Where the first comma stands that is in no string, object or array; the length if there is none.
fn part_end(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += text.get(at..).map_or(1, string_end);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The length of the string literal that a text begins with.
fn string_end(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
