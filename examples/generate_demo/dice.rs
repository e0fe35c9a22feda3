//! Everything that looks random: `SplitMix64`, keyed by a seed and a label.
//!
//! Each value depends on the seed and its own label alone, never on how many values were drawn before it. So a change to one
//! part of the estate leaves the ids of all the others as they are.

/// The seed that `data/demo.ndjson.zst` is made with.
pub(crate) const SEED_DEFAULT: u64 = 20_261_031;

/// A source of ids, addresses and jitter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    seed: u64,
}

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A lower-case hexadecimal text of `digits` digits.
    pub(crate) fn hex(self, label: &str, digits: usize) -> String {
        let mut state = self.keyed(label);
        let words: Vec<String> = (0..digits.div_ceil(16)).map(|_| format!("{:016x}", next(&mut state))).collect();
        let mut text = words.concat();
        text.truncate(digits);
        text
    }

    /// An AWS id: `vpc-0` and sixteen hexadecimal digits.
    pub(crate) fn id(self, prefix: &str, label: &str) -> String {
        format!("{prefix}-0{}", self.hex(&format!("{prefix} {label}"), 16))
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(self, label: &str) -> String {
        let hex: Vec<char> = self.hex(&format!("uuid {label}"), 32).chars().collect();
        let mut text = String::with_capacity(36);
        for (position, digit) in hex.into_iter().enumerate() {
            if matches!(position, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(match position {
                12 => '4',
                16 => 'a',
                _ => digit,
            });
        }
        text
    }

    /// A MAC address as AWS gives them: locally administered.
    pub(crate) fn mac(self, label: &str) -> String {
        let digits: Vec<char> = self.hex(&format!("mac {label}"), 10).chars().collect();
        let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect()).collect();
        format!("0a:{}", pairs.join(":"))
    }

    /// A number from `low`, up to and excluding `high`.
    pub(crate) fn between(self, label: &str, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).max(1);
        let offset = next(&mut self.keyed(label)) % width;
        low.saturating_add_unsigned(offset)
    }

    /// The state of the generator for one label: FNV-1a of the label, mixed with the seed.
    fn keyed(self, label: &str) -> u64 {
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut state = self.seed ^ hash;
        next(&mut state)
    }
}

/// `SplitMix64`: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
