//! `elava tag`

use crate::cli::args::TagArgs;
use crate::cli::shell::StoreShell;
use crate::cli::verbs::rows;
use crate::cli::{Context, ExitStatus, open};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Point, is_reserved_point};

/// The names, newest point first.
const LIST: &str = "SELECT details->>'name' AS name, CAST(details->>'revision' AS BIGINT) AS revision, at AS created_at\n\
     FROM audit_log\nWHERE entry = 'tag_created'\nORDER BY revision DESC, name";

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
    if let Some(point) = shell.snapshot().tag(name) {
        return Err(Error::new(ErrorKind::Conflict, format!("tag {name:?} is taken: it names revision {}", point.revision))
            .with_hint("tags never move; choose another name"));
    }
    let point = Point::parse(args.at.as_deref().unwrap_or("head"))?;
    let revision = point.resolve(&shell.session().view())?.revision;
    let writer = open::writer(&context.settings).await?;
    writer.tag(name, revision).await?;
    context.printer.say(&format!("{name} names revision {revision}"));
    Ok(ExitStatus::Done)
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
