//! Detection of the header: the first row that is as wide as the table and holds names.

use std::collections::{HashMap, HashSet};

use super::names::{is_number_or_date, name_columns};

/// The longest text that is taken for the name of a column, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Rows below the first wide one that a header is looked for in.
const LATER_ROWS: usize = 20;

/// A row that is looked at.
#[derive(Debug, Default, Clone)]
pub(crate) struct LookedAt {
    /// The line or the row that it is, from 1.
    pub(crate) number: u64,
    /// Its texts; those of numbers and dates as well.
    pub(crate) texts: Vec<String>,
    /// Whether one of them is a number, a date or a flag by its type.
    pub(crate) has_data: bool,
}

/// The row that was taken for the header, and why it may be another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HeaderChoice {
    pub(crate) index: usize,
    pub(crate) doubt: Option<String>,
}

impl LookedAt {
    /// How many of its cells hold something.
    fn filled(&self) -> usize {
        self.texts.iter().filter(|text| !text.trim().is_empty()).count()
    }

    /// Whether all that it holds could be names of columns, each another one. `Client:` says what stands beside it.
    pub(crate) fn holds_names(&self) -> bool {
        let filled = self.texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let mut seen = HashSet::new();
        !self.has_data
            && filled.into_iter().all(|text| {
                text.len() <= MAX_NAME_BYTES
                    && !text.ends_with(':')
                    && !is_number_or_date(text)
                    && seen.insert(text.to_lowercase())
            })
    }

    /// Whether something in it is a number or a date, by its type or by what it looks like.
    fn has_values(&self) -> bool {
        self.has_data || self.texts.iter().any(|text| is_number_or_date(text))
    }

    /// Whether another row has the same text in the same column, as cells that span both rows do.
    fn shares_a_cell_with(&self, other: &Self) -> bool {
        self.texts.iter().zip(&other.texts).any(|(one, other)| !one.trim().is_empty() && one == other)
    }

    /// Whether what it holds stands in its first columns, without a gap.
    fn is_leading(&self) -> bool {
        self.texts.iter().take(self.filled()).all(|text| !text.trim().is_empty())
    }
}

/// Which of the first rows is the header, where nothing says it. One that yields all of `fields` is; else the first that is
/// as wide as most rows are and holds names, or one beside it that fits better.
pub(crate) fn find_header(rows: &[LookedAt], fields: &[Box<str>]) -> Option<HeaderChoice> {
    let yields = |row: &LookedAt| {
        let columns = name_columns(&row.texts, true);
        fields.iter().all(|field| columns.contains(field))
    };
    if !fields.is_empty()
        && let Some(index) = rows.iter().position(yields)
    {
        return Some(HeaderChoice { index, doubt: None });
    }
    let filled: Vec<usize> = rows.iter().map(LookedAt::filled).collect();
    let typical = typical_width(&filled)?;
    let full = filled.iter().position(|filled| filled * 4 >= typical * 3)?;
    let (index, rival) = if rows[full].holds_names() {
        beside_names(rows, &filled, full)
    } else {
        (beside_values(rows, &filled, full, typical), None)
    };
    let tables_above = filled[..index].iter().filter(|filled| **filled > 1).count();
    let doubt = match rival {
        _ if !rows[index].holds_names() => Some("it looks like data".to_owned()),
        Some(rival) => Some(format!("{rival} may as well be it")),
        None if names_stand_below(rows, &filled, index) => {
            Some(format!("row {} may hold names as well", rows[index].number + 1))
        }
        None if tables_above > 1 => Some("what stands above it looks like a table of its own".to_owned()),
        None => None,
    };
    Some(HeaderChoice { index, doubt })
}

/// Whether the row below a header has texts alone where the rows below it have values: names of a second row.
fn names_stand_below(rows: &[LookedAt], filled: &[usize], header: usize) -> bool {
    let Some(next) = rows.get(header + 1).filter(|next| next.holds_names()) else { return false };
    let cell =
        |row: &LookedAt, column: usize| row.texts.get(column).map_or("", |text| text.trim()).to_owned();
    let is_value = |row: &LookedAt, column| is_number_or_date(&cell(row, column));
    filled[header + 1] < filled[header]
        && (0..next.texts.len()).filter(|column| !cell(next, *column).is_empty()).all(|column| {
            let below = &rows[header + 2..];
            below.iter().any(|row| is_value(row, column))
                && below.iter().all(|row| cell(row, column).is_empty() || is_value(row, column))
        })
}

