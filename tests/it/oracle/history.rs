//! Random histories: a compact script that shrinks well, what it comes down to, and how it reads as import files.
//!
//! Every script is legal whatever is taken out of it: a step of a writer without an open scan begins one, and a time
//! is never in a scan's past. Pools of keys and values are small, so that values come back and scans meet.

use std::collections::BTreeMap;
use std::ops::Range;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::model::{Handle, Key, Line, Observation, Oracle, Refusal, Scope, ScopeLine, Status};
use super::value::{Content, Json, Micros, rfc3339};

/// 2025-01-01T00:00:00Z: the time before the first step.
const START: Micros = 1_735_689_600_000_000;
const PROVIDER: &str = "aws";
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
/// By bytes, a key in the second comes before the same key in the first: `-` is less than `/`.
const REGIONS: [&str; 2] = ["us-east-1", "us-east-1-lax-1"];
const TYPES: [&str; 3] = ["aws_test_alpha", "aws_test_alpha_set", "aws_test_beta"];
/// The last two are in the other order by UTF-16 units.
const IDS: [&str; 7] = ["i-1", "i-10", "a/b c", "quote\"'\\", "naïve ☃", "\u{ff5e}", "\u{1d4b3}"];
const GAPS: [Micros; 6] = [0, 1_000_000, 1, 999_999, 60_000_000, 86_400_000_000];
/// How far before the clock a lifted scan starts.
const LIFT: Micros = 7_200_000_000;

/// What kind of history is wanted.
#[derive(Clone, Debug)]
pub struct Shape {
    pub writers: u8,
    pub steps: Range<usize>,
    /// Whether scans may start before the head's time.
    pub lifts: bool,
}

impl Shape {
    /// Several writers whose scans overlap.
    pub fn overlapping() -> Self {
        Self { writers: 3, steps: 1..40, lifts: true }
    }

    /// One writer: can be written down as import files.
    pub fn serial() -> Self {
        Self { writers: 1, steps: 1..40, lifts: false }
    }
}

/// A random history, before names and times are filled in.
#[derive(Clone, Debug)]
pub struct Script {
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// A scan that the writer has open fails.
    Begin {
        writer: u8,
        gap: usize,
        lift: bool,
    },
    Observe {
        writer: u8,
        batch: Vec<Sight>,
    },
    Cover {
        writer: u8,
        place: Place,
        status: Status,
    },
    End {
        writer: u8,
        gap: usize,
        ending: Ending,
    },
    /// A whole scan of one scope.
    Listing {
        writer: u8,
        gap: usize,
        place: Place,
        seen: Vec<(usize, usize)>,
        status: Option<Status>,
    },
    Compact,
    Reopen,
    Checkpoint,
}

#[derive(Clone, Copy, Debug)]
pub enum Ending {
    CompleteWithTime,
    CompleteWithoutTime,
    Fail,
    Abandon,
}

