//! What happens to the estate in sixty days: the order of all steps, and those that repeat day by day.

use crate::database;
use crate::estate::{API, API_EU, KAFKA, WEB, WEB_EU};
use crate::image::{self, Taken};
use crate::incidents;
use crate::instance::{self, Fleet};
use crate::kind::Kind;
use crate::lifecycle;
use crate::scan;
use crate::site::MAIN;
use crate::time::Time;
use crate::world::{Outcome, Resource, World};

/// The midnight that the demo starts at; the first scan is two hours later.
pub(crate) const FIRST_DAY: Time = Time::utc(2026, 9, 1, 0, 0);
pub(crate) const DAYS: i64 = 60;

const BACKED_UP: [&str; 2] = ["orders-db", "billing-db"];
const SNAPSHOTS_KEPT_DAYS: i64 = 7;

type Action = dyn FnOnce(&mut World) -> Outcome<()>;

/// Something that happens at a time.
pub(crate) struct Step {
    pub(crate) at: Time,
    pub(crate) action: Box<Action>,
}

impl Step {
    pub(crate) fn new(at: Time, action: impl FnOnce(&mut World) -> Outcome<()> + 'static) -> Self {
        Self { at, action: Box::new(action) }
    }
}

/// A minute of 2026, UTC.
pub(crate) const fn on(month: i64, day: i64, hour: i64, minute: i64) -> Time {
    Time::utc(2026, month, day, hour, minute)
}

/// Every step, in order of time.
pub(crate) fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    routine(&mut steps);
    deploys(&mut steps);
    incidents::plant(&mut steps);
    lifecycle::plant(&mut steps);
    steps.sort_by_key(|step| step.at);
    steps
}

/// What the days before the first scan have left: a week of backups.
pub(crate) fn prepare(world: &mut World) -> Outcome<()> {
    for day in -SNAPSHOTS_KEPT_DAYS..0 {
        back_up(world, FIRST_DAY.plus_days(day))?;
    }
    world.remark(
        "E02",
        FIRST_DAY.plus_minutes(7 * 60),
        "every weekday `prod-api` scales from 3 to 6 instances at 07:00, and back at 20:00; the newest go first",
    );
    world.remark("E11", FIRST_DAY, "an instance terminated less than an hour before a scan is listed in state `terminated`, without subnet, interface or volumes; after that hour it is no longer listed");
    Ok(())
}

fn routine(steps: &mut Vec<Step>) {
    for number in 0..DAYS {
        let day = FIRST_DAY.plus_days(number);
        steps.push(Step::new(day.plus_minutes(4 * 60), move |world| back_up(world, day)));
        if day.is_workday() {
            let campaign = on(10, 19, 0, 0) <= day && day < on(10, 24, 0, 0);
            let wanted = if campaign { 8 } else { 6 };
            let up = day.plus_minutes(7 * 60);
            let down = day.plus_minutes(20 * 60);
            steps.push(Step::new(up, move |world| instance::scale(world, &API, wanted, up)));
            if number + 1 < DAYS {
                steps.push(Step::new(down, move |world| instance::scale(world, &API, 3, down)));
            }
        }
    }
    let campaign = on(10, 19, 7, 0);
    steps.push(Step::new(campaign, move |world| {
        world.remark("E02", campaign, "for this week `prod-api` scales to 8");
        Ok(())
    }));
}

/// One night's snapshots: of two databases, and of the volumes of Kafka. A week of them is kept.
fn back_up(world: &mut World, day: Time) -> Outcome<()> {
    for database in BACKED_UP {
        database::back_up(world, &MAIN, database, day)?;
    }
    for broker in KAFKA.running(world) {
        let instance = world.get(Kind::Instance, &broker)?;
        let name = instance.name.clone().unwrap_or_default();
        let Some(volume) = instance::volumes(instance).pop() else { continue };
        let tags = instance.tags.clone().unwrap_or_default();
        let old = MAIN.key(&format!("{name} {}", day.plus_days(-SNAPSHOTS_KEPT_DAYS).date()));
        let old = world.dice.id("snap", &old);
        if world.get(Kind::Snapshot, &old).is_ok() {
            world.remove(Kind::Snapshot, &old)?;
        }
        let label = format!("{name} {}", day.date());
        let at = day.plus_minutes(3 * 60 + 30);
        image::add_snapshot(world, &MAIN, &Taken { label: &label, volume: &volume, gib: 500, description: "nightly", at }, tags);
    }
    Ok(())
}

fn deploys(steps: &mut Vec<Step>) {
    for (fleet, version, at) in [
        (API, 42, on(9, 8, 13, 5)),
        (WEB, 18, on(9, 16, 1, 30)),
        (WEB_EU, 18, on(9, 16, 13, 10)),
        (API, 43, on(9, 29, 13, 5)),
        (API_EU, 43, on(9, 29, 13, 30)),
        (WEB, 19, on(10, 14, 1, 30)),
        (API, 44, on(10, 20, 13, 5)),
    ] {
        let baked = at.plus_minutes(-15 * 60);
        steps.push(Step::new(baked, move |world| bake(world, &fleet, version, baked)));
        steps.push(Step::new(at, move |world| deploy(world, &fleet, version, at)));
    }
}

fn bake(world: &mut World, fleet: &Fleet, version: i64, at: Time) -> Outcome<()> {
    let id = image::bake(world, &fleet.site, fleet.service, version, at);
    world.note("E01", at, Kind::Image, &id, &format!("image `{}-v{version}` baked", fleet.service))
}

fn deploy(world: &mut World, fleet: &Fleet, version: i64, at: Time) -> Outcome<()> {
    let service = format!("{}-{}", fleet.site.label, fleet.service);
    world.remark("E01", at, &format!("deploy of `{service}` v{version}: every instance is replaced, one in five minutes"));
    world.set_version(&fleet.site.key(fleet.service), version);
    let template = image::launch_template(world, &fleet.site, fleet.service);
    world.note("E01", at, Kind::LaunchTemplate, &template, "gets its next version, which is the default")?;
    for (old, new, moment) in instance::replace_all(world, fleet, at)? {
        let started = world.get(Kind::Instance, &old)?.created_at;
        let ran = scan::slots().any(|slot| started <= Some(slot) && slot < moment);
        let unseen = if ran { "" } else { "; no scan saw it run, so there is nothing to delete" };
        world.note("E01", moment, Kind::Instance, &old, &format!("terminated; `{new}` replaces it{unseen}"))?;
    }
    Ok(())
}

/// Puts a tag on a resource or takes it away.
pub(crate) fn set_tag(resource: &mut Resource, key: &str, value: Option<&str>) {
    if let Some(tags) = &mut resource.tags {
        match value {
            Some(value) => tags.insert(key.to_owned(), value.to_owned()),
            None => tags.remove(key),
        };
    }
}