/// The header where the first wide row holds names: that row; the next one, where this one names groups of columns, as merged
/// cells tell; or the one above, where that one does not name the last columns and nothing else tells names from values. With the
/// number of the row that was not taken, where it could be.
fn beside_names(rows: &[LookedAt], filled: &[usize], full: usize) -> (usize, Option<u64>) {
    if let Some(next) = rows.get(full + 1)
        && next.holds_names()
        && filled[full + 1] > filled[full]
        && rows[full].shares_a_cell_with(next)
    {
        return (full + 1, None);
    }
    let tells_values = rows[full + 1..].iter().any(LookedAt::has_values);
    let above = full.checked_sub(1).filter(|above| {
        let row = &rows[*above];
        let is_adjacent = row.number + 1 == rows[full].number;
        is_adjacent && (2..filled[full]).contains(&filled[*above]) && row.holds_names() && row.is_leading()
    });
    match above {
        Some(above) if !tells_values => (above, Some(rows[full].number)),
        _ => (full, None),
    }
}

/// The header where the first wide row does not hold names: the row above it, or a wider one further down.
fn beside_values(rows: &[LookedAt], filled: &[usize], full: usize, typical: usize) -> usize {
    let above = filled[..full].iter().rposition(|filled| *filled > 0);
    if let Some(above) = above.filter(|above| rows[*above].holds_names() && filled[*above] * 2 >= typical) {
        return above;
    }
    let widest = filled.iter().copied().max().unwrap_or_default();
    let mut later = (full + 1)..rows.len().min(full + LATER_ROWS);
    let named = later.find(|index| {
        filled[*index] > filled[full] && filled[*index] * 4 >= widest * 3 && rows[*index].holds_names()
    });
    named.unwrap_or(full)
}

/// How many cells are filled in most rows; the wider of two that are as frequent.
fn typical_width(filled: &[usize]) -> Option<usize> {
    let mut times = HashMap::<usize, usize>::new();
    for count in filled.iter().filter(|count| **count > 0) {
        *times.entry(*count).or_default() += 1;
    }
    times.into_iter().max_by_key(|(width, times)| (*times, *width)).map(|(width, _)| width)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row that is found, and whether that is sure; rows without anything are left out, as of a sheet.
    fn found(rows: &[&str]) -> Option<(u64, bool)> {
        let row = |(index, row): (usize, &&str)| LookedAt {
            number: index as u64 + 1,
            texts: row.split('|').map(str::to_owned).collect(),
            has_data: row.split('|').any(|cell| cell.parse::<f64>().is_ok()),
        };
        let rows: Vec<_> = rows.iter().enumerate().map(row).filter(|row| row.filled() > 0).collect();
        find_header(&rows, &[]).map(|choice| (rows[choice.index].number, choice.doubt.is_none()))
    }

    #[test]
    fn the_header_is_found_below_titles() {
        for (rows, row) in [
            (&["id|name", "1|a", "2|b"][..], 1),
            (&["Price list||", "as of|2026-11-24|", "id|name|price", "1|a|2", "2|b|3"], 3),
            (&["Music|||", "title|artist|album|year", "a|b|c|1", "d|e||2"], 2),
            // A group above the names, and a column without one.
            (&["|Prices||", "id|buy|sell|", "1|2|3|x", "4|5|6|y", "7|8|9|z"], 2),
            // One column.
            (&["title", "a", "b"], 1),
            // Two rows of names, of which cells that are merged span both.
            (&["SKU|Name|Brand|Price|", "SKU|Name|Brand|net|gross", "a|b|c|1|2", "d|e|f|3|4"], 2),
            // Labels are no names, and rows may be sparse.
            (&["Client:|ACME", "a|b|c|d|e|f|g|h", "1|2||||||", "3|4||||||", "5|6||||||"], 2),
        ] {
            assert_eq!(found(rows), Some((row, true)), "{rows:?}");
        }
        assert_eq!(found(&["", ""]), None);
    }

    #[test]
    fn what_could_be_another_row_is_unsure() {
        for (rows, row) in [
            // The last columns have no names.
            (&["title|artist||", "Song|Band|ok|x", "Other|Group|no|y"][..], 1),
            // Two tables, one above the other.
            (&["a|b|", "c|d|", "", "id|name|price", "1|x|2", "3|y|4"], 4),
            (&["1|2", "3|4"], 1),
            // Two rows of names, and no cell that spans both.
            (&["SKU|Name|Price|", "||net|gross", "a|b|1|2", "c|d|3|4"], 1),
        ] {
            assert_eq!(found(rows), Some((row, false)), "{rows:?}");
        }
    }

    #[test]
    fn the_names_that_are_mapped_find_it_as_well() {
        let row = |row: &&str| LookedAt {
            texts: row.split('|').map(str::to_owned).collect(),
            ..LookedAt::default()
        };
        let rows: Vec<_> = ["a|b|c", "title|x|y", "1|2|3"].iter().map(row).collect();
        assert_eq!(find_header(&rows, &["title".into()]).map(|choice| choice.index), Some(1));
    }
}
