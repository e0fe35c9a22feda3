//! Flags, environment and settings file, made one: each setting with its value and where it came from.

mod daemon;
mod scanning;
mod storage;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use etcetera::BaseStrategy;

use super::args::GlobalArgs;
use super::env::{self, Environment};
use super::output::{DEFAULT_MAX_ROWS, OutputFormat};
use super::printer::ColorChoice;
use crate::error::{Error, Result};
use crate::settings::{ByteSize, FILE_NAME, FileSettings};
use crate::store::BucketUrl;

pub use daemon::{Daemon, ExportPlan, JobPlan, QueryPlan, Statement, TargetPlan, Way};
pub use scanning::Scanning;
#[cfg(feature = "aws")]
pub use scanning::{AT_ONCE_MAX, REQUEST_TIMEOUT_MAX};
pub use storage::{Cache, Storage};

/// What a query may hold in memory unless told otherwise: the least that sorts a million wide rows without spilling.
const DEFAULT_MEMORY_LIMIT: ByteSize = ByteSize::new(512 << 20);
/// Less than this, and the engine cannot plan.
const MEMORY_LIMIT_MIN: ByteSize = ByteSize::new(16 << 20);
/// The folder of Elava in the per-user folders.
const APPLICATION: &str = "elava";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An option of the command line.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// The settings file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The same setting, unless the command's own option says otherwise.
    #[must_use]
    pub fn or_flag(self, flag: Option<T>, name: &'static str) -> Self {
        match flag {
            Some(value) => Self::new(value, Origin::Flag(name)),
            None => self,
        }
    }
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(BucketUrl),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket(url) => url.fmt(f),
        }
    }
}

impl Place {
    /// Reads a path or URL; a relative path starts at a folder.
    fn parse(text: &str, base: &Path) -> Result<Self> {
        Ok(match text.strip_prefix("file://") {
            Some(path) => Self::Folder(PathBuf::from(path)),
            None if text.contains("://") => Self::Bucket(BucketUrl::parse(text)?),
            None => Self::Folder(base.join(text)),
        })
    }
}

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The settings file and who named it, if there is one.
    pub config: Option<Setting<PathBuf>>,
    /// Where the store is.
    pub store: Setting<Place>,
    /// How it is reached if it is in a bucket.
    pub storage: Storage,
    /// What is kept of it on this machine then.
    pub cache: Cache,
    /// What a query may hold in memory.
    pub memory_limit: Setting<ByteSize>,
    /// The format of results.
    pub format: Setting<OutputFormat>,
    /// Most rows of a table.
    pub max_rows: Setting<usize>,
    /// When to use colour.
    pub color: Setting<ColorChoice>,
    /// How scans run.
    pub scanning: Scanning,
    /// What the daemon does.
    pub daemon: Daemon,
    /// What the file says, for the settings that are written into the store and for accounts.
    pub file: FileSettings,
}

impl Settings {
    /// The same settings with another store: what a command calls one besides the one that it is about.
    ///
    /// # Errors
    /// `Invalid` if the text is no place.
    pub fn at(&self, place: &str, argument: &'static str) -> Result<Self> {
        let store = Setting::new(Place::parse(place, Path::new(""))?, Origin::Flag(argument));
        Ok(Self { store, ..self.clone() })
    }

    /// Resolves: an option wins over the environment, that over the file, that over the default.
    ///
    /// # Errors
    /// `Invalid` for an unknown key or a value that cannot be read; `NotFound` for a named file that is not there.
    pub fn resolve(global: &GlobalArgs, environment: &Environment) -> Result<Self> {
        let config = find_config(global, environment)?;
        let (file, config) = match config {
            Some((text, config)) => (FileSettings::parse(&text, &config.value)?, Some(config)),
            None => (FileSettings::default(), None),
        };
        let resolver = Resolver { environment, config: config.as_ref().map(|config| config.value.as_path()) };
        let color = match (global.color, environment.get(env::NO_COLOR)) {
            (Some(color), _) => Setting::new(color, Origin::Flag("--color")),
            (None, Some(_)) => Setting::new(ColorChoice::Never, Origin::Variable(env::NO_COLOR)),
            (None, None) => resolver.pick(None, file.output.color.as_deref(), "output.color", ColorChoice::default(), choice)?,
        };
        let memory_limit =
            resolver.pick(Some(env::MEMORY_LIMIT), None, "", file.query.memory_limit.unwrap_or(DEFAULT_MEMORY_LIMIT), ByteSize::parse)?;
        let memory_limit = match (&memory_limit.origin, &config, file.query.memory_limit) {
            (Origin::Default, Some(config), Some(limit)) => Setting::new(limit, Origin::File(config.value.clone())),
            _ => memory_limit,
        };
        if memory_limit.value < MEMORY_LIMIT_MIN {
            let (limit, origin) = (memory_limit.value, &memory_limit.origin);
            return Err(Error::invalid(format!("a memory limit of {limit} ({origin}) is too small; the least is {MEMORY_LIMIT_MIN}")));
        }
        Ok(Self {
            store: resolver.store(global, &file)?,
            storage: Storage::resolve(&file.storage, &resolver)?,
            cache: Cache::resolve(&file.cache, &resolver)?,
            memory_limit,
            format: resolver.pick(Some(env::FORMAT), file.output.format.as_deref(), "output.format", OutputFormat::default(), choice)?,
            max_rows: resolver.pick(
                Some(env::MAX_ROWS),
                file.output.max_rows.map(|rows| rows.to_string()).as_deref(),
                "output.max_rows",
                DEFAULT_MAX_ROWS,
                |text| {
                    text.parse()
                        .ok()
                        .filter(|rows| *rows > 0)
                        .ok_or_else(|| Error::invalid(format!("expected a number of rows from 1, found {text:?}")))
                },
            )?,
            color,
            scanning: Scanning::resolve(&file, &resolver)?,
            daemon: Daemon::resolve(&file, &resolver)?,
            config,
            file,
        })
    }
}

