//! What the README and the pages beside it tell people to type works as it stands there, from a clone.

use std::process::Command;

use serde_json::{Value, json};

use crate::http::Server;
use crate::remote::{self, Reply};
use crate::support::{Test, on_both};

const README: &str = include_str!("../../../../README.md");
const SQL: &str = include_str!("../../../../docs/sql.md");
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// The lines of a page's blocks of code in a language.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    let parts = page.split(fence.as_str()).skip(1);
    parts.map(|part| part.split("```").next().unwrap()).collect()
}

fn shell_lines() -> impl Iterator<Item = &'static str> {
    blocks(README, "sh").into_iter().flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty())
}

fn copy_examples(test: &Test) {
    std::fs::create_dir(test.dir.path().join("examples")).unwrap();
    for entry in std::fs::read_dir(EXAMPLES).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), test.dir.path().join("examples").join(entry.file_name())).unwrap();
        }
    }
}

/// A line of a shell, with the binary on its path.
fn shell(test: &Test, line: &str) -> (i32, String) {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_catchment")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(test.dir.path()).env("PATH", path);
    command.env("DATABASE_URL", &test.url).env("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_runs() {
    let test = Test::sqlite().await;
    copy_examples(&test);
    let api = remote::Server::start(|request| {
        let songs = |ids: std::ops::Range<u32>| {
            ids.map(|id| json!({"id": id, "title": format!("song {id}")})).collect::<Vec<_>>()
        };
        let songs = if request.param("page").as_deref() == Some("2") { songs(3..5) } else { songs(1..3) };
        let next = (songs[0]["id"] == 1).then_some("/songs?page=2");
        Reply::json(&json!({"data": songs, "next": next}))
    })
    .await;
    let mut count = 0;
    for line in
        shell_lines().filter(|line| line.contains("catchment ") && !line.starts_with("catchment serve"))
    {
        let line = line.replace("https://api.example.com", &api.url);
        let (code, said) = shell(&test, &line);
        assert_eq!(code, 0, "{line}\n{said}");
        count += 1;
    }
    assert!(count >= 11, "{count} commands were found");
    assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "4");
    assert_eq!(test.value("SELECT COUNT(*) FROM catalog_items").await, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_the_readme_are_answered() {
    let test = Test::sqlite().await;
    copy_examples(&test);
    let posted = README.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
    let catalog = test.dir.path().join("examples/music_catalog.csv");
    let posted = posted.replace("/data/music_catalog.csv", catalog.to_str().unwrap());
    let server = Server::ready(&test);
    let answer = server.post("/v1/sync/trigger", &serde_json::from_str::<Value>(&posted).unwrap());
    assert_eq!((answer.status, &answer.body["data"]["syncRunId"]), (202, &json!(1)));
    server.wait_for("sync completed");
    assert_eq!(server.get("/v1/sync/1").body["data"]["itemsProcessed"], 3);
}

on_both! {
    async fn every_statement_of_the_page_on_sql_runs(test: Test) {
        test.sync("id,title\n1,a\n", json!({"contentType": "music"})).await;
        // On a page for SQLite, a statement for MySQL is followed by its own where they differ.
        let mut statements = Vec::new();
        for section in SQL.split("\n## ").skip(1) {
            let (mysql, sqlite) = (blocks(section, "sql"), blocks(section, "sqlite"));
            assert_eq!(sqlite.is_empty(), section.contains("The same on SQLite."), "{section}");
            statements.push(if test.is_sqlite() && !sqlite.is_empty() { sqlite[0] } else { mysql[0] });
        }
        assert!(statements.len() >= 6);
        for statement in statements {
            test.execute(statement).await;
        }
    }
}
