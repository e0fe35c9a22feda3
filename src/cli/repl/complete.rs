//! What could be typed next: tables where a table stands, columns after an alias, else columns, functions and
//! keywords. A pure function of the text and of names that were gathered before; it never does I/O.

use std::collections::HashSet;

use super::meta::{command_names, format_names};
use super::statement::{Piece, TokenKind, pieces};

#[cfg(test)]
mod tests;

/// A table, view or table function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Its name, as the engine has it.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether it takes arguments.
    pub is_function: bool,
}

/// The names that the shell can complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Tables, views and table functions.
    pub relations: Vec<Relation>,
    /// Functions that stand in expressions.
    pub functions: Vec<String>,
}

impl Names {
    /// The relation of that name; names without quotes know no case.
    #[must_use]
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.name.eq_ignore_ascii_case(name))
    }
}

/// What can be put in place of the word before the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The first byte of that word.
    pub start: usize,
    /// The candidates, best first.
    pub candidates: Vec<String>,
}

impl Completion {
    fn none(position: usize) -> Self {
        Self { start: position, candidates: Vec::new() }
    }
}

/// Keywords that are offered and highlighted: those of queries and of the statements that are not refused.
pub(super) const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "anti",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "bigint",
    "boolean",
    "by",
    "case",
    "cast",
    "copy",
    "create",
    "cross",
    "cube",
    "current",
    "date",
    "day",
    "deallocate",
    "decimal",
    "desc",
    "describe",
    "distinct",
    "double",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exclude",
    "execute",
    "exists",
    "explain",
    "extract",
    "false",
    "fetch",
    "filter",
    "first",
    "following",
    "for",
    "from",
    "full",
    "group",
    "grouping",
    "having",
    "hour",
    "ilike",
    "in",
    "inner",
    "int",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "limit",
    "minute",
    "month",
    "natural",
    "not",
    "null",
    "nulls",
    "of",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "prepare",
    "qualify",
    "range",
    "recursive",
    "replace",
    "right",
    "rollup",
    "row",
    "rows",
    "second",
    "select",
    "semi",
    "set",
    "sets",
    "show",
    "similar",
    "system_time",
    "table",
    "temp",
    "temporary",
    "then",
    "timestamp",
    "to",
    "true",
    "unbounded",
    "union",
    "unnest",
    "using",
    "values",
    "varchar",
    "verbose",
    "view",
    "when",
    "where",
    "window",
    "with",
    "within",
    "year",
    "analyze",
];

/// After these words stands a table.
const BEFORE_TABLE: &[&str] = &["from", "join", "describe", "table"];

/// These words begin a part of a query in which columns stand.
const BEFORE_COLUMNS: &[&str] =
    &["select", "where", "on", "having", "by", "qualify", "using", "set", "limit", "offset", "values", "window"];

/// Completes the word that ends at `position`, a byte offset into `text`.
#[must_use]
pub fn complete(text: &str, position: usize, names: &Names) -> Completion {
    let before = text.get(..position).unwrap_or(text);
    let position = before.len();
    if before.trim_start().starts_with(['\\', '.']) {
        return complete_command(before, names);
    }
    let typed = pieces(before);
    let (word, earlier) = match typed.split_last() {
        Some((last, earlier)) if last.kind == TokenKind::Word => (last.text, earlier),
        // Within or right after these nothing is to be completed.
        Some((last, _)) if is_closed_to_completion(last) => return Completion::none(position),
        _ => ("", typed.as_slice()),
    };
    let earlier = significant_of_statement(earlier);
    let whole = pieces(text);
    let statement = statement_around(&whole, position);
    let context = Context {
        names,
        word,
        upper: is_upper(word, &earlier),
        before_parenthesis: text.get(position..).is_some_and(|rest| rest.starts_with('(')),
    };

    let candidates = match place(&earlier) {
        Place::Member(qualifier) => context.columns_of(qualifier, &statement),
        Place::Table => context.relations(),
        Place::AfterTable => context.keywords(),
        Place::Expression => context.expression(&statement),
    };
    Completion { start: position - word.len(), candidates }
}

fn is_closed_to_completion(last: &Piece<'_>) -> bool {
    matches!(last.kind, TokenKind::Text | TokenKind::Number | TokenKind::QuotedName | TokenKind::Comment | TokenKind::Unreadable)
}

