//! SQL in colour: keywords, text, numbers and comments. Only where the user wants colour.

use super::complete::{KEYWORDS, is_one_of};
use super::statement::{Piece, TokenKind, pieces};

const KEYWORD: &str = "\u{1b}[1;34m";
const TEXT: &str = "\u{1b}[32m";
const NUMBER: &str = "\u{1b}[36m";
const COMMENT: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";

/// The line in colour. `pending` is what stands on the lines before it, so that a text or comment begun there
/// is known. The visible characters are those of the line.
pub(super) fn highlight(pending: &str, line: &str) -> String {
    let whole = format!("{pending}{line}");
    let mut coloured = String::with_capacity(line.len() * 2);
    for piece in pieces(&whole) {
        let hidden = pending.len().saturating_sub(piece.start);
        let Some(text) = piece.text.get(hidden.min(piece.text.len())..) else {
            continue;
        };
        match colour(&piece) {
            Some(colour) if !text.is_empty() => {
                for part in [colour, text, RESET] {
                    coloured.push_str(part);
                }
            }
            _ => coloured.push_str(text),
        }
    }
    coloured
}

fn colour(piece: &Piece<'_>) -> Option<&'static str> {
    match piece.kind {
        TokenKind::Word if is_one_of(piece.text, KEYWORDS) => Some(KEYWORD),
        TokenKind::Number => Some(NUMBER),
        TokenKind::Comment => Some(COMMENT),
        TokenKind::Unreadable if piece.text.starts_with("/*") => Some(COMMENT),
        TokenKind::Text | TokenKind::Unreadable => Some(TEXT),
        _ => None,
    }
}
