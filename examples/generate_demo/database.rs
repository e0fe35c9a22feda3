//! Databases: instances, Aurora clusters, subnet groups and snapshots, as the RDS API describes them.

use serde_json::{Value, json};

use crate::image::key;
use crate::interface::{self, Managed};
use crate::kind::Kind;
use crate::site::Site;
use crate::time::Time;
use crate::world::{Outcome, Resource, Tags, World, arn};

/// The minute after 03:00 at which automated snapshots start.
const BACKUP_MINUTE: i64 = 10;
const BACKUPS_KEPT_DAYS: i64 = 7;

/// A database instance to make.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) site: Site,
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) class: &'static str,
    pub(crate) engine: &'static str,
    pub(crate) version: &'static str,
    pub(crate) gib: i64,
    pub(crate) multi_az: bool,
    /// A security group by its name.
    pub(crate) group: &'static str,
    /// The tier of its subnets, which are those of the site's subnet group.
    pub(crate) tier: &'static str,
    pub(crate) cluster: Option<&'static str>,
    pub(crate) since: Time,
}

/// The group of subnets that a site's databases are in.
pub(crate) fn add_subnet_group(world: &mut World, site: &Site, tier: &str) {
    let id = subnet_group_name(site);
    let mut properties = subnet_group(world, site, tier);
    if let Value::Object(members) = &mut properties {
        members.insert("DBSubnetGroupArn".to_owned(), json!(arn(site.place, Kind::SubnetGroup, &id)));
        members.insert("SupportedNetworkTypes".to_owned(), json!(["IPV4"]));
    }
    let resource = Resource::new(site.place, Kind::SubnetGroup, &id, Tags::new(), properties);
    world.add(resource.named(&id).in_state("Complete"));
}

/// Adds a database instance with its network interface.
pub(crate) fn add(world: &mut World, wanted: &Wanted) {
    let site = &wanted.site;
    interface::add_managed(
        world,
        site,
        &Managed {
            label: wanted.name,
            tier: wanted.tier,
            zone: "a",
            group: wanted.group,
            description: "RDSNetworkInterface",
            interface_type: "interface",
            requester: "amazon-rds",
            since: wanted.since,
        },
    );
    let mut properties = describe(world, wanted);
    if let (Some(cluster), Value::Object(members)) = (wanted.cluster, &mut properties) {
        members.insert("DBClusterIdentifier".to_owned(), json!(cluster));
        members.insert("PromotionTier".to_owned(), json!(1));
    }
    let tags = site.tags(wanted.name, wanted.name, wanted.owner);
    let resource = Resource::new(site.place, Kind::Database, wanted.name, tags, properties);
    world.add(resource.in_state("available").created(wanted.since));
}

/// Adds an Aurora cluster; its members are instances that name it.
pub(crate) fn add_cluster(world: &mut World, site: &Site, name: &str, members: &[&str], owner: &str, since: Time) {
    let domain = format!("cluster-{}.{}.rds.amazonaws.com", endpoint_code(world, site), site.place.region);
    let properties = json!({
        "AllocatedStorage": 1,
        "AssociatedRoles": [],
        "AutoMinorVersionUpgrade": true,
        "AvailabilityZones": site.zones.iter().map(|zone| site.zone_name(zone)).collect::<Vec<String>>(),
        "BackupRetentionPeriod": BACKUPS_KEPT_DAYS,
        "ClusterCreateTime": since.cli(),
        "CopyTagsToSnapshot": true,
        "CrossAccountClone": false,
        "DBClusterArn": arn(site.place, Kind::Cluster, name),
        "DBClusterIdentifier": name,
        "DBClusterMembers": cluster_members(members, 0),
        "DBClusterParameterGroup": "default.aurora-postgresql16",
        "DBSubnetGroup": subnet_group_name(site),
        "DatabaseName": "analytics",
        "DbClusterResourceId": format!("cluster-{}", world.dice.hex(&format!("cluster {name}"), 26).to_uppercase()),
        "DeletionProtection": true,
        "Endpoint": format!("{name}.{domain}"),
        "Engine": "aurora-postgresql",
        "EngineMode": "provisioned",
        "EngineVersion": "16.4",
        "HostedZoneId": "Z2R2ITUGPM61AM",
        "HttpEndpointEnabled": false,
        "IAMDatabaseAuthenticationEnabled": true,
        "KmsKeyId": key(world, site),
        "MasterUsername": "dbadmin",
        "MultiAZ": true,
        "NetworkType": "IPV4",
        "Port": 5432,
        "PreferredBackupWindow": "03:10-03:40",
        "PreferredMaintenanceWindow": "sun:01:30-sun:03:00",
        "ReaderEndpoint": format!("{name}.{}", domain.replacen("cluster-", "cluster-ro-", 1)),
        "Status": "available",
        "StorageEncrypted": true,
        "VpcSecurityGroups": [{"Status": "active", "VpcSecurityGroupId": site.group(world.dice, "db")}],
    });
    let tags = site.tags(name, name, owner);
    let resource = Resource::new(site.place, Kind::Cluster, name, tags, properties);
    world.add(resource.in_state("available").created(since));
}

