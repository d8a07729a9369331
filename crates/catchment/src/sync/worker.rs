//! The workers of a process: each takes the next run that is due, and the one after that.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::attempt::RunProgress;
use super::service::SyncService;

/// How often the queue is looked at when nobody says that something is new. Other processes say nothing.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The workers of this process.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
}

impl Workers {
    /// Starts `count` workers. They end when the service is shut down.
    pub fn start(service: &SyncService, count: usize) -> Self {
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            tasks.spawn(work(service.clone()));
        }
        Self { tasks }
    }

    /// Waits until each has ended, at the latest after the page in hand.
    pub async fn finish(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a worker ended unexpectedly");
            }
        }
    }
}

async fn work(service: SyncService) {
    let (progress, _) = watch::channel(RunProgress::default());
    let mut is_cut_off = false;
    while !service.shutdown().is_cancelled() {
        // Before the look, so that what comes in during it is not missed.
        let woken = service.wake().notified();
        match service.claim_next().await {
            Ok(Some(claim)) => {
                service.attempt(claim, &progress).await;
                continue;
            }
            Ok(None) => is_cut_off = false,
            Err(error) => {
                // Once, and not each second until it is over.
                if !std::mem::replace(&mut is_cut_off, true) {
                    tracing::warn!(%error, "no run can be claimed; the worker keeps trying");
                }
            }
        }
        tokio::select! {
            () = service.shutdown().cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}
