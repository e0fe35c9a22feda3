//! SQL text as tokens: where statements end, and whether one is still being typed.
//!
//! All of it rests on the tokenizer of the engine's own parser, so a semicolon in a string, a comment or a
//! dollar quote is what the engine takes it for. Text that the tokenizer refuses is passed on whole: the
//! engine's error is the better one.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

#[cfg(test)]
mod tests;

/// One statement of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The text, without the space and comments around it and without the semicolon.
    pub text: &'a str,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// Whether a text can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Every statement ends in a semicolon and nothing is open; or there is no statement at all.
    Complete,
    /// A quote, comment or parenthesis is open, or the last statement has no semicolon.
    Incomplete,
}

/// What a token is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Space,
    Comment,
    Text,
    Number,
    /// An unquoted word: keyword or name.
    Word,
    QuotedName,
    Semicolon,
    Open,
    Close,
    Comma,
    Period,
    Other,
    /// From here to the end nothing could be read: mostly a quote or a comment that is not closed.
    Unreadable,
}

impl TokenKind {
    /// Whether the token says something to the engine.
    pub(super) fn is_significant(self) -> bool {
        !matches!(self, Self::Space | Self::Comment)
    }
}

/// A stretch of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Its first byte in the whole text.
    pub(super) start: usize,
    /// Its line, from 1.
    pub(super) line: usize,
}

/// Splits a script into its statements; the last one needs no semicolon. Comments alone are no statement.
#[must_use]
pub fn split_statements(script: &str) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    let mut begun: Option<(usize, usize)> = None;
    let mut end = 0;
    for piece in pieces(script) {
        if piece.kind == TokenKind::Semicolon {
            if let Some((start, line)) = begun.take() {
                statements.extend(statement(script, start, end, line));
            }
        } else if piece.kind.is_significant() {
            begun.get_or_insert((piece.start, piece.line));
            end = piece.start + piece.text.len();
        }
    }
    if let Some((start, line)) = begun {
        statements.extend(statement(script, start, end, line));
    }
    statements
}

fn statement(script: &str, start: usize, end: usize, line: usize) -> Option<Statement<'_>> {
    let text = script.get(start..end)?.trim_end();
    Some(Statement { text, line })
}

/// Whether the text typed so far can be run.
#[must_use]
pub fn completeness(text: &str) -> Completeness {
    let mut depth = 0_usize;
    let mut last = TokenKind::Semicolon;
    for piece in pieces(text) {
        match piece.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Unreadable if is_open(piece.text) => return Completeness::Incomplete,
            // Nothing more that is typed would make it readable: let the engine say why.
            TokenKind::Unreadable => return Completeness::Complete,
            _ => {}
        }
        if piece.kind.is_significant() {
            last = piece.kind;
        }
    }
    if last == TokenKind::Semicolon && depth == 0 { Completeness::Complete } else { Completeness::Incomplete }
}

/// Whether unreadable text begins with something that could still be closed.
fn is_open(text: &str) -> bool {
    let quoted = text.trim_start_matches(|first: char| first.is_ascii_alphabetic() || first == '&');
    text.starts_with("/*") || quoted.starts_with(['\'', '"', '`', '$'])
}

/// The whole text as pieces, one after the other without a gap.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut tokens = Vec::new();
    let read = Tokenizer::new(&GenericDialect {}, text).with_unescape(false).tokenize_with_location_into_buf(&mut tokens);
    let mut cursor = Cursor::new(text);
    let mut pieces = Vec::with_capacity(tokens.len() + 1);
    for TokenWithSpan { token, span } in tokens {
        let line = cursor.line;
        let (start, text) = cursor.advance_to(span.end);
        let kind = kind(&token);
        pieces.push(Piece { kind, text, start, line });
    }
    let line = cursor.line;
    let start = cursor.offset;
    if let Some(text) = text.get(start..).filter(|rest| !rest.is_empty()) {
        // A text that was read to its end is only longer than its tokens by what the tokenizer expands.
        let kind = if read.is_ok() { TokenKind::Comment } else { TokenKind::Unreadable };
        pieces.push(Piece { kind, text, start, line });
    }
    pieces
}

fn kind(token: &Token) -> TokenKind {
    match token {
        Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab) => TokenKind::Space,
        Token::Whitespace(_) => TokenKind::Comment,
        Token::Word(word) if word.quote_style.is_some() => TokenKind::QuotedName,
        Token::Word(_) => TokenKind::Word,
        Token::Number(..) => TokenKind::Number,
        Token::SemiColon => TokenKind::Semicolon,
        Token::LParen => TokenKind::Open,
        Token::RParen => TokenKind::Close,
        Token::Comma => TokenKind::Comma,
        Token::Period => TokenKind::Period,
        Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_) => TokenKind::Text,
        _ => TokenKind::Other,
    }
}

/// Walks the text along the tokenizer's lines and columns, which count characters.
struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    /// Moves to the place, or stays if it lies behind; returns where it was and the text in between.
    fn advance_to(&mut self, place: Location) -> (usize, &'a str) {
        let start = self.offset;
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let place = (count(place.line), count(place.column));
        for character in self.text.get(start..).unwrap_or("").chars() {
            if (self.line, self.column) >= place {
                break;
            }
            self.offset += character.len_utf8();
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        (start, self.text.get(start..self.offset).unwrap_or(""))
    }
}
