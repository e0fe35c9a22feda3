//! JSON Pointers (RFC 6901) below a resource: the value at one, and the attributes that a content has.

use super::canonical::{each_element, each_member};
use super::rules::TypeRules;
use super::{Content, Json};

/// A value that is compared as a whole: a scalar, an empty object or array, an array that its type declares a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Where it is: `/properties/State/Name`.
    pub path: String,
    /// Its canonical text.
    pub value: String,
}

/// The text of the value at a pointer into a canonical document; `None` if there is none.
pub fn value_at<'t>(document: &'t str, pointer: &str) -> Option<&'t str> {
    pointer.strip_prefix('/')?.split('/').try_fold(document, |value, step| child(value, &step.replace("~1", "/").replace("~0", "~")))
}

fn child<'t>(value: &'t str, step: &str) -> Option<&'t str> {
    let mut found = None;
    if value.starts_with('{') {
        each_member(value, |member| {
            found = (member.name() == step).then_some(member.value);
            found.is_none().then_some(())
        });
        return found;
    }
    // By the standard a position has no sign, and no zeros before it.
    let digits = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    let mut left: usize = step.parse().ok().filter(|_| digits)?;
    each_element(value, |element| {
        found = (left == 0).then_some(element);
        left = left.checked_sub(1)?;
        Some(())
    });
    found
}

/// Takes a step down a pointer.
pub(super) fn push_step(path: &mut String, name: &str) {
    path.push('/');
    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// The attributes of a content, volatile ones left out. What has no value is none.
pub fn attributes(content: &Content, rules: Option<&TypeRules>) -> Vec<Attribute> {
    let created_at = content.created_at.map(|time| time.to_string());
    let texts = [
        ("/arn", content.arn.as_deref()),
        ("/created_at", created_at.as_deref()),
        ("/name", content.name.as_deref()),
        ("/native_type", content.native_type.as_deref()),
        ("/state", content.state.as_deref()),
    ];
    let told = texts.into_iter().filter_map(|(path, text)| Some((path, Json::String(text?.into()).canonical())));
    let mut found: Vec<Attribute> = told.map(|(path, json)| Attribute { path: path.to_owned(), value: json.as_str().to_owned() }).collect();
    if let Some(tags) = &content.tags {
        Walk { path: "/tags".to_owned(), rules: None, found: &mut found }.visit(tags.as_str());
    }
    Walk { path: "/properties".to_owned(), rules, found: &mut found }.visit(content.properties.as_str());
    found
}

/// A walk through a canonical document: where it stands, and what it has found.
struct Walk<'a> {
    path: String,
    rules: Option<&'a TypeRules>,
    found: &'a mut Vec<Attribute>,
}

impl Walk<'_> {
    fn visit(&mut self, value: &str) {
        if self.rules.is_some_and(|rules| rules.is_volatile(&self.path)) {
            return;
        }
        let is_set = self.rules.is_some_and(|rules| rules.is_set(&self.path));
        match value.as_bytes().first() {
            Some(b'{') if value != "{}" => {
                each_member(value, |member| {
                    self.step(&member.name(), member.value);
                    Some(())
                });
            }
            Some(b'[') if value != "[]" && !is_set => {
                let mut places = 0..;
                each_element(value, |element| {
                    self.step(&places.next()?.to_string(), element);
                    Some(())
                });
            }
            _ => self.found.push(Attribute { path: self.path.clone(), value: value.to_owned() }),
        }
    }

    fn step(&mut self, name: &str, value: &str) {
        let length = self.path.len();
        push_step(&mut self.path, name);
        self.visit(value);
        self.path.truncate(length);
    }
}
