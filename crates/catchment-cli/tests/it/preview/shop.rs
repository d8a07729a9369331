//! A price list of a shop, from week to week.

use serde_json::Value;

use crate::support::{Test, on_both};

const ARTICLES: usize = 4000;

/// A list whose prices have risen by so much; those of some articles are wrong by a factor of a thousand.
fn list(articles: impl Iterator<Item = usize>, rise: usize, wrong: &[usize]) -> String {
    let line = |id: usize| match id {
        id if wrong.contains(&id) => format!("{id},Article {id},{}.50\n", id + rise),
        id => format!("{id},Article {id},{}\n", id * 1000 + 500 + rise * 1000),
    };
    format!("id,name,price\n{}", articles.map(line).collect::<String>())
}

/// The shop, with what its owner types.
struct Shop<'a> {
    test: &'a Test,
    path: String,
}

impl Shop<'_> {
    fn says(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.test.command(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// Syncs the list of a week, with further flags.
    fn syncs(&self, list: &str, flags: &[&str]) -> (Option<i32>, String) {
        self.test.file("prices.csv", list);
        let usual = [
            "sync",
            &self.path,
            "--target",
            "products",
            "--when-gone",
            "mark",
            "--conflict",
            "price=keep_edits",
        ];
        self.says(&[&usual, flags].concat())
    }
}

impl Shop<'_> {
    /// Previews a list, of which three prices are wrong.
    fn sees_wrong_prices_first(&self, list: &str) {
        let (code, shown) = self.syncs(list, &["--dry-run"]);
        let lines: Vec<_> = shown.lines().skip_while(|line| !line.starts_with("column")).take(6).collect();
        let expected = [
            "column  rows   median  largest change",
            "price   4,000  +0.0 %  900,500 → 901.5 (900)",
            "Updates, those first that change a number the most (10 of 4,000):",
            "  900: price 900,500 → 901.5",
            "  700: price 700,500 → 701.5",
            "  500: price 500,500 → 501.5",
        ];
        assert_eq!((code, lines), (Some(0), expected.to_vec()), "{shown}");
        let next = "Nothing was written. To write this, and nothing else: catchment runs approve 2";
        assert!(shown.contains(next), "{shown}");
    }
}

on_both! {
    async fn a_shop_keeps_its_prices_right(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        let table = format!(
            "CREATE TABLE products (id {id} NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(12,2), is_available \
             BOOLEAN NOT NULL DEFAULT 1)"
        );
        test.execute(&table).await;
        let declared = "[[target]]\nname = 'products'\ngone = { column = 'is_available', value = false, back = true }\n";
        test.file("catchment.toml", declared);
        let path = test.dir.path().join("prices.csv").display().to_string();
        let shop = Shop { test: &test, path };
        let all = || 1..=ARTICLES;
        assert_eq!(shop.syncs(&list(all(), 0, &[]), &[]).0, Some(0));

        // The next week all prices rise a bit, and three are wrong by a factor of a thousand: they are shown first.
        let wrong = list(all(), 1, &[500, 700, 900]);
        shop.sees_wrong_prices_first(&wrong);

        // They are mended in the list. What was shown is not written then; what is shown next is.
        let mended = list(all(), 1, &[]);
        test.file("prices.csv", &mended);
        assert_eq!(shop.says(&["runs", "approve", "2"]).0, Some(1));
        assert!(shop.says(&["runs", "show", "3"]).1.contains("are not what preview 2 has shown"));
        let (_, shown) = shop.syncs(&mended, &["--dry-run", "--json"]);
        let preview: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(preview["preview"]["columns"]["price"]["rows"], 4000);
        let (code, told) = shop.says(&["runs", "approve", &preview["syncRunId"].to_string()]);
        assert!(code == Some(0) && told.contains("updated          4,000"), "{told}");
        assert_eq!(shop.says(&["runs", "changes", "2", "--column", "price"]).1.lines().count(), 4000);

        // Somebody makes a price of their own; it survives the next list, in which an article is missing.
        test.execute("UPDATE products SET price = 99 WHERE id = 7").await;
        let (code, told) = shop.syncs(&list(all().filter(|id| *id != 8), 2, &[]), &[]);
        assert!(code == Some(0) && told.contains("kept      1 fields") && told.contains("gone                 1"), "{told}");
        assert_eq!(test.value("SELECT COUNT(*) FROM products WHERE id = 7 AND price = 99").await, "1");
        assert_eq!(test.query("SELECT id FROM products WHERE is_available = 0").await, ["8"]);

        // A list that was cut in half marks nothing.
        let (code, told) = shop.syncs(&list(1..=ARTICLES / 2, 2, &[]), &[]);
        assert!(code == Some(3) && told.contains("nothing was marked: 2000 of the source's"), "{told}");
        assert_eq!(test.value("SELECT COUNT(*) FROM products WHERE is_available = 0").await, "0");
    }
}
