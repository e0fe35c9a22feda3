//! Running checks on the store that the settings name, and recording the run.

use uuid::Uuid;

use crate::analysis::check::Check;
use crate::analysis::exemptions::ExemptionRule;
use crate::analysis::outcome::{Exemption, Outcome};
use crate::analysis::packs::Packs;
use crate::analysis::{Request, compare, record, run as run_checks, run_between};
use crate::cli::open;
use crate::cli::resolve::Settings;
use crate::clock::{Clock, SystemClock};
use crate::error::{ErrorKind, Result};
use crate::query::Point;
use crate::store::{Store, Writer};

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
        let point = match &self.extent {
            Asked::Present => "head",
            Asked::AsOf(at) | Asked::Between { to: at, .. } => at,
        };
        let session = open::session(settings, &snapshot, Some(point.to_owned()))?;
        let mut outcome = match &self.extent {
            Asked::Between { from, .. } => {
                let from = Point::parse(from).and_then(|from| from.resolve(&session.view().pinned(None)));
                let from = from.map_err(|error| error.context("--between"))?.revision;
                run_between(&session, from, self.packs, &self.checks, &request).await?
            }
            _ => run_checks(&session, self.packs, &self.checks, &request).await?,
        };
        // What a condition leaves out is neither found nor resolved: such a run says nothing of findings.
        let changes = if request.is_present && request.condition.is_none() {
            Some(compare(&session, snapshot.index().last_run.clone(), &mut outcome).await?)
        } else {
            None
        };
        if let Some(writer) = writer {
            record(writer, started_at, &outcome, changes, &request.exemptions).await?;
            writer.settle().await?;
        }
        Ok(Outcome { started_at: Some(started_at), finished_at: Some(SystemClock.now()), ..outcome })
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
