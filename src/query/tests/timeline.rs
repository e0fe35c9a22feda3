//! One query over a stretch of history tells what the query at each revision of it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::physical_plan::displayable;

use super::fake::{FakeStore, History, Layout, Seen};
use super::laws::{Numbers, layout};
use super::{lines, session};
use crate::model::Revision;
use crate::query::timeline::Stretch;
use crate::query::{Parameters, QuerySession, Timeline};

/// Queries that a temporal one answers. Instances and volumes are named by what they refer to.
const TEMPORAL: &[&str] = &[
    "SELECT resource_type, region, count(*) AS resources FROM resources GROUP BY resource_type, region",
    "SELECT name, count(*) FROM resources WHERE name IS NOT NULL GROUP BY name HAVING count(*) BETWEEN 2 AND 3",
    "SELECT v.name, count(*), count(*) + 1 FROM aws_vpc v LEFT JOIN resources r ON r.name = v.name GROUP BY v.name",
    // Rows by themselves.
    "SELECT resource_key, 'env is ' || tags['env'] AS reason FROM resources WHERE tags['env'] = 'dev'",
    "SELECT resource_key, name FROM aws_vpc WHERE instance_tenancy IS NULL AND name <> 'r1'",
    "SELECT resource_key, CASE WHEN instance_state = 'dev' THEN 'in ' || instance_state ELSE name END AS reason FROM aws_ec2_instance",
    "SELECT resource_key, revision, first_seen_revision, changed_at FROM resources WHERE resource_type LIKE 'aws_e%'",
    "SELECT DISTINCT name, tags['env'] FROM resources",
    "SELECT name FROM resources GROUP BY name",
    "SELECT resource_key FROM resources ORDER BY name",
    "SELECT resource_key FROM resources WHERE nullif(name, 'r1') NOT IN ('r2', 'r3') OR name IS NULL",
    // Lists.
    "SELECT v.resource_key, ref FROM aws_ebs_volume v CROSS JOIN jsonb_array_elements_text(v.properties->'Refs') AS ref WHERE ref <> 'r1'",
    "SELECT v.resource_key FROM aws_ebs_volume v CROSS JOIN jsonb_array_elements_text(v.properties->'Refs') AS ref
     WHERE NOT EXISTS (SELECT 1 FROM aws_vpc w WHERE w.resource_id = ref)",
    "SELECT w.resource_key FROM aws_vpc w WHERE NOT EXISTS (SELECT 1 FROM aws_ebs_volume v
     CROSS JOIN jsonb_array_elements_text(v.properties->'Refs') AS ref WHERE ref = w.resource_id)",
    // Inner joins.
    "SELECT i.resource_key, v.resource_key, v.name FROM aws_ec2_instance i JOIN aws_vpc v ON i.name = v.resource_id",
    "SELECT i.resource_key, v.name FROM aws_ec2_instance i JOIN aws_vpc v ON i.name = v.resource_id AND v.tags['env'] <> i.tags['env']",
    "SELECT a.resource_key, b.resource_key FROM resources a JOIN resources b ON a.name = b.name AND a.resource_key < b.resource_key",
    "SELECT v.resource_key, i.resource_key FROM aws_vpc v JOIN aws_ec2_instance i ON v.name < i.name",
    "SELECT i.resource_key, e.resource_key, v.resource_key FROM aws_ec2_instance i, aws_ebs_volume e, aws_vpc v
     WHERE i.name = v.resource_id AND e.tags['env'] = v.tags['env']",
    "SELECT a.resource_key FROM aws_vpc a JOIN aws_ec2_instance b USING (name)",
    "SELECT r.resource_key, w.word FROM resources r JOIN (VALUES ('dev', 'bad'), ('prod', 'good')) AS w(env, word) ON w.env = r.tags['env']",
    // Whether there is a row.
    "SELECT resource_key FROM aws_ec2_instance i WHERE EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.name)",
    "SELECT resource_key, name FROM aws_ec2_instance i WHERE NOT EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.name)",
    "SELECT resource_key FROM aws_ec2_instance i
     WHERE NOT EXISTS (SELECT 1 FROM aws_ebs_volume e WHERE e.name = i.name AND e.tags['env'] = i.tags['env'] AND e.tags['env'] = 'dev')",
    "SELECT resource_key, tags['env'] FROM aws_ec2_instance i
     WHERE NOT EXISTS (SELECT 1 FROM aws_ebs_volume e WHERE e.name = i.name AND e.tags['env'] <> i.tags['env'])",
    "SELECT resource_key FROM aws_ec2_instance i WHERE EXISTS (SELECT 1 FROM resources e WHERE e.name > i.name AND e.tags['env'] = 'dev')",
    "SELECT resource_key FROM aws_ec2_instance i
     WHERE NOT EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.name AND i.tags['env'] = 'dev')",
    "SELECT resource_key FROM aws_ec2_instance WHERE EXISTS (SELECT 1 FROM aws_vpc WHERE name = 'r1')",
    "SELECT resource_key FROM aws_ec2_instance WHERE NOT EXISTS (SELECT 1 FROM aws_vpc WHERE name = 'r1')",
    "SELECT 'none' AS resource_key WHERE NOT EXISTS (SELECT 1 FROM aws_vpc)",
    "SELECT resource_key FROM aws_vpc v WHERE NOT EXISTS (SELECT 1 FROM aws_ec2_instance i WHERE i.name = v.resource_id
     AND NOT EXISTS (SELECT 1 FROM aws_ebs_volume e WHERE e.name = i.name))",
    "SELECT resource_key FROM aws_vpc v WHERE NOT EXISTS (SELECT 1 FROM aws_ec2_instance i WHERE i.name = v.resource_id)
     AND NOT EXISTS (SELECT 1 FROM aws_ebs_volume e WHERE e.name = v.resource_id) AND v.tags['env'] = 'dev'",
    "SELECT resource_key FROM aws_ec2_instance i
     WHERE name = 'r1' OR EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.name AND v.tags['env'] = 'dev')",
    "SELECT resource_key FROM aws_ec2_instance i
     WHERE tags['env'] = 'dev' OR NOT EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.name)",
    // IN.
    "SELECT resource_key FROM aws_ec2_instance WHERE name IN (SELECT resource_id FROM aws_vpc)",
    "SELECT resource_key FROM aws_ec2_instance WHERE name NOT IN (SELECT resource_id FROM aws_vpc)",
    "SELECT resource_key FROM aws_ec2_instance WHERE name NOT IN (SELECT nullif(name, 'r1') FROM aws_vpc)",
    "SELECT resource_key FROM aws_ec2_instance WHERE nullif(name, 'r1') NOT IN (SELECT nullif(name, 'r2') FROM aws_vpc WHERE name <> 'r3')",
    "SELECT resource_key FROM aws_ec2_instance WHERE tags['env'] = 'dev' OR name NOT IN (SELECT resource_id FROM aws_vpc)",
    // Outer joins.
    "SELECT i.resource_key, v.resource_key, v.tags['env'] FROM aws_ec2_instance i LEFT JOIN aws_vpc v ON v.resource_id = i.name",
    "SELECT i.resource_key FROM aws_ec2_instance i LEFT JOIN aws_vpc v ON v.resource_id = i.name WHERE v.resource_key IS NULL",
    "SELECT i.resource_key, v.name FROM aws_ec2_instance i
     LEFT JOIN aws_vpc v ON v.resource_id = i.name AND i.tags['env'] = 'dev' AND v.tags['env'] <> i.tags['env']",
    "SELECT i.resource_key, v.resource_key FROM aws_ec2_instance i RIGHT JOIN aws_vpc v ON v.resource_id = i.name",
    "SELECT i.resource_key, v.resource_key FROM aws_ec2_instance i FULL JOIN aws_vpc v ON v.resource_id = i.name",
    "SELECT i.resource_key, v.name FROM aws_ec2_instance i LEFT JOIN aws_vpc v ON v.resource_id = i.name
     WHERE NOT EXISTS (SELECT 1 FROM aws_ebs_volume e WHERE e.name = coalesce(v.name, i.name))",
    // The present time.
    "SELECT resource_key, tags['env'] FROM resources WHERE changed_at < elava_now() - interval '90 minutes'",
    "SELECT resource_key FROM resources WHERE elava_now() - interval '2 hours' < changed_at AND first_seen_at <= elava_now() - interval '1 hour'",
    "SELECT resource_key FROM aws_vpc WHERE elava_now() >= changed_at + interval '1 hour' AND elava_now() + interval '1 hour' > changed_at",
    "SELECT resource_key, elava_now() - changed_at AS age, elava_now() > first_seen_at + interval '1 hour' FROM aws_vpc WHERE name <> 'r1'",
    "SELECT resource_key FROM aws_ec2_instance i WHERE NOT EXISTS (SELECT 1 FROM aws_ebs_volume e
     WHERE e.name = i.name AND e.changed_at >= elava_now() - interval '1 hour')",
    "SELECT resource_key FROM aws_ec2_instance i WHERE changed_at < elava_now() - interval '1 hour' AND tags['env'] = 'dev'
     AND EXISTS (SELECT 1 FROM aws_vpc v WHERE v.changed_at < elava_now() - interval '2 hours')",
    // Sets.
    "SELECT resource_key, 'instance' AS reason FROM aws_ec2_instance WHERE name = 'r1'
     UNION ALL SELECT resource_key, 'volume ' || name FROM aws_ebs_volume WHERE tags['env'] = 'dev'",
    "SELECT name FROM aws_ec2_instance UNION SELECT resource_id FROM aws_vpc",
    "SELECT name FROM aws_ec2_instance INTERSECT SELECT resource_id FROM aws_vpc",
    "SELECT name FROM aws_ec2_instance EXCEPT SELECT resource_id FROM aws_vpc",
    "WITH used AS (SELECT name FROM aws_ec2_instance UNION ALL SELECT ref FROM aws_ebs_volume v
       CROSS JOIN jsonb_array_elements_text(v.properties->'Refs') AS ref)
     SELECT resource_key FROM aws_vpc v WHERE NOT EXISTS (SELECT 1 FROM used WHERE used.name = v.resource_id)
     UNION ALL SELECT resource_key FROM aws_vpc v WHERE v.name IN (SELECT name FROM used)",
];

