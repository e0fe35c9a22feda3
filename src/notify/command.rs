//! A program that is run for each message.

use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::webhook::encoded;
use super::{Message, Sink, Undelivered};
use crate::error::{Error, Result};

/// How long it may take.
const SECONDS_MAX: u64 = 60;
/// How much is told of what it says on standard error.
const TOLD_MAX: usize = 200;

#[derive(Debug)]
pub(super) struct Program {
    program: String,
    arguments: Vec<String>,
}

impl Program {
    pub(super) fn new(program: String, arguments: Vec<String>) -> Self {
        Self { program, arguments }
    }

    /// Runs it; it is killed if nobody waits for it any more.
    async fn run(&self, input: &[u8]) -> io::Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let fill = async {
            let Some(mut stdin) = stdin else { return Ok(()) };
            match stdin.write_all(input).await {
                // One that does not read its input may still do its work.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
                _ => Ok(()),
            }
        };
        let (filled, output) = tokio::join!(fill, child.wait_with_output());
        filled.and(output)
    }

    fn failed(&self, why: &str) -> Error {
        Error::unavailable(format!("run {}: {why}", self.program))
    }
}

#[async_trait]
impl Sink for Program {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        let mut input = encoded(message)?;
        input.push(b'\n');
        let output = tokio::time::timeout(Duration::from_secs(SECONDS_MAX), self.run(&input)).await;
        let output = output.map_err(|_| self.failed(&format!("not done within {SECONDS_MAX} seconds")))?;
        let output = output.map_err(|error| self.failed(&error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        let said: String = said.chars().take(TOLD_MAX).collect();
        Err(self.failed(format!("{} {said}", output.status).trim_end()).into())
    }
}
