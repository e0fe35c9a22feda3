//! How the command ends.

use std::process::ExitCode;

/// The exit status: scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Done,
    /// Done, and the answer is no: damage was found.
    No,
    /// It could not be done.
    Failed,
    /// Done, but not all that was asked for could be seen.
    Incomplete,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Done => Self::SUCCESS,
            ExitStatus::No => Self::from(1),
            ExitStatus::Failed => Self::from(2),
            ExitStatus::Incomplete => Self::from(3),
        }
    }
}
