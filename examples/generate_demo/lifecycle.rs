//! Planned work and its leftovers: decommissions, upgrades, migrations, deletions, and one name that is used again.

use serde_json::json;

use crate::bucket;
use crate::database;
use crate::estate::{ANALYTICS, API_EU, BASTION, BUILD, ETL, KAFKA, PLAY, SEARCH};
use crate::image;
use crate::instance;
use crate::interface;
use crate::kind::Kind;
use crate::site::{MAIN, SANDBOX};
use crate::story::{Step, on};
use crate::time::Time;
use crate::world::{Outcome, PROD, World};

pub(crate) fn plant(steps: &mut Vec<Step>) {
    type Action = fn(&mut World, Time) -> Outcome<()>;
    let planted: [(Time, Action); 18] = [
        (on(9, 10, 15, 0), require_tokens),
        (on(9, 11, 10, 0), delete_cache_bucket),
        (on(9, 12, 17, 30), stop_build),
        (on(9, 14, 13, 40), retire_etl),
        (on(9, 15, 9, 0), release_address),
        (on(9, 15, 9, 20), delete_key_pair),
        (on(9, 22, 14, 30), encrypt_logs),
        (on(9, 27, 1, 40), start_upgrade),
        (on(9, 27, 2, 25), finish_upgrade),
        (on(9, 28, 12, 0), delete_endpoint),
        (on(10, 1, 9, 0), recreate_cache_bucket),
        (on(10, 1, 16, 0), deregister_image),
        (on(10, 5, 4, 12), fail_over),
        (on(10, 8, 6, 20), grow_storage),
        (on(10, 12, 9, 30), delete_orphan),
        (on(10, 12, 11, 0), migrate_volumes),
        (on(10, 16, 11, 20), shrink_europe),
        (on(10, 22, 16, 0), tear_down_sandbox),
    ];
    for (at, action) in planted {
        steps.push(Step::new(at, move |world| action(world, at)));
    }
}

fn require_tokens(world: &mut World, at: Time) -> Outcome<()> {
    for fleet in [KAFKA, SEARCH, BASTION, BUILD] {
        for id in fleet.running(world) {
            world.edit(Kind::Instance, &id)?.put("/MetadataOptions/HttpTokens", "required")?;
            world.note("E13", at, Kind::Instance, &id, "IMDSv2 required (`MetadataOptions.HttpTokens`)")?;
        }
    }
    Ok(())
}

const CACHE_BUCKET: &str = "acme-prod-media-cache";

fn delete_cache_bucket(world: &mut World, at: Time) -> Outcome<()> {
    world.note("E10", at, Kind::Bucket, CACHE_BUCKET, "deleted")?;
    world.remove(Kind::Bucket, CACHE_BUCKET).map(drop)
}

fn recreate_cache_bucket(world: &mut World, at: Time) -> Outcome<()> {
    let wanted = bucket::Wanted { place: MAIN.place, name: CACHE_BUCKET, owner: "discovery", versioned: true, since: at };
    bucket::add(world, &wanted);
    world.note("E10", at, Kind::Bucket, CACHE_BUCKET, "made again under the same name, by another team, with versioning")
}

fn stop_build(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::Instance, PROD, "prod-build-1")?;
    instance::stop(world, &id, at)?;
    world.note("E13", at, Kind::Instance, &id, "stopped, and never started again")
}

fn retire_etl(world: &mut World, at: Time) -> Outcome<()> {
    for id in ETL.running(world) {
        let gone = world.get(Kind::Instance, &id)?.clone();
        let address = address_of(world, &id)?;
        instance::terminate(world, &id, at)?;
        world.note("E06", at, Kind::Instance, &id, "terminated")?;
        if let Some(data) = instance::volumes(&gone).pop() {
            world.note("E06", at, Kind::Volume, &data, "left behind: state `available`, attached to nothing")?;
        }
        world.note("E06", at, Kind::Address, &address, "left behind: associated with nothing")?;
    }
    let group = MAIN.group(world.dice, "legacy-etl");
    world.note("E06", at, Kind::SecurityGroup, &group, "used by no interface from here on; the group itself does not change")?;
    let unused = MAIN.group(world.dice, "jenkins-old");
    world.note("E06", crate::story::FIRST_DAY, Kind::SecurityGroup, &unused, "used by no interface, from before the first scan")
}

fn address_of(world: &World, instance: &str) -> Outcome<String> {
    let found = world.of(Kind::Address).find(|it| it.text("/InstanceId") == instance);
    found.map(|it| it.id.clone()).ok_or_else(|| format!("{instance} has no address"))
}

fn release_address(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::Address, PROD, "prod-legacy-etl-1")?;
    world.note("E06", at, Kind::Address, &id, "released; the other one is kept, unused")?;
    world.remove(Kind::Address, &id).map(drop)
}

fn delete_key_pair(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::KeyPair, PROD, "deploy-2019")?;
    world.note("E10", at, Kind::KeyPair, &id, "deleted")?;
    world.remove(Kind::KeyPair, &id).map(drop)
}

fn encrypt_logs(world: &mut World, at: Time) -> Outcome<()> {
    let id = "acme-prod-audit-logs";
    let key = image::key(world, &MAIN);
    world.edit(Kind::Bucket, id)?.put("/Encryption", bucket::encrypted_by_kms(&key))?;
    world.note("E09", at, Kind::Bucket, id, "default encryption changed from AES256 to aws:kms")
}

