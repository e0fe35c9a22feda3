//! Canonical JSON as text: told from other JSON in one pass over its bytes, and walked without making a tree of it.
//!
//! Most of what is imported is canonical already, and all that is stored is. It is recognised here, never repaired:
//! whoever gets `None` reads the value with [`parse_json`], which says what is wrong, or writes it anew.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{JSON_DEPTH_MAX, Json, parse_json};

/// A longer number is left to [`parse_json`], which has a limit of its own.
const NUMBER_BYTES_MAX: usize = 4096;

/// A member of a canonical object.
#[derive(Debug, Clone, Copy)]
pub struct Member<'t> {
    /// Its name as it stands, in quotes.
    pub literal: &'t str,
    /// Its value as it stands.
    pub value: &'t str,
    is_escaped: bool,
}

impl<'t> Member<'t> {
    /// Its name.
    pub fn name(&self) -> Cow<'t, str> {
        if !self.is_escaped {
            return Cow::Borrowed(self.plain());
        }
        match parse_json(self.literal.as_bytes()) {
            Ok(Json::String(name)) => Cow::Owned(name.into()),
            _ => Cow::Borrowed(self.plain()),
        }
    }

    fn plain(&self) -> &'t str {
        self.literal.get(1..self.literal.len() - 1).unwrap_or_default()
    }

    fn is_before(&self, next: &Self) -> bool {
        if self.is_escaped || next.is_escaped {
            return self.name() < next.name();
        }
        // Most names differ in their first byte already.
        let (before, after) = (self.plain().as_bytes(), next.plain().as_bytes());
        match before.first().cmp(&after.first()) {
            Ordering::Equal => before < after,
            order => order.is_lt(),
        }
    }
}

/// Where the canonical value ends that begins at a place of a text; `None` if none begins there.
pub fn canonical_end(text: &str, at: usize) -> Option<usize> {
    value_end(text, at, JSON_DEPTH_MAX)
}

/// What stands between the quotes of the string that begins at a place of a text; `None` if none begins there, or if it
/// holds escapes.
pub fn plain_string(text: &str, at: usize) -> Option<&str> {
    let from = past(text, at, b'"')?;
    let end = plain_end(text.as_bytes(), from)?;
    past(text, end, b'"').and(text.get(from..end))
}

/// Calls a function with each member of a canonical object, in order. `None` as soon as the function answers that, or if
/// the text is something else.
pub fn each_member<'t>(object: &'t str, with: impl FnMut(Member<'t>) -> Option<()>) -> Option<()> {
    object_end(object, 0, JSON_DEPTH_MAX, with).map(drop)
}

/// Calls a function with each element of a canonical array, in order. `None` as soon as the function answers that, or if
/// the text is something else.
pub fn each_element<'t>(array: &'t str, with: impl FnMut(&'t str) -> Option<()>) -> Option<()> {
    array_end(array, 0, JSON_DEPTH_MAX, with).map(drop)
}

fn value_end(text: &str, at: usize, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    match text.as_bytes().get(at)? {
        b'"' => string_end(text, at).map(|(end, _)| end),
        b'{' => {
            let mut last: Option<Member<'_>> = None;
            object_end(text, at, depth, |member| {
                let before = last.replace(member);
                before.is_none_or(|before| before.is_before(&member)).then_some(())
            })
        }
        b'[' => array_end(text, at, depth, |_| Some(())),
        b't' => word_end(text, at, "true"),
        b'f' => word_end(text, at, "false"),
        b'n' => word_end(text, at, "null"),
        _ => number_end(text.as_bytes(), at),
    }
}

fn object_end<'t>(text: &'t str, at: usize, depth: usize, mut with: impl FnMut(Member<'t>) -> Option<()>) -> Option<usize> {
    let mut at = past(text, at, b'{')?;
    if let Some(end) = past(text, at, b'}') {
        return Some(end);
    }
    loop {
        let (name_end, is_escaped) = string_end(text, at)?;
        let value = past(text, name_end, b':')?;
        let end = value_end(text, value, depth)?;
        with(Member { literal: text.get(at..name_end)?, value: text.get(value..end)?, is_escaped })?;
        match text.as_bytes().get(end)? {
            b',' => at = end + 1,
            b'}' => return Some(end + 1),
            _ => return None,
        }
    }
}

fn array_end<'t>(text: &'t str, at: usize, depth: usize, mut with: impl FnMut(&'t str) -> Option<()>) -> Option<usize> {
    let mut at = past(text, at, b'[')?;
    if let Some(end) = past(text, at, b']') {
        return Some(end);
    }
    loop {
        let end = value_end(text, at, depth)?;
        with(text.get(at..end)?)?;
        match text.as_bytes().get(end)? {
            b',' => at = end + 1,
            b']' => return Some(end + 1),
            _ => return None,
        }
    }
}

/// The place after a byte that has to stand at a place.
fn past(text: &str, at: usize, expected: u8) -> Option<usize> {
    (text.as_bytes().get(at) == Some(&expected)).then_some(at + 1)
}

fn word_end(text: &str, at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    (text.get(at..end) == Some(word)).then_some(end)
}

/// Where the string ends that begins at a place, and whether it holds escapes.
fn string_end(text: &str, at: usize) -> Option<(usize, bool)> {
    let (text, mut at) = (text.as_bytes(), past(text, at, b'"')?);
    let mut is_escaped = false;
    loop {
        at = plain_end(text, at)?;
        if text.get(at) == Some(&b'"') {
            return Some((at + 1, is_escaped));
        }
        at = escape_end(text, at)?;
        is_escaped = true;
    }
}

/// Where the shortest escape of a character ends; that of `/`, or of a letter, is none.
fn escape_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(at + 2),
        [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..] => Some(at + 6),
        [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => Some(at + 6),
        _ => None,
    }
}

/// The place of the first byte, from a place on, that does not stand for itself in a string: a quote, a backslash, a
/// control character.
fn plain_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    while let Some((block, after)) = rest.split_first_chunk() {
        let special = special_bytes(u64::from_le_bytes(*block));
        if special != 0 {
            return Some(at + special.trailing_zeros() as usize / 8);
        }
        (rest, at) = (after, at + block.len());
    }
    let special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < b' ';
    rest.iter().position(special).map(|found| at + found)
}

/// The top bit of each of eight bytes that is a quote, a backslash or a control character. Only the lowest bit that is set
/// can be relied on: borrows spread upwards.
fn special_bytes(block: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let below = |block: u64, bound: u8| block.wrapping_sub(ONES * u64::from(bound)) & !block;
    let equal = |byte: u8| below(block ^ (ONES * u64::from(byte)), 1);
    (below(block, b' ') | equal(b'"') | equal(b'\\')) & (ONES << 7)
}

fn number_end(text: &[u8], from: usize) -> Option<usize> {
    let whole = from + usize::from(text.get(from) == Some(&b'-'));
    let mut end = digits_end(text, whole)?;
    if text.get(whole) == Some(&b'0') && end > whole + 1 {
        return None;
    }
    if text.get(end) == Some(&b'.') {
        end = digits_end(text, end + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(end) {
        let signed = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = digits_end(text, end + 1 + usize::from(signed))?;
    }
    (end - from <= NUMBER_BYTES_MAX).then_some(end)
}

/// Where a run of at least one digit ends.
fn digits_end(text: &[u8], from: usize) -> Option<usize> {
    let digits = text.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(from + digits)
}
