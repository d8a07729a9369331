//! `spreadsheets.get` and `spreadsheets.values.get`.

use serde_json::{Value, json};

use super::a1::{Cells, parse_range, write_range};
use super::params::SheetParams;
use crate::api::exchange::Exchange;
use crate::fields::schema::{SPREADSHEET, VALUE_RANGE};
use crate::http::reply::Reply;
use crate::problem::{Answer, Problem};
use crate::refusals;
use crate::world::cell::{Cell, Rendering};
use crate::world::item::{Content, Item};
use crate::world::spreadsheet::{Spreadsheet, Tab};

/// Answers with a spreadsheet's properties and those of its tabs, the hidden ones among them.
pub(crate) fn get_spreadsheet(exchange: &Exchange<'_>, id: &str) -> Answer {
    exchange.caller.require_sheets()?;
    let params = SheetParams::read(exchange.request, &["ranges", "includeGridData"])?;
    let mask = params.mask(&SPREADSHEET)?;
    let (item, sheet) = find(exchange, id)?;
    let tabs =
        sheet.tabs.iter().enumerate().map(|(index, tab)| json!({"properties": properties(index, tab)}));
    let body = json!({
        "spreadsheetId": id,
        "properties": {
            "title": item.name,
            "locale": sheet.locale,
            "autoRecalc": "ON_CHANGE",
            "timeZone": sheet.time_zone,
        },
        "sheets": tabs.collect::<Vec<_>>(),
        "spreadsheetUrl": format!("https://docs.google.com/spreadsheets/d/{id}/edit"),
    });
    Ok(Reply::json(200, &mask.apply(body)))
}

/// `hidden` is there where it is true.
fn properties(index: usize, tab: &Tab) -> Value {
    let mut properties = json!({
        "sheetId": tab.gid,
        "title": tab.title,
        "index": index,
        "sheetType": "GRID",
        "gridProperties": {"rowCount": tab.row_count, "columnCount": tab.column_count},
    });
    if tab.is_hidden {
        properties["hidden"] = json!(true);
    }
    properties
}

/// Answers with the cells of a range.
pub(crate) fn get_values(exchange: &Exchange<'_>, id: &str, range: &str) -> Answer {
    exchange.caller.require_sheets()?;
    let known = ["majorDimension", "valueRenderOption", "dateTimeRenderOption"];
    let params = SheetParams::read(exchange.request, &known)?;
    let mask = params.mask(&VALUE_RANGE)?;
    let dimension = params.choice("majorDimension", "Dimension", &["ROWS", "COLUMNS"])?;
    let rendering = read_rendering(&params)?;
    let (_, sheet) = find(exchange, id)?;
    let unparsed = || Problem::new(400, "invalidArgument", format!("Unable to parse range: {range}"));
    let (tab, cells) = parse_range(range, &sheet.tabs).ok_or_else(unparsed)?;
    if cells.first_row >= tab.row_count || cells.first_column >= tab.column_count {
        let (rows, columns) = (tab.row_count, tab.column_count);
        let message =
            format!("Range ({range}) exceeds grid limits. Max rows: {rows}, max columns: {columns}");
        return Err(Box::new(Problem::new(400, "invalidArgument", message)));
    }
    let last_row = cells.last_row.map_or(tab.row_count, |last| tab.row_count.min(last + 1)) - 1;
    let last_column = cells.last_column.map_or(tab.column_count, |last| tab.column_count.min(last + 1)) - 1;
    let from = (cells.first_row, cells.first_column);
    let mut body = json!({
        "range": write_range(&tab.title, from, (last_row, last_column)),
        "majorDimension": dimension,
    });
    let grid = take(tab, cells, (last_row, last_column), dimension == "COLUMNS");
    if let Some(values) = render(&grid, rendering) {
        body["values"] = values;
    }
    Ok(Reply::json(200, &mask.apply(body)))
}

fn read_rendering(params: &SheetParams) -> Answer<Rendering> {
    let values = ["FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"];
    let dates = ["SERIAL_NUMBER", "FORMATTED_STRING"];
    let values = params.choice("valueRenderOption", "ValueRenderOption", &values)?;
    let dates_as_text =
        params.choice("dateTimeRenderOption", "DateTimeRenderOption", &dates)? == "FORMATTED_STRING";
    Ok(match values {
        "UNFORMATTED_VALUE" => Rendering::Raw { dates_as_text },
        "FORMULA" => Rendering::Formula { dates_as_text },
        _ => Rendering::Shown,
    })
}

fn take(tab: &Tab, cells: Cells, to: (usize, usize), is_transposed: bool) -> Vec<Vec<&Cell>> {
    let rows = cells.first_row..=to.0.min(tab.rows.len().saturating_sub(1));
    let columns = cells.first_column..=to.1;
    let cell =
        |row: usize, column: usize| tab.rows.get(row).and_then(|row| row.get(column)).unwrap_or(&Cell::Empty);
    if is_transposed {
        columns.map(|column| rows.clone().map(|row| cell(row, column)).collect()).collect()
    } else {
        rows.map(|row| columns.clone().map(|column| cell(row, column)).collect()).collect()
    }
}

/// Rows without their empty ends, and without the empty rows at the end; `None` where nothing is left.
fn render(grid: &[Vec<&Cell>], rendering: Rendering) -> Option<Value> {
    let filled = |row: &[&Cell]| row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    let height = grid.iter().rposition(|row| filled(row) > 0)? + 1;
    let line = |row: &Vec<&Cell>| -> Value {
        row[..filled(row)].iter().map(|cell| cell.render(rendering)).collect()
    };
    Some(grid[..height].iter().map(line).collect())
}

/// A spreadsheet, in the words of the Sheets API where it is none or not shown.
fn find<'a>(exchange: &'a Exchange<'_>, id: &str) -> Answer<(&'a Item, &'a Spreadsheet)> {
    let item = exchange.world.items.get(id);
    let item = item.ok_or_else(|| Problem::new(404, "notFound", "Requested entity was not found."))?;
    if !exchange.world.is_visible(&exchange.caller.viewer, id) {
        return Err(Box::new(Problem::new(403, "forbidden", "The caller does not have permission")));
    }
    match &item.content {
        Content::Sheet(sheet) => Ok((item, sheet)),
        Content::Blob(_) => {
            let message = "This operation is not supported for this document";
            Err(Box::new(Problem::new(400, "failedPrecondition", message)))
        }
        _ => Err(Box::new(Problem::new(404, "notFound", "Requested entity was not found."))),
    }
}

/// Whether the Sheets API may be called at all.
pub(crate) fn require_enabled(is_enabled: bool) -> Answer<()> {
    if is_enabled {
        return Ok(());
    }
    Err(Box::new(refusals::api_disabled("Google Sheets API", "sheets.googleapis.com")))
}
