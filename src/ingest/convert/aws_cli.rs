//! What `aws SERVICE describe-..`, `list-..` and `get-..` print, as an inventory.
//!
//! A document is recognised by its top-level members (`Reservations`, `Vpcs`, ..), its elements by the members that make
//! their id. `properties` is the element as printed; an instance is taken out of its reservation.
//!
//! - Account: the owner that the element names (`OwnerId`, its ARN), else `--account`, else the one owner that all
//!   others name; a folder of twelve digits is believed like `--account`. So a shared subnet or a snapshot of somebody else is kept under *its*
//!   account, whose scopes are never complete by this document.
//! - Region: what the element tells (its ARN or zone), else `--region`, else what all others tell, else a folder named
//!   like a region. An element that contradicts `--region` is an error: the answer was not that region's.
//! - Buckets tell their region only to new command lines (`BucketRegion`); without it they are taken to lie in
//!   `--region` or the folder's, and a note says so.
//! - With `--complete`, every kind that the document can list is a complete scope, empty ones too, unless the answer
//!   goes on (`NextToken`) or holds only what was asked for by name.
//!
//! Deliberately absent: answers about one attribute of a resource (`describe-instance-attribute`, `get-bucket-policy`);
//! they become a note.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{Kind, Listing, Place, Tags};
use super::table::{KINDS, SHARED_MEMBERS};
use super::{Converted, Draft, GLOBAL, Origin, PROVIDER, arn, extract};
use crate::error::{Error, Result};
use crate::model::{CoverageStatus, Json, Scope, ScopeReport};

/// Members that surround a listing and say nothing about resources. The first are there when the answer goes on.
const PAGE_TOKENS: &[&str] = &["NextToken", "nextToken", "Marker", "NextMarker", "ContinuationToken", "NextContinuationToken"];
const ENVELOPE: &[&str] =
    &["IsTruncated", "MaxItems", "MaxResults", "MaxRecords", "Owner", "Prefix", "ResponseMetadata", "RequestId", "failures"];

/// Members of answers that hold no inventory, or nothing but ids.
const NOT_INVENTORY: &[&str] = &[
    "AccountAliases",
    "AccountAttributes",
    "Accounts",
    "Attributes",
    "AvailabilityZones",
    "Children",
    "CORSRules",
    "ConsumedLCUs",
    "Contents",
    "DBClusterSnapshotAttributesResult",
    "DBEngineVersions",
    "DBSnapshotAttributesResult",
    "DescribeDBLogFiles",
    "DetectorIds",
    "DomainNames",
    "EngineDefaults",
    "EventCategoriesMapList",
    "Events",
    "Grants",
    "Handshakes",
    "HistoryRecords",
    "IamInstanceProfileAssociations",
    "InstanceStatuses",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "Item",
    "Items",
    "LocationConstraint",
    "MovingAddressStatuses",
    "OptionGroupOptions",
    "OrderableDBInstanceOptions",
    "Organization",
    "OrganizationalUnits",
    "Parameters",
    "Parents",
    "Payer",
    "PendingMaintenanceActions",
    "Policy",
    "PolicyStatus",
    "PublicAccessBlockConfiguration",
    "QueueUrls",
    "Regions",
    "ReplicationConfiguration",
    "ReportFormat",
    "ReservedDBInstancesOfferings",
    "ReservedInstancesOfferings",
    "Roots",
    "ScheduledInstanceAvailabilitySet",
    "SecurityGroupReferenceSet",
    "ServerSideEncryptionConfiguration",
    "SourceRegions",
    "SpotDatafeedSubscription",
    "SpotPriceHistory",
    "SummaryMap",
    "TableNames",
    "TagDescriptions",
    "TagList",
    "TagSet",
    "Tags",
    "Targets",
    "Uploads",
    "UserId",
    "Versions",
    "VolumeStatuses",
    "clusterArns",
    "serviceArns",
    "taskArns",
    "taskDefinitionArns",
];

/// Converts one document.
///
/// # Errors
/// `Invalid` if the document is no answer that is known, if the account or region of a resource cannot be learned (the
/// hint names the flag), or if a resource contradicts `--region`.
pub fn convert(document: &Json, origin: &Origin<'_>) -> Result<Converted> {
    let members = match document {
        Json::Object(members) => members,
        Json::Null => return Ok(noted("an empty answer: nothing to import")),
        other => return Err(unknown_shape(&format!("{} in place of an object (print the answer without --query)", other.kind()))),
    };
    if members.is_empty() {
        return Ok(noted("an empty answer: nothing to import"));
    }
    let mut reading = Reading::default();
    for (member, value) in members {
        reading.read_member(member, value, origin);
    }
    if reading.listings.is_empty() {
        return not_inventory(members, &reading.notes, origin);
    }
    reading.finish(document, origin)
}

