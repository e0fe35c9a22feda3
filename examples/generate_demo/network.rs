//! Networks: VPCs, subnets, route tables, gateways, addresses, network ACLs and endpoints, as the EC2 API describes them.

use serde_json::{Value, json};

use crate::interface::{self, Managed};
use crate::kind::Kind;
use crate::site::Site;
use crate::time::Time;
use crate::world::{Outcome, Resource, Tags, World, arn};

const TEAM: &str = "platform";

/// The VPC of a site with its subnets, route tables, gateways and ACLs. One NAT gateway in each zone named.
pub(crate) fn build(world: &mut World, site: &Site, nat_zones: &[&str], since: Time) -> Outcome<()> {
    let vpc = site.vpc(world.dice);
    add_vpc(world, site, &vpc, &format!("{}.0.0/16", site.prefix), false, site.tags(site.label, "network", TEAM));
    let gateway = site.internet_gateway(world.dice);
    add_internet_gateway(world, site, &gateway, &vpc, site.tags(site.label, "network", TEAM));
    let mut subnets = Vec::new();
    for tier in site.tiers {
        for zone in site.zones {
            let subnet = site.subnet(world.dice, tier, zone);
            let cidr = format!("{}.{}.0/24", site.prefix, site.third_octet(tier, zone));
            let name = format!("{}-{tier}-{zone}", site.label);
            let tags = site.tags(&name, "network", TEAM);
            add_subnet(world, site, &Subnet { id: &subnet, vpc: &vpc, cidr: &cidr, zone, default: false }, tags);
            if *tier == "public" {
                world.edit(Kind::Subnet, &subnet)?.put("/MapPublicIpOnLaunch", true)?;
            }
            subnets.push(subnet);
        }
    }
    for zone in nat_zones {
        add_nat_gateway(world, site, zone, since)?;
    }
    add_route_tables(world, site, &vpc, nat_zones);
    add_network_acl(world, site, "default", &vpc, &subnets, Tags::new());
    Ok(())
}

/// The VPC that AWS makes in every region of an account, with three subnets; nobody tags it.
pub(crate) fn build_default(world: &mut World, site: &Site) {
    let vpc = world.dice.id("vpc", &site.key("default"));
    add_vpc(world, site, &vpc, "172.31.0.0/16", true, Tags::new());
    let gateway = world.dice.id("igw", &site.key("default"));
    add_internet_gateway(world, site, &gateway, &vpc, Tags::new());
    let mut subnets = Vec::new();
    for (zone, cidr) in [("a", "172.31.0.0/20"), ("b", "172.31.16.0/20"), ("c", "172.31.32.0/20")] {
        let subnet = world.dice.id("subnet", &site.key(&format!("default-{zone}")));
        add_subnet(world, site, &Subnet { id: &subnet, vpc: &vpc, cidr, zone, default: true }, Tags::new());
        subnets.push(subnet);
    }
    let routes = [local_route("172.31.0.0/16"), gateway_route(&gateway)];
    add_route_table(world, site, "default-vpc", &vpc, &Bound::Main, &routes, Tags::new());
    add_network_acl(world, site, "default-vpc", &vpc, &subnets, Tags::new());
}

/// The default route through an internet gateway.
pub(crate) fn gateway_route(gateway: &str) -> Value {
    json!({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway, "Origin": "CreateRoute", "State": "active"})
}

