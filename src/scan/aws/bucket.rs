//! Buckets: listed once for all regions, then asked one by one, in their own regions.
//!
//! `properties` is the bucket as listed, and for each call about it a member with that call's answer: `Versioning` is what
//! `get-bucket-versioning` prints. Null: not configured. Missing: the credentials do not allow to ask.
//!
//! - A bucket that cannot be described makes the scope of its region partial, and keeps what is known of it.
//! - One whose region cannot be learned makes all scopes partial: it may lie in any.
//! - One that went away since it was listed was there then: it is seen as it is known. If the next scan does not find it
//!   listed, it is deleted.
//! - An incremental scan describes those that are not known, or are listed otherwise than they are known.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_config::SdkConfig;
use futures::future::join_all;
use futures::stream::{self, StreamExt};

use super::bucket_detail::{DETAILS, Detail, LOCATION};
use super::call::{Answer, Calls, Paging, Wire, bad_answer, of_store};
use super::clients::Clients;
use super::member::known as known_as;
use super::shapes::Operation;
use super::wire::decode;
use super::{GLOBAL, PROVIDER};
use crate::error::Result;
use crate::ingest::convert::{Draft, Origin, aws_cli, tag_object};
use crate::model::{Json, ResourceKey, Scope};
use crate::scan::limits::Limits;
use crate::scan::provider::{About, Failure, Listed, Listing, Reason, Sink};

/// The resource type.
pub(super) const TYPE: &str = "aws_s3_bucket";
/// Buckets that are asked at once.
const BUCKETS_AT_ONCE: usize = 8;
/// Buckets that are handed in together.
const PAGE_BUCKETS: usize = 64;
/// What is said of a bucket that is not there.
const GONE: &str = "NoSuchBucket";
/// What a region is called that has no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// The buckets of an account that lie in the regions that are scanned.
#[derive(Debug)]
pub(super) struct Buckets {
    config: SdkConfig,
    about: About,
    regions: Vec<String>,
    is_incremental: bool,
    limits: Arc<Limits>,
    clients: Mutex<HashMap<String, Clients>>,
}

impl Buckets {
    pub(super) fn new(
        config: &SdkConfig,
        account_id: &str,
        regions: &[String],
        is_incremental: bool,
        limits: &Arc<Limits>,
    ) -> Result<Self> {
        let scopes = regions.iter().map(|region| Scope::new(PROVIDER, account_id, region, TYPE)).collect::<Result<_>>()?;
        let details = [&LOCATION].into_iter().chain(DETAILS).map(|detail| detail.permission.to_owned());
        let about = About {
            call: "s3:ListBuckets".to_owned(),
            account_id: account_id.to_owned(),
            region: GLOBAL.to_owned(),
            scopes,
            permissions: ["s3:ListAllMyBuckets".to_owned()].into_iter().chain(details).collect(),
        };
        let (config, regions, limits) = (config.clone(), regions.to_vec(), Arc::clone(limits));
        Ok(Self { config, about, regions, is_incremental, limits, clients: Mutex::default() })
    }

    /// The clients of a region; they are made when they are first needed.
    fn clients(&self, region: &str) -> Clients {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Clients::new(&self.config, &self.about.account_id, region, &self.limits);
        clients.entry(region.to_owned()).or_insert_with(made).clone()
    }
}

#[async_trait]
impl Listing for Buckets {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> std::result::Result<Listed, Failure> {
        let (calls, mut partial) = (Calls::default(), BTreeMap::new());
        let outcome = self.all(sink, &calls, &mut partial).await;
        calls.ended(outcome).map(|listed| Listed { partial, ..listed })
    }
}

/// A bucket, where it lies and what is known of it.
struct Located<'l> {
    listed: &'l Json,
    name: &'l str,
    region: String,
    key: ResourceKey,
}

impl Buckets {
    /// Looks at all buckets, page by page.
    async fn all(&self, sink: &dyn Sink, calls: &Calls, partial: &mut BTreeMap<Scope, Failure>) -> std::result::Result<(), Failure> {
        for page in self.list(calls).await?.chunks(PAGE_BUCKETS) {
            self.page(page, sink, calls, partial).await?;
        }
        Ok(())
    }