/// Queries over changes, which can be asked where nothing is compacted away.
const OVER_CHANGES: &[&str] = &[
    "SELECT resource_key, change, revision FROM changes(elava_now() - interval '90 minutes', 'head') WHERE change <> 'created'",
    "SELECT r.resource_key, c.revision, c.before->>'name' FROM aws_vpc r JOIN changes('2h', 'head') c ON c.resource_key = r.resource_key",
    "SELECT resource_key FROM resources r WHERE NOT EXISTS
     (SELECT 1 FROM changes(elava_now() - interval '1 hour', 'head') c WHERE c.resource_key = r.resource_key AND c.change = 'updated')",
    "SELECT resource_key, revision FROM changes(0, 'head') WHERE change = 'deleted'",
    "SELECT resource_key, concat(count(*), ' times') AS reason FROM changes(elava_now() - interval '90 minutes', 'head')
     GROUP BY resource_key HAVING count(*) > 1",
];

/// How many queries are asked of each history, and at how many points between the first and the last.
const ASKED: u64 = 6;
const POINTS: u64 = 5;

fn history(numbers: &mut Numbers) -> History {
    let mut history = History::default();
    for _ in 0..=numbers.below(7) {
        let mut seen = Vec::new();
        for key in 0..9 {
            if numbers.below(4) == 0 {
                continue;
            }
            let kind = ["aws_vpc", "aws_ec2_instance", "aws_ebs_volume"][key as usize % 3];
            let name = ["r0", "r1", "r3", "r0+r3", "r6"][numbers.below(5) as usize].to_owned();
            let content = (numbers.below(5) > 0).then(|| (name, ["dev", "prod"][numbers.below(2) as usize].to_owned()));
            seen.push(Seen { key: format!("aws/1/eu/{kind}/r{key}"), content, late: numbers.below(12) == 0 });
        }
        history.scan(seen);
    }
    history
}

