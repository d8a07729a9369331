//! From a page as the source had it to rows as the table wants them: rename, convert, validate. Pure: no I/O,
//! no clock. A mapping is compiled once for a run's columns to their places, and applied to each page.

mod batch;
mod convert;
mod decimal;
mod identity;
pub mod names;
mod options;
pub mod table;

use catchment_core::{Columns, Error, ErrorKind, Page, Record, Reject, Result, Value, WHOLE_RECORD};

pub use batch::{Batch, Cell};
pub use decimal::{DecimalFinding, find_decimal};
pub use identity::derived_id;
pub use names::Names;
pub use options::{DecimalSign, MaxErrors, TargetOptions};

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use batch::BatchBuilder;
use convert::{Converted, convert};
use table::{Column, Table, WhenEmpty};

/// How the records of one source become rows of one table.
#[derive(Debug)]
pub struct Mapping {
    table: &'static Table,
    decimal: DecimalSign,
    feeds: Vec<Feed>,
    names: Names,
    /// The source columns that nothing maps, with their names as JSON.
    unmapped: Vec<(usize, String)>,
    /// The column that holds whole records, where the source has one: what nothing maps is taken from there.
    whole: Option<usize>,
    /// The source columns that say which record it is, for people.
    item: Vec<usize>,
    /// The source's columns, whose places these are.
    columns: Columns,
}

/// What a derived identity is made of. They stand before it in their table.
const DERIVED_FROM: [&str; 3] = ["content_type", "title", "artist"];

