//! What a sheet looks like: where its table begins, and the names of its columns.

use std::collections::VecDeque;

use catchment_core::{Columns, Error, Finding, Result, truncate_text};
use serde::{Deserialize, Serialize};

use super::options::{SheetChoice, ValidatedSheetOptions};
use super::row::{CellKind, Row, column_name};
use super::workbook::{Rows, Sheet};
use crate::table::{HeaderChoice, LookedAt, find_header, name_columns};

/// Rows that are looked at for the header, and for columns that hold nothing.
const LOOKED_AT: usize = 150;

/// All that reading needs to know of a sheet. A cursor keeps it, so that a resumed run finds the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SheetLayout {
    /// Its name.
    pub(super) sheet: String,
    /// The row of its header; 0 where it has none.
    pub(super) header_row: u64,
    /// Rows above the table.
    pub(super) above: u64,
    pub(super) columns: Columns,
    /// Where in a row each column is, from 0.
    pub(super) places: Vec<usize>,
}

/// Rows that are looked at before they are read.
pub(super) struct Lookahead {
    rows: Box<dyn Rows>,
    ahead: VecDeque<Row>,
}

impl Lookahead {
    pub(super) fn new(rows: Box<dyn Rows>) -> Self {
        Self { rows, ahead: VecDeque::new() }
    }

    /// Reads the next row; false at the end.
    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool> {
        match self.ahead.pop_front() {
            Some(next) => *row = next,
            None => return self.rows.next(row),
        }
        Ok(true)
    }

    pub(super) fn rows(&self) -> &dyn Rows {
        &*self.rows
    }

    fn look(&mut self, above: u64) -> Result<()> {
        while self.ahead.iter().filter(|row| row.number > above).count() < LOOKED_AT {
            let mut row = Row::default();
            if !self.rows.next(&mut row)? {
                break;
            }
            self.ahead.push_back(row);
        }
        Ok(())
    }
}

impl SheetLayout {
    /// Finds out what the options leave open, and says so. `None` where not one cell holds something.
    pub(super) fn find(
        sheet: &Sheet,
        rows: &mut Lookahead,
        given: &ValidatedSheetOptions,
        fields: &[Box<str>],
    ) -> Result<Option<(Self, Vec<Finding>)>> {
        let table = &given.table;
        let given_above = table.header_row.map(|row| row - 1).or(table.skip_rows).unwrap_or_default();
        rows.look(given_above)?;
        let looked: Vec<&Row> =
            rows.ahead.iter().filter(|row| row.number > given_above && !row.is_blank()).collect();
        let has_header = given.has_header.unwrap_or(true);
        let mut findings = Vec::new();
        let first = if !has_header {
            0
        } else if let Some(wanted) = table.header_row {
            let found = looked.iter().position(|row| row.number == wanted);
            found.ok_or_else(|| no_header(wanted, &sheet.name))?
        } else {
            let shown: Vec<_> = looked.iter().map(|row| looked_at(row)).collect();
            let Some(HeaderChoice { index, doubt }) = find_header(&shown, fields) else { return Ok(None) };
            findings.push(told(&looked[..=index], doubt));
            index
        };
        let Some(row) = looked.get(first) else { return Ok(None) };
        let below = &looked[first + usize::from(has_header)..];
        let width = looked[first..].iter().map(|row| row.len()).max().unwrap_or_default();
        let header: Vec<String> = (0..width).map(|column| row.get(column).1.to_owned()).collect();
        let named = name_columns(&header, has_header);
        let is_used = |column: &usize| {
            has_header && !header[*column].trim().is_empty()
                || below.iter().any(|row| !matches!(row.value(*column), catchment_core::Value::Null))
        };
        let places: Vec<usize> = (0..width).filter(is_used).collect();
        if has_header {
            findings.extend(without_names(&places, &header));
        }
        let columns = places.iter().map(|place| named[*place].clone()).collect();
        let header_row = if has_header { row.number } else { 0 };
        let above = if has_header { row.number } else { given_above };
        let layout = Self { sheet: sheet.name.clone(), header_row, above, columns, places };
        Ok(Some((layout, findings)))
    }

    /// The same as options, ready to be given.
    pub(super) fn options(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut options = serde_json::Map::new();
        options.insert("sheet".into(), self.sheet.clone().into());
        options.insert("hasHeader".into(), (self.header_row > 0).into());
        if self.header_row > 1 {
            options.insert("headerRow".into(), self.header_row.into());
        } else if self.header_row == 0 && self.above > 0 {
            options.insert("skipRows".into(), self.above.into());
        }
        options
    }
}

