//! AWS Config: configuration items, snapshot and history files, answers of `aws configservice`, and notifications.
//!
//! Wrappers are opened (`configurationItems`, `baseConfigurationItems`, `configurationItem`, an event's `detail`, a
//! notification's `Message`, a rule's `invokingEvent`), arrays are read through. The items come out by
//! `configurationItemCaptureTime`, which is when each was seen; items of one time keep their order.
//!
//! - `properties` is `configuration` in the casing of the service's own answers, and with policy documents decoded. What
//!   else the item tells of the resource joins it under its own name, where that is free: the members of
//!   `supplementaryConfiguration` (`BucketPolicy`; JSON in a string is opened), `AvailabilityZone` where it is a zone, and `Relationships` where
//!   there are any, in one order. `Id` and `Arn` of items recorded from a resource's schema take the service's own names
//!   (`LaunchTemplateId`). The item's book-keeping (version, state id, MD5, related events) describes the record, not the resource, and is left out.
//! - `resource_id` is what the same resource has in `aws-cli` imports: mostly `resourceId`, but `resourceName` where
//!   the former is an internal id (RDS, IAM roles) and the ARN where names are not unique (IAM policies).
//! - `ResourceDeleted` and `ResourceDeletedNotRecorded` delete; `ResourceNotRecorded` is a note.

use std::collections::{BTreeMap, BTreeSet};

use super::casing::{Casing, same_but_first_letter};
use super::kinds::{ItemId, Kind, Place};
use super::table::KINDS;
use super::{Converted, Draft, GLOBAL, Origin, PROVIDER, arn, extract, names};
use crate::error::{Error, Result};
use crate::model::{Json, Timestamp, parse_json};

/// How deep wrappers are opened: an event in a notification in an array, and room for one more.
const WRAPPERS_MAX: usize = 6;

/// Members that hold one item or several, or text that does.
const WRAPPERS: &[&str] = &[
    "configurationItems",
    "baseConfigurationItems",
    "configurationItem",
    "detail",
    "Message",
    "invokingEvent",
    "Records",
    "Sns",
    "Results",
];

/// Converts one document.
///
/// # Errors
/// `Invalid` if the document holds no configuration items, or an item lacks what its key is made of.
pub fn convert(document: &Json, origin: &Origin<'_>) -> Result<Converted> {
    let mut reading = Reading::default();
    reading.open(document, WRAPPERS_MAX)?;
    let Reading { items, mut notes, recognised } = reading;
    if !recognised {
        return Err(unknown_shape(document));
    }
    notes.extend(unknown_members(&items));
    let mut ids = BTreeMap::new();
    let mut observations = Vec::with_capacity(items.len());
    for item in &items {
        observations.extend(draft(item, origin, &mut ids, &mut notes)?);
    }
    observations.sort_by_key(|draft| draft.observed_at);
    if origin.complete {
        notes.push("AWS Config lists what it was set to record: no scope is complete by it, --complete has no effect".to_owned());
    }
    Ok(Converted { observations, scopes: Vec::new(), notes })
}

/// Members of an item that are read, and those that describe the record in place of the resource.
const ITEM_MEMBERS: &[&str] = &[
    "ARN",
    "accountId",
    "arn",
    "availabilityZone",
    "awsAccountId",
    "awsRegion",
    "configuration",
    "configurationItemCaptureTime",
    "configurationItemDeliveryTime",
    "configurationItemMD5Hash",
    "configurationItemStatus",
    "configurationItemVersion",
    "configurationStateId",
    "configurationStateMd5Hash",
    "recordingFrequency",
    "relatedEvents",
    "relationships",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceTransitionStatus",
    "resourceType",
    "supplementaryConfiguration",
    "tags",
    "version",
];

/// A note for each member of items that is none of the known.
fn unknown_members(items: &[Json]) -> impl Iterator<Item = String> {
    let members = items.iter().filter_map(|item| if let Json::Object(members) = item { Some(members) } else { None }).flatten();
    let unknown: BTreeSet<&str> = members.map(|(name, _)| name.as_ref()).filter(|name| !ITEM_MEMBERS.contains(name)).collect();
    unknown.into_iter().map(|name| format!("member {name:?} of configuration items is not known and was not taken"))
}

