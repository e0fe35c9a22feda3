//! `elava verify`

use crate::cli::args::VerifyArgs;
use crate::cli::progress::Progress;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, Result};
use crate::store::{VerifyOptions, VerifyReport, verify_with};

/// Reads everything and checks it. Damage is no error, but the answer no.
///
/// # Errors
/// `NotFound` if there is no store, `Unavailable` if it cannot be read, `Invalid` if the hash is none.
pub async fn run(args: VerifyArgs, context: &Context) -> Result<ExitStatus> {
    let noted = args.head.map(|hash| hash.to_ascii_lowercase());
    if let Some(hash) = &noted
        && !(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(Error::invalid(format!("--head: expected 64 hexadecimal digits, found {hash:?}")));
    }
    let bar = Progress::bytes(context.printer, "verifying");
    let progress = |read, total| bar.set(read, Some(total));
    let options = VerifyOptions { head: noted.as_deref(), deep: args.deep, progress: Some(&progress) };
    let report = verify_with(open::backend(&context.settings).await?, &options).await;
    drop(bar);
    let report = report?;
    let text = if args.json {
        let json = serde_json::to_string(&report).map_err(|error| Error::internal("encode the report").with_source(error))?;
        format!("{json}\n")
    } else {
        for_people(&report)
    };
    context.printer.data(&text)?;
    if !report.damage.is_empty() {
        context.printer.say("`elava repair` says what would help");
    }
    Ok(if report.is_sound() { ExitStatus::Done } else { ExitStatus::No })
}

fn for_people(report: &VerifyReport) -> String {
    let mut text: String = report.damage.iter().map(|damage| format!("damage: {damage}\n")).collect();
    if report.damage_not_told > 0 {
        text.push_str(&format!("damage: {} more findings\n", report.damage_not_told));
    }
    match report.noted_hash_found {
        Some(true) if report.damage.is_empty() => text.push_str("the noted hash is in the chain: nothing before it was altered\n"),
        Some(true) => text.push_str("the noted hash is in the chain, but see the damage\n"),
        Some(false) => text.push_str("the noted hash is not in the chain: this history is not the one that was noted\n"),
        None => {}
    }
    let verdict = if report.damage.is_empty() { "sound" } else { "damaged" };
    let (segments, files, bytes) = (report.segments, report.files, report.bytes);
    text.push_str(&format!("{verdict}: {segments} segments and {files} files read, {bytes} bytes\n"));
    if report.compared && report.damage.is_empty() {
        let contents = if report.deep { ", contents included" } else { "" };
        text.push_str(&format!("the tables agree with each other and with {} segments{contents}\n", report.replayed));
    }
    text.push_str(&format!("head revision {}, head hash {}\n", report.head, report.head_hash));
    text
}
