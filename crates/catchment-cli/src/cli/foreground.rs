//! A run in the foreground: executed, watched, and told of.

use std::time::Instant;

use catchment::{App, Execution, Principal, RunProgress, RunStatus, SyncResult, SyncRun, SyncService};
use catchment_core::Error;
use tokio::sync::watch;

use super::exit::{Exit, report};
use super::progress::show;
use super::signals::Signals;
use super::summary::{Telling, tell_run};

/// For whom a run is executed, and how.
pub(super) struct Foreground<'a> {
    pub(super) app: &'a App,
    pub(super) who: &'a Principal,
    pub(super) execution: Execution,
    pub(super) telling: Telling,
}

impl Foreground<'_> {
    /// Executes a run to its end, and tells what came of it. `kept` says what is left of it where it is interrupted.
    pub(super) async fn run(
        &self,
        id: i64,
        signals: &mut Signals,
        kept: impl AsyncFnOnce(bool) -> String,
    ) -> anyhow::Result<Exit> {
        let began = Instant::now();
        let executed = self.execute(id, signals).await;
        let is_over = matches!(&executed, Ok(Ok(result)) if result.status.is_ended());
        let kept = kept(is_over).await;
        let result = match executed? {
            Ok(result) => result,
            Err(signal) => {
                report(
                    &Error::config("interrupted", format!("interrupted; {kept}")).into(),
                    self.telling.as_json,
                );
                return Ok(signal);
            }
        };
        let run = self.app.service().run(self.who, result.sync_run_id).await?;
        tell_run(self.app.service(), self.who, &run, began.elapsed(), self.telling).await?;
        Ok(exit_of_run(&run))
    }

    /// Executes a run and shows how it is getting on; or which signal interrupted it.
    async fn execute(&self, id: i64, signals: &mut Signals) -> anyhow::Result<Result<SyncResult, Exit>> {
        let (progress, seen) = watch::channel(RunProgress { run_id: id, ..RunProgress::default() });
        // What it waits for is told in any case.
        let shower = tokio::spawn(show(seen, self.telling.is_quiet || self.telling.as_json));
        let service = self.app.service();
        let execution = service.execute(self.who, id, self.execution, &progress);
        let result = interruptible(service, execution, signals).await;
        drop(progress);
        shower.await?;
        result
    }
}

async fn interruptible(
    service: &SyncService,
    execution: impl Future<Output = catchment::Result<SyncResult>>,
    signals: &mut Signals,
) -> anyhow::Result<Result<SyncResult, Exit>> {
    tokio::pin!(execution);
    let signal = tokio::select! {
        result = &mut execution => return Ok(Ok(result?)),
        signal = signals.next() => signal,
    };
    // The page in hand is finished first; another signal ends the process at once.
    service.shut_down();
    tokio::select! {
        result = &mut execution => Ok(result.map_err(|_| signal)),
        signal = signals.next() => Ok(Err(signal)),
    }
}

fn exit_of_run(run: &SyncRun) -> Exit {
    match run.status {
        RunStatus::Completed if run.metadata.needs_attention() => Exit::Attention,
        RunStatus::Completed => Exit::Done,
        RunStatus::Pending | RunStatus::InProgress => Exit::Waiting,
        RunStatus::Failed | RunStatus::Cancelled => Exit::Failed,
    }
}