/// Where the word stands.
enum Place<'a> {
    /// After `qualifier.`
    Member(&'a str),
    Table,
    /// After a table and before the next part of the query.
    AfterTable,
    Expression,
}

fn place<'a>(earlier: &[Piece<'a>]) -> Place<'a> {
    if let [.., qualifier, period] = earlier
        && period.kind == TokenKind::Period
    {
        return Place::Member(unquoted(qualifier.text));
    }
    // The part of the query that the word belongs to: the last one begun at its depth of parentheses.
    let mut in_from = vec![false];
    for piece in earlier {
        match piece.kind {
            TokenKind::Open => in_from.push(false),
            TokenKind::Close if in_from.len() > 1 => drop(in_from.pop()),
            TokenKind::Word => {
                if let Some(current) = in_from.last_mut() {
                    *current = (*current || is_one_of(piece.text, BEFORE_TABLE)) && !is_one_of(piece.text, BEFORE_COLUMNS);
                }
            }
            _ => {}
        }
    }
    match (in_from.last(), earlier.last()) {
        (Some(true), Some(last)) => {
            if last.kind == TokenKind::Comma || is_one_of(last.text, BEFORE_TABLE) {
                Place::Table
            } else {
                Place::AfterTable
            }
        }
        _ => Place::Expression,
    }
}

struct Context<'a> {
    names: &'a Names,
    word: &'a str,
    upper: bool,
    before_parenthesis: bool,
}

impl Context<'_> {
    fn columns_of(&self, qualifier: &str, statement: &[Piece<'_>]) -> Vec<String> {
        let aliased = tables_of(statement, self.names)
            .into_iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(qualifier))
            .map(|(_, relation)| relation);
        let relation = aliased.or_else(|| self.names.relation(qualifier));
        self.begun(relation.into_iter().flat_map(|relation| &relation.columns).map(|name| quoted(name)))
    }

    fn relations(&self) -> Vec<String> {
        self.begun(self.names.relations.iter().map(
            |relation| {
                if relation.is_function { self.call(&relation.name) } else { quoted(&relation.name) }
            },
        ))
    }

    fn keywords(&self) -> Vec<String> {
        self.begun(KEYWORDS.iter().map(|keyword| (*keyword).to_owned()))
    }

    fn expression(&self, statement: &[Piece<'_>]) -> Vec<String> {
        let tables = tables_of(statement, self.names);
        let aliases = tables.iter().map(|(alias, _)| (*alias).to_owned());
        let columns = tables.iter().flat_map(|(_, relation)| &relation.columns).map(|name| quoted(name));
        let functions = self.names.functions.iter().map(|name| self.call(name));
        let keywords = KEYWORDS.iter().map(|keyword| (*keyword).to_owned());
        // Before FROM is typed every column is possible, which helps only once a letter narrows them.
        let anywhere = self.names.relations.iter().filter(|_| tables.is_empty() && !self.word.is_empty());
        let anywhere = anywhere.flat_map(|relation| &relation.columns).map(|name| quoted(name));
        let named = columns.chain(anywhere).chain(aliases);
        self.begun(named.chain(functions).chain(keywords))
    }

    fn call(&self, function: &str) -> String {
        let parenthesis = if self.before_parenthesis { "" } else { "(" };
        format!("{}{parenthesis}", quoted(function))
    }

    /// Those that begin with the word, each once, in the case that the user types.
    fn begun(&self, candidates: impl Iterator<Item = String>) -> Vec<String> {
        let mut seen = HashSet::new();
        candidates
            .filter(|candidate| begins_with(candidate, self.word))
            .map(|candidate| if self.upper && !candidate.starts_with('"') { candidate.to_uppercase() } else { candidate })
            .filter(|candidate| seen.insert(candidate.clone()))
            .collect()
    }
}

