"""Makes buckets: the first has every setting, the second none, the others some of them."""

import datetime
import json

ALL_USERS = "uri=http://acs.amazonaws.com/groups/global/AllUsers"


def build_buckets(builder):
    """Three buckets per unit of size, the last of each three with nothing in them either."""
    s3, region = builder.s3, builder.region
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    queue = f"new-{region}"
    builder.sqs.create_queue(QueueName=queue)
    names = [f"{kind}.{builder.account}-{region}-{at}" for at in range(builder.size) for kind in ("full", "bare", "some")]
    for name in names:
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=name.startswith("full"), **place)
    for at, name in enumerate(names):
        settings = Settings(s3, name, names[1], f"arn:aws:sqs:{region}:{builder.account}:{queue}", builder.account)
        for number, put in enumerate(settings.all()):
            if name.startswith("full") or name.startswith("some") and (number + at) % 3 == 0:
                put()
    builder.buckets += names


class Settings:
    """Each setting of one bucket."""

    def __init__(self, s3, bucket, other, queue, account):
        self.s3, self.bucket, self.other, self.queue, self.account = s3, bucket, other, queue, account

    def all(self):
        """In an order that each can be set after those before it."""
        return [
            self.versioning,
            self.tagging,
            self.encryption,
            self.ownership,
            self.acl,
            self.policy,
            self.public_access,
            self.logging,
            self.lifecycle,
            self.replication,
            self.website,
            self.cors,
            self.notification,
            self.object_lock,
        ]

    def versioning(self):
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def tagging(self):
        tags = [
            {"Key": "Owner", "Value": "team & <web> \"x\" 'y'"},
            {"Key": "cost center/2026:öre", "Value": "1/2 — ¢\U0001f600"},
            {"Key": "empty", "Value": ""},
        ]
        self.s3.put_bucket_tagging(Bucket=self.bucket, Tagging={"TagSet": tags})

    def encryption(self):
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/data"}
        rules = [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
        self.s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": rules})

    def ownership(self):
        self.s3.put_bucket_ownership_controls(Bucket=self.bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})

    def acl(self):
        self.s3.put_bucket_acl(Bucket=self.bucket, GrantRead=ALL_USERS, GrantFullControl='id="75aa57f09aa0c8caeab4f8c24e99d10f"')

    def policy(self):
        put_policy(self.s3, self.bucket, "*")

    def public_access(self):
        block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
        self.s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=block)

    def logging(self):
        self.s3.put_bucket_acl(Bucket=self.other, ACL="log-delivery-write")
        target = {"TargetBucket": self.other, "TargetPrefix": f"logs of/{self.bucket}/", "TargetGrants": []}
        self.s3.put_bucket_logging(Bucket=self.bucket, BucketLoggingStatus={"LoggingEnabled": target})

    def lifecycle(self):
        tags = [{"Key": "kind", "Value": "a <b>"}, {"Key": "other", "Value": ""}]
        rules = [
            {
                "ID": "old",
                "Status": "Enabled",
                "Filter": {"And": {"Prefix": "a & b/", "Tags": tags}},
                "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
                "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
            },
            {
                "ID": "end",
                "Status": "Disabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"Date": datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)},
            },
        ]
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": rules})

    def replication(self):
        self.versioning()
        rule = {
            "ID": "copy",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.other}"},
            "DeleteMarkerReplication": {"Status": "Disabled"},
        }
        role = f"arn:aws:iam::{self.account}:role/copy"
        self.s3.put_bucket_replication(Bucket=self.bucket, ReplicationConfiguration={"Role": role, "Rules": [rule]})

    def website(self):
        website = {
            "IndexDocument": {"Suffix": "index.html"},
            "ErrorDocument": {"Key": "404 &c.html"},
            "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a/"}, "Redirect": {"ReplaceKeyPrefixWith": "b/"}}],
        }
        self.s3.put_bucket_website(Bucket=self.bucket, WebsiteConfiguration=website)

    def cors(self):
        rules = [
            {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 60},
            {"AllowedMethods": ["HEAD"], "AllowedOrigins": ["https://a.example", "https://b.example"], "AllowedHeaders": ["x-*"]},
        ]
        self.s3.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": rules})

    def notification(self):
        to_queue = {
            "QueueArn": self.queue,
            "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "a & b/"}]}},
        }
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [to_queue]})

    def object_lock(self):
        # Only a bucket that was created with it can have it.
        if self.bucket.startswith("full"):
            lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
            self.s3.put_object_lock_configuration(Bucket=self.bucket, ObjectLockConfiguration=lock)


def put_policy(s3, bucket, principal):
    """A policy that lets a principal read, written over several lines."""
    statement = {
        "Sid": "Read <all> & more",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=1))
