//! Ctrl-C and the signal to terminate: the first asks for an end, the second does not wait for it.

use std::future::Future;

use super::ExitStatus;
use super::printer::Printer;
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Does something that ends soon once it is told to stop.
///
/// # Errors
/// Its own; `Unavailable` if it was not waited for.
pub async fn until_stopped<F>(printer: Printer, work: impl FnOnce(Stop) -> F) -> Result<ExitStatus>
where
    F: Future<Output = Result<ExitStatus>>,
{
    let (mut signals, stop) = (Signals::new()?, Stop::default());
    let mut work = std::pin::pin!(work(stop.clone()));
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = signals.next() => {}
        }
        if stop.is_requested() {
            return Err(Error::unavailable("ended at once: what was durable is kept, and a scan that was under way can be begun again"));
        }
        printer.say("ending as soon as what was seen is durable; once more ends at once");
        stop.request();
    }
}

/// The signals that end a program.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens for them; from then on they end nothing by themselves.
    ///
    /// # Errors
    /// `Unavailable` if the system refuses.
    pub fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Error::unavailable("listen for signals").with_source(error));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the next one. Dropping the future loses none.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The signal that ends a program.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens for it.
    ///
    /// # Errors
    /// None.
    pub fn new() -> Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        // A signal that cannot be listened for does not end anything.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
