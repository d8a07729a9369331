//! What the doors answer, whole: a change of an answer is a change of its snapshot. `INSTA_UPDATE=always` rewrites them.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::http::Server;
use crate::support::Test;

/// One row of each fate: applied, a duplicate, and two that are rejected.
const CATALOG: &str = "song_name,artist_name\nDespacito,Luis Fonsi\nDespacito,Luis Fonsi\n,Nobody\nragged\n";

fn request(test: &Test, name: &str) -> Value {
    let mapping = json!({"title": "song_name", "artist": "artist_name"});
    let options = json!({"contentType": "music", "columnMapping": mapping, "maxStoredErrors": 1000});
    json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join(name), "options": options})
}

/// With times and the directory of the test replaced, which are others each time.
fn stable(test: &Test, mut answer: Value) -> Value {
    fn visit(value: &mut Value, dir: &str) {
        match value {
            Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => *text = "[time]".to_owned(),
            Value::String(text) => *text = text.replace(dir, "[dir]"),
            Value::Array(items) => items.iter_mut().for_each(|item| visit(item, dir)),
            Value::Object(members) => members.values_mut().for_each(|member| visit(member, dir)),
            _ => {}
        }
    }
    visit(&mut answer, test.dir.path().to_str().unwrap());
    answer
}

/// What a command of the CLI prints with `--json`.
fn printed(test: &Test, args: &[&str]) -> Value {
    let output = test.command(args).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_that_of_its_snapshot() {
    let test = Test::sqlite().await;
    test.file("songs.csv", CATALOG);
    let server = Server::ready(&test);
    let answer = |answer: Value| stable(&test, answer);

    let trigger = server.post("/v1/sync/trigger", &request(&test, "songs.csv"));
    assert_json_snapshot!("scheduled", answer(trigger.body));
    server.wait_for("sync completed");
    assert_json_snapshot!("run", answer(server.get("/v1/sync/1").body));
    assert_json_snapshot!("errors", answer(server.get("/v1/sync/1/errors?limit=1").body));
    assert_json_snapshot!("skips", answer(server.get("/v1/sync/1/skips").body));

    server.post("/v1/sync/trigger", &request(&test, "none.csv"));
    server.wait_for("sync failed");
    assert_json_snapshot!("run_failed", answer(server.get("/v1/sync/2").body));
    assert_json_snapshot!("retried", answer(server.post("/v1/sync/2/retry", &json!({})).body));
    server.wait_for("sync failed");
    assert_json_snapshot!("stats", answer(server.get("/v1/sync/stats").body));
    assert_json_snapshot!("resumed", answer(server.post("/v1/sync/resume", &json!({})).body));

    let checked = server.post("/v1/sync/check", &request(&test, "songs.csv"));
    assert_json_snapshot!("check", answer(checked.body));
    assert_json_snapshot!("refused", answer(server.post("/v1/sync/trigger", &json!({"sourceType": 1})).body));
    assert_json_snapshot!("not_found", answer(server.get("/v1/sync/99").body));
    assert_json_snapshot!("alive", answer(server.get("/healthz").body));
    assert_json_snapshot!("ready", answer(server.get("/readyz").body));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_what_http_answers() {
    let test = Test::sqlite().await;
    let path = test.file("songs.csv", CATALOG);
    let path = path.to_str().unwrap();
    let source = [path, "--content-type", "music", "--map", "title=song_name", "--map", "artist=artist_name"];
    let with = |command: &'static str| [&[command], &source[..], &["--json"]].concat();
    let (synced, checked) = (printed(&test, &with("sync")), printed(&test, &with("check")));
    let shown = printed(&test, &["runs", "--json", "show", "1"]);
    let listed = printed(&test, &["runs", "--json", "list"]);

    let server = Server::ready(&test);
    let run = server.get("/v1/sync/1").body["data"].take();
    assert_eq!(shown, run);
    assert_eq!(synced, run);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&listed), keys(&run));
    let answer = server.post("/v1/sync/check", &request(&test, "songs.csv"));
    assert_eq!(checked, answer.body["data"]);
}
