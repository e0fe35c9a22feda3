//! Templates of times as PostgreSQL's `to_char(time, 'YYYY-MM-DD HH24:MI')` takes them, as those of strftime.

/// Patterns of PostgreSQL, of those that begin alike the longest first, and what they are in strftime.
const PATTERNS: [(&str, &str); 26] = [
    ("YYYY", "%Y"),
    ("YY", "%y"),
    ("IYYY", "%G"),
    ("IW", "%V"),
    ("MM", "%m"),
    ("MI", "%M"),
    ("MS", "%3f"),
    ("Month", "%B"),
    ("Mon", "%b"),
    ("DDD", "%j"),
    ("DD", "%d"),
    ("Day", "%A"),
    ("Dy", "%a"),
    ("ID", "%u"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("HH", "%I"),
    ("SS", "%S"),
    ("US", "%6f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("am", "%P"),
    ("pm", "%P"),
    ("TZH:TZM", "%:z"),
    ("TZ", "%Z"),
    ("OF", "%:z"),
];
/// Patterns of names, which are written as the pattern is.
const OF_NAMES: [&str; 8] = ["Month", "Mon", "Day", "Dy", "AM", "PM", "am", "pm"];

/// A template of strftime; one that has a `%` is one already.
pub(in crate::query) fn strftime(template: &str) -> String {
    if template.contains('%') {
        return template.to_owned();
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some(letter) = rest.chars().next() {
        if let Some((quoted, after)) = rest.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
            out.push_str(quoted);
            rest = after;
        } else if let Some((code, after)) = pattern(rest) {
            out.push_str(code);
            rest = after;
        } else if let Some((code, after)) = rest.strip_prefix("FM").and_then(pattern) {
            // Without padding.
            out.push_str(&code.replacen('%', "%-", 1));
            rest = after;
        } else {
            out.push(letter);
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// The pattern that a text begins with, in strftime, and what comes after it.
fn pattern(text: &str) -> Option<(&'static str, &str)> {
    PATTERNS.iter().find_map(|(pattern, code)| {
        let (begin, after) = text.split_at_checked(pattern.len())?;
        let is_it = if OF_NAMES.contains(pattern) { begin == *pattern } else { begin.eq_ignore_ascii_case(pattern) };
        is_it.then_some((*code, after))
    })
}

#[cfg(test)]
#[test]
fn templates_are_read() {
    let cases = [
        ("YYYY-MM-DD HH24:MI:SS", "%Y-%m-%d %H:%M:%S"),
        ("yyyy-mm-dd", "%Y-%m-%d"),
        ("FMDD Mon YY", "%-d %b %y"),
        ("YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"", "%Y-%m-%dT%H:%M:%S.%3fZ"),
        ("%d/%m", "%d/%m"),
    ];
    for (template, read) in cases {
        assert_eq!(strftime(template), read);
    }
}
