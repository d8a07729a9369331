//! Settings: flags, then environment, then `catchment.toml`, then defaults. Checked once, here.

mod credentials;
mod file;
mod flags;
mod listen;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use catchment::{Settings, TargetDeclaration};
use catchment_core::{Error, FileSecret, Result, Secret, SecretAccess, primary_language};
use catchment_sources::drive::GoogleAddresses;
use ipnet::IpNet;

use credentials::{credential, given_or_file, variable};
use file::{File, read_file};
use flags::GoogleFlags;
use listen::ListenAddress;

pub(crate) use credentials::api_token;
pub(crate) use flags::{Flags, LogFormat, ServeFlags, retention_days};

/// All settings: those of the service, and of its doors.
#[derive(Clone)]
pub(crate) struct Config {
    /// Those of the service.
    pub(crate) settings: Settings,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
    /// Where `serve` listens.
    pub(crate) listen: ListenAddress,
    /// Whether `serve` syncs volumes that are plugged in.
    pub(crate) watch_volumes: bool,
    /// Host names by which the API may be called, beside loopback's.
    pub(crate) allow_hosts: Vec<String>,
    /// What callers of the API must present; never a flag, so that it stands in no list of processes.
    pub(crate) api_token: Option<Secret>,
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
        let database = database(&flags, &file)?;
        let api_token = api_token_of(&serve, &file)?;
        let addresses = google_addresses(&flags, &file)?;
        let listen = serve.listen.or(file.listen).unwrap_or_default();
        let settings = Settings {
            database_url: url_of(database.as_ref(), default.database_url)?,
            database_url_file: database.and_then(file_of),
            data_dirs: flags.data_dir.or(file.data_dirs).unwrap_or(default.data_dirs),
            allow_networks: ranges(&flags.allow_network.or(file.allow_networks).unwrap_or_default())?,
            addresses,
            volumes: flags.volume.or(file.volumes).unwrap_or_default(),
            own_address: listen.candidates().first().copied(),
            is_service: false,
            secrets_dir: flags.secrets_dir.or(file.secrets_dir),
            key_file: flags
                .key_file
                .or_else(|| credential("key"))
                .or(file.key_file)
                .unwrap_or(default.key_file),
            targets: targets(flags.target_table, file.targets),
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
            // Whoever saves a schedule without one means that of the service.
            time_zone: serve.time_zone.or_else(|| variable("CATCHMENT_TIME_ZONE")).or(file.time_zone),
            language: variable("CATCHMENT_LANGUAGE").or(file.language).or_else(language_of_locale),
            content_retention_days: serve.content_retention_days.or(file.content_retention_days),
        };
        Ok(Self {
            settings: settings.checked()?,
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
            listen,
            watch_volumes: serve.watch_volumes || file.watch_volumes.unwrap_or_default(),
            allow_hosts: serve.allow_host.or(file.allow_hosts).unwrap_or_default(),
            api_token,
        })
    }

    /// Refuses what `serve` cannot be started with; other commands do without it.
    ///
    /// # Errors
    /// `config`, with the setting and what would be accepted.
    pub(crate) fn check_service(&self) -> Result<()> {
        if let Some(token) = &self.api_token {
            return api_token(token).map(|_| ());
        }
        if self.listen.is_loopback() {
            return Ok(());
        }
        let message = format!(
            "--listen {}: an address other than loopback needs an API token; set CATCHMENT_API_TOKEN or \
             --api-token-file to what callers send as `Authorization: Bearer …`",
            self.listen
        );
        Err(Error::config("invalid_settings", message))
    }
}

/// The URL of the database: by flag or environment, as a credential of systemd, or from the file of settings.
fn database(flags: &Flags, file: &File) -> Result<Option<Secret>> {
    let (url, path) = (flags.database_url.clone(), flags.database_url_file.clone());
    if let Some(url) = given_or_file(["DATABASE_URL", "DATABASE_URL_FILE"], url, path)? {
        return Ok(Some(url));
    }
    match credential("database-url") {
        Some(file) => Ok(Some(Secret::File(FileSecret { file }))),
        None => given_or_file(
            ["database_url", "database_url_file"],
            file.database_url.clone(),
            file.database_url_file.clone(),
        ),
    }
}

/// The URL itself, or the default one.
fn url_of(database: Option<&Secret>, default: String) -> Result<String> {
    let Some(url) = database else { return Ok(default) };
    url.resolve(&SecretAccess::Anywhere).map_err(|error| error.during("the database URL"))
}

/// The tables that are declared, and those that are only named.
fn targets(named: Option<Vec<String>>, mut declared: Vec<TargetDeclaration>) -> Vec<TargetDeclaration> {
    for name in named.unwrap_or_default() {
        if !declared.iter().any(|target| target.name == name) {
            declared.push(TargetDeclaration::named(name));
        }
    }
    declared
}

/// The file that holds a secret, where one does.
fn file_of(secret: Secret) -> Option<PathBuf> {
    match secret {
        Secret::File(FileSecret { file }) => Some(file),
        _ => None,
    }
}

/// The API token, which is never in the file of settings itself.
fn api_token_of(serve: &ServeFlags, file: &File) -> Result<Option<Secret>> {
    let given = variable("CATCHMENT_API_TOKEN");
    let named = given_or_file(
        ["CATCHMENT_API_TOKEN", "CATCHMENT_API_TOKEN_FILE"],
        given,
        serve.api_token_file.clone(),
    )?;
    let path = || credential("api-token").or(file.api_token_file.clone());
    Ok(named.or_else(|| path().map(|file| Secret::File(FileSecret { file }))))
}

/// The language of the process's locale, by the variable that POSIX gives precedence; none for `C`.
fn language_of_locale() -> Option<String> {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable)?;
    primary_language(&locale)
}

/// Where Google's APIs are, by the names that their source knows them by; none where they are Google's own.
fn google_addresses(flags: &Flags, file: &File) -> Result<BTreeMap<String, String>> {
    let GoogleFlags { drive_url, sheets_url, google_token_url, google_docs_url } = &flags.google;
    let given = [
        ("drive", drive_url.as_ref().or(file.drive_url.as_ref())),
        ("sheets", sheets_url.as_ref().or(file.sheets_url.as_ref())),
        ("google-token", google_token_url.as_ref().or(file.google_token_url.as_ref())),
        ("google-docs", google_docs_url.as_ref().or(file.google_docs_url.as_ref())),
    ];
    let addresses =
        given.into_iter().filter_map(|(name, url)| Some((name.to_owned(), url?.clone()))).collect();
    GoogleAddresses::of_settings(&addresses)?;
    Ok(addresses)
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
