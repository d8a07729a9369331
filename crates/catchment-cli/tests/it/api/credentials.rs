//! Credentials between runs: requests that are sealed with a key, refresh tokens that are replaced.

use std::sync::Mutex;

use catchment::{RunStatus, Settings};
use serde_json::json;

use super::{catalogue, example, open, request, settings};
use crate::remote::{Reply, Request, Server};
use crate::support::{ME, Test, counts, on_both};

on_both! {
    async fn a_sealed_request_goes_on_with_its_key_alone(test: Test) {
        let server = catalogue().await;
        let ours = settings(&test);
        let asked = open(&test, &ours).await.service().schedule_sync(&ME, request(&server.url, example())).await.unwrap();

        let theirs = Settings { key_file: test.dir.path().join("other.key"), ..ours.clone() };
        let other = open(&test, &theirs).await;
        other.service().sync(&ME, request(&server.url, json!({"auth": {"type": "bearer", "token": "x"}}))).await.unwrap();
        assert_eq!(other.service().run(&ME, asked).await.unwrap().status, RunStatus::Pending);

        // Another process with the same key, after a restart.
        let result = open(&test, &ours).await.service().execute_sync(&ME, asked).await.unwrap();
        assert_eq!(counts(&result), [250, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn a_refresh_token_that_is_replaced_is_kept_for_the_next_run(test: Test) {
        let issued = Mutex::new(0);
        let server = Server::start(move |request: &Request| {
            let mut issued = issued.lock().unwrap();
            if request.path() == "/token" {
                if !request.body.contains(&format!("refresh_token=hunter2-{issued}")) {
                    return Reply::text(400, r#"{"error": "invalid_grant"}"#);
                }
                *issued += 1;
                return Reply::json(&json!({"access_token": "a", "refresh_token": format!("hunter2-{issued}")}));
            }
            Reply::json(&json!([{"id": 1, "title": "a"}]))
        })
        .await;
        let auth = json!({"type": "oauth2_refresh_token", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
            "refreshToken": "hunter2-0"});
        let options = json!({"contentType": "music", "auth": auth});
        for _ in 0..3 {
            let app = open(&test, &settings(&test)).await;
            let result = app.service().sync(&ME, request(&server.url, options.clone())).await.unwrap();
            assert!(result.success, "{:?}", result.error);
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_tokens").await, "1");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_tokens WHERE sealed LIKE '%hunter2%'").await, "0");
    }
}

#[tokio::test]
async fn a_sealed_secret_is_taken_by_no_door() {
    let test = Test::sqlite().await;
    let app = open(&test, &settings(&test)).await;
    let asked = || {
        let auth = json!({"type": "bearer", "token": {"sealed": "00"}});
        request("http://127.0.0.1:9/songs", json!({"contentType": "music", "auth": auth}))
    };
    let service = app.service();
    for error in [
        service.inspect(&ME, asked()).await.unwrap_err(),
        service.check(&ME, asked()).await.unwrap_err(),
        service.validate(&ME, asked()).await.unwrap_err(),
        service.schedule_sync(&ME, asked()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "invalid_options", "{error}");
        assert!(error.message().contains("a sealed secret is not accepted"), "{error}");
    }
}
