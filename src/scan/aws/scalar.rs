//! The texts in an answer as JSON values.
//!
//! Numbers keep their digits. A text that does not fit its type is `None`, and the caller keeps the text.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use jiter::Jiter;
use percent_encoding::percent_decode_str;

use super::shapes::Kind;
use crate::model::{JSON_DEPTH_MAX, Json, read_json};

/// How deep a policy may be nested, so that there is as much left for what it is part of.
const POLICY_DEPTH_MAX: usize = JSON_DEPTH_MAX / 2;

/// Reads a text as what it should be.
pub(super) fn read_scalar(kind: Kind, text: &str) -> Option<Json> {
    match kind {
        Kind::String => Some(Json::String(text.into())),
        Kind::Integer => integer(text.trim_ascii()),
        Kind::Float => float(text.trim_ascii()),
        Kind::Boolean => boolean(text),
        Kind::Blob => base64(text).map(|text| Json::String(text.into())),
        Kind::Timestamp => timestamp(text.trim_ascii()).map(|time| Json::String(time.into())),
        Kind::Policy => policy(text),
        Kind::Shape(_) => None,
    }
}

fn boolean(text: &str) -> Option<Json> {
    match text {
        "true" => Some(Json::Bool(true)),
        "false" | "" => Some(Json::Bool(false)),
        _ => None,
    }
}

/// A whole number of any length, without a plus sign and leading zeros.
fn integer(text: &str) -> Option<Json> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let number = if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") };
    Some(Json::Number(number.into()))
}

/// A number in JSON's own notation; others, as NaN, are none in JSON.
fn float(text: &str) -> Option<Json> {
    let mut jiter = Jiter::new(text.as_bytes());
    let peek = jiter.peek().ok()?;
    match read_json(&mut jiter, peek, 1).ok()? {
        Json::Number(digits) if digits.len() == text.len() => Some(Json::Number(digits)),
        _ => None,
    }
}

/// Base64 without the line breaks that it may have on the wire.
fn base64(text: &str) -> Option<String> {
    let text: String = text.split_ascii_whitespace().collect();
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    (text.len().is_multiple_of(4) && padding <= 2 && body.bytes().all(alphabet)).then_some(text)
}

/// A time as the command line prints it: with the offset that it has, microseconds only where there are any.
fn timestamp(text: &str) -> Option<String> {
    if let Some(time) = moment(text) {
        let fraction = if time.timestamp_subsec_micros() > 0 { "%.6f" } else { "" };
        return Some(time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}%:z")).to_string());
    }
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let time = time.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
    let fraction = if time.and_utc().timestamp_subsec_micros() > 0 { "%.6f" } else { "" };
    Some(time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}")).to_string())
}

/// ISO 8601 with an offset, the date of a mail, or whole seconds since 1970.
fn moment(text: &str) -> Option<DateTime<FixedOffset>> {
    let iso = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    let mail = || DateTime::parse_from_rfc2822(text).ok();
    let seconds = || DateTime::from_timestamp(text.parse().ok()?, 0).map(|time| time.fixed_offset());
    iso.ok().or_else(mail).or_else(seconds)
}

fn policy(text: &str) -> Option<Json> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let mut jiter = Jiter::new(text.as_bytes());
    let peek = jiter.peek().ok()?;
    let policy = read_json(&mut jiter, peek, POLICY_DEPTH_MAX).ok()?;
    jiter.finish().ok()?;
    Some(policy)
}
