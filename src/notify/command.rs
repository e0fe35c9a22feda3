//! A program that is run for each message.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::webhook::encoded;
use super::{Message, Sink, Undelivered, in_a_line};
use crate::error::{Error, Result};

/// How long it may take.
const SECONDS_MAX: u64 = 60;
/// How much is read of what it says on standard error.
const SAID_BYTES_MAX: u64 = 4096;

#[derive(Debug)]
pub(super) struct Program {
    program: String,
    arguments: Vec<String>,
}

impl Program {
    pub(super) fn new(program: String, arguments: Vec<String>) -> Self {
        Self { program, arguments }
    }

    /// Runs it; it is killed if nobody waits for it any more. How it ended, and the beginning of what it said.
    async fn run(&self, input: &[u8]) -> io::Result<(ExitStatus, String)> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let fill = async {
            let Some(mut stdin) = stdin else { return Ok(()) };
            match stdin.write_all(input).await {
                // One that does not read its input may still do its work.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
                _ => Ok(()),
            }
        };
        let hear = async {
            let Some(mut stderr) = stderr else { return Ok(String::new()) };
            let mut said = Vec::new();
            (&mut stderr).take(SAID_BYTES_MAX).read_to_end(&mut said).await?;
            // What it says further has to be read for it to go on.
            tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
            Ok(String::from_utf8_lossy(&said).into_owned())
        };
        let (filled, said, status) = tokio::join!(fill, hear, child.wait());
        filled.and(said).and_then(|said| Ok((status?, said)))
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
        let ended = tokio::time::timeout(Duration::from_secs(SECONDS_MAX), self.run(&input)).await;
        let ended = ended.map_err(|_| self.failed(&format!("not done within {SECONDS_MAX} seconds")))?;
        let (status, said) = ended.map_err(|error| self.failed(&error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        Err(self.failed(format!("{status} {}", in_a_line(&said)).trim_end()).into())
    }
}
