//! Settings: flags, then environment, then `catchment.toml`, then defaults. Checked once, here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use catchment_core::{Error, NetworkAccess, Result, absolute};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;

use crate::sync::Schedule;

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "catchment.toml";

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The flags that all commands share, with their environment variables.
#[derive(Clone, Default, Args)]
pub struct Flags {
    /// Settings file [default: catchment.toml, if it is there]
    #[arg(long, global = true, env = "CATCHMENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// sqlite://FILE or mysql://USER:PASSWORD@HOST:3306/DB [default: sqlite://catchment.db]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Directory whose files the HTTP API may read; repeatable [default: /data, ./data]
    #[arg(long, global = true, env = "CATCHMENT_DATA_DIRS", value_delimiter = ':', value_name = "DIR")]
    data_dir: Option<Vec<PathBuf>>,

    /// Range of addresses, beside public ones, that sources may connect to, such as 10.0.0.0/8; repeatable
    #[arg(long, global = true, env = "CATCHMENT_ALLOW_NETWORKS", value_delimiter = ',', value_name = "CIDR")]
    allow_network: Option<Vec<String>>,

    /// Directory of files that requests over HTTP may name as secrets [default: none]
    #[arg(long, global = true, env = "CATCHMENT_SECRETS_DIR", value_name = "DIR")]
    secrets_dir: Option<PathBuf>,

    /// File with the key that secrets are stored with; made on first use [default: catchment.key]
    #[arg(long, global = true, env = "CATCHMENT_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Name of this machine; only it reads runs of its local files [default: the host's name]
    #[arg(long, global = true, env = "CATCHMENT_NODE", value_name = "NAME")]
    node: Option<String>,

    /// How long a source may be silent before its attempt ends, in seconds [default: 300]
    #[arg(long, global = true, env = "CATCHMENT_SILENCE_TIMEOUT", value_name = "SECONDS")]
    silence_timeout: Option<u64>,

    /// How long an attempt at a run may take, in seconds [default: no limit]
    #[arg(long, global = true, env = "CATCHMENT_RUN_TIMEOUT", value_name = "SECONDS")]
    run_timeout: Option<u64>,

    /// Connections that write pages of one run side by side, on MySQL and MariaDB [default: 4]
    #[arg(long, global = true, env = "CATCHMENT_WRITERS", value_name = "NUMBER")]
    writers: Option<usize>,

    /// Memory that a run may take to know what its table holds, in MiB [default: 64]
    #[arg(long, global = true, env = "CATCHMENT_MEMORY_BUDGET", value_name = "MIB")]
    memory_budget: Option<usize>,

    /// How log lines look; RUST_LOG sets their level [default: text]
    #[arg(long, global = true, env = "CATCHMENT_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// The flags of `serve` alone.
#[derive(Clone, Default, Args)]
pub struct ServeFlags {
    /// Address to listen on [default: 127.0.0.1:3006]
    #[arg(long, env = "CATCHMENT_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Runs side by side in this process [default: 2]
    #[arg(long, env = "CATCHMENT_WORKERS", value_name = "NUMBER")]
    workers: Option<usize>,

    /// When failed runs are retried and old ones deleted: cron, five fields [default: 0 3 * * *]
    #[arg(long, env = "CATCHMENT_RETRY_CRON", value_name = "CRON")]
    retry_cron: Option<String>,

    /// IANA time zone of the schedule, such as Europe/Madrid [default: the system's]
    #[arg(long, env = "CATCHMENT_TIME_ZONE", value_name = "ZONE")]
    time_zone: Option<String>,

    /// Let the daily job delete content that no run has seen for so many days [default: never]
    #[arg(long, env = "CATCHMENT_CONTENT_RETENTION_DAYS", value_name = "DAYS")]
    content_retention_days: Option<u32>,

    /// Host name by which the API may be called, beside loopback's; repeatable
    #[arg(long, env = "CATCHMENT_ALLOW_HOSTS", value_delimiter = ',', value_name = "NAME")]
    allow_host: Option<Vec<String>>,
}

/// What `catchment.toml` may hold: the names of the flags, with `_` for `-`, and lists in the plural.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    database_url: Option<String>,
    data_dirs: Option<Vec<PathBuf>>,
    allow_networks: Option<Vec<String>>,
    secrets_dir: Option<PathBuf>,
    key_file: Option<PathBuf>,
    node: Option<String>,
    log_format: Option<LogFormat>,
    silence_timeout: Option<u64>,
    run_timeout: Option<u64>,
    writers: Option<usize>,
    memory_budget: Option<usize>,
    listen: Option<SocketAddr>,
    workers: Option<usize>,
    allow_hosts: Option<Vec<String>>,
    retry_cron: Option<String>,
    time_zone: Option<String>,
    content_retention_days: Option<u32>,
}

