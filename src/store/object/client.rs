//! The clients of a bucket: one that never repeats a request, for creates, and one that does, for all else.
//!
//! The library that sends requests tells a caller little of how one went wrong. So each goes through a service here that
//! notes whether it was sent and what was answered, and what time it was by the clock of whoever answered.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

/// How long a request may take, with all that it sends or fetches: eight MiB over a slow line.
const REQUEST_TIME_MAX: &str = "120s";
/// How long to wait for a connection.
const CONNECT_TIME_MAX: &str = "10s";
/// How often a request is repeated that may be.
const RETRIES_MAX: usize = 6;
/// After so long none is repeated any more.
const RETRY_TIME_MAX: Duration = Duration::from_secs(60);
/// The first wait before a request is repeated.
const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Where a bucket is and as whom it is reached. Its name, retries, times and the way requests are sent are set here.
#[derive(Debug, Clone)]
pub enum Bucket {
    /// By the protocol of Amazon's S3.
    S3(Box<AmazonS3Builder>),
    /// Google's.
    Google(Box<GoogleCloudStorageBuilder>),
    /// Azure's.
    Azure(Box<MicrosoftAzureBuilder>),
}

/// Whether requests are repeated.
#[derive(Debug, Clone, Copy)]
pub(super) enum Retries {
    None,
    Limited,
}

impl Retries {
    fn config(self) -> RetryConfig {
        let max_retries = match self {
            Self::None => 0,
            Self::Limited => RETRIES_MAX,
        };
        let backoff = BackoffConfig { init_backoff: RETRY_PAUSE_FIRST, max_backoff: RETRY_PAUSE_MAX, base: 2.0 };
        RetryConfig { backoff, max_retries, retry_timeout: RETRY_TIME_MAX }
    }
}

impl Bucket {
    /// The client of a bucket of that name. What answers tell of the time is noted.
    pub(super) fn client(&self, name: &str, retries: Retries, clock: &StorageClock) -> object_store::Result<Arc<dyn ObjectStore>> {
        let watched = Watched(clock.clone());
        let (retry, times) =
            (retries.config(), [(ClientConfigKey::Timeout, REQUEST_TIME_MAX), (ClientConfigKey::ConnectTimeout, CONNECT_TIME_MAX)]);
        Ok(match self.clone() {
            Self::S3(builder) => {
                let set = |builder: AmazonS3Builder, (key, time)| builder.with_config(AmazonS3ConfigKey::Client(key), time);
                let builder = times.into_iter().fold(*builder, set).with_bucket_name(name);
                // Buckets that lock objects take none without a checksum.
                let builder = builder.with_checksum_algorithm(Checksum::SHA256);
                Arc::new(builder.with_retry(retry).with_http_connector(watched).build()?)
            }
            Self::Google(builder) => {
                let set = |builder: GoogleCloudStorageBuilder, (key, time)| builder.with_config(GoogleConfigKey::Client(key), time);
                let builder = times.into_iter().fold(*builder, set).with_bucket_name(name);
                Arc::new(builder.with_retry(retry).with_http_connector(watched).build()?)
            }
            Self::Azure(builder) => {
                let set = |builder: MicrosoftAzureBuilder, (key, time)| builder.with_config(AzureConfigKey::Client(key), time);
                let builder = times.into_iter().fold(*builder, set).with_container_name(name);
                Arc::new(builder.with_retry(retry).with_http_connector(watched).build()?)
            }
        })
    }

    /// Where the storage is, if not where the cloud has it.
    pub(super) fn endpoint(&self) -> Option<String> {
        match self {
            Self::S3(builder) => {
                let of_s3 = builder.get_config_value(&AmazonS3ConfigKey::S3Endpoint);
                of_s3.or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint))
            }
            Self::Google(builder) => builder.get_config_value(&GoogleConfigKey::BaseUrl),
            Self::Azure(builder) => {
                let account = builder.get_config_value(&AzureConfigKey::AccountName);
                builder.get_config_value(&AzureConfigKey::Endpoint).or(account)
            }
        }
    }
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fate {
    /// It was not sent: there were no credentials for it, or no connection.
    #[default]
    Unsent,
    /// It was sent, and no answer came.
    Unanswered,
    /// This status came back.
    Answered(u16),
}

/// Goes with a request and learns how far it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempt(Arc<Mutex<Fate>>);

impl Attempt {
    pub(super) fn fate(&self) -> Fate {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, fate: Fate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }
}

/// The clock of a storage, as far as its answers tell: ages of objects are told by it, whatever the clocks of those that ask.
#[derive(Debug, Clone, Default)]
pub(super) struct StorageClock(Arc<Mutex<Option<DateTime<Utc>>>>);

impl StorageClock {
    /// The time of the newest answer that told one.
    pub(super) fn told(&self) -> Option<DateTime<Utc>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Errors may come from something on the way, which has a clock of its own.
    fn note(&self, answer: &HttpResponse) {
        let date = answer.headers().get("date").filter(|_| answer.status().is_success()).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(date.to_utc());
        }
    }
}

/// Makes clients that note what becomes of requests.
#[derive(Debug)]
struct Watched(StorageClock);

impl HttpConnector for Watched {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(WatchedClient { client: ReqwestConnector::default().connect(options)?, clock: self.0.clone() }))
    }
}

struct WatchedClient {
    client: HttpClient,
    clock: StorageClock,
}

impl fmt::Debug for WatchedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedClient")
    }
}

#[async_trait]
impl HttpService for WatchedClient {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let attempt = request.extensions().get::<Attempt>().cloned().unwrap_or_default();
        // What is given up while it is under way may have been sent.
        attempt.note(Fate::Unanswered);
        let answer = self.client.execute(request).await;
        if let Ok(answer) = &answer {
            self.clock.note(answer);
        }
        attempt.note(match &answer {
            Ok(answer) => Fate::Answered(answer.status().as_u16()),
            Err(error) if error.kind() == HttpErrorKind::Connect => Fate::Unsent,
            Err(_) => Fate::Unanswered,
        });
        answer
    }
}
