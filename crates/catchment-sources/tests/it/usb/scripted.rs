//! A stick that is a folder of this disk, and that fails at a call of one's choice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use catchment_sources::usb::{Disk, DiskEntry, DiskKind, Mounts, Usb, UsbOptions, Volume};
use tempfile::TempDir;

use super::host;

/// What a stick does once it is pulled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// As on vfat: folders are empty, files are not there, and nothing is an error.
    Empty,
    /// The same, but half of each folder is still there.
    Half,
    /// Nothing is there.
    NotFound,
    /// As on exfat: everything is EIO.
    Io,
    /// As where the daemon of a FUSE file system died.
    NotConnected,
}

pub(super) const FAILURES: [Failure; 5] =
    [Failure::Empty, Failure::Half, Failure::NotFound, Failure::Io, Failure::NotConnected];

/// What is wrong with a file or folder of a stick that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is listed, and cannot be looked at.
    Lost,
    /// It is listed, and is not there when it is opened.
    Gone,
    /// Its folder names it twice.
    Doubled,
    /// It can be opened, and not read.
    Unreadable,
    /// The device fails where it is.
    Broken,
    /// The system has found a fault there, and goes on.
    Fault,
}

/// What becomes of the stick.
#[derive(Debug, Default)]
struct Script {
    calls: usize,
    /// The call at which it is pulled out, and how that looks.
    pulled: Option<(usize, Failure)>,
    /// Calls after that in which the system still believes that it is there.
    window: usize,
    is_away: bool,
}

/// A stick, or several.
#[derive(Debug, Clone)]
pub(super) struct Stick {
    dir: Arc<TempDir>,
    script: Arc<Mutex<Script>>,
    damage: Arc<Mutex<BTreeMap<PathBuf, Damage>>>,
    pub(super) volumes: Arc<Mutex<Vec<Volume>>>,
}

impl Stick {
    pub(super) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let volume = Volume {
            id: Some("1234-ABCD".to_owned()),
            label: Some("MUSIC".to_owned()),
            fs_type: "vfat".to_owned(),
            source: dir.path().display().to_string(),
            mount_point: "/media/MUSIC".into(),
            is_removable: true,
            ..Volume::default()
        };
        let (script, damage) = (Arc::default(), Arc::default());
        Self { dir: Arc::new(dir), script, damage, volumes: Arc::new(Mutex::new(vec![volume])) }
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Damages a file or folder of it.
    pub(super) fn damage(&self, path: &str, damage: Damage) {
        self.damage.lock().unwrap().insert(self.path().join(path), damage);
    }

    fn damage_of(&self, path: &Path) -> Option<Damage> {
        self.damage.lock().unwrap().get(path).copied()
    }

    /// Pulls it out at a call from now on, counted from 1; so many calls long the system believes that it is there.
    pub(super) fn pull_at(&self, call: usize, failure: Failure, window: usize) {
        let mut script = self.script.lock().unwrap();
        *script = Script { pulled: Some((call, failure)), window, ..Script::default() };
    }

    /// Plugs it in again.
    pub(super) fn plug(&self) {
        *self.script.lock().unwrap() = Script::default();
    }

    /// How many calls there were since it was plugged in.
    pub(super) fn calls(&self) -> usize {
        self.script.lock().unwrap().calls
    }

    pub(super) fn source(&self, id: &str, options: serde_json::Value) -> Usb {
        let options: UsbOptions = serde_json::from_value(options).unwrap();
        Usb::with_mounts(id, &options, &host(), Arc::new(self.clone())).unwrap()
    }

    /// How it is pulled out by now, if it is.
    fn pulled(&self) -> Option<Failure> {
        let mut script = self.script.lock().unwrap();
        script.calls += 1;
        let (at, failure) = script.pulled?;
        script.is_away |= script.calls >= at;
        script.is_away.then_some(failure)
    }
}

impl Mounts for Stick {
    fn volumes(&self) -> io::Result<Vec<Volume>> {
        let is_away = self.script.lock().unwrap().is_away;
        Ok(if is_away { Vec::new() } else { self.volumes.lock().unwrap().clone() })
    }

    fn open(&self, _: &Volume, folder: &Path) -> io::Result<Box<dyn Disk>> {
        let root = self.path().join(folder);
        std::fs::metadata(&root)?;
        Ok(Box::new(StickDisk { stick: self.clone(), root }))
    }

    fn open_folder(&self, path: &Path) -> io::Result<Box<dyn Disk>> {
        Ok(Box::new(StickDisk { stick: self.clone(), root: path.to_owned() }))
    }
}

struct StickDisk {
    stick: Stick,
    root: PathBuf,
}

impl Disk for StickDisk {
    fn entries(&self, folder: &Path) -> io::Result<Vec<DiskEntry>> {
        let pulled = self.stick.pulled();
        match pulled {
            Some(Failure::Empty) => return Ok(Vec::new()),
            Some(Failure::NotFound) => return Err(io::ErrorKind::NotFound.into()),
            Some(Failure::Io) => return Err(io::Error::from_raw_os_error(5)),
            Some(Failure::NotConnected) => return Err(io::ErrorKind::NotConnected.into()),
            Some(Failure::Half) | None => {}
        }
        if self.stick.damage_of(&self.root.join(folder)) == Some(Damage::Gone) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let damage = self.stick.damage_of(&entry.path());
            let kind = match metadata.is_dir() {
                _ if damage == Some(Damage::Lost) => DiskKind::Lost,
                true => DiskKind::Folder,
                false => DiskKind::File,
            };
            let (name, bytes) = (entry.file_name(), metadata.len());
            let entry = DiskEntry { name, kind, bytes, modified: 1_700_000_000 };
            entries.extend(std::iter::repeat_n(entry, if damage == Some(Damage::Doubled) { 2 } else { 1 }));
        }
        if pulled.is_some() {
            entries.sort_by(|one, other| one.name.cmp(&other.name));
            entries.truncate(entries.len() / 2);
        }
        Ok(entries)
    }

    fn open(&self, file: &Path) -> io::Result<File> {
        match self.stick.pulled() {
            None if self.stick.damage_of(&self.root.join(file)) == Some(Damage::Gone) => {
                Err(io::ErrorKind::NotFound.into())
            }
            None if self.stick.damage_of(&self.root.join(file)) == Some(Damage::Broken) => {
                Err(io::Error::from_raw_os_error(5))
            }
            None => File::open(self.root.join(file)),
            Some(Failure::Io) => Err(io::Error::from_raw_os_error(5)),
            Some(Failure::NotConnected) => Err(io::ErrorKind::NotConnected.into()),
            Some(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn faults(&self) -> u64 {
        let damage = self.stick.damage.lock().unwrap();
        damage.values().filter(|damage| **damage == Damage::Fault).count() as u64
    }

    fn is_alive(&self, held: Option<&File>) -> bool {
        if self.stick.pulled().is_none() {
            let of = |file: &File| file.metadata().unwrap().ino();
            let damaged = self.stick.damage.lock().unwrap();
            let mut unreadable = damaged.iter().filter(|(_, damage)| **damage == Damage::Unreadable);
            let is_it = |path: &Path, held: &File| std::fs::metadata(path).unwrap().ino() == of(held);
            return !held.is_some_and(|held| unreadable.any(|(path, _)| is_it(path, held)));
        }
        // What is read uncached fails at once; what the system believes takes its time.
        let mut script = self.stick.script.lock().unwrap();
        if held.is_some() || script.window == 0 {
            return false;
        }
        script.window -= 1;
        true
    }
}
