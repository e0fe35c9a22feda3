//! What should not have happened: open ports, a public database, changes by hand, lost tags, a bucket laid open.

use serde_json::json;

use crate::bucket;
use crate::estate::SEARCH;
use crate::group;
use crate::instance;
use crate::kind::Kind;
use crate::network;
use crate::site::{MAIN, TRIAL};
use crate::story::{Step, on, set_tag};
use crate::time::Time;
use crate::world::{Outcome, PROD, World};

pub(crate) fn plant(steps: &mut Vec<Step>) {
    type Action = fn(&mut World, Time) -> Outcome<()>;
    let planted: [(Time, Action); 13] = [
        (on(9, 18, 16, 40), resize_by_hand),
        (on(9, 23, 21, 50), open_bastion),
        (on(9, 23, 22, 15), bypass_nat),
        (on(9, 25, 9, 30), restore_nat),
        (on(9, 30, 23, 10), lose_owners),
        (on(10, 2, 10, 20), close_bastion),
        (on(10, 3, 17, 45), unblock_bucket),
        (on(10, 5, 11, 0), restore_owners),
        (on(10, 7, 16, 30), publish_database),
        (on(10, 11, 8, 0), hide_database),
        (on(10, 13, 9, 0), block_bucket),
        (on(10, 19, 15, 5), open_ci),
        (on(10, 26, 10, 30), resize_back_search),
    ];
    for (at, action) in planted {
        steps.push(Step::new(at, move |world| action(world, at)));
    }
}

fn resize_by_hand(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::Instance, PROD, "prod-kafka-2")?;
    instance::resize(world, &id, "m6i.2xlarge", at)?;
    world.note("E03", at, Kind::Instance, &id, "type changed by hand from m6i.large to m6i.2xlarge; never put back")
}

fn resize_back_search(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::Instance, PROD, "prod-search-1")?;
    instance::resize(world, &id, "r6i.large", at)?;
    world.note("E03", at, Kind::Instance, &id, "type changed by hand from m6i.large to r6i.large; the other two are not")
}

fn open_bastion(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.group(world.dice, "bastion");
    group::open_to_world(world, &id, 22, "temporary, vendor support")?;
    world.note("E04", at, Kind::SecurityGroup, &id, "SSH (22) opened to 0.0.0.0/0")
}

fn close_bastion(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.group(world.dice, "bastion");
    group::close_to_world(world, &id, 22)?;
    world.note("E04", at, Kind::SecurityGroup, &id, "SSH (22) closed again")
}

fn open_ci(world: &mut World, at: Time) -> Outcome<()> {
    let id = TRIAL.group(world.dice, "ci");
    group::open_to_world(world, &id, 22, "debugging runners")?;
    world.note("E04", at, Kind::SecurityGroup, &id, "SSH (22) opened to 0.0.0.0/0; still open at the end")
}

fn bypass_nat(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.route_table(world.dice, "private-b");
    let gateway = MAIN.internet_gateway(world.dice);
    world.edit(Kind::RouteTable, &id)?.put("/Routes/1", network::gateway_route(&gateway))?;
    world.note("E03", at, Kind::RouteTable, &id, &format!("default route moved from the NAT gateway to the internet gateway `{gateway}`"))
}

fn restore_nat(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.route_table(world.dice, "private-b");
    let nat = MAIN.nat_gateway(world.dice, "b");
    world.edit(Kind::RouteTable, &id)?.put("/Routes/1", network::nat_route(&nat))?;
    world.note("E03", at, Kind::RouteTable, &id, &format!("default route back to the NAT gateway `{nat}`"))
}

fn publish_database(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.group(world.dice, "reports-db");
    group::open_to_world(world, &id, 3306, "BI tool trial")?;
    world.note("E04", at, Kind::SecurityGroup, &id, "MySQL (3306) opened to 0.0.0.0/0")?;
    world.edit(Kind::Database, "reports-db")?.put("/PubliclyAccessible", true)?;
    world.note("E04", at, Kind::Database, "reports-db", "PubliclyAccessible set to true")
}

fn hide_database(world: &mut World, at: Time) -> Outcome<()> {
    let id = MAIN.group(world.dice, "reports-db");
    group::close_to_world(world, &id, 3306)?;
    world.note("E04", at, Kind::SecurityGroup, &id, "MySQL (3306) closed again")?;
    world.edit(Kind::Database, "reports-db")?.put("/PubliclyAccessible", false)?;
    world.note("E04", at, Kind::Database, "reports-db", "PubliclyAccessible set back to false")
}

/// The resources of the search service that lose their owner for five days: instances and volumes.
fn search_parts(world: &World) -> Outcome<Vec<(Kind, String)>> {
    let mut parts = Vec::new();
    for id in SEARCH.running(world) {
        let volumes = instance::volumes(world.get(Kind::Instance, &id)?);
        parts.extend(volumes.into_iter().map(|volume| (Kind::Volume, volume)));
        parts.push((Kind::Instance, id));
    }
    Ok(parts)
}

fn lose_owners(world: &mut World, at: Time) -> Outcome<()> {
    let mut losers = search_parts(world)?;
    losers.push((Kind::Instance, world.find(Kind::Instance, PROD, "prod-kafka-3")?));
    losers.push((Kind::SecurityGroup, MAIN.group(world.dice, "endpoints")));
    losers.push((Kind::Database, "billing-db".to_owned()));
    for name in ["acme-prod-exports", "acme-prod-data-lake"] {
        losers.push((Kind::Bucket, name.to_owned()));
    }
    let restored = search_parts(world)?;
    for (kind, id) in losers {
        let resource = world.edit(kind, &id)?;
        let owner = resource.tag("owner").unwrap_or_default().to_owned();
        set_tag(resource, "owner", None);
        let later = if restored.contains(&(kind, id.clone())) { "restored later" } else { "never restored" };
        world.note("E05", at, kind, &id, &format!("tag `owner` (`{owner}`) lost; {later}"))?;
    }
    Ok(())
}

fn restore_owners(world: &mut World, at: Time) -> Outcome<()> {
    for (kind, id) in search_parts(world)? {
        set_tag(world.edit(kind, &id)?, "owner", Some(SEARCH.owner));
        world.note("E05", at, kind, &id, "tag `owner` restored")?;
    }
    Ok(())
}

fn unblock_bucket(world: &mut World, at: Time) -> Outcome<()> {
    let id = "acme-prod-exports";
    world.edit(Kind::Bucket, id)?.put("/PublicAccessBlock", json!(null))?;
    world.note("E09", at, Kind::Bucket, id, "public access block removed (null in `properties`)")
}

fn block_bucket(world: &mut World, at: Time) -> Outcome<()> {
    let id = "acme-prod-exports";
    world.edit(Kind::Bucket, id)?.put("/PublicAccessBlock", bucket::blocked())?;
    world.note("E09", at, Kind::Bucket, id, "public access block put back")
}
