//! A request from flags, shared by the commands that make one.

use std::path::PathBuf;

use catchment::SyncRequest;
use catchment_core::{Error, Result};
use clap::Args;
use serde_json::{Map, Value};

use super::source_type::type_of;
use super::stdin::{STANDARD_INPUT, Spool};

/// What to read, and how.
#[derive(Args)]
#[command(next_help_heading = "Source")]
pub(super) struct SourceArgs {
    /// Path or URL of the source, an id of Google Drive, or a volume (volume:ID, label:NAME); `-` is standard input
    #[arg(help_heading = "Arguments")]
    source: String,

    /// Type of the source [default: by its name: csv for text, file for other files, folders and patterns, drive for links to Google
    /// Drive, usb for volumes, api for other URLs]
    #[arg(long = "type", value_name = "TYPE")]
    source_type: Option<String>,

    /// JSON file with options as `POST /v1/sync/trigger` takes them; flags override it
    #[arg(long = "options", value_name = "FILE")]
    options_file: Option<PathBuf>,

    /// Delimiter: one character, or `tab` [default: detected]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,

    /// Quote: one character, or an empty value for none [default: "]
    #[arg(long, value_name = "CHAR")]
    quote: Option<String>,

    /// Escape inside quotes, such as `\` [default: a quote is written twice]
    #[arg(long, value_name = "CHAR")]
    escape: Option<String>,

    /// Encoding, such as windows-1252 [default: detected]
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,

    /// Language of the data, such as es: a hint for detecting the encoding [default: of the settings, or the locale]
    #[arg(long, value_name = "TAG")]
    language: Option<String>,

    /// The first record is data; the columns are named 1, 2, …
    #[arg(long)]
    no_header: bool,

    /// Format of the file: csv, json, ndjson, xlsx, xlsb, xls or ods [default: detected]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,

    /// Sheet of a workbook: its name, or its number from 1 [default: the first that is not hidden]
    #[arg(long, value_name = "SHEET")]
    sheet: Option<String>,

    /// Row of a sheet, or line of a text, that names the columns, from 1 [default: detected]
    #[arg(long, value_name = "ROW")]
    header_row: Option<u64>,

    /// What becomes of rows of totals: keep or skip [default: keep]
    #[arg(long, value_name = "WHAT")]
    totals: Option<String>,

    /// Path of the list of records in a JSON document, such as data.items [default: detected]
    #[arg(long, value_name = "PATH")]
    data_path: Option<String>,

    /// Of Google Drive: key file of the service account that it is read as
    #[arg(long, value_name = "FILE")]
    service_account: Option<PathBuf>,

    /// Of a folder in Google Drive: rows of its files, or the files themselves [default: files]
    #[arg(long, value_name = "WHAT")]
    read: Option<String>,

    /// Of a folder in Google Drive: only files like this, such as "*.csv"
    #[arg(long, value_name = "PATTERN")]
    pattern: Option<String>,

    /// Only files that no completed run of the same request has read
    #[arg(long)]
    new_files: bool,
}

impl TargetArgs {
    /// The table that is named.
    pub(super) fn table(&self) -> Option<&str> {
        self.target.as_deref()
    }
}

impl SourceArgs {
    /// Whether the source is what comes in.
    pub(super) fn is_standard_input(&self) -> bool {
        self.source == STANDARD_INPUT
    }

    /// Copies standard input where it is the source. The copy is there as long as what this returns.
    ///
    /// # Errors
    /// `config` where nothing can come in; `system` where it cannot be copied.
    pub(super) async fn spool(&mut self) -> Result<Option<Spool>> {
        if !self.is_standard_input() {
            return Ok(None);
        }
        let spool = Spool::read().await?;
        self.source = spool.path().display().to_string();
        Ok(Some(spool))
    }
}

impl SourceArgs {
    /// Sets the options of the source that flags give.
    fn set_options(&self, options: &mut Map<String, Value>) {
        set(options, "delimiter", self.delimiter.as_deref());
        set(options, "quote", self.quote.as_deref());
        set(options, "escape", self.escape.as_deref());
        set(options, "encoding", self.encoding.as_deref());
        set(options, "language", self.language.as_deref());
        set(options, "hasHeader", self.no_header.then_some(false));
        set(options, "format", self.format.as_deref());
        let sheet = self.sheet.as_deref();
        set(
            options,
            "sheet",
            sheet.map(|sheet| sheet.parse::<u32>().map_or_else(|_| sheet.into(), Value::from)),
        );
        set(options, "headerRow", self.header_row);
        set(options, "totals", self.totals.as_deref());
        set(options, "dataPath", self.data_path.as_deref());
        let key = self.service_account.as_ref();
        let auth = key.map(|file| serde_json::json!({"type": "service_account", "key": {"file": file}}));
        set(options, "auth", auth);
        set(options, "read", self.read.as_deref());
        set(options, "pattern", self.pattern.as_deref());
        set(options, "newFiles", self.new_files.then_some(true));
    }
}

/// Where the records go, and what fits.
#[derive(Args)]
#[command(next_help_heading = "Mapping")]
pub(super) struct TargetArgs {
    /// Table to write: any of the database, see `catchment targets` [default: content_index]
    #[arg(long, value_name = "TABLE")]
    target: Option<String>,

