//! A check that is being run, and what it comes to.

use std::collections::BTreeMap;

use super::check::Check;
use super::coverage::{Coverage, Known};
use super::exemptions::exemption;
use super::intervals::Moment;
use super::outcome::{CheckAbout, CheckOutcome, Extent, Gap, Outcome, Status};
use super::packs::{Packs, Values};
use super::run::Request;
use crate::error::Error;
use crate::model::{Revision, Timestamp};
use crate::query::{QuerySession, View};

/// The most scopes that a reason names.
const NAMED_MAX: usize = 3;

/// A check with what it is run with and what is known of its types.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) check: CheckAbout,
    pub(super) sql: String,
    pub(super) values: Values,
    /// Why it is not run.
    pub(super) skipped: Option<String>,
    /// The parameter that has no value.
    lacks: Option<String>,
    known: Known,
}

impl Job {
    pub(super) fn new(check: &Check, packs: &Packs, coverage: &Coverage) -> Self {
        let known = coverage.of(&check.about);
        let (values, lacks) = match packs.values(check) {
            Ok(values) => (values, None),
            Err(name) => (Values::default(), Some(format!("{}.{name}", check.about.packs.first().map_or("", String::as_str)))),
        };
        let skipped = match &lacks {
            _ if !known.is_listed => never_listed(&known.never_listed),
            Some(parameter) => Some(format!("the parameter {parameter} has no value")),
            None => None,
        };
        Self { check: check.about.clone(), sql: check.sql.clone(), values, lacks: lacks.filter(|_| known.is_listed), skipped, known }
    }

    /// What it comes to, before its findings are weighed.
    pub(super) fn outcome(self, error: Option<&Error>) -> CheckOutcome {
        let (status, why) = match (error, self.skipped) {
            (Some(error), _) => (Status::Error, Some(error.to_string())),
            (None, Some(why)) => (Status::Skipped, Some(why)),
            (None, None) if !self.known.gaps.is_empty() => (Status::Incomplete, Some(gaps_told(&self.known.gaps))),
            (None, None) => (Status::Pass, never_listed(&self.known.never_listed)),
        };
        CheckOutcome {
            check: self.check,
            status,
            why,
            lacks: self.lacks,
            gaps: self.known.gaps,
            parameters: self.values.all,
            lasting: self.values.lasting,
            findings: Vec::new(),
            more_findings: 0,
            resolved: Vec::new(),
            violations: Vec::new(),
            method: None,
        }
    }
}

impl Request {
    /// What checks come to, once it is seen what is exempt.
    pub(super) fn outcome(&self, session: &QuerySession, from: Option<Revision>, mut checks: Vec<CheckOutcome>) -> Outcome {
        let view = session.view();
        checks.iter_mut().for_each(|check| self.weigh(check, view.now()));
        let to = moment(&view, view.head());
        Outcome {
            run_id: self.run_id.clone(),
            elava_version: env!("CARGO_PKG_VERSION").to_owned(),
            is_present: self.is_present,
            started_at: None,
            finished_at: None,
            extent: from.map_or(Extent::Point(to), |from| Extent::Range { from: moment(&view, from), to }),
            checks,
            removed: BTreeMap::new(),
        }
    }

    fn weigh(&self, check: &mut CheckOutcome, now: Timestamp) {
        check.leave_out_untold();
        let id = &check.check.id;
        let exemption = |resource: &str| exemption(&self.exemptions, id, resource, now).cloned();
        for finding in &mut check.findings {
            finding.exemption = exemption(&finding.resource.resource_key);
        }
        for violation in &mut check.violations {
            violation.exemption = exemption(&violation.resource.resource_key);
        }
        if check.open() > 0 {
            (check.status, check.why) = (Status::Fail, None);
        }
    }
}

/// A revision and when it was observed.
pub(super) fn moment(view: &View, revision: Revision) -> Moment {
    Moment { revision, at: view.source().time_of(revision) }
}

/// Scopes that were not seen whole, in words.
fn gaps_told(gaps: &[Gap]) -> String {
    let told = gaps.iter().take(NAMED_MAX).map(Gap::to_string).collect::<Vec<_>>().join(", ");
    match gaps.len().saturating_sub(NAMED_MAX) {
        0 => told,
        more => format!("{told}, and {more} more"),
    }
}

/// Types that were not looked at although others of the check were.
fn never_listed(types: &[String]) -> Option<String> {
    (!types.is_empty()).then(|| format!("no scan has listed {}", types.join(", ")))
}
