//! Puts what a job came to into the outbox, for those who want it.

use std::time::Duration;

use tokio::sync::Notify;

use super::board::Board;
use crate::cli::printer::Printer;
use crate::error::{Error, Result};
use crate::notify::{KEPT_MAX, Message, Outbox, Target};
use crate::stop::Stop;

/// How long is waited for a store that does not take a message: the job has not ended before it has.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Who is told.
#[derive(Debug)]
pub struct Notifier<'a> {
    targets: &'a [Target],
    outbox: Outbox,
    board: &'a Board,
    printer: Printer,
    more: Notify,
}

impl<'a> Notifier<'a> {
    /// All that may be told.
    pub fn new(targets: &'a [Target], outbox: Outbox, board: &'a Board, printer: Printer) -> Self {
        Self { targets, outbox, board, printer, more: Notify::new() }
    }

    /// Told when a message was put into the outbox.
    pub fn more(&self) -> &Notify {
        &self.more
    }

    /// Keeps a message for each of the named targets that wants it.
    ///
    /// # Errors
    /// `Unavailable` if it was told to stop before the store had taken it.
    pub async fn tell(&self, names: &[String], message: &Message, stop: &Stop) -> Result<()> {
        for target in self.targets.iter().filter(|target| names.contains(&target.name)) {
            if target.wanted.iter().any(|wanted| wanted.takes(message)) {
                self.keep(target, message, stop).await?;
                self.more.notify_one();
            }
        }
        Ok(())
    }

    async fn keep(&self, target: &Target, message: &Message, stop: &Stop) -> Result<()> {
        loop {
            match self.outbox.put(&target.name, message).await {
                Ok(0) => return Ok(()),
                Ok(dropped) => {
                    self.board.see_dropped(&target.name, dropped);
                    let text = format!("notify {}: more than {KEPT_MAX} messages wait; the {dropped} oldest had to go", target.name);
                    self.printer.warn(&text);
                    return Ok(());
                }
                Err(error) => self.printer.error(&error.context(format!("notify {}", target.name))),
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_AFTER) => {}
                () = stop.requested() => return Err(Error::unavailable("stopped before the store had taken a message")),
            }
        }
    }
}
