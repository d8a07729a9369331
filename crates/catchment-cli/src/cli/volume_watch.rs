//! What `serve` does when a volume, such as a USB stick, is plugged in or pulled out.

use std::time::Duration;

use catchment::{App, CameVolume, Door, NodeVolume, Principal, SyncRequest, VolumeAnswer};
use catchment_core::{Error, log_error};
use catchment_sources::usb::{ListedVolume, MountWatch};
use serde_json::json;

use crate::plugged::{node_volume, plugged_in, with_ids};

/// How long nothing more is mounted or unmounted before anybody looks.
const SETTLE: Duration = Duration::from_secs(2);
/// How long that is waited for.
const MAX_SETTLE: Duration = Duration::from_secs(10);
/// How long a device may take to tell what it is before somebody is told.
const SILENCE: Duration = Duration::from_secs(30);
/// How soon it is looked again when the database was away.
const RETRY: Duration = Duration::from_secs(10);

/// Watches what is mounted.
pub(super) struct VolumeWatch {
    app: App,
    /// What the operator allows.
    allowed: Vec<String>,
    /// Whether those are synced when they are plugged in.
    syncs: bool,
    who: Principal,
}

impl VolumeWatch {
    pub(super) fn new(app: App, allowed: &[String], syncs: bool) -> Self {
        // It reads what requests over HTTP may.
        Self {
            app,
            allowed: allowed.to_owned(),
            syncs,
            who: Principal::administrator("the volume watch", Door::Http),
        }
    }

    /// Watches without end.
    pub(super) async fn run(self) {
        let watch = match MountWatch::new() {
            Ok(watch) => watch,
            Err(error) => {
                tracing::info!(%error, "volumes that are plugged in are not noticed: this system does not tell");
                return std::future::pending().await;
            }
        };
        let mut is_start = true;
        loop {
            let pause = match self.look(is_start).await {
                Ok(()) => {
                    is_start = false;
                    Duration::MAX
                }
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "what is plugged in could not be noted; trying again"
                    );
                    RETRY
                }
            };
            if let Ok(Err(error)) = tokio::time::timeout(pause, settled(&watch)).await {
                tracing::warn!(%error, "volumes that are plugged in are not noticed any more");
                return std::future::pending().await;
            }
        }
    }

    async fn look(&self, is_start: bool) -> anyhow::Result<()> {
        let listing = plugged_in(&self.allowed);
        tokio::pin!(listing);
        let listed = match tokio::time::timeout(SILENCE, &mut listing).await {
            Ok(listed) => listed?,
            Err(_) => {
                tracing::warn!("a device does not tell what is on it; waiting for it");
                listing.await?
            }
        };
        let news = self.app.service().note_volumes(&self.who, &with_ids(&listed), is_start).await?;
        for left in &news.left {
            tracing::info!(volume = left.shown(), mounted_at = left.mount_point, "a volume has left");
        }
        for came in &news.came {
            warn_of_another(came);
            self.answer(came, &listed).await?;
        }
        Ok(())
    }

    /// Lets runs go on that wait for a volume, or starts one.
    async fn answer(&self, came: &CameVolume, listed: &[ListedVolume]) -> anyhow::Result<()> {
        let volume = &came.volume;
        let same: Vec<_> = listed.iter().filter(|listed| node_volume(listed).id == volume.id).collect();
        let [found] = same[..] else {
            let places: Vec<_> = same.iter().map(|same| same.volume.shown()).collect();
            tracing::warn!(volumes = places.join("; "), "several volumes have one id: none of them is read");
            return Ok(());
        };
        let request = if self.syncs && found.is_allowed { Some(request(volume)?) } else { None };
        let answer = match self.app.service().answer_volume(&self.who, came, request).await {
            Ok(answer) => answer,
            Err(error) if error.kind().is_retryable() => return Err(error.into()),
            Err(error) => {
                log_error!(
                    ERROR,
                    &error,
                    volume = volume.shown(),
                    "the volume that was plugged in cannot be synced"
                );
                self.app.service().give_up_volume(&self.who, came).await?;
                return Ok(());
            }
        };
        self.tell(volume, found, &answer);
        Ok(())
    }

    fn tell(&self, volume: &NodeVolume, found: &ListedVolume, answer: &VolumeAnswer) {
        let (name, place) = (volume.shown(), &volume.mount_point);
        match (&answer.started[..], answer.resumed) {
            ([_, ..], _) => {
                let runs = answer.started.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
                tracing::info!(
                    volume = name,
                    mounted_at = place,
                    runs,
                    "a volume was plugged in: it is synced"
                );
            }
            ([], resumed) if resumed > 0 => {
                tracing::info!(
                    volume = name,
                    mounted_at = place,
                    resumed,
                    "a volume came: runs that waited for it go on"
                );
            }
            ([], _) if self.syncs && !found.is_allowed && found.volume.is_removable => {
                let allow_with = &found.allow_with;
                tracing::info!(
                    volume = name,
                    mounted_at = place,
                    allow_with,
                    "a volume was plugged in that may not be read"
                );
            }
            ([], _) if found.volume.is_removable || found.is_allowed => {
                tracing::info!(volume = name, mounted_at = place, "a volume is there");
            }
            // A disk of this machine, which nobody asked for.
            ([], _) => {}
        }
    }
}

/// Waits until something is mounted or unmounted, and then until that has settled.
async fn settled(watch: &MountWatch) -> std::io::Result<()> {
    watch.changed().await?;
    let quiet = async {
        while let Ok(changed) = tokio::time::timeout(SETTLE, watch.changed()).await {
            changed?;
        }
        Ok(())
    };
    // A machine that mounts without end does not keep a stick waiting.
    tokio::time::timeout(MAX_SETTLE, quiet).await.unwrap_or(Ok(()))
}

/// An id is no proof: sticks are copied.
fn warn_of_another(came: &CameVolume) {
    let Some(before) = &came.before else { return };
    let told = |volume: &NodeVolume| (volume.bytes, volume.usb_serial.clone());
    if told(before) != told(&came.volume) {
        tracing::warn!(
            volume = came.volume.shown(),
            before = ?told(before),
            now = ?told(&came.volume),
            "a volume has the id of one that had another size or USB serial: it may be a copy, or in another reader"
        );
    }
}

fn request(volume: &NodeVolume) -> Result<SyncRequest, Error> {
    let source = format!("volume:{}", volume.id);
    SyncRequest::from_json(json!({"sourceType": "usb", "sourceIdentifier": source, "options": {}}))
}
