//! The file operations of a local store, recorded; and a model of what a power failure leaves of them.
//!
//! The model is that of POSIX: a file's content is durable once the file is synced, a name once its folder is. Before
//! that each may be lost or kept on its own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use elava::store::files::{Files, NewFile, SystemFiles};

use super::fault_backend::Objects;

/// One step; paths are relative to the store's folder.
#[derive(Debug, Clone)]
pub enum Step {
    Create {
        path: PathBuf,
        file: usize,
    },
    Write {
        file: usize,
        bytes: Bytes,
    },
    Sync {
        file: usize,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    MakeFolder {
        path: PathBuf,
    },
    SyncFolder {
        path: PathBuf,
    },
    /// So many operations of the workload were acknowledged.
    Acknowledged(usize),
}

/// Passes everything on to the file system and writes it down.
#[derive(Debug)]
pub struct TracedFiles {
    root: PathBuf,
    trace: Arc<Mutex<Vec<Step>>>,
    /// Refuses everything: for a place where nothing may be written.
    refuse: bool,
}

impl TracedFiles {
    pub fn new(root: PathBuf) -> Self {
        Self { root, trace: Arc::default(), refuse: false }
    }

    pub fn refusing(root: PathBuf) -> Self {
        Self { refuse: true, ..Self::new(root) }
    }

    pub fn trace(&self) -> Vec<Step> {
        self.trace.lock().unwrap().clone()
    }

    pub fn acknowledge(&self, operations: usize) {
        self.trace.lock().unwrap().push(Step::Acknowledged(operations));
    }

    fn note<T>(&self, act: impl FnOnce() -> io::Result<T>, step: impl FnOnce(&dyn Fn(&Path) -> PathBuf) -> Step) -> io::Result<T> {
        if self.refuse {
            self.trace.lock().unwrap().push(step(&|path| path.to_owned()));
            return Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem));
        }
        let done = act()?;
        let relative = |path: &Path| path.strip_prefix(&self.root).map_or_else(|_| PathBuf::from(".."), Path::to_owned);
        self.trace.lock().unwrap().push(step(&relative));
        Ok(done)
    }
}

struct TracedFile {
    file: usize,
    inner: Box<dyn NewFile>,
    trace: Arc<Mutex<Vec<Step>>>,
}

impl Write for TracedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.trace.lock().unwrap().push(Step::Write { file: self.file, bytes: Bytes::copy_from_slice(&bytes[..count]) });
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl NewFile for TracedFile {
    fn sync(&mut self) -> io::Result<()> {
        // What is synced is in the trace; waiting for the disk would prove nothing here.
        self.trace.lock().unwrap().push(Step::Sync { file: self.file });
        Ok(())
    }
}

impl Files for TracedFiles {
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let file = self.trace.lock().unwrap().len();
        let inner = self.note(|| SystemFiles.create(path), |relative| Step::Create { path: relative(path), file })?;
        Ok(Box::new(TracedFile { file, inner, trace: Arc::clone(&self.trace) }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(|| SystemFiles.link(from, to), |relative| Step::Link { from: relative(from), to: relative(to) })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.note(|| SystemFiles.rename(from, to), |relative| Step::Rename { from: relative(from), to: relative(to) })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note(|| SystemFiles.remove(path), |relative| Step::Remove { path: relative(path) })
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.note(|| SystemFiles.make_folder(path), |relative| Step::MakeFolder { path: relative(path) })
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.note(|| Ok(()), |relative| Step::SyncFolder { path: relative(path) })
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    File(usize),
    Folder,
}

/// What a power failure leaves of the end of a file that was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum End {
    Lost,
    Zeros,
    /// A part of it, and nothing after.
    Torn,
}

/// A file's content.
#[derive(Debug, Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    /// What of it is durable: what comes after may be lost.
    synced: Bytes,
}

impl Content {
    fn after(&self, end: End) -> Bytes {
        let (synced, all) = (self.synced.len(), self.bytes.len());
        let mut bytes = self.bytes.clone();
        match end {
            _ if synced == all => return self.synced.clone(),
            End::Lost => bytes.truncate(synced),
            End::Zeros => bytes[synced..].fill(0),
            End::Torn => bytes.truncate(synced + (all - synced) / 2),
        }
        bytes.into()
    }
}

/// A file system after some steps.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    contents: BTreeMap<usize, Content>,
    now: BTreeMap<PathBuf, Entry>,
    durable: BTreeMap<PathBuf, Entry>,
    pub acknowledged: usize,
}

/// A state that a power failure may leave.
#[derive(Debug, Clone)]
pub struct CrashState {
    pub objects: Objects,
    pub acknowledged: usize,
}