/// Tables of the statement with the names by which its columns go.
fn tables_of<'a, 'n>(statement: &[Piece<'a>], names: &'n Names) -> Vec<(&'a str, &'n Relation)> {
    let mut tables = Vec::new();
    let mut index = 0;
    while let Some(piece) = statement.get(index) {
        index += 1;
        let relation = match piece.kind {
            TokenKind::Word | TokenKind::QuotedName => names.relation(unquoted(piece.text)),
            _ => None,
        };
        let Some(relation) = relation else { continue };
        let before = index.checked_sub(2).and_then(|before| statement.get(before));
        let stands_for_table = before.is_some_and(|before| {
            before.kind == TokenKind::Comma || before.kind == TokenKind::Period || is_one_of(before.text, BEFORE_TABLE)
        });
        if !stands_for_table {
            continue;
        }
        index = after_arguments(statement, index);
        if statement.get(index).is_some_and(|word| word.text.eq_ignore_ascii_case("as")) {
            index += 1;
        }
        let alias = statement.get(index).filter(|alias| match alias.kind {
            TokenKind::Word => !is_one_of(alias.text, KEYWORDS),
            kind => kind == TokenKind::QuotedName,
        });
        tables.push((alias.map_or(unquoted(piece.text), |alias| unquoted(alias.text)), relation));
    }
    tables
}

/// Past the parentheses that begin at `index`, if they do.
fn after_arguments(statement: &[Piece<'_>], index: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, piece) in statement.iter().enumerate().skip(index) {
        match piece.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if piece.kind == TokenKind::Close { offset + 1 } else { index };
        }
    }
    index
}

/// What the statement in progress has so far, without space and comments.
fn significant_of_statement<'a>(pieces: &[Piece<'a>]) -> Vec<Piece<'a>> {
    let start = pieces.iter().rposition(|piece| piece.kind == TokenKind::Semicolon);
    let begun = pieces.iter().skip(start.map_or(0, |start| start + 1));
    begun.filter(|piece| piece.kind.is_significant()).copied().collect()
}

/// The statement around the cursor, to its end.
fn statement_around<'a>(pieces: &[Piece<'a>], position: usize) -> Vec<Piece<'a>> {
    let is_end = |piece: &Piece<'_>| piece.kind == TokenKind::Semicolon;
    let start = pieces.iter().rposition(|piece| is_end(piece) && piece.start < position);
    pieces
        .iter()
        .skip(start.map_or(0, |start| start + 1))
        .take_while(|piece| !is_end(piece))
        .filter(|piece| piece.kind.is_significant())
        .copied()
        .collect()
}

/// Commands, and what goes after them.
fn complete_command(before: &str, names: &Names) -> Completion {
    let line = before.trim_start();
    let Some((command, argument)) = line.split_once(char::is_whitespace) else {
        let prefix = line.get(..1).unwrap_or("\\");
        let commands = command_names().map(|name| format!("{prefix}{name}"));
        return Completion { start: before.len() - line.len(), candidates: commands.filter(|name| begins_with(name, line)).collect() };
    };
    let known: Vec<String> = match command.get(1..).unwrap_or("") {
        "d" | "describe" | "schema" => names.relations.iter().map(|relation| relation.name.clone()).collect(),
        "format" | "mode" => format_names().collect(),
        "x" | "expanded" | "timing" | "timer" | "nested" => vec!["on".to_owned(), "off".to_owned()],
        "asof" | "as_of" => ["off", "head", "yesterday"].map(str::to_owned).to_vec(),
        _ => Vec::new(),
    };
    let argument = argument.trim_start();
    Completion { start: before.len() - argument.len(), candidates: known.into_iter().filter(|name| begins_with(name, argument)).collect() }
}

pub(super) fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Upper case if the word is begun so; for a word not begun, if the keyword before it is so.
fn is_upper(word: &str, earlier: &[Piece<'_>]) -> bool {
    let all_upper = |text: &str| text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
    if word.is_empty() {
        let keyword = earlier.iter().rev().find(|piece| is_one_of(piece.text, KEYWORDS));
        keyword.is_some_and(|keyword| all_upper(keyword.text))
    } else {
        all_upper(word)
    }
}

fn begins_with(candidate: &str, word: &str) -> bool {
    let bare = candidate.strip_prefix('"').unwrap_or(candidate);
    bare.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// The name as SQL needs it: in quotes unless it is a plain lower-case one.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn unquoted(name: &str) -> &str {
    name.trim_matches(|quote| matches!(quote, '"' | '`'))
}
