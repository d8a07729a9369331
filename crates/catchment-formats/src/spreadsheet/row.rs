//! A row of a sheet: its cells as records hold them.

use catchment_core::Value;

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Empty,
    False,
    True,
    Number,
    Text,
    Date,
    Time,
    DateTime,
    /// Of a formula that has no value, or a value that is none, such as a date before the calendar; its text says which.
    Error,
}

/// What stands for the value of a formula that was never calculated, as of libraries that write workbooks.
pub(crate) const WITHOUT_VALUE: &str = "a formula without a stored value";

/// A row of a sheet, read into again and again.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// From 1, as spreadsheets count.
    pub(crate) number: u64,
    pub(crate) is_hidden: bool,
    text: String,
    cells: Vec<(CellKind, usize)>,
}

impl Row {
    /// Begins another row.
    pub(crate) fn begin(&mut self, number: u64, is_hidden: bool) {
        (self.number, self.is_hidden) = (number, is_hidden);
        self.text.clear();
        self.cells.clear();
    }

    /// Adds a cell behind the others. A flag has the text that is shown of it.
    pub(crate) fn push(&mut self, kind: CellKind, text: &str) {
        self.text.push_str(match kind {
            CellKind::True => "true",
            CellKind::False => "false",
            _ => text,
        });
        self.cells.push((kind, self.text.len()));
    }

    /// Adds empty cells up to a column, counted from 0.
    pub(crate) fn pad_to(&mut self, column: usize) {
        let end = self.text.len();
        if self.cells.len() < column {
            self.cells.resize(column, (CellKind::Empty, end));
        }
    }

    /// Bytes of text in it.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The cell of a column, counted from 0; empty past the last.
    pub(crate) fn get(&self, column: usize) -> (CellKind, &str) {
        let Some((kind, end)) = self.cells.get(column) else { return (CellKind::Empty, "") };
        let start = column.checked_sub(1).map_or(0, |before| self.cells[before].1);
        (*kind, &self.text[start..*end])
    }

    /// All cells as text, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.cells.len()).map(|column| self.get(column).1)
    }

    /// Whether nothing but white space stands in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The row as text, for people: its cells up to the last one with a value, with tabs between them.
    pub(crate) fn shown(&self) -> String {
        const MAX_GAP: usize = 100;
        let mut shown = String::with_capacity(self.text.len() + self.cells.len().min(MAX_GAP));
        let mut gap = 0;
        for (index, text) in self.texts().enumerate() {
            gap = if text.is_empty() { gap + 1 } else { 0 };
            if index > 0 && gap < MAX_GAP {
                shown.push('\t');
            }
            shown.push_str(text);
        }
        shown.truncate(shown.trim_end_matches('\t').len());
        shown
    }

    /// The cell of a column as records hold it.
    pub(crate) fn value(&self, column: usize) -> Value<'_> {
        let (kind, text) = self.get(column);
        match kind {
            CellKind::Empty => Value::Null,
            CellKind::False => Value::Bool(false),
            CellKind::True => Value::Bool(true),
            CellKind::Number => Value::Number(text),
            CellKind::Text | CellKind::Error => Value::Text(text),
            CellKind::Date => Value::Date(text),
            CellKind::Time => Value::Time(text),
            CellKind::DateTime => Value::DateTime(text),
        }
    }
}

/// The name of a column, counted from 0, as spreadsheets write it: `A`, `Z`, `AA`.
pub fn column_name(mut column: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(b'A' + u8::try_from(column % 26).unwrap_or_default());
        match (column / 26).checked_sub(1) {
            Some(next) => column = next,
            None => break,
        }
    }
    name.reverse();
    String::from_utf8(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheets_do() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")] {
            assert_eq!(column_name(column), name);
        }
    }

    #[test]
    fn cells_keep_their_text() {
        let mut row = Row::default();
        row.begin(3, false);
        row.push(CellKind::Text, "a");
        row.pad_to(3);
        row.push(CellKind::Number, "1.5");
        assert_eq!(row.len(), 4);
        assert_eq!((row.value(0), row.value(1)), (Value::Text("a"), Value::Null));
        assert_eq!((row.value(3), row.value(9)), (Value::Number("1.5"), Value::Null));
        assert_eq!(row.shown(), "a\t\t\t1.5");
    }
}