/// The default route through a NAT gateway.
pub(crate) fn nat_route(nat: &str) -> Value {
    json!({"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat, "Origin": "CreateRoute", "State": "active"})
}

/// An Elastic IP that nothing uses yet.
pub(crate) fn add_address(world: &mut World, site: &Site, name: &str, tags: Tags) -> String {
    let id = world.dice.id("eipalloc", &site.key(name));
    let public = public_address(world);
    let properties = json!({
        "AllocationId": id,
        "Domain": "vpc",
        "NetworkBorderGroup": site.place.region,
        "PublicIp": public,
        "PublicIpv4Pool": "amazon",
    });
    world.add(Resource::new(site.place, Kind::Address, &id, tags, properties));
    id
}

/// A gateway endpoint (`s3`, `dynamodb`): a route in each table named.
pub(crate) fn add_gateway_endpoint(world: &mut World, site: &Site, service: &str, tables: &[&str], since: Time) -> Outcome<()> {
    let id = world.dice.id("vpce", &site.key(service));
    let prefix_list = format!("pl-{}", world.dice.hex(&format!("pl {} {service}", site.place.region), 8));
    let tables: Vec<String> = tables.iter().map(|table| site.route_table(world.dice, table)).collect();
    for table in &tables {
        let route = json!({
            "DestinationPrefixListId": prefix_list, "GatewayId": id, "Origin": "CreateRoute", "State": "active",
        });
        world.edit(Kind::RouteTable, table)?.push("/Routes", route)?;
    }
    let name = format!("{}-{service}", site.label);
    let mut properties = endpoint(world, site, service, "Gateway", &id, since);
    merge(&mut properties, json!({"RouteTableIds": tables, "SubnetIds": [], "Groups": [], "NetworkInterfaceIds": []}));
    let tags = site.tags(&name, "network", TEAM);
    let resource = Resource::new(site.place, Kind::Endpoint, &id, tags, properties);
    world.add(resource.in_state("available").created(since));
    Ok(())
}

/// An interface endpoint: a network interface in the private subnet of each zone.
pub(crate) fn add_interface_endpoint(world: &mut World, site: &Site, service: &str, since: Time) -> String {
    let id = world.dice.id("vpce", &site.key(service));
    let group = site.group(world.dice, "endpoints");
    let mut subnets = Vec::new();
    let mut interfaces = Vec::new();
    for zone in site.zones {
        let made = interface::add_managed(
            world,
            site,
            &Managed {
                label: &format!("{service} {zone}"),
                tier: "private",
                zone,
                group: "endpoints",
                description: &format!("VPC Endpoint Interface {id}"),
                interface_type: "vpc_endpoint",
                requester: "amazon-vpce",
                since,
            },
        );
        interfaces.push(made);
        subnets.push(site.subnet(world.dice, "private", zone));
    }
    let name = format!("{}-{service}", site.label);
    let mut properties = endpoint(world, site, service, "Interface", &id, since);
    let group_name = format!("{}-endpoints", site.label);
    merge(
        &mut properties,
        json!({
            "RouteTableIds": [],
            "SubnetIds": subnets,
            "Groups": [{"GroupId": group, "GroupName": group_name}],
            "NetworkInterfaceIds": interfaces,
            "PrivateDnsEnabled": true,
            "IpAddressType": "ipv4",
        }),
    );
    let tags = site.tags(&name, "network", TEAM);
    let resource = Resource::new(site.place, Kind::Endpoint, &id, tags, properties);
    world.add(resource.in_state("available").created(since));
    id
}

fn endpoint(world: &World, site: &Site, service: &str, endpoint_type: &str, id: &str, since: Time) -> Value {
    json!({
        "CreationTimestamp": since.cli(),
        "OwnerId": site.place.account,
        "PolicyDocument": r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}"#,
        "PrivateDnsEnabled": false,
        "RequesterManaged": false,
        "ServiceName": format!("com.amazonaws.{}.{service}", site.place.region),
        "State": "available",
        "VpcEndpointId": id,
        "VpcEndpointType": endpoint_type,
        "VpcId": site.vpc(world.dice),
    })
}

fn add_vpc(world: &mut World, site: &Site, id: &str, cidr: &str, default: bool, tags: Tags) {
    let dhcp = world.dice.id("dopt", &format!("{} {}", site.place.account, site.place.region));
    let association = world.dice.id("vpc-cidr-assoc", id);
    let properties = json!({
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [
            {"AssociationId": association, "CidrBlock": cidr, "CidrBlockState": {"State": "associated"}},
        ],
        "DhcpOptionsId": dhcp,
        "InstanceTenancy": "default",
        "IsDefault": default,
        "OwnerId": site.place.account,
        "State": "available",
        "VpcId": id,
    });
    world.add(Resource::new(site.place, Kind::Vpc, id, tags, properties).in_state("available"));
}

struct Subnet<'a> {
    id: &'a str,
    vpc: &'a str,
    cidr: &'a str,
    zone: &'a str,
    default: bool,
}