/// The rows of a query at a revision, each once.
async fn at(session: &mut QuerySession, sql: &str, revision: Revision) -> BTreeSet<String> {
    session.pin(&revision.to_string()).unwrap();
    let rows = session.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    lines(&rows.collect().await.unwrap()).into_iter().collect()
}

/// The rows of a timeline: what held, from when, and up to when.
async fn timeline(session: &QuerySession, sql: &str, points: &[Revision]) -> Vec<(String, Revision, Revision)> {
    let made = session.timeline(sql, &Parameters::default(), points).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let Timeline::Rows(rows) = made else { panic!("{sql}: {made:?}") };
    let batches = rows.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let held = |line: String| {
        let (rest, end) = line.rsplit_once('|').unwrap();
        let (row, begin) = rest.rsplit_once('|').unwrap();
        (row.to_owned(), begin.parse().unwrap(), end.parse().unwrap_or(Revision::MAX))
    };
    lines(&batches).into_iter().map(held).collect()
}

async fn check(session: &mut QuerySession, sql: &str, points: &[Revision]) {
    let (from, to) = (points[0], points[points.len() - 1]);
    let told = timeline(session, sql, points).await;
    for (row, begin, end) in &told {
        assert!(from <= *begin && begin < end && *begin <= to, "{sql}, {from} to {to}: {row} held from {begin} to {end}");
        assert!(*end <= to || *end == Revision::MAX, "{sql}, {from} to {to}: {row} ended at {end}");
    }
    for revision in points {
        let expected = at(session, sql, *revision).await;
        let held = told.iter().filter(|(_, begin, end)| begin <= revision && revision < end);
        let found: BTreeSet<String> = held.map(|(row, ..)| row.clone()).collect();
        assert_eq!(found, expected, "{sql}, from {from} to {to}, at {revision}");
    }
    session.unpin();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_tells_what_the_query_at_each_revision_does() {
    let histories = std::env::var("ELAVA_TEST_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    for seed in 0..histories {
        let mut numbers = Numbers(seed);
        let history = history(&mut numbers);
        let head = history.head();
        let layout = layout(&mut numbers, head);
        let mut session = session(Arc::new(FakeStore::new(&history, &layout).await));
        let mut between = |low: Revision, high: Revision| low + numbers.below((high - low + 1) as u64) as Revision;
        for nth in 0..ASKED {
            let from = between(layout.floor, head);
            let to = between(from, head);
            let mut points: Vec<Revision> = (0..POINTS).map(|_| between(from, to)).chain([from, to]).collect();
            points.sort_unstable();
            points.dedup();
            let sql = TEMPORAL[(seed * ASKED + nth) as usize % TEMPORAL.len()];
            check(&mut session, sql, &points).await;
            let over_changes = OVER_CHANGES[(seed + nth) as usize % OVER_CHANGES.len()];
            if layout.floor == 0 && nth < 2 {
                check(&mut session, over_changes, &points).await;
            }
        }
    }
}

/// The physical plan of a timeline over all of a history.
async fn physical(session: &QuerySession, sql: &str, head: Revision) -> String {
    let state = session.context().state();
    let plan = state.create_logical_plan(sql).await.unwrap();
    let plan = Stretch::new(&session.view(), &[0, head]).unwrap().plan(&state, &plan).unwrap().unwrap();
    let plan = state.create_physical_plan(&plan).await.unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_reads_the_versions_and_columns_that_it_asks_for() {
    let history = history(&mut Numbers(11));
    let head = history.head();
    let layout = Layout { sealed: vec![head / 3], appended: vec![head], floor: 0 };
    let session = session(Arc::new(FakeStore::new(&history, &layout).await));
    let keys = "SELECT resource_key, name FROM aws_vpc WHERE resource_key IN ('aws/1/eu/aws_vpc/r0', 'aws/1/eu/aws_vpc/r3')";
    let plan = physical(&session, keys, head).await;
    assert!(
        plan.contains("required_guarantees=[resource_key in (aws/1/eu/aws_vpc/r0, aws/1/eu/aws_vpc/r3), resource_type in (aws_vpc)]"),
        "{plan}"
    );
    assert!(plan.contains("projection=[resource_key, name, valid_from_revision, valid_to_revision]"), "{plan}");
    let missing = "SELECT resource_key FROM aws_ec2_instance i WHERE NOT EXISTS (SELECT 1 FROM aws_vpc v WHERE v.resource_id = i.vpc_id)";
    let plan = physical(&session, missing, head).await;
    let of_instances = "projection=[json_as_text(properties@12, VpcId) as vpc_id, resource_key, valid_from_revision, valid_to_revision]";
    assert!(plan.contains(of_instances) && plan.contains("resource_type in (aws_ec2_instance)"), "{plan}");
    assert!(plan.contains("projection=[resource_id, valid_from_revision, valid_to_revision]"), "{plan}");
    assert!(plan.contains("resource_type in (aws_vpc)"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_temporal_query_answers_is_refused_with_the_reason() {
    let mut numbers = Numbers(5);
    let history = history(&mut numbers);
    let session = session(Arc::new(FakeStore::new(&history, &layout(&mut numbers, history.head())).await));
    let refused = [
        ("SELECT count(*) FROM resources", "an aggregate other than count(*) by groups"),
        (
            "SELECT a.name FROM resources a LEFT JOIN resources b ON a.name = b.name AND b.changed_at < elava_now()",
            "elava_now() elsewhere than in SELECT and WHERE",
        ),
        (
            "SELECT name FROM resources WHERE changed_at < now() - interval '1 day'",
            "now(), which has another value each time it is asked for",
        ),
        ("SELECT name FROM resources ORDER BY name LIMIT 3", "a LIMIT"),
        ("SELECT name, row_number() OVER (ORDER BY name) FROM resources", "a window function"),
        ("SELECT name FROM resources WHERE revision = (SELECT max(revision) FROM resources)", "a subquery in place of a value"),
        ("SELECT resource_key FROM changes(0, 1)", "the table changes, which is not the state of resources"),
        ("SELECT resource_key FROM resources_as_of(1)", "the table resources_as_of, which is not the state of resources"),
        ("SELECT to_key FROM relationships", "the table relationships, which is not the state of resources"),
        (
            "SELECT name FROM resources r WHERE name NOT IN (SELECT name FROM resources o WHERE o.region = r.region)",
            "NOT IN with a subquery that looks at the row outside; NOT EXISTS can be asked so",
        ),
    ];
    for (sql, why) in refused {
        let made = session.timeline(sql, &Parameters::default(), &[0, history.head()]).await;
        let Ok(Timeline::NotTemporal(found)) = made else { panic!("{sql}: {made:?}") };
        assert_eq!(found, format!("the query has {why}"), "{sql}");
    }
    let head = history.head();
    for points in [vec![], vec![2, 1], vec![0, head + 1]] {
        let error = session.timeline("SELECT 1", &Parameters::default(), &points).await.unwrap_err().to_string();
        assert_eq!(error, format!("timeline: expected revisions in order, from 0 to {head}, found {points:?}"));
    }
}
