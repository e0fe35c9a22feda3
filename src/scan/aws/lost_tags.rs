//! The tags of resources of EC2, asked for by themselves: its listings can lack them under load.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Filter;

use super::call::{Answer, Calls, Paging, Wire, bad_answer, of_store};
use super::clients::Clients;
use super::shapes::Operation;
use super::wire::decode;
use crate::ingest::convert::{Draft, aws_cli};
use crate::model::Json;
use crate::scan::provider::{Failure, Sink};

/// What is needed to ask.
pub(super) const PERMISSION: &str = "ec2:DescribeTags";
/// So many resources can be named in one request.
const IDS_MAX: usize = 200;

/// A page with the tags that its resources have.
pub(super) async fn fetched(page: Vec<Draft>, clients: &Clients, calls: &Calls, sink: &dyn Sink) -> Result<Vec<Draft>, Failure> {
    let mut tags = BTreeMap::new();
    for batch in page.chunks(IDS_MAX) {
        let ids: Vec<String> = batch.iter().map(|seen| seen.resource_id.clone()).collect();
        fetch(&ids, clients, calls, &mut tags).await?;
    }
    let keys = page.iter().map(Draft::key).collect::<crate::Result<Vec<_>>>().map_err(bad_answer)?;
    let known = sink.known(&keys).await.map_err(of_store)?;
    let with_tags = |(seen, known): (Draft, Option<Draft>)| match tags.remove(&seen.resource_id) {
        Some(tags) => aws_cli::with_tags(seen, Json::Array(tags), known.as_ref()),
        None => seen,
    };
    Ok(page.into_iter().zip(known).map(with_tags).collect())
}

/// Adds the tags of some resources, as lists of keys and values.
async fn fetch(ids: &[String], clients: &Clients, calls: &Calls, tags: &mut BTreeMap<String, Vec<Json>>) -> Result<(), Failure> {
    let operation = Operation::find("ec2", "DescribeTags").map_err(bad_answer)?;
    let mut paging = Paging::default();
    loop {
        clients.wait("ec2").await;
        let answer = calls.counted(ask(ids, clients, paging.token()).await)?;
        let document = decode(operation, &answer.body).map_err(bad_answer)?.document;
        if let Some(Json::Array(found)) = document.get("Tags") {
            for tag in found {
                let member = |name: &str| tag.get(name).and_then(Json::as_str).unwrap_or_default();
                let pair = ["Key", "Value"].map(|name| (name.into(), Json::String(member(name).into())));
                tags.entry(member("ResourceId").to_owned()).or_default().push(Json::object(pair));
            }
        }
        if !paging.goes_on(&document)? {
            return Ok(());
        }
    }
}

async fn ask(ids: &[String], clients: &Clients, token: Option<String>) -> Result<Answer, Failure> {
    let wire = Wire::default();
    let named = Filter::builder().name("resource-id").set_values(Some(ids.to_vec())).build();
    let call = clients.ec2.describe_tags().filters(named).max_results(1000).set_next_token(token);
    wire.clone().answer(call.customize().interceptor(wire).send().await)
}