#[derive(Clone, Copy, Debug)]
pub struct Place {
    account: usize,
    region: usize,
    resource_type: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct Sight {
    place: Place,
    id: usize,
    look: usize,
    /// The line gives its own time, this long after the one before.
    gap: Option<usize>,
    deleted: bool,
}

/// One thing to do to a store. The last three alter no answer, and retention none above the floor.
#[derive(Clone, Debug)]
pub enum Op {
    Begin {
        writer: u8,
        scan_id: String,
        provider: String,
        at: Micros,
        lift: bool,
    },
    Observe {
        writer: u8,
        batch: Vec<Observation>,
    },
    Scope {
        writer: u8,
        line: ScopeLine,
    },
    Complete {
        writer: u8,
        at: Option<Micros>,
    },
    Fail {
        writer: u8,
    },
    /// The writer walks away: the scan stays open for good.
    Abandon {
        writer: u8,
    },
    /// Raises the floor to a share of the head, in 255ths, as far as scans that have not ended allow.
    Retain {
        share: u8,
    },
    Compact,
    Reopen,
    Checkpoint,
}

/// The revision that a step of retention asks for.
pub fn asked(share: u8, head: i64) -> i64 {
    head * i64::from(share) / 255
}

/// A history with retention in it: each at a place, which wraps around, with its share.
pub fn retained(mut ops: Vec<Op>, marks: &[(usize, u8)]) -> Vec<Op> {
    for (place, share) in marks {
        ops.insert(place % (ops.len() + 1), Op::Retain { share: *share });
    }
    ops
}

/// Random scripts that shrink.
pub fn scripts(shape: &Shape) -> impl Strategy<Value = Script> + use<> {
    let writer = 0..shape.writers;
    let lift = if shape.lifts { prop::bool::weighted(0.2).boxed() } else { Just(false).boxed() };
    let gap = 0..GAPS.len();
    let begin = (writer.clone(), gap.clone(), lift).prop_map(|(writer, gap, lift)| Step::Begin { writer, gap, lift });
    let observe = (writer.clone(), prop::collection::vec(sights(), 0..8)).prop_map(|(writer, batch)| Step::Observe { writer, batch });
    let cover = (writer.clone(), places(), statuses()).prop_map(|(writer, place, status)| Step::Cover { writer, place, status });
    let end = (writer.clone(), gap.clone(), endings()).prop_map(|(writer, gap, ending)| Step::End { writer, gap, ending });
    let listing = (writer, gap, places(), prop::collection::vec((0..IDS.len(), looks()), 0..6), prop::option::weighted(0.9, statuses()))
        .prop_map(|(writer, gap, place, seen, status)| Step::Listing { writer, gap, place, seen, status });
    let maintenance = prop_oneof![Just(Step::Checkpoint), Just(Step::Reopen), Just(Step::Compact)];
    let step = prop_oneof![2 => maintenance, 6 => observe, 4 => cover, 4 => end, 2 => begin, 6 => listing];
    prop::collection::vec(step, shape.steps.clone()).prop_map(|steps| Script { steps })
}

/// The script of a seed: always the same.
pub fn from_seed(seed: u64, shape: &Shape) -> Script {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    scripts(shape).new_tree(&mut runner).expect("no filter can reject a script").current()
}

fn places() -> impl Strategy<Value = Place> {
    let pick = |last: usize| prop_oneof![3 => Just(0), 1 => 0..last];
    (pick(ACCOUNTS.len()), pick(REGIONS.len()), pick(TYPES.len())).prop_map(|(account, region, resource_type)| Place {
        account,
        region,
        resource_type,
    })
}

fn sights() -> impl Strategy<Value = Sight> {
    let gap = prop::option::weighted(0.2, 0..GAPS.len());
    (places(), 0..IDS.len(), looks(), gap, prop::bool::weighted(0.1)).prop_map(|(place, id, look, gap, deleted)| Sight {
        place,
        id,
        look,
        gap,
        deleted,
    })
}

fn looks() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..3_usize, 2 => 0..LOOKS]
}

fn statuses() -> impl Strategy<Value = Status> {
    prop_oneof![6 => Just(Status::Complete), 1 => Just(Status::Skipped), 1 => Just(Status::Partial), 1 => Just(Status::Failed)]
}

fn endings() -> impl Strategy<Value = Ending> {
    prop_oneof![
        4 => Just(Ending::CompleteWithTime),
        4 => Just(Ending::CompleteWithoutTime),
        1 => Just(Ending::Fail),
        1 => Just(Ending::Abandon),
    ]
}

const LOOKS: usize = 15;

