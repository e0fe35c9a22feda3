//! Which attributes differ between two contents.

use super::rules::TypeRules;
use super::{CanonicalJson, Content, Json, parse_json};

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
    if before == after {
        return;
    }
    let parse = |document: &CanonicalJson| match rules {
        Some(rules) => parse_json(rules.comparable(document.as_str()).as_bytes()),
        None => parse_json(document.as_str().as_bytes()),
    };
    match (parse(before), parse(after)) {
        (Ok(before), Ok(after)) => compare(&mut path.to_owned(), &before, &after, rules, paths),
        _ => paths.push(path.to_owned()),
    }
}

fn compare(path: &mut String, before: &Json, after: &Json, rules: Option<&TypeRules>, paths: &mut Vec<String>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => compare_objects(path, before, after, rules, paths),
        (Json::Array(before), Json::Array(after)) if !rules.is_some_and(|rules| rules.is_set(path)) => {
            for at in 0..before.len().max(after.len()) {
                step(path, &at.to_string(), before.get(at), after.get(at), rules, paths);
            }
        }
        _ => paths.push(path.clone()),
    }
}

type Members = [(Box<str>, Json)];

fn compare_objects(path: &mut String, before: &Members, after: &Members, rules: Option<&TypeRules>, paths: &mut Vec<String>) {
    let (mut left, mut right) = (before.iter().peekable(), after.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((left, _)), Some((right, _))) => left.cmp(right),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (None, None) => return,
        };
        let old = if order.is_le() { left.next() } else { None };
        let new = if order.is_ge() { right.next() } else { None };
        if let Some((name, _)) = old.or(new) {
            step(path, name, old.map(|(_, value)| value), new.map(|(_, value)| value), rules, paths);
        }
    }
}

fn step(path: &mut String, name: &str, before: Option<&Json>, after: Option<&Json>, rules: Option<&TypeRules>, paths: &mut Vec<String>) {
    let length = path.len();
    path.push('/');
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
    match (before, after) {
        (Some(before), Some(after)) => compare(path, before, after, rules, paths),
        _ => paths.push(path.clone()),
    }
    path.truncate(length);
}