struct Resolver<'a> {
    environment: &'a Environment,
    config: Option<&'a Path>,
}

impl Resolver<'_> {
    fn pick<T>(
        &self,
        variable: Option<&'static str>,
        said: Option<&str>,
        key: &str,
        default: T,
        parse: impl Fn(&str) -> Result<T>,
    ) -> Result<Setting<T>> {
        if let Some((name, text)) = variable.and_then(|name| Some((name, self.environment.get(name)?))) {
            return Ok(Setting::new(parse(text).map_err(|error| error.context(name))?, Origin::Variable(name)));
        }
        if let (Some(text), Some(path)) = (said, self.config) {
            let value = parse(text).map_err(|error| error.context(key).context(path.display()))?;
            return Ok(Setting::new(value, Origin::File(path.to_owned())));
        }
        Ok(Setting::new(default, Origin::Default))
    }

    fn store(&self, global: &GlobalArgs, file: &FileSettings) -> Result<Setting<Place>> {
        let here = Path::new("");
        let parsed = |text: &str, base: &Path, origin: Origin| match Place::parse(text, base) {
            Ok(place) => Ok(Setting::new(place, origin)),
            Err(error) => Err(error.context(origin)),
        };
        if let Some(text) = &global.store {
            return parsed(text, here, Origin::Flag("--store"));
        }
        if let Some(text) = self.environment.get(env::STORE) {
            return parsed(text, here, Origin::Variable(env::STORE));
        }
        if let (Some(text), Some(path)) = (&file.store, self.config) {
            return parsed(text, path.parent().unwrap_or(here), Origin::File(path.to_owned()));
        }
        let folders = etcetera::choose_base_strategy();
        let folders = folders
            .map_err(|error| Error::not_found(format!("there is no home folder ({error})")).with_hint("name a store with --store"))?;
        Ok(Setting::new(Place::Folder(folders.data_dir().join(APPLICATION).join("store")), Origin::Default))
    }
}

/// Reads one of a fixed set of words.
fn choice<T: ValueEnum>(text: &str) -> Result<T> {
    T::from_str(text, true).map_err(|_| {
        let known: Vec<String> =
            T::value_variants().iter().filter_map(ValueEnum::to_possible_value).map(|value| value.get_name().to_owned()).collect();
        Error::invalid(format!("expected one of {}, found {text:?}", known.join(", ")))
    })
}

/// The text of the settings file and who named it.
fn find_config(global: &GlobalArgs, environment: &Environment) -> Result<Option<(String, Setting<PathBuf>)>> {
    let named = match (&global.config, environment.get(env::CONFIG)) {
        (Some(path), _) => Some(Setting::new(path.clone(), Origin::Flag("--config"))),
        (None, Some(path)) => Some(Setting::new(PathBuf::from(path), Origin::Variable(env::CONFIG))),
        (None, None) => None,
    };
    if let Some(named) = named {
        let path = named.value.display();
        return match fs::read_to_string(&named.value) {
            Ok(text) => Ok(Some((text, named))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::not_found(format!("there is no settings file {path} ({})", named.origin)))
            }
            Err(error) => Err(Error::unavailable(format!("read {path}")).with_source(error)),
        };
    }
    let of_user = etcetera::choose_base_strategy().ok().map(|folders| folders.config_dir().join(APPLICATION).join(FILE_NAME));
    for path in [Some(PathBuf::from(FILE_NAME)), of_user].into_iter().flatten() {
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((text, Setting::new(path, Origin::Default)))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(Error::unavailable(format!("read {}", path.display())).with_source(error)),
        }
    }
    Ok(None)
}

/// The file that keeps what was typed into the shell, in the per-user folder of such things.
pub fn history_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(folder.join(APPLICATION).join("history"))
}
