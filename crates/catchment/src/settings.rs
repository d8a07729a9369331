//! What the operator decides, checked once. Where it comes from is the business of whoever makes it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use catchment_core::{Error, NetworkAccess, Result, absolute_path, primary_language};
use ipnet::IpNet;

use crate::sync::Schedule;
use crate::target::TargetDeclaration;

/// The settings of a service.
#[derive(Clone)]
pub struct Settings {
    /// Where runs and rows are kept. May hold a password.
    pub database_url: String,
    /// The file that `database_url` was read from. It is read again when no connection can be made, as its password may
    /// have been rotated.
    pub database_url_file: Option<PathBuf>,
    /// Where requests over HTTP may read files.
    pub data_dirs: Vec<PathBuf>,
    /// Ranges of addresses, beside public ones, that sources may connect to.
    pub allow_networks: Vec<IpNet>,
    /// Addresses of services that sources use in the place of their own, by the names that sources know them by, such as `drive`: for
    /// test servers and proxies.
    pub addresses: BTreeMap<String, String>,
    /// Which volumes requests over HTTP may read: `volume:ID`, `label:NAME`, or `*` for all that are removable.
    pub volumes: Vec<String>,
    /// Where this service listens, if it does: sources never connect there.
    pub own_address: Option<SocketAddr>,
    /// Whether this process serves the HTTP API, and takes up runs that came over it.
    pub is_service: bool,
    /// Where requests over HTTP may find files with secrets.
    pub secrets_dir: Option<PathBuf>,
    /// Where the key is that secrets are stored with; made on first use.
    pub key_file: PathBuf,
    /// That key itself, in hexadecimal.
    pub key: Option<String>,
    /// Tables, beside our own, that requests over HTTP may write; with what the database does not tell of them.
    pub targets: Vec<TargetDeclaration>,
    /// The name of this machine.
    pub node: String,
    /// How long a source may be silent before its attempt ends.
    pub silence_timeout: Duration,
    /// How long an attempt at a run may take.
    pub run_timeout: Option<Duration>,
    /// Connections that write pages of one run side by side.
    pub writers: usize,
    /// Bytes that a run may take to know what its table holds.
    pub memory_budget: usize,
    /// Runs side by side.
    pub workers: usize,
    /// When the daily job is due: a cron expression.
    pub retry_cron: String,
    /// The time zone of that; the system's where it is not set.
    pub time_zone: Option<String>,
    /// The language that data is likely to be in (BCP 47): a hint for detecting how a file is written.
    pub language: Option<String>,
    /// Content that no run has seen for so many days is deleted by the daily job; never where it is not set.
    pub content_retention_days: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: "sqlite://catchment.db".to_owned(),
            database_url_file: None,
            data_dirs: vec!["/data".into(), "./data".into()],
            allow_networks: Vec::new(),
            addresses: BTreeMap::new(),
            volumes: Vec::new(),
            own_address: None,
            is_service: false,
            secrets_dir: None,
            key_file: "catchment.key".into(),
            key: None,
            targets: Vec::new(),
            node: host_name(),
            silence_timeout: Duration::from_secs(300),
            run_timeout: None,
            writers: 4,
            memory_budget: 64 << 20,
            workers: 2,
            retry_cron: "0 3 * * *".to_owned(),
            time_zone: None,
            language: None,
            content_retention_days: None,
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the database URL and the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("data_dirs", &self.data_dirs)
            .field("node", &self.node)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Refuses what cannot be, and makes paths absolute.
    ///
    /// # Errors
    /// `config`, with the setting and what would be accepted.
    pub fn checked(mut self) -> Result<Self> {
        let invalid = |message: &str| Err(Error::config("invalid_settings", message));
        if self.workers == 0 || self.workers > 256 {
            return invalid("--workers must be from 1 to 256");
        }
        if self.writers == 0 || self.writers > 64 {
            return invalid("--writers must be from 1 to 64");
        }
        if self.silence_timeout.is_zero() || self.run_timeout.is_some_and(|time| time.is_zero()) {
            return invalid("--silence-timeout and --run-timeout must be at least 1 second");
        }
        if self.node.is_empty() || self.node.chars().count() > 255 {
            return invalid("--node must be a name of 1 to 255 characters");
        }
        if self.content_retention_days == Some(0) {
            return invalid("--content-retention-days must be at least 1 day");
        }
        if let Some(tag) = self.language {
            let Some(language) = primary_language(&tag) else {
                let message = format!(
                    "language `{tag}` is not a language tag; use one of BCP 47, such as `es` or `pt-BR`"
                );
                return invalid(&message);
            };
            self.language = Some(language);
        }
        self.schedule()?;
        self.data_dirs = self.data_dirs.iter().map(|dir| absolute_path(dir)).collect::<Result<_>>()?;
        self.secrets_dir = self.secrets_dir.as_deref().map(absolute_path).transpose()?;
        Ok(self)
    }

    /// When the daily job is due.
    ///
    /// # Errors
    /// `config`, when the expression or the time zone is none.
    pub fn schedule(&self) -> Result<Schedule> {
        Schedule::new(&self.retry_cron, self.time_zone.as_deref(), self.content_retention_days)
    }

    /// Which addresses sources may connect to.
    pub(crate) fn network(&self) -> NetworkAccess {
        NetworkAccess::new(self.allow_networks.clone(), self.own_address)
    }

    /// Connections to the database: for each worker its writers, one that reads the table and one for its heartbeat;
    /// and some for answers.
    pub(crate) fn connections(&self) -> u32 {
        u32::try_from(self.workers * (self.writers + 2) + 4).unwrap_or(u32::MAX)
    }
}

fn host_name() -> String {
    match rustix::system::uname().nodename().to_string_lossy() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name.into_owned(),
    }
}
