//! Sources of many pages, several of them on their way at the same time: whatever way a page takes into the table, what
//! is there afterwards is the same.

use std::collections::HashMap;
use std::fmt::Write;

use catchment::App;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

/// So many rows that what the table holds is read out, and several pages are written side by side.
const ROWS: usize = 32_000;

fn file(row: impl Fn(usize) -> String) -> String {
    let mut text = String::from("id,title,album\n");
    for number in 0..ROWS {
        writeln!(text, "{}", row(number)).unwrap();
    }
    text
}

on_both! {
    async fn a_large_file_read_again_is_compared_with_what_is_there(test: Test) {
        let options = json!({"contentType": "music"});
        let text = file(|row| format!("{row},Title {row},Álbum \"\"{row}\"\""));
        assert_eq!(counts(&test.sync(&text, options.clone()).await), [ROWS as u64, 0, 0, 0, 0]);
        // Rows of another source stand among those that come last.
        test.execute(
            "INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id) \
             VALUES ('game', 'Other', 'usb', '/x', '1')"
        ).await;
        let more = text.clone() + "new 1,New,x\nnew 2,New,x\n";
        assert_eq!(counts(&test.sync(&more, options.clone()).await), [2, 0, ROWS as u64, 0, 0]);
        test.execute("UPDATE content_index SET title = 'By hand' WHERE external_id = '31000'").await;
        test.execute("UPDATE content_index SET metadata = NULL WHERE external_id = '20000'").await;
        test.execute("DELETE FROM content_index WHERE external_id IN ('25000', '25001')").await;
        test.execute("UPDATE content_index SET is_available = 0 WHERE external_id = '7'").await;
        let result = test.sync(&more, options).await;
        assert_eq!(counts(&result), [2, 3, ROWS as u64 - 3, 0, 0]);
        let marks = "SELECT source_type, last_sync_run_id, COUNT(*) FROM content_index GROUP BY 1, 2 ORDER BY 1";
        assert_eq!(test.query(marks).await, [format!("csv|3|{}", ROWS + 2), "usb|NULL|1".to_owned()]);
        let wrong = "SELECT COUNT(*) FROM content_index WHERE source_type = 'csv' AND is_available = 1 AND \
                     (title = CONCAT('Title ', external_id) OR external_id LIKE 'new%') AND metadata IS NOT NULL";
        let wrong = if test.is_sqlite() { wrong.replace("CONCAT('Title ', external_id)", "'Title ' || external_id") } else { wrong.into() };
        assert_eq!(test.value(&wrong).await, (ROWS + 2).to_string());
    }
}

on_both! {
    async fn repeated_identities_are_skipped_wherever_they_come_again(test: Test) {
        let seed = rand::random();
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let mut text = String::from("id,title\n");
        let (mut first, mut skipped) = (HashMap::new(), 0);
        for row in 0..ROWS {
            let distance = [1, 10, 3000, 6000, 25_000][rng.random_range(0..5)];
            let id = if rng.random_range(0..20) == 0 && row > distance { row - distance } else { row };
            writeln!(text, "{id},{row}").unwrap();
            if let std::collections::hash_map::Entry::Vacant(e) = first.entry(id) {
                e.insert(row);
            } else {
                skipped += 1;
            }
        }
        let (path, count) = (test.file("a.csv", text), first.len() as u64);
        // First in the usual way, again, then with so little memory that nearly all rows are looked up.
        for (run, memory) in [64 << 20, 64 << 20, 48 * 1000].into_iter().enumerate() {
            let settings = catchment::Settings { memory_budget: memory, ..test.settings() };
            let app = App::open(&settings, catchment_sources::builtin()).await.unwrap();
            let result = app.service().sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
            let expected = if run == 0 { [count, 0, 0, skipped, 0] } else { [0, 0, count, skipped, 0] };
            assert_eq!(counts(&result), expected, "run {run}, seed {seed}");
        }
        for row in test.query("SELECT external_id, title FROM content_index").await {
            let (id, title) = row.split_once('|').unwrap();
            assert_eq!(first[&id.parse().unwrap()].to_string(), title, "seed {seed}");
        }
        let listed = test.query("SELECT sync_run_id, COUNT(*), COUNT(DISTINCT line_no) FROM sync_skips GROUP BY 1").await;
        assert_eq!(listed, [1, 2, 3].map(|run| format!("{run}|{skipped}|{skipped}")));
    }
}

on_both! {
    async fn a_row_that_is_refused_takes_nothing_with_it(test: Test) {
        test.app().await;
        test.execute(if test.is_sqlite() {
            "CREATE TRIGGER guard BEFORE INSERT ON content_index WHEN NEW.title = 'poison' \
             BEGIN SELECT RAISE(ABORT, 'no poison'); END"
        } else {
            "CREATE TRIGGER guard BEFORE INSERT ON content_index FOR EACH ROW \
             IF NEW.title = 'poison' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no poison'; END IF"
        })
        .await;
        // What is refused comes again some pages later, as a row that fits.
        let text = file(|row| match row {
            7000 | 12_000 => format!("{row},poison,x"),
            12_001 => "7000,Second try,x".to_owned(),
            25_000 => "12000,Second try,x".to_owned(),
            25_001 => "7000,Third try,x".to_owned(),
            _ => format!("{row},Title,x"),
        });
        let result = test.sync(&text, json!({"contentType": "music"})).await;
        let inserted = ROWS as u64 - 3;
        assert_eq!(counts(&result), [inserted, 0, 0, 1, 2]);
        let errors = test.query("SELECT error_code, item_identifier, line_no FROM sync_errors ORDER BY id").await;
        assert_eq!(errors, ["refused_by_database|7000|7002", "refused_by_database|12000|12002"]);
        let tries = "SELECT external_id, title FROM content_index WHERE title LIKE '%try' ORDER BY external_id";
        assert_eq!(test.query(tries).await, ["12000|Second try", "7000|Second try"]);
        assert_eq!(test.query("SELECT line_no FROM sync_skips").await, ["25003"]);
    }
}
