//! A schema of the size and kind of Sakila's, each table of it filled from a CSV file of itself.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

/// A table: its name, its columns with their types, what follows them, how many rows it has, and how a row of it is written.
struct Made {
    name: &'static str,
    columns: &'static [(&'static str, &'static str)],
    constraints: &'static str,
    rows: usize,
    row: fn(usize) -> String,
}

const TABLES: &[Made] = &[
    Made {
        name: "language",
        columns: &[("language_id", "TINYINT UNSIGNED NOT NULL"), ("name", "CHAR(20) NOT NULL")],
        constraints: "PRIMARY KEY (language_id)",
        rows: 6,
        row: |id| format!("{id},{}", ["Español", "English", "Deutsch", "Français", "日本語", "Русский"][id]),
    },
    Made {
        name: "actor",
        columns: &[
            ("actor_id", "SMALLINT UNSIGNED NOT NULL"),
            ("first_name", "VARCHAR(45) NOT NULL"),
            ("last_update", "TIMESTAMP NULL"),
        ],
        constraints: "PRIMARY KEY (actor_id)",
        rows: 300,
        row: |id| format!("{id},\"Zoë \"\"{id}\"\"\",2026-01-{:02} 04:34:{:02}", id % 28 + 1, id % 60),
    },
    Made {
        name: "film",
        columns: &[
            ("film_id", "INT NOT NULL"),
            ("title", "VARCHAR(128) NOT NULL"),
            ("description", "TEXT"),
            ("release_year", "YEAR"),
            ("language_id", "TINYINT UNSIGNED NOT NULL"),
            ("rental_rate", "DECIMAL(4,2) NOT NULL DEFAULT 4.99"),
            ("rating", "ENUM('G','PG','PG-13','R','NC-17') DEFAULT 'G'"),
            ("features", "SET('Trailers','Commentaries','Deleted Scenes')"),
        ],
        constraints: "PRIMARY KEY (film_id), FOREIGN KEY (language_id) REFERENCES language (language_id)",
        rows: 1000,
        row: |id| {
            let text =
                if id % 3 == 0 { String::new() } else { format!("\"A tale, of\n{id} \"\"ghosts\"\"\"") };
            let rating = ["G", "PG", "PG-13", "R", "NC-17"][id % 5];
            let features = ["", "Trailers", "\"Trailers,Deleted Scenes\""][id % 3];
            format!("{id},FILM {id},{text},{},{},{}.99,{rating},{features}", 1990 + id % 30, id % 6, id % 5)
        },
    },
    Made {
        name: "film_actor",
        columns: &[
            ("actor_id", "SMALLINT UNSIGNED NOT NULL"),
            ("film_id", "INT NOT NULL"),
            ("billing", "INT"),
        ],
        constraints: "PRIMARY KEY (actor_id, film_id), FOREIGN KEY (actor_id) REFERENCES actor (actor_id), FOREIGN KEY (film_id) \
                      REFERENCES film (film_id)",
        rows: 3000,
        row: |id| format!("{},{},{}", id / 10, id % 10 * 97 + id / 1000, id),
    },
    Made {
        name: "customer",
        columns: &[
            ("customer_id", "INT NOT NULL"),
            ("email", "VARCHAR(50)"),
            ("active", "BOOLEAN NOT NULL DEFAULT 1"),
            ("create_date", "DATETIME NOT NULL"),
            ("born", "DATE"),
        ],
        constraints: "PRIMARY KEY (customer_id), UNIQUE (email)",
        rows: 1000,
        row: |id| {
            format!(
                "{id},c{id}@example.com,{},2026-02-{:02} 22:04:36,19{:02}-06-15",
                id % 2,
                id % 28 + 1,
                30 + id % 70
            )
        },
    },
    Made {
        name: "payment",
        columns: &[
            ("payment_id", "BIGINT NOT NULL"),
            ("customer_id", "INT NOT NULL"),
            ("amount", "DECIMAL(9,4) NOT NULL"),
            ("paid_at", "TIME NOT NULL"),
            ("factor", "DOUBLE"),
        ],
        constraints: "PRIMARY KEY (payment_id), FOREIGN KEY (customer_id) REFERENCES customer (customer_id)",
        rows: 12_000,
        row: |id| {
            let large = id as i64 * 1_000_003 - 5_000_000_000;
            format!(
                "{large},{},{}.{:04},{:02}:10:59,{}.5",
                id % 1000,
                id % 100,
                id % 10 * 1000 + 1,
                id % 24,
                id
            )
        },
    },
];

impl Made {
    fn statement(&self, is_sqlite: bool) -> String {
        let mut statement = format!("CREATE TABLE {} (", self.name);
        for (name, sql_type) in self.columns {
            let words = sql_type.starts_with("ENUM") || sql_type.starts_with("SET");
            let sql_type = if is_sqlite && words { "TEXT" } else { sql_type };
            write!(statement, "{name} {sql_type}, ").unwrap();
        }
        let end = if is_sqlite { ")" } else { ") CHARACTER SET utf8mb4" };
        statement + self.constraints + end
    }

    fn csv(&self, change: impl Fn(usize, String) -> String) -> String {
        let header: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let rows = (0..self.rows).map(|id| change(id, (self.row)(id)));
        std::iter::once(header.join(",")).chain(rows).map(|line| line + "\n").collect()
    }
}

/// What a table holds, as sorted lines of CSV.
fn shown(test: &Test, table: &str) -> Vec<String> {
    let output = test.command(&["show", table, "--csv"]).output().unwrap();
    sorted(&String::from_utf8(output.stdout).unwrap())
}

/// The records of a CSV text, sorted, as far as they are told apart by line ends outside of quotes.
fn sorted(text: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut records: Vec<_> =
        reader.records().map(|record| record.unwrap().iter().collect::<Vec<_>>().join("\u{1f}")).collect();
    records.sort();
    records
}

on_both! {
    async fn each_table_is_filled_from_a_file_of_itself(test: Test) {
        let app = test.app().await;
        for table in TABLES {
            test.execute(&table.statement(test.is_sqlite())).await;
        }
        for table in TABLES {
            let name = table.name;
            let sync = async |text: &str| {
                let path = test.file(&format!("{name}.csv"), text);
                counts(&app.service().sync(&ME, request(&path, json!({"targetTable": name}))).await.unwrap())
            };
            let (text, rows) = (table.csv(|_, row| row), table.rows as u64);
            assert_eq!(sync(&text).await, [rows, 0, 0, 0, 0], "{name}");
            assert_eq!(shown(&test, name), sorted(&text), "{name}");
            assert_eq!(sync(&text).await, [0, 0, rows, 0, 0], "{name} again");
        }
        // One percent of the films have another title.
        let films = &TABLES[2];
        let changed = films.csv(|id, row| if id % 100 == 37 { row.replace("FILM", "MOVIE") } else { row });
        let path = test.file("film.csv", &changed);
        let result = app.service().sync(&ME, request(&path, json!({"targetTable": "film"}))).await.unwrap();
        assert_eq!(counts(&result), [0, 10, 990, 0, 0]);
        assert_eq!(shown(&test, "film"), sorted(&changed));
        // A row that refers to nothing is its own reject.
        let path = test.file("payment.csv", "payment_id,customer_id,amount,paid_at\n1,999999,1,10:00\n2,1,1,10:00\n");
        let result = app.service().sync(&ME, request(&path, json!({"targetTable": "payment"}))).await.unwrap();
        assert_eq!(counts(&result), [1, 0, 0, 0, 1]);
    }
}
