//! What the service tells of runs: their states, their errors, what they skipped, and why they wait.

use catchment_core::Result;

use super::service::SyncService;
use crate::principal::{Principal, Scope};
use crate::replay::RejectState;
use crate::result::SyncStats;
use crate::run::{RunStatus, SyncRun};
use crate::store::{AttemptRecord, StoredError, StoredSkip, TargetRows};
use crate::target::RowFilter;

impl SyncService {
    /// A run by its id.
    ///
    /// # Errors
    /// `config` (`no_such_run`), `database`.
    pub async fn run(&self, principal: &Principal, id: i64) -> Result<SyncRun> {
        principal.require(Scope::Read)?;
        self.engine().run(id).await
    }

    /// The latest runs, the newest first; of one state, or of all.
    ///
    /// # Errors
    /// `database`.
    pub async fn runs(
        &self,
        principal: &Principal,
        status: Option<RunStatus>,
        limit: u32,
    ) -> Result<Vec<SyncRun>> {
        principal.require(Scope::Read)?;
        self.engine().store.runs(status, limit).await
    }

    /// The errors of a run after the one with the id `after`, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn errors(
        &self,
        principal: &Principal,
        run_id: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredError>> {
        principal.require(Scope::Read)?;
        self.engine().store.errors(run_id, None, after, limit).await
    }

    /// The rejects of a run that are in a state, after the one with the id `after`, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn rejects(
        &self,
        principal: &Principal,
        run_id: i64,
        state: RejectState,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredError>> {
        principal.require(Scope::Read)?;
        self.engine().store.errors(run_id, Some(state), after, limit).await
    }

    /// The skipped records of a run after the one with the id `after`, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn skips(
        &self,
        principal: &Principal,
        run_id: i64,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredSkip>> {
        principal.require(Scope::Read)?;
        self.engine().store.skips(run_id, false, after, limit).await
    }

    /// The first skipped records of a run that have other values than the first record of their identity, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn differing_skips(
        &self,
        principal: &Principal,
        run_id: i64,
        limit: u32,
    ) -> Result<Vec<StoredSkip>> {
        principal.require(Scope::Read)?;
        self.engine().store.skips(run_id, true, 0, limit).await
    }

    /// The attempts of a run, the first one first.
    ///
    /// # Errors
    /// `database`.
    pub async fn attempts(&self, principal: &Principal, run_id: i64) -> Result<Vec<AttemptRecord>> {
        principal.require(Scope::Read)?;
        self.engine().store.attempts(run_id).await
    }

    /// Rows of a target after those that ended with `after` ([`TargetRows::end`]), at most `limit`, that pass all conditions, such as `price>=1000`,
    /// `title~despa` (contains) or `genre=` (is NULL). `with_runs` adds the run that saw each row last, where the table has no
    /// column for it.
    ///
    /// # Errors
    /// `config` (`invalid_options`, `invalid_filter`), `database`.
    pub async fn target_rows(
        &self,
        principal: &Principal,
        target: &str,
        conditions: &[String],
        after: &[String],
        limit: u32,
        with_runs: bool,
    ) -> Result<TargetRows> {
        principal.require(Scope::Read)?;
        let table = self.engine().resolve_target(target, principal.door).await?;
        let filters: Vec<_> =
            conditions.iter().map(|text| RowFilter::parse(&table, text)).collect::<Result<_>>()?;
        self.engine().store.target_rows(&table, &filters, after, limit, with_runs).await
    }

    /// How many runs there are in each state.
    ///
    /// # Errors
    /// `database`.
    pub async fn stats(&self, principal: &Principal) -> Result<SyncStats> {
        principal.require(Scope::Read)?;
        self.engine().store.stats().await
    }

    /// Why a run that is not under way here waits, in words; `None` where it has ended.
    ///
    /// # Errors
    /// `database`.
    pub async fn waits_for(&self, principal: &Principal, run: &SyncRun) -> Result<Option<String>> {
        principal.require(Scope::Read)?;
        if run.status.is_ended() {
            return Ok(None);
        }
        let wait = self.engine().why_waiting(run.id).await?;
        Ok(Some(wait.map_or_else(|| "it can be claimed now".to_owned(), |wait| wait.to_string())))
    }
}
