//! The first day of an engineer with a source of their own: the binary, as people call it, on both databases.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

use sqlx::{Connection, Executor};

const PRICES: &str =
    "music     8GB       54900     \nmusic     32GB      cheap     \nvideo     64GB      99900     \n";
const OPTIONS: &str = r#"{
    "columns": [{"name": "category_id", "width": 10}, {"name": "capacity", "width": 10}, {"name": "price", "width": 10}],
    "targetTable": "catalog_items"
}"#;

/// Runs the binary in a directory; how it ended and what it said.
fn run(dir: &std::path::Path, database: &str, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fixed-width"));
    command.args(args).current_dir(dir).env("DATABASE_URL", database).env("CATCHMENT_NODE", "test");
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), said)
}

fn first_day(database: &str) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("prices.txt"), PRICES).unwrap();
    std::fs::write(dir.path().join("options.json"), OPTIONS).unwrap();
    let source = ["prices.txt", "--type", "fixed_width", "--options", "options.json"];
    let with = |command: &str| {
        let args: Vec<_> = std::iter::once(command).chain(source).collect();
        run(dir.path(), database, &args)
    };
    let (code, said) = run(dir.path(), database, &["sync", "prices.txt", "--type", "fixed"]);
    assert!(code == 2 && said.contains("fixed_width"), "{said}");
    let (code, said) = with("check");
    assert!(code == 3 && said.contains("2 of the first 3 records fit"), "{code}: {said}");
    let (code, said) = with("sync");
    assert!(code == 3 && said.contains("line 2") && said.contains("`cheap`"), "{code}: {said}");
    let (code, said) = with("sync");
    assert!(code == 3 && said.contains("unchanged            2"), "{code}: {said}");
    let (code, said) =
        run(dir.path(), database, &["show", "catalog_items", "--where", "price>60000", "--csv"]);
    assert!(code == 0 && said.lines().count() == 2 && said.contains(",video,64GB,"), "{said}");
    assert!(run(dir.path(), database, &["schema", "fixed_width"]).1.contains("\"width\""));
}

#[test]
fn on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    first_day(&format!("sqlite://{}", dir.path().join("catchment.db").display()));
}

#[tokio::test]
async fn on_mariadb() {
    let server = std::env::var("CATCHMENT_TEST_MYSQL")
        .expect("this test needs a MariaDB: run it by `cargo xtask test`, which brings one up");
    let name = format!("fixed_width_{}", std::process::id());
    let mut conn = sqlx::MySqlConnection::connect(&server).await.unwrap();
    conn.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    first_day(&format!("{server}/{name}"));
    conn.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name}"))).await.unwrap();
}
