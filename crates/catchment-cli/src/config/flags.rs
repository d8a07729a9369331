//! The flags of the command line, with their environment variables.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::listen::ListenAddress;

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
    pub(super) config: Option<PathBuf>,

    /// Database: sqlite://FILE or mysql://USER:PASSWORD@HOST:3306/DB [default: sqlite://catchment.db]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(super) database_url: Option<String>,

    /// File that holds the URL of the database; read again when no connection can be made, as after a rotation
    #[arg(long, global = true, env = "DATABASE_URL_FILE", value_name = "FILE")]
    pub(super) database_url_file: Option<PathBuf>,

    /// Directory whose files the HTTP API may read; repeatable [default: /data, ./data]
    #[arg(long, global = true, env = "CATCHMENT_DATA_DIRS", value_delimiter = ':', value_name = "DIR")]
    pub(super) data_dir: Option<Vec<PathBuf>>,

    /// Range of addresses, besides public ones, that sources may connect to, such as 10.0.0.0/8; repeatable
    #[arg(long, global = true, env = "CATCHMENT_ALLOW_NETWORKS", value_delimiter = ',', value_name = "CIDR")]
    pub(super) allow_network: Option<Vec<String>>,

    /// Volume, such as a USB stick, that requests over HTTP may read: volume:ID, label:NAME, or `*` for all that are removable;
    /// repeatable [default: none; the command line reads what its user can]
    #[arg(long, global = true, env = "CATCHMENT_VOLUMES", value_delimiter = ',', value_name = "VOLUME")]
    pub(super) volume: Option<Vec<String>>,

    #[command(flatten)]
    pub(super) google: GoogleFlags,

    /// Table, besides Catchment's own, that requests over HTTP may write; repeatable [default: `[[target]]` in the settings file]
    #[arg(long, global = true, env = "CATCHMENT_TARGET_TABLES", value_delimiter = ',', value_name = "NAME")]
    pub(super) target_table: Option<Vec<String>>,

    /// Directory of files that requests over HTTP may name as secrets [default: none]
    #[arg(long, global = true, env = "CATCHMENT_SECRETS_DIR", value_name = "DIR")]
    pub(super) secrets_dir: Option<PathBuf>,

    /// File with the key that stored secrets are encrypted with; created on first use [default: catchment.key]
    #[arg(long, global = true, env = "CATCHMENT_KEY_FILE", value_name = "FILE")]
    pub(super) key_file: Option<PathBuf>,

    /// Name of this node, which claims the runs of its local files [default: the host's name]
    #[arg(long, global = true, env = "CATCHMENT_NODE", value_name = "NAME")]
    pub(super) node: Option<String>,

    /// How long a source may be silent before its attempt ends, in seconds [default: 300]
    #[arg(long, global = true, env = "CATCHMENT_SILENCE_TIMEOUT", value_name = "SECONDS")]
    pub(super) silence_timeout: Option<u64>,

    /// How long an attempt at a run may take, in seconds [default: no limit]
    #[arg(long, global = true, env = "CATCHMENT_RUN_TIMEOUT", value_name = "SECONDS")]
    pub(super) run_timeout: Option<u64>,

    /// Connections that write pages of one run in parallel, on MySQL and MariaDB [default: 4]
    #[arg(long, global = true, env = "CATCHMENT_WRITERS", value_name = "NUMBER")]
    pub(super) writers: Option<usize>,

    /// Memory that a run may use for the digests of its table's rows, in MiB [default: 64]
    #[arg(long, global = true, env = "CATCHMENT_MEMORY_BUDGET", value_name = "MIB")]
    pub(super) memory_budget: Option<usize>,

    /// Format of log lines; RUST_LOG sets their level [default: text]
    #[arg(long, global = true, env = "CATCHMENT_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
}

/// Where Google's APIs are, for test servers and proxies.
#[derive(Clone, Default, Args)]
pub(super) struct GoogleFlags {
    /// Address of the Drive API, for a test server or a proxy; that of Sheets, the token endpoint and exports are at its origin
    /// then [default: Google's]
    #[arg(long, global = true, env = "CATCHMENT_DRIVE_URL", value_name = "URL")]
    pub(super) drive_url: Option<String>,

    /// Address of the Sheets API [default: Google's, or at the origin of --drive-url]
    #[arg(long, global = true, env = "CATCHMENT_SHEETS_URL", value_name = "URL", hide = true)]
    pub(super) sheets_url: Option<String>,

    /// Token endpoint of users who logged in; service accounts name theirs in their key [default: Google's, or at the origin of
    /// --drive-url]
    #[arg(long, global = true, env = "CATCHMENT_GOOGLE_TOKEN_URL", value_name = "URL", hide = true)]
    pub(super) google_token_url: Option<String>,

    /// Address that Google's editors export documents at [default: Google's, or the origin of --drive-url]
    #[arg(long, global = true, env = "CATCHMENT_GOOGLE_DOCS_URL", value_name = "URL", hide = true)]
    pub(super) google_docs_url: Option<String>,
}

/// The flags of `serve` alone.
#[derive(Clone, Default, Args)]
pub(crate) struct ServeFlags {
    /// Address to listen on: IP:PORT, localhost:PORT, or :PORT for all interfaces [default: 127.0.0.1:3006]
    #[arg(long, env = "CATCHMENT_LISTEN", value_name = "ADDRESS")]
    pub(super) listen: Option<ListenAddress>,

    /// Runs in parallel in this process [default: 2]
    #[arg(long, env = "CATCHMENT_WORKERS", value_name = "NUMBER")]
    pub(super) workers: Option<usize>,

    /// When failed runs are retried and old ones deleted: cron, five fields [default: 0 3 * * *]
    #[arg(long, env = "CATCHMENT_RETRY_CRON", value_name = "CRON")]
    pub(super) retry_cron: Option<String>,

    /// IANA time zone of the schedule, such as Europe/Madrid [default: the system's]
    #[arg(long, env = "CATCHMENT_TIME_ZONE", value_name = "ZONE")]
    pub(super) time_zone: Option<String>,

    /// Let the daily job delete content that no run has seen for this many days [default: never]
    #[arg(long, env = "CATCHMENT_CONTENT_RETENTION_DAYS", value_name = "DAYS", value_parser = retention_days)]
    pub(super) content_retention_days: Option<u32>,

    /// Sync each volume that --volume allows when it is plugged in
    #[arg(long, env = "CATCHMENT_WATCH_VOLUMES", value_parser = clap::builder::BoolishValueParser::new())]
    pub(super) watch_volumes: bool,

    /// File that holds the token that callers of the API must send; read again when it changes [default: none]
    #[arg(long, env = "CATCHMENT_API_TOKEN_FILE", value_name = "FILE")]
    pub(super) api_token_file: Option<PathBuf>,

    /// Host name by which the API may be called, besides those of loopback; repeatable
    #[arg(long, env = "CATCHMENT_ALLOW_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub(super) allow_host: Option<Vec<String>>,
}

/// For how many days something is kept: what was seen today is never old.
pub(crate) fn retention_days(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1 day".to_owned()),
        Ok(days @ 1..=36_500) => Ok(days),
        _ => Err("it must be a whole number of days, from 1 to 36500".to_owned()),
    }
}
