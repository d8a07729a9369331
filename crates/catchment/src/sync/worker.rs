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
    while !service.shutdown().is_cancelled() {
        // Before the look, so that what comes in during it is not missed.
        let woken = service.wake().notified();
        match service.claim_next().await {
            Ok(Some(claim)) => {
                service.attempt(claim, &progress).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the queue cannot be read"),
        }
        tokio::select! {
            () = service.shutdown().cancelled() => {}
            () = woken => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
    }
}
