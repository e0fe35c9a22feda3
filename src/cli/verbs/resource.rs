//! Which resource a name on the command line stands for.

use super::sql::text;
use crate::cli::shell::StoreShell;
use crate::error::{Error, Result};
use crate::query::nearest;

/// Keys that an error lists.
const KEYS_SHOWN: usize = 10;
/// Names that are compared with one that is unknown.
const NAMES_COMPARED: usize = 200_000;

/// The key of the one resource that a name stands for: a key, else an ARN, else an id, else the name that it has at a
/// point, else one that it ever had. A name of several resources may stand behind its type: `aws_vpc/main`.
///
/// # Errors
/// `NotFound` if there is none, `Invalid` if there are several; as the point is resolved.
pub async fn find(shell: &mut StoreShell, name: &str, at: &str) -> Result<String> {
    let named = match name.split_once('/') {
        Some((resource_type, name)) => format!("resource_type = {} AND {} IN (name, resource_id)", text(resource_type), text(name)),
        None => format!("name = {}", text(name)),
    };
    let places = [
        format!("history({})", text(name)),
        format!("resources_as_of({}) WHERE {named}", text(at)),
        format!("resource_versions WHERE {named}"),
    ];
    for place in places {
        let sql = format!("SELECT DISTINCT resource_key FROM {place} ORDER BY 1 LIMIT {}", KEYS_SHOWN + 1);
        let found: Vec<[String; 1]> = shell.texts(&sql).await?;
        match found.as_slice() {
            [] => {}
            [[key]] => return Ok(key.clone()),
            several => return Err(ambiguous(name, several)),
        }
    }
    Err(unknown(shell, name).await)
}

fn ambiguous(name: &str, keys: &[[String; 1]]) -> Error {
    let shown: Vec<&str> = keys.iter().flatten().take(KEYS_SHOWN).map(String::as_str).collect();
    let more = if keys.len() > KEYS_SHOWN { "\n..." } else { "" };
    Error::invalid(format!("{name:?} stands for several resources:\n{}{more}", shown.join("\n")))
        .with_hint("give the key of one of them, or its type too: TYPE/NAME")
}

async fn unknown(shell: &mut StoreShell, name: &str) -> Error {
    let error = Error::not_found(format!("no resource {name:?} was ever observed"));
    let sql = format!(
        "SELECT resource_id FROM resources UNION SELECT name FROM resources WHERE name IS NOT NULL ORDER BY 1 LIMIT {NAMES_COMPARED}"
    );
    // What was meant is a guess: where it cannot be made, the error stands without.
    let names: Vec<[String; 1]> = shell.texts(&sql).await.unwrap_or_default();
    match nearest(name, names.iter().flatten().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean {near}?")),
        None => error.with_hint("give its key, ARN, id or name"),
    }
}

/// Why a resource that is known was not there at a point.
///
/// # Errors
/// Whatever the query runs into.
pub async fn absent(shell: &mut StoreShell, key: &str, at: &str) -> Result<Error> {
    let revision = super::resolve(shell, "AT", at)?.revision;
    let error = Error::not_found(format!("{key} was not there at {at} (revision {revision})"));
    let history = format!("history({})", text(key));
    let before = format!(
        "SELECT valid_to_revision - 1, valid_to FROM {history} WHERE valid_to_revision <= {revision} ORDER BY valid_to_revision DESC LIMIT 1"
    );
    let after = format!("SELECT valid_from_revision, valid_from FROM {history} ORDER BY valid_from_revision LIMIT 1");
    Ok(match (shell.texts(&before).await?.as_slice(), shell.texts(&after).await?.as_slice()) {
        ([[last, gone]], _) => error.with_hint(format!("it was deleted at {gone}; revision {last} is the last that has it")),
        (_, [[first, seen]]) => error.with_hint(format!("it was first seen at {seen}, revision {first}")),
        _ => error,
    })
}
