//! Edges, against what can be told without rules: of any text in a resource's properties that is another's id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use elava::ingest::{Format, ImportOptions, Source, import};
use elava::model::Timestamp;
use elava::query::QuerySession;
use elava::store::{CompactOptions, Snapshot, Store, Writer};
use serde_json::{Value, json};

use crate::support::{Scratch, clock, rows, session};

async fn imported(scratch: &Scratch, sources: Vec<Source>, options: ImportOptions) -> Writer {
    let writer = Writer::open(scratch.backend(), clock()).await.unwrap();
    import(&writer, sources, &options, &mut |_| {}).await.unwrap();
    writer
}

async fn snapshot(scratch: &Scratch) -> Arc<Snapshot> {
    Store::open(scratch.backend()).await.unwrap().snapshot().await.unwrap()
}

fn recorded(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("data/aws/recorded/{name}.json")).unwrap()).unwrap()
}

/// A store of all recorded answers: those of listings as the command line prints them, and a bucket as a scan puts it together.
async fn of_recorded_answers(scratch: &Scratch) -> Arc<Snapshot> {
    let mut paths: Vec<String> = std::fs::read_dir("data/aws/recorded")
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| {
            path.ends_with(".json") && ["/autoscaling-", "/ec2-", "/elbv2-", "/iam-", "/rds-"].iter().any(|of| path.contains(of))
        })
        .filter(|path| !path.contains("Tags") && !path.contains("Regions"))
        .collect();
    paths.sort();
    let sources = paths.iter().map(|path| Source::argument(path)).collect();
    let at = Some(Timestamp::parse("2029-01-01T00:00:00Z").unwrap());
    let asked =
        ImportOptions { at, account: Some("123456789012".to_owned()), region: Some("eu-west-1".to_owned()), ..ImportOptions::default() };
    let writer = imported(scratch, sources, ImportOptions { format: Format::AwsCli, ..asked.clone() }).await;
    let bucket = |name: &str, properties: Value| {
        json!({"provider":"aws","account_id":"123456789012","region":"eu-west-1","resource_type":"aws_s3_bucket","resource_id":name,
               "arn":format!("arn:aws:s3:::{name}"),"properties":properties})
    };
    let parts = [
        ("Logging", "s3-GetBucketLogging"),
        ("Replication", "s3-GetBucketReplication"),
        ("Encryption", "s3-GetBucketEncryption"),
        ("NotificationConfiguration", "s3-GetBucketNotificationConfiguration"),
    ];
    let data: serde_json::Map<String, Value> = parts.map(|(part, name)| (part.to_owned(), recorded(name))).into_iter().collect();
    let lines = format!("{}\n{}\n", bucket("data", Value::Object(data)), bucket("logs", json!({})));
    let source = Source::reader("buckets", std::io::Cursor::new(lines));
    import(&writer, vec![source], &ImportOptions::default(), &mut |_| {}).await.unwrap();
    snapshot(scratch).await
}

async fn of_the_demo(scratch: &Scratch) -> Arc<Snapshot> {
    let writer = imported(scratch, vec![Source::argument("data/demo.ndjson.zst")], ImportOptions::default()).await;
    writer.compact(CompactOptions::default()).await.unwrap();
    snapshot(scratch).await
}

/// A resource as a table tells it.
struct Resource {
    key: String,
    resource_type: String,
    id: String,
    names: BTreeSet<String>,
    properties: Value,
}

impl Resource {
    /// All texts in its properties, each part of those that are lists in one text.
    fn texts(&self) -> BTreeSet<String> {
        fn collect(value: &Value, texts: &mut BTreeSet<String>) {
            match value {
                Value::String(text) => texts.extend(text.split(',').map(str::to_owned)),
                Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
                Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
                _ => {}
            }
        }
        let mut texts = BTreeSet::new();
        collect(&self.properties, &mut texts);
        texts
    }

    fn vpc(&self) -> &Value {
        &self.properties["VpcId"]
    }

    fn associations(&self) -> &[Value] {
        self.properties["Associations"].as_array().map_or(&[], Vec::as_slice)
    }
}

async fn resources(session: &mut QuerySession, table: &str) -> Vec<Resource> {
    let found = rows(session, &format!("SELECT resource_key, resource_type, resource_id, name, arn, properties FROM {table}")).await;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let resource = |row: &BTreeMap<String, Value>| Resource {
        key: text(&row["resource_key"]).unwrap(),
        resource_type: text(&row["resource_type"]).unwrap(),
        id: text(&row["resource_id"]).unwrap(),
        names: ["resource_id", "name", "arn"].iter().filter_map(|column| text(&row[*column])).collect(),
        properties: serde_json::from_str(row["properties"].as_str().unwrap()).unwrap(),
    };
    found.iter().map(resource).collect()
}

/// Whether a text can only be the id of one resource: `subnet-0a1b2c3d`, an ARN.
fn is_telling(name: &str) -> bool {
    let hex = |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.starts_with("arn:") || name.rsplit_once('-').is_some_and(|(_, last)| hex(last))
}

