//! The estate on the evening before the first scan.

use crate::bucket;
use crate::database;
use crate::group::{self, ANYWHERE, From};
use crate::image;
use crate::instance::{self, Fleet};
use crate::interface::{self, Managed};
use crate::network;
use crate::site::{EUROPE, MAIN, OREGON, SANDBOX, Site, TRIAL};
use crate::time::Time;
use crate::world::{Outcome, PROD, Place, World};

/// Everything that is there at the start was made at about this time.
const BUILT: Time = Time::utc(2026, 3, 9, 8, 30);
const LAUNCHED: Time = Time::utc(2026, 8, 18, 13, 5);

const OFFICE: From = From::Range("198.18.4.0/24", "office");
const HTTPS: (i64, From) = (443, From::Range(ANYWHERE, "customers"));
const HTTP: (i64, From) = (80, From::Range(ANYWHERE, "redirected to HTTPS"));

const fn fleet(site: Site, service: &'static str, owner: &'static str, instance_type: &'static str, version: i64) -> Fleet {
    Fleet {
        site,
        service,
        owner,
        tier: "private",
        instance_type,
        key_name: "ops-2026",
        version,
        scales: true,
        data_gib: None,
        public: false,
        tokens: "required",
    }
}

const fn pets(site: Site, service: &'static str, owner: &'static str, data_gib: Option<i64>) -> Fleet {
    Fleet { scales: false, data_gib, tokens: "optional", ..fleet(site, service, owner, "m6i.large", 7) }
}

pub(crate) const WEB: Fleet = fleet(MAIN, "web", "storefront", "t3.medium", 17);
pub(crate) const API: Fleet = fleet(MAIN, "api", "orders", "m6i.large", 41);
pub(crate) const WORKER: Fleet = fleet(MAIN, "worker", "orders", "c6i.large", 12);
pub(crate) const KAFKA: Fleet = pets(MAIN, "kafka", "data", Some(500));
pub(crate) const SEARCH: Fleet = pets(MAIN, "search", "discovery", Some(200));
pub(crate) const ETL: Fleet = Fleet { public: true, tier: "public", ..pets(MAIN, "legacy-etl", "data", Some(300)) };
pub(crate) const BASTION: Fleet = Fleet { public: true, tier: "public", ..pets(MAIN, "bastion", "platform", None) };
pub(crate) const BUILD: Fleet = pets(MAIN, "build", "platform", None);
pub(crate) const WEB_EU: Fleet = fleet(EUROPE, "web", "storefront", "t3.medium", 17);
pub(crate) const API_EU: Fleet = fleet(EUROPE, "api", "orders", "m6i.large", 41);
pub(crate) const CI: Fleet = Fleet { public: true, tier: "public", ..pets(TRIAL, "ci", "platform", None) };
const API_TRIAL: Fleet = fleet(TRIAL, "api", "orders", "t3.medium", 41);
const WEB_TRIAL: Fleet = fleet(TRIAL, "web", "storefront", "t3.small", 17);
pub(crate) const PLAY: Fleet = Fleet { tier: "public", ..pets(SANDBOX, "play", "discovery", None) };

/// Every fleet and how many instances it starts with.
const FLEETS: [(Fleet, usize); 14] = [
    (WEB, 3),
    (API, 3),
    (WORKER, 3),
    (KAFKA, 3),
    (SEARCH, 3),
    (ETL, 2),
    (BASTION, 1),
    (BUILD, 1),
    (WEB_EU, 2),
    (API_EU, 3),
    (CI, 1),
    (API_TRIAL, 2),
    (WEB_TRIAL, 1),
    (PLAY, 1),
];

/// Builds the whole estate.
pub(crate) fn build(world: &mut World) -> Outcome<()> {
    networks(world)?;
    groups(world);
    load_balancers(world);
    databases(world);
    buckets(world);
    for (fleet, count) in &FLEETS {
        image::bake(world, &fleet.site, fleet.service, fleet.version, LAUNCHED.plus_days(-1));
        if fleet.scales {
            image::add_launch_template(world, &fleet.site, fleet.service, fleet.owner, BUILT);
        }
        for number in 0..*count {
            let offset = i64::try_from(number).unwrap_or(0) * 4;
            instance::launch(world, fleet, LAUNCHED.plus_minutes(offset))?;
        }
    }
    Ok(())
}

fn networks(world: &mut World) -> Outcome<()> {
    network::build(world, &MAIN, &["a", "b", "c"], BUILT)?;
    network::build(world, &EUROPE, &["a"], BUILT)?;
    network::build(world, &TRIAL, &["a"], BUILT)?;
    network::build(world, &SANDBOX, &[], BUILT)?;
    for site in [MAIN, EUROPE, TRIAL, SANDBOX] {
        network::build_default(world, &site);
        let default = world.dice.id("vpc", &site.key("default"));
        group::add_default(world, &site, &default);
        let vpc = site.vpc(world.dice);
        group::add_default(world, &site, &vpc);
        image::add_key_pair(world, &site, "ops-2026", "platform", BUILT);
    }
    image::add_key_pair(world, &MAIN, "deploy-2019", "platform", Time::utc(2019, 5, 2, 9, 14));
    let private = ["private-a", "private-b", "private-c"];
    network::add_gateway_endpoint(world, &MAIN, "s3", &private, BUILT)?;
    network::add_gateway_endpoint(world, &MAIN, "dynamodb", &private, BUILT)?;
    network::add_gateway_endpoint(world, &EUROPE, "s3", &["private-a", "private-b"], BUILT)?;
    network::add_interface_endpoint(world, &MAIN, "ssm", BUILT);
    network::add_interface_endpoint(world, &MAIN, "ecr.api", BUILT);
    Ok(())
}