/// A content by its number: neighbours differ in little.
fn look(number: usize) -> Content {
    let text = |value: &str| Some(value.to_owned());
    let tags = |pairs: &[(&str, &str)]| {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>())
    };
    let number_of = |digits: &str| Json::number(digits);
    let state = |name: &str| Json::object(&[("Code", number_of("16")), ("Name", Json::text(name))]);
    let base = Content {
        name: text("web"),
        state: text("running"),
        tags: tags(&[("env", "prod")]),
        properties: Json::object(&[("Count", number_of("1")), ("State", state("running"))]),
        ..Content::default()
    };
    let nested = |items: &[Json]| Json::object(&[("Count", number_of("1")), ("Sizes", Json::Array(items.to_vec()))]);
    match number {
        0 => Content::default(),
        1 => base,
        2 => {
            Content { state: text("stopped"), properties: Json::object(&[("Count", number_of("1")), ("State", state("stopped"))]), ..base }
        }
        3 => Content { properties: Json::object(&[("Count", number_of("1.0")), ("State", state("running"))]), ..base },
        4 => Content { properties: Json::object(&[("Count", number_of("1e2")), ("State", Json::text("running"))]), ..base },
        5 => Content { properties: Json::object(&[("Count", number_of("12345678901234567890")), ("State", Json::Null)]), ..base },
        6 => Content { properties: nested(&[]), ..base },
        7 => Content { properties: nested(&[number_of("1"), Json::Array(Vec::new()), Json::object(&[("k", Json::Null)])]), ..base },
        8 => Content { properties: nested(&[number_of("1"), Json::object(&[]), Json::object(&[]), Json::Bool(true)]), ..base },
        9 => Content { tags: tags(&[]), arn: text("arn:aws:test:::shared"), ..base },
        10 => Content { tags: None, native_type: text("AWS::Test::Alpha"), created_at: Some(START - 1), ..base },
        11 => Content {
            name: text("línea\n\"q\" \u{1} \u{7f} \u{1d4b3}"),
            tags: tags(&[("a/b~c", "é"), ("env", "")]),
            properties: Json::object(&[("\u{ff5e}", number_of("-0")), ("\u{1d4b3}", Json::text("\\/\t")), ("~/", Json::Bool(false))]),
            ..base
        },
        // Somebody else's id.
        12 => Content { arn: text("i-1"), created_at: Some(START), ..base },
        13 => Content { state: text("terminated"), ..base },
        _ => Content { state: text("deleted"), ..base },
    }
}

impl Place {
    fn scope(self) -> Scope {
        Scope {
            provider: PROVIDER.to_owned(),
            account_id: ACCOUNTS[self.account].to_owned(),
            region: REGIONS[self.region].to_owned(),
            resource_type: TYPES[self.resource_type].to_owned(),
        }
    }
}

impl Script {
    /// Fills in names and times.
    pub fn ops(&self) -> Vec<Op> {
        let mut lowering = Lowering { ops: Vec::new(), clock: START, open: BTreeMap::new(), scans: 0 };
        for step in &self.steps {
            lowering.step(step);
        }
        lowering.ops
    }
}

#[derive(Debug)]
struct Lowering {
    ops: Vec<Op>,
    /// At or after every time given so far.
    clock: Micros,
    open: BTreeMap<u8, Open>,
    scans: usize,
}

#[derive(Debug)]
struct Open {
    newest: Micros,
    /// Once a line has its own time, all that follow in the scan have: what a default means then is nobody's concern.
    timed: bool,
}

impl Lowering {
    fn step(&mut self, step: &Step) {
        match step {
            Step::Begin { writer, gap, lift } => self.begin(*writer, *gap, *lift),
            Step::Observe { writer, batch } => self.observe(*writer, batch),
            Step::Cover { writer, place, status } => self.cover(*writer, *place, *status),
            Step::End { writer, gap, ending } => self.end(*writer, *gap, *ending),
            Step::Listing { writer, gap, place, seen, status } => {
                self.begin(*writer, *gap, false);
                let sights: Vec<Sight> =
                    seen.iter().map(|(id, look)| Sight { place: *place, id: *id, look: *look, gap: None, deleted: false }).collect();
                self.observe(*writer, &sights);
                if let Some(status) = status {
                    self.cover(*writer, *place, *status);
                }
                self.end(*writer, *gap, Ending::CompleteWithTime);
            }
            Step::Compact => self.ops.push(Op::Compact),
            Step::Reopen => self.ops.push(Op::Reopen),
            Step::Checkpoint => self.ops.push(Op::Checkpoint),
        }
    }

