//! Ranges in A1 notation: `'Tab name'!A1:Z`, `Tab!A5:A`, `A1`, `'It''s'`.

use crate::world::spreadsheet::Tab;

/// Cells of a tab, counted from 0, ends included; `None` where an end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cells {
    pub(crate) first_row: usize,
    pub(crate) last_row: Option<usize>,
    pub(crate) first_column: usize,
    pub(crate) last_column: Option<usize>,
}

/// Finds the tab and the cells that a range names; `None` where it cannot be parsed or there is no such tab.
pub(crate) fn parse_range<'a>(text: &str, tabs: &'a [Tab]) -> Option<(&'a Tab, Cells)> {
    if let Some((title, rest)) = read_quoted(text) {
        let tab = tabs.iter().find(|tab| tab.title == title)?;
        return match rest.strip_prefix('!') {
            Some(cells) => Some((tab, parse_cells(cells)?)),
            None => rest.is_empty().then(|| (tab, Cells::default())),
        };
    }
    let named = |title: &str| tabs.iter().find(|tab| tab.title == title && is_plain(title));
    if let Some((title, cells)) = text.split_once('!') {
        return Some((named(title)?, parse_cells(cells)?));
    }
    match parse_cells(text) {
        Some(cells) => Some((tabs.iter().find(|tab| !tab.is_hidden)?, cells)),
        None => Some((named(text)?, Cells::default())),
    }
}

/// `'It''s'…`: the name, and what is behind it.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut title = String::new();
    loop {
        let end = rest.find('\'')?;
        title += &rest[..end];
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                title.push('\'');
                rest = after;
            }
            None => return Some((title, rest)),
        }
    }
}

/// Whether a name needs no quotes.
fn is_plain(title: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    title.chars().all(is_part) && title.starts_with(|letter: char| !letter.is_ascii_digit())
}

fn parse_cells(text: &str) -> Option<Cells> {
    let (first, last) = match text.split_once(':') {
        Some((first, last)) => (parse_corner(first)?, parse_corner(last)?),
        // One cell; a column or a row alone is none.
        None => {
            let (column, row) = parse_corner(text)?;
            let corner = (Some(column?), Some(row?));
            (corner, corner)
        }
    };
    let is_backwards =
        |first: Option<usize>, last: Option<usize>| last.is_some_and(|last| Some(last) < first);
    // Either end names something, and both the same sort of thing.
    if (first.0.is_none() && last.0.is_some())
        || is_backwards(first.0, last.0)
        || is_backwards(first.1, last.1)
    {
        return None;
    }
    Some(Cells {
        first_row: first.1.unwrap_or(0),
        last_row: last.1,
        first_column: first.0.unwrap_or(0),
        last_column: last.0,
    })
}

/// `B7`, `B` or `7`: a column and a row, from 0.
fn parse_corner(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let end = text.find(|letter: char| !letter.is_ascii_uppercase()).unwrap_or(text.len());
    let (letters, digits) = text.split_at(end);
    if letters.len() > 3 || (letters.is_empty() && digits.is_empty()) {
        return None;
    }
    let value = |letter: u8| usize::from(letter - b'A') + 1;
    let column = letters.bytes().fold(0, |column, letter| column * 26 + value(letter));
    let row = if digits.is_empty() { None } else { Some(parse_row(digits)?) };
    Some((column.checked_sub(1), row))
}

fn parse_row(digits: &str) -> Option<usize> {
    let number: usize = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())??;
    number.checked_sub(1)
}

/// 0 is A, 26 is AA.
pub(crate) fn column_letters(column: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(column % 26).unwrap());
    match column / 26 {
        0 => letter.to_string(),
        rest => format!("{}{letter}", column_letters(rest - 1)),
    }
}

/// A range as Google writes it: with quotes where the name needs them.
pub(crate) fn write_range(title: &str, from: (usize, usize), to: (usize, usize)) -> String {
    let title = if is_plain(title) && parse_cells(title).is_none() {
        title.to_owned()
    } else {
        format!("'{}'", title.replace('\'', "''"))
    };
    let corner = |(row, column): (usize, usize)| format!("{}{}", column_letters(column), row + 1);
    if from == to {
        format!("{title}!{}", corner(from))
    } else {
        format!("{title}!{}:{}", corner(from), corner(to))
    }
}

#[cfg(test)]
mod tests {
    use super::{Cells, column_letters, parse_range, write_range};
    use crate::world::spreadsheet::Tab;

    #[test]
    fn ranges_find_their_tab_and_cells() {
        let tabs = ["Prices", "It's \"2026\"!", "A1"].map(|title| Tab::new(title, Vec::new()));
        let parsed = |text: &str| parse_range(text, &tabs).map(|(tab, cells)| (tab.title.as_str(), cells));
        let all = Cells::default();
        assert_eq!(parsed("Prices"), Some(("Prices", all)));
        assert_eq!(parsed("'It''s \"2026\"!'"), Some(("It's \"2026\"!", all)));
        assert_eq!(parsed("'A1'"), Some(("A1", all)));
        let cell = Cells { last_row: Some(0), last_column: Some(0), ..all };
        assert_eq!(parsed("A1"), Some(("Prices", cell)));
        let open = Cells { first_row: 1, last_column: Some(27), ..all };
        assert_eq!(parsed("'Prices'!A2:AB"), Some(("Prices", open)));
        let rows = Cells { first_row: 1, last_row: Some(4), ..all };
        assert_eq!(parsed("Prices!2:5"), Some(("Prices", rows)));
        for wrong in [
            "Other",
            "'Prices",
            "Prices!",
            "It's \"2026\"!!A1",
            "Prices!A0",
            "Prices!B2:A1",
            "a1",
            "Prices!1:A",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn columns_count_in_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(column_letters), ["A", "Z", "AA", "ZZ", "AAA"]);
        assert_eq!(write_range("It's", (0, 0), (9, 25)), "'It''s'!A1:Z10");
    }
}
