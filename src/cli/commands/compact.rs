//! `elava compact`

use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::error::Result;
use crate::store::CompactOptions;

/// Compacts what there is.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if it cannot be written, `Corrupt` if it is damaged.
pub async fn run(context: &Context) -> Result<ExitStatus> {
    open::reader(&context.settings).await?;
    let writer = open::writer(&context.settings).await?;
    let spinner = Progress::spinner(context.printer, "compacting");
    let done = writer.compact(CompactOptions::default()).await?;
    drop(spinner);
    let printer = context.printer;
    if done.segments == 0 {
        printer.say("nothing to compact");
    } else {
        printer.say(&format!("compacted {} segments with {} observations", done.segments, done.observations));
    }
    if done.swept.segments + done.swept.objects > 0 {
        printer.say(&format!("removed {} bytes that nothing needs", done.swept.bytes));
    }
    Ok(ExitStatus::Done)
}
