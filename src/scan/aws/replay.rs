//! The recorded replay: answers of AWS in files, listed as if AWS had just given them.
//!
//! `ACCOUNT/REGION/SERVICE-OPERATION.xml` is the body of an answer as it was on the wire, `.json` where the service answers in
//! JSON; the further pages of one are `SERVICE-OPERATION-2.xml` and so on. Each operation with a file is a listing that covers
//! its types in that region, so an answer without resources is a file too. Pages are numbered without a gap, and a last one that
//! says that there are more makes no scope complete. JSON next to XML of the same name is somebody
//! else's reading of it, and left alone.
//!
//! Deliberately absent: recording. What AWS answers holds secrets that Elava never keeps. And buckets, which are not described
//! by the call that lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::PROVIDER;
use super::listing::{about, note_unknown, read_page};
use super::shapes::Operation;
use super::types::{APIS, Api};
use crate::error::{Error, Result};
use crate::scan::provider::{About, Failure, Listed, Listing, Provider, Reason, Sink};

/// Recorded answers as a provider.
#[derive(Debug, Clone)]
pub struct Replay {
    folder: PathBuf,
}

impl Replay {
    /// The answers in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait]
impl Provider for Replay {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn listings(&self) -> Result<Vec<Arc<dyn Listing>>> {
        let mut listings: Vec<Arc<dyn Listing>> = Vec::new();
        for (account_id, of_account) in entries(&self.folder).await? {
            for (region, of_region) in entries(&of_account).await? {
                let recorded = recorded(&account_id, &region, &of_region).await;
                for listing in recorded.map_err(|error| error.context(of_region.display()))? {
                    listings.push(Arc::new(listing));
                }
            }
        }
        if listings.is_empty() {
            return Err(Error::not_found(format!("{}: there is no ACCOUNT/REGION/SERVICE-OPERATION.xml in it", self.folder.display())));
        }
        Ok(listings)
    }
}

/// The listings of a region.
async fn recorded(account_id: &str, region: &str, folder: &Path) -> Result<Vec<Recorded>> {
    let (files, mut pages) = (entries(folder).await?, BTreeMap::<&str, BTreeMap<u32, PathBuf>>::new());
    for (name, path) in &files {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        if ending == "json" && files.contains_key(&format!("{stem}.xml")) {
            continue;
        }
        let (operation, page) = page_of(stem);
        pages.entry(operation).or_default().insert(page, path.clone());
    }
    let listing = |(name, files): (&str, BTreeMap<u32, PathBuf>)| {
        let (api, operation) = listing_of(name)?;
        if let Some((expected, found)) = (1..).zip(files.keys()).find(|(expected, found)| expected != *found) {
            return Err(Error::invalid(format!("expected page {expected} of {name}, found page {found}")));
        }
        Ok(Recorded { api, operation, about: about(api, account_id, region)?, pages: files.into_values().collect() })
    };
    pages.into_iter().map(listing).collect()
}

/// What is in a folder, by name and in its order.
async fn entries(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let unreadable = |error| Error::unavailable(folder.display().to_string()).with_source(error);
    let (mut found, mut entries) = (BTreeMap::new(), tokio::fs::read_dir(folder).await.map_err(unreadable)?);
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        found.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
    }
    Ok(found)
}

/// The operation and the page in `ec2-DescribeVpcs-2`.
fn page_of(stem: &str) -> (&str, u32) {
    let numbered = stem.rsplit_once('-').and_then(|(operation, page)| Some((operation, page.parse().ok()?)));
    numbered.unwrap_or((stem, 1))
}

/// The listing that is named `ec2-DescribeVpcs`.
fn listing_of(name: &str) -> Result<(&'static Api, &'static Operation)> {
    let named = |api: &&Api| name.strip_prefix(api.service).and_then(|rest| rest.strip_prefix('-')) == Some(api.operation);
    let api = APIS.iter().find(named).ok_or_else(|| {
        Error::invalid(format!("expected a file named as SERVICE-OPERATION or SERVICE-OPERATION-PAGE of a listing, found {name:?}"))
    })?;
    Ok((api, Operation::find(api.service, api.operation)?))
}

/// The recorded pages of one call.
#[derive(Debug)]
struct Recorded {
    api: &'static Api,
    operation: &'static Operation,
    about: About,
    pages: Vec<PathBuf>,
}

#[async_trait]
impl Listing for Recorded {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let (mut unknown, mut goes_on) = (BTreeSet::new(), false);
        for (at, path) in (1..).zip(&self.pages) {
            let of_store = |error| Failure::new(Reason::Store, error, at);
            let asked = sink.about_to_ask().await.map_err(of_store)?;
            let body = tokio::fs::read(path).await;
            let body = body.map_err(|error| Failure::new(Reason::Unreachable, format!("{}: {error}", path.display()), at))?;
            let page = read_page(self.api, self.operation, &self.about, &body, &mut unknown);
            let (page, has_next) = page.map_err(|error| Failure::new(Reason::BadAnswer, error.context(path.display()), at))?;
            goes_on = has_next;
            page.notes.into_iter().for_each(|note| sink.note(note));
            if !page.observations.is_empty() {
                // Asked again, a file says the same.
                sink.page(asked.confirmed(), page.observations).await.map_err(of_store)?.written(at)?;
            }
        }
        note_unknown(&unknown, sink);
        let calls = self.pages.len() as u64;
        // What is on a page that was not recorded is not gone.
        if goes_on {
            return Err(Failure::new(
                Reason::BadAnswer,
                format!("the answer goes on after page {calls}, which is the last in the folder"),
                calls,
            ));
        }
        Ok(Listed::whole(calls))
    }
}
