//! How a service says no.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::xml::{Limits, Piece, Xml};
use crate::model::{Json, parse_json};

/// The error that a service answers with: code and message, where it tells them.
#[derive(Debug, Default)]
pub(super) struct Refusal(ErrorMetadata);

impl Refusal {
    /// That of an answer in XML or JSON.
    pub(super) fn read(response: &HttpResponse) -> Self {
        let body = response.body().bytes().unwrap_or_default();
        let (code, message) = if body.trim_ascii_start().starts_with(b"<") {
            of_xml(body)
        } else {
            of_json(body, response.headers().get("x-amzn-errortype"))
        };
        let mut told = ErrorMetadata::builder();
        if let Some(code) = code {
            told = told.code(code);
        }
        if let Some(message) = message {
            told = told.message(message);
        }
        Self(told.build())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// `Code` and `Message` of the `Error` in an answer, as far as it can be read.
fn of_xml(body: &[u8]) -> (Option<String>, Option<String>) {
    let (mut code, mut message) = (None, None);
    let Ok(mut xml) = Xml::new(body, Limits::default()) else { return (code, message) };
    while let Ok(piece) = xml.next() {
        match piece {
            Piece::Text(text) if xml.path().ends_with("/Error/Code") => code.get_or_insert_with(String::new).push_str(&text),
            Piece::Text(text) if xml.path().ends_with("/Error/Message") => message.get_or_insert_with(String::new).push_str(&text),
            Piece::End if xml.depth() == 0 => break,
            _ => {}
        }
    }
    (code, message)
}

/// The code is in a header or in the body, maybe after a name space and before an address.
fn of_json(body: &[u8], header: Option<&str>) -> (Option<String>, Option<String>) {
    let body = parse_json(body).unwrap_or(Json::Null);
    let member = |names: [&str; 3]| names.iter().find_map(|name| body.get(name)?.as_str());
    let plain = |code: &str| code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    let code = header.or_else(|| member(["__type", "code", "Code"])).map(plain).filter(|code| !code.is_empty());
    (code, member(["message", "Message", "errorMessage"]).map(str::to_owned))
}
