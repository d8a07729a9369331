//! When saved syncs are due: each time becomes a run, once.

use std::time::Duration;

use catchment::{RunMode, TickOutcome, Trigger, run_schedules};
use serde_json::json;

use super::{app, draft, save};
use crate::support::{ME, Test, on_both};

/// Makes a sync due that was last looked at so long ago.
async fn make_due(test: &Test, seconds_ago: u32) {
    let then = if test.is_sqlite() {
        format!("strftime('%Y-%m-%d %H:%M:00.000', 'now', '-{seconds_ago} seconds')")
    } else {
        format!("DATE_FORMAT(NOW(3) - INTERVAL {seconds_ago} SECOND, '%Y-%m-%d %H:%i:00.000')")
    };
    test.execute(&format!(
        "UPDATE sync_definitions SET next_tick = {then}, next_at = {then} WHERE is_paused = 0"
    ))
    .await;
}

/// Runs the clocks of several processes until the sync is not due any more.
async fn tick(test: &Test, app: &catchment::App, processes: usize) {
    let clocks: Vec<_> = (0..processes).map(|_| tokio::spawn(run_schedules(app.service().clone()))).collect();
    let due = if test.is_sqlite() {
        "SELECT COUNT(*) FROM sync_definitions WHERE is_paused = 0 AND next_at <= strftime('%Y-%m-%d %H:%M:%f', 'now')"
    } else {
        "SELECT COUNT(*) FROM sync_definitions WHERE is_paused = 0 AND next_at <= NOW(3)"
    };
    tokio::time::timeout(Duration::from_secs(60), async {
        while test.value(due).await != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    clocks.iter().for_each(tokio::task::JoinHandle::abort);
}

const RUNS: &str = "SELECT COUNT(*) FROM sync_runs";

on_both! {
    async fn a_time_is_taken_once_by_whichever_process(test: Test) {
        let app = app(&test).await;
        save(&app, draft(&test, "music", json!({"schedule": {"cron": "* * * * *"}}))).await;
        make_due(&test, 0).await;
        tick(&test, &app, 4).await;
        assert_eq!(test.value(RUNS).await, "1");
        let runs = app.service().runs_of_sync(&ME, "music", None, 10).await.unwrap();
        let saved = app.service().saved_sync(&ME, "music").await.unwrap();
        let last = saved.last_tick.unwrap();
        assert_eq!((runs[0].trigger, runs[0].scheduled_for), (Some(Trigger::Schedule), Some(last.at)));
        assert_eq!((last.outcome, runs[0].sync_name.as_deref()), (TickOutcome::Run, Some("music")));
        assert!(app.service().execute_sync(&ME, runs[0].id).await.unwrap().success);
    }

    async fn times_that_were_missed_are_made_up_for_by_one_run_or_by_none(test: Test) {
        let app = app(&test).await;
        for (catch_up, runs, outcome) in [("once", "1", TickOutcome::Run), ("none", "1", TickOutcome::Missed)] {
            let name = format!("music-{catch_up}");
            save(&app, draft(&test, &name, json!({"schedule": {"cron": "0 0 1 1 *", "catchUp": catch_up}}))).await;
            make_due(&test, 40 * 86_400).await;
            tick(&test, &app, 1).await;
            assert_eq!(test.value(RUNS).await, runs, "{catch_up}");
            assert_eq!(app.service().saved_sync(&ME, &name).await.unwrap().last_tick.unwrap().outcome, outcome);
            app.service().pause_sync(&ME, &name, true).await.unwrap();
        }
    }

    async fn of_many_times_that_were_missed_the_last_one_counts(test: Test) {
        let app = app(&test).await;
        save(&app, draft(&test, "music", json!({"schedule": {"cron": "* * * * *"}}))).await;
        make_due(&test, 3 * 3600).await;
        tick(&test, &app, 1).await;
        assert_eq!(test.value(RUNS).await, "1");
        let run = &app.service().runs_of_sync(&ME, "music", None, 10).await.unwrap()[0];
        let late = run.created_at.duration_since(run.scheduled_for.unwrap());
        assert!(late.as_secs() < 120, "{late:?}");
    }

    async fn a_run_that_waits_stands_for_the_next_time_as_well(test: Test) {
        let app = app(&test).await;
        for overlap in ["skip", "queue"] {
            save(&app, draft(&test, overlap, json!({"schedule": {"cron": "* * * * *", "overlap": overlap}}))).await;
            app.service().run_sync(&ME, overlap, RunMode::Sync).await.unwrap();
            make_due(&test, 0).await;
            tick(&test, &app, 1).await;
            let runs = app.service().runs_of_sync(&ME, overlap, None, 10).await.unwrap();
            assert_eq!((runs.len(), runs[0].trigger), (1, Some(Trigger::Manual)), "{overlap}");
            let saved = app.service().saved_sync(&ME, overlap).await.unwrap();
            assert_eq!(saved.last_tick.unwrap().outcome, TickOutcome::Skipped);
            app.service().pause_sync(&ME, overlap, true).await.unwrap();
        }
        // One that was begun does not: what came in since is for the next.
        app.service().pause_sync(&ME, "queue", false).await.unwrap();
        test.execute("UPDATE sync_runs SET attempt = 1").await;
        make_due(&test, 0).await;
        tick(&test, &app, 1).await;
        assert_eq!(app.service().runs_of_sync(&ME, "queue", None, 10).await.unwrap().len(), 2);
    }

    async fn what_does_not_fit_any_more_is_told_and_due_again_at_its_next_time(test: Test) {
        let app = app(&test).await;
        save(&app, draft(&test, "music", json!({"schedule": {"cron": "* * * * *"}}))).await;
        test.execute(r#"UPDATE sync_definitions SET options = '{"contentType":"poems"}'"#).await;
        make_due(&test, 0).await;
        tick(&test, &app, 1).await;
        let last = app.service().saved_sync(&ME, "music").await.unwrap().last_tick.unwrap();
        assert_eq!((last.outcome, test.value(RUNS).await.as_str()), (TickOutcome::Failed, "0"));
        assert!(last.error.unwrap().contains("poems"));
    }

    async fn a_paused_sync_is_never_due_and_goes_on_from_its_next_time(test: Test) {
        let app = app(&test).await;
        save(&app, draft(&test, "music", json!({"schedule": {"cron": "0 3 * * *"}}))).await;
        let paused = app.service().pause_sync(&ME, "music", true).await.unwrap();
        assert!(paused.is_paused && paused.next.is_empty());
        // A change that does not speak of it leaves it so.
        let changed = save(&app, draft(&test, "music", json!({"schedule": {"cron": "0 4 * * *"}}))).await;
        assert!(changed.is_paused);
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_definitions WHERE next_at IS NULL").await, "1");
        let resumed = app.service().pause_sync(&ME, "music", false).await.unwrap();
        assert_eq!((resumed.is_paused, resumed.next.len()), (false, 5));
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_definitions WHERE next_at IS NOT NULL").await, "1");
    }
}
