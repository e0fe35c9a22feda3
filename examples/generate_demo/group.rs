//! Security groups and the rules that open and close them.

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::site::Site;
use crate::world::{Outcome, Resource, Tags, World, arn};

pub(crate) const ANYWHERE: &str = "0.0.0.0/0";

/// Who may come in.
#[derive(Clone, Copy)]
pub(crate) enum From {
    /// A range of addresses, and what the rule's description says of it.
    Range(&'static str, &'static str),
    /// Another group of the same site.
    Group(&'static str),
}

/// A group of a site's VPC; `rules` are a TCP port and who may reach it.
pub(crate) fn add(world: &mut World, site: &Site, name: &str, owner: &str, rules: &[(i64, From)]) {
    let id = site.group(world.dice, name);
    let full_name = format!("{}-{name}", site.label);
    let permissions: Vec<Value> = rules.iter().map(|(port, from)| permission(world, site, *port, *from)).collect();
    let vpc = site.vpc(world.dice);
    let description = format!("{name} of {}", site.label);
    let properties = describe(site, &Described { id: &id, name: &full_name, vpc: &vpc, description: &description }, &permissions);
    let tags = site.tags(&full_name, name, owner);
    world.add(Resource::new(site.place, Kind::SecurityGroup, &id, tags, properties));
}

/// The group that AWS makes in every VPC: whoever is in it may reach each other.
pub(crate) fn add_default(world: &mut World, site: &Site, vpc: &str) {
    let id = world.dice.id("sg", &format!("default {vpc}"));
    let inside = json!({
        "IpProtocol": "-1",
        "IpRanges": [],
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "UserIdGroupPairs": [{"GroupId": id, "UserId": site.place.account}],
    });
    let described = Described { id: &id, name: "default", vpc, description: "default VPC security group" };
    let properties = describe(site, &described, &[inside]);
    let resource = Resource::new(site.place, Kind::SecurityGroup, &id, Tags::new(), properties);
    world.add(resource.named("default"));
}

/// Lets everybody in on a TCP port, beside those who may already.
pub(crate) fn open_to_world(world: &mut World, group: &str, port: i64, why: &str) -> Outcome<()> {
    let resource = world.edit(Kind::SecurityGroup, group)?;
    let range = json!({"CidrIp": ANYWHERE, "Description": why});
    let Some(Value::Array(permissions)) = resource.properties.pointer_mut("/IpPermissions") else {
        return Err(format!("{group} has no rules"));
    };
    for permission in permissions.iter_mut() {
        if permission.get("FromPort") == Some(&json!(port))
            && let Some(Value::Array(ranges)) = permission.get_mut("IpRanges")
        {
            ranges.insert(0, range);
            return Ok(());
        }
    }
    permissions.push(tcp(port, &[range], &[]));
    Ok(())
}

/// Takes the rule of [`open_to_world`] back.
pub(crate) fn close_to_world(world: &mut World, group: &str, port: i64) -> Outcome<()> {
    let resource = world.edit(Kind::SecurityGroup, group)?;
    let Some(Value::Array(permissions)) = resource.properties.pointer_mut("/IpPermissions") else {
        return Err(format!("{group} has no rules"));
    };
    for permission in permissions.iter_mut() {
        if permission.get("FromPort") == Some(&json!(port))
            && let Some(Value::Array(ranges)) = permission.get_mut("IpRanges")
        {
            ranges.retain(|range| range.get("CidrIp") != Some(&json!(ANYWHERE)));
        }
    }
    let none = |permission: &Value, member: &str| permission.get(member) == Some(&json!([]));
    permissions.retain(|it| !(none(it, "IpRanges") && none(it, "UserIdGroupPairs")));
    Ok(())
}

struct Described<'a> {
    id: &'a str,
    name: &'a str,
    vpc: &'a str,
    description: &'a str,
}

fn describe(site: &Site, group: &Described<'_>, permissions: &[Value]) -> Value {
    json!({
        "Description": group.description,
        "GroupId": group.id,
        "GroupName": group.name,
        "IpPermissions": permissions,
        "IpPermissionsEgress": [{
            "IpProtocol": "-1",
            "IpRanges": [{"CidrIp": ANYWHERE}],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        }],
        "OwnerId": site.place.account,
        "SecurityGroupArn": arn(site.place, Kind::SecurityGroup, group.id),
        "VpcId": group.vpc,
    })
}

fn permission(world: &World, site: &Site, port: i64, from: From) -> Value {
    match from {
        From::Range(cidr, "") => tcp(port, &[json!({"CidrIp": cidr})], &[]),
        From::Range(cidr, why) => tcp(port, &[json!({"CidrIp": cidr, "Description": why})], &[]),
        From::Group(name) => {
            let id = site.group(world.dice, name);
            tcp(port, &[], &[json!({"GroupId": id, "UserId": site.place.account})])
        }
    }
}

fn tcp(port: i64, ranges: &[Value], groups: &[Value]) -> Value {
    json!({
        "FromPort": port,
        "IpProtocol": "tcp",
        "IpRanges": ranges,
        "Ipv6Ranges": [],
        "PrefixListIds": [],
        "ToPort": port,
        "UserIdGroupPairs": groups,
    })
}
