//! A process that is killed at any moment loses nothing and repeats nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{Process, Test, on_both};

/// Kills that hit a run in the middle, for each database.
const KILLS: usize = 20;
const ROWS: usize = 500_000;
/// The command that is killed.
const SYNC: [&str; 5] = ["sync", "a.csv", "--content-type", "music", "--json"];
/// What must be the same as if nobody had killed anything: every counter, every reject, every skip.
const ACCOUNTS: [&str; 3] = [
    "SELECT id, status, items_processed, items_failed, items_skipped, sync_metadata FROM sync_runs",
    "SELECT error_type, error_code, error_message, item_identifier, line_no, byte_offset, column_name, raw_record \
     FROM sync_errors ORDER BY line_no",
    "SELECT reason, item_identifier, line_no, byte_offset FROM sync_skips ORDER BY line_no",
];

/// A file with rejects and duplicates, and what the table must hold after it.
fn file(rng: &mut StdRng) -> (String, BTreeMap<String, String>, [usize; 3]) {
    let (mut text, mut oracle) = (String::from("id,title,album\n"), BTreeMap::new());
    let (mut skipped, mut failed) = (0, 0);
    for row in 0..ROWS {
        match rng.random_range(0..1000) {
            0 => {
                text.push_str(&format!("{row},,no title\n"));
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
async fn kill_again_and_again(test: &Test, rng: &mut StdRng, seed: u64) -> usize {
    let mut kills = 0;
    loop {
        let mut process = Process(test.command(&SYNC).spawn().unwrap());
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

on_both! {
    async fn killed_again_and_again(test: Test) {
        let seed = std::env::var("CATCHMENT_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
        println!("CATCHMENT_TEST_SEED={seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let (text, oracle, [inserted, skipped, failed]) = file(&mut rng);
        test.file("a.csv", text);
        test.app().await;
        let kills = kill_again_and_again(&test, &mut rng, seed).await;
        assert!(kills >= KILLS, "the run ended after {kills} kills, seed {seed}");

        let table: BTreeMap<String, String> = test
            .query("SELECT external_id, title FROM content_index")
            .await
            .into_iter()
            .map(|row| row.split_once('|').map(|(id, title)| (id.to_owned(), title.to_owned())).unwrap())
            .collect();
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, inserted.to_string());
        assert!(table == oracle, "the table differs from the file, seed {seed}");
        let undisturbed = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
        let mut process = Process(undisturbed.command(&SYNC).current_dir(test.dir.path()).spawn().unwrap());
        assert_eq!(process.0.wait().unwrap().code(), Some(3), "seed {seed}");
        for sql in ACCOUNTS {
            assert!(test.query(sql).await == undisturbed.query(sql).await, "seed {seed}: other answers to {sql}");
        }
        let run = "SELECT status, items_processed, items_skipped, items_failed FROM sync_runs";
        assert_eq!(test.query(run).await, [format!("completed|{inserted}|{skipped}|{failed}")], "seed {seed}");
    }
}
