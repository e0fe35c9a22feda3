//! One call of AWS: the body as it came over the wire, and what went wrong in words that people tell apart.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ec2::config::interceptors::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::role;
use crate::scan::provider::{Failure, Reason};

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
    /// How to ask for the next page, if there is one.
    pub(super) next: Option<String>,
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
    /// The answer to a call that was sent with it.
    pub(super) fn answer<O, E>(
        self,
        sent: Result<O, SdkError<E, HttpResponse>>,
        next: impl FnOnce(O) -> Option<String>,
    ) -> Result<Answer, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let calls = seen.attempts;
        let output = sent.map_err(|error| failure(&error, calls))?;
        let next = next(output).filter(|token| !token.is_empty());
        match seen.body {
            Some(body) => Ok(Answer { body, headers: seen.headers, next, calls }),
            None => Err(Failure::new(Reason::BadAnswer, "the answer has no body", calls)),
        }
    }

    /// The answer to a call that has one page. That the client itself cannot read it is no failure: the body is what counts.
    pub(super) fn whole<O, E>(self, sent: Result<O, SdkError<E, HttpResponse>>) -> Result<Answer, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if let Err(SdkError::ServiceError(service)) = &sent
            && service.raw().status().is_success()
        {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let calls = seen.attempts;
            if let Some(body) = seen.body.take() {
                let headers = std::mem::take(&mut seen.headers);
                return Ok(Answer { body, headers, next: None, calls });
            }
        }
        self.answer(sent, |_| None)
    }
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
        | "MissingAuthenticationToken"
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
