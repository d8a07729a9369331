//! Saved syncs over HTTP: versions, secrets, and what is refused.

use serde_json::{Value, json};

use super::draft;
use crate::http::{Response, Server};
use crate::support::{Test, on_both};

/// A service with an API that needs a secret as a saved sync.
fn server(test: &Test) -> Server {
    std::fs::create_dir_all(test.dir.path().join("data")).unwrap();
    test.file("data/music.csv", "title\nHello\n");
    Server::ready(test)
}

fn with_secret(token: &Value) -> Value {
    json!({
        "name": "api", "sourceType": "api", "sourceIdentifier": "https://music.example/songs",
        "options": {"contentType": "music", "auth": {"type": "bearer", "token": token}}
    })
}

fn send(server: &Server, method: &str, path: &str, condition: &str, body: &Value) -> Response {
    let headers = match condition.split_once(": ") {
        Some((name, value)) => vec![("Content-Type", "application/json"), (name, value)],
        None => vec![("Content-Type", "application/json")],
    };
    server.send(method, path, &headers, &body.to_string())
}

on_both! {
    async fn a_saved_sync_is_made_changed_run_and_deleted(test: Test) {
        let server = server(&test);
        let made = server.post("/v1/syncs", &draft(&test, "music", json!({})));
        assert_eq!((made.status, &made.body["data"]["version"]), (201, &1.into()));
        assert_eq!(server.post("/v1/syncs", &draft(&test, "music", json!({}))).status, 409);
        let path = "/v1/syncs/music";
        let schedule = json!({"schedule": {"cron": "0 3 * * *", "timeZone": "Europe/Madrid"}});
        assert_eq!(send(&server, "PATCH", path, "", &schedule).status, 428);
        assert_eq!(send(&server, "PATCH", path, "If-Match: \"7\"", &schedule).status, 412);
        let changed = send(&server, "PATCH", path, "If-Match: \"1\"", &schedule);
        assert_eq!((changed.status, &changed.body["data"]["version"]), (200, &2.into()));
        assert_eq!(changed.body["data"]["next"].as_array().unwrap().len(), 5);
        let whole = draft(&test, "music", json!({}));
        assert_eq!(send(&server, "PUT", path, "If-None-Match: *", &whole).status, 412);
        let replaced = send(&server, "PUT", path, "If-Match: \"2\"", &whole);
        assert_eq!((replaced.status, &replaced.body["data"]["schedule"]), (200, &Value::Null));
        // Nothing changes, and nothing counts as a change.
        assert_eq!(send(&server, "PUT", path, "If-Match: *", &whole).body["data"]["version"], 3);
        assert_eq!(send(&server, "PUT", "/v1/syncs/other", "If-Match: *", &whole).status, 422);

        let run = server.post("/v1/syncs/music/run", &json!({}));
        assert_eq!(run.status, 202);
        server.wait_for("sync completed");
        let runs = server.get("/v1/syncs/music/runs");
        assert_eq!((&runs.body["data"][0]["status"], &runs.body["data"][0]["trigger"]), (&"completed".into(), &"manual".into()));
        let shown = server.get(&format!("/v1/sync/{}", run.body["data"]["syncRunId"]));
        assert_eq!(shown.body["data"]["sync"], "music");
        assert_eq!(server.get("/v1/syncs").body["data"]["syncs"][0]["lastRun"]["status"], "completed");

        assert_eq!(server.delete(path).status, 428);
        assert_eq!(send(&server, "DELETE", path, "If-Match: \"1\"", &json!({})).status, 412);
        assert_eq!(send(&server, "DELETE", path, "If-Match: \"3\"", &json!({})).status, 200);
        assert_eq!((server.get(path).status, test.value("SELECT COUNT(*) FROM sync_runs").await.as_str()), (404, "1"));
    }

    async fn a_stored_secret_is_never_shown_and_goes_to_no_other_address(test: Test) {
        let server = server(&test);
        let made = server.post("/v1/syncs", &with_secret(&"hunter2".into()));
        assert_eq!(made.status, 201, "{}", made.body);
        let shown = server.get("/v1/syncs/api").body["data"].clone();
        assert_eq!(shown["options"]["auth"]["token"], json!({"set": true}));
        let stored = test.value("SELECT options FROM sync_definitions").await;
        assert!(!stored.contains("hunter2") && stored.contains("sealed"), "{stored}");

        // What comes back as it was shown is kept, and another one replaces it.
        let path = "/v1/syncs/api";
        let same = send(&server, "PUT", path, "If-Match: *", &with_secret(&json!({"set": true})));
        assert_eq!((same.status, &same.body["data"]["version"]), (200, &1.into()), "{}", same.body);
        let other = send(&server, "PUT", path, "If-Match: *", &with_secret(&"correct horse".into()));
        assert_eq!(other.body["data"]["version"], 2);
        assert_ne!(test.value("SELECT options FROM sync_definitions").await, stored);

        for patch in [
            json!({"sourceIdentifier": "https://evil.example/songs"}),
            json!({"sourceIdentifier": "http://music.example/songs"}),
            json!({"options": {"endpoint": "https://evil.example/"}}),
        ] {
            let refused = send(&server, "PATCH", path, "If-Match: *", &patch);
            assert_eq!((refused.status, &refused.body["error"]["code"]), (422, &"no_secret".into()), "{patch}");
        }
        let moved = json!({"sourceIdentifier": "https://other.example/songs", "options": {"auth": {"token": "new"}}});
        assert_eq!(send(&server, "PATCH", path, "If-Match: *", &moved).status, 200);
        let sealed = json!({"set": true, "sealed": "00"});
        assert_eq!(send(&server, "PUT", path, "If-Match: *", &with_secret(&sealed)).status, 422);
    }

    async fn what_its_runs_would_be_refused_for_is_refused_when_it_is_saved(test: Test) {
        let server = server(&test);
        for (more, pointer) in [
            (json!({"name": "Not A Name"}), "/name"),
            (json!({"options": {"contentType": "poems"}}), "/options/contentType"),
            (json!({"schedule": {"cron": "0 0 12 * * ?"}}), "/schedule/cron"),
            (json!({"schedule": {"cron": "0 0 31 2 *"}}), "/schedule/cron"),
            (json!({"schedule": {"cron": "@daily", "timeZone": "Mars/Olympus"}}), "/schedule/timeZone"),
            (json!({"schedule": {"cron": "@daily", "jitter": "2 days"}}), "/schedule/jitter"),
            (json!({"whatever": 1}), "/whatever"),
        ] {
            let refused = server.post("/v1/syncs", &draft(&test, "music", more.clone()));
            assert_eq!(refused.status, 422, "{more}");
            assert_eq!(refused.body["error"]["details"][0]["pointer"], pointer, "{more}: {}", refused.body);
        }
        // Whoever saves it, it reads what requests over HTTP may.
        let outside = draft(&test, "music", json!({"sourceIdentifier": "/etc/passwd"}));
        assert_eq!(server.post("/v1/syncs", &outside).body["error"]["code"], "outside_data_dirs");
    }

    async fn a_schedule_tells_its_next_times(test: Test) {
        let server = server(&test);
        let schedule = json!({"cron": "30 2 * * *", "timeZone": "America/Bogota"});
        let next = server.post("/v1/schedules/preview", &schedule).body["data"]["next"].clone();
        let next: Vec<_> = next.as_array().unwrap().iter().map(|time| time.as_str().unwrap().to_owned()).collect();
        assert!(next.len() == 5 && next.iter().all(|time| time.ends_with("T07:30:00.000Z")), "{next:?}");
        let refused = server.post("/v1/schedules/preview", &json!({"cron": "never"}));
        assert_eq!(refused.body["error"]["details"][0]["pointer"], "/cron");
    }
}
