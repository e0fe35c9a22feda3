//! Which listings of which scans do not succeed.

use crate::kind::Kind;
use crate::site::{EUROPE, MAIN};
use crate::story::on;
use crate::time::Time;
use crate::world::{Place, STAGING, World};

/// The scan that is killed in the middle: nothing is heard of it after [`CUT_AFTER`] in [`MAIN`].
const CUT: Time = on(9, 20, 2, 0);
const CUT_AFTER: Kind = Kind::Interface;
/// The scan in which the staging account lets nobody in.
const DENIED: Time = on(10, 9, 14, 0);
/// The first scan in which Ireland cannot be listed, and the first in which it can again.
const OUTAGE_START: Time = on(10, 15, 14, 0);
const OUTAGE_END: Time = on(10, 19, 2, 0);
/// The scan in which the listing of snapshots breaks off half way.
const TORN: Time = on(10, 24, 2, 0);

/// How the listing of one scope goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    Complete,
    /// The first half is listed, then this error comes.
    Partial(Failure),
    Failed(Failure),
    /// The scan ends before it gets there.
    NotReached,
}

/// An error of the AWS API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// Whether the scan planned for `slot` ends with a `completed` line.
pub(crate) fn is_cut(slot: Time) -> bool {
    slot == CUT
}

/// How the scan planned for `slot` fares with a scope.
pub(crate) fn listing(slot: Time, place: Place, kind: Kind) -> Listing {
    if slot == CUT && (place, kind) > (MAIN.place, CUT_AFTER) {
        return Listing::NotReached;
    }
    if slot == DENIED && place.account == STAGING {
        return Listing::Failed(denied(kind));
    }
    if OUTAGE_START <= slot && slot < OUTAGE_END && place == EUROPE.place && kind != Kind::Bucket {
        return Listing::Failed(throttled(kind));
    }
    if slot == TORN && place == MAIN.place && kind == Kind::Snapshot {
        return Listing::Partial(throttled(kind));
    }
    Listing::Complete
}

fn denied(kind: Kind) -> Failure {
    let code = if kind.names().arn_service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
    failure(kind, code, "You are not authorized to perform this operation.")
}

fn throttled(kind: Kind) -> Failure {
    let code = if kind.names().arn_service == "ec2" { "RequestLimitExceeded" } else { "Throttling" };
    failure(kind, code, "Request limit exceeded.")
}

fn failure(kind: Kind, code: &'static str, reason: &str) -> Failure {
    let operation = kind.names().operation;
    Failure { code, message: format!("An error occurred ({code}) when calling the {operation} operation: {reason}") }
}

/// Puts the faults into the table of events.
pub(crate) fn describe(world: &mut World) {
    world.remark("E07", CUT, "this scan is cut off: a second `started` follows without `completed`; all of prod/eu-west-1 and prod/us-east-1 up to half of `aws_ec2_network_interface` is written, nothing after that. It deletes nothing");
    world.remark(
        "E07",
        DENIED,
        "in this scan every scope of account 444455556666 is `failed`: `UnauthorizedOperation` for EC2, `AccessDenied` for RDS and S3",
    );
    world.remark("E08", OUTAGE_START, "from this scan on, for seven scans, every scope of 111122223333/eu-west-1 but `aws_s3_bucket` is `failed`: `RequestLimitExceeded` for EC2, `Throttling` for RDS");
    world.remark("E08", OUTAGE_END, "the first scan that lists the region again");
    world.remark(
        "E12",
        TORN,
        "in this scan `aws_ebs_snapshot` of 111122223333/us-east-1 is `partial`: only the first half is listed (`RequestLimitExceeded`)",
    );
}
