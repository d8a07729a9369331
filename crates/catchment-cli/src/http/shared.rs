//! What the handlers share.

use std::sync::{Arc, OnceLock};

use catchment::{App, SyncService};

use super::envelope::ErrorResponse;
use super::guard::Guard;

/// What the handlers share. The service comes once the database answers.
#[derive(Clone)]
pub(crate) struct Shared {
    app: Arc<OnceLock<App>>,
    pub(super) guard: Arc<Guard>,
}

impl Shared {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { app: Arc::default(), guard: Arc::new(guard) }
    }

    /// From now on the API answers. Only the first call counts.
    pub(crate) fn set_app(&self, app: App) {
        self.app.get_or_init(|| app);
    }

    pub(super) fn service(&self) -> Result<&SyncService, ErrorResponse> {
        self.app.get().map(App::service).ok_or_else(ErrorResponse::starting)
    }
}
