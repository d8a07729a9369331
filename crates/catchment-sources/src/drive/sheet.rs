//! A tab of a Google spreadsheet, by the API of Sheets: its cells as they are, or as it shows them.

use std::borrow::Cow;
use std::fs::File;

use catchment_core::{Error, ErrorKind, Finding, Pulse, Result};
use catchment_formats::{GridCell, GridWriter, SheetChoice, column_name};
use serde::Deserialize;
use serde_json::value::RawValue;
use unicode_normalization::UnicodeNormalization;

use super::client::{DriveClient, address};
use super::options::DriveValues;
use super::resource::DriveFile;

/// Cells of one request: answers of some megabytes.
const MAX_CELLS: u64 = 500_000;
/// The most cells of a tab: several times what Google allows a spreadsheet (10 million).
const MAX_TAB_CELLS: u64 = 50_000_000;
const FIELDS: &str =
    "sheets.properties(sheetId,title,index,hidden,sheetType,gridProperties(rowCount,columnCount))";

/// A tab that was read.
pub(super) struct ReadTab {
    /// Its cells, as a grid.
    pub(super) file: File,
    pub(super) finding: Finding,
}

#[derive(Deserialize)]
struct Spreadsheet {
    sheets: Vec<Sheet>,
}

#[derive(Deserialize)]
struct Sheet {
    properties: Tab,
}

/// A tab of a spreadsheet.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tab {
    #[serde(default, rename = "sheetId")]
    pub(super) gid: u64,
    pub(super) title: String,
    #[serde(default)]
    pub(super) hidden: bool,
    #[serde(default)]
    sheet_type: Option<String>,
    #[serde(default)]
    grid_properties: Grid,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Grid {
    row_count: u64,
    column_count: u64,
}

/// Rows of a range; those that are empty at its end are left out, and so are empty cells at the end of a row.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Values<'j> {
    /// It is always told: an answer without it is none.
    #[serde(rename = "range")]
    _range: Cow<'j, str>,
    #[serde(borrow, default)]
    values: Vec<Vec<&'j RawValue>>,
}

impl Tab {
    /// The tab for people: its name, its number, and how large it is.
    pub(super) fn shown(&self) -> String {
        let Grid { row_count, column_count } = self.grid_properties;
        let hidden = if self.hidden { ", hidden" } else { "" };
        format!("`{}` (gid {}, {row_count} × {column_count}{hidden})", self.title, self.gid)
    }
}

/// The tabs of a spreadsheet that hold cells, in their order.
pub(super) async fn tabs(client: &DriveClient, file: &DriveFile, pulse: &Pulse) -> Result<Vec<Tab>> {
    let url = address(&client.addresses.sheets, &[&file.id], &[("fields", FIELDS)])?;
    let spreadsheet: Spreadsheet = client.get_json(url, &[&file.id], pulse).await?;
    let tabs = spreadsheet.sheets.into_iter().map(|sheet| sheet.properties);
    Ok(tabs.filter(|tab| tab.sheet_type.as_deref().is_none_or(|kind| kind == "GRID")).collect())
}

/// Reads the tab of a number, or of a name, or the first one that is not hidden.
///
/// # Errors
/// As of the calls of Sheets; `config`, `no_such_sheet`.
pub(super) async fn read_tab(
    client: &DriveClient,
    file: &DriveFile,
    (gid, choice): (Option<u64>, Option<&SheetChoice>),
    values: DriveValues,
    pulse: &Pulse,
) -> Result<ReadTab> {
    let tabs = tabs(client, file, pulse).await?;
    let gid = gid.or(match choice {
        Some(SheetChoice::Number(gid)) => Some(u64::from(*gid)),
        _ => None,
    });
    let name = match choice {
        Some(SheetChoice::Name(name)) => Some(name.as_str()),
        _ => None,
    };
    let tab = choose(&tabs, gid, name)?;
    let others = tabs.iter().filter(|other| other.gid != tab.gid && !other.hidden).count();
    let finding = if gid.is_none() && name.is_none() && others > 0 {
        let all = tabs.iter().map(Tab::shown).collect::<Vec<_>>().join(", ");
        let message = format!("`{}`, the first one of {all}; set the option `sheet` to settle it", tab.title);
        Finding::unsure("sheet", message)
    } else {
        Finding::sure("sheet", format!("`{}`", tab.title))
    };
    let Grid { row_count, column_count } = tab.grid_properties;
    if row_count.saturating_mul(column_count) > MAX_TAB_CELLS {
        let message =
            format!("Google Sheets says that the tab is {}, more than a spreadsheet may have", tab.shown());
        return Err(Error::new(ErrorKind::Unavailable, "bad_answer", message));
    }
    let mut grid = GridWriter::new(&tab.title)?;
    let step = (MAX_CELLS / column_count.max(1)).max(1);
    // No tab has as many as that.
    let end = column_name(usize::try_from(column_count.saturating_sub(1)).unwrap_or_default());
    let mut row = 1;
    while row <= row_count && column_count > 0 {
        let last = row.saturating_add(step - 1).min(row_count);
        let range = format!("'{}'!A{row}:{end}{last}", tab.title.replace('\'', "''"));
        let more = last < row_count;
        let rows = Rows { client, file, range: &range, pulse };
        rows.read(values, &mut grid, if more { last - row + 1 } else { 0 }).await?;
        row = last + 1;
    }
    Ok(ReadTab { file: grid.finish()?, finding })
}

