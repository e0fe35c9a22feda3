//! Buckets: as listed, with a member for each call of the S3 API about one bucket, as a scan keeps them.

use serde_json::{Value, json};

use crate::kind::Kind;
use crate::time::Time;
use crate::world::{PROD, Place, Resource, World, tags};

/// A bucket to make.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) place: Place,
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) versioned: bool,
    pub(crate) since: Time,
}

/// Adds a bucket: encrypted with S3's own keys, all public access blocked.
pub(crate) fn add(world: &mut World, wanted: &Wanted) {
    let region = wanted.place.region;
    let mut properties = json!({
        "Acl": private(world, wanted.place.account),
        "BucketRegion": region,
        "Cors": null,
        "CreationDate": wanted.since.cli(),
        "Encryption": encrypted_by_s3(),
        "LifecycleConfiguration": null,
        "Logging": {},
        "Name": wanted.name,
        "NotificationConfiguration": {},
        "ObjectLockConfiguration": null,
        "OwnershipControls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        "Policy": {"Policy": policy(wanted.name)},
        "PolicyStatus": {"PolicyStatus": {"IsPublic": false}},
        "PublicAccessBlock": blocked(),
        "Replication": null,
        "Versioning": {},
        "Website": null,
    });
    if wanted.versioned
        && let Some(versioning) = properties.get_mut("Versioning")
    {
        *versioning = json!({"Status": "Enabled"});
    }
    let env = if wanted.place.account == PROD { "prod" } else { "staging" };
    let tags = tags(&[("env", env), ("owner", wanted.owner), ("managed-by", "terraform")]);
    let resource = Resource::new(wanted.place, Kind::Bucket, wanted.name, tags, properties);
    world.add(resource.named(wanted.name).created(wanted.since));
}

/// The ACL: nobody but the account itself, known by its canonical id.
fn private(world: &World, owner: &str) -> Value {
    let id = world.dice.hex(&format!("canonical {owner}"), 64);
    json!({"Grants": [{"Grantee": {"ID": id, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}], "Owner": {"ID": id}})
}

/// All public access blocked.
pub(crate) fn blocked() -> Value {
    json!({"PublicAccessBlockConfiguration": {
        "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
    }})
}

/// Default encryption with a key of the account.
pub(crate) fn encrypted_by_kms(key: &str) -> Value {
    json!({"ServerSideEncryptionConfiguration": {"Rules": [{
        "ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": key, "SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": true,
    }]}})
}

fn encrypted_by_s3() -> Value {
    json!({"ServerSideEncryptionConfiguration": {"Rules": [{
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": false,
    }]}})
}

/// The bucket policy, which the API gives as text: requests without TLS are denied.
fn policy(name: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "DenyInsecureTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }],
    })
    .to_string()
}
