//! What the handlers share.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use catchment::{App, Settings, SyncService};
use catchment_core::Error;

use super::envelope::ErrorResponse;
use super::guard::Guard;

/// What the handlers share. The service comes once the database answers.
#[derive(Clone)]
pub(crate) struct Shared {
    app: Arc<OnceLock<App>>,
    /// Why the database could not be opened when it was last tried.
    obstacle: Arc<Mutex<Option<String>>>,
    pub(super) guard: Arc<Guard>,
    /// The volumes that the operator allows.
    pub(super) volumes: Arc<[String]>,
    /// The time zone of schedules that name none.
    pub(super) time_zone: Option<String>,
}

impl Shared {
    pub(crate) fn new(guard: Guard, settings: &Settings) -> Self {
        Self {
            app: Arc::default(),
            obstacle: Arc::default(),
            guard: Arc::new(guard),
            volumes: settings.volumes.clone().into(),
            time_zone: settings.time_zone.clone(),
        }
    }

    /// From now on the API answers. Only the first call counts.
    pub(crate) fn set_app(&self, app: App) {
        self.app.get_or_init(|| app);
    }

    /// Why the API does not answer yet.
    pub(crate) fn set_obstacle(&self, error: &Error) {
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.message().to_owned());
    }

    /// The service, where its database is not known to be away: nobody waits for one that is.
    pub(super) fn service(&self) -> Result<&SyncService, ErrorResponse> {
        if let Some(why) = self.app.get().and_then(App::outage) {
            return Err(ErrorResponse::database_away(&why));
        }
        self.opened()
    }

    /// The service, however its database is.
    pub(super) fn opened(&self) -> Result<&SyncService, ErrorResponse> {
        self.app.get().map(App::service).ok_or_else(|| {
            match self.obstacle.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
                Some(why) => ErrorResponse::database_away(why),
                None => ErrorResponse::starting(),
            }
        })
    }
}