/// The pairs of resources of which one names the other, as far as ids and ARNs tell.
fn mentions(resources: &[Resource]) -> BTreeSet<(String, String)> {
    let mut by_name: BTreeMap<&str, &Resource> = BTreeMap::new();
    for resource in resources {
        by_name.extend(resource.names.iter().filter(|name| is_telling(name)).map(|name| (name.as_str(), resource)));
    }
    let of = |from: &Resource| {
        let named: Vec<_> = from.texts().iter().filter_map(|text| by_name.get(text.as_str())).map(|to| to.key.clone()).collect();
        named.into_iter().filter(|to| *to != from.key).map(|to| (from.key.clone(), to)).collect::<Vec<_>>()
    };
    resources.iter().flat_map(of).collect()
}

/// The table that a subnet routes by: that which is associated with it, else the main one of its VPC.
fn effective_table<'r>(resources: &'r [Resource], subnet: &Resource) -> Option<&'r str> {
    let tables = || resources.iter().filter(|table| table.resource_type == "aws_vpc_route_table");
    let has = |table: &Resource, member: &str, value: Value| table.associations().iter().any(|of| of[member] == value);
    let own = tables().find(|table| has(table, "SubnetId", json!(subnet.id)));
    let main = || tables().find(|table| table.vpc() == subnet.vpc() && has(table, "Main", json!(true)));
    own.or_else(main).map(|table| table.key.as_str())
}

/// What a resource names that is no edge of its own: a database is in one of its group's subnets, nobody knows in which; an
/// attachment is listed by two calls under one id; what was reserved bears the id of an offer, which another service gives too.
const NO_EDGES: [(&str, &str); 3] = [
    ("/aws_rds_db_instance/", "/aws_vpc_subnet/"),
    ("/aws_ec2_transit_gateway_attachment/", "/aws_ec2_transit_gateway_vpc_attachment/"),
    ("/aws_rds_reserved_db_instance/", "/aws_ec2_reserved_instance/"),
];

