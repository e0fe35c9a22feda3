//! The durable state: the log of segments, the tables compacted from it, and the views of both that readers plan with.
//! Knows nothing of SQL, of clouds or of resource types.

pub mod backend;
mod classify;
mod commit;
mod data_file;
mod entries;
mod history;
mod index;
mod local;
mod manifest;
mod parquet_io;
mod replay;
mod run;
pub mod schema;
mod segment;
mod state;
mod versions;
mod writer;

pub use backend::{Backend, Created, Listed, Staged};
pub use data_file::{Bound, ColumnStats, DataFile};
pub use entries::{ChangeCounts, EntryKind};
pub use history::History;
pub use index::{LogIndex, OpenScan, StoreSettings};
pub use local::LocalBackend;
pub use manifest::{Epoch, Manifest};
pub use run::{Begin, Committed, check_time};
pub use segment::FORMAT_VERSION;
pub use writer::{ScanBegun, ScanSession, Writer};
