//! `elava tag`

use crate::cli::args::TagArgs;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::rows;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::query::{Point, is_reserved_point};

/// The names, newest point first.
const LIST: &str = "SELECT details->>'name' AS name, CAST(details->>'revision' AS BIGINT) AS revision, min(at) AS created_at,\n  \
     last_value(entry ORDER BY seq, entry_no) = 'tag_held' AS held\n\
     FROM audit_log\nWHERE entry IN ('tag_created', 'tag_held', 'tag_released')\nGROUP BY 1, 2\nORDER BY revision DESC, name";

/// Names a point, or lists the names.
///
/// # Errors
/// `Invalid` for a name that is taken or reads as another point; `NotFound` if there is no such point.
pub async fn run(args: TagArgs, context: &Context) -> Result<ExitStatus> {
    if args.print_sql {
        return rows::print(LIST, context);
    }
    let Some(name) = &args.name else {
        let mut shell = StoreShell::open(&context.settings, None).await?;
        rows::query(&mut shell, LIST, rows::format(&args.format, context), context).await?;
        return Ok(ExitStatus::Done);
    };
    check_name(name)?;
    let mut shell = StoreShell::open(&context.settings, None).await?;
    match shell.snapshot().tag(name) {
        Some(point) if args.release => {
            open::writer(&context.settings).await?.release_tag(name, point.revision).await?;
            context.printer.say(&format!("{name} holds revision {} no more", point.revision));
        }
        Some(point) if args.hold && args.at.is_none() => hold(name, point.revision, context).await?,
        Some(point) => {
            return Err(Error::new(ErrorKind::Conflict, format!("tag {name:?} is taken: it names revision {}", point.revision))
                .with_hint("tags never move; choose another name"));
        }
        None if args.release => return Err(Error::not_found(format!("there is no tag {name:?}"))),
        None => {
            let point = Point::parse(args.at.as_deref().unwrap_or("head"))?;
            let revision = point.resolve(&shell.session().view())?.revision;
            open::writer(&context.settings).await?.tag(name, revision).await?;
            context.printer.say(&format!("{name} names revision {revision}"));
            if args.hold {
                hold(name, revision, context).await?;
            }
        }
    }
    Ok(ExitStatus::Done)
}

async fn hold(name: &str, revision: Revision, context: &Context) -> Result<()> {
    open::writer(&context.settings).await?.hold_tag(name, revision).await?;
    context.printer.say(&format!("{name} holds revision {revision}: retention takes nothing from there on"));
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("a tag has a name, and this one is empty"));
    }
    if is_reserved_point(name) {
        return Err(Error::invalid(format!("{name:?} cannot be a tag: it reads as another form of a point in time"))
            .with_hint("begin it with a letter, such as release-41"));
    }
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{name:?} cannot be a tag: it holds control characters, or begins or ends with a space")));
    }
    Ok(())
}
