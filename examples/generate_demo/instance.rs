//! Instances and their volumes: start, stop, change, terminate, and replace one by one.

use serde_json::{Value, json};

use crate::image;
use crate::interface::{self, Attached};
use crate::kind::Kind;
use crate::network;
use crate::site::Site;
use crate::time::Time;
use crate::world::{Outcome, Resource, Tags, World};

/// How long the cloud goes on listing a terminated instance.
const LINGERS_MINUTES: i64 = 60;
const REPLACE_EVERY_MINUTES: i64 = 5;

/// What the instances of one service have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fleet {
    pub(crate) site: Site,
    pub(crate) service: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) tier: &'static str,
    pub(crate) instance_type: &'static str,
    pub(crate) key_name: &'static str,
    /// The version of the image that the first instances start from.
    pub(crate) version: i64,
    /// Instances of a group that scales all have its name; others are numbered.
    pub(crate) scales: bool,
    /// A data volume that outlives the instance.
    pub(crate) data_gib: Option<i64>,
    pub(crate) public: bool,
    pub(crate) tokens: &'static str,
}

impl Fleet {
    fn image(&self, world: &World) -> String {
        let version = world.version(&self.site.key(self.service)).unwrap_or(self.version);
        world.dice.id("ami", &self.site.key(&format!("{}-v{version}", self.service)))
    }

    /// The running instances of the service, oldest first.
    pub(crate) fn running(&self, world: &World) -> Vec<String> {
        let mut found: Vec<(Time, String)> = world
            .of(Kind::Instance)
            .filter(|it| it.place == self.site.place && it.tag("service") == Some(self.service))
            .filter(|it| it.state.as_deref() == Some("running"))
            .filter_map(|it| Some((it.created_at?, it.id.clone())))
            .collect();
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    }
}

/// Starts one instance of a fleet with its interface and volumes, and returns its id.
pub(crate) fn launch(world: &mut World, fleet: &Fleet, at: Time) -> Outcome<String> {
    let site = &fleet.site;
    let number = world.count_up(&site.key(fleet.service));
    let id = world.dice.id("i", &site.key(&format!("{} {number}", fleet.service)));
    let turn = usize::try_from(number - 1).unwrap_or(0) % site.zones.len().max(1);
    let zone = site.zones.get(turn).copied().unwrap_or("a");
    let stem = format!("{}-{}", site.label, fleet.service);
    let name = if fleet.scales { stem.clone() } else { format!("{stem}-{number}") };
    let mut tags = site.tags(&name, fleet.service, fleet.owner);
    let volume_tags = tags.clone();
    let attached = Attached { instance: &id, tier: fleet.tier, zone, group: fleet.service, since: at };
    let eni = interface::add_attached(world, site, &attached, volume_tags.clone());
    if fleet.scales {
        let template = image::launch_template(world, site, fleet.service);
        tags.insert("aws:autoscaling:groupName".to_owned(), stem);
        tags.insert("aws:ec2launchtemplate:id".to_owned(), template);
    }
    if fleet.public {
        let address = network::add_address(world, site, &name, volume_tags.clone());
        interface::associate(world, &eni, &address, Some(&id))?;
    }
    let snapshot = root_snapshot(world, fleet)?;
    let mut disks = vec![add_volume(world, site, &id, zone, &Disk::root(snapshot, at), volume_tags.clone())];
    if let Some(gib) = fleet.data_gib {
        disks.push(add_volume(world, site, &id, zone, &Disk::data(gib, at), volume_tags));
    }
    let properties = describe(world, fleet, &id, zone, &eni, &disks, at)?;
    let resource = Resource::new(site.place, Kind::Instance, &id, tags, properties);
    world.add(resource.in_state("running").created(at));
    Ok(id)
}

/// Terminates an instance: its interface and root volume go at once, data volumes and addresses stay behind unused.
pub(crate) fn terminate(world: &mut World, id: &str, at: Time) -> Outcome<()> {
    let instance = world.get(Kind::Instance, id)?.clone();
    let eni = instance.text("/NetworkInterfaces/0/NetworkInterfaceId").to_owned();
    interface::delete(world, &eni)?;
    for volume in volumes(&instance) {
        let disk = world.edit(Kind::Volume, &volume)?;
        if disk.properties.pointer("/Attachments/0/DeleteOnTermination") == Some(&json!(true)) {
            world.remove(Kind::Volume, &volume)?;
        } else {
            disk.put("/Attachments", json!([]))?;
            disk.put("/State", "available")?;
            disk.state = Some("available".to_owned());
        }
    }
    let instance = world.edit(Kind::Instance, id)?;
    instance.drop_members(&["PrivateIpAddress", "PublicIpAddress", "SubnetId", "VpcId", "SourceDestCheck", "PrivateDnsNameOptions"]);
    for emptied in ["/NetworkInterfaces", "/SecurityGroups", "/BlockDeviceMappings"] {
        instance.put(emptied, json!([]))?;
    }
    instance.put("/PrivateDnsName", "")?;
    instance.put("/PublicDnsName", "")?;
    leave(instance, 48, "terminated", at)?;
    world.forget_at(at.plus_minutes(LINGERS_MINUTES), id);
    Ok(())
}

