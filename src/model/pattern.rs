//! Names by pattern.

/// Whether a name is what a pattern says: a `*` in it stands for any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for text in middle.split('*') {
        let Some((_, after)) = left.split_once(text) else { return false };
        left = after;
    }
    left.ends_with(end)
}
