//! A made-up fleet that changes from scan to scan: the same seed gives the same history.
//!
//! 8 types in 20 accounts and 5 regions (800 scopes of unequal size), about 600 bytes of properties each plus tags. A step
//! changes 0.5 % of the resources: four of five get another value of one field, the fifth is replaced by a new resource.
//! Every scan lists every scope completely, in the order of keys, one scan an hour.

#![allow(dead_code, missing_docs, reason = "every bench uses some of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_wrap,
    reason = "a bench stops where it cannot go on"
)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::format_push_string, reason = "made-up numbers are small")]

use std::collections::BTreeSet;
use std::sync::Arc;

use elava::clock::{Clock, ManualClock};
use elava::model::{
    CanonicalJson, Content, CoverageStatus, Observation, ResourceKey, Scope, ScopeReport, Sighting, Text, Timestamp, TypeRulesSet,
};
use elava::store::{Begin, LocalBackend, ScanBegun, ScanSession, Writer};

/// As in the program.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TYPES: [&str; 8] = [
    "aws_ec2_instance",
    "aws_ebs_volume",
    "aws_ec2_network_interface",
    "aws_vpc_security_group",
    "aws_ebs_snapshot",
    "aws_rds_db_instance",
    "aws_s3_bucket",
    "aws_vpc_subnet",
];
const ID_PREFIXES: [&str; 8] = ["i", "vol", "eni", "sg", "snap", "db", "bucket", "subnet"];
const REGIONS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"];
const ACCOUNTS: usize = 20;
const SCOPES: usize = TYPES.len() * ACCOUNTS * REGIONS.len();
/// The time of the first scan.
pub const FIRST_AT: i64 = 1_735_689_600_000_000;
/// From one scan to the next.
pub const HOUR: i64 = 3_600_000_000;
/// Observations handed in at once, as many as an import commits.
pub const PAGE: usize = 32_768;

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// What is made up about a resource; its content follows from it.
#[derive(Debug, Clone)]
struct Facts {
    scope: usize,
    id: String,
    seed: u64,
    size: usize,
    state: usize,
    version: u64,
    owner: usize,
}

/// The fleet at one moment.
#[derive(Debug)]
pub struct Fleet {
    random: Random,
    facts: Vec<Facts>,
    observations: Vec<Observation>,
    changed: Vec<Observation>,
    rules: TypeRulesSet,
}

impl Fleet {
    pub fn new(seed: u64, resources: usize) -> Self {
        let mut random = Random::new(seed);
        let facts: Vec<Facts> = (0..resources).map(|_| born(&mut random)).collect();
        let mut fleet = Self { random, facts: Vec::new(), observations: Vec::new(), changed: Vec::new(), rules: TypeRulesSet::default() };
        fleet.add(facts);
        fleet
    }

    /// The whole fleet as one scan sees it, in the order of keys.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// What the last step changed, in the order of keys; what went away as its source would say so.
    pub fn changed(&self) -> &[Observation] {
        &self.changed
    }

    /// Changes so many resources: four of five in one field, the others are replaced.
    pub fn step(&mut self, changes: usize) {
        let (mut altered, mut gone) = (BTreeSet::new(), BTreeSet::new());
        for nth in 0..changes {
            let at = self.random.below(self.facts.len());
            if nth % 5 == 4 {
                gone.insert(at);
                continue;
            }
            let facts = &mut self.facts[at];
            match self.random.below(4) {
                0 => facts.size += 1,
                1 => facts.state += 1,
                2 => facts.owner += 1,
                _ => facts.version += 1,
            }
            self.observations[at] = observe(&self.facts[at], &self.rules);
            altered.insert(at);
        }
        let born: Vec<Facts> = gone.iter().map(|_| born(&mut self.random)).collect();
        let deleted = |at: &usize| Observation { key: self.observations[*at].key.clone(), sighting: Sighting::Deleted, observed_at: None };
        let mut changed: Vec<Observation> = altered.difference(&gone).map(|at| self.observations[*at].clone()).collect();
        changed.extend(gone.iter().map(deleted));
        changed.extend(born.iter().map(|facts| observe(facts, &self.rules)));
        changed.sort_by(|left, right| left.key.cmp(&right.key));
        self.changed = changed;
        let is_gone = |at: usize| gone.contains(&at);
        let mut at = 0;
        self.facts.retain(|_| {
            at += 1;
            !is_gone(at - 1)
        });
        at = 0;
        self.observations.retain(|_| {
            at += 1;
            !is_gone(at - 1)
        });
        self.add(born);
    }