/// All settings.
#[derive(Clone)]
pub struct Settings {
    /// Where runs and rows are kept. May hold a password.
    pub database_url: String,
    /// Where requests over HTTP may read files.
    pub data_dirs: Vec<PathBuf>,
    /// Ranges of addresses, beside public ones, that sources may connect to.
    pub allow_networks: Vec<IpNet>,
    /// Where requests over HTTP may find files with secrets.
    pub secrets_dir: Option<PathBuf>,
    /// Where the key is that secrets are stored with; made on first use.
    pub key_file: PathBuf,
    /// That key itself, in hexadecimal; from `CATCHMENT_KEY` alone.
    pub key: Option<String>,
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
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Runs side by side.
    pub workers: usize,
    /// Host names by which the API may be called, beside loopback's.
    pub allow_hosts: Vec<String>,
    /// When the daily job is due: a cron expression.
    pub retry_cron: String,
    /// The time zone of that; the system's where it is not set.
    pub time_zone: Option<String>,
    /// Content that no run has seen for so many days is deleted by the daily job; never where it is not set.
    pub content_retention_days: Option<u32>,
    /// What callers of the API must present; from `CATCHMENT_API_TOKEN` alone, so that it stands in no list of
    /// processes.
    pub api_token: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database_url: "sqlite://catchment.db".to_owned(),
            data_dirs: vec!["/data".into(), "./data".into()],
            allow_networks: Vec::new(),
            secrets_dir: None,
            key_file: "catchment.key".into(),
            key: None,
            node: host_name(),
            silence_timeout: Duration::from_secs(300),
            run_timeout: None,
            writers: 4,
            memory_budget: 64 << 20,
            log_format: LogFormat::Text,
            listen: (Ipv4Addr::LOCALHOST, 3006).into(),
            workers: 2,
            allow_hosts: Vec::new(),
            retry_cron: "0 3 * * *".to_owned(),
            time_zone: None,
            content_retention_days: None,
            api_token: None,
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the database URL and the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("data_dirs", &self.data_dirs)
            .field("node", &self.node)
            .field("listen", &self.listen)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Puts flags (which hold the environment already), file and defaults together, and checks them.
    ///
    /// # Errors
    /// `config`, with the setting and what would be accepted.
    pub fn resolve(flags: Flags, serve: ServeFlags) -> Result<Self> {
        let file = read_file(flags.config.as_deref())?;
        let default = Self::default();
        let settings = Self {
            database_url: flags.database_url.or(file.database_url).unwrap_or(default.database_url),
            data_dirs: flags.data_dir.or(file.data_dirs).unwrap_or(default.data_dirs),
            allow_networks: ranges(&flags.allow_network.or(file.allow_networks).unwrap_or_default())?,
            secrets_dir: flags.secrets_dir.or(file.secrets_dir),
            key_file: flags.key_file.or(file.key_file).unwrap_or(default.key_file),
            key: variable("CATCHMENT_KEY"),
            node: flags.node.or(file.node).unwrap_or(default.node),
            silence_timeout: flags
                .silence_timeout
                .or(file.silence_timeout)
                .map_or(default.silence_timeout, Duration::from_secs),
            run_timeout: flags.run_timeout.or(file.run_timeout).map(Duration::from_secs),
            writers: flags.writers.or(file.writers).unwrap_or(default.writers),
            memory_budget: flags
                .memory_budget
                .or(file.memory_budget)
                .map_or(default.memory_budget, |mebibytes| mebibytes.saturating_mul(1 << 20)),
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            listen: serve.listen.or(file.listen).unwrap_or(default.listen),
            workers: serve.workers.or(file.workers).unwrap_or(default.workers),
            allow_hosts: serve.allow_host.or(file.allow_hosts).unwrap_or_default(),
            retry_cron: serve.retry_cron.or(file.retry_cron).unwrap_or(default.retry_cron),
            time_zone: serve.time_zone.or(file.time_zone),
            content_retention_days: serve.content_retention_days.or(file.content_retention_days),
            api_token: variable("CATCHMENT_API_TOKEN"),
        };
        settings.check()
    }

    fn check(mut self) -> Result<Self> {
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
        if !self.listen.ip().is_loopback() && self.api_token.is_none() {
            return invalid(
                "listening on an address other than loopback needs a token: set CATCHMENT_API_TOKEN, which callers \
                 send as `Authorization: Bearer …`",
            );
        }
        self.schedule()?;
        self.data_dirs = self.data_dirs.iter().map(|dir| absolute(dir)).collect::<Result<_>>()?;
        self.secrets_dir = self.secrets_dir.as_deref().map(absolute).transpose()?;
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
        NetworkAccess::new(self.allow_networks.clone(), Some(self.listen))
    }

    /// Connections to the database: for each worker its writers, one that reads the table and one for its heartbeat;
    /// and some for answers.
    pub(crate) fn connections(&self) -> u32 {
        u32::try_from(self.workers * (self.writers + 2) + 4).unwrap_or(u32::MAX)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Ranges in CIDR notation (RFC 4632); a single address is one of one.
fn ranges(texts: &[String]) -> Result<Vec<IpNet>> {
    let read = |text: &String| {
        let text = text.trim();
        let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        range.map_err(|_| {
            let message = format!("--allow-network {text}: write a range such as 10.0.0.0/8 or fd00::/8");
            Error::config("invalid_settings", message)
        })
    };
    texts.iter().map(read).collect()
}

fn read_file(named: Option<&Path>) -> Result<File> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(Error::io(format!("reading {}", path.display()), error)),
    };
    toml::from_str(&text).map_err(|error| {
        // Its own text quotes the line, which may hold the database's password.
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::config("invalid_settings", format!("{}, line {line}: {}", path.display(), error.message()))
    })
}

fn host_name() -> String {
    match rustix::system::uname().nodename().to_string_lossy() {
        name if name.is_empty() => "localhost".to_owned(),
        name => name.into_owned(),
    }
}
