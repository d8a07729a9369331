//! Attempts: how they fail, and where the next one resumes.

use std::time::Duration;

use catchment::{App, RunStatus, Settings, Workers};
use catchment_core::{Error, ErrorKind};
use serde_json::json;

use super::{PAGES, app, scripted, until};
use crate::gated::{Gated, Step};
use crate::proxy::Proxy;
use crate::support::{ME, Test, counts, on_both, request};

on_both! {
    async fn an_attempt_that_fails_is_resumed_where_it_stood(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "resume"), app(&test).await);
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::Fail(Error::new(ErrorKind::Network, "reset", "the line went dead"))).unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'reset'", "pending").await;
        let run = app.service().run(&ME, id).await.unwrap();
        assert!(run.next_attempt_at.unwrap() > run.started_at.unwrap());
        assert_eq!(run.error.unwrap().message, "the line went dead");
        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs(&ME).await.unwrap();
        let result = app.service().execute_sync(&ME, id).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY external_id").await, ["one", "two"]);
        let attempts = app.service().attempts(&ME, id).await.unwrap();
        assert_eq!(attempts.iter().map(|attempt| attempt.pages).collect::<Vec<_>>(), [Some(1), Some(1)]);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_source_that_puts_the_run_off_is_obeyed_for_a_while(test: Test) {
        let app = app(&test).await;
        let put_off = || Step::Fail(Error::new(ErrorKind::RateLimited, "429", "").with_retry_after(Duration::ZERO));
        // The first attempt is due at once. Each later one is made due by hand: the time between them is not waited for.
        let attempts = async |id: i64, count: usize| {
            for attempt in 1..=count {
                if attempt > 1 {
                    app.service().resume_pending_syncs(&ME).await.unwrap();
                }
                let made = format!("SELECT COUNT(*) FROM sync_attempts WHERE sync_run_id = {id} AND ended_at IS NOT NULL");
                until(&test, &made, &attempt.to_string()).await;
            }
        };
        let workers = Workers::start(app.service(), 1);
        let (steps, gated) = scripted(&test, "put-off");
        for _ in 0..7 {
            steps.send(put_off()).unwrap();
        }
        let id = app.service().schedule_sync(&ME, gated).await.unwrap();
        attempts(id, 7).await;
        let next = app.service().run(&ME, id).await.unwrap().next_attempt_at.unwrap();
        assert!(next.as_second() > app.service().run(&ME, id).await.unwrap().started_at.unwrap().as_second() + 60, "no spinning");
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs(&ME).await.unwrap();
        assert_eq!(counts(&app.service().execute_sync(&ME, id).await.unwrap()), [1, 0, 0, 0, 0]);

        let (steps, mut gated) = scripted(&test, "put-off-for-ever");
        gated.options.insert("maxWait".into(), 0.into());
        for _ in 0..7 {
            steps.send(put_off()).unwrap();
        }
        let id = app.service().schedule_sync(&ME, gated).await.unwrap();
        attempts(id, 6).await;
        let run = app.service().run(&ME, id).await.unwrap();
        assert_eq!(run.status, RunStatus::Failed, "the first attempt took no time, five more count");
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn what_cannot_mend_itself_fails_at_once(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "fatal"), app(&test).await);
        steps.send(Step::Fail(Error::new(ErrorKind::Authentication, "401", "the token is refused"))).unwrap();
        let result = app.service().sync(&ME, gated.clone()).await.unwrap();
        assert!(!result.success);
        assert_eq!(
            test.query("SELECT error_type, error_code, error_message, is_retryable FROM sync_errors").await,
            ["authentication|401|the token is refused|0"]
        );
    }
}

