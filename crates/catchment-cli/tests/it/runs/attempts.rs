//! The life of a run: the queue, leases, interruptions, what is done by hand.

use std::time::Duration;

use catchment::{App, ContentIndexRepository, Door, RunStatus, Settings, SyncRequest, Workers};
use catchment_core::{Error, ErrorKind};
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use crate::gated::{Gated, Step, script};
use crate::proxy::Proxy;
use crate::support::{Test, counts, on_both, request};

/// A source of this test alone: its steps, and a request for it.
pub fn scripted(test: &Test, name: &str) -> (UnboundedSender<Step>, SyncRequest) {
    let identifier = format!("{name} of {}", test.dir.path().display());
    let request = SyncRequest::from_json(json!({
        "sourceType": "gated", "sourceIdentifier": identifier, "options": {"contentType": "music"}
    }));
    (script(&identifier), request.unwrap())
}

pub async fn app(test: &Test) -> App {
    test.app_with(catchment_sources::builtin().with::<Gated>()).await
}

/// Waits until a query answers with this.
pub async fn until(test: &Test, sql: &str, expected: &str) {
    let answered = async {
        while test.value(sql).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), answered).await;
    assert!(in_time.is_ok(), "{sql} never answered {expected}");
}

pub const PAGES: &str = "SELECT MAX(page_no) FROM sync_runs";

on_both! {
    async fn equal_requests_make_one_run(test: Test) {
        let app = app(&test).await;
        let path = test.file("a.csv", "id,title\n1,a\n");
        let ids: std::collections::BTreeSet<i64> = futures::future::join_all((0..50).map(|_| {
            let (service, path) = (app.service().clone(), path.clone());
            async move { service.schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap() }
        }))
        .await
        .into_iter()
        .collect();
        assert_eq!(ids.len(), 1);
        let other = app.service().schedule_sync(request(&path, json!({"contentType": "game"}))).await.unwrap();
        assert!(!ids.contains(&other));
    }
}

on_both! {
    async fn a_run_marked_as_failed_by_hand_writes_not_one_row_more(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "hand"), app(&test).await);
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
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
        let run = app.service().run(id).await.unwrap();
        assert_eq!((run.status, run.pages, run.items_processed), (RunStatus::Failed, 1, 1));
        let attempts = app.service().store().attempts(id).await.unwrap();
        assert_eq!(attempts[0].error.as_ref().unwrap().code.as_deref(), Some("lease_lost"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "1");
    }
}

on_both! {
    async fn an_attempt_that_fails_is_resumed_where_it_stood(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "resume"), app(&test).await);
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::Fail(Error::new(ErrorKind::Network, "reset", "the line went dead"))).unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'reset'", "pending").await;
        let run = app.service().run(id).await.unwrap();
        assert!(run.next_attempt_at.unwrap() > run.started_at.unwrap());
        assert_eq!(run.error.unwrap().message, "the line went dead");
        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs().await.unwrap();
        let result = app.service().execute_sync(id).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY external_id").await, ["one", "two"]);
        let attempts = app.service().store().attempts(id).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.pages).collect::<Vec<_>>(), [Some(1), Some(1)]);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_source_that_puts_the_run_off_is_obeyed_for_a_while(test: Test) {
        let app = app(&test).await;
        let put_off = || Step::Fail(Error::new(ErrorKind::RateLimited, "429", "").with_retry_after(Duration::ZERO));
        // Each attempt is made due by hand: the time between them is not waited for.
        let attempts = async |id: i64, count: usize| {
            for attempt in 1..=count {
                app.service().resume_pending_syncs().await.unwrap();
                let made = format!("SELECT COUNT(*) FROM sync_attempts WHERE sync_run_id = {id} AND ended_at IS NOT NULL");
                until(&test, &made, &attempt.to_string()).await;
            }
        };
        let workers = Workers::start(app.service(), 1);
        let (steps, gated) = scripted(&test, "put-off");
        for _ in 0..7 {
            steps.send(put_off()).unwrap();
        }
        let id = app.service().schedule_sync(gated).await.unwrap();
        attempts(id, 7).await;
        let next = app.service().run(id).await.unwrap().next_attempt_at.unwrap();
        assert!(next.as_second() > app.service().run(id).await.unwrap().started_at.unwrap().as_second() + 60, "no spinning");
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs().await.unwrap();
        assert_eq!(counts(&app.service().execute_sync(id).await.unwrap()), [1, 0, 0, 0, 0]);

        let (steps, mut gated) = scripted(&test, "put-off-for-ever");
        gated.options.insert("maxWait".into(), 0.into());
        for _ in 0..7 {
            steps.send(put_off()).unwrap();
        }
        let id = app.service().schedule_sync(gated).await.unwrap();
        attempts(id, 6).await;
        let run = app.service().run(id).await.unwrap();
        assert_eq!(run.status, RunStatus::Failed, "the first attempt took no time, five more count");
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn what_cannot_mend_itself_fails_at_once(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "fatal"), app(&test).await);
        steps.send(Step::Fail(Error::new(ErrorKind::Authentication, "401", "the token is refused"))).unwrap();
        let result = app.service().sync(gated.clone()).await.unwrap();
        assert!(!result.success);
        assert_eq!(
            test.query("SELECT error_type, error_code, error_message, is_retryable FROM sync_errors").await,
            ["authentication|401|the token is refused|0"]
        );
    }
}

