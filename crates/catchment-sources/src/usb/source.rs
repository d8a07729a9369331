//! A volume as a source: its name, and its readings.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use catchment_core::{Adapter, Error, ErrorKind, Feed, Host, Page, Reading, Result, Source, task_panicked};
use futures::stream::BoxStream;

use super::finder::{Place, find, resolve};
use super::identifier::UsbId;
use super::mounts::{Disk, Mounts};
use super::options::{Rules, UsbOptions};
use super::reader::{Reader, shown};
use super::system::SystemMounts;
use crate::stream::from_task;

/// A volume, or a folder of one.
pub struct Usb(Arc<Inner>);

struct Inner {
    id: UsbId,
    rules: Rules,
    host: Host,
    mounts: Arc<dyn Mounts>,
}

/// The devices that a thread reads: one that hangs in the kernel cannot be ended, and a second one would hang as well.
static BUSY: LazyLock<(Mutex<HashSet<String>>, Condvar)> = LazyLock::new(Default::default);
/// How long a reading waits for one whose stream was dropped: it ends at its next file.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device that is being read, for as long as the thread lives.
struct Busy(String);

impl Busy {
    fn take(device: String) -> Result<Self> {
        let (busy, changed) = &*BUSY;
        let locked = busy.lock().map_err(|_| task_panicked())?;
        let is_taken = |busy: &mut HashSet<String>| busy.contains(&device);
        let (mut busy, waited) =
            changed.wait_timeout_while(locked, PATIENCE, is_taken).map_err(|_| task_panicked())?;
        if waited.timed_out() {
            let message = "an earlier reading of the volume has not ended, as the device does not answer; pull it out, or wait";
            return Err(Error::new(ErrorKind::Unavailable, "volume_busy", message));
        }
        busy.insert(device.clone());
        Ok(Self(device))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let (busy, changed) = &*BUSY;
        if let Ok(mut busy) = busy.lock() {
            busy.remove(&self.0);
        }
        changed.notify_all();
    }
}

impl Usb {
    /// The same with what is mounted told by somebody else than the system, as in tests.
    ///
    /// # Errors
    /// As of [`Adapter::new`].
    pub fn with_mounts(
        identifier: &str,
        options: &UsbOptions,
        host: &Host,
        mounts: Arc<dyn Mounts>,
    ) -> Result<Self> {
        let (id, rules) = (UsbId::parse(identifier)?, options.check()?);
        Ok(Self(Arc::new(Inner { id, rules, host: host.clone(), mounts })))
    }

    /// The identifiers that one stands for, with what is mounted told by somebody else.
    ///
    /// # Errors
    /// As of [`Adapter::resolve`].
    pub fn resolve_with(identifier: &str, host: &Host, mounts: &dyn Mounts) -> Result<Vec<String>> {
        resolve(&UsbId::parse(identifier)?, mounts, host)
    }
}

impl Adapter for Usb {
    const TYPE: &'static str = "usb";
    type Options = UsbOptions;

    fn normalize(identifier: &str) -> Result<String> {
        UsbId::parse(identifier).map(|id| id.normalized())
    }

    fn resolve(identifier: &str, host: &Host) -> Result<Vec<String>> {
        Self::resolve_with(identifier, host, &SystemMounts)
    }

    fn new(identifier: &str, options: UsbOptions, host: &Host) -> Result<Self> {
        Self::with_mounts(identifier, &options, host, Arc::new(SystemMounts))
    }
}

#[async_trait]
impl Source for Usb {
    async fn test_connection(&self) -> Result<()> {
        let inner = self.0.clone();
        let look = move || {
            let opened = inner.open()?;
            opened.disk.entries(&PathBuf::new()).map(|_| ()).map_err(|error| opened.unreadable(error))
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()))
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let inner = self.0.clone();
        from_task(async move |feed| {
            // It ends by itself when nobody reads on.
            drop(tokio::task::spawn_blocking(move || {
                let read = inner.read(&reading, &feed);
                feed.blocking_end(read);
            }));
        })
    }

    fn is_bound_to_node(&self) -> bool {
        true
    }

    fn names_by(&self) -> &'static [&'static str] {
        &["external_id", "path"]
    }

    fn usual_max_gone_percent(&self) -> u8 {
        // Sticks are refilled.
        50
    }
}

/// What was opened to be read.
struct Opened {
    disk: Box<dyn Disk>,
    shown: String,
    device: String,
}

impl Opened {
    fn unreadable(&self, error: std::io::Error) -> Error {
        let message = format!(
            "reading the volume {}: {error}; check its mount options, and whom its files belong to",
            self.shown
        );
        let kind = if error.kind() == std::io::ErrorKind::PermissionDenied {
            ErrorKind::Config
        } else {
            ErrorKind::System
        };
        Error::new(kind, "unreadable_volume", message).with_source(error)
    }
}

impl Inner {
    fn open(&self) -> Result<Opened> {
        let place = find(&self.id, &*self.mounts, &self.host)?;
        match place {
            Place::Volume { volume, folder } => {
                let (device, shown) = (volume.source.clone(), shown(&volume.shown(), &folder));
                let disk = self.mounts.open(&volume, &folder);
                let disk = disk.map_err(|error| self.not_opened(&shown, &folder, &error))?;
                Ok(Opened { disk, shown, device })
            }
            Place::Folder(path) => {
                let shown = format!("`{}`", path.display());
                let disk = self.mounts.open_folder(&path);
                let disk = disk.map_err(|error| Error::io(format!("opening {shown}"), error))?;
                Ok(Opened { disk, device: path.display().to_string(), shown })
            }
        }
    }

    /// The error of a volume that is there, and whose folder cannot be opened: the folder is wrong, or the volume just left.
    fn not_opened(&self, shown: &str, folder: &std::path::Path, error: &std::io::Error) -> Error {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            let message = format!(
                "the volume {shown} may not be read by this user: {error}; have it mounted for others too (see docs/usb.md)"
            );
            return Error::config("permission_denied", message);
        }
        let is_there = find(&self.id, &*self.mounts, &self.host).is_ok();
        if is_there && error.kind() == std::io::ErrorKind::NotFound && !folder.as_os_str().is_empty() {
            let message = format!("the volume has no folder `{}`", folder.display());
            return Error::config("no_such_folder", message.clone())
                .with_detail("/sourceIdentifier", message);
        }
        super::finder::away(shown)
    }

    fn read(&self, reading: &Reading, feed: &Feed<Page>) -> Result<()> {
        let opened = self.open()?;
        let _busy = Busy::take(opened.device.clone())?;
        let reader = Reader::new(&*opened.disk, &self.rules, opened.shown.clone(), feed, reading);
        reader.run(reading.after.as_ref())
    }
}
