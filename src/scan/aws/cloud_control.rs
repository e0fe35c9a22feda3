//! One resource type of the long tail, listed by Cloud Control: `properties` are those of the type's schema at AWS.
//!
//! What the service lists of a resource may be less than what it knows: some types show their identifiers only.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::{Calls, Paging, bad_answer, of_store};
use super::clients::Clients;
use super::resource_types::{ResourceType, is_global, resource_types};
use super::shapes::Operation;
use super::{GLOBAL, PROVIDER};
use crate::error::Result;
use crate::ingest::convert::{Draft, name_tag, resource_type, tag_object};
use crate::model::{Json, Scope, parse_json};
use crate::scan::provider::{About, Failure, Listed, Listing, Reason, Received, Sink, tags_missing};

/// The service, as the table of shapes names it.
pub(super) const SERVICE: &str = "cloudcontrol";
/// The codes of types that cannot be listed: not at all, not by their name alone, or not in this region.
const NOT_LISTABLE: [&str; 3] = ["InvalidRequestException", "TypeNotFoundException", "UnsupportedActionException"];

/// One resource type in one region.
#[derive(Debug)]
pub(super) struct TypeListing {
    native_type: String,
    resource_type: String,
    known: ResourceType,
    operation: &'static Operation,
    clients: Clients,
    about: About,
}

impl TypeListing {
    /// Of a type, which may be newer than the table of types.
    pub(super) fn new(native_type: &str, clients: Clients) -> Result<Self> {
        let operation = Operation::find(SERVICE, "ListResources")?;
        let known = resource_types()?.get(native_type).cloned().unwrap_or_default();
        let resource_type = resource_type(native_type, None);
        let region = if is_global(native_type) { GLOBAL } else { &clients.region };
        let own = known.permissions.iter().map(|permission| permission.to_string());
        let about = About {
            call: format!("{} {native_type}", operation.permission()),
            account_id: clients.account_id.clone(),
            region: region.to_owned(),
            scopes: vec![Scope::new(PROVIDER, &clients.account_id, region, &resource_type)?],
            // It is named as a part of CloudFormation.
            permissions: ["cloudformation:ListResources".to_owned()].into_iter().chain(own).collect(),
        };
        Ok(Self { native_type: native_type.to_owned(), resource_type, known, operation, clients, about })
    }

    /// Hands in all pages.
    async fn pages(&self, sink: &dyn Sink, calls: &Calls) -> std::result::Result<(), Failure> {
        let mut paging = Paging::default();
        loop {
            let asked = sink.about_to_ask().await.map_err(of_store)?;
            let page = self.ask(paging.token(), calls).await?;
            let resources = self.resources(&page)?;
            if !resources.is_empty()
                && let Received::Doubted(doubted) = sink.page(asked, resources).await.map_err(of_store)?
            {
                sink.note(format!("{}: the page was asked for again", tags_missing(doubted.len())));
                let asked = sink.about_to_ask().await.map_err(of_store)?;
                let resources = self.resources(&self.ask(paging.token(), calls).await?)?;
                sink.page(asked.confirmed(), resources).await.map_err(of_store)?.written(0)?;
            }
            if !paging.goes_on(&page)? {
                return Ok(());
            }
        }
    }

    /// One page.
    async fn ask(&self, token: Option<String>, calls: &Calls) -> std::result::Result<Json, Failure> {
        let answered = self.clients.answered(self.operation, &self.input(token.as_deref()), calls).await;
        answered.map_err(|failure| if token.is_none() { not_listable(failure) } else { failure })
    }

    fn input(&self, token: Option<&str>) -> Value {
        let mut input = json!({ "TypeName": self.native_type, "MaxResults": 100 });
        if let (Some(token), Value::Object(members)) = (token, &mut input) {
            members.insert("NextToken".to_owned(), token.into());
        }
        input
    }

    fn resources(&self, page: &Json) -> std::result::Result<Vec<Draft>, Failure> {
        match page.get("ResourceDescriptions") {
            Some(Json::Array(described)) => described.iter().map(|described| self.resource(described)).collect(),
            _ => Err(bad_answer("the answer has no ResourceDescriptions")),
        }
    }

    fn resource(&self, described: &Json) -> std::result::Result<Draft, Failure> {
        let text = |member| described.get(member).and_then(Json::as_str);
        let id = text("Identifier").ok_or_else(|| bad_answer("a resource has no Identifier"))?;
        let properties = parse_json(text("Properties").unwrap_or("{}").as_bytes())
            .map_err(|error| bad_answer(format!("the properties of {} {id} are no JSON: {}", self.native_type, error.message)))?;
        let tags = self.known.tags.as_ref().and_then(|member| tag_object(properties.get(member)?));
        let arn = self.known.arn.as_ref().and_then(|member| properties.get(member)?.as_str()).or(Some(id));
        Ok(Draft {
            native_type: Some(self.native_type.clone()),
            arn: arn.filter(|arn| arn.starts_with("arn:")).map(str::to_owned),
            name: name_tag(tags.as_ref()),
            tags,
            properties,
            ..Draft::new(PROVIDER, &self.about.account_id, &self.about.region, &self.resource_type, id)
        })
    }
}

/// That a type cannot be listed is no failure of the scan.
fn not_listable(failure: Failure) -> Failure {
    match &failure.code {
        Some(code) if NOT_LISTABLE.contains(&code.as_str()) => Failure { reason: Reason::NotListable, ..failure },
        _ => failure,
    }
}

#[async_trait]
impl Listing for TypeListing {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let calls = Calls::default();
        calls.ended(self.pages(sink, &calls).await)
    }
}
