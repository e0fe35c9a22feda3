//! AWS: a [`Provider`](super::provider::Provider) for each account.
//!
//! The SDK's typed answers leave out what they do not know, and cannot be written. So a scan keeps the body of each
//! answer (`call`), and [`decode`] turns it into the JSON that AWS's command line prints, by a table of shapes that was made
//! from AWS's own service models (`data/aws/`). Elements that the table does not know are kept under the name that they have
//! on the wire, and reported. From there on an answer is what an import of the command line's output is.
//!
//! `shapes` is the table, `wire` goes through a body by it, `xml` reads the body, `scalar` the texts in it. `types` holds a file
//! for each call that lists something, `listing` reads such a call page by page, `tags` asks for tags that are not listed,
//! `lost_tags` for those that an answer lacks. `bucket` asks buckets one by one, by the calls of `bucket_detail`, and
//! `cloud_control` lists any of the types in `resource_types`. Three services have a client of the SDK (`clients`); `caller` asks
//! any other: `request` is what it sends, `refusal` how it is refused, `service` where the service is. `selection` says what is
//! wanted, `provider` is an account, by a `role` or not, `organization` all accounts of an organization (`accounts`); of those
//! that cannot be asked the listings are `unasked`. `replay` is another provider: the same answers from files.

mod accounts;
mod bucket;
mod bucket_detail;
mod call;
mod caller;
mod clients;
mod cloud_control;
mod listing;
mod lost_tags;
mod member;
mod organization;
mod provider;
mod refusal;
mod replay;
mod request;
mod resource_types;
mod role;
mod scalar;
mod selection;
mod service;
mod shapes;
mod tags;
mod types;
mod unasked;
mod wire;
mod xml;

#[cfg(test)]
mod tests;

pub use clients::{AwsOptions, account_config, rate};
pub use organization::Organization;
pub use provider::{Aws, services};
pub use replay::Replay;
pub use selection::{Regions, Selection};
pub use shapes::Operation;
pub use wire::{Decoded, Unknown, What, decode};

/// The provider of everything here.
const PROVIDER: &str = "aws";
/// The region of what is the same in all.
const GLOBAL: &str = "global";
