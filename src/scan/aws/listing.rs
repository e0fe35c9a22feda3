//! One call in one region, read page by page.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;

use super::call::{Calls, Paging, bad_answer, of_store};
use super::clients::Clients;
use super::lost_tags;
use super::member::add_member;
use super::shapes::Operation;
use super::tags::add_tags;
use super::types::{Api, Ask, Each, Query};
use super::wire::decode;
use super::{GLOBAL, PROVIDER};
use crate::error::Result;
use crate::ingest::convert::{Converted, Draft, Origin, aws_cli};
use crate::model::{Json, Scope};
use crate::scan::provider::{About, Asked, Failure, Listed, Listing, Reason, Received, Sink, tags_missing};

/// So many resources or more that are listed by others are handed in together.
const GATHERED_MAX: usize = 100;

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

/// What a call lists in a region of an account.
pub(super) fn about(api: &Api, account_id: &str, region: &str) -> Result<About> {
    let operation = Operation::find(api.service, api.operation)?;
    let region = if operation.of_service().is_global() { GLOBAL } else { region };
    let scopes = api.types.iter().map(|name| Scope::new(PROVIDER, account_id, region, name));
    Ok(About {
        call: operation.permission(),
        account_id: account_id.to_owned(),
        region: region.to_owned(),
        scopes: scopes.collect::<Result<_>>()?,
        permissions: permissions(api)?,
    })
}

/// The permissions for a call, and for those that it needs.
fn permissions(api: &Api) -> Result<Vec<String>> {
    let mut operations = vec![(api.service, api.operation)];
    if let Ask::Caller(query) = &api.ask {
        operations.extend(query.each.as_ref().map(|each| (each.api.service, each.api.operation)));
        operations.extend(query.member.map(|member| (api.service, member.operation)));
        operations.extend(query.tags.as_ref().map(|tags| (api.service, tags.operation)));
    }
    let again = (api.service == "ec2").then(|| Ok(lost_tags::PERMISSION.to_owned()));
    operations.into_iter().map(|(service, name)| Ok(Operation::find(service, name)?.permission())).chain(again).collect()
}

#[async_trait]
impl Listing for ApiListing {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let calls = Calls::default();
        let mut reading = Reading { listing: self, sink, calls: &calls, unknown: BTreeSet::new() };
        calls.ended(reading.all().await)
    }
}

/// A listing while it is read.
struct Reading<'a> {
    listing: &'a ApiListing,
    sink: &'a dyn Sink,
    calls: &'a Calls,
    /// What the table of shapes does not know.
    unknown: BTreeSet<String>,
}