on_both! {
    async fn two_runs_of_one_source_do_not_overlap(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "lane"), app(&test).await);
        let first = app.service().schedule_sync(gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 2);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        let second = app.service().schedule_sync(gated.clone()).await.unwrap();
        assert_ne!(first, second);
        // The second worker has looked at the queue when it has done something else.
        let path = test.file("a.csv", "id,title\n1,a\n");
        let other = app.service().schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(app.service().run(second).await.unwrap().status, RunStatus::Pending);
        steps.send(Step::End).unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::End).unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {second}"), "completed").await;
        assert_eq!(app.service().run(first).await.unwrap().status, RunStatus::Completed);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn shutting_down_gives_the_run_back(test: Test) {
        let ((steps, gated), app1) = (scripted(&test, "shut"), app(&test).await);
        let id = app1.service().schedule_sync(gated.clone()).await.unwrap();
        let workers = Workers::start(app1.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        app1.service().shut_down();
        workers.finish().await;
        assert_eq!(app1.service().run(id).await.unwrap().status, RunStatus::Pending);
        let (steps, _) = scripted(&test, "shut");
        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        let app2 = app(&test).await;
        assert_eq!(counts(&app2.service().execute_sync(id).await.unwrap()), [2, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn a_file_that_changed_between_attempts_is_read_anew(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n2,b\n");
        let app = app(&test).await;
        let id = app.service().schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        // A run that stood in the middle of another version of the file.
        test.execute(&format!(
            "UPDATE sync_runs SET page_no = 1, items_processed = 1, sync_metadata = '{{\"inserted\": 1}}', read_cursor = \
             '{{\"recordsRead\": 1, \"state\": {{\"line\": 3, \"offset\": 13, \"digest\": \"0\", \"layout\": {{\"encoding\": \
             \"UTF-8\", \"dialect\": {{\"delimiter\": 44, \"quote\": 34, \"escape\": null}}, \"hasHeader\": true, \
             \"columns\": [\"id\", \"title\"]}}}}}}' WHERE id = {id}"
        ))
        .await;
        let service = app.service().clone();
        let execution = tokio::spawn(async move { service.execute_sync(id).await.unwrap() });
        until(&test, "SELECT COUNT(*) FROM sync_runs", "2").await;
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "failed").await;
        // Its place is taken after a wait, which `resume` cuts short.
        app.service().resume_pending_syncs().await.unwrap();
        let result = execution.await.unwrap();
        assert_ne!(result.sync_run_id, id);
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(app.service().run(id).await.unwrap().metadata.replaced_by, Some(result.sync_run_id));
    }
}

on_both! {
    async fn counts_that_do_not_add_up_fail_the_run(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "sum"), app(&test).await);
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        test.execute("UPDATE sync_runs SET items_processed = 7").await;
        steps.send(Step::End).unwrap();
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'unbalanced'", "pending").await;
        let message = app.service().run(id).await.unwrap().error.unwrap().message;
        assert!(message.starts_with("1 records were read, but 7 processed"), "{message}");
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_source_that_panics_has_not_ended(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "panic"), app(&test).await);
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::Panic).unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'panic'", "pending").await;
        assert_eq!(app.service().run(id).await.unwrap().error.unwrap().kind, Some(ErrorKind::System));
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn two_sources_that_write_the_same_rows_reject_none_of_them(test: Test) {
        let app = app(&test).await;
        let file = |name: &str, rows: &mut dyn Iterator<Item = u32>| {
            let rows: String = rows.map(|row| format!("music,{row}GB,{row}\n")).collect();
            test.file(name, format!("category_id,capacity,price\n{rows}"))
        };
        let (up, down) = (file("up.csv", &mut (0..20_000)), file("down.csv", &mut (0..20_000).rev()));
        let options = json!({"targetTable": "catalog_items"});
        let (up, down) = tokio::join!(
            app.service().sync(request(&up, options.clone())),
            app.service().sync(request(&down, options))
        );
        for result in [up.unwrap(), down.unwrap()] {
            assert!(result.success, "{result:?}");
            assert_eq!((result.items_processed, result.items_failed), (20_000, 0));
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM catalog_items").await, "20000");
    }
}

