//! What happens outside of Catchment: the source changes, and somebody edits the table by hand.

use rand::RngExt;

use super::parts::{BAD, COLUMNS, PRICE, Record, Row};
use super::{IDS, Trial};

impl Trial {
    pub(super) fn value(&mut self, column: usize) -> String {
        let values: &[&str] = if column == PRICE { &["", "1", "2", "3"] } else { &["", "a", "b", "c"] };
        values[self.rng.random_range(0..values.len())].to_owned()
    }

    pub(super) fn change_source(&mut self) {
        self.told.push_str("the source changes\n");
        for _ in 0..self.rng.random_range(1..9) {
            let id = self.rng.random_range(1..IDS);
            let mut values = [0, 1, 2].map(|column| self.value(column));
            if self.rng.random_ratio(1, 9) {
                values[PRICE] = BAD.to_owned();
            }
            match self.rng.random_range(0..5) {
                0 => self.world.source.retain(|record| record.id != id),
                1 if self.rng.random_ratio(1, 6) => self.world.source.retain(|record| record.id % 3 > 0),
                _ => {
                    let at = self.rng.random_range(0..=self.world.source.len());
                    if self.rng.random_ratio(14, 15) {
                        self.world.source.retain(|record| record.id != id);
                    }
                    self.world.source.insert(at.min(self.world.source.len()), Record { id, values });
                }
            }
        }
        // It is never empty, which is another matter.
        self.world.source.retain(|record| record.id != 0);
        self.world.source.push(Record { id: 0, values: ["always", "1", ""].map(str::to_owned) });
    }

    pub(super) async fn edit(&mut self) {
        let (id, column) = (self.rng.random_range(0..IDS), self.rng.random_range(0..3));
        let quoted = |text: &str| if text.is_empty() { "NULL".to_owned() } else { format!("'{text}'") };
        let text =
            if column != PRICE && self.rng.random_ratio(1, 8) { " ".to_owned() } else { self.value(column) };
        let value = Some(text.clone()).filter(|text| !text.is_empty());
        self.told.push_str(&format!("by hand: {id} {} {value:?}\n", COLUMNS[column]));
        let sql = match self.world.table.get_mut(&id) {
            Some(_) if self.rng.random_ratio(1, 10) => {
                self.world.table.remove(&id);
                format!("DELETE FROM items WHERE id = {id}")
            }
            Some(row) => {
                row.values[column] = value;
                format!("UPDATE items SET {} = {} WHERE id = {id}", COLUMNS[column], quoted(&text))
            }
            None => {
                let mut values = [None, None, None];
                values[column] = value;
                self.world.table.insert(id, Row { values, is_here: true });
                format!("INSERT INTO items (id, {}) VALUES ({id}, {})", COLUMNS[column], quoted(&text))
            }
        };
        self.test.execute(&sql).await;
    }
}