    fn add(&mut self, facts: Vec<Facts>) {
        let rules = &self.rules;
        let fresh = facts.into_iter().map(|facts| (observe(&facts, rules), facts));
        let known = std::mem::take(&mut self.observations).into_iter().zip(std::mem::take(&mut self.facts));
        let mut all: Vec<(Observation, Facts)> = known.chain(fresh).collect();
        all.sort_by(|left, right| left.0.key.cmp(&right.0.key));
        (self.observations, self.facts) = all.into_iter().unzip();
    }

    /// The scan as lines of the import format.
    pub fn lines(&self, scan: usize) -> String {
        let mut out = format!("{{\"scan\":\"started\",\"scan_id\":\"scan-{scan}\",\"provider\":\"aws\",\"at\":\"{}\"}}\n", at(scan));
        for observation in &self.observations {
            let [provider, account, region, resource_type, id] = observation.key.parts();
            let Sighting::Present(content, _) = &observation.sighting else { continue };
            let text = |value: &Option<Text>| value.as_ref().map_or("null".to_owned(), |value| format!("\"{value}\""));
            out.push_str(&format!(
                "{{\"provider\":\"{provider}\",\"account_id\":\"{account}\",\"region\":\"{region}\",\"resource_type\":\"{resource_type}\",\"resource_id\":\"{id}\",\
                 \"native_type\":{},\"arn\":{},\"name\":{},\"state\":{},\"tags\":{},\"properties\":{}}}\n",
                text(&content.native_type),
                text(&content.arn),
                text(&content.name),
                text(&content.state),
                content.tags.as_ref().map_or("null", CanonicalJson::as_str),
                content.properties.as_str()
            ));
        }
        for report in reports() {
            let [provider, account, region, resource_type] = report.scope.parts();
            out.push_str(&format!(
                "{{\"scan\":\"scope\",\"provider\":\"{provider}\",\"account_id\":\"{account}\",\"region\":\"{region}\",\"resource_type\":\"{resource_type}\",\"status\":\"complete\"}}\n"
            ));
        }
        out.push_str(&format!("{{\"scan\":\"completed\",\"at\":\"{}\"}}\n", at(scan)));
        out
    }
}

fn born(random: &mut Random) -> Facts {
    // Squaring makes scopes of unequal size.
    let skewed = (random.below(1 << 20) * random.below(1 << 20)) >> 20;
    let scope = (skewed * SCOPES) >> 20;
    let prefix = ID_PREFIXES[scope % TYPES.len()];
    let id = format!("{prefix}-0{:016x}", random.next());
    Facts { scope, id, seed: random.next(), size: random.below(8), state: 0, version: 0, owner: random.below(40) }
}

fn account(number: usize) -> String {
    format!("{:012}", 111_111_111_111_u64 + number as u64 * 1_010_101_010)
}

fn scope_of(scope: usize) -> (&'static str, String, &'static str) {
    let (kind, rest) = (scope % TYPES.len(), scope / TYPES.len());
    (TYPES[kind], account(rest / REGIONS.len()), REGIONS[rest % REGIONS.len()])
}

fn observe(facts: &Facts, rules: &TypeRulesSet) -> Observation {
    let (resource_type, account, region) = scope_of(facts.scope);
    let key = ResourceKey::new("aws", &account, region, resource_type, &facts.id).expect("a key");
    let content = content(facts, resource_type, &account, region);
    let hash = content.hash(rules.comparing(resource_type));
    Observation { key, sighting: Sighting::Present(Arc::new(content), hash), observed_at: None }
}

