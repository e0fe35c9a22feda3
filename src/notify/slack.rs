//! A message in the format of Slack's incoming webhooks: a text, and blocks for those who show them.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::http::Post;
use super::message::Told;
use super::{Message, SecretHeaders, SecretUrl, Sink, Undelivered};
use crate::error::{Error, Result};

/// Slack takes no longer header ...
const HEADER_CHARS_MAX: usize = 150;
/// ... no longer text of a section ...
const SECTION_CHARS_MAX: usize = 3000;
/// ... and no more blocks.
const BLOCKS_MAX: usize = 50;
/// Blocks besides those of findings: the header, the summary and what is left out.
const BLOCKS_AROUND: usize = 3;

#[derive(Debug)]
pub(super) struct Slack(Post);

impl Slack {
    pub(super) fn new(url: SecretUrl) -> Result<Self> {
        Post::new(url, SecretHeaders::default()).map(Self)
    }
}

#[async_trait]
impl Sink for Slack {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let json = serde_json::to_vec(&payload(message));
        self.0.post(json.map_err(|error| Error::internal("encode a message").with_source(error))?).await
    }
}

/// What Slack is sent.
pub(super) fn payload(message: &Message) -> Value {
    let title = title(message);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&title, HEADER_CHARS_MAX) } }),
        section(&escaped(&message.summary)),
    ];
    let lines = message.new.iter().map(|told| line("NEW", told)).chain(message.resolved.iter().map(|told| line("RESOLVED", told)));
    let (rows, more_rows) = rows(message);
    let lines: Vec<String> = lines.chain(rows).collect();
    let (sections, shown) = sections(&lines, BLOCKS_MAX - BLOCKS_AROUND);
    blocks.extend(sections.iter().map(|text| section(text)));
    let left_out = lines.len() - shown + message.more_new + message.more_resolved + more_rows;
    if left_out > 0 {
        blocks.push(section(&format!("... and {left_out} more")));
    }
    json!({ "text": escaped(&title), "blocks": blocks })
}

/// The rows that a message holds, if they are others than before, and how many there are beyond them.
fn rows(message: &Message) -> (Vec<String>, usize) {
    let Some(rows) = message.rows.as_ref().filter(|rows| rows.changed) else { return (Vec::new(), 0) };
    let lines: Vec<String> = rows.first.iter().map(|row| format!("`{}`", escaped(&row.to_string()))).collect();
    let more = usize::try_from(rows.count).unwrap_or(usize::MAX).saturating_sub(lines.len());
    (lines, more)
}

fn title(message: &Message) -> String {
    let (new, resolved) = (message.new.len() + message.more_new, message.resolved.len() + message.more_resolved);
    let outcome = match (message.ok, message.has_changes()) {
        (false, _) => "failed".to_owned(),
        (true, true) if new + resolved > 0 => format!("{new} new, {resolved} resolved"),
        (true, true) => "other rows than before".to_owned(),
        (true, false) => "nothing new".to_owned(),
    };
    format!("{}: {outcome}", message.job)
}

fn line(word: &str, told: &Told) -> String {
    let (key, reason) = (escaped(&told.resource_key), escaped(&told.reason));
    format!("*{word}* {} *{}*\n`{key}`: {reason}", told.severity, escaped(&told.title))
}

/// Lines in as few sections as hold them, and how many of the lines they hold.
fn sections(lines: &[String], most: usize) -> (Vec<String>, usize) {
    let mut sections: Vec<String> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (line, full) = (cut(line, SECTION_CHARS_MAX), sections.len() == most);
        match sections.last_mut() {
            Some(last) if last.chars().count() + 1 + line.chars().count() <= SECTION_CHARS_MAX => {
                last.push('\n');
                last.push_str(&line);
            }
            _ if full => return (sections, at),
            _ => sections.push(line),
        }
    }
    (sections, lines.len())
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(text, SECTION_CHARS_MAX) } })
}

/// What Slack would take for a link or a mention is a character again.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
}
