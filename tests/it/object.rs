//! Stores in buckets: the same promises as on a disk, on two independent servers that speak S3, with answers that get lost,
//! come late or say what is not so.

mod azure;
mod backup;
mod command;
mod faults;
mod histories;
mod probe;
mod promises;
mod servers;
