//! One call of AWS: the body as it came over the wire, and what went wrong in words that people tell apart.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::config::interceptors::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::role;
use crate::error::Error;
use crate::ingest::convert::aws_cli;
use crate::model::Json;
use crate::scan::provider::{Failure, Listed, Reason};

/// Keeps the body of the answer: the clients' own structs drop what they do not know.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    attempts: u64,
    body: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its body.
    pub(super) body: Vec<u8>,
    /// Its headers; the names in small letters.
    pub(super) headers: Vec<(String, String)>,
    /// Requests that were sent for it, retries included.
    pub(super) calls: u64,
}

#[dyn_dispatch_hint]
impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "wire"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).attempts += 1;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (mut seen, response) = (self.0.lock().unwrap_or_else(PoisonError::into_inner), context.response());
        seen.body = response.body().bytes().map(<[u8]>::to_vec);
        seen.headers = response.headers().iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Ok(())
    }
}

impl Wire {
    /// The answer to a call that was sent with it. That the client itself cannot read it is no failure: the body is what counts.
    pub(super) fn answer<O, E>(self, sent: Result<O, SdkError<E, HttpResponse>>) -> Result<Answer, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Seen { attempts: calls, body, headers } = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        match (sent, body) {
            (Err(SdkError::ServiceError(service)), Some(body)) if service.raw().status().is_success() => {
                Ok(Answer { body, headers, calls })
            }
            (Err(error), _) => Err(failure(&error, calls)),
            (Ok(_), Some(body)) => Ok(Answer { body, headers, calls }),
            (Ok(_), None) => Err(Failure::new(Reason::BadAnswer, "the answer has no body", calls)),
        }
    }
}

/// Counts the requests of a listing.
#[derive(Debug, Default)]
pub(super) struct Calls(AtomicU64);

impl Calls {
    /// Counts those of one call.
    pub(super) fn counted(&self, outcome: Result<Answer, Failure>) -> Result<Answer, Failure> {
        let calls = outcome.as_ref().map_or_else(|failure| failure.calls, |answer| answer.calls);
        self.0.fetch_add(calls, Ordering::Relaxed);
        outcome
    }

    /// What is said of a listing that has ended.
    pub(super) fn ended(&self, outcome: Result<(), Failure>) -> Result<Listed, Failure> {
        let calls = self.0.load(Ordering::Relaxed);
        outcome.map(|()| Listed::whole(calls)).map_err(|failure| Failure { calls, ..failure })
    }
}

/// A list longer than this goes in circles.
const PAGES_MAX: usize = 100_000;

/// Goes from page to page, and sees that it comes to an end.
#[derive(Debug, Default)]
pub(super) struct Paging {
    token: Option<String>,
    pages: usize,
}

impl Paging {
    /// How to ask for the page: `None` for the first.
    pub(super) fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Whether there is another page after this one.
    ///
    /// # Errors
    /// If the list goes in circles, or breaks off.
    pub(super) fn goes_on(&mut self, page: &Json) -> Result<bool, Failure> {
        let next = aws_cli::next_page(page).map(str::to_owned);
        self.pages += 1;
        if next.is_none() && aws_cli::goes_on(page) {
            return Err(bad_answer("the answer says that there is more, and not how to ask for it"));
        }
        if next.is_some() && next == self.token {
            return Err(bad_answer("the answer names its own page as the next"));
        }
        if next.is_some() && self.pages >= PAGES_MAX {
            return Err(bad_answer(format!("there are more than {PAGES_MAX} pages")));
        }
        self.token = next;
        Ok(self.token.is_some())
    }
}

/// What the store did not do for a listing.
pub(super) fn of_store(error: Error) -> Failure {
    Failure::new(Reason::Store, error, 0)
}

/// An answer that was not what the call answers.
pub(super) fn bad_answer(message: impl fmt::Display) -> Failure {
    Failure::new(Reason::BadAnswer, message, 0)
}

