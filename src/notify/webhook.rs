//! A webhook: the message as JSON, posted.

use async_trait::async_trait;

use super::http::Post;
use super::{Message, SecretHeaders, SecretUrl, Sink, Undelivered};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Webhook(Post);

impl Webhook {
    pub(super) fn new(url: SecretUrl, headers: SecretHeaders) -> Result<Self> {
        Post::new(url, headers).map(Self)
    }
}

#[async_trait]
impl Sink for Webhook {
    async fn send(&self, message: &Message) -> Result<(), Undelivered> {
        self.0.post(encoded(message)?).await
    }
}

/// A message as JSON.
pub(super) fn encoded(message: &Message) -> Result<Vec<u8>> {
    serde_json::to_vec(message).map_err(|error| Error::internal("encode a message").with_source(error))
}