fn add_subnet(world: &mut World, site: &Site, subnet: &Subnet<'_>, tags: Tags) {
    let properties = json!({
        "AssignIpv6AddressOnCreation": false,
        "AvailabilityZone": site.zone_name(subnet.zone),
        "AvailabilityZoneId": site.zone_id(subnet.zone),
        "AvailableIpAddressCount": 0,
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "CidrBlock": subnet.cidr,
        "DefaultForAz": subnet.default,
        "EnableDns64": false,
        "Ipv6CidrBlockAssociationSet": [],
        "Ipv6Native": false,
        "MapCustomerOwnedIpOnLaunch": false,
        "MapPublicIpOnLaunch": subnet.default,
        "OwnerId": site.place.account,
        "PrivateDnsNameOptionsOnLaunch": {
            "EnableResourceNameDnsAAAARecord": false,
            "EnableResourceNameDnsARecord": false,
            "HostnameType": "ip-name",
        },
        "State": "available",
        "SubnetArn": arn(site.place, Kind::Subnet, subnet.id),
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc,
    });
    world.add(Resource::new(site.place, Kind::Subnet, subnet.id, tags, properties).in_state("available"));
}

fn add_internet_gateway(world: &mut World, site: &Site, id: &str, vpc: &str, tags: Tags) {
    let properties = json!({
        "Attachments": [{"State": "available", "VpcId": vpc}],
        "InternetGatewayId": id,
        "OwnerId": site.place.account,
    });
    world.add(Resource::new(site.place, Kind::InternetGateway, id, tags, properties));
}

fn add_nat_gateway(world: &mut World, site: &Site, zone: &str, since: Time) -> Outcome<()> {
    let id = site.nat_gateway(world.dice, zone);
    let name = format!("{}-nat-{zone}", site.label);
    let tags = site.tags(&name, "network", TEAM);
    let address = add_address(world, site, &format!("nat-{zone}"), tags.clone());
    let made = interface::add_managed(
        world,
        site,
        &Managed {
            label: &format!("nat {zone}"),
            tier: "public",
            zone,
            group: "",
            description: &format!("Interface for NAT Gateway {id}"),
            interface_type: "nat_gateway",
            requester: "amazon-nat",
            since,
        },
    );
    let association = interface::associate(world, &made, &address, None)?;
    let held = world.get(Kind::Address, &address)?;
    let properties = json!({
        "ConnectivityType": "public",
        "CreateTime": since.cli(),
        "NatGatewayAddresses": [{
            "AllocationId": address,
            "AssociationId": association,
            "IsPrimary": true,
            "NetworkInterfaceId": made,
            "PrivateIp": held.text("/PrivateIpAddress"),
            "PublicIp": held.text("/PublicIp"),
            "Status": "succeeded",
        }],
        "NatGatewayId": id,
        "State": "available",
        "SubnetId": site.subnet(world.dice, "public", zone),
        "VpcId": site.vpc(world.dice),
    });
    let resource = Resource::new(site.place, Kind::NatGateway, &id, tags, properties);
    world.add(resource.in_state("available").created(since));
    Ok(())
}

/// What a route table is for.
enum Bound {
    Main,
    Subnets(Vec<String>),
}

