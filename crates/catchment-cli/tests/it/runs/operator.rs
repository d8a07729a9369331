//! What an operator does by hand: mark as failed, cancel, retry, clean up.

use catchment::{RunStatus, Workers};
use serde_json::json;

use super::{PAGES, app, scripted, until};
use crate::gated::Step;
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn a_run_marked_as_failed_by_hand_writes_not_one_row_more(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "hand"), app(&test).await);
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        let now = if test.is_sqlite() { "datetime('now')" } else { "NOW()" };
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'failed', error_message = 'Interrupted by system restart', \
             completed_at = {now} WHERE status = 'in_progress'"
        ))
        .await;
        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        // Another run of the same source may begin, and then the first worker is gone from it.
        scripted(&test, "hand").0.send(Step::End).unwrap();
        app.service().shut_down();
        workers.finish().await;
        let run = app.service().run(&ME, id).await.unwrap();
        assert_eq!((run.status, run.pages, run.items_processed), (RunStatus::Failed, 1, 1));
        let attempts = app.service().attempts(&ME, id).await.unwrap();
        assert_eq!(attempts[0].error.as_ref().unwrap().code.as_deref(), Some("lease_lost"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "1");
    }
}

on_both! {
    async fn a_run_under_way_is_called_off_and_goes_on_later(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "cancel"), app(&test).await);
        let service = app.service();
        let id = service.schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(service, 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        assert_eq!(service.cancel(&ME, id).await.unwrap().status, RunStatus::Cancelled);
        assert_eq!(service.cancel(&ME, id).await.unwrap_err().code(), "wrong_state");
        // The page that comes next is not written, and the worker is free for other runs.
        steps.send(Step::Page("lost")).unwrap();
        let path = test.file("a.csv", "id,title\n9,nine\n");
        let other = service.schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "nine"]);

        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        assert_eq!(service.retry(&ME, id).await.unwrap().status, RunStatus::Pending);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "completed").await;
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "nine", "two"]);
        assert_eq!(service.retry(&ME, id).await.unwrap_err().code(), "wrong_state");
        service.shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_waiting_run_is_called_off_at_once(test: Test) {
        let ((_steps, gated), app) = (scripted(&test, "waits"), app(&test).await);
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        app.service().cancel(&ME, id).await.unwrap();
        assert!(!app.service().execute_sync(&ME, id).await.unwrap().success);
        assert_eq!(app.service().stats(&ME).await.unwrap().cancelled, 1);
    }
}

on_both! {
    async fn old_failures_are_taken_up_if_that_can_help(test: Test) {
        let app = app(&test).await;
        let path = |name: &str| test.file(name, "id,title\n1,a\n");
        let ago = |days: u32| test.days_ago(days);
        let mut ids = Vec::new();
        for (name, kind, days) in [
            ("passes", "'network'", 1),
            ("by hand", "NULL", 1),
            ("does not", "'config'", 1),
            ("long ago", "'network'", 8),
            ("superseded", "'network'", 1),
        ] {
            let request = request(&path(name), json!({"contentType": "music"}));
            let id = app.service().schedule_sync(&ME, request).await.unwrap();
            let at = ago(days);
            test.execute(&format!(
                "UPDATE sync_runs SET status = 'failed', error_type = {kind}, completed_at = {at} WHERE id = {id}"
            ))
            .await;
            ids.push(id);
        }
        let later = request(&path("superseded"), json!({"contentType": "music"}));
        app.service().sync(&ME, later).await.unwrap();
        assert_eq!(app.service().retry_failed_syncs(&ME).await.unwrap(), 2);
        let pending = test.query("SELECT id FROM sync_runs WHERE status = 'pending' ORDER BY id").await;
        assert_eq!(pending, [ids[0].to_string(), ids[1].to_string()]);
    }
}

on_both! {
    async fn what_is_old_is_cleaned_up(test: Test) {
        let app = app(&test).await;
        let rejects: String = (0..2500).map(|row| format!("{row},\n")).collect();
        test.sync(&format!("id,title\nx,a\ny,b\n{rejects}"), json!({"contentType": "music"})).await;
        test.sync("id,title\nx,a\n", json!({"contentType": "music"})).await;
        let ago = test.days_ago(31);
        assert_eq!(app.service().cleanup(&ME, 30).await.unwrap(), 0);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {ago} WHERE id = 1")).await;
        test.execute(&format!("UPDATE content_index SET last_synced_at = {ago} WHERE external_id = 'y'")).await;
        assert_eq!(app.service().cleanup(&ME, 30).await.unwrap(), 1);
        assert_eq!(test.query("SELECT id FROM sync_runs").await, ["2"]);
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_errors").await, "0");
        let content = app.content_index();
        // Its source is alive: what it does not hold any more is for its complete passes to say.
        assert_eq!(content.cleanup_old(&ME, 30).await.unwrap(), 0);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {ago}")).await;
        assert_eq!(content.cleanup_old(&ME, 90).await.unwrap(), 0);
        assert_eq!(content.cleanup_old(&ME, 30).await.unwrap(), 1);
        assert_eq!(test.query("SELECT external_id FROM content_index").await, ["x"]);
    }
}
