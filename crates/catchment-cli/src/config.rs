//! Settings: flags, then environment, then `catchment.toml`, then defaults. Checked once, here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use catchment::Settings;
use catchment_core::{Error, Result};
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "catchment.toml";

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The flags that all commands share, with their environment variables.
#[derive(Clone, Default, Args)]
pub(crate) struct Flags {
    /// Settings file [default: catchment.toml, if it exists]
    #[arg(long, global = true, env = "CATCHMENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Database: sqlite://FILE or mysql://USER:PASSWORD@HOST:3306/DB [default: sqlite://catchment.db]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,

    /// Directory whose files the HTTP API may read; repeatable [default: /data, ./data]
    #[arg(long, global = true, env = "CATCHMENT_DATA_DIRS", value_delimiter = ':', value_name = "DIR")]
    data_dir: Option<Vec<PathBuf>>,

    /// Range of addresses, besides public ones, that sources may connect to, such as 10.0.0.0/8; repeatable
    #[arg(long, global = true, env = "CATCHMENT_ALLOW_NETWORKS", value_delimiter = ',', value_name = "CIDR")]
    allow_network: Option<Vec<String>>,

    /// Directory of files that requests over HTTP may name as secrets [default: none]
    #[arg(long, global = true, env = "CATCHMENT_SECRETS_DIR", value_name = "DIR")]
    secrets_dir: Option<PathBuf>,

    /// File with the key that stored secrets are encrypted with; created on first use [default: catchment.key]
    #[arg(long, global = true, env = "CATCHMENT_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Name of this node, which claims the runs of its local files [default: the host's name]
    #[arg(long, global = true, env = "CATCHMENT_NODE", value_name = "NAME")]
    node: Option<String>,

    /// How long a source may be silent before its attempt ends, in seconds [default: 300]
    #[arg(long, global = true, env = "CATCHMENT_SILENCE_TIMEOUT", value_name = "SECONDS")]
    silence_timeout: Option<u64>,

    /// How long an attempt at a run may take, in seconds [default: no limit]
    #[arg(long, global = true, env = "CATCHMENT_RUN_TIMEOUT", value_name = "SECONDS")]
    run_timeout: Option<u64>,

    /// Connections that write pages of one run in parallel, on MySQL and MariaDB [default: 4]
    #[arg(long, global = true, env = "CATCHMENT_WRITERS", value_name = "NUMBER")]
    writers: Option<usize>,

    /// Memory that a run may use for the digests of its table's rows, in MiB [default: 64]
    #[arg(long, global = true, env = "CATCHMENT_MEMORY_BUDGET", value_name = "MIB")]
    memory_budget: Option<usize>,

    /// Format of log lines; RUST_LOG sets their level [default: text]
    #[arg(long, global = true, env = "CATCHMENT_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// The flags of `serve` alone.
#[derive(Clone, Default, Args)]
pub(crate) struct ServeFlags {
    /// Address to listen on [default: 127.0.0.1:3006]
    #[arg(long, env = "CATCHMENT_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Runs in parallel in this process [default: 2]
    #[arg(long, env = "CATCHMENT_WORKERS", value_name = "NUMBER")]
    workers: Option<usize>,

    /// When failed runs are retried and old ones deleted: cron, five fields [default: 0 3 * * *]
    #[arg(long, env = "CATCHMENT_RETRY_CRON", value_name = "CRON")]
    retry_cron: Option<String>,

    /// IANA time zone of the schedule, such as Europe/Madrid [default: the system's]
    #[arg(long, env = "CATCHMENT_TIME_ZONE", value_name = "ZONE")]
    time_zone: Option<String>,

    /// Let the daily job delete content that no run has seen for this many days [default: never]
    #[arg(long, env = "CATCHMENT_CONTENT_RETENTION_DAYS", value_name = "DAYS")]
    content_retention_days: Option<u32>,

    /// Host name by which the API may be called, besides those of loopback; repeatable
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

/// All settings: those of the service, and of its doors.
#[derive(Clone)]
pub(crate) struct Config {
    /// Those of the service.
    pub(crate) settings: Settings,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
    /// Where `serve` listens.
    pub(crate) listen: SocketAddr,
    /// Host names by which the API may be called, beside loopback's.
    pub(crate) allow_hosts: Vec<String>,
    /// What callers of the API must present; from `CATCHMENT_API_TOKEN` alone, so that it stands in no list of
    /// processes.
    pub(crate) api_token: Option<String>,
}

impl Config {
    /// Puts flags (which hold the environment already), file and defaults together, and checks them.
    ///
    /// # Errors
    /// `config`, with the setting and what would be accepted.
    pub(crate) fn resolve(flags: Flags, serve: ServeFlags) -> Result<Self> {
        let file = read_file(flags.config.as_deref())?;
        let default = Settings::default();
        let seconds = |flag: Option<u64>, file: Option<u64>| flag.or(file).map(Duration::from_secs);
        let memory_budget = flags.memory_budget.or(file.memory_budget);
        let listen = serve.listen.or(file.listen).unwrap_or((Ipv4Addr::LOCALHOST, 3006).into());
        let settings = Settings {
            database_url: flags.database_url.or(file.database_url).unwrap_or(default.database_url),
            data_dirs: flags.data_dir.or(file.data_dirs).unwrap_or(default.data_dirs),
            allow_networks: ranges(&flags.allow_network.or(file.allow_networks).unwrap_or_default())?,
            own_address: Some(listen),
            is_service: false,
            secrets_dir: flags.secrets_dir.or(file.secrets_dir),
            key_file: flags.key_file.or(file.key_file).unwrap_or(default.key_file),
            key: variable("CATCHMENT_KEY"),
            node: flags.node.or(file.node).unwrap_or(default.node),
            silence_timeout: seconds(flags.silence_timeout, file.silence_timeout)
                .unwrap_or(default.silence_timeout),
            run_timeout: seconds(flags.run_timeout, file.run_timeout),
            writers: flags.writers.or(file.writers).unwrap_or(default.writers),
            memory_budget: memory_budget
                .map_or(default.memory_budget, |mebibytes| mebibytes.saturating_mul(1 << 20)),
            workers: serve.workers.or(file.workers).unwrap_or(default.workers),
            retry_cron: serve.retry_cron.or(file.retry_cron).unwrap_or(default.retry_cron),
            time_zone: serve.time_zone.or(file.time_zone),
            content_retention_days: serve.content_retention_days.or(file.content_retention_days),
        };
        let config = Self {
            settings: settings.checked()?,
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            listen,
            allow_hosts: serve.allow_host.or(file.allow_hosts).unwrap_or_default(),
            api_token: variable("CATCHMENT_API_TOKEN"),
        };
        config.check()
    }

    fn check(self) -> Result<Self> {
        if self.listen.ip().is_loopback() || self.api_token.is_some() {
            return Ok(self);
        }
        let message = format!(
            "--listen {}: an address other than loopback needs an API token; set CATCHMENT_API_TOKEN, which callers \
             send as `Authorization: Bearer …`",
            self.listen
        );
        Err(Error::config("invalid_settings", message))
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
            let message = format!(
                "--allow-network {text}: it is not an address range; write one such as 10.0.0.0/8 or fd00::/8"
            );
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
