//! CSV and TSV as Google writes them: each cell as it is shown, all rows of one width, no line end after the last.

use crate::world::cell::Cell;

/// Rows with a separator between cells.
pub(crate) fn separated(rows: &[Vec<Cell>], separator: char) -> String {
    let filled = |row: &Vec<Cell>| row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    let width = rows.iter().map(filled).max().unwrap_or(0);
    let height = rows.iter().rposition(|row| filled(row) > 0).map_or(0, |last| last + 1);
    let cell = |row: &[Cell], column: usize| {
        write_cell(&row.get(column).map(Cell::shown).unwrap_or_default(), separator)
    };
    let line = |row: &Vec<Cell>| {
        let cells: Vec<String> = (0..width).map(|column| cell(row, column)).collect();
        cells.join(&separator.to_string())
    };
    rows[..height].iter().map(line).collect::<Vec<_>>().join("\r\n")
}

/// TSV has no quotes: what would need them becomes a space.
fn write_cell(text: &str, separator: char) -> String {
    if separator == '\t' {
        return text.replace(['\t', '\n', '\r'], " ");
    }
    if text.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
