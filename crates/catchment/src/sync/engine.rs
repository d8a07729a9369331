//! What the parts of a service share: its database, its settings, and what is under way in this process.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex as SyncMutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catchment_core::{
    Error, ErrorKind, FileAccess, Host, Registry, Result, SecretAccess, TokenStore, VolumeAccess,
};
use tokio::sync::{Mutex, Notify, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::due::DueQueue;
use super::settings::ServiceSettings;
use super::tokens::DatabaseTokenStore;
use super::worker_name::WorkerName;
use crate::principal::Door;
use crate::run::SyncRun;
use crate::store::{Claimant, Store};

/// The shared state of a service: store, registry, settings and shutdown. Its methods are in the files of this folder.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) store: Store,
    pub(super) registry: Registry,
    pub(super) settings: ServiceSettings,
    pub(super) worker: WorkerName,
    pub(super) shutdown: CancellationToken,
    /// Something may be due now.
    pub(super) wake: Notify,
    /// The same, for whoever looks next.
    pub(super) has_news: AtomicBool,
    pub(super) due: Mutex<DueQueue>,
    /// The runs that this process makes attempts at.
    under_way: SyncMutex<HashSet<i64>>,
    /// Attempts that may begin: each takes its connections out of one pool.
    permits: Semaphore,
}

/// A run that this process makes an attempt at, as long as this lives.
pub(super) struct UnderWay<'a> {
    engine: &'a Engine,
    run_id: i64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Ok(mut runs) = self.engine.under_way.lock() {
            runs.remove(&self.run_id);
        }
    }
}

impl Engine {
    pub(super) fn new(store: Store, registry: Registry, settings: ServiceSettings) -> Self {
        Self {
            worker: WorkerName::current(&settings.node),
            permits: Semaphore::new(settings.workers.max(1)),
            shutdown: CancellationToken::new(),
            wake: Notify::new(),
            has_news: AtomicBool::new(true),
            due: Mutex::default(),
            under_way: SyncMutex::default(),
            store,
            registry,
            settings,
        }
    }

    /// A run by its id.
    pub(super) async fn run(&self, id: i64) -> Result<SyncRun> {
        let run = self.store.run(id).await?;
        run.ok_or_else(|| Error::config("no_such_run", format!("there is no sync run {id}")))
    }

    /// Frees the runs that dead processes of this machine held, so that they need not wait for their leases.
    pub(crate) async fn resume_interrupted(&self) -> Result<()> {
        for (run_id, owner) in self.store.held_runs().await? {
            if owner.parse().is_ok_and(|worker: WorkerName| worker.is_dead(&self.worker)) {
                tracing::info!(
                    run = run_id,
                    owner,
                    "the process that held the run has died; its lease is released"
                );
                self.store.expire_lease(run_id, &owner).await?;
            }
        }
        Ok(())
    }

    /// Something may be due now.
    pub(super) fn wake_workers(&self) {
        self.has_news.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    pub(super) fn set_under_way(&self, run_id: i64) -> UnderWay<'_> {
        if let Ok(mut runs) = self.under_way.lock() {
            runs.insert(run_id);
        }
        UnderWay { engine: self, run_id }
    }

    /// Whether this process makes an attempt at a run.
    pub(super) fn is_under_way(&self, run_id: i64) -> bool {
        self.under_way.lock().is_ok_and(|runs| runs.contains(&run_id))
    }

    /// The permit to make an attempt; waits for one of those under way where there are as many as may be.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>> {
        let closed = |_| Error::new(ErrorKind::System, "shut_down", "the service is shutting down");
        self.permits.acquire().await.map_err(closed)
    }

    pub(super) fn claimant(&self) -> Claimant<'_> {
        let ServiceSettings { node, is_service, vault, .. } = &self.settings;
        // With a key that cannot be used there is none: runs that need it are left to others. It is told where it matters.
        let key_id = vault.key_id().ok().flatten().unwrap_or_default();
        Claimant { node, is_service: *is_service, key_id }
    }

    /// What a source may use, by the door that its request came through.
    pub(super) fn host(&self, door: Door) -> Host {
        let ServiceSettings { data_dirs, network, secrets_dir, vault, language, addresses, volumes, .. } =
            &self.settings;
        let (files, secrets, volumes) = match door {
            Door::Http => (
                FileAccess::Below(data_dirs.clone()),
                SecretAccess::Restricted { dir: secrets_dir.clone() },
                VolumeAccess::Only(volumes.clone()),
            ),
            Door::Cli | Door::Library => {
                (FileAccess::Anywhere, SecretAccess::Anywhere, VolumeAccess::Anywhere)
            }
        };
        let tokens = DatabaseTokenStore::new(self.store.clone(), vault.clone());
        let tokens: Option<Arc<dyn TokenStore>> = Some(Arc::new(tokens));
        Host {
            files,
            volumes,
            network: network.clone(),
            secrets,
            tokens,
            addresses: addresses.clone(),
            language: language.clone(),
        }
    }

    /// Sleeps, unless the service is shut down.
    pub(super) async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = self.shutdown.cancelled() => {
                let message = "the service is shutting down; the run resumes when it is started again";
                Err(Error::new(ErrorKind::System, "shut_down", message))
            }
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}