on_both! {
    async fn shutting_down_gives_the_run_back(test: Test) {
        let ((steps, gated), app1) = (scripted(&test, "shut"), app(&test).await);
        let id = app1.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(app1.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        app1.service().shut_down();
        workers.finish().await;
        assert_eq!(app1.service().run(&ME, id).await.unwrap().status, RunStatus::Pending);
        let (steps, _) = scripted(&test, "shut");
        steps.send(Step::Page("two")).unwrap();
        steps.send(Step::End).unwrap();
        let app2 = app(&test).await;
        assert_eq!(counts(&app2.service().execute_sync(&ME, id).await.unwrap()), [2, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn a_file_that_changed_between_attempts_is_read_anew(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n2,b\n");
        let app = app(&test).await;
        let id = app.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        // A run that stood in the middle of another version of the file.
        test.execute(&format!(
            "UPDATE sync_runs SET page_no = 1, items_processed = 1, sync_metadata = '{{\"inserted\": 1}}', read_cursor = \
             '{{\"recordsRead\": 1, \"state\": {{\"line\": 3, \"offset\": 13, \"digest\": \"0\", \"layout\": {{\"encoding\": \
             \"UTF-8\", \"dialect\": {{\"delimiter\": 44, \"quote\": 34, \"escape\": null}}, \"hasHeader\": true, \
             \"columns\": [\"id\", \"title\"]}}}}}}' WHERE id = {id}"
        ))
        .await;
        let service = app.service().clone();
        let execution = tokio::spawn(async move { service.execute_sync(&ME, id).await.unwrap() });
        until(&test, "SELECT COUNT(*) FROM sync_runs", "2").await;
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "failed").await;
        // Its place is taken after a wait, which `resume` cuts short.
        app.service().resume_pending_syncs(&ME).await.unwrap();
        let result = execution.await.unwrap();
        assert_ne!(result.sync_run_id, id);
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(app.service().run(&ME, id).await.unwrap().metadata.replaced_by, Some(result.sync_run_id));
    }
}

on_both! {
    async fn counts_that_do_not_add_up_fail_the_run(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "sum"), app(&test).await);
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        test.execute("UPDATE sync_runs SET items_processed = 7").await;
        steps.send(Step::End).unwrap();
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'unbalanced'", "pending").await;
        let message = app.service().run(&ME, id).await.unwrap().error.unwrap().message;
        assert!(message.starts_with("1 records were read, but 7 processed"), "{message}");
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_source_that_panics_has_not_ended(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "panic"), app(&test).await);
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::Panic).unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'panic'", "pending").await;
        assert_eq!(app.service().run(&ME, id).await.unwrap().error.unwrap().kind, Some(ErrorKind::System));
        app.service().shut_down();
        workers.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_counts_once() {
    let mut test = Test::mariadb().await;
    let server = test.url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (direct, proxy) = (test.url.clone(), Proxy::start(server.clone()).await);
    test.url = test.url.replace(&server, &proxy.address.to_string());
    let ((steps, gated), app) = (scripted(&test, "lost"), app(&test).await);
    let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
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
    app.service().resume_pending_syncs(&ME).await.unwrap();
    let result = app.service().execute_sync(&ME, id).await.unwrap();
    assert_eq!(counts(&result), [3, 0, 0, 0, 0]);
    assert_eq!(test.query("SELECT title FROM content_index ORDER BY id").await, ["one", "two", "three"]);
    let attempts = app.service().attempts(&ME, id).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.pages).collect::<Vec<_>>(), [Some(2), Some(1)]);
    app.service().shut_down();
    workers.finish().await;
}

on_both! {
    async fn a_source_that_hangs_is_given_up_and_resumed(test: Test) {
        let (steps, gated) = scripted(&test, "hangs");
        let settings = Settings { silence_timeout: Duration::from_millis(200), ..test.settings() };
        let registry = catchment_sources::builtin().with::<Gated>();
        let app = App::open(&settings, registry).await.unwrap();
        let id = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Page("one")).unwrap();
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'source_silent'", "pending").await;
        steps.send(Step::End).unwrap();
        app.service().resume_pending_syncs(&ME).await.unwrap();
        until(&test, "SELECT status FROM sync_runs", "completed").await;
        assert_eq!(app.service().run(&ME, id).await.unwrap().items_processed, 1);
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

on_both! {
    async fn a_run_that_cannot_be_read_fails_like_any_other(test: Test) {
        let app = app(&test).await;
        let path = test.file("a.csv", "id,title\n1,a\n");
        let run = app.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        test.execute("UPDATE sync_runs SET read_cursor = '{}'").await;
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs", "failed").await;
        app.service().shut_down();
        workers.finish().await;
        let run = app.service().run(&ME, run).await.unwrap();
        assert_eq!((run.next_attempt_at, run.error.unwrap().message.contains("cursor")), (None, true));
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_attempts WHERE ended_at IS NULL").await, "0");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_errors").await, "1");
    }
}
