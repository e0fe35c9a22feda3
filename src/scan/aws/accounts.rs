//! Which accounts an organization has.

use std::sync::Arc;

use aws_config::SdkConfig;
use serde_json::json;

use super::call::{Paging, bad_answer};
use super::clients::{Clients, HOME_REGION};
use super::shapes::Operation;
use super::wire::decode;
use crate::model::Json;
use crate::scan::limits::Limits;
use crate::scan::provider::Failure;

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: String,
    /// The partition of AWS that it lies in.
    pub(super) partition: String,
    /// In AWS's own words.
    pub(super) state: String,
}

impl Account {
    /// Whether its resources can be asked for.
    pub(super) fn is_active(&self) -> bool {
        self.state == "ACTIVE"
    }

    /// An account in a list.
    fn listed(account: &Json) -> Result<Self, Failure> {
        let text = |member: &str| account.get(member).and_then(Json::as_str);
        let id = text("Id").ok_or_else(|| bad_answer("an account without an Id is listed"))?;
        let partition = text("Arn").and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
        // `Status` is what `State` was before it had more values than it was made for.
        let state = text("State").or_else(|| text("Status")).unwrap_or_default();
        let name = text("Name").unwrap_or_default();
        Ok(Self { id: id.to_owned(), name: name.to_owned(), partition: partition.to_owned(), state: state.to_owned() })
    }
}

/// All accounts of the organization that the credentials belong to.
pub(super) async fn list_accounts(config: &SdkConfig, own: &str, limits: &Arc<Limits>) -> Result<Vec<Account>, Failure> {
    let region = config.region().map_or(HOME_REGION, |region| region.as_ref());
    let clients = Clients::new(config, own, region, limits);
    let operation = Operation::find("organizations", "ListAccounts").map_err(bad_answer)?;
    let (mut accounts, mut paging) = (Vec::new(), Paging::default());
    loop {
        clients.wait("organizations").await;
        let input = paging.token().map_or_else(|| json!({}), |token| json!({ "NextToken": token }));
        let answer = clients.call(operation, &input).await?;
        let page = decode(operation, &answer.body).map_err(bad_answer)?.document;
        let Some(Json::Array(listed)) = page.get("Accounts") else { return Err(bad_answer("the answer has no Accounts")) };
        accounts.extend(listed.iter().map(Account::listed).collect::<Result<Vec<_>, _>>()?);
        if !paging.goes_on(&page)? {
            return Ok(accounts);
        }
    }
}