on_both! {
    async fn a_run_that_does_not_read_keeps_nobody_waiting(test: Test) {
        let app = app(&test).await;
        let service = app.service();
        let path = test.file("a.csv", "id,title\n1,a\n");
        let broken = service.schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        test.execute("UPDATE sync_runs SET options = 'no JSON'").await;
        let other = service.schedule_sync(request(&path, json!({"contentType": "game"}))).await.unwrap();
        let workers = Workers::start(service, 1);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {broken}"), "failed").await;
        service.shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_run_under_way_is_called_off_and_goes_on_later(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "cancel"), app(&test).await);
        let service = app.service();
        let id = service.schedule_sync(gated.clone()).await.unwrap();
        let workers = Workers::start(service, 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        assert_eq!(service.cancel(id).await.unwrap().status, RunStatus::Cancelled);
        assert_eq!(service.cancel(id).await.unwrap_err().code(), "wrong_state");
        // The page that comes next is not written, and the worker is free for other runs.
        steps.send(Step::Page("lost")).unwrap();
        let path = test.file("a.csv", "id,title\n9,nine\n");
        let other = service.schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "nine"]);

        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        assert_eq!(service.retry(id).await.unwrap().status, RunStatus::Pending);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "completed").await;
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "nine", "two"]);
        assert_eq!(service.retry(id).await.unwrap_err().code(), "wrong_state");
        service.shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_waiting_run_is_called_off_at_once(test: Test) {
        let ((_steps, gated), app) = (scripted(&test, "waits"), app(&test).await);
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
        app.service().cancel(id).await.unwrap();
        assert!(!app.service().execute_sync(id).await.unwrap().success);
        assert_eq!(app.service().stats().await.unwrap().cancelled, 1);
    }
}

