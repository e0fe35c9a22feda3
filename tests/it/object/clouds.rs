//! Buckets of Google and Azure: the same protocol with other words.

use std::sync::Arc;

use elava::ErrorKind;
use elava::store::{Backend, Bucket, BucketUrl, ObjectBackend};
use object_store::StaticCredentialProvider;
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder};

use crate::model;
use crate::oracle::history::{Shape, from_seed};
use crate::support::bad_bucket::{BadBucket, Flaw};

fn google(endpoint: &str) -> Arc<ObjectBackend> {
    let builder = GoogleCloudStorageBuilder::new()
        .with_base_url(endpoint)
        .with_credentials(Arc::new(StaticCredentialProvider::new(GcpCredential { bearer: "token".to_owned() })))
        .with_client_options(object_store::ClientOptions::new().with_allow_http(true));
    let url = BucketUrl::parse("gs://bucket/store").unwrap();
    Arc::new(ObjectBackend::new(url, Bucket::Google(Box::new(builder)), std::env::temp_dir()).unwrap())
}

/// No server that can be had for tests speaks all that is needed of Google's XML protocol, so this one is the tests' own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_in_a_bucket_of_google_answers_as_the_oracle_does() {
    let server = BadBucket::start(Flaw::None).await;
    let ops = from_seed(2, &Shape::overlapping()).ops();
    model::check(google(&server.endpoint), &ops, &[1, 7, 13, 29]).await;
    let server = BadBucket::start(Flaw::IgnoresConditions).await;
    let error = google(&server.endpoint).prepare().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("does not keep creates exclusive"), "{error}");
}
