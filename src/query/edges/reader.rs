//! Reads names at paths of canonical JSON text, in one pass over it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::rule::Member;
use crate::model::{Json, each_element, each_member, parse_json, plain_string};

/// Reads some members of resources, each with a number from 0.
#[derive(Debug, Default)]
pub(super) struct Reader {
    properties: Paths,
    tags: Paths,
    /// What has to be read at the condition of each member, where it has one.
    conditions: Vec<Option<&'static str>>,
}

/// What was read at each number.
type Found<'t> = Vec<Vec<Cow<'t, str>>>;

impl Reader {
    /// A reader of these members. The condition of a member has a number after those of all members.
    pub(super) fn new(members: &[Member]) -> Self {
        let mut reader = Self::default();
        for (number, member) in members.iter().enumerate() {
            if member.is_tag {
                reader.tags.members.entry(member.path).or_default().ends.push(number);
            } else {
                reader.properties.add(member.path, number);
            }
            if let Some((path, _)) = member.when {
                reader.properties.add(path, members.len() + number);
            }
            reader.conditions.push(member.when.map(|(_, value)| value));
        }
        reader
    }

    /// What each member says, in the order of their numbers.
    pub(super) fn read<'t>(&self, properties: &'t str, tags: Option<&'t str>) -> Found<'t> {
        let mut found: Found<'t> = vec![Vec::new(); 2 * self.conditions.len()];
        let mut add = |number: usize, json: &'t str| {
            if let (Some(values), Some(text)) = (found.get_mut(number), text(json)) {
                values.push(text);
            }
        };
        self.properties.find(properties, &mut add);
        if let Some(tags) = tags {
            self.tags.find(tags, &mut add);
        }
        let told = found.split_off(self.conditions.len());
        for ((values, told), condition) in found.iter_mut().zip(told).zip(&self.conditions) {
            if condition.is_some_and(|condition| told.iter().all(|value| value != condition)) {
                values.clear();
            }
        }
        found
    }
}

/// Paths by their first steps.
#[derive(Debug, Default)]
struct Paths {
    members: BTreeMap<&'static str, Paths>,
    elements: Option<Box<Paths>>,
    /// The numbers of the paths that end here.
    ends: Vec<usize>,
}

impl Paths {
    fn add(&mut self, path: &'static str, number: usize) {
        let end = path.split('.').fold(self, |node, step| {
            let name = step.trim_end_matches("[]");
            let member = node.members.entry(name).or_default();
            if name == step { member } else { member.elements.get_or_insert_default() }
        });
        end.ends.push(number);
    }

    /// Calls a function with the number of each path and each value there. What is no canonical JSON has none.
    fn find<'t>(&self, json: &'t str, found: &mut impl FnMut(usize, &'t str)) {
        self.ends.iter().for_each(|number| found(*number, json));
        if !self.members.is_empty() {
            let _ = each_member(json, |member| {
                if let Some(next) = self.members.get(member.name().as_ref()) {
                    next.find(member.value, found);
                }
                Some(())
            });
        }
        if let Some(elements) = &self.elements {
            let _ = each_element(json, |element| {
                elements.find(element, found);
                Some(())
            });
        }
    }
}

/// The text of a string that says something, of a number or a boolean.
fn text(json: &str) -> Option<Cow<'_, str>> {
    let text = match json.as_bytes().first()? {
        b'"' => match plain_string(json, 0) {
            Some(plain) => Cow::Borrowed(plain),
            None => match parse_json(json.as_bytes()) {
                Ok(Json::String(text)) => Cow::Owned(text.into()),
                _ => return None,
            },
        },
        b'{' | b'[' | b'n' => return None,
        _ => Cow::Borrowed(json),
    };
    (!text.is_empty()).then_some(text)
}