fn looked_at(row: &Row) -> LookedAt {
    let is_data = |column| !matches!(row.get(column).0, CellKind::Empty | CellKind::Text);
    LookedAt {
        number: row.number,
        texts: row.texts().map(str::to_owned).collect(),
        has_data: (0..row.len()).any(is_data),
    }
}

/// What is told of a header, which is the last of these rows.
fn told(rows: &[&Row], doubt: Option<String>) -> Finding {
    let Some((row, above)) = rows.split_last() else { return Finding::sure("header", "none") };
    let titles: Vec<_> =
        above.iter().take(3).map(|row| format!("`{}`", truncate_text(row.shown().trim(), 60))).collect();
    let passed = if above.is_empty() {
        String::new()
    } else {
        format!("; passed over above it: {}", titles.join(", ").replace('\t', " "))
    };
    match doubt {
        None => Finding::sure("header", format!("row {}, which names the columns{passed}", row.number)),
        Some(doubt) => {
            let message = format!(
                "row {} was taken for it, though {doubt}{passed}; set the option `headerRow`, or `hasHeader` to false, to \
                 settle it",
                row.number
            );
            Finding::unsure("header", message)
        }
    }
}

/// What is told of columns that hold something, and that no name stands above.
fn without_names(places: &[usize], header: &[String]) -> Option<Finding> {
    let nameless: Vec<_> = places.iter().filter(|place| header[**place].trim().is_empty()).collect();
    let first = nameless.first()?;
    let message = format!(
        "{} columns have values and no name, such as {}, which is called `{}`; name them in the sheet, or set the option \
         `headerRow`",
        nameless.len(),
        column_name(**first),
        **first + 1
    );
    Some(Finding::unsure("columns", message))
}

fn no_header(row: u64, sheet: &str) -> Error {
    let message = format!("row {row} of the sheet `{sheet}` holds nothing, and cannot be its header");
    Error::config("no_header", format!("{message}; check the option `headerRow`"))
        .with_detail("/options/headerRow", message)
}

/// The sheet that is read: the one that is named, or the first that is not hidden. With a finding where nothing names it.
pub(super) fn choose(sheets: &[Sheet], given: Option<&SheetChoice>) -> Result<(usize, Option<Finding>)> {
    let names = || sheets.iter().map(|sheet| format!("`{}`", sheet.name)).collect::<Vec<_>>().join(", ");
    let unknown = |what: String| {
        let message = format!("the workbook has no sheet {what}; it has {}", names());
        Error::config("no_such_sheet", message.clone()).with_detail("/options/sheet", message)
    };
    match given {
        Some(SheetChoice::Name(name)) => {
            let exact = sheets.iter().position(|sheet| sheet.name == *name);
            let plain = |name: &str| name.trim().to_lowercase();
            let index = exact.or_else(|| sheets.iter().position(|sheet| plain(&sheet.name) == plain(name)));
            Ok((index.ok_or_else(|| unknown(format!("`{name}`")))?, None))
        }
        Some(SheetChoice::Number(number)) => {
            // A sheet may be called 2026.
            let named = sheets.iter().position(|sheet| sheet.name == number.to_string());
            let index = named.or_else(|| usize::try_from(*number).ok()?.checked_sub(1));
            let index = index.filter(|index| *index < sheets.len());
            Ok((index.ok_or_else(|| unknown(format!("number {number}")))?, None))
        }
        None => {
            let visible: Vec<_> = (0..sheets.len()).filter(|index| !sheets[*index].is_hidden).collect();
            let index = visible.first().copied().or_else(|| (!sheets.is_empty()).then_some(0));
            let index = index.ok_or_else(|| {
                let message = "the workbook has no sheet with cells; check that it is the right file";
                Error::new(catchment_core::ErrorKind::Parsing, "no_sheet", message)
            })?;
            let name = &sheets[index].name;
            Ok((
                index,
                Some(if visible.len() > 1 {
                    let others = visible[1..].iter().map(|other| format!("`{}`", sheets[*other].name));
                    let others = others.collect::<Vec<_>>().join(", ");
                    let message = format!(
                        "`{name}`, the first one; there are also {others}: set the option `sheet` to settle it"
                    );
                    Finding::unsure("sheet", message)
                } else {
                    Finding::sure("sheet", format!("`{name}`"))
                }),
            ))
        }
    }
}