fn choose<'t>(tabs: &'t [Tab], gid: Option<u64>, name: Option<&str>) -> Result<&'t Tab> {
    let unknown = |what: String| {
        let all = tabs.iter().map(Tab::shown).collect::<Vec<_>>().join(", ");
        let message = format!("the spreadsheet has no tab {what}; it has {all}");
        Error::config("no_such_sheet", message.clone()).with_detail("/options/sheet", message)
    };
    if let Some(gid) = gid {
        let named = tabs.iter().find(|tab| tab.gid == gid).or_else(|| {
            // A tab may be called 2026.
            tabs.iter().find(|tab| tab.title == gid.to_string())
        });
        return named.ok_or_else(|| unknown(format!("with the gid {gid}")));
    }
    if let Some(name) = name {
        // An accent may be a letter of its own or not, as the keyboard has it.
        let plain = |name: &str| name.trim().nfc().collect::<String>().to_lowercase();
        let exact = tabs.iter().find(|tab| tab.title == name);
        let found = exact.or_else(|| tabs.iter().find(|tab| plain(&tab.title) == plain(name)));
        return found.ok_or_else(|| unknown(format!("`{name}`")));
    }
    let first = tabs.iter().find(|tab| !tab.hidden).or_else(|| tabs.first());
    first.ok_or_else(|| unknown("that holds cells".to_owned()))
}

/// Rows of a tab.
struct Rows<'a> {
    client: &'a DriveClient,
    file: &'a DriveFile,
    range: &'a str,
    pulse: &'a Pulse,
}

impl Rows<'_> {
    /// Reads them, and adds so many empty ones that at least this many are added.
    async fn read(&self, values: DriveValues, grid: &mut GridWriter, at_least: u64) -> Result<()> {
        let mut added = 0;
        match values {
            DriveValues::Shown => {
                let shown = self.get("FORMATTED_VALUE", "FORMATTED_STRING").await?;
                for row in &self.parsed(&shown)?.values {
                    grid.push(&row.iter().map(|cell| plain(cell)).collect::<Vec<_>>())?;
                    added += 1;
                }
            }
            DriveValues::Raw => {
                let numbers = self.get("UNFORMATTED_VALUE", "SERIAL_NUMBER").await?;
                let parsed = self.parsed(&numbers)?;
                // Only that tells a date from a number: its text, where dates are asked for as texts.
                let has_numbers = parsed.values.iter().flatten().any(|cell| is_number(cell));
                let dates = if has_numbers {
                    self.get("UNFORMATTED_VALUE", "FORMATTED_STRING").await?
                } else {
                    numbers.clone()
                };
                let dates = self.parsed(&dates)?;
                for (index, row) in parsed.values.iter().enumerate() {
                    let dates = dates.values.get(index).map_or(&[][..], Vec::as_slice);
                    let cells = row.iter().enumerate().map(|(column, cell)| cell_of(cell, dates.get(column)));
                    grid.push(&cells.collect::<Vec<_>>())?;
                    added += 1;
                }
            }
        }
        for _ in added..at_least {
            grid.push(&[])?;
        }
        Ok(())
    }

    async fn get(&self, render: &str, dates: &str) -> Result<String> {
        let params =
            [("majorDimension", "ROWS"), ("valueRenderOption", render), ("dateTimeRenderOption", dates)];
        let url = address(&self.client.addresses.sheets, &[&self.file.id, "values", self.range], &params)?;
        let text: Box<RawValue> = self.client.get_json(url, &[&self.file.id], self.pulse).await?;
        Ok(Box::<str>::from(text).into())
    }

    fn parsed<'j>(&self, text: &'j str) -> Result<Values<'j>> {
        serde_json::from_str(text).map_err(|error| {
            let message = format!("Google Sheets answered with something else than values: {error}");
            Error::new(ErrorKind::Unavailable, "bad_answer", message)
        })
    }
}

fn is_number(cell: &RawValue) -> bool {
    cell.get().starts_with(|char: char| char == '-' || char.is_ascii_digit())
}

/// A cell, and the same with dates as texts: a number that becomes a text is a date.
fn cell_of<'j>(cell: &'j RawValue, dated: Option<&&'j RawValue>) -> GridCell<'j> {
    let (number, shown) = (cell.get().parse::<f64>().ok(), dated.map(|dated| plain(dated)));
    match (number, shown) {
        (Some(days), Some(GridCell::Text(shown))) if is_number(cell) => GridCell::Moment { days, shown },
        _ => plain(cell),
    }
}

/// A cell as it stands in the answer.
fn plain(cell: &RawValue) -> GridCell<'_> {
    match cell.get() {
        "null" | "\"\"" => GridCell::Empty,
        "true" => GridCell::Flag(true),
        "false" => GridCell::Flag(false),
        text if text.starts_with('"') => {
            GridCell::Text(serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned))
        }
        number => GridCell::Number(number.into()),
    }
}
