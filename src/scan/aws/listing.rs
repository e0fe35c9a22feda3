//! One call in one region, read page by page.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::PROVIDER;
use super::clients::Clients;
use super::shapes::Operation;
use super::types::Api;
use super::wire::decode;
use crate::error::Result;
use crate::ingest::convert::{Origin, aws_cli};
use crate::model::Scope;
use crate::scan::provider::{About, Failure, Listed, Listing, Reason, Sink};

/// A listing longer than this goes in circles.
pub(super) const PAGES_MAX: usize = 100_000;
/// What is said of a listing that goes in circles at once.
pub(super) const OWN_PAGE_NEXT: &str = "the answer names its own page as the next";

/// One call in one region.
#[derive(Debug)]
pub(super) struct ApiListing {
    api: &'static Api,
    operation: &'static Operation,
    clients: Clients,
    about: About,
}

impl ApiListing {
    pub(super) fn new(api: &'static Api, clients: Clients) -> Result<Self> {
        let scopes = api.types.iter().map(|name| Scope::new(PROVIDER, &clients.account_id, &clients.region, name));
        let call = format!("{}:{}", api.service, api.operation);
        let about = About {
            permissions: vec![call.clone()],
            call,
            account_id: clients.account_id.clone(),
            region: clients.region.clone(),
            scopes: scopes.collect::<Result<_>>()?,
        };
        Ok(Self { api, operation: Operation::find(api.service, api.operation)?, clients, about })
    }

    /// The same where there is nobody to ask.
    pub(super) fn in_disabled_region(self) -> Disabled {
        Disabled { about: self.about }
    }
}

/// A listing in a region that is not enabled in the account: nothing is asked.
#[derive(Debug)]
pub(super) struct Disabled {
    about: About,
}

#[async_trait]
impl Listing for Disabled {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, _: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let message = format!("region {} is not enabled in account {}", self.about.region, self.about.account_id);
        Err(Failure::new(Reason::RegionDisabled, message, 0))
    }
}

#[async_trait]
impl Listing for ApiListing {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let (mut calls, mut token, mut unknown) = (0, None, BTreeSet::new());
        for _ in 0..PAGES_MAX {
            self.clients.wait(self.api.service).await;
            let asked = sink.about_to_ask().await.map_err(|error| Failure::new(Reason::Store, error, calls))?;
            let asked_for = token.clone();
            let answer =
                (self.api.ask)(&self.clients, token).await.map_err(|failure| Failure { calls: calls + failure.calls, ..failure })?;
            calls += answer.calls;
            let decoded = decode(self.operation, &answer.body).map_err(|error| Failure::new(Reason::BadAnswer, error, calls))?;
            unknown.extend(decoded.unknown.into_iter().map(|unknown| unknown.path));
            let origin = Origin {
                account: Some(&self.about.account_id),
                region: Some(&self.about.region),
                service: Some(self.api.service),
                ..Origin::default()
            };
            let converted = aws_cli::convert(&decoded.document, &origin).map_err(|error| Failure::new(Reason::BadAnswer, error, calls))?;
            converted.notes.into_iter().for_each(|note| sink.note(note));
            if !converted.observations.is_empty() {
                sink.page(asked, converted.observations).await.map_err(|error| Failure::new(Reason::Store, error, calls))?;
            }
            match answer.next {
                None => {
                    note_unknown(&unknown, sink);
                    return Ok(Listed { calls });
                }
                next if next == asked_for => return Err(Failure::new(Reason::BadAnswer, OWN_PAGE_NEXT, calls)),
                next => token = next,
            }
        }
        Err(Failure::new(Reason::BadAnswer, format!("there are more than {PAGES_MAX} pages"), calls))
    }
}

/// Says what a newer service answers that this build does not know.
fn note_unknown(paths: &BTreeSet<String>, sink: &dyn Sink) {
    if !paths.is_empty() {
        let paths = paths.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        sink.note(format!("not known to this version, and kept as it came: {paths}"));
    }
}