/// Compares the edges of a state with what its resources mention.
async fn check(session: &mut QuerySession, edges: &str, state: &str) {
    let resources = resources(session, state).await;
    let by_key: BTreeMap<&str, &Resource> = resources.iter().map(|resource| (resource.key.as_str(), resource)).collect();
    let found = rows(session, &format!("SELECT * FROM {edges}")).await;
    let distinct: BTreeSet<String> = found.iter().map(|edge| format!("{edge:?}")).collect();
    assert_eq!(distinct.len(), found.len(), "an edge stands twice");
    let mut pairs = BTreeSet::new();
    let mut routes = BTreeMap::new();
    for edge in &found {
        let text = |column: &str| edge[column].as_str().unwrap();
        let from = by_key[text("from_key")];
        let Some(to) = edge["to_key"].as_str() else {
            let missing = resources.iter().all(|other| other.resource_type != text("to_type") || other.id != text("to_id"));
            assert!(missing, "{edge:?} leads nowhere, and there is such a resource");
            continue;
        };
        let to = by_key[to];
        assert_eq!((to.resource_type.as_str(), to.id.as_str()), (text("to_type"), text("to_id")));
        match text("relation") {
            "routes_by" if from.resource_type == "aws_vpc_subnet" => {
                assert_eq!(routes.insert(from.key.clone(), to.key.clone()), None);
            }
            "uses_network_acl" => assert!(to.texts().contains(&from.id), "{edge:?}"),
            "attached_to" if ["aws_vpc_nat_gateway", "aws_vpc_endpoint"].contains(&text("to_type")) => {
                assert!(to.texts().contains(&from.id), "{edge:?}");
            }
            "uses_role" if from.resource_type == "aws_ec2_instance" => {
                assert!(from.texts().intersection(&to.texts()).any(|text| text.contains(":instance-profile/")), "{edge:?}");
            }
            _ => {
                let told = from.texts().iter().any(|text| to.names.contains(text) || text.ends_with(&format!("/{}", to.id)));
                assert!(told || to.properties["KeyName"].as_str().is_some_and(|name| from.texts().contains(name)), "{edge:?}");
            }
        }
        pairs.insert((from.key.clone(), to.key.clone()));
    }
    let is_edge = |(from, to): &(String, String)| !NO_EDGES.iter().any(|(of, named)| from.contains(of) && to.contains(named));
    let lacking: Vec<_> = mentions(&resources).into_iter().filter(is_edge).filter(|pair| !pairs.contains(pair)).collect();
    assert!(lacking.is_empty(), "{lacking:#?}");
    for subnet in resources.iter().filter(|resource| resource.resource_type == "aws_vpc_subnet") {
        assert_eq!(routes.get(&subnet.key).map(String::as_str), effective_table(&resources, subnet), "{}", subnet.key);
    }
    assert!(pairs.len() > 100, "only {} edges were compared", pairs.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_recorded_answers_mention_is_an_edge() {
    let scratch = Scratch::new();
    let snapshot = of_recorded_answers(&scratch).await;
    let mut session = session(&snapshot, None);
    check(&mut session, "relationships", "resources").await;
    let line = "substr(from_key, strpos(from_key, '/aws_') + 1) || ' ' || relation || ' ' || to_type || ' ' || to_id || CASE WHEN to_key IS NULL THEN ' ?' ELSE '' END";
    let edges = rows(&mut session, &format!("SELECT {line} AS edge FROM relationships ORDER BY 1")).await;
    let edges: Vec<&str> = edges.iter().map(|row| row["edge"].as_str().unwrap()).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("edges-of-recorded-answers", edges.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_demo_mentions_is_an_edge_at_any_revision() {
    let scratch = Scratch::new();
    let snapshot = of_the_demo(&scratch).await;
    let mut present = session(&snapshot, None);
    check(&mut present, "relationships", "resources").await;
    for end in snapshot.scan_ends().iter().step_by(40) {
        let at = end - 7;
        let as_of = format!("relationships_as_of({at})");
        check(&mut present, &as_of, &format!("resources_as_of({at})")).await;
        let ordered = |table: &str| format!("SELECT * FROM {table} ORDER BY from_key, relation, to_type, to_id");
        let told = rows(&mut present, &ordered(&as_of)).await;
        assert_eq!(told, rows(&mut present, &ordered(&format!("relationships FOR SYSTEM_TIME AS OF {at}"))).await);
        let mut pinned = session(&snapshot, Some(at.to_string()));
        assert_eq!(told, rows(&mut pinned, &ordered("relationships")).await);
    }
}

/// The one leaf of a plan that reads a file, if any does.
async fn leaf(session: &mut QuerySession, filter: &str) -> Option<String> {
    let lines = rows(session, &format!("EXPLAIN SELECT * FROM relationships WHERE {filter}")).await;
    let plans = lines.iter().flat_map(|line| line["plan"].as_str().unwrap().lines()).map(str::to_owned);
    let leaves: Vec<String> = plans.filter(|line| line.contains("DataSourceExec")).collect();
    assert!(leaves.len() < 2, "{leaves:#?}");
    leaves.into_iter().next()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_what_is_read() {
    let scratch = Scratch::new();
    let snapshot = of_the_demo(&scratch).await;
    let mut session = session(&snapshot, None);
    let types = |leaf: &str| {
        leaf.split(&[' ', '[', ']', ',', '(', ')'][..]).filter(|word| word.starts_with("aws_")).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let all = leaf(&mut session, "true").await.unwrap();
    assert!(all.contains("tags") && types(&all).len() > 50, "{all}");
    let key = "aws/111122223333/us-east-1/aws_ec2_instance/i-097260e5ec18f6fa5";
    let from = leaf(&mut session, &format!("from_key = '{key}'")).await.unwrap();
    assert!(from.contains(&format!("resource_key@0 = {key}")) && types(&from) == BTreeSet::from(["aws_ec2_instance".to_owned()]), "{from}");
    for routes in
        ["relation = 'routes_to'", "to_key = 'aws/1/r/aws_vpc_internet_gateway/igw-1'", "relation LIKE 'routes_t%' AND to_id = 'x'"]
    {
        let routes = leaf(&mut session, routes).await.unwrap();
        assert!(!routes.contains("tags"), "{routes}");
        assert_eq!(types(&routes), BTreeSet::from(["aws_vpc_route_table".to_owned()]), "{routes}");
    }
    for nothing in ["relation = 'nothing'", "to_type = 'aws_vpc' AND relation = 'routes_to'", "from_key = 'aws/1/r/aws_vpc_nothing/x'"] {
        assert_eq!(leaf(&mut session, nothing).await, None, "{nothing}");
    }
}

/// The chain that everybody asks for.
#[tokio::test(flavor = "multi_thread")]
async fn one_query_follows_an_instance_to_the_internet() {
    let scratch = Scratch::new();
    let snapshot = of_the_demo(&scratch).await;
    let mut session = session(&snapshot, None);
    let path = "WITH RECURSIVE path AS (
            SELECT resource_key AS key, 0 AS step FROM resources WHERE name = 'prod-api' AND resource_type = 'aws_ec2_instance'
            UNION
            SELECT r.to_key, path.step + 1 FROM path JOIN relationships AS r ON r.from_key = path.key
            WHERE r.relation IN ('in_subnet', 'routes_by', 'routes_to') AND r.to_type <> 'aws_vpc_endpoint'
        )
        SELECT step, split_part(key, '/', 4) AS type, count(*) AS count FROM path GROUP BY 1, 2 ORDER BY 1";
    let steps: Vec<String> =
        rows(&mut session, path).await.iter().map(|row| format!("{} {}", row["step"], row["type"].as_str().unwrap())).collect();
    let expected = [
        "0 aws_ec2_instance",
        "1 aws_vpc_subnet",
        "2 aws_vpc_route_table",
        "3 aws_vpc_nat_gateway",
        "4 aws_vpc_subnet",
        "5 aws_vpc_route_table",
        "6 aws_vpc_internet_gateway",
    ];
    assert_eq!(steps, expected);
}
