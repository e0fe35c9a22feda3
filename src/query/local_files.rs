//! Files of this machine as tables: `SELECT * FROM 'prices.csv'`.

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::Result;
use datafusion::execution::SessionState;

use crate::error::Error;

/// The table that a quoted path names, if it has the ending of a table.
pub(super) async fn table(state: &SessionState, path: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let Some(ending) = Path::new(path).extension().and_then(|ending| ending.to_str()) else { return Ok(None) };
    let format: Arc<dyn FileFormat> = match ending.to_ascii_lowercase().as_str() {
        "csv" => Arc::new(CsvFormat::default().with_has_header(true)),
        "tsv" => Arc::new(CsvFormat::default().with_has_header(true).with_delimiter(b'\t')),
        "parquet" => Arc::new(ParquetFormat::default()),
        "json" | "ndjson" | "jsonl" => Arc::new(JsonFormat::default()),
        _ => return Ok(None),
    };
    let local = path.strip_prefix("file://").unwrap_or(path);
    if local.contains("://") {
        return Err(Error::invalid(format!("{path}: only files of this machine can be read as tables")).into());
    }
    if !local.contains(['*', '?', '[']) && !Path::new(local).exists() {
        return Err(Error::not_found(format!("there is no file {local}")).into());
    }
    let options = ListingOptions::new(format).with_file_extension(format!(".{ending}"));
    let config = ListingTableConfig::new(ListingTableUrl::parse(local)?).with_listing_options(options).infer_schema(state).await?;
    Ok(Some(Arc::new(ListingTable::try_new(config)?)))
}