fn content(facts: &Facts, resource_type: &str, account: &str, region: &str) -> Content {
    let mut random = Random::new(facts.seed);
    let size = ["micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge"][facts.size % 8];
    let state = ["running", "stopped", "pending", "stopping"][facts.state % 4];
    let team = facts.owner % 40;
    let tags = format!(
        "{{\"Name\":\"svc-{}-{}\",\"env\":\"{}\",\"owner\":\"team-{team}\"}}",
        facts.seed % 300,
        facts.seed % 17,
        random.pick(&["prod", "dev", "stage"])
    );
    let vpc = random.next() % 40;
    let properties = format!(
        "{{\"AmiLaunchIndex\":0,\"Architecture\":\"{}\",\"BlockDeviceMappings\":[{{\"DeviceName\":\"/dev/xvda\",\"Ebs\":{{\"AttachTime\":\"2025-0{}-1{}T08:{}:00Z\",\"VolumeId\":\"vol-0{:016x}\"}}}}],\
         \"CpuOptions\":{{\"CoreCount\":{},\"ThreadsPerCore\":2}},\"EbsOptimized\":true,\"Generation\":{},\"ImageId\":\"ami-0{:012x}\",\"InstanceType\":\"m6i.{size}\",\
         \"Monitoring\":{{\"State\":\"disabled\"}},\"OwnerId\":\"{account}\",\"PrivateDnsName\":\"ip-10-{}-{}-{}.ec2.internal\",\"PrivateIpAddress\":\"10.{}.{}.{}\",\
         \"SecurityGroups\":[{{\"GroupId\":\"sg-0{:012x}\",\"GroupName\":\"default-{vpc}\"}}],\"State\":{{\"Code\":16,\"Name\":\"{state}\"}},\"SubnetId\":\"subnet-0{:012x}\",\"VpcId\":\"vpc-0{:012x}\"}}",
        random.pick(&["x86_64", "arm64"]),
        1 + random.below(9),
        random.below(10),
        10 + random.below(50),
        random.next(),
        1 << (facts.size % 8),
        facts.version,
        random.next() % 500,
        random.below(256),
        random.below(256),
        random.below(256),
        random.below(256),
        random.below(256),
        random.below(256),
        vpc * 7 + random.next() % 7,
        vpc * 5 + random.next() % 5,
        vpc,
    );
    Content {
        native_type: Some("AWS::EC2::Instance".into()),
        arn: Some(format!("arn:aws:ec2:{region}:{account}:{}/{}", resource_type.trim_start_matches("aws_"), facts.id).into()),
        name: Some(format!("svc-{}-{}", facts.seed % 300, facts.seed % 17).into()),
        state: Some(state.into()),
        created_at: Some(Timestamp::from_micros(FIRST_AT - (facts.seed % 10_000) as i64 * 60_000_000)),
        tags: Some(CanonicalJson::from_stored(&tags)),
        properties: CanonicalJson::from_stored(&properties),
    }
}

/// Every scope, complete.
pub fn reports() -> Vec<ScopeReport> {
    let report = |scope: usize| {
        let (resource_type, account, region) = scope_of(scope);
        ScopeReport::new(Scope::new("aws", &account, region, resource_type).expect("a scope"), CoverageStatus::Complete)
    };
    (0..SCOPES).map(report).collect()
}

/// The time of a scan.
pub fn at(scan: usize) -> Timestamp {
    Timestamp::from_micros(FIRST_AT + scan as i64 * HOUR)
}

/// A clock that stands after all scans.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(FIRST_AT + 100_000 * HOUR)))
}

pub async fn writer(folder: &std::path::Path) -> Writer {
    Writer::open(Arc::new(LocalBackend::new(folder)), clock()).await.expect("a writer")
}

pub async fn begin(writer: &Writer, scan: usize) -> ScanSession {
    let begin = Begin {
        scan_id: format!("scan-{scan}"),
        provider: Some("aws".to_owned()),
        at: Some(at(scan)),
        lift: false,
        guard: false,
        scopes: Vec::new(),
    };
    match writer.begin(begin).await.expect("a scan") {
        ScanBegun::Session(session) => session,
        ScanBegun::Completed => panic!("scan {scan} is there already"),
    }
}

/// One complete scan, handed in page by page.
pub async fn scan(writer: &Writer, scan: usize, observations: &[Observation]) {
    let session = begin(writer, scan).await;
    for page in observations.chunks(PAGE) {
        session.observe(page.to_vec()).await.expect("durable");
    }
    session.complete(Some(at(scan)), reports()).await.expect("complete");
}

/// A scan that is handed in what has changed, and says nothing of the rest.
pub async fn scan_of_changes(writer: &Writer, scan: usize, changed: &[Observation]) {
    let session = begin(writer, scan).await;
    session.observe(changed.to_vec()).await.expect("durable");
    session.complete(Some(at(scan)), Vec::new()).await.expect("complete");
}

/// A history of scans, compacted as far as it is due.
pub async fn history(folder: &std::path::Path, seed: u64, resources: usize, scans: usize) -> Fleet {
    let writer = writer(folder).await;
    let mut fleet = Fleet::new(seed, resources);
    for nth in 0..scans {
        if nth > 0 {
            fleet.step(resources / 200);
        }
        scan(&writer, nth, fleet.observations()).await;
    }
    writer.settle().await.expect("compacted");
    fleet
}