on_both! {
    async fn old_failures_are_taken_up_if_that_can_help(test: Test) {
        let app = app(&test).await;
        let path = |name: &str| test.file(name, "id,title\n1,a\n");
        let ago = |days: u32| match test.is_sqlite() {
            true => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"),
            false => format!("NOW() - INTERVAL {days} DAY"),
        };
        let mut ids = Vec::new();
        for (name, kind, days) in [
            ("passes", "'network'", 1),
            ("by hand", "NULL", 1),
            ("does not", "'config'", 1),
            ("long ago", "'network'", 8),
            ("superseded", "'network'", 1),
        ] {
            let request = request(&path(name), json!({"contentType": "music"}));
            let id = app.service().schedule_sync(request).await.unwrap();
            let at = ago(days);
            test.execute(&format!(
                "UPDATE sync_runs SET status = 'failed', error_type = {kind}, completed_at = {at} WHERE id = {id}"
            ))
            .await;
            ids.push(id);
        }
        let later = request(&path("superseded"), json!({"contentType": "music"}));
        app.service().sync(later).await.unwrap();
        assert_eq!(app.service().retry_failed_syncs().await.unwrap(), 2);
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
        let (ago, seen) = match test.is_sqlite() {
            true => ("strftime('%Y-%m-%d %H:%M:%f', 'now', '-31 days')", "external_id = 'y'"),
            false => ("NOW() - INTERVAL 31 DAY", "external_id = 'y'"),
        };
        assert_eq!(app.service().cleanup(30).await.unwrap(), 0);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {ago} WHERE id = 1")).await;
        test.execute(&format!("UPDATE content_index SET last_synced_at = {ago} WHERE {seen}")).await;
        assert_eq!(app.service().cleanup(30).await.unwrap(), 1);
        assert_eq!(test.query("SELECT id FROM sync_runs").await, ["2"]);
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_errors").await, "0");
        let content = ContentIndexRepository::new(app.service().store().clone());
        // Its source is alive: what it does not hold any more is for its complete passes to say.
        assert_eq!(content.cleanup_old(30).await.unwrap(), 0);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {ago}")).await;
        assert_eq!(content.cleanup_old(90).await.unwrap(), 0);
        assert_eq!(content.cleanup_old(30).await.unwrap(), 1);
        assert_eq!(test.query("SELECT external_id FROM content_index").await, ["x"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_counts_once() {
    let mut test = Test::mariadb().await;
    let server = test.url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (direct, proxy) = (test.url.clone(), Proxy::start(server.clone()).await);
    test.url = test.url.replace(&server, &proxy.address.to_string());
    let ((steps, gated), app) = (scripted(&test, "lost"), app(&test).await);
    let id = app.service().schedule_sync(gated.clone()).await.unwrap();
    let workers = Workers::start(app.service(), 1);
    test.url = direct;
    steps.send(Step::Page("one")).unwrap();
    until(&test, PAGES, "1").await;
    proxy.lose_next_commit();
    steps.send(Step::Page("two")).unwrap();
    until(&test, "SELECT status FROM sync_runs WHERE error_code = 'database_away'", "pending").await;
    assert!(proxy.has_lost_it());
    steps.send(Step::Page("three")).unwrap();
    steps.send(Step::End).unwrap();
    app.service().resume_pending_syncs().await.unwrap();
    let result = app.service().execute_sync(id).await.unwrap();
    assert_eq!(counts(&result), [3, 0, 0, 0, 0]);
    assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "two", "three"]);
    let attempts = app.service().store().attempts(id).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.pages).collect::<Vec<_>>(), [Some(2), Some(1)]);
    app.service().shut_down();
    workers.finish().await;
}

on_both! {
    async fn a_source_that_hangs_is_given_up_and_resumed(test: Test) {
        let (steps, gated) = scripted(&test, "hangs");
        let settings = Settings { silence_timeout: Duration::from_millis(200), ..test.settings() };
        let registry = catchment_sources::builtin().with::<Gated>();
        let app = App::open(&settings, registry, Door::Library).await.unwrap();
        let id = app.service().schedule_sync(gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'source_silent'", "pending").await;
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs().await.unwrap();
        until(&test, "SELECT status FROM sync_runs", "completed").await;
        assert_eq!(app.service().run(id).await.unwrap().items_processed, 1);
        app.service().shut_down();
        workers.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_host_does_not_answer_the_next_one_is_tried() {
    let mut test = Test::mariadb().await;
    let direct = test.url.clone();
    // Nobody listens on a port that was just given back.
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    test.url = test.url.replace('@', &format!("@{dead},"));
    let result = test.sync("id,title\n1,a\n", json!({"contentType": "music"})).await;
    assert!(result.success);
    test.url = direct;
    assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "1");
}
