//! What the answers of an object store mean: which of three ways a create ended, and what to tell people.

use std::error::Error as Cause;

use super::client::Fate;
use crate::error::{Error, ErrorKind};
use crate::store::backend::Created;

/// An answer that is no error document of a storage is cut off here.
const CAUSE_CHARS_MAX: usize = 300;

/// How a create ended.
pub(super) enum Outcome {
    /// The storage has told.
    Created(Created),
    /// It was not sent, so it may be sent again.
    Unsent(Error),
    /// The storage has refused it.
    Refused(Error),
    /// It may have been done: no answer came, or one that says nothing about that.
    Unknown(Error),
}

impl Outcome {
    /// How a create ended that came so far and then failed.
    pub(super) fn of(fate: Fate, doing: &str, error: &object_store::Error) -> Self {
        match fate {
            Fate::Unsent => Self::Unsent(told(ErrorKind::Unavailable, doing, error)),
            Fate::Answered(status) if is_refusal(status) => Self::Refused(told(ErrorKind::Unavailable, doing, error)),
            Fate::Answered(_) | Fate::Unanswered => Self::Unknown(told(ErrorKind::Uncertain, doing, error)),
        }
    }
}

/// Whether a status says that nothing was done. Those that ask to come again later do not: they may come from something on the
/// way to a storage that has done it.
fn is_refusal(status: u16) -> bool {
    match status {
        408 | 409 | 412 | 429 => false,
        // What it was asked to do is nothing that it can do.
        501 => true,
        status => (300..500).contains(&status),
    }
}

/// Whether an error says that there is no object of that name, in a bucket that is there.
pub(super) fn is_missing(error: &object_store::Error) -> bool {
    let bucket_is_missing = |code: Option<&str>| matches!(code, Some("NoSuchBucket" | "ContainerNotFound"));
    matches!(error, object_store::Error::NotFound { .. }) && !bucket_is_missing(between(&error.to_string(), "<Code>", "</Code>"))
}

/// An error of the storage, for people.
pub(super) fn told(kind: ErrorKind, doing: &str, error: &object_store::Error) -> Error {
    if let Some(own) = own(error) {
        let told = Error::new(kind, format!("{doing}: {own}"));
        return match own.hint() {
            Some(hint) => told.with_hint(hint),
            None => told,
        };
    }
    let text = error.to_string();
    let code = between(&text, "<Code>", "</Code>");
    let cause = match (code, between(&text, "<Message>", "</Message>")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => root(error),
    };
    let told = Error::new(kind, format!("{doing}: {cause}"));
    match hint(code, error) {
        Some(hint) => told.with_hint(hint),
        None => told,
    }
}

/// An error of ours that the library hands on: credentials could not be had.
fn own(error: &object_store::Error) -> Option<&Error> {
    causes(error).find_map(<dyn Cause>::downcast_ref)
}

fn causes<'e>(error: &'e object_store::Error) -> impl Iterator<Item = &'e (dyn Cause + 'static)> {
    std::iter::successors(Some(error as &'e (dyn Cause + 'static)), |cause: &&'e (dyn Cause + 'static)| (*cause).source())
}

/// What is behind all: the library tells at each step that there was an error at the next.
fn root(error: &object_store::Error) -> String {
    let root = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    let line = root.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(CAUSE_CHARS_MAX).collect()
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

fn hint(code: Option<&str>, error: &object_store::Error) -> Option<&'static str> {
    Some(match (code, error) {
        (Some("NoSuchBucket" | "ContainerNotFound"), _) => {
            "make the bucket, or name one that is there; one at another endpoint or of another account is not seen"
        }
        (Some("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException"), _) => {
            "the bucket is in another region: set storage.region, or AWS_REGION"
        }
        (Some("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "InvalidAccessKeyId" | "SignatureDoesNotMatch"), _)
        | (_, object_store::Error::Unauthenticated { .. }) => "the credentials are not, or no longer, valid: log in again, or name others",
        (Some("RequestTimeTooSkewed"), _) => "this machine's clock is wrong: set it",
        (Some("NotImplemented"), _) => "the storage does not know writes on condition, which several writers of one store rest on",
        (Some("KMS.DisabledException" | "KMS.NotFoundException" | "KMS.KMSInvalidStateException"), _) => {
            "the key that storage.kms_key_id names, or the bucket's own, cannot be used"
        }
        (_, object_store::Error::PermissionDenied { .. }) => {
            "reading a store takes the rights to list and to get its objects, writing also to put and to delete them, with the encryption \
             that the bucket requires: see \"Stores on S3\" in the README"
        }
        _ if causes(error).any(|cause| cause.to_string().contains("redirect without LOCATION")) => {
            "the bucket is in another region: set storage.region, or AWS_REGION"
        }
        _ => return None,
    })
}