impl Reading<'_> {
    async fn all(&mut self) -> std::result::Result<(), Failure> {
        match &self.listing.api.ask {
            Ask::Caller(Query { each: Some(each), .. }) => self.each(each).await?,
            _ => self.pages().await?,
        }
        note_unknown(&self.unknown, self.sink);
        Ok(())
    }

    /// Hands in all pages of the region.
    async fn pages(&mut self) -> std::result::Result<(), Failure> {
        let mut paging = Paging::default();
        loop {
            self.listing.clients.wait(self.listing.api.service).await;
            let (asked, token) = (self.sink.about_to_ask().await.map_err(of_store)?, paging.token());
            let page = self.ask(self.listing.api, self.listing.operation, None, token.clone()).await?;
            let goes_on = paging.goes_on(&page);
            let resources = self.resources(&page)?;
            // It is large, and not needed while its resources are written.
            drop(page);
            self.hand_in(asked, resources, token).await?;
            if !goes_on? {
                return Ok(());
            }
        }
    }

    /// Hands in what the call lists of each of others. They have few, so those of several are handed in together.
    async fn each(&mut self, each: &Each) -> std::result::Result<(), Failure> {
        let (mut gathered, mut since) = (Vec::new(), None);
        for id in self.ids(each).await? {
            let asked = self.sink.about_to_ask().await.map_err(of_store)?;
            since.get_or_insert(asked);
            match self.of_one((each.id, &id), &mut gathered).await {
                Err(failure) if failure.code.as_deref() == Some(each.gone) => {}
                outcome => outcome?,
            }
            if gathered.len() >= GATHERED_MAX
                && let Some(asked) = since.take()
            {
                self.hand_in(asked, std::mem::take(&mut gathered), None).await?;
            }
        }
        match since {
            Some(asked) => self.hand_in(asked, gathered, None).await,
            None => Ok(()),
        }
    }

    /// What the call lists of what a parameter names, page by page.
    async fn of_one(&mut self, of: (&str, &str), gathered: &mut Vec<Draft>) -> std::result::Result<(), Failure> {
        let mut paging = Paging::default();
        loop {
            self.listing.clients.wait(self.listing.api.service).await;
            let page = self.ask(self.listing.api, self.listing.operation, Some(of), paging.token()).await?;
            gathered.extend(self.resources(&page)?);
            if !paging.goes_on(&page)? {
                return Ok(());
            }
        }
    }

    /// Hands in resources that were listed, with what has to be asked for beside the list.
    async fn hand_in(&mut self, asked: Asked, mut resources: Vec<Draft>, token: Option<String>) -> std::result::Result<(), Failure> {
        if resources.is_empty() {
            return Ok(());
        }
        self.complete(&mut resources).await?;
        // Tags that are asked for by themselves are told one by one.
        let asked = if self.query().is_some_and(|query| query.tags.is_some()) { asked.confirmed() } else { asked };
        match self.sink.page(asked, resources).await.map_err(of_store)? {
            Received::Written => Ok(()),
            Received::Doubted(page) => self.confirm(page, asked, token).await,
        }
    }

    /// Fetches the tags of a page a second time, by themselves or with the page, and hands it in with them.
    async fn confirm(&mut self, page: Vec<Draft>, asked: Asked, token: Option<String>) -> std::result::Result<(), Failure> {
        let resources = page.len();
        let (asked, fetched) = match self.listing.api.service {
            "ec2" => (asked, lost_tags::fetched(page, &self.listing.clients, self.calls, self.sink).await),
            _ => (self.sink.about_to_ask().await.map_err(of_store)?, self.page_again(token).await),
        };
        let page = fetched.map_err(|failure| {
            let message = format!("{}, and they cannot be fetched again: {failure}", tags_missing(resources));
            Failure::new(Reason::TagsMissing, message, 0)
        })?;
        if page.iter().any(|seen| seen.tags.as_ref().is_some_and(|tags| *tags != Json::Object(Vec::new()))) {
            self.sink.note(format!("{}: they were fetched again", tags_missing(resources)));
        }
        self.sink.page(asked.confirmed(), page).await.map_err(of_store)?.written(0)
    }

    /// The same page once more.
    async fn page_again(&mut self, token: Option<String>) -> std::result::Result<Vec<Draft>, Failure> {
        self.listing.clients.wait(self.listing.api.service).await;
        let page = self.ask(self.listing.api, self.listing.operation, None, token).await?;
        let mut resources = self.resources(&page)?;
        self.complete(&mut resources).await?;
        Ok(resources)
    }

    fn query(&self) -> Option<&'static Query> {
        match &self.listing.api.ask {
            Ask::Caller(query) => Some(query),
            Ask::Client(_) => None,
        }
    }

    /// The ids of all for which the call is asked one by one.
    async fn ids(&mut self, each: &Each) -> std::result::Result<Vec<String>, Failure> {
        let operation = Operation::find(each.api.service, each.api.operation).map_err(bad_answer)?;
        let (mut ids, mut paging) = (Vec::new(), Paging::default());
        loop {
            self.listing.clients.wait(each.api.service).await;
            let page = self.ask(each.api, operation, None, paging.token()).await?;
            if let Some(Json::Array(elements)) = page.get(each.list) {
                ids.extend(elements.iter().filter_map(|element| element.get(each.id)?.as_str()).map(str::to_owned));
            }
            if !paging.goes_on(&page)? {
                return Ok(ids);
            }
        }
    }

    /// One page.
    async fn ask(
        &mut self,
        api: &Api,
        operation: &'static Operation,
        of: Option<(&str, &str)>,
        token: Option<String>,
    ) -> std::result::Result<Json, Failure> {
        let clients = &self.listing.clients;
        let answer = match &api.ask {
            Ask::Client(ask) => ask(clients, token).await,
            Ask::Caller(query) => clients.call(operation, &input(query, of, token)).await,
        };
        let decoded = decode(operation, &self.calls.counted(answer)?.body).map_err(bad_answer)?;
        self.unknown.extend(decoded.unknown.into_iter().map(|unknown| unknown.path));
        Ok(decoded.document)
    }

    /// The resources of a page.
    fn resources(&self, page: &Json) -> std::result::Result<Vec<Draft>, Failure> {
        let converted = convert(self.listing.api, &self.listing.about, page).map_err(bad_answer)?;
        converted.notes.into_iter().for_each(|note| self.sink.note(note));
        Ok(converted.observations)
    }

    /// Adds to resources what other calls tell of them.
    async fn complete(&self, resources: &mut [Draft]) -> std::result::Result<(), Failure> {
        let ApiListing { api, clients, .. } = self.listing;
        let Some(query) = self.query() else { return Ok(()) };
        if let Some(member) = query.member {
            let operation = Operation::find(api.service, member.operation).map_err(bad_answer)?;
            add_member(member, operation, clients, resources, self.calls, self.sink).await?;
        }
        if let Some(tags) = &query.tags {
            let operation = Operation::find(api.service, tags.operation).map_err(bad_answer)?;
            add_tags(tags, operation, clients, resources, self.calls, self.sink).await?;
        }
        Ok(())
    }
}

/// The resources in an answer, as far as they are taken.
fn convert(api: &Api, about: &About, document: &Json) -> Result<Converted> {
    let origin = Origin { account: Some(&about.account_id), region: Some(&about.region), service: Some(api.service), ..Origin::default() };
    let mut converted = aws_cli::convert(document, &origin)?;
    if let Ask::Caller(query) = &api.ask {
        converted.observations.retain(|resource| (query.takes)(&resource.properties));
    }
    Ok(converted)
}

/// The resources in the body of an answer, and whether there are further pages. What is not known of its shape is added to `unknown`.
pub(super) fn read_page(
    api: &Api,
    operation: &Operation,
    about: &About,
    body: &[u8],
    unknown: &mut BTreeSet<String>,
) -> Result<(Converted, bool)> {
    let decoded = decode(operation, body)?;
    unknown.extend(decoded.unknown.into_iter().map(|unknown| unknown.path));
    Ok((convert(api, about, &decoded.document)?, aws_cli::goes_on(&decoded.document)))
}

/// The parameters of a call for a page.
fn input(query: &Query, of: Option<(&str, &str)>, token: Option<String>) -> Value {
    let mut input = (query.input)();
    let token = token.as_deref().map(|token| (query.token, token));
    if let Value::Object(members) = &mut input {
        members.extend(of.into_iter().chain(token).map(|(name, value)| (name.to_owned(), value.into())));
    }
    input
}

/// Says what a newer service answers that this build does not know.
pub(super) fn note_unknown(paths: &BTreeSet<String>, sink: &dyn Sink) {
    if !paths.is_empty() {
        let paths = paths.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        sink.note(format!("not known to this version, and kept as it came: {paths}"));
    }
}
