//! One call in one region, read page by page.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::PROVIDER;
use super::clients::Clients;
use super::lost_tags;
use super::shapes::Operation;
use super::types::Api;
use super::wire::decode;
use crate::error::Result;
use crate::ingest::convert::{Converted, Draft, Origin, aws_cli};
use crate::model::{Json, Scope};
use crate::scan::provider::{About, Asked, Failure, Listed, Listing, Reason, Received, Sink, tags_missing};

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
        let about = about(api, &clients.account_id, &clients.region)?;
        Ok(Self { api, operation: Operation::find(api.service, api.operation)?, clients, about })
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
            let page = read_page(self.operation, &self.about, &answer.body, &mut unknown);
            let page = page.map_err(|error| Failure::new(Reason::BadAnswer, error, calls))?;
            page.notes.into_iter().for_each(|note| sink.note(note));
            if !page.observations.is_empty() {
                let taken = sink.page(asked, page.observations).await.map_err(|error| Failure::new(Reason::Store, error, calls))?;
                if let Received::Doubted(page) = taken {
                    let confirmed = self.confirm(page, asked, asked_for.clone(), sink).await;
                    calls += confirmed.map_err(|failure| Failure { calls: calls + failure.calls, ..failure })?;
                }
            }
            match answer.next {
                None => {
                    note_unknown(&unknown, sink);
                    return Ok(Listed::whole(calls));
                }
                next if next == asked_for => return Err(Failure::new(Reason::BadAnswer, OWN_PAGE_NEXT, calls)),
                next => token = next,
            }
        }
        Err(Failure::new(Reason::BadAnswer, format!("there are more than {PAGES_MAX} pages"), calls))
    }
}

/// What a call lists in a region of an account.
pub(super) fn about(api: &Api, account_id: &str, region: &str) -> Result<About> {
    let call = format!("{}:{}", api.service, api.operation);
    let again = (api.service == "ec2").then(|| lost_tags::PERMISSION.to_owned());
    let scopes = api.types.iter().map(|name| Scope::new(PROVIDER, account_id, region, name));
    Ok(About {
        permissions: [call.clone()].into_iter().chain(again).collect(),
        call,
        account_id: account_id.to_owned(),
        region: region.to_owned(),
        scopes: scopes.collect::<Result<_>>()?,
    })
}

impl ApiListing {
    /// Fetches the tags of a page a second time, by themselves or with the page, and hands it in with them.
    async fn confirm(&self, page: Vec<Draft>, asked: Asked, token: Option<String>, sink: &dyn Sink) -> std::result::Result<u64, Failure> {
        let resources = page.len();
        let (asked, fetched) = match self.api.service {
            "ec2" => (asked, lost_tags::fetched(page, &self.clients, sink).await),
            _ => (sink.about_to_ask().await.map_err(|error| Failure::new(Reason::Store, error, 0))?, self.page_again(token).await),
        };
        let (page, calls) = fetched.map_err(|failure| {
            let message = format!("{}, and they cannot be fetched again: {failure}", tags_missing(resources));
            Failure::new(Reason::TagsMissing, message, failure.calls)
        })?;
        if page.iter().any(|seen| seen.tags.as_ref().is_some_and(|tags| *tags != Json::Object(Vec::new()))) {
            sink.note(format!("{}: they were fetched again", tags_missing(resources)));
        }
        let taken = sink.page(asked.confirmed(), page).await.map_err(|error| Failure::new(Reason::Store, error, calls))?;
        taken.written(calls).map(|()| calls)
    }

    /// The same page once more.
    async fn page_again(&self, token: Option<String>) -> std::result::Result<(Vec<Draft>, u64), Failure> {
        self.clients.wait(self.api.service).await;
        let answer = (self.api.ask)(&self.clients, token).await?;
        let page = read_page(self.operation, &self.about, &answer.body, &mut BTreeSet::new());
        let page = page.map_err(|error| Failure::new(Reason::BadAnswer, error, answer.calls))?;
        Ok((page.observations, answer.calls))
    }
}

/// The resources in an answer. What is not known of its shape is added to `unknown`.
pub(super) fn read_page(operation: &Operation, about: &About, body: &[u8], unknown: &mut BTreeSet<String>) -> Result<Converted> {
    let decoded = decode(operation, body)?;
    unknown.extend(decoded.unknown.into_iter().map(|unknown| unknown.path));
    let origin =
        Origin { account: Some(&about.account_id), region: Some(&about.region), service: Some(operation.service()), ..Origin::default() };
    aws_cli::convert(&decoded.document, &origin)
}

/// Says what a newer service answers that this build does not know.
pub(super) fn note_unknown(paths: &BTreeSet<String>, sink: &dyn Sink) {
    if !paths.is_empty() {
        let paths = paths.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        sink.note(format!("not known to this version, and kept as it came: {paths}"));
    }
}
