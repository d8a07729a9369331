//! Detection of the header: the first row that is as wide as the table and holds names.

use std::collections::{HashMap, HashSet};

use super::names::{is_number_or_date, name_columns};

/// The longest text that is taken for the name of a column, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// A row that is looked at.
#[derive(Debug, Default, Clone)]
pub(crate) struct LookedAt {
    /// Its texts; those of numbers and dates as well.
    pub(crate) texts: Vec<String>,
    /// Whether one of them is a number, a date or a flag by its type.
    pub(crate) has_data: bool,
}

impl LookedAt {
    /// How many of its cells hold something.
    fn filled(&self) -> usize {
        self.texts.iter().filter(|text| !text.trim().is_empty()).count()
    }

    /// Whether all that it holds could be names of columns, each another one.
    pub(crate) fn holds_names(&self) -> bool {
        let filled = self.texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
        let mut seen = HashSet::new();
        !self.has_data
            && filled.into_iter().all(|text| {
                text.len() <= MAX_NAME_BYTES && !is_number_or_date(text) && seen.insert(text.to_lowercase())
            })
    }
}

/// Which of the first rows is the header, where nothing says it. One that yields all of `fields` is; else the first that is
/// as wide as most rows are, or the row above it, where that one holds names and this one does not.
pub(crate) fn find_header(rows: &[LookedAt], fields: &[Box<str>]) -> Option<usize> {
    let yields = |row: &LookedAt| {
        let columns = name_columns(&row.texts, true);
        fields.iter().all(|field| columns.contains(field))
    };
    if !fields.is_empty()
        && let Some(index) = rows.iter().position(yields)
    {
        return Some(index);
    }
    let filled: Vec<usize> = rows.iter().map(LookedAt::filled).collect();
    let typical = typical_width(&filled)?;
    let is_wide = |filled: &usize| filled * 4 >= typical * 3;
    let full = filled.iter().position(is_wide)?;
    let above = filled[..full].iter().rposition(|filled| *filled > 0);
    Some(match above {
        Some(above)
            if !rows[full].holds_names() && rows[above].holds_names() && filled[above] * 2 >= typical =>
        {
            above
        }
        _ => full,
    })
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

    fn found(rows: &[&str]) -> Option<usize> {
        let row = |row: &&str| LookedAt {
            texts: row.split('|').map(str::to_owned).collect(),
            has_data: row.split('|').any(|cell| cell.parse::<f64>().is_ok()),
        };
        find_header(&rows.iter().map(row).collect::<Vec<_>>(), &[])
    }

    #[test]
    fn the_header_is_found_below_titles() {
        assert_eq!(found(&["id|name", "1|a", "2|b"]), Some(0));
        assert_eq!(found(&["Price list||", "as of|2026-11-24|", "id|name|price", "1|a|2", "2|b|3"]), Some(2));
        assert_eq!(found(&["Music|||", "title|artist|album|year", "a|b|c|1", "d|e||2"]), Some(1));
        // A group above the names, and a column without one.
        assert_eq!(found(&["|Prices||", "id|buy|sell|", "1|2|3|x", "4|5|6|y", "7|8|9|z"]), Some(1));
        // One column.
        assert_eq!(found(&["title", "a", "b"]), Some(0));
        assert_eq!(found(&["", ""]), None);
    }

    #[test]
    fn the_names_that_are_mapped_find_it_as_well() {
        let rows: Vec<_> = ["a|b|c", "title|x|y", "1|2|3"]
            .iter()
            .map(|row| LookedAt { texts: row.split('|').map(str::to_owned).collect(), has_data: false })
            .collect();
        assert_eq!(find_header(&rows, &["title".into()]), Some(1));
    }
}
