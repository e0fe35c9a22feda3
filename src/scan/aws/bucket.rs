//! Buckets: listed once for all regions, then asked one by one, in their own regions.
//!
//! `properties` is the bucket as listed, and for each call about it a member with that call's answer: `Versioning` is what
//! `get-bucket-versioning` prints. Null: not configured. Missing: the credentials do not allow to ask.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_config::SdkConfig;
use futures::future::{BoxFuture, join_all};
use futures::stream::{self, StreamExt};

use super::PROVIDER;
use super::call::{Answer, Wire};
use super::clients::Clients;
use super::listing::{OWN_PAGE_NEXT, PAGES_MAX};
use super::shapes::Operation;
use super::wire::decode;
use crate::error::Result;
use crate::ingest::convert::{Draft, Origin, aws_cli, tag_object};
use crate::model::{Json, Scope};
use crate::scan::limits::Limits;
use crate::scan::provider::{About, Failure, Listed, Listing, Reason, Sink};

/// The resource type.
pub(super) const TYPE: &str = "aws_s3_bucket";
/// Buckets that are asked at once.
const BUCKETS_AT_ONCE: usize = 8;
/// Buckets that are handed in together.
const PAGE_BUCKETS: usize = 64;
/// What a region is called that has no location constraint.
const FIRST_REGION: &str = "us-east-1";

/// A call about one bucket.
struct Detail {
    /// The member of `properties` that holds its answer.
    member: &'static str,
    operation: &'static str,
    permission: &'static str,
    /// The code that says that there is nothing.
    absent: &'static str,
    ask: for<'a> fn(&'a aws_sdk_s3::Client, String) -> BoxFuture<'a, std::result::Result<Answer, Failure>>,
}

macro_rules! detail {
    ($member:literal, $operation:literal, $call:ident, $permission:literal, $absent:literal) => {
        Detail {
            member: $member,
            operation: $operation,
            permission: $permission,
            absent: $absent,
            ask: |client, bucket| {
                Box::pin(async move {
                    let wire = Wire::default();
                    let sent = client.$call().bucket(bucket).customize().interceptor(wire.clone()).send().await;
                    wire.whole(sent)
                })
            },
        }
    };
}

const LOCATION: Detail = detail!("Location", "GetBucketLocation", get_bucket_location, "s3:GetBucketLocation", "");

const DETAILS: &[Detail] = &[
    detail!("Acl", "GetBucketAcl", get_bucket_acl, "s3:GetBucketAcl", ""),
    detail!("Cors", "GetBucketCors", get_bucket_cors, "s3:GetBucketCORS", "NoSuchCORSConfiguration"),
    detail!(
        "Encryption",
        "GetBucketEncryption",
        get_bucket_encryption,
        "s3:GetEncryptionConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError"
    ),
    detail!(
        "LifecycleConfiguration",
        "GetBucketLifecycleConfiguration",
        get_bucket_lifecycle_configuration,
        "s3:GetLifecycleConfiguration",
        "NoSuchLifecycleConfiguration"
    ),
    detail!("Logging", "GetBucketLogging", get_bucket_logging, "s3:GetBucketLogging", ""),
    detail!(
        "NotificationConfiguration",
        "GetBucketNotificationConfiguration",
        get_bucket_notification_configuration,
        "s3:GetBucketNotification",
        ""
    ),
    detail!(
        "ObjectLockConfiguration",
        "GetObjectLockConfiguration",
        get_object_lock_configuration,
        "s3:GetBucketObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError"
    ),
    detail!(
        "OwnershipControls",
        "GetBucketOwnershipControls",
        get_bucket_ownership_controls,
        "s3:GetBucketOwnershipControls",
        "OwnershipControlsNotFoundError"
    ),
    detail!("Policy", "GetBucketPolicy", get_bucket_policy, "s3:GetBucketPolicy", "NoSuchBucketPolicy"),
    detail!("PolicyStatus", "GetBucketPolicyStatus", get_bucket_policy_status, "s3:GetBucketPolicyStatus", "NoSuchBucketPolicy"),
    detail!(
        "PublicAccessBlock",
        "GetPublicAccessBlock",
        get_public_access_block,
        "s3:GetBucketPublicAccessBlock",
        "NoSuchPublicAccessBlockConfiguration"
    ),
    detail!(
        "Replication",
        "GetBucketReplication",
        get_bucket_replication,
        "s3:GetReplicationConfiguration",
        "ReplicationConfigurationNotFoundError"
    ),
    detail!("Tagging", "GetBucketTagging", get_bucket_tagging, "s3:GetBucketTagging", "NoSuchTagSet"),
    detail!("Versioning", "GetBucketVersioning", get_bucket_versioning, "s3:GetBucketVersioning", ""),
    detail!("Website", "GetBucketWebsite", get_bucket_website, "s3:GetBucketWebsite", "NoSuchWebsiteConfiguration"),
];

/// The buckets of an account that lie in the regions that are scanned.
#[derive(Debug)]
pub(super) struct Buckets {
    config: SdkConfig,
    about: About,
    regions: Vec<String>,
    limits: Arc<Limits>,
    clients: Mutex<HashMap<String, Clients>>,
}

