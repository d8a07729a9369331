//! What the operator decides of a service.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use catchment_core::NetworkAccess;

use crate::target::TargetDeclaration;
use crate::vault::Vault;

/// What the operator decides.
#[derive(Debug, Clone)]
pub(crate) struct ServiceSettings {
    /// Where requests over HTTP may read files.
    pub(crate) data_dirs: Vec<PathBuf>,
    /// Which addresses sources may connect to.
    pub(crate) network: NetworkAccess,
    /// Addresses of services that sources use in the place of their own.
    pub(crate) addresses: BTreeMap<String, String>,
    /// Which volumes requests over HTTP may read, and runs that a plug starts.
    pub(crate) volumes: Vec<String>,
    /// Where requests over HTTP may find files with secrets.
    pub(crate) secrets_dir: Option<PathBuf>,
    /// What secrets are stored with.
    pub(crate) vault: Vault,
    /// The tables that are declared as targets: those that requests over HTTP may write, beside our own.
    pub(crate) targets: Vec<TargetDeclaration>,
    /// The name of this machine: runs of its files are its own.
    pub(crate) node: String,
    /// How long a source may be silent before its attempt ends.
    pub(crate) silence_timeout: Duration,
    /// How long an attempt may take.
    pub(crate) run_timeout: Option<Duration>,
    /// Attempts at a time in this process, by workers and callers together.
    pub(crate) workers: usize,
    /// Connections that write pages of one run side by side; SQLite has one.
    pub(crate) writers: usize,
    /// Bytes that a run may take to know what its table holds.
    pub(crate) memory_budget: usize,
    /// Whether this process serves the HTTP API: it takes up runs that came over it, whose data directories are its own.
    pub(crate) is_service: bool,
    /// The time zone of schedules that name none.
    pub(crate) time_zone: Option<String>,
    /// The language that data is likely to be in.
    pub(crate) language: Option<String>,
}
