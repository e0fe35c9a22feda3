//! Ways in which bytes are altered: as a bad disk does it, and as somebody who knows what a decoder believes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Numbers at the edge of something.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    i32::MAX as u64,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    1 << 40,
    1 << 60,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];
/// Words that mean something to a parser of text.
const WORDS: [&str; 30] = [
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\\ud800",
    "[[[[[[[[",
    "{\"a\":",
    "}",
    "]",
    ",",
    ":",
    "/",
    "~",
    "~1",
    "//",
    "..",
    "-",
    "--",
    "*",
    "*/0",
    "head~",
    "9223372036854775807",
    "9223372036854775808",
    "-1",
    "1e999",
    "null",
    "\u{0}",
    "\u{feff}",
    "\u{1f600}",
    "9999-12-31T23:59:60Z",
];

/// One alteration. Places are shares of the length that the bytes have by then.
#[derive(Debug, Clone)]
pub enum Mutation {
    Flip { at: Index, bit: u8 },
    Number { at: Index, bytes: usize, value: u64 },
    Cut { at: Index },
    Remove { at: Index, length: usize },
    Insert { at: Index, bytes: Vec<u8> },
    Copy { from: Index, to: Index, length: usize, times: usize },
    Splice { at: Index, other: Index, from: Index },
}

pub fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let places = any::<Index>;
    let words = select(WORDS.to_vec()).prop_map(|word| word.as_bytes().to_vec());
    let mutation = prop_oneof![
        4 => (places(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        4 => (places(), select(vec![1usize, 2, 4, 8]), select(EDGES.to_vec())).prop_map(|(at, bytes, value)| Mutation::Number { at, bytes, value }),
        1 => places().prop_map(|at| Mutation::Cut { at }),
        2 => (places(), 1..40usize).prop_map(|(at, length)| Mutation::Remove { at, length }),
        3 => (places(), prop_oneof![words, vec(any::<u8>(), 1..6)]).prop_map(|(at, bytes)| Mutation::Insert { at, bytes }),
        2 => (places(), places(), 1..200usize, prop_oneof![9 => 1..3usize, 1 => 100..1000usize])
            .prop_map(|(from, to, length, times)| Mutation::Copy { from, to, length, times }),
        1 => (places(), places(), places()).prop_map(|(at, other, from)| Mutation::Splice { at, other, from }),
    ];
    vec(mutation, 1..6)
}

/// Bytes after some alterations; `others` are what they may go on as.
pub fn altered(bytes: &[u8], changes: &[Mutation], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for change in changes {
        alter(&mut bytes, change, others);
    }
    bytes
}

fn alter(bytes: &mut Vec<u8>, change: &Mutation, others: &[Vec<u8>]) {
    let length = bytes.len();
    let place = |at: &Index| at.index(length + 1);
    match change {
        Mutation::Flip { at, bit } if length > 0 => bytes[at.index(length)] ^= 1 << bit,
        Mutation::Flip { .. } => {}
        Mutation::Number { at, bytes: width, value } => {
            let at = place(at);
            let end = length.min(at + width);
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Mutation::Cut { at } => bytes.truncate(place(at)),
        Mutation::Remove { at, length: many } => {
            let at = place(at);
            bytes.drain(at..length.min(at + many));
        }
        Mutation::Insert { at, bytes: more } => {
            let at = place(at);
            bytes.splice(at..at, more.iter().copied());
        }
        Mutation::Copy { from, to, length: many, times } => {
            let from = place(from);
            let copied = bytes[from..length.min(from + many)].repeat(*times);
            let to = place(to);
            bytes.splice(to..to, copied);
        }
        Mutation::Splice { at, other, from } => {
            let other = other.get(others);
            bytes.truncate(place(at));
            bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
        }
    }
}