fn groups(world: &mut World) {
    for site in [MAIN, EUROPE, TRIAL] {
        group::add(world, &site, "alb", "platform", &[HTTP, HTTPS]);
        group::add(world, &site, "web", "storefront", &[(8080, From::Group("alb"))]);
        group::add(world, &site, "api", "orders", &[(8443, From::Group("web"))]);
        group::add(world, &site, "db", "orders", &[(5432, From::Group("api"))]);
    }
    group::add(world, &MAIN, "bastion", "platform", &[(22, OFFICE)]);
    group::add(world, &MAIN, "worker", "orders", &[(9090, From::Group("bastion"))]);
    group::add(world, &MAIN, "kafka", "data", &[(9092, From::Group("worker")), (22, From::Group("bastion"))]);
    group::add(world, &MAIN, "search", "discovery", &[(9200, From::Group("api"))]);
    group::add(world, &MAIN, "legacy-etl", "data", &[(22, From::Group("bastion"))]);
    group::add(world, &MAIN, "build", "platform", &[(22, From::Group("bastion"))]);
    group::add(world, &MAIN, "reports-db", "finance", &[(3306, From::Group("worker"))]);
    group::add(world, &MAIN, "endpoints", "platform", &[(443, From::Range("10.20.0.0/16", ""))]);
    group::add(world, &MAIN, "jenkins-old", "platform", &[(8080, OFFICE)]);
    group::add(world, &TRIAL, "ci", "platform", &[(443, OFFICE), (22, OFFICE)]);
    group::add(world, &SANDBOX, "play", "discovery", &[(8888, OFFICE)]);
}

/// What can be seen of the load balancers without listing them: their interfaces.
fn load_balancers(world: &mut World) {
    for site in [MAIN, EUROPE, TRIAL] {
        let number = world.dice.hex(&site.key("alb"), 16);
        for zone in site.zones {
            interface::add_managed(
                world,
                &site,
                &Managed {
                    label: &format!("alb {zone}"),
                    tier: "public",
                    zone,
                    group: "alb",
                    description: &format!("ELB app/{}-web/{number}", site.label),
                    interface_type: "interface",
                    requester: "amazon-elb",
                    since: BUILT,
                },
            );
        }
    }
}

fn databases(world: &mut World) {
    for (site, tier) in [(MAIN, "data"), (EUROPE, "data"), (TRIAL, "private")] {
        database::add_subnet_group(world, &site, tier);
    }
    let orders = database::Wanted {
        site: MAIN,
        name: "orders-db",
        owner: "orders",
        class: "db.r6g.large",
        engine: "postgres",
        version: "16.3",
        gib: 200,
        multi_az: true,
        group: "db",
        tier: "data",
        cluster: None,
        since: BUILT,
    };
    database::add(world, &orders);
    let class = "db.m6g.large";
    database::add(world, &database::Wanted { name: "billing-db", owner: "finance", class, version: "15.7", gib: 100, ..orders });
    let reports = database::Wanted { name: "reports-db", owner: "finance", class: "db.t4g.medium", multi_az: false, ..orders };
    database::add(world, &database::Wanted { engine: "mysql", version: "8.0.39", gib: 50, group: "reports-db", ..reports });
    database::add(world, &database::Wanted { site: EUROPE, name: "orders-db-eu", multi_az: false, ..orders });
    let trial = database::Wanted { site: TRIAL, tier: "private", class: "db.t4g.medium", multi_az: false, gib: 20, ..orders };
    database::add(world, &database::Wanted { name: "staging-db", ..trial });
    let aurora = database::Wanted { engine: "aurora-postgresql", version: "16.4", gib: 1, owner: "data", ..orders };
    for name in ANALYTICS {
        database::add(world, &database::Wanted { name, cluster: Some("analytics"), multi_az: false, ..aurora });
    }
    database::add_cluster(world, &MAIN, "analytics", &ANALYTICS, "data", BUILT);
}

/// The members of the Aurora cluster.
pub(crate) const ANALYTICS: [&str; 2] = ["analytics-1", "analytics-2"];

const OREGON_PROD: Place = Place { account: PROD, region: OREGON };

fn buckets(world: &mut World) {
    let wanted = |place, name, owner, versioned| bucket::Wanted { place, name, owner, versioned, since: BUILT };
    for bucket in [
        wanted(MAIN.place, "acme-prod-assets", "storefront", true),
        wanted(MAIN.place, "acme-prod-audit-logs", "platform", true),
        wanted(MAIN.place, "acme-prod-backups", "platform", true),
        wanted(MAIN.place, "acme-prod-data-lake", "data", true),
        wanted(MAIN.place, "acme-prod-exports", "finance", false),
        wanted(MAIN.place, "acme-prod-media-cache", "storefront", false),
        wanted(MAIN.place, "acme-prod-terraform-state", "platform", true),
        wanted(EUROPE.place, "acme-prod-eu-assets", "storefront", true),
        wanted(OREGON_PROD, "acme-prod-backups-dr", "platform", true),
        wanted(TRIAL.place, "acme-staging-artifacts", "platform", false),
        wanted(TRIAL.place, "acme-staging-terraform-state", "platform", true),
        wanted(SANDBOX.place, "acme-sandbox-notebooks", "discovery", false),
    ] {
        bucket::add(world, &bucket);
    }
}