    /// Looks at some buckets and hands them in. What could not be seen is noted by scope.
    async fn page(
        &self,
        listed: &[Json],
        sink: &dyn Sink,
        calls: &Calls,
        partial: &mut BTreeMap<Scope, Failure>,
    ) -> std::result::Result<(), Failure> {
        let asked = sink.about_to_ask().await.map_err(of_store)?;
        let located: Vec<_> = listed.iter().map(|listed| self.located(listed, calls)).collect();
        let mut buckets = Vec::new();
        for outcome in stream::iter(located).buffered(BUCKETS_AT_ONCE).collect::<Vec<_>>().await {
            match outcome {
                Ok(located) => buckets.extend(located),
                Err(failure) => self.about.scopes.iter().for_each(|scope| note(partial, scope, &failure)),
            }
        }
        let keys: Vec<ResourceKey> = buckets.iter().map(|bucket| bucket.key.clone()).collect();
        let known = if self.is_incremental { sink.known(&keys).await.map_err(of_store)? } else { vec![None; keys.len()] };
        let seeing: Vec<_> = buckets.iter().zip(known).map(|(bucket, known)| self.seen(bucket, known, sink, calls)).collect();
        let mut drafts = Vec::new();
        for (outcome, bucket) in stream::iter(seeing).buffered(BUCKETS_AT_ONCE).collect::<Vec<_>>().await.into_iter().zip(&buckets) {
            match outcome {
                Ok(draft) => drafts.extend(draft),
                Err(failure) if failure.reason == Reason::Store => return Err(failure),
                Err(failure) => note(partial, &Scope::from_stored(bucket.key.scope_str()), &failure),
            }
        }
        // Each bucket tells by itself that it has no tags.
        if !drafts.is_empty() {
            sink.page(asked.confirmed(), drafts).await.map_err(of_store)?.written(0)?;
        }
        Ok(())
    }

    /// The buckets of the account, as they are listed.
    async fn list(&self, calls: &Calls) -> std::result::Result<Vec<Json>, Failure> {
        let (mut buckets, mut paging) = (Vec::new(), Paging::default());
        let clients = self.clients(self.regions.first().map_or(FIRST_REGION, String::as_str));
        loop {
            clients.wait("s3").await;
            let wire = Wire::default();
            let sent = clients.s3.list_buckets().set_continuation_token(paging.token()).customize().interceptor(wire.clone()).send().await;
            let document = decoded("ListBuckets", &calls.counted(wire.answer(sent))?)?;
            if let Some(Json::Array(page)) = document.get("Buckets") {
                buckets.extend_from_slice(page);
            }
            if !paging.goes_on(&document)? {
                return Ok(buckets);
            }
        }
    }