/// What kept a call from its answer.
pub(super) fn failure<E>(error: &SdkError<E, HttpResponse>, calls: u64) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(refused) = role::refusal(error) {
        return failure(refused, calls);
    }
    let (reason, code) = match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().map(str::to_owned);
            let status = service.raw().status().as_u16();
            (code.as_deref().and_then(reason_of_code).unwrap_or_else(|| reason_of_status(status)), code)
        }
        SdkError::TimeoutError(_) => (Reason::TimedOut, None),
        // What cannot be read as an answer is an error of the service to the client; this is a connection that broke.
        SdkError::ResponseError(_) => (Reason::Unreachable, None),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => (Reason::TimedOut, None),
        SdkError::DispatchFailure(failure) if failure.is_io() => (Reason::Unreachable, None),
        // Neither: there was nothing to send, as no credentials could be had.
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => (Reason::Unauthenticated, None),
        _ => (Reason::BadAnswer, None),
    };
    let told = match error {
        SdkError::ServiceError(service) => {
            let unexplained = || match service.raw().status() {
                status if status.is_success() => format!("the answer cannot be read: {}", Chain(service.err())),
                status => format!("HTTP status {} and no error of AWS in the answer", status.as_u16()),
            };
            Some(service.err().message().map_or_else(unexplained, str::to_owned))
        }
        _ => None,
    };
    Failure { reason, code, message: told.unwrap_or_else(|| Chain(error).to_string()), calls }
}

/// The reason that a code of AWS tells. The codes are those of the services' common errors.
fn reason_of_code(code: &str) -> Option<Reason> {
    Some(match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" | "AllAccessDisabled" | "Forbidden" => {
            Reason::AccessDenied
        }
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Reason::Unauthenticated,
        "OptInRequired" | "RegionDisabledException" | "SubscriptionRequiredException" => Reason::RegionDisabled,
        "EC2ThrottledException"
        | "PriorRequestNotComplete"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => Reason::Throttled,
        "InvalidAction" | "NotImplemented" | "UnknownOperationException" | "UnsupportedOperation" => Reason::Unsupported,
        "RequestTimeout" | "RequestTimeoutException" => Reason::TimedOut,
        _ => return None,
    })
}

fn reason_of_status(status: u16) -> Reason {
    match status {
        401 => Reason::Unauthenticated,
        403 => Reason::AccessDenied,
        408 | 504 => Reason::TimedOut,
        429 => Reason::Throttled,
        500.. => Reason::ServiceFailed,
        _ => Reason::BadAnswer,
    }
}

/// An error with all that caused it.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each page in turn: whether there is another, or why it cannot be asked for.
    fn paged(pages: &[&str]) -> Vec<Result<bool, String>> {
        let mut paging = Paging::default();
        let page = |text: &&str| crate::model::parse_json(text.as_bytes()).unwrap();
        pages.iter().map(|text| paging.goes_on(&page(text)).map_err(|failure| failure.message)).collect()
    }

    #[test]
    fn a_list_comes_to_an_end_or_is_none() {
        assert_eq!(paged(&[r#"{"NextToken":"a"}"#, r#"{"NextToken":"b"}"#, "{}"]), [Ok(true), Ok(true), Ok(false)]);
        assert_eq!(paged(&[r#"{"NextToken":"","Marker":"a"}"#, r#"{"IsTruncated":false,"Marker":""}"#]), [Ok(true), Ok(false)]);
        let circle = Err("the answer names its own page as the next".to_owned());
        assert_eq!(paged(&[r#"{"Marker":"a"}"#, r#"{"Marker":"a"}"#]), [Ok(true), circle]);
        let cut = Err("the answer says that there is more, and not how to ask for it".to_owned());
        assert_eq!(paged(&[r#"{"IsTruncated":true,"Marker":"a"}"#, r#"{"IsTruncated":true}"#]), [Ok(true), cut]);
    }
}
