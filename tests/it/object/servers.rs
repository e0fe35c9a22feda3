//! Two independent servers that speak S3, shared by all tests of a run, with a bucket for each test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::types::{DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule};
use elava::store::{Bucket, BucketUrl, ObjectBackend};
use object_store::aws::AmazonS3Builder;
use uuid::Uuid;

use crate::cli::run::Bench;
use crate::scan::estate::Estate;

pub const REGION: &str = "us-east-1";

/// A server, which ends with this process.
pub struct Server {
    pub name: &'static str,
    pub endpoint: String,
    key: &'static str,
    secret: &'static str,
}

/// The process of SeaweedFS, which ends with its standard input, and its address.
fn seaweedfs() -> (Child, String) {
    let python = std::env::var("ELAVA_TEST_PYTHON").expect("ELAVA_TEST_PYTHON names a Python with SeaweedFS; tests/run.sh makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/buckets/seaweedfs.py");
    let mut process = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    (process, told["endpoint"].as_str().unwrap().to_owned())
}

impl Server {
    /// SeaweedFS: checks signatures and rights, and answers many at once.
    pub fn seaweedfs() -> &'static Self {
        static SERVER: OnceLock<(Child, Server)> = OnceLock::new();
        let start = || {
            let (process, endpoint) = seaweedfs();
            (process, Self { name: "seaweedfs", endpoint, key: "testing", secret: "testing-secret" })
        };
        &SERVER.get_or_init(start).1
    }

    /// Moto, behind the door that checks signatures.
    pub fn moto() -> &'static Self {
        static SERVER: OnceLock<(Mutex<Estate>, Server)> = OnceLock::new();
        let start = || {
            let estate = Estate::start();
            let endpoint = estate.endpoint().to_owned();
            (Mutex::new(estate), Self { name: "moto", endpoint, key: "testing", secret: "testing" })
        };
        &SERVER.get_or_init(start).1
    }

    pub fn both() -> [&'static Self; 2] {
        [Self::moto(), Self::seaweedfs()]
    }

    /// A user who may do all: its key and secret.
    pub fn credentials(&self) -> (&str, &str) {
        (self.key, self.secret)
    }

    /// The SDK's own client.
    pub fn client(&self) -> Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .credentials_provider(Credentials::new(self.key, self.secret, None, None, "tests"));
        Client::from_conf(config.build())
    }

    /// A part of its own of the bucket that all share: SeaweedFS sets room aside for each bucket.
    pub async fn bucket(&'static self) -> TestBucket {
        const SHARED: &str = "stores";
        match self.client().create_bucket().bucket(SHARED).send().await {
            Ok(_) => {}
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_bucket_already_exists() || error.is_bucket_already_owned_by_you(), "{error:?}");
            }
        }
        self.part_of(SHARED.to_owned())
    }

    /// A bucket of its own.
    pub async fn new_bucket(&'static self) -> TestBucket {
        let name = format!("store-{}", Uuid::new_v4().simple());
        self.client().create_bucket().bucket(&name).send().await.unwrap();
        self.part_of(name)
    }

    fn part_of(&'static self, name: String) -> TestBucket {
        TestBucket { server: self, name, prefix: format!("infra/{}", Uuid::new_v4().simple()) }
    }

    /// One in which every version of an object is locked for a day.
    pub async fn locked_bucket(&'static self) -> TestBucket {
        let name = format!("store-{}", Uuid::new_v4().simple());
        let client = self.client();
        client.create_bucket().bucket(&name).object_lock_enabled_for_bucket(true).send().await.unwrap();
        let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance).days(1).build();
        let lock = ObjectLockConfiguration::builder()
            .object_lock_enabled(ObjectLockEnabled::Enabled)
            .rule(ObjectLockRule::builder().default_retention(retention).build())
            .build();
        client.put_object_lock_configuration().bucket(&name).object_lock_configuration(lock).send().await.unwrap();
        self.part_of(name)
    }
}

/// A bucket of a test.
pub struct TestBucket {
    pub server: &'static Server,
    pub name: String,
    pub prefix: String,
}

impl TestBucket {
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.name, self.prefix)
    }

    /// The names of all objects of the store, from the bucket on.
    pub async fn keys(&self) -> Vec<String> {
        let listed = self.server.client().list_objects_v2().bucket(&self.name).prefix(&self.prefix).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    pub fn backend(&self) -> Arc<ObjectBackend> {
        self.backend_at(&self.server.endpoint)
    }

    /// The same store by another address.
    pub fn backend_at(&self, endpoint: &str) -> Arc<ObjectBackend> {
        let builder = AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_region(REGION)
            .with_access_key_id(self.server.key)
            .with_secret_access_key(self.server.secret);
        let url = BucketUrl::parse(&self.url()).unwrap();
        Arc::new(ObjectBackend::new(url, Bucket::S3(Box::new(builder)), std::env::temp_dir()).unwrap())
    }

    /// `elava` in a folder, with this as its store.
    pub fn command(&self, bench: &Bench, arguments: &[&str]) -> Command {
        let mut command = bench.command(arguments);
        command
            .env("ELAVA_STORE", self.url())
            .env("AWS_ENDPOINT_URL", &self.server.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", self.server.key)
            .env("AWS_SECRET_ACCESS_KEY", self.server.secret)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }
}