/// Stops an instance; all it has stays with it.
pub(crate) fn stop(world: &mut World, id: &str, at: Time) -> Outcome<()> {
    leave(world.edit(Kind::Instance, id)?, 80, "stopped", at)
}

/// Changes the type of an instance, which takes a stop and a start.
pub(crate) fn resize(world: &mut World, id: &str, instance_type: &str, at: Time) -> Outcome<()> {
    let instance = world.edit(Kind::Instance, id)?;
    instance.put("/InstanceType", instance_type)?;
    instance.put("/LaunchTime", at.cli())?;
    instance.put("/CpuOptions", cpu(instance_type))?;
    instance.created_at = Some(at);
    Ok(())
}

/// Starts or terminates instances until `wanted` run: the newest go first.
pub(crate) fn scale(world: &mut World, fleet: &Fleet, wanted: usize, at: Time) -> Outcome<()> {
    let running = fleet.running(world);
    for step in running.len()..wanted {
        launch(world, fleet, at.plus_seconds(i64::try_from(step).unwrap_or(0) * 7))?;
    }
    for id in running.iter().skip(wanted) {
        terminate(world, id, at)?;
    }
    Ok(())
}

/// A rolling deploy: every running instance is replaced by one from the fleet's image. Returns (old, new, time of each).
pub(crate) fn replace_all(world: &mut World, fleet: &Fleet, at: Time) -> Outcome<Vec<(String, String, Time)>> {
    let template = image::launch_template(world, &fleet.site, fleet.service);
    image::bump_launch_template(world, &template)?;
    let mut moment = at;
    let mut replaced = Vec::new();
    for old in fleet.running(world) {
        let new = launch(world, fleet, moment)?;
        moment = moment.plus_minutes(REPLACE_EVERY_MINUTES);
        terminate(world, &old, moment)?;
        replaced.push((old, new, moment));
    }
    Ok(replaced)
}