#[derive(Debug, Default)]
struct Reading {
    items: Vec<Json>,
    notes: Vec<String>,
    recognised: bool,
}

impl Reading {
    /// Gathers the items of a document, through wrappers.
    fn open(&mut self, value: &Json, depth: usize) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Error::invalid("wrappers around configuration items are nested too deep"));
        };
        match value {
            Json::Array(values) => {
                self.recognised |= values.is_empty();
                values.iter().try_for_each(|value| self.open(value, depth))
            }
            Json::Object(_) if is_item(value) => {
                self.recognised = true;
                self.items.push(value.clone());
                Ok(())
            }
            Json::Object(_) => self.open_object(value, depth),
            Json::String(text) => match parse_json(text.as_bytes()) {
                Ok(value) => self.open(&value, depth),
                Err(error) => {
                    self.notes.push(format!("text that is not JSON in place of a configuration item was not taken: {error}"));
                    Ok(())
                }
            },
            other => {
                self.notes.push(format!("{} in place of a configuration item was not taken", other.kind()));
                Ok(())
            }
        }
    }

    fn open_object(&mut self, object: &Json, depth: usize) -> Result<()> {
        if let Some(Json::Array(keys)) = object.get("unprocessedResourceKeys").filter(|keys| **keys != Json::Array(Vec::new())) {
            self.notes.push(format!("AWS Config did not answer for {} resources (unprocessedResourceKeys)", keys.len()));
        }
        if extract::text_at(object, "nextToken").is_some() {
            self.notes.push("the answer has further pages (nextToken), which are not here".to_owned());
        }
        if let Some(summary) = object.get("configurationItemSummary") {
            self.recognised = true;
            let id = extract::text_at(summary, "resourceId").unwrap_or("a resource");
            self.notes.push(format!("{id}: the item was too large to be sent and is not in the notification"));
        }
        let mut opened = false;
        for wrapped in WRAPPERS.iter().filter_map(|member| object.get(member)) {
            opened = true;
            match wrapped {
                Json::Array(values) => {
                    self.recognised = true;
                    values.iter().try_for_each(|value| self.open(value, depth))?;
                }
                Json::Null => {}
                value => self.open(value, depth)?,
            }
        }
        if !opened && let Some(message) = extract::text_at(object, "messageType") {
            self.recognised = true;
            if object.get("configurationItemSummary").is_none() {
                self.notes.push(format!("a {message} holds no configuration item and was not taken"));
            }
        } else if !opened && self.recognised {
            self.notes.push(format!("an object that is no configuration item was not taken: members {}", members_of(object)));
        }
        Ok(())
    }
}

/// Whether an object is a configuration item: it names a resource, and tells its status or configuration.
fn is_item(object: &Json) -> bool {
    extract::text_at(object, "resourceType").is_some()
        && object.get("resourceId").is_some()
        && ["configurationItemStatus", "configurationItemCaptureTime", "configuration"].iter().any(|member| object.get(member).is_some())
}

/// What was seen of the resource, from the item's status.
enum Status {
    Present,
    Deleted,
    NotTaken,
}

fn status(item: &Json) -> Status {
    match extract::text_at(item, "configurationItemStatus") {
        None | Some("OK" | "ResourceDiscovered") => Status::Present,
        Some("ResourceDeleted" | "ResourceDeletedNotRecorded") => Status::Deleted,
        Some(_) => Status::NotTaken,
    }
}

/// Resource ids that items of the same document told, by native type and `resourceId`.
type KnownIds = BTreeMap<(String, String), String>;

