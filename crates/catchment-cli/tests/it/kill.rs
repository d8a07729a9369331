//! A process that is killed at any moment loses nothing and repeats nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{Process, Test, on_both};

/// Kills that hit a run in the middle, for each database.
const KILLS: usize = 20;
const ROWS: usize = 500_000;
/// What a file is loaded into.
struct Target {
    /// The table, and the column of its key.
    table: &'static str,
    key: &'static str,
    /// The statement that makes it, if it is not there from the start.
    made_by: Option<&'static str>,
    /// The command that is killed.
    sync: &'static [&'static str],
    /// How a record begins and ends that the table does not take.
    bad: [&'static str; 2],
}

const CONTENT: Target = Target {
    table: "content_index",
    key: "external_id",
    made_by: None,
    sync: &["sync", "a.csv", "--content-type", "music", "--json"],
    bad: ["", ",,no title\n"],
};

/// A table of somebody's own, whose ledger is beside it.
const SONGS: Target = Target {
    table: "songs",
    key: "id",
    made_by: Some(
        "CREATE TABLE songs (id INT NOT NULL PRIMARY KEY, title VARCHAR(60) NOT NULL, album VARCHAR(20))",
    ),
    sync: &["sync", "a.csv", "--target", "songs", "--json"],
    bad: ["x", ",no number,\n"],
};

/// What must be the same as if nobody had killed anything: every counter, every reject, every skip.
const ACCOUNTS: [&str; 3] = [
    "SELECT id, status, items_processed, items_failed, items_skipped, sync_metadata FROM sync_runs",
    "SELECT error_type, error_code, error_message, item_identifier, line_no, byte_offset, column_name, raw_record \
     FROM sync_errors ORDER BY line_no",
    "SELECT reason, item_identifier, line_no, byte_offset FROM sync_skips ORDER BY line_no",
];

/// A file with rejects and duplicates, and what the table must hold after it.
fn file(rng: &mut StdRng, [begin, end]: [&str; 2]) -> (String, BTreeMap<String, String>, [usize; 3]) {
    let (mut text, mut oracle) = (String::from("id,title,album\n"), BTreeMap::new());
    let (mut skipped, mut failed) = (0, 0);
    for row in 0..ROWS {
        match rng.random_range(0..1000) {
            0 => {
                text.push_str(&format!("{begin}{row}{end}"));
                failed += 1;
            }
            1 => {
                text.push_str("ragged\n");
                failed += 1;
            }
            kind => {
                let id = if kind < 4 && row > 10 { rng.random_range(0..row) } else { row };
                let (id, title) = (id.to_string(), format!("Title \"{row}\""));
                text.push_str(&format!("{id},\"Title \"\"{row}\"\"\",Album\n"));
                if let std::collections::btree_map::Entry::Vacant(e) = oracle.entry(id) {
                    e.insert(title);
                } else {
                    skipped += 1;
                }
            }
        }
    }
    let inserted = oracle.len();
    (text, oracle, [inserted, skipped, failed])
}

/// Runs the command, kills it at some moment, and again, until it has been killed often enough to be let through; how often
/// that hit a run in the middle.
async fn kill_again_and_again(test: &Test, target: &Target, rng: &mut StdRng, seed: u64) -> usize {
    let mut kills = 0;
    loop {
        let mut process = Process(test.command(target.sync).spawn().unwrap());
        let pages = pages(test).await;
        // Some pages further on, and then at any moment of the next one.
        let further = rng.random_range(0..2);
        let ended = loop {
            match process.0.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if self::pages(test).await > pages + further => break None,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        match ended {
            Some(status) => {
                assert_eq!(status.code(), Some(3), "seed {seed}");
                return kills;
            }
            None if kills < KILLS => {
                tokio::time::sleep(Duration::from_micros(rng.random_range(0..60_000))).await;
                process.0.kill().unwrap();
                process.0.wait().unwrap();
                kills += usize::from(test.value("SELECT status FROM sync_runs").await == "in_progress");
            }
            None => {
                assert_eq!(process.0.wait().unwrap().code(), Some(3), "seed {seed}");
                return kills;
            }
        }
    }
}

async fn pages(test: &Test) -> i64 {
    test.value("SELECT page_no FROM sync_runs").await.parse().unwrap_or(0)
}

async fn killed(test: Test, target: Target) {
    let seed =
        std::env::var("CATCHMENT_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("CATCHMENT_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let (text, oracle, [inserted, skipped, failed]) = file(&mut rng, target.bad);
    test.file("a.csv", text);
    test.app().await;
    let undisturbed = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
    for test in [&test, &undisturbed] {
        if let Some(statement) = target.made_by {
            test.execute(statement).await;
        }
    }
    let kills = kill_again_and_again(&test, &target, &mut rng, seed).await;
    assert!(kills >= KILLS, "the run ended after {kills} kills, seed {seed}");

    let Target { table, key, .. } = target;
    let rows: BTreeMap<String, String> = test
        .query(&format!("SELECT {key}, title FROM {table}"))
        .await
        .into_iter()
        .map(|row| row.split_once('|').map(|(id, title)| (id.to_owned(), title.to_owned())).unwrap())
        .collect();
    assert_eq!(test.value(&format!("SELECT COUNT(*) FROM {table}")).await, inserted.to_string());
    assert!(rows == oracle, "the table differs from the file, seed {seed}");
    let mut process = Process(undisturbed.command(target.sync).current_dir(test.dir.path()).spawn().unwrap());
    assert_eq!(process.0.wait().unwrap().code(), Some(3), "seed {seed}");
    for sql in ACCOUNTS {
        assert!(test.query(sql).await == undisturbed.query(sql).await, "seed {seed}: other answers to {sql}");
    }
    let run = "SELECT status, items_processed, items_skipped, items_failed FROM sync_runs";
    assert_eq!(test.query(run).await, [format!("completed|{inserted}|{skipped}|{failed}")], "seed {seed}");
}

on_both! {
    async fn killed_again_and_again(test: Test) {
        killed(test, CONTENT).await;
    }

    async fn killed_again_and_again_with_the_ledger_beside_the_table(test: Test) {
        killed(test, SONGS).await;
    }
}
