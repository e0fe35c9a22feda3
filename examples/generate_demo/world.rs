//! The estate at one moment: every resource that the cloud would list, by type and id.
//!
//! Tags are held once and put into `properties` when a scan writes them, so the two never differ. Attributes that follow from
//! others (free addresses of a subnet, restorable times) are filled in by [`World::settle`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dice::Dice;
use crate::kind::Kind;
use crate::time::Time;

/// What went wrong while building: always a mistake in the story, named by the text.
pub(crate) type Outcome<T> = Result<T, String>;

pub(crate) type Tags = BTreeMap<String, String>;

pub(crate) const PROD: &str = "111122223333";
pub(crate) const STAGING: &str = "444455556666";

/// Usable addresses of a /24: AWS keeps five.
const SUBNET_ADDRESSES: usize = 251;

/// The account and region a resource lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: &'static str,
    pub(crate) region: &'static str,
}

/// One resource as its listing would show it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) created_at: Option<Time>,
    /// None: the listing does not tell.
    pub(crate) tags: Option<Tags>,
    pub(crate) properties: Value,
}

impl Resource {
    /// A resource with the tags given; its name is the `Name` tag, if it has one.
    pub(crate) fn new(place: Place, kind: Kind, id: &str, tags: Tags, properties: Value) -> Self {
        Self {
            place,
            kind,
            id: id.to_owned(),
            name: tags.get("Name").cloned(),
            state: None,
            created_at: None,
            tags: kind.names().tags_member.map(|_| tags),
            properties,
        }
    }

    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    pub(crate) fn in_state(mut self, state: &str) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    pub(crate) fn created(mut self, at: Time) -> Self {
        self.created_at = Some(at);
        self
    }

    pub(crate) fn arn(&self) -> String {
        arn(self.place, self.kind, &self.id)
    }

    pub(crate) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.as_ref()?.get(key).map(String::as_str)
    }

    /// The text at a JSON Pointer into `properties`; empty where there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.properties.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Sets the member that a JSON Pointer names; the object or array that holds it must exist.
    pub(crate) fn put(&mut self, pointer: &str, value: impl Into<Value>) -> Outcome<()> {
        let missing = || format!("{}: no place for {pointer}", self.id);
        let (parent, member) = pointer.rsplit_once('/').ok_or_else(missing)?;
        match self.properties.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                members.insert(member.to_owned(), value.into());
                Ok(())
            }
            Some(Value::Array(items)) => {
                let slot = member.parse().ok().and_then(|position: usize| items.get_mut(position));
                *slot.ok_or_else(|| format!("{}: no place for {pointer}", self.id))? = value.into();
                Ok(())
            }
            _ => Err(format!("{}: no place for {pointer}", self.id)),
        }
    }

    /// Adds an item at the end of the array that a JSON Pointer names.
    pub(crate) fn push(&mut self, pointer: &str, value: Value) -> Outcome<()> {
        match self.properties.pointer_mut(pointer) {
            Some(Value::Array(items)) => {
                items.push(value);
                Ok(())
            }
            _ => Err(format!("{}: no array at {pointer}", self.id)),
        }
    }

    /// Takes members of `properties` away; those that are not there are passed over.
    pub(crate) fn drop_members(&mut self, members: &[&str]) {
        if let Value::Object(object) = &mut self.properties {
            for member in members {
                object.remove(*member);
            }
        }
    }
}

/// The ARN of a resource. Images and snapshots of EC2 have no account in theirs, buckets neither account nor region.
pub(crate) fn arn(place: Place, kind: Kind, id: &str) -> String {
    let names = kind.names();
    let (region, account) = match kind {
        Kind::Bucket => ("", ""),
        Kind::Image | Kind::Snapshot => (place.region, ""),
        _ => (place.region, place.account),
    };
    format!("arn:aws:{}:{region}:{account}:{}{id}", names.arn_service, names.arn_prefix)
}

/// One planted fact, for the table of events.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) event: &'static str,
    pub(crate) at: Time,
    /// The resource it is about; none for what concerns a scan or a whole service.
    pub(crate) resource: Option<(Place, Kind, String)>,
    pub(crate) what: String,
}

/// The estate, and the journal of what was planted in it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) notes: Vec<Note>,
    resources: BTreeMap<(Kind, String), Resource>,
    /// Terminated instances, and when the cloud stops listing them.
    lingering: Vec<(Time, String)>,
    counters: BTreeMap<String, i64>,
    /// The version of its image that a service has been deployed at, by site and service.
    versions: BTreeMap<String, i64>,
}

