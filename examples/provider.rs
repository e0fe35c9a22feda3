//! A provider of one's own: the folders of a disk as resources. `cargo run --example provider -- FOLDER STORE`, twice, with
//! something changed in between.
#![allow(missing_docs, clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elava::clock::SystemClock;
use elava::ingest::convert::Draft;
use elava::model::{Json, Scope};
use elava::scan::provider::{About, Failure, Listed, Listing, Provider, Reason, Sink};
use elava::scan::{ScanEvent, ScanOptions, scan};
use elava::stop::Stop;
use elava::store::{LocalBackend, Writer};

/// A disk has one listing: what is in a folder.
#[derive(Debug, Clone)]
struct Disk {
    folder: PathBuf,
    about: About,
}

#[async_trait::async_trait]
impl Provider for Disk {
    fn name(&self) -> &str {
        "disk"
    }

    async fn listings(&self) -> elava::Result<Vec<Arc<dyn Listing>>> {
        Ok(vec![Arc::new(self.clone())])
    }
}

#[async_trait::async_trait]
impl Listing for Disk {
    fn about(&self) -> &About {
        &self.about
    }

    async fn read(&self, sink: &dyn Sink) -> Result<Listed, Failure> {
        let failed = |error: &dyn Error, reason| Failure { reason, code: None, message: error.to_string(), calls: 1 };
        let asked = sink.about_to_ask().await.map_err(|error| failed(&error, Reason::Store))?;
        let mut found = Vec::new();
        for entry in self.folder.read_dir().map_err(|error| failed(&error, Reason::Unreachable))? {
            let entry = entry.map_err(|error| failed(&error, Reason::ServiceFailed))?;
            let bytes = entry.metadata().map_or(0, |data| data.len());
            let properties = Json::object([("Bytes".into(), Json::Number(bytes.to_string().into()))]);
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push(Draft { properties, ..Draft::new("disk", "me", "here", "disk_entry", &name) });
        }
        sink.page(asked, found).await.map_err(|error| failed(&error, Reason::Store))?.written(1)?;
        Ok(Listed::whole(1))
    }
}

fn disk(folder: &Path) -> elava::Result<Disk> {
    let (call, permissions) = ("read_dir".to_owned(), Vec::new());
    let scopes = vec![Scope::new("disk", "me", "here", "disk_entry")?];
    let about = About { call, account_id: "me".to_owned(), region: "here".to_owned(), scopes, permissions };
    Ok(Disk { folder: folder.to_owned(), about })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let store = arguments.next().unwrap_or_else(|| "disk-store".to_owned());
    let writer = Writer::open(Arc::new(LocalBackend::new(store)), Arc::new(SystemClock)).await?;
    let options = ScanOptions { scan_id: uuid::Uuid::new_v4().to_string(), at_once: 4, guard: true, stop: Stop::default() };
    let tell = |event: ScanEvent<'_>| {
        if let ScanEvent::Ended { about, ended } = event {
            println!("{}: {:?}, {:?}", about.call, ended.listed, ended.failure);
        }
    };
    let report = scan(&writer, &[Arc::new(disk(Path::new(&folder))?) as Arc<dyn Provider>], &options, &tell).await?;
    println!("{:?}", report.counts);
    Ok(())
}
