//! Whether the rows of a page are as its records, in one question: the server sums checksums of the rows with the page's keys,
//! and so do we of the records. Equal sums prove that nothing is to be written, and no row need be sent.
//!
//! Two checksums of 32 bits for each row, with nothing in common, are 64 bits that both sides can compute quickly: CRC-32, and
//! CRC-32C where the server has it (MariaDB 10.8), else CRC-32 of the bytes in reverse. What is not equal, for whatever reason,
//! is compared row by row.

use std::io::Write;

use super::columns::{checked, key_parameter};
use super::ranges::ranges;
use super::table_view::TableView;
use crate::mapping::Cell;
use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Arg, Conn, StoreError};
use crate::target::{ColumnKind, Ledger};

/// How the rows of a table with a page's keys stand to its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageState {
    /// There are none.
    Absent,
    /// All are there, with the values of the records.
    Same,
    /// Neither is proven.
    Mixed,
}

/// Sums of checksums, and of how many rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    rows: u64,
    first: u64,
    second: u64,
}

impl Sums {
    fn add(&mut self, row: &mut [u8], has_crc32c: bool) {
        self.rows += 1;
        self.first += u64::from(crc32fast::hash(row));
        self.second += u64::from(if has_crc32c {
            crc32c::crc32c(row)
        } else {
            row.reverse();
            crc32fast::hash(row)
        });
    }
}

impl TableView<'_> {
    /// How the rows of the table with the keys of these records stand to them.
    pub(crate) async fn page_state(
        &self,
        records: &[usize],
        conn: &mut Conn,
    ) -> Result<PageState, StoreError> {
        if self.dialect() == Dialect::Sqlite || self.batch.table.ledger != Ledger::Beside {
            return Ok(PageState::Mixed);
        }
        let Some(row) = self.checksum_of_row() else { return Ok(PageState::Mixed) };
        let mut there = Sums::default();
        for (condition, args) in self.conditions(records) {
            let second = if self.db.has_crc32c() { "CRC32C(r)" } else { "CRC32(REVERSE(r))" };
            // Sums of a page fit a floating point number exactly, and are quicker than those of decimals.
            let sum = |checksum: &str| format!("CAST(COALESCE(SUM({checksum} + 0e0), 0) AS SIGNED)");
            let sql = format!(
                "SELECT COUNT(*), {}, {} FROM (SELECT {row} AS r FROM {} WHERE {condition}) AS t",
                sum("CRC32(r)"),
                sum(second),
                self.table_name()
            );
            for found in conn.fetch(Sql::Built(sql), &args).await? {
                let number = |column| found.int(column).map(i64::unsigned_abs);
                there.rows += number(0)?;
                there.first += number(1)?;
                there.second += number(2)?;
            }
        }
        Ok(match there.rows {
            0 => PageState::Absent,
            rows if rows == records.len() as u64 && there == self.sums_of(records) => PageState::Same,
            _ => PageState::Mixed,
        })
    }

    /// A row as the bytes that are summed: its values with U+0000 between, which none of them holds; NULL is U+0001 and another
    /// U+0000.
    fn checksum_of_row(&self) -> Option<String> {
        let columns: Option<Vec<_>> = (0..self.batch.columns.len())
            .map(|column| {
                let text = checked(&self.quoted(column), self.batch.kind(column))?;
                let takes_null = self.batch.column(column)?.takes_null();
                Some(if takes_null { format!("IFNULL({text}, x'0100')") } else { text })
            })
            .collect();
        Some(format!("CONCAT_WS(x'00', {})", columns?.join(", ")))
    }

    fn sums_of(&self, records: &[usize]) -> Sums {
        let (mut sums, mut row, has_crc32c) = (Sums::default(), Vec::new(), self.db.has_crc32c());
        for record in records {
            row.clear();
            for (column, cell) in self.batch.row(*record).enumerate() {
                if column > 0 {
                    row.push(0);
                }
                append(&mut row, cell, self.batch.kind(column));
            }
            sums.add(&mut row, has_crc32c);
        }
        sums
    }

    /// Conditions that find the rows with the keys of these records, with their parameters: ranges where keys are numbers
    /// that follow each other.
    fn conditions(&self, records: &[usize]) -> Vec<(String, Vec<Arg<'_>>)> {
        let mut conditions = Vec::new();
        let mut rest = records.to_vec();
        if let [key] = self.identity[..]
            && self.batch.kind(key).is_int64()
        {
            let name = self.quoted(key);
            let number = |record: &usize| match self.batch.cell(*record, key) {
                Cell::Int(number) => number,
                _ => 0,
            };
            rest.sort_unstable_by_key(number);
            let numbers: Vec<_> = rest.iter().map(number).collect();
            let (ranges, others) = ranges(&numbers);
            conditions.extend(ranges.iter().map(|range| range.condition(&name)));
            rest.retain(|record| others.binary_search(&number(record)).is_ok());
        }
        for chunk in self.chunks(&rest) {
            conditions.push(self.key_condition(chunk));
        }
        conditions
    }

    /// The condition that finds the rows with the keys of these records one by one.
    pub(super) fn key_condition(&self, records: &[usize]) -> (String, Vec<Arg<'_>>) {
        let names: Vec<_> = self.identity.iter().map(|column| self.quoted(*column)).collect();
        let parameter = |column: &usize| key_parameter(self.dialect(), self.batch.kind(*column));
        let parameters: Vec<_> = self.identity.iter().map(parameter).collect();
        let cells = |record: &usize| {
            let record = *record;
            self.identity.iter().map(move |column| Arg::from(self.batch.cell(record, *column)))
        };
        (self.dialect().row_in(&names, &parameters, records.len()), records.iter().flat_map(cells).collect())
    }
}

/// Appends a value as the server writes it as text.
fn append(row: &mut Vec<u8>, cell: Cell<'_>, kind: &ColumnKind) {
    // What writes into memory does not fail.
    let mut write = |text: std::fmt::Arguments<'_>| row.write_fmt(text).unwrap_or_default();
    match (cell, kind) {
        (Cell::Null, _) => row.extend([1, 0]),
        (Cell::Int(number), ColumnKind::Year) => write(format_args!("{number:04}")),
        (Cell::Int(number), _) => write(format_args!("{number}")),
        (Cell::Text(text), ColumnKind::Decimal(limits)) => {
            row.extend(text.as_bytes());
            let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            if scale == 0 && limits.scale > 0 {
                row.push(b'.');
            }
            row.extend(std::iter::repeat_n(b'0', limits.scale.saturating_sub(scale)));
        }
        (Cell::Text(text), _) => row.extend(text.as_bytes()),
    }
}
