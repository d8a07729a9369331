//! Rejects that are mended: as a CSV file that a spreadsheet reads, and back; replayed, or ignored.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use catchment::{
    App, Principal, RejectFilter, RejectSelection, RejectState, ReplaceValue, Replay, StoredError,
};
use catchment_core::{Error, Result};
use clap::Args;
use serde_json::{Map, Value};

use super::table::say;

/// Rejects that are fetched at a time.
const PART: u32 = 1000;
/// The column of the ids, and that of the reasons.
const ID: &str = "error_id";
const REASON: &str = "reason";

/// Which open rejects.
#[derive(Args)]
pub(super) struct Which {
    /// Only the error of this id; repeatable [default: all that are open]
    #[arg(long = "error", value_name = "ID")]
    ids: Vec<i64>,

    /// Only those with this code
    #[arg(long)]
    code: Option<String>,

    /// Only those whose value of this column was refused
    #[arg(long)]
    column: Option<String>,

    /// Only those whose record has this value in a field
    #[arg(long)]
    value: Option<String>,
}

/// How records are changed.
#[derive(Args)]
pub(super) struct Mending {
    /// Give a field of the source this value; repeatable
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,

    /// Where a field has a value, give it another one
    #[arg(long, value_name = "FIELD=FROM=TO")]
    replace: Option<String>,

    /// Take the fields from a CSV file as `runs errors ID --open --csv` writes it, mended; only its records are replayed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ids", "code", "column", "value"])]
    csv: Option<PathBuf>,
}

impl Which {
    pub(super) fn selection(&self) -> RejectSelection {
        let Self { ids, code, column, value } = self;
        let filter = RejectFilter { code: code.clone(), column: column.clone(), value: value.clone() };
        RejectSelection { ids: ids.clone(), filter: (filter != RejectFilter::default()).then_some(filter) }
    }
}

impl Mending {
    /// The replay that is asked for. What a file has mended is stored first.
    pub(super) async fn replay(&self, app: &App, who: &Principal, run: i64, which: &Which) -> Result<Replay> {
        let RejectSelection { mut ids, filter } = which.selection();
        if let Some(path) = &self.csv {
            ids = mend(app, who, run, path).await?;
        }
        let pair = |text: &String| match text.split_once('=') {
            Some((field, value)) => Ok((field.to_owned(), Value::from(value))),
            None => Err(unfit("--set", text, "FIELD=VALUE")),
        };
        let replace = self.replace.as_ref().map(|text| match *text.splitn(3, '=').collect::<Vec<_>>() {
            [field, from, to] => {
                Ok(ReplaceValue { field: field.to_owned(), from: from.to_owned(), to: to.into() })
            }
            _ => Err(unfit("--replace", text, "FIELD=FROM=TO")),
        });
        let set = self.set.iter().map(pair).collect::<Result<Map<_, _>>>()?;
        Ok(Replay { ids, filter, set, replace: replace.transpose()? })
    }
}

fn unfit(flag: &str, given: &str, form: &str) -> Error {
    Error::config("invalid_options", format!("{flag} {given}: it is not of the form {form}"))
}

/// All open rejects of a run.
async fn open(app: &App, who: &Principal, run: i64) -> Result<Vec<StoredError>> {
    let (mut rejects, mut after) = (Vec::new(), 0);
    loop {
        let part = app.service().rejects(who, run, RejectState::Open, after, PART).await?;
        let Some(last) = part.last() else { return Ok(rejects) };
        after = last.id;
        rejects.extend(part);
    }
}

/// Prints the open rejects of a run as CSV (RFC 4180): their id, their fields, and the reason. What a spreadsheet would take for a
/// formula has an apostrophe before it.
pub(super) async fn print_csv(app: &App, who: &Principal, run: i64) -> Result<()> {
    let rejects = open(app, who, run).await?;
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for name in rejects.iter().filter_map(|reject| reject.record.as_ref()).flat_map(Map::keys) {
        if known.insert(name.as_str()) {
            names.push(name.clone());
        }
    }
    let header = [ID].into_iter().chain(names.iter().map(String::as_str)).chain([REASON]);
    say!("{}", line(header.map(str::to_owned))?);
    let mut unstored = 0;
    for reject in &rejects {
        let Some(record) = &reject.record else {
            unstored += 1;
            continue;
        };
        let cells = names.iter().map(|name| record.get(name).map(shown).unwrap_or_default());
        say!("{}", line([reject.id.to_string()].into_iter().chain(cells).chain([safe(&reject.message)]))?);
    }
    if unstored > 0 {
        eprintln!("{unstored} more could not be stored whole, and must be mended in the source");
    }
    Ok(())
}

fn line(cells: impl Iterator<Item = String>) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let failed = |error: csv::Error| Error::io("writing CSV", error.into());
    writer.write_record(cells.collect::<Vec<_>>()).map_err(failed)?;
    let bytes = writer.into_inner().map_err(|error| Error::io("writing CSV", error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

/// A value as a cell.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => safe(text),
        other => safe(&other.to_string()),
    }
}

fn is_formula(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err()
}

fn safe(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

fn unsafe_again(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

/// Stores the fields that a file has mended. The ids of its records.
async fn mend(app: &App, who: &Principal, run: i64, path: &Path) -> Result<Vec<i64>> {
    let what = format!("reading {}", path.display());
    let fault = |problem: String| Error::config("invalid_options", format!("{what}: {problem}"));
    let text = std::fs::read(path).map_err(|error| Error::io(&what, error))?;
    let text = String::from_utf8(text)
        .map_err(|_| fault("it is not UTF-8; save it as `CSV UTF-8` in the spreadsheet".to_owned()))?;
    // Spreadsheets write the delimiter of their country.
    let readers = [b',', b';', b'\t'].map(|delimiter| {
        let text = text.trim_start_matches('\u{feff}').as_bytes();
        csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text)
    });
    let found = readers.into_iter().find_map(|mut reader| {
        let header = reader.headers().ok()?.clone();
        Some((header.iter().position(|name| name == ID)?, header, reader))
    });
    let (place, header, mut reader) = found.ok_or_else(|| {
        let file = format!("`catchment runs errors {run} --open --csv`");
        fault(format!("it has no column `{ID}`; use the file that {file} writes"))
    })?;
    let known: HashMap<i64, StoredError> =
        open(app, who, run).await?.into_iter().map(|reject| (reject.id, reject)).collect();
    let mut ids = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| fault(error.to_string()))?;
        let text = row.get(place).unwrap_or_default();
        let id = text.trim().parse().map_err(|_| fault(format!("`{text}` is not an id of an error")))?;
        // What was applied or ignored meanwhile is no matter any more.
        let Some(mut record) = known.get(&id).and_then(|reject| reject.record.clone()) else { continue };
        let cells = header.iter().zip(&row).enumerate().filter(|(index, _)| *index != place);
        for (_, (name, cell)) in cells.filter(|(_, (name, _))| *name != REASON) {
            let before = record.get(name).map(shown).unwrap_or_default();
            if before != cell {
                record.insert(name.to_owned(), unsafe_again(cell).into());
            }
        }
        app.service().mend_reject(who, run, id, &record).await?;
        ids.push(id);
    }
    if ids.is_empty() {
        return Err(fault("none of its records is an open reject of this run".to_owned()));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_sees_no_formula_and_the_value_comes_back() {
        for text in ["=1+1", "+x", "-x", "@a", "'=1", "''=1", "-5", "plain", "'plain", ""] {
            let cell = safe(text);
            assert!(!cell.starts_with(['=', '+', '@']), "{cell}");
            assert_eq!(unsafe_again(&cell), text);
        }
    }
}
