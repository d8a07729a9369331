//! Finding the volume that an identifier means, among those that are there, and whether the operator allows to read it.

use std::path::{Path, PathBuf};

use catchment_core::{Error, ErrorKind, FileAccess, Host, Result, VOLUME_AWAY};

use super::allowed::{allows, how_to_allow};
use super::identifier::{UsbId, is_same_id, volume_id};
use super::mounts::Mounts;
use super::volume::Volume;

/// What is read: a folder of a volume, or a folder of this machine that is on none.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    Volume { volume: Box<Volume>, folder: PathBuf },
    Folder(PathBuf),
}

/// The identifiers that one stands for, as they are stored: labels and paths are ways to find a volume, and never its name.
///
/// # Errors
/// `config`: `no_such_label`, `ambiguous_label`, `no_identity`, `no_volume`.
pub(super) fn resolve(id: &UsbId, mounts: &dyn Mounts, host: &Host) -> Result<Vec<String>> {
    let volumes = list(mounts)?;
    match id {
        UsbId::Volume { id, folder } => Ok(vec![volume_id(id, folder)]),
        UsbId::Label { name, folder } => {
            let found: Vec<_> =
                volumes.iter().filter(|volume| volume.label.as_deref() == Some(name.as_str())).collect();
            match found[..] {
                [volume] => Ok(vec![volume_id(&identity(volume)?, folder)]),
                [] => Err(config(
                    "no_such_label",
                    format!(
                        "no volume with the label `{name}` is plugged in; give its id (`volume:ID`), which it has also while it is away"
                    ),
                )),
                _ => Err(config(
                    "ambiguous_label",
                    format!(
                        "several volumes have the label `{name}`: {}; give the id of one (`volume:ID`)",
                        named(&found)
                    ),
                )),
            }
        }
        UsbId::Path(path) => match on_volume(&real(path), &volumes) {
            Some((volume, folder)) if volume.id.is_some() || volume.is_removable => {
                Ok(vec![volume_id(&identity(volume)?, &folder.to_string_lossy())])
            }
            _ => Ok(vec![path.to_string_lossy().into_owned()]),
        },
        UsbId::All => {
            let ours: Vec<_> = volumes
                .iter()
                .filter(|volume| volume.is_removable && volume.id.is_some() && allows(&host.volumes, volume))
                .collect();
            if ours.is_empty() {
                let message = "no removable volume that may be read is plugged in; see `catchment volumes`";
                return Err(config("no_volume", message.to_owned()));
            }
            ours.into_iter().map(|volume| Ok(volume_id(&identity(volume)?, ""))).collect()
        }
    }
}

/// The place that is read now.
///
/// # Errors
/// `unavailable`, `volume_away`; `config`, `ambiguous_volume`, `volume_not_allowed`.
pub(super) fn find(id: &UsbId, mounts: &dyn Mounts, host: &Host) -> Result<Place> {
    let volumes = list(mounts)?;
    let place = |volume: &Volume, folder: &Path| {
        check_allowed(host, volume)?;
        Ok(Place::Volume { volume: Box::new(volume.clone()), folder: folder.to_owned() })
    };
    match id {
        UsbId::Volume { id, folder } => {
            let is_it = |volume: &&Volume| volume.id.as_deref().is_some_and(|known| is_same_id(known, id));
            let found: Vec<_> = volumes.iter().filter(is_it).collect();
            match found[..] {
                [volume] => place(volume, Path::new(folder)),
                [] => Err(away(&format!("`{id}`"))),
                _ => {
                    let message = format!(
                        "several volumes have the id `{id}`: {}; they are copies, and nobody knows which is meant: unplug all but one, or give \
                         the others new ids",
                        named(&found)
                    );
                    Err(config("ambiguous_volume", message))
                }
            }
        }
        UsbId::Path(path) => match on_volume(&real(path), &volumes) {
            Some((volume, folder)) if volume.is_removable => place(volume, &folder),
            _ => {
                host.files.check_dir(path)?;
                Ok(Place::Folder(path.clone()))
            }
        },
        UsbId::Label { .. } | UsbId::All => match &resolve(id, mounts, host)?[..] {
            [one] => find(&UsbId::parse(one)?, mounts, host),
            several => Err(config(
                "several_volumes",
                format!(
                    "{} volumes are meant, and one is read at a time; name one of {}",
                    several.len(),
                    several.join(", ")
                ),
            )),
        },
    }
}

/// The error of a volume that is not there.
pub(super) fn away(volume: &str) -> Error {
    let message = format!(
        "the volume {volume} is not plugged in; plug it in, and sync it again if no run of it waits in the queue"
    );
    Error::new(ErrorKind::Unavailable, VOLUME_AWAY, message)
}

fn check_allowed(host: &Host, volume: &Volume) -> Result<()> {
    // Whoever may read every file may read those of every volume.
    if allows(&host.volumes, volume) || matches!(host.files, FileAccess::Anywhere) {
        return Ok(());
    }
    let message = format!(
        "the volume {} may not be read; the operator can allow it with {}",
        volume.shown(),
        how_to_allow(volume)
    );
    Err(config("volume_not_allowed", message))
}

pub(super) fn list(mounts: &dyn Mounts) -> Result<Vec<Volume>> {
    mounts.volumes().map_err(|error| {
        let message = format!("listing what is mounted: {error}");
        Error::new(ErrorKind::System, "no_mounts", message).with_source(error)
    })
}

/// The volume that a path is on, and the folder in it: the one that is mounted nearest. What is on that of the system is on none.
fn on_volume<'v>(path: &Path, volumes: &'v [Volume]) -> Option<(&'v Volume, PathBuf)> {
    let mounted = volumes.iter().filter(|volume| path.starts_with(&volume.mount_point));
    let nearest = mounted.max_by_key(|volume| volume.mount_point.as_os_str().len())?;
    let folder = path.strip_prefix(&nearest.mount_point).ok()?.to_owned();
    (nearest.mount_point != Path::new("/")).then_some((nearest, folder))
}

/// Where links lead: a volume is where it is mounted.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn identity(volume: &Volume) -> Result<String> {
    volume.id.clone().ok_or_else(|| {
        let message = format!(
            "the volume {} has nothing that tells it from others: neither an id of its file system nor of its partition, nor a USB serial; \
             give it a new id, such as with `fatlabel -i` or by formatting it",
            volume.shown_in_full()
        );
        config("no_identity", message)
    })
}

fn named(volumes: &[&Volume]) -> String {
    volumes.iter().map(|volume| volume.shown_in_full()).collect::<Vec<_>>().join("; ")
}

fn config(code: &'static str, message: String) -> Error {
    Error::config(code, message.clone()).with_detail("/sourceIdentifier", message)
}
