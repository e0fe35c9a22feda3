//! The name that was probably meant.

/// The most letters that two names may differ in and still be near.
const DISTANCE_MAX: usize = 3;

/// Of some names the one that is written most like a name, if any is.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let limit = DISTANCE_MAX.min(name.len() / 2);
    let ranked = names.map(|known| (distance(&name, &known.to_ascii_lowercase()), known));
    ranked.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// How many letters are to be added, removed or replaced.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (nth, letter) in left.chars().enumerate() {
        let mut diagonal = nth;
        let mut previous = nth + 1;
        let mut next = vec![previous];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(*other != letter);
            diagonal = *above;
            previous = replaced.min(previous + 1).min(above + 1);
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
