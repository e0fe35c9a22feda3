//! The durable state: the log of segments, the tables compacted from it, and the views of both that readers plan with.
//! Knows nothing of SQL, of clouds or of resource types.

pub mod backend;
mod classify;
mod commit;
mod compact;
mod contents;
mod cutting;
mod data_file;
mod ending;
mod entries;
pub mod files;
mod history;
mod index;
mod local;
mod maintenance;
mod manifest;
mod merge;
mod merge_versions;
mod parquet_io;
mod replay;
mod run;
pub mod schema;
mod segment;
mod snapshot;
mod state;
mod sweep;
pub mod tag_columns;
mod verified;
mod verify;
mod versions;
mod writer;

pub use backend::{Backend, Created, Listed, Staged};
pub use compact::{CompactOptions, Compacted, compact};
pub use data_file::{Bound, ColumnStats, DataFile};
pub use entries::{ChangeCounts, EntryKind};
pub use history::History;
pub use index::{LogIndex, OpenScan, StoreSettings, TagPoint};
pub use local::LocalBackend;
pub use manifest::{Epoch, Manifest};
pub use run::{Begin, Committed, check_time};
pub use segment::FORMAT_VERSION;
pub use snapshot::{Snapshot, Store};
pub use sweep::Swept;
pub use verify::{VerifyReport, verify};
pub use writer::{ScanBegun, ScanSession, Writer};