impl World {
    pub(crate) const fn new(dice: Dice) -> Self {
        Self {
            dice,
            notes: Vec::new(),
            resources: BTreeMap::new(),
            lingering: Vec::new(),
            counters: BTreeMap::new(),
            versions: BTreeMap::new(),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.all().filter(move |resource| resource.kind == kind)
    }

    pub(crate) fn add(&mut self, resource: Resource) {
        self.resources.insert((resource.kind, resource.id.clone()), resource);
    }

    pub(crate) fn get(&self, kind: Kind, id: &str) -> Outcome<&Resource> {
        self.resources.get(&(kind, id.to_owned())).ok_or_else(|| absent(kind, id))
    }

    pub(crate) fn edit(&mut self, kind: Kind, id: &str) -> Outcome<&mut Resource> {
        self.resources.get_mut(&(kind, id.to_owned())).ok_or_else(|| absent(kind, id))
    }

    pub(crate) fn remove(&mut self, kind: Kind, id: &str) -> Outcome<Resource> {
        self.resources.remove(&(kind, id.to_owned())).ok_or_else(|| absent(kind, id))
    }

    /// The id of the one resource of a kind with this name in an account.
    pub(crate) fn find(&self, kind: Kind, account: &str, name: &str) -> Outcome<String> {
        self.of(kind)
            .find(|resource| resource.place.account == account && resource.name.as_deref() == Some(name))
            .map(|resource| resource.id.clone())
            .ok_or_else(|| format!("there is no {kind:?} named {name} in {account}"))
    }

    /// 1, 2, 3 and so on for each label.
    pub(crate) fn count_up(&mut self, label: &str) -> i64 {
        let counter = self.counters.entry(label.to_owned()).or_insert(0);
        *counter += 1;
        *counter
    }

    /// From now on a service starts from this version of its image.
    pub(crate) fn set_version(&mut self, service: &str, version: i64) {
        self.versions.insert(service.to_owned(), version);
    }

    pub(crate) fn version(&self, service: &str) -> Option<i64> {
        self.versions.get(service).copied()
    }

    /// Stops listing an instance at a time.
    pub(crate) fn forget_at(&mut self, at: Time, instance: &str) {
        self.lingering.push((at, instance.to_owned()));
    }

    pub(crate) fn note(&mut self, event: &'static str, at: Time, kind: Kind, id: &str, what: &str) -> Outcome<()> {
        let place = self.get(kind, id)?.place;
        let resource = Some((place, kind, id.to_owned()));
        self.notes.push(Note { event, at, resource, what: what.to_owned() });
        Ok(())
    }

    pub(crate) fn remark(&mut self, event: &'static str, at: Time, what: &str) {
        self.notes.push(Note { event, at, resource: None, what: what.to_owned() });
    }

    /// Brings everything that follows from the clock and from other resources up to `now`.
    pub(crate) fn settle(&mut self, now: Time) {
        let (gone, kept) = std::mem::take(&mut self.lingering).into_iter().partition(|(until, _)| *until <= now);
        self.lingering = kept;
        for (_, instance) in gone {
            self.resources.remove(&(Kind::Instance, instance));
        }
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        for interface in self.of(Kind::Interface) {
            *used.entry(interface.text("/SubnetId").to_owned()).or_insert(0) += 1;
        }
        let dice = self.dice;
        for resource in self.resources.values_mut() {
            let Value::Object(members) = &mut resource.properties else { continue };
            match resource.kind {
                Kind::Subnet => {
                    let taken = used.get(&resource.id).copied().unwrap_or(0);
                    members.insert("AvailableIpAddressCount".to_owned(), json!(SUBNET_ADDRESSES - taken));
                }
                Kind::Database | Kind::Cluster if resource.state.as_deref() == Some("available") => {
                    let lag = dice.between(&format!("lag {} {now}", resource.id), 60, 360);
                    let restorable = now.plus_seconds(-lag).cli();
                    members.insert("LatestRestorableTime".to_owned(), json!(restorable));
                }
                _ => {}
            }
        }
    }
}

fn absent(kind: Kind, id: &str) -> String {
    format!("the story names {kind:?} {id}, which does not exist at that time")
}

/// Tags from pairs.
pub(crate) fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
