//! The text of a request, by the protocol of its service.

use std::fmt::Write;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::shapes::Operation;
use crate::error::{Error, Result};

/// All but the letters that stand for themselves everywhere in an address.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request that is not signed, and does not know its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// The path, with its query.
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Request {
    /// Asks for an operation; `input` is an object with its parameters.
    ///
    /// # Errors
    /// `Internal` if this is no protocol of services that are asked without a client of their own.
    pub(super) fn new(operation: &Operation, input: &Value) -> Result<Self> {
        let service = operation.of_service();
        match (&*service.protocol, operation.path()) {
            ("query", _) => {
                let start = format!("Action={}&Version={}", operation.name(), service.api);
                Ok(Self::posted("application/x-www-form-urlencoded", form(start, input)))
            }
            ("json", _) => {
                let mut request = Self::posted(&format!("application/x-amz-json-{}", service.json), input.to_string());
                request.headers.push(("x-amz-target", format!("{}.{}", service.target, operation.name())));
                Ok(request)
            }
            ("rest-json", Some(path)) => Ok(Self { method: "GET", path: filled(path, input), headers: Vec::new(), body: String::new() }),
            (protocol, _) => Err(Error::internal(format!("{} {} cannot be asked by {protocol}", service.name, operation.name()))),
        }
    }

    fn posted(content_type: &str, body: String) -> Self {
        Self { method: "POST", path: "/".to_owned(), headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// As the SDK sends it.
    pub(super) fn to_http(&self) -> std::result::Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.body.as_str()));
        request.set_method(self.method)?;
        request.set_uri(self.path.as_str())?;
        for (name, value) in &self.headers {
            request.headers_mut().try_insert(*name, value.clone())?;
        }
        Ok(request)
    }
}

/// The members of an object; of anything else none.
fn members(input: &Value) -> impl Iterator<Item = (&String, &Value)> {
    input.as_object().into_iter().flatten()
}

/// Adds the parameters to a form; those of a list are counted.
fn form(mut form: String, input: &Value) -> String {
    for (name, value) in members(input) {
        match value {
            Value::Array(values) => {
                for (at, value) in values.iter().enumerate() {
                    add(&mut form, &format!("{name}.member.{}", at + 1), value);
                }
            }
            value => add(&mut form, name, value),
        }
    }
    form
}

/// A path with its members filled in, and the other parameters as its query.
fn filled(path: &str, input: &Value) -> String {
    let (mut path, mut query) = (path.to_owned(), String::new());
    for (name, value) in members(input) {
        let place = format!("{{{name}}}");
        if path.contains(&place) {
            path = path.replace(&place, &encoded(&text(value)));
        } else {
            add(&mut query, name, value);
        }
    }
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn add(form: &mut String, name: &str, value: &Value) {
    let separator = if form.is_empty() { "" } else { "&" };
    // Writing to a text cannot fail.
    let _ = write!(form, "{separator}{name}={}", encoded(&text(value)));
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