    fn begin(&mut self, writer: u8, gap: usize, lift: bool) {
        if self.open.contains_key(&writer) {
            self.end(writer, 0, Ending::Fail);
        }
        self.clock += GAPS[gap];
        self.scans += 1;
        let at = if lift { self.clock - LIFT } else { self.clock };
        let scan_id = format!("scan-{}", self.scans);
        self.ops.push(Op::Begin { writer, scan_id, provider: PROVIDER.to_owned(), at, lift });
        self.open.insert(writer, Open { newest: at, timed: false });
    }

    fn ensure_open(&mut self, writer: u8) {
        if !self.open.contains_key(&writer) {
            self.begin(writer, 0, false);
        }
    }

    fn observe(&mut self, writer: u8, batch: &[Sight]) {
        self.ensure_open(writer);
        let open = self.open.get_mut(&writer).expect("it was opened above");
        let mut observations = Vec::new();
        for sight in batch {
            open.timed |= sight.gap.is_some();
            open.newest += GAPS[sight.gap.unwrap_or(0)];
            let key = Key { scope: sight.place.scope(), resource_id: IDS[sight.id].to_owned() };
            let content = if sight.deleted { Content::default() } else { look(sight.look) };
            let observed_at = open.timed.then_some(open.newest);
            observations.push(Observation { key, content, observed_at, deleted: sight.deleted });
        }
        self.clock = self.clock.max(open.newest);
        self.ops.push(Op::Observe { writer, batch: observations });
    }

    fn cover(&mut self, writer: u8, place: Place, status: Status) {
        self.ensure_open(writer);
        let failed = status == Status::Failed;
        let error_code = failed.then(|| "AccessDenied".to_owned());
        let error = failed.then(|| "not allowed to \"list\" this".to_owned());
        let line = ScopeLine { scope: place.scope(), status, error_code, error };
        self.ops.push(Op::Scope { writer, line });
    }

    fn end(&mut self, writer: u8, gap: usize, ending: Ending) {
        self.ensure_open(writer);
        self.open.remove(&writer);
        self.ops.push(match ending {
            Ending::CompleteWithTime => {
                self.clock += GAPS[gap];
                Op::Complete { writer, at: Some(self.clock) }
            }
            Ending::CompleteWithoutTime => Op::Complete { writer, at: None },
            Ending::Fail => Op::Fail { writer },
            Ending::Abandon => Op::Abandon { writer },
        });
    }
}

/// Does to an oracle what a script says, one operation at a time.
#[derive(Debug, Default)]
pub struct Player {
    pub oracle: Oracle,
    open: BTreeMap<u8, Handle>,
}

impl Player {
    pub fn apply(&mut self, op: &Op) -> Result<(), Refusal> {
        match op {
            Op::Begin { writer, scan_id, provider, at, lift } => {
                let handle = self.oracle.begin(scan_id, provider, *at, *lift)?;
                self.open.insert(*writer, handle);
            }
            Op::Observe { writer, batch } => drop(self.oracle.observe(self.handle(*writer)?, batch)?),
            Op::Scope { writer, line } => self.oracle.scope(self.handle(*writer)?, line)?,
            Op::Complete { writer, at } => drop(self.oracle.complete(self.handle(*writer)?, *at)?),
            Op::Fail { writer } => self.oracle.fail(self.handle(*writer)?)?,
            Op::Abandon { writer } => drop(self.open.remove(writer)),
            Op::Retain { share } => self.oracle.retain(asked(*share, self.oracle.head())),
            Op::Compact | Op::Reopen | Op::Checkpoint => {}
        }
        Ok(())
    }

    fn handle(&self, writer: u8) -> Result<Handle, Refusal> {
        self.open.get(&writer).copied().ok_or(Refusal::OutsideScan)
    }
}

/// The oracle after a whole script.
pub fn play(ops: &[Op]) -> Oracle {
    let mut player = Player::default();
    for op in ops {
        player.apply(op).expect("scripts are legal");
    }
    player.oracle
}

