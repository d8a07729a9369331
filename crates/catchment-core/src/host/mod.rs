//! What the operator lets a source use.

mod files;
mod language;
mod network;
mod secrets;
mod tokens;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use files::{FileAccess, Listed, ListedKind, absolute_path};
pub use language::primary_language;
pub use network::NetworkAccess;
pub use secrets::{EnvSecret, FileSecret, Secret, SecretAccess};
pub use tokens::TokenStore;
pub use volumes::{VOLUME_AWAY, VolumeAccess};

/// What the operator lets sources of a run use.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Which local files.
    pub files: FileAccess,
    /// Which volumes.
    pub volumes: VolumeAccess,
    /// Which addresses.
    pub network: NetworkAccess,
    /// Which secrets that the options name.
    pub secrets: SecretAccess,
    /// Where new tokens are kept; none where nothing may be stored.
    pub tokens: Option<Arc<dyn TokenStore>>,
    /// Addresses of services that the operator sets, by the names that their sources know them by: for test servers and proxies.
    pub addresses: BTreeMap<String, String>,
    /// The language that data is likely to be in, as its primary subtag ([`primary_language`]): a hint for detecting how
    /// it is written.
    pub language: Option<String>,
}
