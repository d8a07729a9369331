//! What a run brings from the source into the table, and what it says of the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::{catalogue, example, open, request, settings};
use crate::remote::{Reply, Request, Server};
use crate::support::{ME, Test, counts, on_both};

on_both! {
    async fn the_contracts_example_fills_the_table(test: Test) {
        let server = catalogue().await;
        let url = format!("{}/music/catalog?view=hunter2-view", server.url);
        let settings = settings(&test);
        let app = open(&test, &settings).await;
        let result = app.service().sync(&ME, request(&url, example())).await.unwrap();
        assert_eq!(counts(&result), [250, 0, 0, 0, 0]);
        let row = "SELECT title, artist, genre, external_id, is_available, source_type FROM content_index WHERE external_id = '7'";
        assert_eq!(test.query(row).await, ["Song 7|Zoë|pop|7|1|api"]);
        let metadata: Value = serde_json::from_str(&test.value("SELECT metadata FROM content_index WHERE external_id = '7'").await).unwrap();
        assert_eq!(metadata, json!({"artist": {"name": "Zoë"}, "year": 1999}));
        let again = app.service().sync(&ME, request(&url, example())).await.unwrap();
        assert_eq!(counts(&again), [0, 0, 250, 0, 0]);
        // What is stored of the request does not hold the secret.
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs WHERE options LIKE '%hunter2%'").await, "0");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs WHERE read_cursor LIKE '%hunter2%'").await, "0");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_run_keys").await, "2");
    }
}

on_both! {
    async fn only_what_is_new_is_asked_for_once_all_before_it_is_stored(test: Test) {
        let fails = Arc::new(AtomicBool::new(true));
        let is_bad_day = fails.clone();
        let server = Server::start(move |request: &Request| {
            let since = request.number("since").unwrap_or(0);
            let page = request.number("page").unwrap_or(1);
            if page == 2 && is_bad_day.load(Ordering::SeqCst) {
                return Reply::text(404, "not today");
            }
            let all: Vec<_> = (1..=6).rev().filter(|at| *at > since).map(|at| json!({"id": at, "title": "t", "at": at})).collect();
            let here: Vec<_> = all.iter().skip((page - 1) * 3).take(3).collect();
            let next = (all.len() > page * 3).then(|| format!("?since={since}&page={}", page + 1));
            Reply::json(&json!({"items": here, "next": next}))
        })
        .await;
        let options = json!({"contentType": "music", "incremental": {"cursorField": "at", "param": "since", "initialValue": 0}});
        let app = open(&test, &settings(&test)).await;
        let service = app.service();
        let sync = async || service.sync(&ME, request(&server.url, options.clone())).await.unwrap();
        // The newest come first: had the first page moved the value, the second one would never be asked for again.
        let first = sync().await;
        assert_eq!((first.success, first.items_processed), (false, 3));
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_states").await, "0");
        fails.store(false, Ordering::SeqCst);
        let second = sync().await;
        assert_eq!(counts(&second), [3, 0, 3, 0, 0]);
        let third = sync().await;
        assert!(third.success, "{:?}", third.error);
        assert_eq!(counts(&third), [0, 0, 0, 0, 0]);
        assert_eq!(server.targets().last().unwrap(), "/?since=6");
        // Other options are another request, which reads all.
        let mut other = options.clone();
        other["contentType"] = "video".into();
        let other = service.sync(&ME, request(&server.url, other)).await.unwrap();
        assert_eq!(counts(&other), [0, 6, 0, 0, 0]);
    }
}

on_both! {
    async fn what_is_rejected_or_skipped_is_listed_with_its_page(test: Test) {
        let server = Server::start(|request: &Request| match request.number("page").unwrap() {
            1 => Reply::json(&json!([{"id": 1, "title": "a"}, {"id": 2, "title": null}])),
            2 => Reply::json(&json!([{"id": 3, "title": "b"}, 7, {"id": 3, "title": "c"}])),
            _ => Reply::json(&json!([])),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "pagination": {"type": "page"}});
        let result = app.service().sync(&ME, request(&server.url, options)).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 1, 2]);
        let service = app.service();
        let errors = service.errors(&ME, result.sync_run_id, 0, 9).await.unwrap();
        let errors: Vec<_> = errors.iter().map(|error| (error.page, error.path.clone().unwrap())).collect();
        assert_eq!(errors, [(Some(1), "$[1]".to_owned()), (Some(2), "$[1]".to_owned())]);
        let skips = service.skips(&ME, result.sync_run_id, 0, 9).await.unwrap();
        assert_eq!((skips[0].page, skips[0].path.as_deref()), (Some(2), Some("$[2]")));
    }
}

on_both! {
    async fn an_answer_that_has_not_changed_changes_nothing(test: Test) {
        let server = Server::start(|request: &Request| match request.headers.get("if-none-match") {
            Some(_) => Reply::text(304, ""),
            None => Reply::json(&json!([{"id": 1, "title": "a"}])).header("ETag", "\"1\""),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        for expected in [[1, 0, 0, 0, 0], [0; 5], [0; 5]] {
            let result = app.service().sync(&ME, request(&server.url, json!({"contentType": "music"}))).await.unwrap();
            assert!(result.success, "{:?}", result.error);
            assert_eq!(counts(&result), expected);
        }
        assert_eq!(test.value("SELECT last_sync_run_id FROM content_index").await, "1");
    }
}

#[tokio::test]
async fn a_source_that_was_cut_or_is_suddenly_empty_says_so() {
    let test = Test::sqlite().await;
    let is_empty = Arc::new(AtomicBool::new(false));
    let empties = is_empty.clone();
    let server = Server::start(move |request: &Request| {
        let page = request.number("page").unwrap_or(1);
        if empties.load(Ordering::SeqCst) {
            Reply::json(&json!({"items": []}))
        } else {
            Reply::json(
                &json!({"items": [{"id": page, "title": "a"}], "next": format!("?page={}", page + 1)}),
            )
        }
    })
    .await;
    let app = open(&test, &settings(&test)).await;
    let options = json!({"contentType": "music", "pagination": {"maxPages": 2}});
    let result = app.service().sync(&ME, request(&server.url, options.clone())).await.unwrap();
    assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
    assert!(app.service().run(&ME, result.sync_run_id).await.unwrap().metadata.truncated);
    is_empty.store(true, Ordering::SeqCst);
    let result = app.service().sync(&ME, request(&server.url, options)).await.unwrap();
    assert_eq!(result.error.unwrap().code.as_deref(), Some("source_empty"));
}

on_both! {
    async fn a_csv_file_at_an_address_is_read_like_one_on_the_disk(test: Test) {
        let server = Server::start(|request: &Request| match request.path() {
            "/songs.csv" => Reply::text(200, "id;título\n1;Canción\n2;Otra\n").header("content-type", "text/csv"),
            "/cut.csv" => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nid;title\n1;a\n"),
            _ => Reply::text(200, "<html>log in</html>").header("content-type", "text/html"),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let service = app.service();
        let at = |name: &str| request(&format!("{}/{name}", server.url), json!({"contentType": "music"}));
        let result = service.sync(&ME, at("songs.csv")).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '1'").await, "Canción");
        let page = service.sync(&ME, at("login.csv")).await.unwrap();
        assert_eq!(page.error.unwrap().code.as_deref(), Some("not_csv"));
        let error = service.check(&ME, at("cut.csv")).await.unwrap_err();
        assert_eq!((error.kind().to_string().as_str(), error.code()), ("network", "broken_off"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "2");
    }
}