/// The main table (local only), one for the public subnets, one for each zone's private subnet, one for the data subnets.
fn add_route_tables(world: &mut World, site: &Site, vpc: &str, nat_zones: &[&str]) {
    let local = || local_route(&format!("{}.0.0/16", site.prefix));
    add_route_table(world, site, "main", vpc, &Bound::Main, &[local()], tags_of(site, "main"));
    let gateway = site.internet_gateway(world.dice);
    let members = |world: &World, tier: &str| site.zones.iter().map(|zone| site.subnet(world.dice, tier, zone)).collect::<Vec<String>>();
    let public = Bound::Subnets(members(world, "public"));
    add_route_table(world, site, "public", vpc, &public, &[local(), gateway_route(&gateway)], tags_of(site, "public"));
    if site.tiers.contains(&"private") {
        for zone in site.zones {
            let exit = if nat_zones.contains(zone) { Some(zone) } else { nat_zones.first() };
            let mut routes = vec![local()];
            routes.extend(exit.map(|exit| nat_route(&site.nat_gateway(world.dice, exit))));
            let name = format!("private-{zone}");
            let bound = Bound::Subnets(vec![site.subnet(world.dice, "private", zone)]);
            add_route_table(world, site, &name, vpc, &bound, &routes, tags_of(site, &name));
        }
    }
    if site.tiers.contains(&"data") {
        let bound = Bound::Subnets(members(world, "data"));
        add_route_table(world, site, "data", vpc, &bound, &[local()], tags_of(site, "data"));
    }
}

fn tags_of(site: &Site, table: &str) -> Tags {
    site.tags(&format!("{}-{table}", site.label), "network", TEAM)
}

fn local_route(cidr: &str) -> Value {
    json!({"DestinationCidrBlock": cidr, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"})
}

fn add_route_table(world: &mut World, site: &Site, name: &str, vpc: &str, bound: &Bound, routes: &[Value], tags: Tags) {
    let id = site.route_table(world.dice, name);
    let association = |of: &str| world.dice.id("rtbassoc", &format!("{id} {of}"));
    let associations: Vec<Value> = match bound {
        Bound::Main => vec![json!({
            "AssociationState": {"State": "associated"},
            "Main": true,
            "RouteTableAssociationId": association("main"),
            "RouteTableId": id,
        })],
        Bound::Subnets(subnets) => subnets
            .iter()
            .map(|subnet| {
                json!({
                    "AssociationState": {"State": "associated"},
                    "Main": false,
                    "RouteTableAssociationId": association(subnet),
                    "RouteTableId": id,
                    "SubnetId": subnet,
                })
            })
            .collect(),
    };
    let properties = json!({
        "Associations": associations,
        "OwnerId": site.place.account,
        "PropagatingVgws": [],
        "RouteTableId": id,
        "Routes": routes,
        "VpcId": vpc,
    });
    world.add(Resource::new(site.place, Kind::RouteTable, &id, tags, properties));
}

fn add_network_acl(world: &mut World, site: &Site, name: &str, vpc: &str, subnets: &[String], tags: Tags) {
    let id = world.dice.id("acl", &site.key(name));
    let entry = |egress: bool, action: &str, number: i64| json!({"CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": action, "RuleNumber": number});
    let associations: Vec<Value> = subnets
        .iter()
        .map(|subnet| {
            let association = world.dice.id("aclassoc", subnet);
            json!({"NetworkAclAssociationId": association, "NetworkAclId": id, "SubnetId": subnet})
        })
        .collect();
    let properties = json!({
        "Associations": associations,
        "Entries": [
            entry(true, "allow", 100), entry(true, "deny", 32767),
            entry(false, "allow", 100), entry(false, "deny", 32767),
        ],
        "IsDefault": true,
        "NetworkAclId": id,
        "OwnerId": site.place.account,
        "VpcId": vpc,
    });
    world.add(Resource::new(site.place, Kind::NetworkAcl, &id, tags, properties));
}

/// The next public address, from the ranges that RFC 5737 keeps for documentation.
fn public_address(world: &mut World) -> String {
    let number = world.count_up("public address");
    if number < 200 { format!("203.0.113.{}", number + 9) } else { format!("198.51.100.{}", number - 190) }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
