//! What may not hold up the workers or the callers: a panic, a hang, many at once, a run that nobody can take up.

use std::time::Duration;

use catchment::{App, RunStatus, Settings, Workers};
use serde_json::json;

use crate::gated::{Gated, Trap, set_trap};
use crate::runs::{app, scripted, until};
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn a_worker_that_panics_is_replaced(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "trap"), app(&test).await);
        app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        set_trap(&gated.source_identifier, Some(Trap::Panics));
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE id = 1", "in_progress").await;
        let path = test.file("a.csv", "id,title\n1,a\n");
        let other = app.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        set_trap(&gated.source_identifier, None);
        drop(steps);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_file_system_that_hangs_before_the_first_page_holds_no_worker_for_ever(test: Test) {
        let (steps, gated) = scripted(&test, "hang");
        let settings = Settings { silence_timeout: Duration::from_millis(200), ..test.settings() };
        let registry = catchment_sources::builtin().with::<Gated>();
        let app = App::open(&settings, registry).await.unwrap();
        app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        set_trap(&gated.source_identifier, Some(Trap::Hangs));
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'source_silent'", "pending").await;
        set_trap(&gated.source_identifier, None);
        drop(steps);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn callers_without_bound_do_not_starve_each_other(test: Test) {
        let app = test.app().await;
        let syncs = (0..40).map(|index| {
            let path = test.file(&format!("{index}.csv"), format!("id,title\n{index},a\n"));
            let service = app.service().clone();
            tokio::spawn(async move { service.sync(&ME, request(&path, json!({"contentType": "music"}))).await })
        });
        for result in futures::future::join_all(syncs).await {
            assert!(result.unwrap().unwrap().success);
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "40");
    }
}

on_both! {
    async fn a_lost_run_of_another_key_keeps_no_worker_spinning(test: Test) {
        let app = test.app().await;
        let file = |name: &str| test.file(name, "category_id,capacity,price\nmusic,8GB,1\n");
        let options = json!({"targetTable": "catalog_items"});
        let lost = app.service().schedule_sync(&ME, request(&file("a.csv"), options.clone())).await.unwrap();
        let past = test.days_ago(1);
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = {past}, attempt = 1, fence = 1, \
             lease_owner = 'gone/m/b/1/1/1' WHERE id = {lost}"
        ))
        .await;
        test.execute(&format!("INSERT INTO sync_run_keys (sync_run_id, key_id) VALUES ({lost}, 'another')")).await;
        let other = app.service().schedule_sync(&ME, request(&file("b.csv"), options)).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(app.service().run(&ME, lost).await.unwrap().status, RunStatus::Pending);
        app.service().shut_down();
        workers.finish().await;
    }
}
