//! Which accounts an organization has.

use std::sync::Arc;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;

use super::clients::{Clients, HOME_REGION};
use super::shapes::Operation;
use crate::scan::limits::Limits;
use crate::scan::provider::{Failure, Reason};

/// A list longer than this goes in circles: an organization has ten thousand accounts at most, twenty a page.
const PAGES_MAX: usize = 1000;

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
}

/// A page of the answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    accounts: Vec<Listed>,
    next_token: Option<String>,
}

/// An account in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    arn: String,
    #[serde(default)]
    name: String,
    /// What `status` was before it had more values than it was made for.
    state: Option<String>,
    status: Option<String>,
}

impl From<Listed> for Account {
    fn from(listed: Listed) -> Self {
        let partition = listed.arn.split(':').nth(1).unwrap_or("aws").to_owned();
        Self { id: listed.id, name: listed.name, partition, state: listed.state.or(listed.status).unwrap_or_default() }
    }
}

/// All accounts of the organization that the credentials belong to.
pub(super) async fn list_accounts(config: &SdkConfig, own: &str, limits: &Arc<Limits>) -> Result<Vec<Account>, Failure> {
    let bad_answer = |error: &dyn std::fmt::Display| Failure::new(Reason::BadAnswer, error, 0);
    let region = config.region().map_or(HOME_REGION, |region| region.as_ref());
    let clients = Clients::new(config, own, region, limits);
    let operation = Operation::find("organizations", "ListAccounts").map_err(|error| bad_answer(&error))?;
    let (mut accounts, mut token): (Vec<Account>, Option<String>) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        clients.wait("organizations").await;
        let input = token.as_ref().map_or_else(|| json!({}), |token| json!({ "NextToken": token }));
        let answer = clients.call(operation, &input).await?;
        let page: Page = serde_json::from_slice(&answer.body).map_err(|error| bad_answer(&error))?;
        accounts.extend(page.accounts.into_iter().map(Account::from));
        token = page.next_token;
        if token.is_none() {
            return Ok(accounts);
        }
    }
    Err(bad_answer(&format!("there are more than {PAGES_MAX} pages of accounts")))
}
