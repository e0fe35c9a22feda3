//! The file operations of a local store, recorded; and a model of what a power failure leaves of them.
//!
//! The model is that of POSIX: a file's content is durable once the file is synced, a name once its folder is. Before
//! that each may be lost or kept on its own.

use std::collections::BTreeMap;
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

/// What a power failure does to what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All names and contents that were not synced are lost.
    All,
    /// Names are kept; contents that were not synced are lost.
    Contents,
    /// Names are kept; contents that were not synced are zeros of the same length.
    Zeros,
    /// Each name and content is lost or kept by chance.
    Some(u64),
}

/// A file system after some steps.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    contents: BTreeMap<usize, (Vec<u8>, usize)>,
    now: BTreeMap<PathBuf, Entry>,
    durable: BTreeMap<PathBuf, Entry>,
    pub acknowledged: usize,
}

impl Disk {
    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Create { path, file } => {
                self.contents.insert(*file, (Vec::new(), 0));
                self.now.insert(path.clone(), Entry::File(*file));
            }
            Step::Write { file, bytes } => self.contents.get_mut(file).unwrap().0.extend_from_slice(bytes),
            Step::Sync { file } => {
                let content = self.contents.get_mut(file).unwrap();
                content.1 = content.0.len();
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

    /// The objects that are left after a power failure.
    pub fn after(&self, loss: Loss) -> Objects {
        let mut chance = Chance(match loss {
            Loss::Some(seed) => seed,
            _ => 0,
        });
        let names: std::collections::BTreeSet<&PathBuf> = self.now.keys().chain(self.durable.keys()).collect();
        let mut left: BTreeMap<&PathBuf, Entry> = BTreeMap::new();
        for name in names {
            let (now, durable) = (self.now.get(name), self.durable.get(name));
            let kept = match loss {
                Loss::All => durable,
                Loss::Contents | Loss::Zeros => now,
                Loss::Some(_) if chance.next(2) == 0 => durable,
                Loss::Some(_) => now,
            };
            left.extend(kept.map(|entry| (name, *entry)));
        }
        let mut objects = Objects::new();
        for (name, entry) in &left {
            let Entry::File(file) = entry else { continue };
            let folder = name.parent().unwrap();
            if folder.starts_with("tmp") || left.get(&folder.to_owned()) != Some(&Entry::Folder) {
                continue;
            }
            let (bytes, synced) = &self.contents[file];
            let mut bytes = bytes.clone();
            let lost = match loss {
                Loss::Zeros => Loss::Zeros,
                Loss::Some(_) => [Loss::Contents, Loss::Zeros, Loss::All][chance.next(3)],
                _ => Loss::Contents,
            };
            match lost {
                Loss::Contents => bytes.truncate(*synced),
                Loss::Zeros => bytes[*synced..].fill(0),
                // By chance nothing is lost.
                _ => {}
            }
            objects.insert(name.to_str().unwrap().to_owned(), bytes.into());
        }
        objects
    }
}

/// Small numbers by chance, the same for the same seed.
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
