//! The workers of a process: each takes the next run that is due, and the one after that.

use std::sync::Arc;
use std::time::Duration;

use catchment_core::{ErrorKind, log_error};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::engine::Engine;
use super::progress::RunProgress;
use super::queue::POLL_INTERVAL;
use super::service::SyncService;

/// How often the queue is looked at while the database is away, at most.
const MAX_AWAY_INTERVAL: Duration = Duration::from_secs(5);

/// The workers of this process. One that panics is replaced: its run is resumed when its lease has run out.
#[derive(Debug)]
pub struct Workers {
    watch: tokio::task::JoinHandle<()>,
}

impl Workers {
    /// Starts `count` workers. They end when the service is shut down.
    pub fn start(service: &SyncService, count: usize) -> Self {
        Self { watch: tokio::spawn(watch_over(service.engine().clone(), count)) }
    }

    /// Waits until each has ended, at the latest after the page in hand.
    pub async fn finish(self) {
        if let Err(error) = self.watch.await {
            tracing::error!(%error, "the supervisor of the workers ended unexpectedly; please report this");
        }
    }
}

async fn watch_over(engine: Arc<Engine>, count: usize) {
    let mut workers = JoinSet::new();
    for _ in 0..count {
        workers.spawn(work(engine.clone()));
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a worker ended unexpectedly and is replaced; please report this");
            workers.spawn(work(engine.clone()));
        }
    }
}

async fn work(engine: Arc<Engine>) {
    let (progress, _) = watch::channel(RunProgress::default());
    let (mut pause, mut has_worked) = (POLL_INTERVAL, false);
    while !engine.shutdown.is_cancelled() {
        // Before the look, so that what comes in during it is not missed.
        let woken = engine.wake.notified();
        match engine.work_once(&progress).await {
            Ok(true) => {
                has_worked = true;
                continue;
            }
            Ok(false) => {
                pause = POLL_INTERVAL;
                if std::mem::take(&mut has_worked) {
                    engine.checkpoint_when_idle().await;
                }
            }
            // Told once, by the connections, and not by each who waits for them.
            Err(error) if error.kind() == ErrorKind::Database => {
                log_error!(DEBUG, &error, "no run can be claimed; the worker keeps trying");
                pause = (pause * 2).min(MAX_AWAY_INTERVAL);
            }
            Err(error) => {
                log_error!(WARN, &error, "no run can be claimed; the worker keeps trying");
                pause = (pause * 2).min(MAX_AWAY_INTERVAL);
            }
        }
        tokio::select! {
            () = engine.shutdown.cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
