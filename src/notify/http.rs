//! Posting JSON over HTTP: one try, with a limit on how long it takes and how much of the answer is read.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs::default_provider;

use super::secret::{SecretHeaders, SecretUrl};
use super::{Undelivered, in_a_line};
use crate::error::{Error, Result};

/// How long a target may take to answer.
const ANSWER_SECONDS_MAX: u64 = 15;
/// How much of its answer is read, to say why it refused.
const ANSWER_BYTES_MAX: usize = 4096;
/// What a target says of one message, not of all that come.
const REFUSALS: [StatusCode; 3] = [StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY];

/// Posts to one URL.
pub(super) struct Post {
    url: SecretUrl,
    headers: SecretHeaders,
    send: Box<dyn Fn(Request<Full<Bytes>>) -> ResponseFuture + Send + Sync>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Post {
    /// # Errors
    /// `Unavailable` if the URL is of https and this system has no certificates to trust.
    pub(super) fn new(url: SecretUrl, headers: SecretHeaders) -> Result<Self> {
        let builder = Client::builder(TokioExecutor::new());
        let send: Box<dyn Fn(Request<Full<Bytes>>) -> ResponseFuture + Send + Sync> = if url.is_https() {
            let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider());
            let connector = connector.map_err(|error| Error::unavailable("find the certificates to trust").with_source(error))?;
            let client = builder.build(connector.https_only().enable_http1().build());
            Box::new(move |request| client.request(request))
        } else {
            let client: Client<HttpConnector, Full<Bytes>> = builder.build_http();
            Box::new(move |request| client.request(request))
        };
        Ok(Self { url, headers, send })
    }

    /// Posts JSON.
    pub(super) async fn post(&self, json: Vec<u8>) -> Result<(), Undelivered> {
        let wrong = |error: hyper::http::Error| Error::internal(format!("build a request to {}", self.url)).with_source(error);
        let request = Request::builder().method(Method::POST).uri(self.url.reveal()).body(Full::from(json));
        let mut request = request.map_err(wrong)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("elava/", env!("CARGO_PKG_VERSION"))));
        headers.extend(self.headers.reveal().clone());
        let answer = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), self.answer(request)).await;
        answer.unwrap_or_else(|_| Err(self.failed(&format!("no answer within {ANSWER_SECONDS_MAX} seconds")).into()))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<(), Undelivered> {
        let answer = (self.send)(request).await.map_err(|error| self.failed(&causes(&error)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = retry_after(&answer);
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let error = self.failed(format!("{status} {}", in_a_line(&String::from_utf8_lossy(&body))).trim_end());
        Err(Undelivered { error, retry_after, is_refused: REFUSALS.contains(&status) })
    }

    fn failed(&self, why: &str) -> Error {
        Error::unavailable(format!("post to {}: {why}", self.url))
    }
}

/// How long a target asks to be left alone, where it says so in seconds.
fn retry_after<T>(answer: &Response<T>) -> Option<Duration> {
    answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// An error with all that caused it: the first says only that something failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
