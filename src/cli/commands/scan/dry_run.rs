//! `elava scan --dry-run`: what would be asked, and the policies that allow no more than that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Plan;
use crate::cli::{Context, ExitStatus};
use crate::error::{Error, Result};
use crate::model::Scope;
use crate::scan::plan;

/// What every scan asks: whose credentials it has, and which regions there are.
const ALWAYS: [&str; 2] = ["ec2:DescribeRegions", "sts:GetCallerIdentity"];

/// Prints it.
///
/// # Errors
/// If nothing can be scanned.
pub async fn run(wanted: &Plan, context: &Context) -> Result<ExitStatus> {
    let (planned, unreached) = plan(&wanted.providers).await?;
    let (mut listings, mut permissions) = (Vec::new(), BTreeSet::from(ALWAYS.map(str::to_owned)));
    for listing in planned {
        let about = listing.about();
        permissions.extend(about.permissions.iter().cloned());
        let scopes: Vec<&str> = about.scopes.iter().map(Scope::as_str).collect();
        listings.push(json!({ "call": about.call, "account_id": about.account_id, "region": about.region, "scopes": scopes }));
    }
    let reads = json!({ "Sid": "ElavaReads", "Effect": "Allow", "Action": permissions, "Resource": "*" });
    let mut told = json!({ "listings": listings, "policy": policy(&[reads]) });
    if let (Some(caller), Some(told)) = (caller_policy(wanted), told.as_object_mut()) {
        told.insert("caller_policy".to_owned(), caller);
    }
    let text = serde_json::to_string_pretty(&told).map_err(|error| Error::internal("the plan is no JSON").with_source(error))?;
    context.printer.data(&format!("{text}\n"))?;
    unreached.iter().for_each(|error| context.printer.error(error));
    Ok(if unreached.is_empty() { ExitStatus::Done } else { ExitStatus::Incomplete })
}

/// What the credentials that take on roles need; the roles themselves have the other policy.
fn caller_policy(wanted: &Plan) -> Option<Value> {
    let mut statements = Vec::new();
    if !wanted.roles.is_empty() {
        statements.push(json!({ "Sid": "ElavaTakesOnRoles", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": wanted.roles }));
    }
    if wanted.lists_accounts {
        let action = "organizations:ListAccounts";
        statements.push(json!({ "Sid": "ElavaListsAccounts", "Effect": "Allow", "Action": action, "Resource": "*" }));
    }
    (!statements.is_empty()).then(|| policy(&statements))
}

fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}