/// The members of a cluster, one of which writes.
pub(crate) fn cluster_members(members: &[&str], writer: usize) -> Value {
    let listed = members.iter().enumerate().map(|(position, member)| {
        json!({
            "DBClusterParameterGroupStatus": "in-sync",
            "DBInstanceIdentifier": member,
            "IsClusterWriter": position == writer,
            "PromotionTier": 1,
        })
    });
    Value::Array(listed.collect())
}

/// The automated snapshot of one day; the one that is too old goes.
pub(crate) fn back_up(world: &mut World, site: &Site, database: &str, day: Time) -> Outcome<()> {
    let at = day.plus_minutes(3 * 60 + BACKUP_MINUTE);
    let old = backup_id(database, day.plus_days(-BACKUPS_KEPT_DAYS));
    if world.get(Kind::DatabaseSnapshot, &old).is_ok() {
        world.remove(Kind::DatabaseSnapshot, &old)?;
    }
    add_snapshot(world, site, database, &backup_id(database, day), "automated", at)
}

/// Adds a finished snapshot of a database as it is now.
pub(crate) fn add_snapshot(world: &mut World, site: &Site, database: &str, id: &str, snapshot_type: &str, at: Time) -> Outcome<()> {
    let source = world.get(Kind::Database, database)?;
    let member = |name: &str| source.properties.get(name).cloned();
    let tags = source.tags.clone().unwrap_or_default();
    let properties = json!({
        "AllocatedStorage": member("AllocatedStorage"),
        "AvailabilityZone": member("AvailabilityZone"),
        "DBInstanceIdentifier": database,
        "DBSnapshotArn": arn(site.place, Kind::DatabaseSnapshot, id),
        "DBSnapshotIdentifier": id,
        "DbiResourceId": member("DbiResourceId"),
        "Encrypted": true,
        "Engine": member("Engine"),
        "EngineVersion": member("EngineVersion"),
        "IAMDatabaseAuthenticationEnabled": false,
        "InstanceCreateTime": member("InstanceCreateTime"),
        "KmsKeyId": member("KmsKeyId"),
        "LicenseModel": member("LicenseModel"),
        "MasterUsername": "dbadmin",
        "OptionGroupName": member("OptionGroupMemberships").and_then(|groups| groups.pointer("/0/OptionGroupName").cloned()),
        "PercentProgress": 100,
        "Port": member("Endpoint").and_then(|endpoint| endpoint.get("Port").cloned()),
        "SnapshotCreateTime": at.cli(),
        "SnapshotTarget": "region",
        "SnapshotType": snapshot_type,
        "Status": "available",
        "StorageType": "gp3",
        "VpcId": site.vpc(world.dice),
    });
    let resource = Resource::new(site.place, Kind::DatabaseSnapshot, id, tags, properties);
    world.add(resource.named(id).in_state("available").created(at));
    Ok(())
}

fn backup_id(database: &str, day: Time) -> String {
    format!("rds:{database}-{}-03-{BACKUP_MINUTE}", day.date())
}

fn subnet_group_name(site: &Site) -> String {
    format!("{}-databases", site.label)
}

