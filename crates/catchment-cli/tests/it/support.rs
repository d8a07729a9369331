//! A database of its own for each test, a directory of files, and a service on both.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use catchment::{App, Principal, Settings, SyncRequest, SyncResult};
use catchment_core::Registry;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use tempfile::TempDir;

/// Runs tests on SQLite and on MariaDB.
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($test:ident: Test) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn story($test: Test) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                story(Test::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mariadb() {
                story(Test::mariadb().await).await;
            }
        })+
    };
}
pub(crate) use on_both;

/// Whoever runs the tests: a program that uses the library.
pub static ME: LazyLock<Principal> = LazyLock::new(Principal::library);

pub struct Test {
    pub dir: TempDir,
    pub url: String,
}

impl Test {
    pub async fn sqlite() -> Self {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("catchment.db").display());
        Self { dir, url }
    }

    pub async fn mariadb() -> Self {
        let dir = TempDir::new().unwrap();
        let server = std::env::var("CATCHMENT_TEST_MYSQL")
            .expect("these tests need a MariaDB: run them by `cargo xtask test`, which brings one up");
        let name = format!("t{:016x}", rand::random::<u64>());
        let mut conn = sqlx::MySqlConnection::connect(&server).await.unwrap();
        conn.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Self { dir, url: format!("{server}/{name}") }
    }

    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    pub fn settings(&self) -> Settings {
        Settings { database_url: self.url.clone(), node: "test".into(), ..Settings::default() }
    }

    /// A time so many days ago, in the database's words.
    pub fn days_ago(&self, days: u32) -> String {
        if self.is_sqlite() {
            format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')")
        } else {
            format!("NOW(3) - INTERVAL {days} DAY")
        }
    }

    pub async fn app(&self) -> App {
        self.app_with(catchment_sources::builtin()).await
    }

    pub async fn app_with(&self, registry: Registry) -> App {
        App::open(&self.settings(), registry).await.unwrap()
    }

    /// Writes a file; its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Syncs a CSV file of this text to its end.
    pub async fn sync(&self, text: &str, options: Value) -> SyncResult {
        let path = self.file("source.csv", text);
        self.app().await.service().sync(&ME, request(&path, options)).await.unwrap()
    }

    /// Rows of a query, their values as text with `|` between.
    pub async fn query(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let mut conn = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).fetch_all(&mut conn).await.unwrap().iter().map(text_of).collect()
        } else {
            let mut conn = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(sql).fetch_all(&mut conn).await.unwrap().iter().map(text_of).collect()
        }
    }

    /// One value, as text.
    pub async fn value(&self, sql: &str) -> String {
        self.query(sql).await.pop().unwrap_or_default()
    }

    /// Statements that change something; what the database says if it refuses them.
    pub async fn try_execute(&self, sql: &str) -> Result<(), String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let done = if self.is_sqlite() {
            let mut conn = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            conn.execute("PRAGMA foreign_keys = on").await.unwrap();
            conn.execute(sqlx::raw_sql(sql)).await.map(|_| ())
        } else {
            let mut conn = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
            conn.execute(sqlx::raw_sql(sql)).await.map(|_| ())
        };
        done.map_err(|error| error.to_string())
    }

    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    /// The binary on this database.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_catchment"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("DATABASE_URL", &self.url)
            .env("CATCHMENT_NODE", "test")
            .env("LC_ALL", "C")
            .env_remove("CATCHMENT_API_TOKEN")
            .env_remove("CREDENTIALS_DIRECTORY")
            .env_remove("CATCHMENT_LANGUAGE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn text_of<R: Row>(row: &R) -> String
where
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
{
    let value = |column| row.try_get_unchecked::<Option<String>, usize>(column).unwrap();
    (0..row.len()).map(|column| value(column).unwrap_or("NULL".into())).collect::<Vec<_>>().join("|")
}

pub fn request(path: &std::path::Path, options: Value) -> SyncRequest {
    SyncRequest::from_json(json!({
        "sourceType": "csv", "sourceIdentifier": path.to_str().unwrap(), "options": options
    }))
    .unwrap()
}

/// The five counts: inserted, updated, unchanged, skipped, failed.
pub fn counts(result: &SyncResult) -> [u64; 5] {
    let counts = result.counts;
    assert_eq!(result.items_processed, counts.inserted + counts.updated + counts.unchanged);
    assert_eq!((result.items_skipped, result.items_failed), (counts.skipped, counts.failed));
    [counts.inserted, counts.updated, counts.unchanged, counts.skipped, counts.failed]
}

/// A child process that does not outlive its test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().unwrap();
        }
    }
}
