//! An organization as a provider: all of its accounts, each by a role of the same name.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::accounts::{Account, list_accounts};
use super::clients::{AwsOptions, account_config};
use super::provider::{Aws, account, told};
use super::selection::Selection;
use crate::error::{Error, Result};
use crate::scan::limits::Limits;
use crate::scan::provider::{Failure, Listing, Provider, Reason};

/// Accounts that are asked at once what there is to list.
const ACCOUNTS_AT_ONCE: usize = 8;

/// The accounts of an organization.
#[derive(Debug)]
pub struct Organization {
    /// As whom they are listed.
    options: AwsOptions,
    role_name: String,
    selection: Selection,
    limits: Arc<Limits>,
}

impl Organization {
    /// An organization, by credentials that may list its accounts and take on the role in each of them.
    ///
    /// # Errors
    /// As [`Aws::new`]; `Invalid` if the role's name is none.
    pub fn new(options: AwsOptions, role_name: &str, selection: Selection, limits: &Arc<Limits>) -> Result<Self> {
        if role_name.is_empty() || role_name.contains(':') {
            return Err(Error::invalid(format!("expected the name of a role, found {role_name:?}")).with_hint("a name, not an ARN"));
        }
        Aws::new(options.clone(), selection.clone(), limits)?;
        Ok(Self { options, role_name: role_name.to_owned(), selection, limits: Arc::clone(limits) })
    }

    /// The listings of one account. That of the credentials themselves needs no role, and is often the one that has none.
    async fn listings_of(&self, account: Account, own: &str) -> Result<Vec<Arc<dyn Listing>>> {
        let role_arn = (account.id != own).then(|| format!("arn:{}:iam::{}:role/{}", account.partition, account.id, self.role_name));
        let options = AwsOptions { name: None, role_arn, ..self.options.clone() };
        let provider = Aws::new(options, self.selection.clone(), &self.limits)?;
        if account.is_active() {
            return provider.listings().await;
        }
        let message = format!("account {} ({}) of the organization is {}", account.id, account.name, account.state);
        let suspended = Failure::new(Reason::AccountSuspended, message, 0);
        provider.unasked(&account_config(&self.options).await, &account.id, &suspended)
    }

    async fn planned(&self) -> Result<Vec<Arc<dyn Listing>>> {
        let as_caller = AwsOptions { external_id: None, ..self.options.clone() };
        let config = account_config(&as_caller).await;
        let own = account(&config).await.map_err(|failure| told("ask whose credentials these are", &failure))?;
        let accounts = list_accounts(&config, &own, &self.limits).await;
        let accounts = accounts.map_err(|failure| told("list the accounts of the organization", &failure))?;
        let asked = stream::iter(accounts).map(|account| self.listings_of(account, &own)).buffered(ACCOUNTS_AT_ONCE);
        let mut listings = Vec::new();
        for of_account in asked.collect::<Vec<_>>().await {
            listings.extend(of_account?);
        }
        Ok(listings)
    }
}

#[async_trait]
impl Provider for Organization {
    fn name(&self) -> &str {
        super::PROVIDER
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        self.planned().await.map_err(|error| self.options.context(error))
    }
}