fn draft(item: &Json, origin: &Origin<'_>, ids: &mut KnownIds, notes: &mut Vec<String>) -> Result<Option<Draft>> {
    let native_type = required(item, "resourceType")?;
    let item_id = required(item, "resourceId")?;
    let label = format!("{native_type} {item_id}");
    let deleted = match status(item) {
        Status::Present => false,
        Status::Deleted => true,
        Status::NotTaken => {
            let status = extract::text_at(item, "configurationItemStatus").unwrap_or_default();
            notes.push(format!("{label}: an item with status {status} tells nothing of the resource and was not taken"));
            return Ok(None);
        }
    };
    let arn = ["arn", "ARN"].iter().find_map(|member| extract::text_at(item, member));
    let resource_type = names::resource_type(native_type, arn);
    let kind = KINDS.iter().find(|kind| kind.native_type == native_type && kind.resource_type == resource_type);
    let properties = match deleted {
        true => Json::Object(Vec::new()),
        false => own_names(properties(item, native_type, &label, notes), kind, item_id, arn),
    };
    let tags = tags(item, &properties);
    let resource_id = resource_id(item, item_id, arn, kind, ids);
    if resource_id.is_none() {
        notes.push(format!("{label}: the item names it by an internal id only, which is taken as its id"));
    }
    let resource_id = resource_id.unwrap_or_else(|| item_id.to_owned());
    let account_id = account(item, arn, origin, &label)?;
    let region = region(item, arn, kind, origin);
    let made_arn = || extract::arn(kind?, &properties, account_id, region, &resource_id);
    Ok(Some(Draft {
        provider: PROVIDER.to_owned(),
        account_id: account_id.to_owned(),
        region: region.to_owned(),
        arn: arn.map(str::to_owned).or_else(made_arn),
        resource_type,
        resource_id,
        native_type: Some(native_type.to_owned()),
        name: name(item, kind, tags.as_ref(), &properties),
        state: state(kind, &properties),
        created_at: created_at(item, kind, &properties, &label, notes),
        tags: tags.filter(|_| !deleted),
        properties,
        deleted,
        observed_at: captured_at(item, &label, notes)?,
    }))
}

fn required<'j>(item: &'j Json, member: &str) -> Result<&'j str> {
    extract::text_at(item, member)
        .ok_or_else(|| Error::invalid(format!("a configuration item without {member}: members {}", members_of(item))))
}

/// The id that the table of kinds asks for; `None` where the item does not tell it.
fn resource_id(item: &Json, item_id: &str, arn: Option<&str>, kind: Option<&Kind>, ids: &mut KnownIds) -> Option<String> {
    let wanted = kind.map_or(ItemId::Id, |kind| kind.item_id);
    let key = (extract::text_at(item, "resourceType").unwrap_or_default().to_owned(), item_id.to_owned());
    let told = match wanted {
        ItemId::Id => Some(item_id),
        ItemId::Name => extract::text_at(item, "resourceName").or_else(|| name_in_arn(arn?)),
        ItemId::Arn => arn.or_else(|| Some(item_id).filter(|id| id.starts_with("arn:"))),
    };
    match told {
        Some(told) => {
            ids.insert(key, told.to_owned());
            Some(told.to_owned())
        }
        None => ids.get(&key).cloned(),
    }
}

/// `myrdstest` of `arn:aws:rds:us-east-1:123456789012:db:myrdstest`, `admin` of `..:role/path/admin`.
fn name_in_arn(arn: &str) -> Option<&str> {
    let resource = arn::resource(arn)?;
    match resource.rsplit_once('/') {
        Some((_, name)) => Some(name),
        None => resource.split_once(':').map(|(_, name)| name),
    }
}

fn account<'a>(item: &'a Json, arn: Option<&'a str>, origin: &Origin<'a>, label: &str) -> Result<&'a str> {
    let of_item = ["accountId", "awsAccountId"].iter().find_map(|member| extract::text_at(item, member));
    let account = of_item.or_else(|| arn::account_and_region(arn?).0).or(origin.account).or_else(|| origin.account_of_path());
    account.ok_or_else(|| Error::invalid(format!("{label}: the item does not tell its account")).with_hint("give --account 111122223333"))
}

/// The region of the item; `global` for kinds that have none, and where nothing tells one.
fn region<'a>(item: &'a Json, arn: Option<&'a str>, kind: Option<&Kind>, origin: &Origin<'a>) -> &'a str {
    if kind.is_some_and(|kind| kind.place == Place::Global) {
        return GLOBAL;
    }
    let told = extract::text_at(item, "awsRegion").filter(|region| *region == GLOBAL || arn::is_region(region));
    told.or_else(|| arn::account_and_region(arn?).1).or(origin.region).or_else(|| origin.region_of_path()).unwrap_or(GLOBAL)
}

