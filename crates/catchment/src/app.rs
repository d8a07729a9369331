//! From settings to a service: where every door and every test starts.

use catchment_core::{Registry, Result, log_error};

use crate::content::ContentIndexRepository;
use crate::settings::Settings;
use crate::store::Store;
use crate::sync::{ServiceSettings, SyncService};
use crate::vault::Vault;

/// A database with its tables, and the service on it.
#[derive(Debug, Clone)]
pub struct App {
    service: SyncService,
}

impl App {
    /// Opens the database, brings its tables up to date, and frees what dead processes of this machine held.
    ///
    /// # Errors
    /// `config` when the settings or the tables do not fit; `database` when it does not answer.
    pub async fn open(settings: &Settings, registry: Registry) -> Result<Self> {
        let app = Self::unopened(settings, registry)?;
        app.begin().await?;
        Ok(app)
    }

    /// The same on a database that has our tables already: nothing is made where it has not, as a mistyped name has not.
    ///
    /// # Errors
    /// As [`App::open`]; `config`, `no_database`.
    pub async fn open_existing(settings: &Settings, registry: Registry) -> Result<Self> {
        let app = Self::unopened(settings, registry)?;
        app.service.store().require_tables().await?;
        app.begin().await?;
        Ok(app)
    }

    /// What [`App::open`] does to a service that has not touched its database yet. May be tried again.
    ///
    /// # Errors
    /// As [`App::open`].
    pub async fn begin(&self) -> Result<()> {
        self.migrate().await?;
        self.service.engine().resume_interrupted().await?;
        if let Err(error) = self.service.check_key() {
            log_error!(
                ERROR,
                &error,
                "requests with secrets are refused until the key for secrets can be used"
            );
        }
        Ok(())
    }

    /// Brings the tables up to date, and nothing else. The names of the steps that were taken.
    ///
    /// # Errors
    /// `config`, `foreign_table` and `newer_tables`; `database`.
    pub async fn migrate(&self) -> Result<Vec<&'static str>> {
        self.service.store().migrate().await
    }

    /// A service that checks requests and has not touched its database. Scheduling needs [`App::open`].
    ///
    /// # Errors
    /// `config` when the settings do not fit.
    pub fn unopened(settings: &Settings, registry: Registry) -> Result<Self> {
        let store =
            Store::open(&settings.database_url, settings.database_url_file.clone(), settings.connections())?;
        let service = ServiceSettings {
            data_dirs: settings.data_dirs.clone(),
            network: settings.network(),
            addresses: settings.addresses.clone(),
            volumes: settings.volumes.clone(),
            secrets_dir: settings.secrets_dir.clone(),
            vault: Vault::new(settings.key.clone(), settings.key_file.clone()),
            targets: settings.targets.clone(),
            node: settings.node.clone(),
            silence_timeout: settings.silence_timeout,
            run_timeout: settings.run_timeout,
            workers: settings.workers,
            writers: settings.writers,
            memory_budget: settings.memory_budget,
            is_service: settings.is_service,
            time_zone: settings.time_zone.clone(),
            language: settings.language.clone(),
        };
        Ok(Self { service: SyncService::new(store, registry, service) })
    }

    /// The database as people know it, without its password.
    pub fn database_name(&self) -> String {
        self.service.store().name()
    }

    /// Why the database is away, if it has been for more than a moment: whoever asks need not wait for it.
    pub fn outage(&self) -> Option<String> {
        self.service.store().outage()
    }

    /// The service.
    pub fn service(&self) -> &SyncService {
        &self.service
    }

    /// The table `content_index`.
    pub fn content_index(&self) -> ContentIndexRepository {
        ContentIndexRepository::new(self.service.store().clone())
    }

    /// Ends attempts after the page in hand, and gives all connections back.
    pub async fn close(&self) {
        self.service.shut_down();
        self.service.store().close().await;
    }
}
