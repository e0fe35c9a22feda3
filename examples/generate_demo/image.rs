//! What instances are started from: images with their snapshots, key pairs and launch templates; and snapshots of volumes.

use serde_json::json;

use crate::kind::Kind;
use crate::site::Site;
use crate::time::Time;
use crate::world::{Outcome, Resource, Tags, World, tags};

const ROOT_DEVICE: &str = "/dev/xvda";
pub(crate) const ROOT_GIB: i64 = 30;

/// Makes an image `service-version` with the snapshot under it, and returns the image's id.
pub(crate) fn bake(world: &mut World, site: &Site, service: &str, version: i64, at: Time) -> String {
    let name = format!("{service}-v{version}");
    let id = world.dice.id("ami", &site.key(&name));
    let builder = world.dice.id("vol", &site.key(&format!("builder {name}")));
    let description = format!("Created by CreateImage for {id}");
    let tags = site.tags(&name, service, "platform");
    let snapshot = Taken { label: &name, volume: &builder, gib: ROOT_GIB, description: &description, at };
    let snapshot = add_snapshot(world, site, &snapshot, tags.clone());
    let properties = json!({
        "Architecture": "x86_64",
        "BlockDeviceMappings": [{
            "DeviceName": ROOT_DEVICE,
            "Ebs": {
                "DeleteOnTermination": true,
                "Encrypted": true,
                "Iops": 3000,
                "SnapshotId": snapshot,
                "Throughput": 125,
                "VolumeSize": ROOT_GIB,
                "VolumeType": "gp3",
            },
        }],
        "BootMode": "uefi-preferred",
        "CreationDate": at.millis(),
        "Description": format!("{service} on Amazon Linux 2023"),
        "EnaSupport": true,
        "Hypervisor": "xen",
        "ImageId": id,
        "ImageLocation": format!("{}/{name}", site.place.account),
        "ImageType": "machine",
        "ImdsSupport": "v2.0",
        "Name": name,
        "OwnerId": site.place.account,
        "PlatformDetails": "Linux/UNIX",
        "Public": false,
        "RootDeviceName": ROOT_DEVICE,
        "RootDeviceType": "ebs",
        "SriovNetSupport": "simple",
        "State": "available",
        "UsageOperation": "RunInstances",
        "VirtualizationType": "hvm",
    });
    let resource = Resource::new(site.place, Kind::Image, &id, tags, properties);
    world.add(resource.in_state("available").created(at));
    id
}

/// A snapshot to take.
pub(crate) struct Taken<'a> {
    pub(crate) label: &'a str,
    pub(crate) volume: &'a str,
    pub(crate) gib: i64,
    pub(crate) description: &'a str,
    pub(crate) at: Time,
}

/// Adds a finished snapshot of a volume, and returns its id.
pub(crate) fn add_snapshot(world: &mut World, site: &Site, taken: &Taken<'_>, tags: Tags) -> String {
    let id = world.dice.id("snap", &site.key(taken.label));
    let took = world.dice.between(&format!("took {id}"), 90, 900);
    let properties = json!({
        "CompletionTime": taken.at.plus_seconds(took).cli(),
        "Description": taken.description,
        "Encrypted": true,
        "FullSnapshotSizeInBytes": taken.gib * world.dice.between(&id, 300, 900) * 1_048_576,
        "KmsKeyId": key(world, site),
        "OwnerId": site.place.account,
        "Progress": "100%",
        "SnapshotId": id,
        "StartTime": taken.at.cli(),
        "State": "completed",
        "StorageTier": "standard",
        "TransferType": "standard",
        "VolumeId": taken.volume,
        "VolumeSize": taken.gib,
    });
    let resource = Resource::new(site.place, Kind::Snapshot, &id, tags, properties);
    world.add(resource.in_state("completed").created(taken.at));
    id
}

/// Adds a key pair; only its fingerprint, as the API has no more.
pub(crate) fn add_key_pair(world: &mut World, site: &Site, name: &str, owner: &str, at: Time) -> String {
    let id = world.dice.id("key", &site.key(name));
    let digits: Vec<char> = world.dice.hex(&format!("fingerprint {id}"), 40).chars().collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
    let properties = json!({
        "CreateTime": at.cli(),
        "KeyFingerprint": pairs.join(":"),
        "KeyName": name,
        "KeyPairId": id,
        "KeyType": "rsa",
    });
    let tags = tags(&[("owner", owner), ("env", site.env)]);
    world.add(Resource::new(site.place, Kind::KeyPair, &id, tags, properties).named(name).created(at));
    id
}

/// Adds the launch template of a service, at version 1.
pub(crate) fn add_launch_template(world: &mut World, site: &Site, service: &str, owner: &str, at: Time) {
    let id = launch_template(world, site, service);
    let name = format!("{}-{service}", site.label);
    let properties = json!({
        "CreateTime": at.cli(),
        "CreatedBy": format!("arn:aws:sts::{}:assumed-role/terraform/ci", site.place.account),
        "DefaultVersionNumber": 1,
        "LatestVersionNumber": 1,
        "LaunchTemplateId": id,
        "LaunchTemplateName": name,
        "Operator": {"Managed": false},
    });
    let tags = site.tags(&name, service, owner);
    world.add(Resource::new(site.place, Kind::LaunchTemplate, &id, tags, properties).created(at));
}

/// The id that a service's launch template has or would have.
pub(crate) fn launch_template(world: &World, site: &Site, service: &str) -> String {
    world.dice.id("lt", &site.key(service))
}

/// Gives a launch template its next version, and returns the number.
pub(crate) fn bump_launch_template(world: &mut World, id: &str) -> Outcome<i64> {
    let template = world.edit(Kind::LaunchTemplate, id)?;
    let latest = template.properties.pointer("/LatestVersionNumber").and_then(serde_json::Value::as_i64);
    let version = latest.unwrap_or(0) + 1;
    template.put("/LatestVersionNumber", version)?;
    template.put("/DefaultVersionNumber", version)?;
    Ok(version)
}

/// The key that encrypts a site's volumes.
pub(crate) fn key(world: &World, site: &Site) -> String {
    let id = world.dice.uuid(&format!("key {} {}", site.place.account, site.place.region));
    format!("arn:aws:kms:{}:{}:key/{id}", site.place.region, site.place.account)
}
