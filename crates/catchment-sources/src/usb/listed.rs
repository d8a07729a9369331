//! The volumes that are there, for people, and when that changes.

use std::fs::File;
use std::io;
use std::path::Path;

use catchment_core::Result;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::allowed::{how_to_allow, is_volume_allowed};
use super::finder::list;
use super::identifier::volume_id;
use super::mounts::Mounts;
use super::system::SystemMounts;
use super::volume::Volume;

/// A volume that is there, with what it is called as a source.
#[derive(Debug, Clone)]
pub struct ListedVolume {
    /// The volume.
    pub volume: Volume,
    /// What a sync of it takes; none where nothing tells it from others.
    pub identifier: Option<String>,
    /// Whether the operator allows to read it.
    pub is_allowed: bool,
    /// The flag that allows it.
    pub allow_with: String,
}

/// The volumes that are mounted, but for that of the system itself; those that are removable first. `allowed` is what the operator's
/// settings name.
///
/// # Errors
/// `system`, `no_mounts`, where the system does not tell.
pub fn list_volumes(allowed: &[String]) -> Result<Vec<ListedVolume>> {
    listed(&SystemMounts, allowed)
}

fn listed(mounts: &dyn Mounts, allowed: &[String]) -> Result<Vec<ListedVolume>> {
    let volumes = list(mounts)?.into_iter().filter(|volume| volume.mount_point != Path::new("/"));
    let mut volumes: Vec<_> = volumes
        .map(|volume| ListedVolume {
            identifier: volume.id.as_deref().map(|id| volume_id(id, "")),
            is_allowed: is_volume_allowed(allowed, &volume),
            allow_with: how_to_allow(&volume),
            volume,
        })
        .collect();
    volumes.sort_by_key(|listed| !listed.volume.is_removable);
    Ok(volumes)
}

/// Tells when something is mounted or unmounted (`poll` of `/proc/self/mountinfo`, proc(5)), and costs nothing until then.
#[derive(Debug)]
pub struct MountWatch(AsyncFd<File>);

impl MountWatch {
    /// Begins to watch. It must be called within a runtime.
    ///
    /// # Errors
    /// Where the system has no such file.
    pub fn new() -> io::Result<Self> {
        let file = File::open("/proc/self/mountinfo")?;
        #[expect(deprecated, reason = "what replaces it is unsafe; a file that is owned is sound with both")]
        AsyncFd::with_interest(file, Interest::PRIORITY).map(Self)
    }

    /// Waits until something is mounted or unmounted, or was since the last call.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub async fn changed(&self) -> io::Result<()> {
        self.0.ready(Interest::PRIORITY).await?.clear_ready();
        Ok(())
    }
}
