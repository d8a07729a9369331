//! Merged cells: what a cell that spans several rows holds is what each of these rows shows.

use super::row::{CellKind, Row};

/// A cell that spans rows, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) first_row: u64,
    pub(super) last_row: u64,
    /// From 0.
    pub(super) column: usize,
}

/// The cells of a sheet that span rows.
#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Those whose first row is still to come, the last one first.
    waiting: Vec<Span>,
    open: Vec<(Span, CellKind, String)>,
    scratch: Row,
}

impl Spans {
    /// All spans of a sheet; of one row has nothing to say.
    pub(super) fn new(mut spans: Vec<Span>) -> Self {
        spans.retain(|span| span.last_row > span.first_row);
        spans.sort_by(|one, other| other.cmp(one));
        Self { waiting: spans, ..Self::default() }
    }

    /// Adds one that begins in the row in hand.
    pub(super) fn add(&mut self, span: Span) {
        if span.last_row > span.first_row {
            self.waiting.push(span);
        }
    }

    /// Whether one stands over several rows.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty()
    }

    /// Puts what spans a row into its empty cells, and takes note of what begins in it.
    pub(super) fn fill(&mut self, row: &mut Row) {
        self.open.retain(|(span, ..)| span.last_row >= row.number);
        if let Some(end) = self.open.iter().map(|(span, ..)| span.column + 1).max() {
            self.scratch.begin(row.number, row.is_hidden);
            for column in 0..row.len().max(end) {
                let (kind, text) = row.get(column);
                let over =
                    self.open.iter().find(|(span, ..)| span.column == column && kind == CellKind::Empty);
                match over {
                    Some((_, kind, text)) => self.scratch.push(*kind, text),
                    None => self.scratch.push(kind, text),
                }
            }
            std::mem::swap(row, &mut self.scratch);
        }
        while let Some(span) = self.waiting.pop_if(|span| span.first_row <= row.number) {
            let (kind, text) = row.get(span.column);
            if span.last_row > row.number && kind != CellKind::Empty {
                self.open.push((span, kind, text.to_owned()));
            }
        }
    }
}