/// The import files that a script comes down to; a file ends at a maintenance step with no scan under way.
/// None where scans overlap or are lifted. An abandoned scan is one that its file does not complete.
pub fn files(ops: &[Op]) -> Option<Vec<Vec<Line>>> {
    let mut files = vec![Vec::new()];
    let mut open: Option<u8> = None;
    for op in ops {
        let lines: &mut Vec<Line> = files.last_mut()?;
        match op {
            Op::Begin { lift: true, .. } => return None,
            Op::Begin { writer, scan_id, provider, at, .. } => {
                if open.replace(*writer).is_some_and(|other| other != *writer) {
                    return None;
                }
                let (scan_id, provider) = (scan_id.clone(), provider.clone());
                lines.push(Line::ScanStarted { scan_id, provider, at: *at });
            }
            Op::Observe { writer, .. } | Op::Scope { writer, .. } | Op::Complete { writer, .. } if open != Some(*writer) => {
                return None;
            }
            Op::Observe { batch, .. } => lines.extend(batch.iter().cloned().map(Line::Observed)),
            Op::Scope { line, .. } => lines.push(Line::Scope(line.clone())),
            Op::Complete { at, .. } => {
                lines.push(Line::Completed { at: *at });
                open = None;
            }
            Op::Compact | Op::Reopen | Op::Checkpoint if open.is_none() && !lines.is_empty() => files.push(Vec::new()),
            // The next `started`, or the end of the file, is what fails a scan.
            Op::Fail { .. } | Op::Abandon { .. } | Op::Retain { .. } | Op::Compact | Op::Reopen | Op::Checkpoint => {}
        }
    }
    files.retain(|file| !file.is_empty());
    Some(files)
}

/// A file in the import format, in any spelling but the canonical one.
pub fn ndjson(lines: &[Line]) -> String {
    lines.iter().map(|line| spelled(line) + "\n").collect()
}

fn spelled(line: &Line) -> String {
    let mut members: Vec<(&str, String)> = Vec::new();
    let text = |value: &str| Json::text(value).canonical();
    match line {
        Line::ScanStarted { scan_id, provider, at } => {
            members.extend([("scan", text("started")), ("scan_id", text(scan_id))]);
            members.extend([("provider", text(provider)), ("at", text(&rfc3339(*at)))]);
        }
        Line::Completed { at } => {
            members.push(("scan", text("completed")));
            members.extend(at.map(|at| ("at", text(&rfc3339(at)))));
        }
        Line::Scope(ScopeLine { scope, status, error_code, error }) => {
            members.push(("scan", text("scope")));
            members.extend(spelled_scope(scope));
            members.push(("status", text(status.text())));
            members.push(("error_code", Json::optional(error_code.as_deref()).canonical()));
            members.extend(error.iter().map(|error| ("error", text(error))));
        }
        Line::Observed(Observation { key, content, observed_at, deleted }) => {
            members.extend(spelled_scope(&key.scope));
            members.push(("resource_id", text(&key.resource_id)));
            members.extend(observed_at.map(|time| ("observed_at", text(&rfc3339(time)))));
            if *deleted {
                members.push(("change", text("deleted")));
            } else {
                members.extend(spelled_content(content));
            }
        }
    }
    let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(", "))
}

fn spelled_scope(scope: &Scope) -> [(&'static str, String); 4] {
    let text = |value: &str| Json::text(value).canonical();
    [
        ("provider", text(&scope.provider)),
        ("account_id", text(&scope.account_id)),
        ("region", text(&scope.region)),
        ("resource_type", text(&scope.resource_type)),
    ]
}

/// Defaults are left out in some members and spelled out in others.
fn spelled_content(content: &Content) -> Vec<(&'static str, String)> {
    let null_or = |value: &Option<String>| Json::optional(value.as_deref()).canonical();
    let text = |value: &String| Json::text(value).canonical();
    let mut members = vec![("tags", content.tags_json().scrambled()), ("name", null_or(&content.name))];
    members.push(("native_type", null_or(&content.native_type)));
    members.extend(content.arn.iter().map(|arn| ("arn", text(arn))));
    members.extend(content.state.iter().map(|state| ("state", text(state))));
    members.extend(content.created_at.map(|time| ("created_at", text(&rfc3339(time)))));
    if content.properties != Json::object(&[]) {
        members.push(("properties", content.properties.scrambled()));
    }
    members
}
