//! The records of a page.

use crate::{Location, Value};

/// The records of a page. All text is in one buffer, so that a value costs no allocation.
#[derive(Debug, Default)]
pub struct Records {
    text: String,
    cells: Vec<ValueSpan>,
    rows: Vec<RecordSpan>,
}

#[derive(Debug, Clone, Copy)]
enum ValueKind {
    Null,
    False,
    True,
    Number,
    Text,
    Json,
    Date,
    Time,
    DateTime,
    Bytes,
}

/// A value; its text begins where that of the cell before it ends.
#[derive(Debug, Clone, Copy)]
struct ValueSpan {
    kind: ValueKind,
    end: usize,
}

#[derive(Debug)]
struct RecordSpan {
    location: Location,
    raw_start: usize,
    raw_end: usize,
    first_cell: usize,
    end_cell: usize,
}

impl Records {
    /// Appends a record: where it stands, its text as it was read, and a value for each column of the page.
    pub fn push<'v>(
        &mut self,
        location: impl Into<Location>,
        raw: &str,
        values: impl IntoIterator<Item = Value<'v>>,
    ) {
        let raw_start = self.text.len();
        self.text.push_str(raw);
        let (raw_end, first_cell) = (self.text.len(), self.cells.len());
        for value in values {
            let (kind, text) = match value {
                Value::Null => (ValueKind::Null, ""),
                Value::Bool(false) => (ValueKind::False, ""),
                Value::Bool(true) => (ValueKind::True, ""),
                Value::Number(text) => (ValueKind::Number, text),
                Value::Text(text) => (ValueKind::Text, text),
                Value::Json(text) => (ValueKind::Json, text),
                Value::Date(text) => (ValueKind::Date, text),
                Value::Time(text) => (ValueKind::Time, text),
                Value::DateTime(text) => (ValueKind::DateTime, text),
                Value::Bytes(base64) => (ValueKind::Bytes, base64),
            };
            self.text.push_str(text);
            self.cells.push(ValueSpan { kind, end: self.text.len() });
        }
        let end_cell = self.cells.len();
        self.rows.push(RecordSpan { location: location.into(), raw_start, raw_end, first_cell, end_cell });
    }

    /// Keeps the first ones only.
    pub fn truncate(&mut self, count: usize) {
        self.rows.truncate(count);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of text held, for comparison with [`PageSize::max_bytes`](crate::PageSize::max_bytes).
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The record of an index, from 0.
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        self.rows.get(index).map(|row| Record { records: self, row })
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.rows.iter().map(|row| Record { records: self, row })
    }
}

/// One item of a source.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    records: &'a Records,
    row: &'a RecordSpan,
}

impl<'a> Record<'a> {
    /// Where it stands in the source.
    pub fn location(self) -> &'a Location {
        &self.row.location
    }

    /// Its text as it was read.
    pub fn raw(self) -> &'a str {
        &self.records.text[self.row.raw_start..self.row.raw_end]
    }

    /// How many values it has.
    pub fn len(self) -> usize {
        self.row.end_cell - self.row.first_cell
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The value of a column, counted from 0; null past the last.
    pub fn value(self, column: usize) -> Value<'a> {
        let cells = &self.records.cells[self.row.first_cell..self.row.end_cell];
        let Some(cell) = cells.get(column) else { return Value::Null };
        let start = if column == 0 { self.row.raw_end } else { cells[column - 1].end };
        let text = &self.records.text[start..cell.end];
        match cell.kind {
            ValueKind::Null => Value::Null,
            ValueKind::False => Value::Bool(false),
            ValueKind::True => Value::Bool(true),
            ValueKind::Number => Value::Number(text),
            ValueKind::Text => Value::Text(text),
            ValueKind::Json => Value::Json(text),
            ValueKind::Date => Value::Date(text),
            ValueKind::Time => Value::Time(text),
            ValueKind::DateTime => Value::DateTime(text),
            ValueKind::Bytes => Value::Bytes(text),
        }
    }

    /// Its fields as a JSON object, by the names of the columns. A number whose digits JSON libraries would lose is a text.
    pub fn to_json(self, columns: &[Box<str>]) -> serde_json::Map<String, serde_json::Value> {
        let value = |value: Value<'_>| match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => flag.into(),
            Value::Number(text) => match serde_json::from_str::<serde_json::Number>(text) {
                Ok(number) if number.to_string() == text => number.into(),
                _ => text.into(),
            },
            Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Value::Text(text)
            | Value::Date(text)
            | Value::Time(text)
            | Value::DateTime(text)
            | Value::Bytes(text) => text.into(),
        };
        columns.iter().zip(self.values()).map(|(name, field)| (name.to_string(), value(field))).collect()
    }

    /// Its values in the order of the columns.
    pub fn values(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        (0..self.len()).map(move |column| self.value(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    #[test]
    fn values_come_back_as_they_were_pushed() {
        let mut records = Records::default();
        let values = [
            Value::Text("a"),
            Value::Null,
            Value::Bool(true),
            Value::Number("1e400"),
            Value::Text(""),
            Value::Date("2026-11-24"),
            Value::Time("14:30:00"),
            Value::DateTime("2026-11-24T14:30:00Z"),
            Value::Bytes("AAE="),
        ];
        for line in 1..=2 {
            records.push(Position::Line { line, byte: 0 }, "raw text", values);
        }
        for (record, line) in records.iter().zip(1..) {
            assert_eq!(record.values().collect::<Vec<_>>(), values);
            assert_eq!(record.raw(), "raw text");
            assert_eq!(record.location(), &Position::Line { line, byte: 0 }.into());
            assert_eq!(record.value(9), Value::Null);
        }
    }
}
