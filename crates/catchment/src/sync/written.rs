//! What a run knows of what runs last wrote to the rows of its table, where a policy asks for it.

use std::sync::Arc;

use catchment_core::{Result, task_panicked};
use tokio_util::task::AbortOnDropHandle;

use crate::store::{KnownFields, Store, StoreError, TableView};

/// Records that are looked up before it is worth reading all that is on record.
const LOOKED_UP_FIRST: usize = 10_000;

/// What a run knows of what runs last wrote.
pub(super) struct Written {
    /// As much as is known so far.
    pub(super) known: Arc<KnownFields>,
    budget: usize,
    looked_up: usize,
    reading: Option<AbortOnDropHandle<Result<KnownFields, StoreError>>>,
}

impl Written {
    /// Knows nothing yet, and will keep to this many bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { known: Arc::default(), budget, looked_up: 0, reading: None }
    }

    /// Begins to read what is on record, where a page needs it and that is worth it: at once where that is nothing, and else after
    /// the first pages.
    pub(super) async fn read_in_time(&mut self, view: &TableView<'_>, store: &Store) -> Result<()> {
        let policies = view.batch.policies.as_ref().filter(|policies| !policies.three_way.is_empty());
        if policies.is_none() || self.looked_up >= LOOKED_UP_FIRST {
            return Ok(());
        }
        let (is_first, scope, budget) = (self.looked_up == 0, view.scope(), self.budget);
        self.looked_up += view.batch.len();
        if is_first && !store.has_written(scope).await? {
            self.looked_up = LOOKED_UP_FIRST;
            self.known = Arc::new(store.known_fields(scope, budget).await?);
        } else if self.looked_up >= LOOKED_UP_FIRST {
            let store = store.clone();
            let reading = tokio::spawn(async move { store.known_fields(scope, budget).await });
            self.reading = Some(AbortOnDropHandle::new(reading));
        }
        Ok(())
    }

    /// As much as is known by now.
    pub(super) async fn known(&mut self) -> Result<Arc<KnownFields>> {
        if let Some(reading) = self.reading.take_if(|reading| reading.is_finished()) {
            self.known = Arc::new(reading.await.map_err(|_| task_panicked())??);
        }
        Ok(self.known.clone())
    }
}
