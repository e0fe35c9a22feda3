//! Jobs that are ready to be done, and the store that they write to.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::analysis::outcome::Severity;
#[cfg(feature = "aws")]
use crate::cli::args::ScanArgs;
use crate::cli::commands::check::given;
#[cfg(feature = "aws")]
use crate::cli::commands::scan::Plan;
use crate::cli::resolve::JobPlan;
use crate::cli::{Context, open};
use crate::error::Result;
#[cfg(not(feature = "aws"))]
use crate::error::{Error, ErrorKind};
#[cfg(feature = "aws")]
use crate::settings::ScanJobSettings;
use crate::store::Writer;

/// A job, and what it scans if it does.
#[derive(Debug)]
pub struct ReadyJob {
    /// The job.
    pub plan: JobPlan,
    /// What it scans.
    #[cfg(feature = "aws")]
    pub scan: Option<Plan>,
}

#[cfg(feature = "aws")]
impl ReadyJob {
    /// A job as the settings have it.
    ///
    /// # Errors
    /// `Invalid` for a type, a service or a role that is none.
    pub fn of_settings(plan: &JobPlan, context: &Context) -> Result<Self> {
        let scan = plan.scan.as_ref().map(|said| Plan::new(&arguments(said), &context.settings)).transpose();
        let scan = scan.and_then(|scan| known_checks(plan, context).map(|()| scan));
        let scan = scan.map_err(|error| error.context(format!("job {}", plan.job.name)))?;
        Ok(Self { plan: plan.clone(), scan })
    }
}

#[cfg(feature = "aws")]
fn arguments(said: &ScanJobSettings) -> ScanArgs {
    ScanArgs {
        region: said.regions.clone(),
        types: said.types.clone(),
        exclude_type: said.exclude_types.clone(),
        incremental: said.incremental,
        ..ScanArgs::default()
    }
}

#[cfg(not(feature = "aws"))]
impl ReadyJob {
    /// A job as the settings have it.
    ///
    /// # Errors
    /// `Unsupported` if it scans.
    pub fn of_settings(plan: &JobPlan, context: &Context) -> Result<Self> {
        if plan.scan.is_some() {
            let message = format!("job {}: this build of Elava has no cloud to scan: it was made without the feature aws", plan.job.name);
            return Err(Error::new(ErrorKind::Unsupported, message).with_hint("name jobs without scan in elava.toml"));
        }
        known_checks(plan, context).map_err(|error| error.context(format!("job {}", plan.job.name)))?;
        Ok(Self { plan: plan.clone() })
    }
}

fn known_checks(plan: &JobPlan, context: &Context) -> Result<()> {
    let Some(names) = &plan.check else { return Ok(()) };
    given::chosen(&given::packs(&context.settings, &[], &[])?, &context.settings, names, Severity::Low).map(drop)
}

/// The store, open for writing while somebody writes: between jobs no memory is held, and what broke one of them does not
/// break the next.
#[derive(Debug)]
pub struct Writers<'a> {
    context: &'a Context,
    open: Mutex<Option<Arc<Writer>>>,
}

impl<'a> Writers<'a> {
    /// The store of the settings.
    pub fn new(context: &'a Context) -> Self {
        Self { context, open: Mutex::default() }
    }

    /// The settings and the printer.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// The store, opened if it is not.
    ///
    /// # Errors
    /// As [`open::writer`].
    pub async fn get(&self) -> Result<Arc<Writer>> {
        let mut open = self.open.lock().await;
        if let Some(writer) = &*open {
            return Ok(Arc::clone(writer));
        }
        let writer = Arc::new(open::writer(&self.context.settings).await?);
        *open = Some(Arc::clone(&writer));
        Ok(writer)
    }

    /// The store if it is open, which is closed if nobody writes.
    pub async fn in_use(&self) -> Option<Arc<Writer>> {
        let mut open = self.open.lock().await;
        if open.as_ref().is_some_and(|writer| Arc::strong_count(writer) == 1) {
            *open = None;
        }
        open.clone()
    }

    /// Opens it anew for whoever comes next.
    pub async fn drop_open(&self) {
        *self.open.lock().await = None;
    }
}