fn start_upgrade(world: &mut World, at: Time) -> Outcome<()> {
    let id = "billing-db";
    let snapshot = "preupgrade-billing-db-15-7-to-16-4";
    database::add_snapshot(world, &MAIN, id, snapshot, "manual", at)?;
    world.note("E09", at, Kind::DatabaseSnapshot, snapshot, "taken before the upgrade")?;
    let database = world.edit(Kind::Database, id)?;
    database.state = Some("upgrading".to_owned());
    database.put("/DBInstanceStatus", "upgrading")?;
    database.put("/PendingModifiedValues", json!({"EngineVersion": "16.4"}))?;
    world.note("E09", at, Kind::Database, id, "engine upgrade started: state `upgrading`")
}

fn finish_upgrade(world: &mut World, at: Time) -> Outcome<()> {
    let id = "billing-db";
    let database = world.edit(Kind::Database, id)?;
    database.state = Some("available".to_owned());
    database.put("/DBInstanceStatus", "available")?;
    database.put("/PendingModifiedValues", json!({}))?;
    database.put("/EngineVersion", "16.4")?;
    database.put("/DBParameterGroups/0/DBParameterGroupName", "default.postgres16")?;
    database.put("/OptionGroupMemberships/0/OptionGroupName", "default:postgres-16")?;
    world.note("E09", at, Kind::Database, id, "engine upgraded from 15.7 to 16.4")
}

fn delete_endpoint(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.find(Kind::Endpoint, PROD, "prod-ecr.api")?;
    world.note("E10", at, Kind::Endpoint, &id, "deleted, with its three network interfaces")?;
    let endpoint = world.remove(Kind::Endpoint, &id)?;
    let interfaces = endpoint.properties.get("NetworkInterfaceIds").and_then(serde_json::Value::as_array);
    for interface in interfaces.into_iter().flatten().filter_map(serde_json::Value::as_str) {
        interface::delete(world, interface)?;
    }
    Ok(())
}

fn deregister_image(world: &mut World, at: Time) -> Outcome<()> {
    let id = world.dice.id("ami", &MAIN.key("api-v41"));
    let image = world.get(Kind::Image, &id)?;
    let snapshot = image.text("/BlockDeviceMappings/0/Ebs/SnapshotId").to_owned();
    world.note("E06", at, Kind::Image, &id, "deregistered")?;
    world.remove(Kind::Image, &id)?;
    world.note("E06", at, Kind::Snapshot, &snapshot, "left behind: its image and its volume are gone; the snapshot itself does not change")
}

fn fail_over(world: &mut World, at: Time) -> Outcome<()> {
    let members = database::cluster_members(&ANALYTICS, 1);
    world.edit(Kind::Cluster, "analytics")?.put("/DBClusterMembers", members)?;
    world.note("E09", at, Kind::Cluster, "analytics", "failover: `analytics-2` writes instead of `analytics-1`")
}

fn grow_storage(world: &mut World, at: Time) -> Outcome<()> {
    world.edit(Kind::Database, "orders-db")?.put("/AllocatedStorage", 220)?;
    world.note("E09", at, Kind::Database, "orders-db", "storage grown by itself from 200 to 220 GiB")
}

fn delete_orphan(world: &mut World, at: Time) -> Outcome<()> {
    let orphan = world
        .of(Kind::Volume)
        .find(|it| it.name.as_deref() == Some("prod-legacy-etl-1") && it.state.as_deref() == Some("available"))
        .map(|it| it.id.clone());
    let id = orphan.ok_or("the volume of prod-legacy-etl-1 is gone")?;
    world.note("E06", at, Kind::Volume, &id, "deleted after four weeks; that of `prod-legacy-etl-2` is still there at the end")?;
    world.remove(Kind::Volume, &id).map(drop)
}

fn migrate_volumes(world: &mut World, at: Time) -> Outcome<()> {
    for broker in KAFKA.running(world) {
        let Some(id) = instance::volumes(world.get(Kind::Instance, &broker)?).pop() else { continue };
        let volume = world.edit(Kind::Volume, &id)?;
        volume.put("/VolumeType", "gp3")?;
        volume.put("/Iops", 3000)?;
        volume.put("/Throughput", 250)?;
        world.note("E13", at, Kind::Volume, &id, "migrated from gp2 to gp3")?;
    }
    Ok(())
}

fn shrink_europe(world: &mut World, at: Time) -> Outcome<()> {
    let Some(id) = API_EU.running(world).pop() else { return Err("no API instance in Europe".to_owned()) };
    instance::terminate(world, &id, at)?;
    world.note("E08", at, Kind::Instance, &id, "terminated while the region could not be listed; seen as gone only afterwards")
}

fn tear_down_sandbox(world: &mut World, at: Time) -> Outcome<()> {
    for id in PLAY.running(world) {
        instance::terminate(world, &id, at)?;
        world.note("E10", at, Kind::Instance, &id, "terminated with the sandbox")?;
    }
    let vpc = SANDBOX.vpc(world.dice);
    let inside: Vec<(Kind, String)> = world
        .all()
        .filter(|it| it.text("/VpcId") == vpc || it.text("/Attachments/0/VpcId") == vpc)
        .map(|it| (it.kind, it.id.clone()))
        .collect();
    for (kind, id) in inside {
        world.note("E10", at, kind, &id, "deleted with the sandbox's VPC")?;
        world.remove(kind, &id)?;
    }
    Ok(())
}