/// When the item was seen. AWS Config writes the same instant, in milliseconds, as `configurationStateId`: it serves where
/// a tool that handled the item has made its time unreadable.
fn captured_at(item: &Json, label: &str, notes: &mut Vec<String>) -> Result<Option<Timestamp>> {
    let text = match extract::time_at(item, "configurationItemCaptureTime") {
        Ok(captured) => return Ok(captured),
        Err(text) => text,
    };
    let milliseconds = extract::text_at(item, "configurationStateId").and_then(extract::milliseconds);
    let Some(captured) = milliseconds else {
        let message = format!("{label}: expected configurationItemCaptureTime as an RFC 3339 time, found {text}");
        return Err(Error::invalid(message));
    };
    notes.push(format!("{label}: configurationItemCaptureTime is no time that is understood: {text}; configurationStateId tells it"));
    Ok(Some(captured))
}

fn created_at(item: &Json, kind: Option<&Kind>, properties: &Json, label: &str, notes: &mut Vec<String>) -> Option<Timestamp> {
    match extract::time_at(item, "resourceCreationTime") {
        Ok(Some(created)) => return Some(created),
        Ok(None) => {}
        Err(text) => notes.push(format!("{label}: resourceCreationTime is no time that is understood: {text}")),
    }
    extract::time_at(properties, kind?.created).ok().flatten()
}

/// The item's tags, else those of the resource itself: recorders of some types leave the former empty.
fn tags(item: &Json, properties: &Json) -> Option<Json> {
    let none = Json::Object(Vec::new());
    let of_item = item.get("tags").and_then(extract::tag_object);
    let of_resource = || ["Tags", "tags", "TagList", "TagSet"].iter().find_map(|member| extract::tag_object(properties.get(member)?));
    match of_item {
        Some(tags) if tags != none => Some(tags),
        empty => of_resource().or(empty),
    }
}

fn name(item: &Json, kind: Option<&Kind>, tags: Option<&Json>, properties: &Json) -> Option<String> {
    let of_item = || extract::text_at(item, "resourceName").map(str::to_owned);
    match kind {
        Some(kind) => extract::name(kind, tags, properties).or_else(of_item),
        None => of_item().or_else(|| extract::name_tag(tags)),
    }
}

/// The state, where the kind has one; of other types what is called so.
fn state(kind: Option<&Kind>, properties: &Json) -> Option<String> {
    const USUAL: &[&str] = &["State.Name", "State.Code", "State", "state.name", "state.code", "state", "Status.Code", "Status", "status"];
    let state = match kind {
        Some(kind) => extract::text_at(properties, kind.state),
        None => USUAL.iter().find_map(|path| extract::text_at(properties, path)),
    };
    state.map(str::to_owned)
}

/// The resource in the service's own shape, and what else the item tells of it.
fn properties(item: &Json, native_type: &str, label: &str, notes: &mut Vec<String>) -> Json {
    let casing = Casing::of(native_type);
    let mut members = BTreeMap::<Box<str>, Json>::new();
    match item.get("configuration").map(opened) {
        None | Some(Json::Null) => {}
        Some(Json::String(text)) if text.is_empty() => {}
        Some(Json::Object(configuration)) => {
            let configuration = if native_type == "AWS::EC2::SecurityGroup" { with_described_ranges(configuration) } else { configuration };
            if let Json::Object(configuration) = casing.apply(Json::Object(configuration)) {
                members.extend(configuration);
            }
        }
        Some(other) => {
            notes.push(format!("{label}: its configuration is {} and kept as the member Configuration", other.kind()));
            members.insert("Configuration".into(), other);
        }
    }
    if let Some(Json::Object(supplementary)) = item.get("supplementaryConfiguration") {
        for (name, value) in supplementary {
            let value = casing.apply(opened_flag(opened(value)));
            join(&mut members, name, value, label, notes);
        }
    }
    if let Some(zone) = extract::text_at(item, "availabilityZone").filter(|zone| arn::region_of_zone(zone).is_some()) {
        members.entry("AvailabilityZone".into()).or_insert_with(|| Json::String(zone.into()));
    }
    if let Some(Json::Array(relationships)) = item.get("relationships")
        && !relationships.is_empty()
    {
        let mut relationships = relationships.clone();
        relationships.sort_by_cached_key(|relationship| relationship.canonical().as_str().to_owned());
        join(&mut members, "Relationships", Json::Array(relationships), label, notes);
    }
    Json::Object(members.into_iter().collect())
}

