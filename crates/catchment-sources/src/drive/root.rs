//! The item that a source names: whether it is there, and what it is.

use catchment_core::{Error, ErrorKind, Pulse, Result};

use super::client::DriveClient;
use super::identifier::{ItemId, ROOT};
use super::meaning::NOT_FOUND;
use super::options::DriveAuth;
use super::resource::DriveFile;

/// The item that a source names; where that is a shortcut, what it leads to.
///
/// # Errors
/// `config`, `not_shared`, `trashed`, `empty_drive`.
pub(super) async fn root(client: &DriveClient, item: &ItemId, pulse: &Pulse) -> Result<DriveFile> {
    if item.id == ROOT && client.is_service_account() {
        let message = "`root` is the service account's own Drive, which is empty; share a folder with the account, and give its link";
        return Err(Error::config("empty_drive", message).with_detail("/sourceIdentifier", message));
    }
    client.keys.use_for(&item.id)?;
    let file = visible(client, &item.id, pulse).await?;
    let Some(target) = file.target() else { return Ok(file) };
    visible(client, &target.target_id, pulse).await.map_err(|error| {
        if error.code() == "not_shared" {
            error.with_hint(&format!(" (the shortcut `{}` leads there)", file.name))
        } else {
            error
        }
    })
}

async fn visible(client: &DriveClient, id: &str, pulse: &Pulse) -> Result<DriveFile> {
    match client.file(id, pulse).await {
        Ok(file) if file.trashed => {
            let message =
                format!("`{}` is in the trash of Google Drive; restore it, or name another one", file.name);
            Err(Error::config("trashed", message.clone()).with_detail("/sourceIdentifier", message))
        }
        Ok(file) => Ok(file),
        Err(error) if error.code() == NOT_FOUND => Err(not_shared(client, id, pulse).await),
        Err(error) => Err(error),
    }
}

/// The error of what is not there for this account, with what to do.
async fn not_shared(client: &DriveClient, id: &str, pulse: &Pulse) -> Error {
    // Who it is helps, and is not worth another error.
    let account = client.account(pulse).await.unwrap_or_else(|_| "the account that reads it".to_owned());
    let message = format!(
        "Google Drive has no `{id}` that {account} can see: it is not shared with it, or deleted, or the link is wrong; share it with \
         {account} (Viewer), and check the link; one that was shared by an old link may need the option `resourceKey`"
    );
    Error::config("not_shared", message.clone()).with_detail("/sourceIdentifier", message)
}

/// The change log that tells of a drive: that of a shared drive where the client is a member of it, else the user's (`None`).
pub(super) async fn log_of(client: &DriveClient, file: &DriveFile, pulse: &Pulse) -> Result<Option<String>> {
    match &file.drive_id {
        Some(drive) if client.is_member(drive, pulse).await? => Ok(Some(drive.clone())),
        _ => Ok(None),
    }
}

/// The error of a source that changed so that what was read of it belongs to no state of it; another run takes its place.
pub(super) fn changed(how: &str) -> Error {
    let message = format!("Google Drive changed while it was being read: {how}");
    Error::new(ErrorKind::System, "source_changed", message)
}

impl DriveClient {
    fn is_service_account(&self) -> bool {
        matches!(&self.auth, Some(DriveAuth::ServiceAccount { subject: None, .. }))
    }
}
