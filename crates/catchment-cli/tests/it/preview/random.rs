//! What a preview says is what the run after it does: for random tables and sources.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::{counted, products};
use crate::support::{Test, counts, on_both};

on_both! {
    async fn a_preview_and_the_run_after_it_agree(test: Test) {
        let seed: u64 = rand::random();
        eprintln!("seed {seed}");
        let rng = &mut StdRng::seed_from_u64(seed);
        test.make(
            "CREATE TABLE products (id INT NOT NULL PRIMARY KEY, name VARCHAR(8) NOT NULL, price DECIMAL(8,2) CHECK (price < 900), \
             stock SMALLINT NULL)",
            "CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(8) NOT NULL, price DECIMAL(8,2) CHECK (price < 900), \
             stock SMALLINT NULL)",
        )
        .await;
        for pair in 0..50 {
            for _ in 0..rng.random_range(0..6) {
                let id = rng.random_range(0..40);
                test.execute(&match rng.random_range(0..3) {
                    0 => format!("DELETE FROM products WHERE id = {id}"),
                    1 => format!("UPDATE products SET stock = NULL WHERE id = {id}"),
                    _ => format!("UPDATE products SET name = 'edited', price = {} WHERE id = {id}", rng.random_range(0..9)),
                })
                .await;
            }
            let text = source(rng);
            let preview = test.previewed(products(&test, &text)).await;
            let before = rows(&test).await;
            let run = test.sync(&text, json!({ "targetTable": "products" })).await;
            let after = rows(&test).await;
            assert_eq!(counted(&preview), counts(&run), "pair {pair}, seed {seed}\n{text}");
            assert_eq!(shown(&test.found(preview.id).await), differing(&before, &after), "pair {pair}, seed {seed}\n{text}");
        }
    }
}

fn source(rng: &mut StdRng) -> String {
    let mut text = "id,name,price,stock\n".to_owned();
    for _ in 0..rng.random_range(1..50) {
        let id = rng.random_range(0..45);
        let name = ["Tea", "Mate", "Coffee", "much too long", ""][rng.random_range(0..5)];
        let price = ["1.5", "2", "899.99", "950", "-3", "", "x"][rng.random_range(0..7)];
        let stock = ["", "1", "7", "40000"][rng.random_range(0..4)];
        text.push_str(&format!("{id},{name},{price},{stock}\n"));
    }
    text
}

async fn rows(test: &Test) -> BTreeMap<String, String> {
    let rows = test.query("SELECT id, name, price, stock FROM products").await;
    rows.into_iter().map(|row| (row.split('|').next().unwrap().to_owned(), row)).collect()
}

/// The rows that a preview says would be new, or changed.
fn shown(changes: &[String]) -> Vec<String> {
    let mut items: Vec<_> =
        changes.iter().map(|change| change.split(':').next().unwrap().to_owned()).collect();
    items.sort();
    items
}

fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let mut items: Vec<_> = after
        .iter()
        .filter_map(|(id, row)| match before.get(id) {
            None => Some(format!("insert {id}")),
            Some(was) if was != row => Some(format!("update {id}")),
            Some(_) => None,
        })
        .collect();
    items.sort();
    items
}