/// Where a target column takes its value from.
#[derive(Debug)]
enum Feed {
    /// A column of the source.
    Field { column: &'static Column, place: usize, name: Box<str> },
    /// The same for all records.
    Constant { column: &'static str, text: String },
    /// A flag that is set for every record that the source has.
    Set { column: &'static str },
    /// An identity from what the record says of itself: the cells at these places of its row.
    Derived { column: &'static str, from: [Option<usize>; 3] },
    /// All that nothing maps.
    Metadata { column: &'static str },
}

impl Feed {
    fn column(&self) -> &'static str {
        match self {
            Self::Field { column, .. } => column.name,
            Self::Constant { column, .. }
            | Self::Set { column }
            | Self::Derived { column, .. }
            | Self::Metadata { column } => column,
        }
    }
}

impl Mapping {
    /// Works out the places of all columns. `chosen` is what an earlier attempt of the run chose; without it and
    /// without a mapping in the options, the columns' names decide.
    ///
    /// # Errors
    /// `config`: the mapping names a column that the source does not have, or a required one is not fed.
    pub fn compile(options: &TargetOptions, chosen: Option<&Names>, columns: &Columns) -> Result<Self> {
        let table = options.table()?;
        let mut names = match options.mapping().or(chosen) {
            Some(names) => names.clone(),
            None => names::suggest(table, columns),
        };
        if options.mapping().is_none() && options.content_type.is_some() {
            names.remove("content_type");
        }
        let mut feeds = Vec::new();
        for column in table.columns {
            let from = DERIVED_FROM.map(|name| feeds.iter().position(|feed: &Feed| feed.column() == name));
            feeds.extend(feed(table, column, options, &names, columns, from)?);
        }
        feeds.extend(table.metadata.map(|column| Feed::Metadata { column }));
        let unmapped =
            columns.iter().enumerate().filter(|(_, field)| !names.values().any(|name| **name == ***field));
        let whole = columns.iter().position(|column| **column == *WHOLE_RECORD);
        let unmapped = match table.metadata.filter(|_| whole.is_none()) {
            Some(_) => unmapped
                .map(|(place, field)| (place, serde_json::Value::from(&**field).to_string()))
                .collect(),
            None => Vec::new(),
        };
        let item = item_places(table, &feeds);
        let columns = columns.clone();
        Ok(Self { table, decimal: options.decimal_sign()?, feeds, names, unmapped, whole, item, columns })
    }

    /// Whether a page has the columns that the mapping was compiled for. With others, values would go where they do not
    /// belong.
    pub fn fits(&self, page: &Page) -> bool {
        self.columns == page.columns
    }

    /// Whether rows are told apart by what the source calls them, and not by what they say of themselves.
    pub fn has_mapped_identity(&self) -> bool {
        self.table.is_by_source && self.table.identity.iter().all(|column| self.names.contains_key(*column))
    }

    /// The table that is written.
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// Which source column feeds which target column, as given or as chosen.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Maps a page. What does not fit is among the batch's rejects, in the order of the source.
    pub fn apply(&self, page: Page) -> Batch {
        let columns = self.feeds.iter().map(Feed::column).collect();
        let has_mapped_identity = self.has_mapped_identity();
        let mut builder = BatchBuilder::new(self.table, columns, page.records.len(), has_mapped_identity);
        let mut rejects = Vec::new();
        for (index, record) in page.records.iter().enumerate() {
            let mark = builder.mark();
            match self.map_record(record, &mut builder) {
                Ok(()) => builder.end_row(index),
                Err(reject) => {
                    builder.back_to(mark);
                    rejects.push(*reject);
                }
            }
        }
        builder.finish(page, rejects)
    }

    fn map_record(&self, record: Record<'_>, builder: &mut BatchBuilder) -> Result<(), Box<Reject>> {
        for feed in &self.feeds {
            match feed {
                Feed::Constant { text, .. } => builder.push_text(text),
                Feed::Set { .. } => builder.push_int(1),
                Feed::Derived { from, .. } => {
                    let id = derived_id(&from.map(|place| builder.current_cell(place?).as_text()));
                    builder.push_text(&id);
                }
                Feed::Metadata { .. } => self.push_metadata(record, builder),
                Feed::Field { column, place, name } => {
                    let converted = convert(record.value(*place), column.kind, self.decimal)
                        .map_err(|misfit| self.reject(record, column, name, misfit.code, &misfit.message))?;
                    match (converted, column.when_empty) {
                        (Some(Converted::Text(text)), _) => builder.push_text(&text),
                        (Some(Converted::Int(number)), _) => builder.push_int(number),
                        (None, WhenEmpty::Null) => builder.push_null(),
                        (None, WhenEmpty::Flag(flag)) => builder.push_int(flag.into()),
                        (None, WhenEmpty::Reject) => {
                            return Err(self.reject(
                                record,
                                column,
                                name,
                                "empty",
                                "is empty; a value is required",
                            ));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The columns that nothing maps as a JSON object; null where all are empty.
    fn push_metadata(&self, record: Record<'_>, builder: &mut BatchBuilder) {
        let mut separator = '{';
        let mut begin = |builder: &mut BatchBuilder, key: &str| {
            builder.append(separator.encode_utf8(&mut [0; 4]));
            separator = ',';
            builder.append(key);
            builder.append(":");
        };
        for (place, key) in &self.unmapped {
            let value = record.value(*place);
            if value.as_trimmed().is_none() {
                continue;
            }
            begin(builder, key);
            match value {
                Value::Text(text) => append_json_string(builder, text.trim()),
                other => builder.append(other.as_trimmed().unwrap_or("null")),
            }
        }
        if let Some(Value::Json(whole)) = self.whole.map(|place| record.value(place)) {
            // A member of which a part is mapped stays whole.
            let is_mapped = |name: &str| self.names.values().any(|field| field == name);
            for (name, value) in members(whole) {
                if !is_mapped(&name) && !matches!(value.get(), "null" | "\"\"") {
                    begin(builder, &serde_json::Value::from(&*name).to_string());
                    builder.append(value.get());
                }
            }
        }
        match separator {
            '{' => builder.push_null(),
            _ => {
                builder.append("}");
                builder.push_appended();
            }
        }
    }

    fn reject(
        &self,
        record: Record<'_>,
        column: &Column,
        field: &str,
        code: &'static str,
        problem: &str,
    ) -> Box<Reject> {
        let place = if column.name == field { String::new() } else { format!(" (from `{field}`)") };
        let message = format!("{}{place}: {problem}", column.name);
        let position = record.position().clone();
        let mut reject = Reject::new(ErrorKind::Validation, code, message, position, record.raw());
        reject.column = Some(column.name.into());
        reject.item = self.item(record);
        Box::new(reject)
    }

    fn item(&self, record: Record<'_>) -> Option<Box<str>> {
        let parts: Vec<_> = self.item.iter().filter_map(|place| record.value(*place).as_trimmed()).collect();
        (!parts.is_empty()).then(|| parts.join(" / ").chars().take(512).collect::<String>().into())
    }
}

/// Where a column takes its value from; `None` leaves it to the table's default and to what stands there.
fn feed(
    table: &Table,
    column: &'static Column,
    options: &TargetOptions,
    names: &Names,
    columns: &Columns,
    from: [Option<usize>; 3],
) -> Result<Option<Feed>> {
    if let Some(name) = names.get(column.name) {
        let place = columns.iter().position(|field| **field == **name);
        let place = place.ok_or_else(|| unknown_field(column.name, name, options, columns))?;
        return Ok(Some(Feed::Field { column, place, name: name.as_str().into() }));
    }
    match (column.name, &options.content_type) {
        ("content_type", Some(given)) => {
            Ok(Some(Feed::Constant { column: column.name, text: options::content_type(given)?.to_owned() }))
        }
        ("external_id", _) => Ok(Some(Feed::Derived { column: column.name, from })),
        ("is_available", _) => Ok(Some(Feed::Set { column: column.name })),
        ("content_type", None) => Err(options::missing_content_type()),
        _ if column.when_empty == WhenEmpty::Reject => Err(not_fed(table, column, columns)),
        _ => Ok(None),
    }
}

fn unknown_field(column: &str, name: &str, options: &TargetOptions, columns: &Columns) -> Error {
    let option = if options.field_mapping.is_some() { "fieldMapping" } else { "columnMapping" };
    let nearest = names::nearest(name, columns.iter().map(|field| &**field));
    let hint = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let has = columns.join(", ");
    let message = format!("maps `{name}`, which is not a column of the source; it has: {has}{hint}");
    let pointer = format!("/options/{option}/{column}");
    Error::config("unknown_column", format!("{pointer}: {message}")).with_detail(pointer, message)
}

fn not_fed(table: &Table, column: &Column, columns: &Columns) -> Error {
    let message = format!(
        "`{}` needs a value for `{}`, and no column of the source has a name that says so; it has: {}. Map one with \
         columnMapping, such as {{\"{}\": \"{}\"}}",
        table.name,
        column.name,
        columns.join(", "),
        column.name,
        columns.first().map_or("…", |field| field),
    );
    Error::config("unmapped_column", message.clone()).with_detail("/options/columnMapping", message)
}

/// What tells people which record it is: its identity, or its title where that is derived.
fn item_places(table: &Table, feeds: &[Feed]) -> Vec<usize> {
    let places = |wanted: &[&str]| -> Vec<usize> {
        let place = |feed: &Feed| match feed {
            Feed::Field { column, place, .. } if wanted.contains(&column.name) => Some(*place),
            _ => None,
        };
        feeds.iter().filter_map(place).collect()
    };
    match places(table.identity) {
        found if found.is_empty() => places(&["title", "artist"]),
        found => found,
    }
}

/// The members of a JSON object, in order, with their texts; those of a list go by their places.
fn members(record: &str) -> Vec<(Cow<'_, str>, &RawValue)> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<Name<'de>, _>()? {
                members.push((name.0, value));
            }
            Ok(members)
        }
    }
    // A source that says that it is JSON has read it.
    if let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(record) {
        return values
            .into_iter()
            .enumerate()
            .map(|(place, value)| (format!("[{place}]").into(), value))
            .collect();
    }
    serde_json::Deserializer::from_str(record).deserialize_map(Members).unwrap_or_default()
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

fn append_json_string(builder: &mut BatchBuilder, text: &str) {
    let is_plain = !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if is_plain {
        builder.append("\"");
        builder.append(text);
        builder.append("\"");
    } else {
        builder.append(&serde_json::Value::from(text).to_string());
    }
}
