//! Other people's files: one JSON document each, converted, and recorded together as one scan.
//!
//! All files of an import are one scan, since they are parts of one look: answers of one account's services, or pages of
//! one listing, of which none may delete what another holds. All are converted before anything is written. AWS Config
//! items come in the order of their capture times, over all files; the scan begins at the first of them.
//!
//! Documents are held in memory whole: they are what a command line printed or what Config delivers for some hours.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::convert::{Converted, Draft, Origin, aws_cli, aws_config, caller_account};
use super::line::Seen;
use super::rules::{Rules, observation};
use super::scan::note_scope;
use super::source::{BytesRead, Source, read_document};
use super::{Format, Import, ImportOptions};
use crate::error::{Error, Result};
use crate::model::{Json, JsonError, Observation, ScopeReport, Sighting, Timestamp, parse_json};
use crate::store::Begin;

/// What all documents hold.
struct Whole {
    observations: Vec<Seen>,
    scopes: Vec<ScopeReport>,
    notes: Vec<String>,
    hash: [u8; 32],
}

impl Import<'_> {
    /// Imports documents as one scan.
    pub(super) async fn documents(&mut self, sources: Vec<Source>) -> Result<()> {
        let (options, rules, bytes_read) = (self.options.clone(), Arc::clone(&self.rules), Arc::clone(&self.bytes_read));
        let now = self.writer.clock().now();
        let converting = spawn_blocking(move || convert_all(sources, &options, &rules, &bytes_read, now));
        let whole = converting.await.map_err(|error| Error::internal("a converter has failed").with_source(error))??;
        whole.notes.into_iter().for_each(|note| self.warn(note));
        if whole.observations.is_empty() && whole.scopes.is_empty() {
            self.warn("the files hold nothing that can be taken".to_owned());
            return Ok(());
        }
        let first = whole.observations.first().and_then(|seen| seen.observation.observed_at);
        let at = first.or(self.options.at);
        let scan_id = self.content_scan_id(whole.hash, at).await?;
        let begin = Begin { scan_id, provider: Some("aws".to_owned()), at, lift: self.options.lift, guard: false, scopes: Vec::new() };
        let mut scan = self.start(begin).await?;
        for report in whole.scopes {
            scan.gathered.note_scope(report);
        }
        for seen in whole.observations {
            let bytes = size(&seen.observation);
            scan.gathered.push(seen, bytes, false);
            if scan.gathered.is_full(self.batch_max) {
                self.flush(&mut scan).await?;
            }
        }
        self.complete(scan, None, false).await
    }
}

fn size(observation: &Observation) -> usize {
    match &observation.sighting {
        Sighting::Present(content, _) => observation.key.as_str().len() + content.properties.as_str().len(),
        Sighting::Deleted => observation.key.as_str().len(),
    }
}

fn convert_all(sources: Vec<Source>, options: &ImportOptions, rules: &Rules, bytes_read: &BytesRead, now: Timestamp) -> Result<Whole> {
    let mut hasher = Sha256::new();
    let mut documents = Vec::with_capacity(sources.len());
    for source in sources {
        let (name, path) = (source.shared_name(), source.file().map(|path| path.display().to_string()));
        let text = read_document(source, Arc::clone(bytes_read))?;
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(&text);
        let document = parse_json(&text).map_err(|error| not_json(&name, &text, &error))?;
        documents.push((name, path, document));
    }
    let account = account(options, documents.iter().map(|(.., document)| document))?;
    let mut whole = Whole { observations: Vec::new(), scopes: Vec::new(), notes: Vec::new(), hash: hasher.finalize().into() };
    let mut scopes = BTreeMap::new();
    for (name, path, document) in documents {
        if options.format == Format::AwsCli && caller_account(&document).is_some() {
            continue;
        }
        let origin = Origin {
            path: path.as_deref(),
            account: account.as_deref(),
            region: options.region.as_deref(),
            complete: options.complete,
            service: None,
        };
        let converted = match options.format {
            Format::AwsConfig => aws_config::convert(&document, &origin),
            Format::AwsCli | Format::Ndjson => aws_cli::convert(&document, &origin),
        };
        let Converted { observations, scopes: reports, notes } = converted.map_err(|error| error.context(&name))?;
        whole.notes.extend(notes.into_iter().map(|note| format!("{name}: {note}")));
        reports.into_iter().for_each(|report| note_scope(&mut scopes, report));
        for draft in observations {
            whole.observations.push(checked(draft, rules, now).map_err(|error| error.context(&name))?);
        }
    }
    whole.scopes = scopes.into_values().collect();
    in_order_of_time(&mut whole.observations, options.at.unwrap_or(now));
    Ok(whole)
}

/// The account that was asked: as given, or as a saved `get-caller-identity` among the files tells.
fn account<'a>(options: &ImportOptions, documents: impl Iterator<Item = &'a Json>) -> Result<Option<String>> {
    if options.account.is_some() || options.format != Format::AwsCli {
        return Ok(options.account.clone());
    }
    let mut found: Option<&str> = None;
    for account in documents.filter_map(caller_account) {
        if let Some(other) = found.filter(|other| *other != account) {
            return Err(Error::invalid(format!("the files tell of two callers, {other} and {account}"))
                .with_hint("import the files of each account alone, or give --account"));
        }
        found = Some(account);
    }
    Ok(found.map(str::to_owned))
}

/// Where some observations have times, those without get a default, and all are sorted; else they keep their order.
fn in_order_of_time(observations: &mut [Seen], default: Timestamp) {
    if observations.iter().all(|seen| seen.observation.observed_at.is_none()) {
        return;
    }
    for seen in observations.iter_mut() {
        seen.observation.observed_at.get_or_insert(default);
    }
    observations.sort_by_key(|seen| seen.observation.observed_at);
}

/// The observation of a draft, for those who count keys.
fn checked(draft: Draft, rules: &Rules, now: Timestamp) -> Result<Seen> {
    use std::hash::BuildHasher;

    let observation = observation(draft, rules, now)?;
    let key_hash = rules.hasher.hash_one(observation.key.as_str());
    Ok(Seen { observation, key_hash })
}

fn not_json(name: &str, text: &[u8], error: &JsonError) -> Error {
    let before = text.get(..error.offset).unwrap_or(text);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Error::invalid(format!("{name}:{line}: not JSON that can be taken: {} at byte {column} of the line", error.message))
}
