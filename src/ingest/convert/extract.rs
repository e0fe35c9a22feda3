//! Reads out of a resource's properties what Elava keeps as columns.

use super::arn;
use super::kinds::{ArnForm, Kind, Tags};
use crate::model::{Json, Timestamp};

/// The value at a path of members joined by dots.
pub(super) fn at<'j>(value: &'j Json, path: &str) -> Option<&'j Json> {
    if path.is_empty() {
        return None;
    }
    path.split('.').try_fold(value, |value, member| value.get(member))
}

/// The text at a path: a string that is not empty, or the digits of a number.
pub(super) fn text_at<'j>(value: &'j Json, path: &str) -> Option<&'j str> {
    match at(value, path)? {
        Json::String(text) if !text.is_empty() => Some(text),
        Json::Number(digits) => Some(digits),
        _ => None,
    }
}

/// Whether an element is of a kind: it has the id and all that the kind needs.
pub(super) fn is_of_kind(kind: &Kind, element: &Json) -> bool {
    let has = |(member, value): &(&str, &str)| match element.get(member) {
        Some(found) => value.is_empty() || found.as_str() == Some(value),
        None => false,
    };
    id(kind, element).is_some() && kind.needs.iter().all(has)
}

/// The id of an element.
pub(super) fn id(kind: &Kind, element: &Json) -> Option<String> {
    let first = kind.id.iter().find_map(|member| text_at(element, member))?;
    let first = first.strip_prefix("/hostedzone/").unwrap_or(first);
    if kind.id_then.is_empty() {
        return Some(first.to_owned());
    }
    text_at(element, kind.id_then).map(|second| format!("{first}:{second}"))
}

/// The tags of an element; `None` where the listing does not tell.
pub(super) fn tags(kind: &Kind, element: &Json) -> Option<Json> {
    let none = || Json::Object(Vec::new());
    match kind.tags {
        Tags::Unlisted => ["Tags", "tags"].iter().find_map(|member| tag_object(element.get(member)?)).filter(|tags| *tags != none()),
        Tags::IfAny(member) => Some(element.get(member).and_then(tag_object).unwrap_or_else(none)),
        Tags::Always(member) => element.get(member).and_then(tag_object),
    }
}

/// An object of strings from a list of `{Key, Value}` in any casing, or from an object.
pub fn tag_object(tags: &Json) -> Option<Json> {
    match tags {
        Json::Object(members) => Some(Json::object(members.iter().map(|(key, value)| (key.clone(), tag_value(value))))),
        Json::Array(tags) => tags.iter().map(tag).collect::<Option<Vec<_>>>().map(Json::object),
        _ => None,
    }
}

fn tag(tag: &Json) -> Option<(Box<str>, Json)> {
    let key = ["Key", "key", "TagKey"].iter().find_map(|member| tag.get(member)?.as_str())?;
    let value = ["Value", "value", "TagValue"].iter().find_map(|member| tag.get(member));
    Some((key.into(), value.map_or_else(|| Json::String("".into()), tag_value)))
}

/// Tag values are strings: nothing becomes the empty one, anything else its text.
fn tag_value(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(text.clone()),
        Json::Null => Json::String("".into()),
        other => Json::String(other.canonical().as_str().into()),
    }
}

/// The `Name` tag, if it says anything.
pub fn name_tag(tags: Option<&Json>) -> Option<String> {
    tags?.get("Name")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The `Name` tag, else the name that the cloud knows.
pub(super) fn name(kind: &Kind, tags: Option<&Json>, element: &Json) -> Option<String> {
    name_tag(tags).or_else(|| text_at(element, kind.name).map(str::to_owned))
}

/// The ARN: as listed, else in its documented form.
pub(super) fn arn(kind: &Kind, element: &Json, account: &str, region: &str, id: &str) -> Option<String> {
    if let Some(listed) = text_at(element, kind.arn) {
        return Some(listed.to_owned());
    }
    let ArnForm { service, prefix, with_account, by_name } = kind.arn_form?;
    let last = if by_name { text_at(element, kind.name)? } else { id };
    let partition = arn::partition(region);
    let region = if region == super::GLOBAL || service == "s3" { "" } else { region };
    let account = if with_account { account } else { "" };
    Some(format!("arn:{partition}:{service}:{region}:{account}:{prefix}{last}"))
}

/// The time at a path: RFC 3339, also with `+0000`, or seconds or milliseconds since 1970. `Err` holds what is no time.
pub(super) fn time_at(element: &Json, path: &str) -> Result<Option<Timestamp>, String> {
    match at(element, path) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => time(value).map(Some).ok_or_else(|| value.canonical().as_str().to_owned()),
    }
}

/// A time in one of the forms that AWS answers use.
pub(super) fn time(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => Timestamp::parse(text).ok().or_else(|| {
            let (head, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
            Timestamp::parse(&format!("{head}:{minutes}")).ok()
        }),
        Json::Number(digits) => since_1970(digits),
        _ => None,
    }
}

/// The lowest number that is taken as milliseconds: as seconds it lies beyond the year 5000.
const MILLISECONDS_MIN: i64 = 100_000_000_000;

/// A time in whole milliseconds since 1970, of 13 digits: from 2001 to 2286.
pub(super) fn milliseconds(digits: &str) -> Option<Timestamp> {
    (digits.len() == 13).then(|| since_1970(digits)).flatten()
}

fn since_1970(digits: &str) -> Option<Timestamp> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().ok()?;
    if whole >= MILLISECONDS_MIN {
        return whole.checked_mul(1_000).map(Timestamp::from_micros);
    }
    let mut micros = fraction.to_owned();
    micros.truncate(6);
    let micros: i64 = format!("{micros:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(micros).map(Timestamp::from_micros)
}

/// The account that the element itself names as its owner.
pub(super) fn owner<'j>(kind: &Kind, element: &'j Json) -> Option<&'j str> {
    let named = ["OwnerId", "registryId"].iter().find_map(|member| element.get(member)?.as_str()).filter(|owner| arn::is_account(owner));
    named.or_else(|| arn::account_and_region(text_at(element, kind.arn)?).0)
}

/// The region that the element itself tells.
pub(super) fn region<'j>(kind: &Kind, element: &'j Json) -> Option<&'j str> {
    let of_arn = || arn::account_and_region(text_at(element, kind.arn)?).1;
    let named = || {
        ["BucketRegion", "LocationConstraint", "HomeRegion"]
            .iter()
            .find_map(|member| text_at(element, member))
            .filter(|region| arn::is_region(region))
    };
    let of_zone =
        || ["AvailabilityZone", "Placement.AvailabilityZone"].iter().find_map(|path| arn::region_of_zone(text_at(element, path)?));
    of_arn().or_else(named).or_else(of_zone).or_else(|| region_of_zones(element)).or_else(|| region_of_writer(element))
}

/// The region of the member that writes, in a cluster that spans several.
fn region_of_writer(element: &Json) -> Option<&str> {
    let Json::Array(members) = element.get("GlobalClusterMembers")? else { return None };
    let writer = members.iter().find(|member| member.get("IsWriter") == Some(&Json::Bool(true)))?;
    arn::account_and_region(text_at(writer, "DBClusterArn")?).1
}

/// The region of the first of a load balancer's zones, which are names or objects with a `ZoneName`.
fn region_of_zones(element: &Json) -> Option<&str> {
    let Json::Array(zones) = element.get("AvailabilityZones")? else { return None };
    let zone = zones.first()?;
    arn::region_of_zone(zone.as_str().or_else(|| text_at(zone, "ZoneName"))?)
}
