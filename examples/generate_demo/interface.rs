//! Network interfaces: those of instances, and those that AWS services keep (NAT, load balancers, databases, endpoints).

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::site::Site;
use crate::time::Time;
use crate::world::{Outcome, Resource, Tags, World, arn};

/// The first host number that is handed out: AWS keeps the first four of a subnet.
const HOST_FIRST: i64 = 10;
const HOST_COUNT: i64 = 240;

/// An interface that belongs to an AWS service.
pub(crate) struct Managed<'a> {
    pub(crate) label: &'a str,
    pub(crate) tier: &'a str,
    pub(crate) zone: &'a str,
    /// A security group by its name; empty for none.
    pub(crate) group: &'a str,
    pub(crate) description: &'a str,
    pub(crate) interface_type: &'a str,
    pub(crate) requester: &'a str,
    pub(crate) since: Time,
}

/// Where an interface of an instance is.
pub(crate) struct Attached<'a> {
    pub(crate) instance: &'a str,
    pub(crate) tier: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) group: &'a str,
    pub(crate) since: Time,
}

/// Adds the interface of a service, and returns its id.
pub(crate) fn add_managed(world: &mut World, site: &Site, wanted: &Managed<'_>) -> String {
    let id = world.dice.id("eni", &site.key(wanted.label));
    let attachment = json!({
        "AttachTime": wanted.since.cli(),
        "AttachmentId": world.dice.id("ela-attach", &id),
        "DeleteOnTermination": false,
        "DeviceIndex": 1,
        "InstanceOwnerId": if wanted.requester == "amazon-rds" { "amazon-rds" } else { "amazon-aws" },
        "Status": "attached",
    });
    let mut properties = describe(world, site, &id, wanted.tier, wanted.zone, wanted.group);
    if let Value::Object(members) = &mut properties {
        members.insert("Attachment".to_owned(), attachment);
        members.insert("Description".to_owned(), json!(wanted.description));
        members.insert("InterfaceType".to_owned(), json!(wanted.interface_type));
        members.insert("RequesterId".to_owned(), json!(wanted.requester));
        members.insert("RequesterManaged".to_owned(), json!(true));
        members.insert("SourceDestCheck".to_owned(), json!(wanted.interface_type == "interface"));
    }
    let resource = Resource::new(site.place, Kind::Interface, &id, Tags::new(), properties);
    world.add(resource.in_state("in-use"));
    id
}

/// Adds the first interface of an instance, and returns its id.
pub(crate) fn add_attached(world: &mut World, site: &Site, wanted: &Attached<'_>, tags: Tags) -> String {
    let id = world.dice.id("eni", wanted.instance);
    let mut properties = describe(world, site, &id, wanted.tier, wanted.zone, wanted.group);
    if let Value::Object(members) = &mut properties {
        let attachment = json!({
            "AttachTime": wanted.since.cli(),
            "AttachmentId": world.dice.id("eni-attach", &id),
            "DeleteOnTermination": true,
            "DeviceIndex": 0,
            "InstanceId": wanted.instance,
            "InstanceOwnerId": site.place.account,
            "NetworkCardIndex": 0,
            "Status": "attached",
        });
        members.insert("Attachment".to_owned(), attachment);
    }
    world.add(Resource::new(site.place, Kind::Interface, &id, tags, properties).in_state("in-use"));
    id
}

/// Ties an address to an interface, and returns the association's id.
pub(crate) fn associate(world: &mut World, interface: &str, address: &str, instance: Option<&str>) -> Outcome<String> {
    let association = world.dice.id("eipassoc", &format!("{interface} {address}"));
    let private = world.get(Kind::Interface, interface)?.text("/PrivateIpAddress").to_owned();
    let held = world.edit(Kind::Address, address)?;
    held.put("/AssociationId", association.as_str())?;
    held.put("/NetworkInterfaceId", interface)?;
    held.put("/NetworkInterfaceOwnerId", held.place.account)?;
    held.put("/PrivateIpAddress", private)?;
    if let Some(instance) = instance {
        held.put("/InstanceId", instance)?;
    }
    let public = held.text("/PublicIp").to_owned();
    let tied = json!({
        "AllocationId": address,
        "AssociationId": association,
        "IpOwnerId": held.place.account,
        "PublicDnsName": public_name(held.place.region, &public),
        "PublicIp": public,
    });
    let interface = world.edit(Kind::Interface, interface)?;
    interface.put("/Association", tied.clone())?;
    interface.put("/PrivateIpAddresses/0/Association", tied)?;
    Ok(association)
}

/// Takes an interface away; an address it had stays behind, tied to nothing.
pub(crate) fn delete(world: &mut World, interface: &str) -> Outcome<Option<String>> {
    let gone = world.remove(Kind::Interface, interface)?;
    let address = gone.text("/Association/AllocationId").to_owned();
    if address.is_empty() {
        return Ok(None);
    }
    world.edit(Kind::Address, &address)?.drop_members(&[
        "AssociationId",
        "InstanceId",
        "NetworkInterfaceId",
        "NetworkInterfaceOwnerId",
        "PrivateIpAddress",
    ]);
    Ok(Some(address))
}

pub(crate) fn public_name(region: &str, address: &str) -> String {
    let dashed = address.replace('.', "-");
    if region == "us-east-1" {
        format!("ec2-{dashed}.compute-1.amazonaws.com")
    } else {
        format!("ec2-{dashed}.{region}.compute.amazonaws.com")
    }
}

pub(crate) fn private_name(region: &str, address: &str) -> String {
    let dashed = address.replace('.', "-");
    if region == "us-east-1" { format!("ip-{dashed}.ec2.internal") } else { format!("ip-{dashed}.{region}.compute.internal") }
}

/// What all interfaces have in common.
fn describe(world: &mut World, site: &Site, id: &str, tier: &str, zone: &str, group: &str) -> Value {
    let address = free_address(world, site, tier, zone);
    let dns = private_name(site.place.region, &address);
    let groups = if group.is_empty() {
        json!([])
    } else {
        json!([{"GroupId": site.group(world.dice, group), "GroupName": format!("{}-{group}", site.label)}])
    };
    json!({
        "AvailabilityZone": site.zone_name(zone),
        "AvailabilityZoneId": site.zone_id(zone),
        "Description": "",
        "Groups": groups,
        "InterfaceType": "interface",
        "Ipv6Addresses": [],
        "MacAddress": world.dice.mac(id),
        "NetworkInterfaceArn": arn(site.place, Kind::Interface, id),
        "NetworkInterfaceId": id,
        "Operator": {"Managed": false},
        "OwnerId": site.place.account,
        "PrivateDnsName": dns,
        "PrivateIpAddress": address,
        "PrivateIpAddresses": [{"Primary": true, "PrivateDnsName": dns, "PrivateIpAddress": address}],
        "RequesterManaged": false,
        "SourceDestCheck": true,
        "Status": "in-use",
        "SubnetId": site.subnet(world.dice, tier, zone),
        "VpcId": site.vpc(world.dice),
    })
}

/// The next address of a subnet that no interface has.
fn free_address(world: &mut World, site: &Site, tier: &str, zone: &str) -> String {
    let subnet = site.subnet(world.dice, tier, zone);
    let third = site.third_octet(tier, zone);
    loop {
        let turn = world.count_up(&subnet);
        let address = format!("{}.{third}.{}", site.prefix, HOST_FIRST + turn.rem_euclid(HOST_COUNT));
        let taken = world.of(Kind::Interface).any(|it| it.text("/PrivateIpAddress") == address && it.text("/SubnetId") == subnet);
        if !taken {
            return address;
        }
    }
}