/// The ids of an instance's volumes.
pub(crate) fn volumes(instance: &Resource) -> Vec<String> {
    let mappings = instance.properties.pointer("/BlockDeviceMappings").and_then(Value::as_array);
    let ids = mappings.into_iter().flatten().filter_map(|mapping| mapping.pointer("/Ebs/VolumeId"));
    ids.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn leave(instance: &mut Resource, code: i64, state: &str, at: Time) -> Outcome<()> {
    instance.state = Some(state.to_owned());
    instance.put("/State", json!({"Code": code, "Name": state}))?;
    instance.put("/StateTransitionReason", format!("User initiated ({})", at.gmt()))?;
    instance.put(
        "/StateReason",
        json!({
            "Code": "Client.UserInitiatedShutdown",
            "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
        }),
    )
}

fn root_snapshot(world: &World, fleet: &Fleet) -> Outcome<String> {
    let image = world.get(Kind::Image, &fleet.image(world))?;
    Ok(image.text("/BlockDeviceMappings/0/Ebs/SnapshotId").to_owned())
}

struct Disk {
    device: &'static str,
    gib: i64,
    kind: &'static str,
    snapshot: String,
    deleted_with_instance: bool,
    at: Time,
}

impl Disk {
    const fn root(snapshot: String, at: Time) -> Self {
        let gib = image::ROOT_GIB;
        Self { device: "/dev/xvda", gib, kind: "gp3", snapshot, deleted_with_instance: true, at }
    }

    const fn data(gib: i64, at: Time) -> Self {
        Self { device: "/dev/sdf", gib, kind: "gp2", snapshot: String::new(), deleted_with_instance: false, at }
    }
}

/// Adds a volume attached to an instance, and returns how the instance shows it.
fn add_volume(world: &mut World, site: &Site, instance: &str, zone: &str, disk: &Disk, tags: Tags) -> Value {
    let id = world.dice.id("vol", &format!("{instance} {}", disk.device));
    let attached = json!({
        "AttachTime": disk.at.cli(),
        "DeleteOnTermination": disk.deleted_with_instance,
        "Device": disk.device,
        "InstanceId": instance,
        "State": "attached",
        "VolumeId": id,
    });
    let mut properties = json!({
        "Attachments": [attached],
        "AvailabilityZone": site.zone_name(zone),
        "AvailabilityZoneId": site.zone_id(zone),
        "CreateTime": disk.at.cli(),
        "Encrypted": true,
        "Iops": if disk.kind == "gp3" { 3000 } else { (disk.gib * 3).max(100) },
        "KmsKeyId": image::key(world, site),
        "MultiAttachEnabled": false,
        "Operator": {"Managed": false},
        "Size": disk.gib,
        "SnapshotId": disk.snapshot,
        "State": "in-use",
        "VolumeId": id,
        "VolumeType": disk.kind,
    });
    if disk.kind == "gp3"
        && let Value::Object(members) = &mut properties
    {
        members.insert("Throughput".to_owned(), json!(125));
    }
    let resource = Resource::new(site.place, Kind::Volume, &id, tags, properties);
    world.add(resource.in_state("in-use").created(disk.at));
    json!({
        "DeviceName": disk.device,
        "Ebs": {
            "AttachTime": disk.at.cli(),
            "DeleteOnTermination": disk.deleted_with_instance,
            "Status": "attached",
            "VolumeId": id,
        },
    })
}

fn describe(world: &World, fleet: &Fleet, id: &str, zone: &str, eni: &str, disks: &[Value], at: Time) -> Outcome<Value> {
    let site = &fleet.site;
    let interface = world.get(Kind::Interface, eni)?;
    let private = interface.text("/PrivateIpAddress");
    let mut properties = json!({
        "AmiLaunchIndex": 0,
        "Architecture": "x86_64",
        "BlockDeviceMappings": disks,
        "BootMode": "uefi-preferred",
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
        "ClientToken": world.dice.uuid(id),
        "CpuOptions": cpu(fleet.instance_type),
        "CurrentInstanceBootMode": "uefi",
        "EbsOptimized": true,
        "EnaSupport": true,
        "EnclaveOptions": {"Enabled": false},
        "HibernationOptions": {"Configured": false},
        "Hypervisor": "xen",
        "IamInstanceProfile": {
            "Arn": format!("arn:aws:iam::{}:instance-profile/{}-{}", site.place.account, site.label, fleet.service),
            "Id": format!("AIPA{}", world.dice.hex(&site.key(fleet.service), 17).to_uppercase()),
        },
        "ImageId": fleet.image(world),
        "InstanceId": id,
        "InstanceType": fleet.instance_type,
        "KeyName": fleet.key_name,
        "LaunchTime": at.cli(),
        "MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"},
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "HttpPutResponseHopLimit": 2,
            "HttpTokens": fleet.tokens,
            "InstanceMetadataTags": "disabled",
            "State": "applied",
        },
        "Monitoring": {"State": "disabled"},
        "NetworkInterfaces": [nested_interface(interface)],
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "Operator": {"Managed": false},
        "Placement": {"AvailabilityZone": site.zone_name(zone), "AvailabilityZoneId": site.zone_id(zone), "GroupName": "", "Tenancy": "default"},
        "PlatformDetails": "Linux/UNIX",
        "PrivateDnsName": interface.text("/PrivateDnsName"),
        "PrivateDnsNameOptions": {
            "EnableResourceNameDnsAAAARecord": false,
            "EnableResourceNameDnsARecord": false,
            "HostnameType": "ip-name",
        },
        "PrivateIpAddress": private,
        "ProductCodes": [],
        "PublicDnsName": interface.text("/Association/PublicDnsName"),
        "RootDeviceName": "/dev/xvda",
        "RootDeviceType": "ebs",
        "SecurityGroups": interface.properties.get("Groups"),
        "SourceDestCheck": true,
        "State": {"Code": 16, "Name": "running"},
        "StateTransitionReason": "",
        "SubnetId": interface.text("/SubnetId"),
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": at.cli(),
        "VirtualizationType": "hvm",
        "VpcId": interface.text("/VpcId"),
    });
    let public = interface.text("/Association/PublicIp");
    if !public.is_empty()
        && let Value::Object(members) = &mut properties
    {
        members.insert("PublicIpAddress".to_owned(), json!(public));
    }
    Ok(properties)
}

/// How an instance shows its interface: most of it, without what only `describe-network-interfaces` tells.
fn nested_interface(interface: &Resource) -> Value {
    let mut nested = interface.properties.clone();
    if let Value::Object(members) = &mut nested {
        for left_out in ["AvailabilityZone", "AvailabilityZoneId", "NetworkInterfaceArn", "RequesterManaged"] {
            members.remove(left_out);
        }
    }
    if let Some(Value::Object(attachment)) = nested.pointer_mut("/Attachment") {
        attachment.remove("InstanceId");
        attachment.remove("InstanceOwnerId");
    }
    for association in ["/Association", "/PrivateIpAddresses/0/Association"] {
        if let Some(Value::Object(association)) = nested.pointer_mut(association) {
            association.remove("AllocationId");
            association.remove("AssociationId");
        }
    }
    nested
}

fn cpu(instance_type: &str) -> Value {
    let cores = match instance_type.rsplit('.').next() {
        Some("xlarge") => 2,
        Some("2xlarge") => 4,
        _ => 1,
    };
    json!({"CoreCount": cores, "ThreadsPerCore": 2})
}
