//! `catchment.toml`: the same settings as a file.

use std::path::{Path, PathBuf};

use catchment::TargetDeclaration;
use catchment_core::{Error, Result};
use serde::Deserialize;

use super::flags::LogFormat;
use super::listen::ListenAddress;

/// The file that is read when it is there and no other is named.
const DEFAULT_FILE: &str = "catchment.toml";

/// What `catchment.toml` may hold: the names of the flags, with `_` for `-`, and lists in the plural.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) database_url: Option<String>,
    pub(super) database_url_file: Option<PathBuf>,
    pub(super) data_dirs: Option<Vec<PathBuf>>,
    pub(super) allow_networks: Option<Vec<String>>,
    pub(super) volumes: Option<Vec<String>>,
    pub(super) watch_volumes: Option<bool>,
    pub(super) drive_url: Option<String>,
    pub(super) sheets_url: Option<String>,
    pub(super) google_token_url: Option<String>,
    pub(super) google_docs_url: Option<String>,
    pub(super) secrets_dir: Option<PathBuf>,
    pub(super) key_file: Option<PathBuf>,
    pub(super) node: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) silence_timeout: Option<u64>,
    pub(super) run_timeout: Option<u64>,
    pub(super) writers: Option<usize>,
    pub(super) memory_budget: Option<usize>,
    pub(super) listen: Option<ListenAddress>,
    pub(super) workers: Option<usize>,
    pub(super) api_token_file: Option<PathBuf>,
    pub(super) allow_hosts: Option<Vec<String>>,
    pub(super) retry_cron: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) language: Option<String>,
    pub(super) content_retention_days: Option<u32>,
    /// Tables that requests over HTTP may write.
    #[serde(rename = "target")]
    pub(super) targets: Vec<TargetDeclaration>,
}

/// The file that is named, or the default one if it is there.
///
/// # Errors
/// `config`, when it cannot be read, with the line that does not fit.
pub(super) fn read_file(named: Option<&Path>) -> Result<File> {
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