    /// Where a bucket lies; nothing if that is in a region that is not scanned.
    async fn located<'l>(&self, listed: &'l Json, calls: &Calls) -> std::result::Result<Option<Located<'l>>, Failure> {
        let name = listed.get("Name").and_then(Json::as_str).ok_or_else(|| bad_answer("a bucket without a name is listed"))?;
        let region = match listed.get("BucketRegion").and_then(Json::as_str) {
            Some(region) => region.to_owned(),
            None => self.locate(name, calls).await?,
        };
        if !self.regions.contains(&region) {
            return Ok(None);
        }
        let key = ResourceKey::new(PROVIDER, &self.about.account_id, &region, TYPE, name).map_err(bad_answer)?;
        Ok(Some(Located { listed, name, region, key }))
    }

    /// What there is to hand in of a bucket.
    async fn seen(
        &self,
        bucket: &Located<'_>,
        known: Option<Draft>,
        sink: &dyn Sink,
        calls: &Calls,
    ) -> std::result::Result<Option<Draft>, Failure> {
        if let Some(known) = known.filter(|known| is_listed_as_known(bucket.listed, known)) {
            return Ok(Some(known));
        }
        match self.described(bucket, sink, calls).await {
            Err(failure) if failure.code.as_deref() == Some(GONE) => {
                sink.note(format!("bucket {} went away since it was listed", bucket.name));
                known_as(bucket.key.clone(), sink).await
            }
            outcome => outcome.map(Some),
        }
    }

    /// All that is to be known of a bucket.
    async fn described(&self, bucket: &Located<'_>, sink: &dyn Sink, calls: &Calls) -> std::result::Result<Draft, Failure> {
        let clients = self.clients(&bucket.region);
        let asking = DETAILS.iter().map(|detail| self.detail(detail, bucket.name, &clients, sink, calls));
        let mut members = match bucket.listed {
            Json::Object(members) => members.clone(),
            _ => Vec::new(),
        };
        for detail in join_all(asking).await {
            members.extend(detail?);
        }
        members.retain(|(member, _)| &**member != "BucketRegion");
        members.push(("BucketRegion".into(), Json::String(bucket.region.as_str().into())));
        self.draft(Json::object(members), &bucket.region)
    }

    fn draft(&self, properties: Json, region: &str) -> std::result::Result<Draft, Failure> {
        let tags = match properties.get("Tagging") {
            Some(Json::Null) => Some(Json::Object(Vec::new())),
            Some(tagging) => tagging.get("TagSet").and_then(tag_object),
            None => None,
        };
        let document = Json::object([("Buckets".into(), Json::Array(vec![properties]))]);
        let origin = Origin { account: Some(&self.about.account_id), region: Some(region), service: Some("s3"), ..Origin::default() };
        let converted = aws_cli::convert(&document, &origin).map_err(bad_answer)?;
        let draft = converted.observations.into_iter().next().ok_or_else(|| bad_answer("a bucket is not listed as such"))?;
        Ok(Draft { tags, ..draft })
    }

    /// The region of a bucket.
    async fn locate(&self, name: &str, calls: &Calls) -> std::result::Result<String, Failure> {
        let clients = self.clients(self.regions.first().map_or(FIRST_REGION, String::as_str));
        clients.wait("s3").await;
        let answer = calls.counted((LOCATION.ask)(&clients.s3, name.to_owned()).await);
        let answer =
            answer.map_err(|failure| Failure { message: format!("the region of bucket {name}: {}", failure.message), ..failure })?;
        let document = decoded(LOCATION.operation, &answer)?;
        Ok(match document.get("LocationConstraint").and_then(Json::as_str) {
            None | Some("") => FIRST_REGION.to_owned(),
            // What the first region of Europe was called before there were others.
            Some("EU") => "eu-west-1".to_owned(),
            Some(region) => region.to_owned(),
        })
    }

    /// The member that one call about a bucket gives, if the credentials allow it.
    async fn detail(
        &self,
        detail: &Detail,
        name: &str,
        clients: &Clients,
        sink: &dyn Sink,
        calls: &Calls,
    ) -> std::result::Result<Option<(Box<str>, Json)>, Failure> {
        clients.wait("s3").await;
        let value = match calls.counted((detail.ask)(&clients.s3, name.to_owned()).await) {
            Ok(answer) => decoded(detail.operation, &answer)?,
            Err(failure) if !detail.absent.is_empty() && failure.code.as_deref() == Some(detail.absent) => Json::Null,
            Err(failure) if failure.reason == Reason::AccessDenied => {
                sink.note(format!("bucket {name}: {} is not known: {failure}", detail.member));
                return Ok(None);
            }
            Err(failure) => {
                return Err(Failure { message: format!("bucket {name}, {}: {}", detail.operation, failure.message), ..failure });
            }
        };
        Ok(Some((detail.member.into(), value)))
    }
}

/// Whether a bucket is listed as it is known: made at the same time. Its settings may have changed all the same.
fn is_listed_as_known(listed: &Json, known: &Draft) -> bool {
    let created = listed.get("CreationDate");
    created.is_some() && created == known.properties.get("CreationDate")
}

/// Notes why something of a scope could not be seen; the first reason holds.
fn note(partial: &mut BTreeMap<Scope, Failure>, scope: &Scope, failure: &Failure) {
    partial.entry(scope.clone()).or_insert_with(|| failure.clone());
}

fn decoded(operation: &str, answer: &Answer) -> std::result::Result<Json, Failure> {
    let operation = Operation::find("s3", operation).map_err(bad_answer)?;
    let document = decode(operation, &answer.body).map_err(bad_answer)?.document;
    let Json::Object(mut members) = document else { return Ok(document) };
    for (member, header) in operation.headers() {
        let told = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(header));
        members.extend(told.map(|(_, value)| (member.into(), Json::String(value.as_str().into()))));
    }
    Ok(Json::object(members))
}
