use serde_json::Value;

use super::Played;

/// A query of a state, and the same asked of the oracle's.
struct Question {
    sql: String,
    holds: Box<dyn Fn(&crate::oracle::answers::Rows) -> bool>,
}

fn questions() -> Vec<Question> {
    let more_than = |count: usize| Question {
        sql: format!("SELECT 1 FROM resources HAVING count(*) > {count}"),
        holds: Box::new(move |state| state.len() > count),
    };
    let there = |id: &'static str| Question {
        sql: format!("SELECT resource_key, name FROM resources WHERE resource_id = '{id}'"),
        holds: Box::new(move |state| state.iter().any(|row| row["resource_id"] == id)),
    };
    vec![more_than(0), more_than(2), more_than(4), there("i-1"), there("i-10"), there("a/b c")]
}

/// The truth at every revision, one after the other.
fn truths(played: &Played, question: &Question) -> Vec<bool> {
    (0..=played.oracle.head()).map(|at| (question.holds)(&played.state(at))).collect()
}

/// Whether a row tells of a revision at which the truth changes, and to what.
fn is_flip(row: &Value, truths: &[bool]) -> bool {
    let at = usize::try_from(row["revision"].as_i64().unwrap()).unwrap();
    truths[at] != truths[at - 1] && row["holds"] == truths[at]
}

#[test]
fn bisect_finds_what_a_look_at_every_revision_finds() {
    let (mut found, mut only) = (0, 0);
    for seed in 0..5 {
        let played = Played::of_seed(seed);
        for question in questions() {
            let truths = truths(&played, &question);
            let what = format!("seed {seed}: {}", question.sql);
            if truths.first() == truths.last() {
                let told = played.bench.elava(&["bisect", &question.sql]);
                assert!(told.starts_with("exit 1\n--- stdout\n--- stderr\nthe query returns "), "{what}: {told}");
                continue;
            }
            let rows = played.rows(&["bisect", &question.sql]);
            assert_eq!(rows.len(), 1, "{what}");
            assert!(is_flip(&rows[0], &truths) && rows[0]["holds"] == *truths.last().unwrap(), "{what}: {rows:?} of {truths:?}");
            found += 1;
            only += usize::from(truths.windows(2).filter(|pair| pair[0] != pair[1]).count() == 1);
        }
    }
    assert!(found > 10 && only > 3, "{found} were found, {only} of them the only ones");
}

#[test]
fn bisect_finds_every_flip_that_shows_at_the_end_of_a_scan() {
    let mut several = 0;
    for seed in 0..5 {
        let played = Played::of_seed(seed);
        let view = played.oracle.view();
        let ended = (0..).map_while(|back| view.head_back(back).ok());
        let mut ends: Vec<i64> = ended.chain([0, view.head()]).collect();
        ends.sort_unstable();
        ends.dedup();
        for question in questions() {
            let truths = truths(&played, &question);
            let truth = |at: i64| truths[usize::try_from(at).unwrap()];
            let between: Vec<(i64, i64)> =
                ends.windows(2).map(|pair| (pair[0], pair[1])).filter(|(before, end)| truth(*before) != truth(*end)).collect();
            if between.is_empty() {
                continue;
            }
            let rows = played.rows(&["bisect", "--all", &question.sql]);
            assert_eq!(rows.len(), between.len(), "seed {seed}: {}", question.sql);
            for (row, (before, end)) in rows.iter().zip(&between) {
                let revision = row["revision"].as_i64().unwrap();
                assert!(is_flip(row, &truths) && *before < revision && revision <= *end && row["holds"] == truth(*end), "{row}");
            }
            several += usize::from(rows.len() > 1);
        }
    }
    assert!(several > 2, "{several} queries flipped more than once");
}

/// What is no change of a resource is found too: in the middle of a scan that changes nothing.
#[test]
fn bisect_finds_what_is_no_change() {
    let played = Played::of_seed(2);
    let unchanged = played.oracle.view().observations().into_iter().rev().find(|row| row["change"] == "unchanged").unwrap();
    let revision = unchanged["revision"].as_i64().unwrap();
    let rows = played.rows(&["bisect", &format!("SELECT 1 FROM observations WHERE revision = {revision};")]);
    assert_eq!((rows[0]["revision"].as_i64(), &rows[0]["change"]), (Some(revision), &Value::Null));
}