/// A resource with tags that were told apart from it, as a list of keys and values. Where they are those that it is known
/// with they stand in the same order, which means nothing and would make a version.
pub fn with_tags(mut draft: Draft, mut listed: Json, known: Option<&Draft>) -> Draft {
    let kind = KINDS.iter().find(|kind| kind.resource_type == draft.resource_type);
    let member = match kind.map(|kind| kind.tags) {
        Some(Tags::IfAny(member) | Tags::Always(member)) => member,
        _ => "Tags",
    };
    let tags = extract::tag_object(&listed);
    if let Some(known) = known.filter(|known| known.tags == tags)
        && let Some(before) = known.properties.get(member)
    {
        listed = before.clone();
    }
    if let Json::Object(members) = draft.properties {
        let others = members.into_iter().filter(|(name, _)| &**name != member);
        draft.properties = Json::object(others.chain([(member.into(), listed)]));
    }
    draft.name = extract::name_tag(tags.as_ref()).or(draft.name);
    Draft { tags, ..draft }
}

/// The elements of one document that are resources, before their account and region are settled.
#[derive(Debug, Default)]
struct Reading<'j> {
    /// Members that list resources, with the kinds they can hold.
    listings: Vec<(&'j str, Vec<&'static Kind>)>,
    found: Vec<Found<'j>>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Found<'j> {
    kind: &'static Kind,
    element: &'j Json,
    id: String,
    owner: Option<&'j str>,
    region: Option<&'j str>,
}

/// What is known of the request that the document answers.
#[derive(Debug)]
struct Asked<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    /// The account was told from outside, not taken from who owns what is listed.
    account_is_told: bool,
}

impl<'j> Reading<'j> {
    fn read_member(&mut self, member: &'j str, value: &'j Json, origin: &Origin<'_>) {
        let kinds: Vec<&'static Kind> = KINDS.iter().filter(|kind| kind.member == member).collect();
        let elements = match kinds.first() {
            Some(kind) => elements(kind, value, origin, &mut self.notes),
            None => {
                let expected = PAGE_TOKENS.contains(&member) || ENVELOPE.contains(&member);
                if !expected {
                    self.notes.push(format!("member {member:?} was not taken: it lists no resources that Elava knows"));
                }
                return;
            }
        };
        if elements.is_empty() {
            return self.read_empty(member, kinds, origin);
        }
        let mut unknown = Vec::new();
        let before = self.found.len();
        for (at, (element, outer)) in elements.iter().enumerate() {
            match kinds.iter().find(|kind| extract::is_of_kind(kind, element)) {
                Some(kind) => self.found.extend(found(kind, element, *outer)),
                None => unknown.push(at),
            }
        }
        if let Some(first) = unknown.first() {
            let what = elements.get(*first).map_or("nothing", |(element, _)| element.kind());
            let count = unknown.len();
            self.notes.push(format!("{count} of {} elements of {member:?} were not taken, the first at /{member}/{first}: {what} without the members of a known resource", elements.len()));
        }
        if self.found.len() > before {
            let whole = unknown.is_empty();
            let kinds =
                kinds.into_iter().filter(|kind| whole && self.found.iter().skip(before).any(|found| found.kind.service == kind.service));
            self.listings.push((member, kinds.collect()));
        }
    }

    /// An empty list says what it would hold only where one service has a member of this name, or the file tells which.
    fn read_empty(&mut self, member: &'j str, mut kinds: Vec<&'static Kind>, origin: &Origin<'_>) {
        if SHARED_MEMBERS.contains(&member) {
            let service = origin.told_service().unwrap_or_default();
            kinds.retain(|kind| service == kind.service || service.ends_with(&format!("-{}", kind.service)));
            if kinds.is_empty() {
                self.notes.push(format!(
                    "an empty {member:?}, of which several services have one: name the file as SERVICE-OPERATION.json to say which"
                ));
            }
        }
        self.listings.push((member, kinds));
    }

    fn finish(mut self, document: &Json, origin: &Origin<'_>) -> Result<Converted> {
        let asked = self.asked(origin);
        let mut observations = Vec::with_capacity(self.found.len());
        let mut foreign = BTreeMap::<&str, usize>::new();
        let mut assumed = 0;
        for found in &self.found {
            let account = found.owner.or(asked.account).ok_or_else(|| cannot_learn("account", found))?;
            if asked.account.is_some_and(|asked| asked != account) {
                *foreign.entry(account).or_default() += 1;
            }
            let region = region(found, &asked, origin)?;
            assumed += usize::from(found.kind.place == Place::EachItsOwn && found.region.is_none());
            observations.push(draft(found, account, region, &mut self.notes));
        }
        for (account, count) in foreign {
            self.notes.push(format!("of account {account}, and kept under it: {count}"));
        }
        if assumed > 0 {
            let region = asked.region.unwrap_or_default();
            self.notes.push(format!("buckets that do not tell their region (BucketRegion), taken to lie in {region}: {assumed}"));
        }
        let scopes = self.scopes(document, &asked, origin)?;
        Ok(Converted { observations, scopes, notes: self.notes })
    }