impl Disk {
    /// Takes a step. False if a power failure leaves the same objects after it as before it.
    pub fn apply(&mut self, step: &Step) -> bool {
        let is_object = |path: &Path| !path.starts_with("tmp");
        let named = |disk: &Self, file: &usize| disk.now.iter().any(|(name, entry)| is_object(name) && *entry == Entry::File(*file));
        let matters = match step {
            Step::Create { path, .. } | Step::Remove { path } | Step::MakeFolder { path } | Step::SyncFolder { path } => is_object(path),
            Step::Write { file, .. } | Step::Sync { file } => named(self, file),
            Step::Link { to, .. } | Step::Rename { to, .. } => is_object(to),
            Step::Acknowledged(_) => true,
        };
        self.take(step);
        matters
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Create { path, file } => {
                self.contents.insert(*file, Content::default());
                self.now.insert(path.clone(), Entry::File(*file));
            }
            Step::Write { file, bytes } => self.contents.get_mut(file).unwrap().bytes.extend_from_slice(bytes),
            Step::Sync { file } => {
                let content = self.contents.get_mut(file).unwrap();
                content.synced = content.bytes.clone().into();
            }
            Step::Link { from, to } => {
                self.now.insert(to.clone(), self.now[from]);
            }
            Step::Rename { from, to } => {
                let entry = self.now.remove(from).unwrap();
                self.now.insert(to.clone(), entry);
            }
            Step::Remove { path } => {
                self.now.remove(path);
            }
            Step::MakeFolder { path } => {
                self.now.insert(path.clone(), Entry::Folder);
            }
            Step::SyncFolder { path } => {
                let inside = |name: &PathBuf| name.parent() == Some(path);
                self.durable.retain(|name, _| !inside(name));
                self.durable.extend(self.now.iter().filter(|(name, _)| inside(name)).map(|(name, entry)| (name.clone(), *entry)));
            }
            Step::Acknowledged(operations) => self.acknowledged = *operations,
        }
    }

    /// The names that a power failure may take back, or bring back. What it does to temporary names alters no object.
    fn unsettled(&self) -> Vec<&PathBuf> {
        let names: BTreeSet<&PathBuf> = self.now.keys().chain(self.durable.keys()).collect();
        names.into_iter().filter(|name| !name.starts_with("tmp") && self.now.get(*name) != self.durable.get(*name)).collect()
    }

    /// The states that a power failure may leave here, without those that were seen: every combination of names lost and kept
    /// where there are at most `ways` of them, else that many; each with the ends of contents that were not synced lost, zeros
    /// and torn.
    pub fn crash_states(&self, ways: usize, seen: &mut HashSet<u64>) -> Vec<CrashState> {
        let unsettled = self.unsettled();
        let all = 1_usize.checked_shl(u32::try_from(unsettled.len()).unwrap()).filter(|all| *all <= ways);
        let mut chance = Chance(u64::try_from(seen.len()).unwrap());
        // Where there are too many, first those that lose all and nothing.
        let some = [0, usize::MAX].into_iter().chain((2..ways).map(|_| chance.next(usize::MAX)));
        let masks: Vec<usize> = all.map_or_else(|| some.collect(), |all| (0..all).collect());
        let mut states = Vec::new();
        for mask in masks {
            let kept = |at: usize| mask >> (at % 48) & 1 == 1;
            let mut left: BTreeMap<&PathBuf, Entry> = self.now.iter().map(|(name, entry)| (name, *entry)).collect();
            for (_, name) in unsettled.iter().enumerate().filter(|(at, _)| !kept(*at)) {
                match self.durable.get(*name) {
                    Some(entry) => left.insert(*name, *entry),
                    None => left.remove(*name),
                };
            }
            for end in [End::Lost, End::Zeros, End::Torn] {
                let files = self.files(&left, end);
                if end != End::Lost && files.iter().all(|(.., end)| end.is_none()) {
                    break;
                }
                let mut hasher = DefaultHasher::new();
                files.iter().for_each(|(name, file, end)| (name, file, end).hash(&mut hasher));
                self.acknowledged.hash(&mut hasher);
                if seen.insert(hasher.finish()) {
                    let object = |(name, file, end): &(&PathBuf, usize, Option<End>)| {
                        (name.to_str().unwrap().to_owned(), self.contents[file].after(end.unwrap_or(End::Lost)))
                    };
                    states.push(CrashState { objects: files.iter().map(object).collect(), acknowledged: self.acknowledged });
                }
            }
        }
        states
    }

    /// The objects among names that are left, and what became of their ends where they were not synced.
    fn files<'a>(&self, left: &BTreeMap<&'a PathBuf, Entry>, end: End) -> Vec<(&'a PathBuf, usize, Option<End>)> {
        let mut files = Vec::new();
        for (name, entry) in left {
            let Entry::File(file) = entry else { continue };
            let folder = name.parent().unwrap();
            if !folder.starts_with("tmp") && left.get(&folder.to_owned()) == Some(&Entry::Folder) {
                let content = &self.contents[file];
                files.push((*name, *file, (content.synced.len() < content.bytes.len()).then_some(end)));
            }
        }
        files
    }
}

/// Small numbers by chance, the same for the same seed.
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 8).unwrap() % below
    }
}
