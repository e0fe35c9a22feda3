//! Telling people and programs what a job came to.
//!
//! A message is put into the store's outbox first, once for each target that wants it, and taken out when the target has
//! taken it: nothing is lost if the target, or this process, is gone for a while. A target may see a message twice, and never
//! out of order unless it refused one; messages have ids.

mod command;
mod courier;
mod file;
mod http;
mod message;
mod outbox;
mod secret;
mod slack;
mod webhook;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

pub use courier::{Courier, CourierOptions, Delivery, Failures};
pub use message::{Message, Rows, Told, Wanted};
pub use outbox::{KEPT_MAX, Outbox, Waiting};
pub use secret::{SecretHeaders, SecretUrl};

use crate::error::{Error, Result};

/// How much is told of what a target says.
const TOLD_CHARS_MAX: usize = 200;

/// Where messages go, and which.
#[derive(Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Which it wants.
    pub wanted: Vec<Wanted>,
    /// How they get there.
    pub sink: Box<dyn Sink>,
}

/// How messages get somewhere.
#[async_trait]
pub trait Sink: std::fmt::Debug + Send + Sync {
    /// Delivers one; it has arrived when this returns.
    ///
    /// # Errors
    /// Why it has not, as far as one knows.
    async fn send(&self, message: &Message) -> Result<(), Undelivered>;
}

/// Why a message was not delivered.
#[derive(Debug)]
pub struct Undelivered {
    /// Why.
    pub error: Error,
    /// The least to wait before it is tried again, if the target says so.
    pub retry_after: Option<Duration>,
    /// The target would take others: this one it does not understand.
    pub is_refused: bool,
}

impl From<Error> for Undelivered {
    fn from(error: Error) -> Self {
        Self { error, retry_after: None, is_refused: false }
    }
}

/// A sink that posts JSON, with headers of the target's own.
///
/// # Errors
/// `Unavailable` if this system has no certificates to trust.
pub fn webhook(url: SecretUrl, headers: SecretHeaders) -> Result<Box<dyn Sink>> {
    Ok(Box::new(webhook::Webhook::new(url, headers)?))
}

/// A sink that posts in Slack's format.
///
/// # Errors
/// `Unavailable` if this system has no certificates to trust.
pub fn slack(url: SecretUrl) -> Result<Box<dyn Sink>> {
    Ok(Box::new(slack::Slack::new(url)?))
}

/// A sink that appends lines of JSON to a file.
pub fn file(path: PathBuf) -> Box<dyn Sink> {
    Box::new(file::LinesFile::new(path))
}

/// A sink that runs a program for each message, with the message on its standard input.
pub fn command(program: String, arguments: Vec<String>) -> Box<dyn Sink> {
    Box::new(command::Program::new(program, arguments))
}

/// The beginning of what a target says of a message, on one line.
fn in_a_line(said: &str) -> String {
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TOLD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