    fn asked<'a>(&self, origin: &Origin<'a>) -> Asked<'a>
    where
        'j: 'a,
    {
        let told = origin.account.or_else(|| origin.account_of_path());
        let peer = || only(self.found.iter().filter_map(|found| extract::text_at(found.element, "RequesterVpcInfo.OwnerId")));
        let owner = only(self.found.iter().filter_map(|found| found.owner));
        let regional = self.found.iter().filter(|found| found.kind.place == Place::Region);
        let region = origin.region.or_else(|| only(regional.filter_map(|found| found.region))).or_else(|| origin.region_of_path());
        Asked { account: told.or(owner).or_else(peer), region, account_is_told: told.is_some() }
    }

    /// What the document covers: nothing unless it is declared whole.
    fn scopes(&mut self, document: &Json, asked: &Asked<'_>, origin: &Origin<'_>) -> Result<Vec<ScopeReport>> {
        if !origin.complete {
            return Ok(Vec::new());
        }
        let goes_on = goes_on(document) || self.listings.iter().filter_map(|(member, _)| document.get(member)).any(goes_on);
        let status = if goes_on { CoverageStatus::Partial } else { CoverageStatus::Complete };
        if status == CoverageStatus::Partial {
            self.notes
                .push("the answer has further pages (NextToken or IsTruncated), which are not here: its scopes are partial".to_owned());
        }
        let mut scopes = BTreeSet::new();
        for (member, kinds) in &self.listings {
            for kind in kinds {
                match self.scopes_of(kind, asked) {
                    Ok(of_kind) => scopes.extend(of_kind),
                    Err(reason) => self.notes.push(format!("{member:?} is not a complete scope: {reason}")),
                }
            }
        }
        scopes
            .into_iter()
            .map(|(account, region, kind)| Ok(ScopeReport::new(Scope::new(PROVIDER, &account, &region, kind)?, status)))
            .collect()
    }

    /// Account, region and type of the scopes that a whole answer covers, or why there are none.
    fn scopes_of(&self, kind: &Kind, asked: &Asked<'_>) -> Result<Vec<(String, String, &'static str)>, &'static str> {
        let account = asked.account.ok_or("its account is not known; give --account")?;
        if kind.listing == Listing::Asked {
            return Err("such an answer holds what was asked for by name");
        }
        if kind.listing == Listing::WithForeign && !asked.account_is_told {
            return Err("it may list what other accounts share; give --account");
        }
        let regional = || self.found.iter().filter(|found| found.kind.place == Place::Region).filter_map(|found| found.region);
        if kind.place == Place::Region && regional().any(|region| Some(region) != asked.region) {
            return Err("it holds resources of several regions");
        }
        let regions: BTreeSet<&str> = match kind.place {
            Place::Global => BTreeSet::from([GLOBAL]),
            Place::Region | Place::Home => asked.region.into_iter().collect(),
            Place::EachItsOwn => self.found.iter().filter_map(|found| found.region).chain(asked.region).collect(),
        };
        if regions.is_empty() {
            return Err("its region is not known; give --region");
        }
        Ok(regions.into_iter().map(|region| (account.to_owned(), region.to_owned(), kind.resource_type)).collect())
    }
}

/// The elements that a member holds, each with what surrounds it.
fn elements<'j>(kind: &Kind, value: &'j Json, origin: &Origin<'_>, notes: &mut Vec<String>) -> Vec<(&'j Json, Option<&'j Json>)> {
    let outer = match value {
        Json::Array(values) => values.as_slice(),
        Json::Null => return Vec::new(),
        single => std::slice::from_ref(single),
    };
    if kind.inner.is_empty() {
        return outer.iter().map(|element| (element, None)).collect();
    }
    let mut elements = Vec::new();
    let mut around = BTreeSet::new();
    for outer in outer {
        match outer.get(kind.inner) {
            Some(Json::Array(inner)) => elements.extend(inner.iter().map(|element| (element, Some(outer)))),
            Some(Json::Null) | None if kind.member == "DistributionList" => {}
            _ => elements.push((outer, None)),
        }
        if let Json::Object(members) = outer {
            let told = |value: &Json| !matches!(value, Json::Null | Json::Array(_));
            around.extend(members.iter().filter(|(name, value)| name.as_ref() != kind.inner && told(value)).map(|(name, _)| name.as_ref()));
        }
    }
    // Of a scan it is known beforehand what is taken of an answer.
    if kind.member == "Reservations" && !around.is_empty() && origin.service.is_none() {
        let around = around.into_iter().collect::<Vec<_>>().join(", ");
        notes.push(format!("instances are taken out of their reservations; what those say themselves ({around}) is not kept"));
    }
    elements
}