    /// Column that tells rows apart, of a unique key of the table; repeatable [default: the primary key, if mapped]
    #[arg(long, value_name = "COLUMN")]
    key: Vec<String>,

    /// What the records are: music, video, movie or game
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,

    /// Map a source column to a target column, or one of the rules of `columnMapping` as JSON; repeatable [default: by
    /// their names]
    #[arg(long = "map", value_name = "TARGET=SOURCE")]
    mapping: Vec<String>,

    /// Only records for which this expression holds, such as "price|float > 10"
    #[arg(long = "where", value_name = "EXPRESSION")]
    condition: Option<String>,

    /// What becomes of columns that nothing maps: metadata, ignore or fail
    #[arg(long, value_name = "WHAT")]
    unmapped: Option<String>,

    /// How dates are written where it is not ISO 8601, such as dd/MM/yyyy
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<String>,

    /// IANA time zone of times that tell none [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,

    /// Decimal sign of numbers: `.` or `,`
    #[arg(long, value_name = "SIGN")]
    decimal: Option<String>,

    /// Name that replaces the path in identities, for dated files
    #[arg(long, value_name = "NAME")]
    source_name: Option<String>,

    /// Fail when more records than this are rejected: a number, or a share such as 5%
    #[arg(long, value_name = "LIMIT")]
    max_errors: Option<String>,

    /// What becomes of rows that left the source: keep, mark or delete [default: keep; mark for a folder of Google Drive and a volume]
    #[arg(long, value_name = "WHAT")]
    when_gone: Option<String>,

    /// Mark or delete nothing when more rows than this have left: a number, or a share such as 20% [default: 20%; 50% of a volume]
    #[arg(long, value_name = "LIMIT")]
    max_gone: Option<String>,

    /// Who wins in a column where source and table differ: source, target, fill_empty, max, min, keep_edits or ask, or one of
    /// the rules of `conflicts` as JSON; repeatable [default: source]
    #[arg(long = "conflict", value_name = "COLUMN=WHO")]
    conflicts: Vec<String>,

    /// Accept a source without records, although it had some before
    #[arg(long)]
    allow_empty: bool,
}

/// The request that the flags make.
///
/// # Errors
/// `config`, when the options file does not read or a mapping is not of its form.
pub(super) fn request(source: &SourceArgs, target: &TargetArgs) -> Result<SyncRequest> {
    let mut options = match &source.options_file {
        Some(path) => read_options(path)?,
        None => Map::new(),
    };
    source.set_options(&mut options);
    set(&mut options, "targetTable", target.target.as_deref());
    set(&mut options, "contentType", target.content_type.as_deref());
    set(
        &mut options,
        "columnMapping",
        rules("--map", &target.mapping, "TARGET=SOURCE, such as title=song_name")?,
    );
    set(
        &mut options,
        "conflicts",
        rules("--conflict", &target.conflicts, "COLUMN=WHO, such as price=keep_edits")?,
    );
    set(&mut options, "key", (!target.key.is_empty()).then(|| target.key.clone()));
    set(&mut options, "where", target.condition.as_deref());
    set(&mut options, "unmapped", target.unmapped.as_deref());
    set(&mut options, "dateFormat", target.date_format.as_deref());
    set(&mut options, "timeZone", target.time_zone.as_deref());
    set(&mut options, "decimal", target.decimal.as_deref());
    set(&mut options, "sourceName", target.source_name.as_deref());
    set(&mut options, "maxErrors", target.max_errors.as_deref());
    set(&mut options, "whenGone", target.when_gone.as_deref());
    set(&mut options, "maxGone", target.max_gone.as_deref());
    set(&mut options, "allowEmpty", target.allow_empty.then_some(true));
    let source_type = source.source_type.as_deref().unwrap_or_else(|| type_of(&source.source));
    Ok(SyncRequest { source_type: source_type.to_owned(), source_identifier: source.source.clone(), options })
}

fn set(options: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        options.insert(name.to_owned(), value.into());
    }
}

/// Names with what is said of them: a word, or a rule as JSON.
fn rules(flag: &str, pairs: &[String], form: &str) -> Result<Option<Value>> {
    let mut rules = Map::new();
    for pair in pairs {
        let (target, field) = pair.split_once('=').ok_or_else(|| {
            Error::config("invalid_options", format!("{flag} {pair}: it has no `=`; write {form}"))
        })?;
        let rule = match field.trim_start() {
            json if json.starts_with('{') => serde_json::from_str(json).map_err(|error| {
                Error::config(
                    "invalid_options",
                    format!("{flag} {pair}: its rule is not valid JSON: {error}"),
                )
            })?,
            _ => field.into(),
        };
        rules.insert(target.trim().to_owned(), rule);
    }
    Ok((!rules.is_empty()).then_some(Value::Object(rules)))
}

fn read_options(path: &PathBuf) -> Result<Map<String, Value>> {
    let what = format!("reading {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| Error::io(&what, error))?;
    serde_json::from_str(&text).map_err(|error| {
        Error::config("invalid_options", format!("{what}: it is not a JSON object with options: {error}"))
    })
}
