//! The daily job: it takes failed runs up again that may pass, and deletes what is old.

use std::time::Duration;

use catchment_core::{Error, Result, log_error};
use jiff::Timestamp;

use super::schedule::Schedule;
use super::service::SyncService;
use crate::content::ContentIndexRepository;
use crate::principal::{Door, Principal};
use crate::store::Job;

const NAME: &str = "daily";
/// How long runs are kept that ended well.
const RUN_DAYS: u32 = 30;
/// How soon a job that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(600);
/// How long is slept at most: the clock may be set, and another process may change the schedule.
const MAX_SLEEP: Duration = Duration::from_secs(60);

/// Does the daily job when it is due, until the service is shut down. Of several processes one does it.
pub async fn run_daily(service: SyncService, schedule: Schedule) {
    loop {
        let pause = match turn(&service, &schedule, Timestamp::now()).await {
            Ok(pause) => pause.min(MAX_SLEEP),
            Err(error) => {
                log_error!(WARN, &error, "the state of the daily job could not be read; trying again");
                MAX_SLEEP
            }
        };
        tokio::select! {
            () = service.engine().shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Does the job if it is due at `now`, and says how long it is until the next time. One that was missed while no
/// process was there is made up for once.
async fn turn(service: &SyncService, schedule: &Schedule, now: Timestamp) -> Result<Duration> {
    let (store, text) = (service.store(), schedule.text());
    let next = schedule.next_after(now)?;
    match store.job(NAME).await? {
        None => store.add_job(NAME, &text, next).await?,
        Some(job) if job.schedule != text => {
            store.reschedule_job(NAME, &job, &text, next, false).await?;
        }
        Some(job) if job.next_at <= now => {
            if store.reschedule_job(NAME, &job, &text, next, true).await? {
                do_job(service, schedule, next, now).await?;
            }
        }
        Some(job) => return Ok(until(job.next_at, now)),
    }
    Ok(until(next, now))
}

async fn do_job(service: &SyncService, schedule: &Schedule, next: Timestamp, now: Timestamp) -> Result<()> {
    tracing::info!("the daily job begins");
    let result = work(service, schedule).await;
    let store = service.store();
    store.end_job(NAME, result.as_ref().err().map(Error::message)).await?;
    if let Err(error) = result {
        log_error!(ERROR, &error, "the daily job failed; it will be retried");
        let soon = now + RETRY_AFTER;
        if let Some(job) = store.job(NAME).await?.filter(|job: &Job| soon < next && job.next_at == next) {
            store.reschedule_job(NAME, &job, &job.schedule, soon, false).await?;
        }
    }
    Ok(())
}

async fn work(service: &SyncService, schedule: &Schedule) -> Result<()> {
    let clock = Principal::administrator("the daily job", Door::Library);
    let retried = service.retry_failed_syncs(&clock).await?;
    let runs = service.cleanup(&clock, RUN_DAYS).await?;
    let content = match schedule.content_retention_days {
        Some(days) => ContentIndexRepository::new(service.store().clone()).cleanup_old(&clock, days).await?,
        None => 0,
    };
    service.engine().forget_dropped_tables().await?;
    tracing::info!(retried, runs_deleted = runs, content_deleted = content, "the daily job is done");
    Ok(())
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_that_was_missed_is_made_up_for_once() {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("catchment.db").display());
        let settings = crate::Settings { database_url: url, ..crate::Settings::default() };
        let app = crate::App::open(&settings, catchment_sources::builtin()).await.unwrap();
        let schedule = Schedule::new("0 3 * * *", Some("UTC"), None).unwrap();
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        let turns = async || app.service().store().job(NAME).await.unwrap().unwrap().turn;

        let pause = turn(app.service(), &schedule, at("2026-01-01T02:00:00Z")).await.unwrap();
        assert_eq!((pause.as_secs(), turns().await), (3600, 0));
        // Nobody was there for three nights.
        let pause = turn(app.service(), &schedule, at("2026-01-04T12:00:00Z")).await.unwrap();
        assert_eq!((pause.as_secs(), turns().await), (15 * 3600, 1));
        turn(app.service(), &schedule, at("2026-01-04T12:00:01Z")).await.unwrap();
        assert_eq!(turns().await, 1);
        // Of those that look at the same moment one takes the turn.
        let now = at("2026-01-05T03:00:00Z");
        let looks = (0..8).map(|_| turn(app.service(), &schedule, now));
        futures::future::join_all(looks).await.into_iter().for_each(|look| assert!(look.is_ok()));
        assert_eq!(turns().await, 2);
        // Another expression counts from now on.
        let other = Schedule::new("0 6 * * *", Some("UTC"), None).unwrap();
        let pause = turn(app.service(), &other, now).await.unwrap();
        assert_eq!(pause.as_secs(), 3 * 3600);
    }
}
