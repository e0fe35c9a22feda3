//! Running checks on the store that the settings name, and recording the run.

use std::sync::Arc;

use uuid::Uuid;

use crate::analysis::check::Check;
use crate::analysis::exemptions::ExemptionRule;
use crate::analysis::outcome::{Exemption, Outcome};
use crate::analysis::packs::Packs;
use crate::analysis::{Compared, Request, compare, record, run as run_checks, run_between};
use crate::cli::open;
use crate::cli::resolve::Settings;
use crate::clock::{Clock, SystemClock};
use crate::error::{ErrorKind, Result};
use crate::model::Revision;
use crate::query::{Point, QuerySession};
use crate::store::{Snapshot, Store, Writer};

/// How often a run over the present is begun anew because another told of findings meanwhile.
const TRIES_MAX: usize = 8;

/// What is asked of checks.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The packs.
    pub packs: &'a Packs,
    /// The checks that are run.
    pub checks: Vec<&'a Check>,
    /// Of when it is asked.
    pub extent: Asked,
    /// A condition on the resources that are told of.
    pub condition: Option<String>,
    /// Whether the run is recorded.
    pub record: bool,
    /// Whether findings of checks that no pack has any more are resolved by it.
    pub resolves_removed: bool,
}

/// Of when it is asked.
#[derive(Debug)]
pub enum Asked {
    /// The present.
    Present,
    /// A point.
    AsOf(String),
    /// All points from one to another.
    Between {
        /// The first.
        from: String,
        /// The last.
        to: String,
    },
}

impl Ask<'_> {
    /// Runs the checks, and records the run; anew if another run told of findings meanwhile.
    ///
    /// # Errors
    /// The store cannot be read, or not written to record the run; a point or the condition is none.
    pub async fn run(&self, settings: &Settings) -> Result<Outcome> {
        let store = open::reader(settings).await?;
        let writer = if self.record { Some(writer(settings).await?) } else { None };
        for _ in 1..TRIES_MAX {
            match self.once(&store, writer.as_ref(), settings).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                done => return done,
            }
        }
        self.once(&store, writer.as_ref(), settings).await
    }

    async fn once(&self, store: &Store, writer: Option<&Writer>, settings: &Settings) -> Result<Outcome> {
        let started_at = SystemClock.now();
        let snapshot = store.snapshot().await?;
        let request = self.request(settings);
        let (session, from) = self.session(settings, &snapshot)?;
        let mut outcome = match from {
            Some(from) => run_between(&session, from, self.packs, &self.checks, &request).await?,
            None => run_checks(&session, self.packs, &self.checks, &request).await?,
        };
        // What a condition leaves out is neither found nor resolved: such a run says nothing of findings.
        let changes = if request.is_present && request.condition.is_none() {
            let last_run = snapshot.index().last_run.clone();
            // Those that the tables follow: what they still show must not be told.
            let redactions = snapshot.manifest().index.redactions.len();
            let with = Compared { last_run, redactions, packs: self.packs, resolves_removed: self.resolves_removed };
            Some(compare(&session, with, &mut outcome).await?)
        } else {
            None
        };
        if let Some(writer) = writer {
            record(writer, started_at, &outcome, changes, &request.exemptions).await?;
            writer.settle().await?;
        }
        Ok(Outcome { started_at: Some(started_at), finished_at: Some(SystemClock.now()), ..outcome })
    }

    /// A session that is pinned where it is asked, and where the range begins if it is about one.
    fn session(&self, settings: &Settings, snapshot: &Arc<Snapshot>) -> Result<(QuerySession, Option<Revision>)> {
        let mut session = open::session(settings, snapshot, None)?;
        let present = session.view();
        let resolved = |option: &str, point: &str| {
            let point = Point::parse(point).and_then(|point| point.resolve(&present));
            point.map_err(|error| error.context(option))
        };
        let (option, point, from) = match &self.extent {
            Asked::Present => ("head", "head", None),
            Asked::AsOf(at) => ("--as-of", at.as_str(), None),
            Asked::Between { from, to } => ("--and", to.as_str(), Some(resolved("--between", from)?.revision)),
        };
        resolved(option, point)?;
        session.pin(point)?;
        Ok((session, from))
    }

    fn request(&self, settings: &Settings) -> Request {
        Request {
            run_id: Uuid::new_v4().to_string(),
            is_present: matches!(self.extent, Asked::Present),
            condition: self.condition.clone(),
            exemptions: exemptions(settings),
        }
    }
}

/// Opens the store for recording.
async fn writer(settings: &Settings) -> Result<Writer> {
    open::writer(settings).await.map_err(|error| error.context("record the run").with_hint("--no-record runs checks without writing"))
}

fn exemptions(settings: &Settings) -> Vec<ExemptionRule> {
    let said = settings.file.checks.exemptions.iter();
    let rules = said.map(|said| ExemptionRule {
        check: said.check.clone(),
        resource: said.resource.clone(),
        exemption: Exemption { reason: said.reason.clone(), until: said.until },
    });
    rules.collect()
}