fn found<'j>(kind: &'static Kind, element: &'j Json, outer: Option<&'j Json>) -> Option<Found<'j>> {
    let outer_owner = || extract::text_at(outer?, "OwnerId").filter(|owner| arn::is_account(owner));
    let owner = extract::owner(kind, element).or_else(outer_owner);
    Some(Found { kind, element, id: extract::id(kind, element)?, owner, region: extract::region(kind, element) })
}

fn region<'a>(found: &'a Found<'_>, asked: &Asked<'a>, origin: &Origin<'_>) -> Result<&'a str> {
    match (found.kind.place, found.region, origin.region) {
        (Place::Global, _, _) => Ok(GLOBAL),
        (Place::Region, Some(region), Some(flag)) if region != flag => {
            let message = format!("{} {} lies in {region}, not in {flag}", found.kind.resource_type, found.id);
            Err(Error::invalid(message).with_hint("import the answers of each region with its own --region, or without it"))
        }
        (_, Some(region), _) => Ok(region),
        (_, None, _) => asked.region.ok_or_else(|| cannot_learn("region", found)),
    }
}

fn draft(found: &Found<'_>, account: &str, region: &str, notes: &mut Vec<String>) -> Draft {
    let Found { kind, element, id, .. } = found;
    let tags = extract::tags(kind, element);
    let created_at = extract::time_at(element, kind.created).unwrap_or_else(|text| {
        notes.push(format!("{} {id}: {} is no time that is understood: {text}", kind.resource_type, kind.created));
        None
    });
    Draft {
        provider: PROVIDER.to_owned(),
        account_id: account.to_owned(),
        region: region.to_owned(),
        resource_type: kind.resource_type.to_owned(),
        resource_id: id.clone(),
        native_type: Some(kind.native_type.to_owned()),
        arn: extract::arn(kind, element, account, region, id),
        name: extract::name(kind, tags.as_ref(), element),
        state: extract::text_at(element, kind.state).map(str::to_owned),
        created_at,
        tags,
        properties: (*element).clone(),
        deleted: false,
        observed_at: None,
    }
}

/// The one value that all have, if they agree.
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// Whether the answer says that there are further pages.
pub fn goes_on(document: &Json) -> bool {
    next_page(document).is_some() || document.get("IsTruncated") == Some(&Json::Bool(true))
}

/// What an answer says to ask for the page after it, if there is one.
pub fn next_page(document: &Json) -> Option<&str> {
    PAGE_TOKENS.iter().find_map(|member| document.get(member)?.as_str().filter(|token| !token.is_empty()))
}

/// A document that lists no resources: a note where it is known to be such, or named like an answer of the command line.
fn not_inventory(members: &[(Box<str>, Json)], notes: &[String], origin: &Origin<'_>) -> Result<Converted> {
    let names = members.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>();
    let listed = names.join(", ");
    if names.iter().any(|name| NOT_INVENTORY.contains(name)) {
        return Ok(noted(&format!("no inventory of resources: members {listed}")));
    }
    match origin.command() {
        Some((service, operation)) => Ok(noted(&format!("not taken: the answer of `aws {service} {operation}` with members {listed}"))),
        None if notes.is_empty() => Err(unknown_shape(&format!("the members {listed}"))),
        None => Err(unknown_shape(&format!("the members {listed}: {}", notes.join("; ")))),
    }
}

fn unknown_shape(found: &str) -> Error {
    let message = format!("expected an answer of the AWS command line (such as Reservations, Vpcs, DBInstances, Buckets), found {found}");
    Error::invalid(message).with_hint("AWS Config items need --format aws-config, Elava's own lines --format ndjson")
}

fn cannot_learn(what: &str, found: &Found<'_>) -> Error {
    let message = format!("the {what} of {} {} cannot be learned from the document", found.kind.resource_type, found.id);
    let example = if what == "account" { "111122223333" } else { "us-east-1" };
    Error::invalid(message).with_hint(format!("give --{what} {example}"))
}

fn noted(note: &str) -> Converted {
    Converted { notes: vec![note.to_owned()], ..Converted::default() }
}
