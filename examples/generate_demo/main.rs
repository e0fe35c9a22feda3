//! Makes the demo data: sixty days of a made-up AWS estate, as NDJSON in Elava's import format.
//!
//! ```text
//! cargo run --example generate_demo -- data/demo.ndjson.zst    the data; without a path, NDJSON on standard output
//! cargo run --example generate_demo -- --events                the table of what was planted in it, as markdown
//! cargo run --example generate_demo -- --readme                data/README.md
//! cargo run --example generate_demo -- --seed 7 other.ndjson   other ids, the same story
//! ```
//!
//! The same seed gives the same bytes: no clock, no system randomness, no hash order.

#![recursion_limit = "256"]

mod bucket;
mod database;
mod dice;
mod estate;
mod faults;
mod group;
mod image;
mod incidents;
mod instance;
mod interface;
mod kind;
mod lifecycle;
mod network;
mod report;
mod scan;
mod site;
mod story;
mod time;
mod world;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::dice::{Dice, SEED_DEFAULT};
use crate::report::Totals;
use crate::world::{Outcome, World};

const COMPRESSION_LEVEL: i32 = 19;

/// What the command line asks for.
enum Wanted {
    Data(Option<String>),
    Events,
    Readme,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "generate_demo: {reason}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Outcome<()> {
    let (seed, wanted) = arguments(std::env::args().skip(1))?;
    let failed = |error: io::Error| error.to_string();
    let mut stdout = BufWriter::new(io::stdout().lock());
    match wanted {
        Wanted::Data(None) => generate(seed, &mut stdout).map(drop)?,
        Wanted::Data(Some(path)) => write_file(seed, Path::new(&path))?,
        Wanted::Events => {
            let (world, _) = generate(seed, &mut io::sink())?;
            stdout.write_all(report::events(&world).as_bytes()).map_err(failed)?;
        }
        Wanted::Readme => {
            let (world, totals) = generate(seed, &mut io::sink())?;
            stdout.write_all(report::readme(&world, &totals).as_bytes()).map_err(failed)?;
        }
    }
    stdout.flush().map_err(failed)
}

fn arguments(mut given: impl Iterator<Item = String>) -> Outcome<(u64, Wanted)> {
    let mut seed = SEED_DEFAULT;
    let mut wanted = Wanted::Data(None);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--events" => wanted = Wanted::Events,
            "--readme" => wanted = Wanted::Readme,
            "--seed" => {
                let number = given.next().and_then(|text| text.parse().ok());
                seed = number.ok_or("--seed needs a whole number")?;
            }
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}; there are --seed, --events, --readme")),
            path => wanted = Wanted::Data(Some(path.to_owned())),
        }
    }
    Ok((seed, wanted))
}

/// Writes a file, compressed if its name ends in `.zst`.
fn write_file(seed: u64, path: &Path) -> Outcome<()> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let file = BufWriter::new(File::create(path).map_err(failed)?);
    if path.extension().is_some_and(|extension| extension == "zst") {
        let mut encoder = zstd::Encoder::new(file, COMPRESSION_LEVEL).map_err(failed)?;
        encoder.include_checksum(true).map_err(failed)?;
        generate(seed, &mut encoder)?;
        encoder.finish().and_then(|mut file| file.flush()).map_err(failed)
    } else {
        let mut file = file;
        generate(seed, &mut file)?;
        file.flush().map_err(failed)
    }
}

/// Runs the story and writes every scan of it.
fn generate(seed: u64, out: &mut impl Write) -> Outcome<(World, Totals)> {
    let mut world = World::new(Dice::new(seed));
    estate::build(&mut world)?;
    story::prepare(&mut world)?;
    faults::describe(&mut world);
    let mut counted = Counted { out, bytes: 0 };
    let mut totals = Totals::default();
    let mut steps = story::steps().into_iter().peekable();
    for slot in scan::slots() {
        while let Some(step) = steps.next_if(|step| step.at <= slot) {
            (step.action)(&mut world)?;
        }
        world.settle(slot);
        let written = scan::write(&world, slot, &mut counted).map_err(|error| error.to_string())?;
        totals.add(&world, written);
    }
    totals.bytes = counted.bytes;
    match steps.next() {
        Some(step) => Err(format!("the step at {} comes after the last scan that could see it", step.at)),
        None => Ok((world, totals)),
    }
}

impl Totals {
    fn add(&mut self, world: &World, written: scan::Written) {
        self.last.clear();
        for resource in world.all() {
            *self.last.entry(resource.kind).or_insert(0) += 1;
            self.listed.insert((resource.place, resource.kind, resource.id.clone()));
        }
        if self.scans == 0 {
            self.first = self.last.clone();
        }
        self.scans += 1;
        self.written.observations += written.observations;
        self.written.scopes += written.scopes;
    }
}

/// Counts what passes through.
struct Counted<'a, W: Write> {
    out: &'a mut W,
    bytes: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
