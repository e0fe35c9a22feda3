//! Fuzzers: whatever bytes or text a decoder or parser is given, it takes them or refuses them with an error that says what is
//! wrong where. It never panics, and takes no memory because of a length that it was only told.
//!
//! Inputs are those of `tests/fuzz` and of the store in `tests/fixtures`, first as they are, then altered (`mutation`), with hashes
//! and checksums made right again where a decoder behind them is meant. All is seeded; `ELAVA_FUZZ_ITERATIONS` asks for more than
//! the few seconds of a push, `ELAVA_FUZZ_SEED` for others. What fails is made small and left in the target folder: it
//! belongs into `tests/fuzz` once it is mended.

mod allocator;
mod mutation;
mod statements;
mod stored;
mod tables;
mod texts;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use elava::{Error, ErrorKind};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use allocator::largest_block;
use mutation::{Mutation, altered, mutations};

/// Altered inputs of a target that takes microseconds.
const ITERATIONS: u32 = 400;

/// What a fuzzer is pointed at.
pub struct Target<'a> {
    /// Also that of its folder in `tests/fuzz`.
    pub name: &'a str,
    /// How many inputs fit in the time of one of a target that takes microseconds.
    pub cost: u32,
    /// The largest block of memory that an input of so many bytes may lead to.
    pub block_max: fn(usize) -> usize,
    /// What it refuses an input with.
    pub refuses: &'a dyn Fn(&Error) -> bool,
}

/// Texts are copied a few times; nothing else is needed for them.
pub fn few_copies(bytes: usize) -> usize {
    (1 << 20) + 64 * bytes
}

/// No more than zstd can make of the bytes.
pub fn unpacked(bytes: usize) -> usize {
    (1 << 20) + 32 * 1024 * bytes
}

pub fn is_invalid(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotFound)
}

pub fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported)
}

/// What a store of which a file was made by somebody is refused with. DataFusion panics over some files; that is caught where
/// nobody knows any more over what.
pub fn is_damage_or_panic(error: &Error) -> bool {
    is_damage(error) || error.to_string().contains("the query engine broke off")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The files of a folder of `tests/fuzz`, by name.
pub fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz").join(name);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

fn runner(cost: u32) -> TestRunner {
    let cases = (number("ELAVA_FUZZ_ITERATIONS").unwrap_or(ITERATIONS) / cost).max(8);
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number("ELAVA_FUZZ_SEED").unwrap_or_default().to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// Runs a target over inputs as they are, then over altered ones, both as `seal` makes them; says how many were taken and refused.
#[expect(clippy::print_stdout, reason = "how far a fuzzer came is what one wants to know of it")]
pub fn fuzz(target: &Target<'_>, inputs: &[Vec<u8>], seal: impl Fn(&[u8]) -> Vec<u8>, run: impl Fn(&[u8]) -> Result<(), Error>) {
    assert!(!inputs.is_empty(), "{} has no inputs", target.name);
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let check = |input: &[u8]| {
        let (outcome, largest) = largest_block(|| run(input));
        prop_assert!(largest <= (target.block_max)(input.len()), "{largest} bytes at once for an input of {}", input.len());
        match outcome {
            Ok(()) => taken.set(taken.get() + 1),
            Err(error) => {
                prop_assert!((target.refuses)(&error), "refused with {:?}: {error}", error.kind());
                refused.set(refused.get() + 1);
            }
        }
        Ok(())
    };
    let strategy = (any::<Index>(), mutations());
    for input in inputs {
        check(&seal(input)).unwrap_or_else(|error| panic!("{}: {error} on {:?}", target.name, String::from_utf8_lossy(input)));
    }
    let input = |entry: &Index, changes: &[Mutation]| seal(&altered(entry.get::<Vec<u8>>(inputs), changes, inputs));
    let outcome = runner(target.cost).run(&strategy, |(entry, changes)| check(&input(&entry, &changes)));
    if let Err(error) = outcome {
        let TestError::Fail(reason, (entry, changes)) = &error else { panic!("{}: {error}", target.name) };
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
        std::fs::write(&path, input(entry, changes)).unwrap();
        panic!("{}: {reason}\n{changes:?}\nthe input is in {}", target.name, path.display());
    }
    println!("{}: {} inputs, {} taken, {} refused", target.name, taken.get() + refused.get(), taken.get(), refused.get());
}

/// Bytes as they are.
pub fn unsealed(input: &[u8]) -> Vec<u8> {
    input.to_vec()
}