impl Buckets {
    pub(super) fn new(config: &SdkConfig, account_id: &str, regions: &[String], limits: &Arc<Limits>) -> Result<Self> {
        let scopes = regions.iter().map(|region| Scope::new(PROVIDER, account_id, region, TYPE)).collect::<Result<_>>()?;
        let details = [&LOCATION].into_iter().chain(DETAILS).map(|detail| detail.permission.to_owned());
        let about = About {
            call: "s3:ListBuckets".to_owned(),
            account_id: account_id.to_owned(),
            region: "global".to_owned(),
            scopes,
            permissions: ["s3:ListAllMyBuckets".to_owned()].into_iter().chain(details).collect(),
        };
        Ok(Self { config: config.clone(), about, regions: regions.to_vec(), limits: Arc::clone(limits), clients: Mutex::default() })
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
        let calls = Calls::default();
        let listed = self.list(&calls).await.map_err(|failure| calls.so_far(failure))?;
        // A bucket that could not be read keeps what is known of it, and its neighbours are handed in all the same.
        let mut failed = None;
        for page in listed.chunks(PAGE_BUCKETS) {
            let asked = sink.about_to_ask().await.map_err(|error| Failure::new(Reason::Store, error, calls.count()))?;
            let reading: Vec<_> = page.iter().map(|bucket| self.bucket(bucket, sink, &calls)).collect();
            let mut drafts = Vec::new();
            for outcome in stream::iter(reading).buffered(BUCKETS_AT_ONCE).collect::<Vec<_>>().await {
                match outcome {
                    Ok(draft) => drafts.extend(draft),
                    Err(failure) => failed = failed.or(Some(failure)),
                }
            }
            if !drafts.is_empty() {
                sink.page(asked, drafts).await.map_err(|error| Failure::new(Reason::Store, error, calls.count()))?;
            }
        }
        match failed {
            Some(failure) => Err(calls.so_far(failure)),
            None => Ok(Listed { calls: calls.count() }),
        }
    }
}

impl Buckets {
    /// The buckets of the account, as they are listed.
    async fn list(&self, calls: &Calls) -> std::result::Result<Vec<Json>, Failure> {
        let (mut buckets, mut token) = (Vec::new(), None);
        let clients = self.clients(self.regions.first().map_or(FIRST_REGION, String::as_str));
        for _ in 0..PAGES_MAX {
            clients.wait("s3").await;
            let wire = Wire::default();
            let sent = clients.s3.list_buckets().set_continuation_token(token.clone()).customize().interceptor(wire.clone()).send().await;
            let answer = calls.counted(wire.answer(sent, |output| output.continuation_token))?;
            let document = decoded("ListBuckets", &answer)?;
            if let Some(Json::Array(page)) = document.get("Buckets") {
                buckets.extend_from_slice(page);
            }
            match answer.next {
                None => return Ok(buckets),
                next if next == token => return Err(bad_answer(OWN_PAGE_NEXT)),
                next => token = next,
            }
        }
        Err(bad_answer(format!("there are more than {PAGES_MAX} pages")))
    }

    /// All that is to be known of a bucket; nothing if it lies in a region that is not scanned.
    async fn bucket(&self, listed: &Json, sink: &dyn Sink, calls: &Calls) -> std::result::Result<Option<Draft>, Failure> {
        let name = listed.get("Name").and_then(Json::as_str).ok_or_else(|| bad_answer("a bucket without a name is listed"))?;
        let region = match listed.get("BucketRegion").and_then(Json::as_str) {
            Some(region) => region.to_owned(),
            None => self.locate(name, calls).await?,
        };
        if !self.regions.contains(&region) {
            return Ok(None);
        }
        let clients = self.clients(&region);
        let asking = DETAILS.iter().map(|detail| self.detail(detail, name, &clients, sink, calls));
        let mut members = match listed {
            Json::Object(members) => members.clone(),
            _ => Vec::new(),
        };
        for detail in join_all(asking).await {
            members.extend(detail?);
        }
        members.retain(|(member, _)| &**member != "BucketRegion");
        members.push(("BucketRegion".into(), Json::String(region.as_str().into())));
        Ok(Some(self.draft(Json::object(members), &region)?))
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
        let answer = calls.counted((LOCATION.ask)(&clients.s3, name.to_owned()).await)?;
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
            // It went away since it was listed: what is known of it stays.
            Err(failure) if failure.code.as_deref() == Some("NoSuchBucket") => return Ok(None),
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

fn bad_answer(message: impl std::fmt::Display) -> Failure {
    Failure::new(Reason::BadAnswer, message, 0)
}

/// Counts requests.
#[derive(Debug, Default)]
struct Calls(AtomicU64);

impl Calls {
    fn counted(&self, outcome: std::result::Result<Answer, Failure>) -> std::result::Result<Answer, Failure> {
        let calls = outcome.as_ref().map_or_else(|failure| failure.calls, |answer| answer.calls);
        self.0.fetch_add(calls, Ordering::Relaxed);
        outcome
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn so_far(&self, failure: Failure) -> Failure {
        Failure { calls: self.count(), ..failure }
    }
}