/// Items recorded from a resource's schema say `Id` and `Arn` where the service says `LaunchTemplateId`.
fn own_names(properties: Json, kind: Option<&Kind>, item_id: &str, arn: Option<&str>) -> Json {
    let (members, kind) = match (properties, kind) {
        (Json::Object(members), Some(kind)) => (members, kind),
        (properties, _) => return properties,
    };
    let names = [("Id", kind.id.first().copied(), Some(item_id)), ("Arn", Some(kind.arn), arn)];
    let has = |name: &str| members.iter().any(|(member, _)| member.as_ref() == name);
    let renamed: Vec<(&str, &str, &str)> = names
        .into_iter()
        .filter_map(|(schema, own, value)| Some((schema, own.filter(|own| !own.is_empty() && !has(own))?, value?)))
        .collect();
    Json::object(members.into_iter().map(|(name, value)| {
        let is = |(schema, _, told): &&(&str, &str, &str)| same_but_first_letter(schema, &name) && value.as_str() == Some(told);
        let own = renamed.iter().find(is).map(|(_, own, _)| Box::from(*own));
        (own.unwrap_or(name), value)
    }))
}

/// Adds a member; where the configuration has one of that name, it goes under a name of its own, and a note says so.
fn join(members: &mut BTreeMap<Box<str>, Json>, name: &str, value: Json, label: &str, notes: &mut Vec<String>) {
    match members.get(name) {
        None => {
            members.insert(name.into(), value);
        }
        Some(there) if *there == value || extract::tag_object(there).is_some_and(|tags| Some(tags) == extract::tag_object(&value)) => {}
        Some(_) => {
            notes.push(format!("{label}: its configuration has a member {name} too; the supplementary one is kept as Supplementary{name}"));
            members.insert(format!("Supplementary{name}").into(), value);
        }
    }
}

/// Answers of `aws configservice` have every supplementary value in a string, files have `true` and `false` themselves.
fn opened_flag(value: Json) -> Json {
    match value.as_str() {
        Some("true") => Json::Bool(true),
        Some("false") => Json::Bool(false),
        _ => value,
    }
}

/// JSON in a string, opened, also where it was put into a string twice; any other value as it is.
fn opened(value: &Json) -> Json {
    let parsed =
        |value: &Json| value.as_str().filter(|text| text.starts_with(['{', '[', '"'])).and_then(|text| parse_json(text.as_bytes()).ok());
    match parsed(value) {
        None => value.clone(),
        Some(Json::String(inner)) => parsed(&Json::String(inner.clone())).unwrap_or(Json::String(inner)),
        Some(value) => value,
    }
}

/// Security groups name their ranges twice: `ipv4Ranges` is what the service calls `IpRanges`, `ipRanges` a list of the
/// bare ranges of it, which the service does not print. Old items have the bare ones alone.
fn with_described_ranges(mut group: Vec<(Box<str>, Json)>) -> Vec<(Box<str>, Json)> {
    for (_, permissions) in group.iter_mut().filter(|(name, _)| name.starts_with("ipPermissions")) {
        let Json::Array(permissions) = permissions else { continue };
        for permission in permissions {
            let described = permission.get("ipv4Ranges").cloned().or_else(|| described_ranges(permission.get("ipRanges")?));
            if let (Json::Object(members), Some(ranges)) = (&mut *permission, described) {
                let others = std::mem::take(members).into_iter().filter(|(name, _)| !matches!(name.as_ref(), "ipv4Ranges" | "ipRanges"));
                *permission = Json::object(others.chain([("ipRanges".into(), ranges)]));
            }
        }
    }
    group
}

fn described_ranges(bare: &Json) -> Option<Json> {
    let Json::Array(ranges) = bare else { return None };
    let described = |range: &Json| match range {
        Json::String(_) => Json::Object(vec![("cidrIp".into(), range.clone())]),
        other => other.clone(),
    };
    Some(Json::Array(ranges.iter().map(described).collect()))
}

fn members_of(value: &Json) -> String {
    match value {
        Json::Object(members) => members.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>().join(", "),
        other => other.kind().to_owned(),
    }
}

fn unknown_shape(document: &Json) -> Error {
    let message =
        format!("expected AWS Config items (configurationItems, or resourceType with resourceId), found {}", members_of(document));
    Error::invalid(message).with_hint("answers of `aws ec2 describe-..` and the like need --format aws-cli")
}
