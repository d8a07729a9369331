//! What is printed: a line for each thing that was measured, as a Markdown table.

use super::measure::{Measurement, median};

/// Rows of a table: what was done, and what it took in each round. The first row is 1.0.
pub(super) struct ResultTable {
    rows: Vec<(String, Vec<Measurement>)>,
}

impl ResultTable {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &str, taken: Measurement) {
        eprintln!("{name}: {:.1} s", taken.wall);
        match self.rows.iter_mut().find(|(known, _)| known == name) {
            Some((_, runs)) => runs.push(taken),
            None => self.rows.push((name.to_owned(), vec![taken])),
        }
    }

    pub(super) fn print(self, title: &str) {
        println!("\n{title}\n");
        println!("| what | wall s | ratio | client CPU s | client peak MiB | rounds |");
        println!("| --- | --- | --- | --- | --- | --- |");
        let mut base = None;
        for (name, runs) in self.rows {
            let rounds = runs.len();
            let Measurement { wall, cpu, peak_mib } = median(runs);
            let ratio = wall / *base.get_or_insert(wall);
            println!("| {name} | {wall:.1} | {ratio:.2} | {cpu:.1} | {peak_mib:.0} | {rounds} |");
        }
    }
}