fn subnet_group(world: &World, site: &Site, tier: &str) -> Value {
    let subnets: Vec<Value> = site
        .zones
        .iter()
        .map(|zone| {
            json!({
                "SubnetAvailabilityZone": {"Name": site.zone_name(zone)},
                "SubnetIdentifier": site.subnet(world.dice, tier, zone),
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            })
        })
        .collect();
    json!({
        "DBSubnetGroupDescription": format!("Databases of {}", site.label),
        "DBSubnetGroupName": subnet_group_name(site),
        "SubnetGroupStatus": "Complete",
        "Subnets": subnets,
        "VpcId": site.vpc(world.dice),
    })
}

fn endpoint_code(world: &World, site: &Site) -> String {
    world.dice.hex(&format!("rds {} {}", site.place.account, site.place.region), 12)
}

fn describe(world: &World, wanted: &Wanted) -> Value {
    let site = &wanted.site;
    let major = wanted.version.split('.').next().unwrap_or_default();
    let family = match wanted.engine {
        "mysql" => "mysql8.0".to_owned(),
        engine => format!("{engine}{major}"),
    };
    let port = if wanted.engine == "mysql" { 3306 } else { 5432 };
    json!({
        "ActivityStreamStatus": "stopped",
        "AllocatedStorage": wanted.gib,
        "AssociatedRoles": [],
        "AutoMinorVersionUpgrade": true,
        "AvailabilityZone": site.zone_name("a"),
        "BackupRetentionPeriod": BACKUPS_KEPT_DAYS,
        "BackupTarget": "region",
        "CACertificateIdentifier": "rds-ca-rsa2048-g1",
        "CertificateDetails": {"CAIdentifier": "rds-ca-rsa2048-g1", "ValidTill": "2027-08-14T09:21:40+00:00"},
        "CopyTagsToSnapshot": true,
        "CustomerOwnedIpEnabled": false,
        "DBInstanceArn": arn(site.place, Kind::Database, wanted.name),
        "DBInstanceClass": wanted.class,
        "DBInstanceIdentifier": wanted.name,
        "DBInstanceStatus": "available",
        "DBParameterGroups": [{"DBParameterGroupName": format!("default.{family}"), "ParameterApplyStatus": "in-sync"}],
        "DBSecurityGroups": [],
        "DBSubnetGroup": subnet_group(world, site, wanted.tier),
        "DatabaseInsightsMode": "standard",
        "DbInstancePort": 0,
        "DbiResourceId": format!("db-{}", world.dice.hex(&format!("db {}", wanted.name), 26).to_uppercase()),
        "DedicatedLogVolume": false,
        "DeletionProtection": site.env == "prod",
        "DomainMemberships": [],
        "Endpoint": {
            "Address": format!("{}.{}.{}.rds.amazonaws.com", wanted.name, endpoint_code(world, site), site.place.region),
            "HostedZoneId": "Z2R2ITUGPM61AM",
            "Port": port,
        },
        "Engine": wanted.engine,
        "EngineVersion": wanted.version,
        "IAMDatabaseAuthenticationEnabled": false,
        "InstanceCreateTime": wanted.since.cli(),
        "IsStorageConfigUpgradeAvailable": false,
        "KmsKeyId": key(world, site),
        "LicenseModel": if wanted.engine == "mysql" { "general-public-license" } else { "postgresql-license" },
        "MasterUsername": "dbadmin",
        "MaxAllocatedStorage": 1000,
        "MonitoringInterval": 0,
        "MultiAZ": wanted.multi_az,
        "MultiTenant": false,
        "NetworkType": "IPV4",
        "OptionGroupMemberships": [{"OptionGroupName": format!("default:{}-{major}", wanted.engine), "Status": "in-sync"}],
        "PendingModifiedValues": {},
        "PerformanceInsightsEnabled": false,
        "PreferredBackupWindow": "03:10-03:40",
        "PreferredMaintenanceWindow": "sun:01:30-sun:03:00",
        "PubliclyAccessible": false,
        "ReadReplicaDBInstanceIdentifiers": [],
        "StorageEncrypted": true,
        "StorageThroughput": 125,
        "StorageType": if wanted.cluster.is_some() { "aurora" } else { "gp3" },
        "VpcSecurityGroups": [{"Status": "active", "VpcSecurityGroupId": site.group(world.dice, wanted.group)}],
    })
}
