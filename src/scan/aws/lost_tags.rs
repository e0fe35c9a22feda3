//! The tags of resources of EC2, asked for by themselves: its listings can lack them under load.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;

use super::call::{Answer, Wire};
use super::clients::Clients;
use super::listing::PAGES_MAX;
use super::shapes::Operation;
use super::wire::decode;
use crate::ingest::convert::{Draft, aws_cli};
use crate::model::Json;
use crate::scan::provider::{Failure, Reason, Sink};

/// What is needed to ask.
pub(super) const PERMISSION: &str = "ec2:DescribeTags";
/// So many resources can be named in one request.
const IDS_MAX: usize = 200;

/// A page with the tags that its resources have, and how many requests it took.
pub(super) async fn fetched(page: Vec<Draft>, clients: &Clients, sink: &dyn Sink) -> Result<(Vec<Draft>, u64), Failure> {
    let (mut tags, mut calls) = (BTreeMap::new(), 0);
    for batch in page.chunks(IDS_MAX) {
        let ids = batch.iter().map(|seen| seen.resource_id.clone()).collect();
        calls += fetch(ids, clients, &mut tags).await.map_err(|failure| Failure { calls: calls + failure.calls, ..failure })?;
    }
    let keys = page.iter().map(Draft::key).collect::<crate::Result<Vec<_>>>();
    let keys = keys.map_err(|error| Failure::new(Reason::BadAnswer, error, calls))?;
    let known = sink.known(&keys).await.map_err(|error| Failure::new(Reason::Store, error, calls))?;
    let with_tags = |(seen, known): (Draft, Option<Draft>)| match tags.remove(&seen.resource_id) {
        Some(tags) => aws_cli::with_tags(seen, Json::Array(tags), known.as_ref()),
        None => seen,
    };
    Ok((page.into_iter().zip(known).map(with_tags).collect(), calls))
}

/// Adds the tags of some resources, as lists of keys and values.
async fn fetch(ids: Vec<String>, clients: &Clients, tags: &mut BTreeMap<String, Vec<Json>>) -> Result<u64, Failure> {
    let (mut calls, mut token) = (0, None);
    for _ in 0..PAGES_MAX {
        clients.wait("ec2").await;
        let answer = ask(&ids, clients, token).await.map_err(|failure| Failure { calls: calls + failure.calls, ..failure })?;
        calls += answer.calls;
        let operation = Operation::find("ec2", "DescribeTags");
        let decoded = operation.and_then(|operation| decode(operation, &answer.body));
        let decoded = decoded.map_err(|error| Failure::new(Reason::BadAnswer, error, calls))?;
        if let Some(Json::Array(found)) = decoded.document.get("Tags") {
            for tag in found {
                let member = |name: &str| tag.get(name).and_then(Json::as_str).unwrap_or_default();
                let pair = ["Key", "Value"].map(|name| (name.into(), Json::String(member(name).into())));
                tags.entry(member("ResourceId").to_owned()).or_default().push(Json::object(pair));
            }
        }
        match answer.next {
            None => return Ok(calls),
            next => token = next,
        }
    }
    Err(Failure::new(Reason::BadAnswer, format!("there are more than {PAGES_MAX} pages of tags"), calls))
}

async fn ask(ids: &[String], clients: &Clients, token: Option<String>) -> Result<Answer, Failure> {
    let wire = Wire::default();
    let named = Filter::builder().name("resource-id").set_values(Some(ids.to_vec())).build();
    let call = clients.ec2.describe_tags().filters(named).max_results(1000).set_next_token(token);
    let sent = call.customize().interceptor(wire.clone()).send().await;
    wire.answer(sent, |output| output.next_token)
}
