//! Panics, each of which is told once, by whoever catches it.
//!
//! What decodes and what runs statements makes errors of them, and so does whoever waits for a task. So nothing is printed where a
//! panic begins, but for the log; one that nobody expects ends the command as an error here.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use tracing::debug;

use crate::error::{Error, Result, panic_text};

thread_local! {
    /// Where the newest panic of this thread began.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on nothing is printed where a panic begins.
pub(super) fn hush() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        debug!("a panic at {place}: {}", panic_text(panic.payload()));
        PLACE.replace(place);
    }));
}

/// Runs a command to its end.
///
/// # Errors
/// Its own, `Internal` if it panics.
pub(super) fn caught<T>(command: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|panic| Err(broken(&*panic)))
}

fn broken(panic: &(dyn Any + Send)) -> Error {
    let place = PLACE.take();
    Error::internal(format!("the command broke off: {} ({place})", panic_text(panic)))
        .with_hint("that is a bug of Elava; what was acknowledged is in the store")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_panic_that_nobody_expects_is_one_error() {
        let error = caught(|| -> Result<()> { panic!("out of luck") }).unwrap_err();
        assert_eq!((error.kind(), error.to_string().starts_with("the command broke off: out of luck (")), (ErrorKind::Internal, true));
        assert!(error.hint().is_some());
        assert_eq!(caught(|| Ok(7)).unwrap(), 7);
    }
}
