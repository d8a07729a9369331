//! Records of several files as those of one source: with the same columns, each with its file.

use std::sync::Arc;

use catchment_core::{Columns, ErrorKind, Location, Page, Position, Reject, Value, WHOLE_RECORD};

/// A page that is put together from those of files.
pub(super) struct MergedPage {
    columns: Columns,
    pub(super) page: Page,
}

impl MergedPage {
    pub(super) fn new(columns: Columns) -> Self {
        let page = Page { columns: columns.clone(), ..Page::default() };
        Self { columns, page }
    }

    /// Takes what was added.
    pub(super) fn take(&mut self) -> Page {
        std::mem::replace(&mut self.page, Page { columns: self.columns.clone(), ..Page::default() })
    }

    /// Adds what a page of a file has, by the names of its columns. `file` is none where there is only one.
    pub(super) fn add(&mut self, part: Page, file: Option<&Arc<str>>) {
        let locate = |location: &Location| match file {
            Some(file) => location.position.clone().in_file(file.clone()),
            None => location.clone(),
        };
        let place = |name: &str| part.columns.iter().position(|column| **column == *name);
        let places: Vec<_> = self.columns.iter().map(|name| place(name)).collect();
        // Where some files are JSON, what no column is mapped from is kept of those of other formats as well.
        let whole = self
            .columns
            .iter()
            .zip(&places)
            .position(|(name, place)| **name == *WHOLE_RECORD && place.is_none());
        for record in part.records.iter() {
            let json = whole.map(|_| serde_json::Value::Object(record.to_json(&part.columns)).to_string());
            let values = places.iter().enumerate().map(|(column, place)| match (place, &json) {
                (Some(place), _) => record.value(*place),
                (None, Some(json)) if whole == Some(column) => Value::Json(json),
                (None, _) => Value::Null,
            });
            self.page.records.push(locate(record.location()), record.raw(), values);
        }
        for mut reject in part.rejects {
            reject.location = locate(&reject.location);
            self.page.rejects.push(reject);
        }
        for mut skip in part.skips {
            skip.location = locate(&skip.location);
            self.page.skips.push(skip);
        }
        for mut finding in part.cursor.findings {
            if let Some(file) = file {
                finding.message = format!("{file}: {}", finding.message);
            }
            self.page.cursor.findings.push(finding);
        }
    }

    /// Adds a file that cannot be read, as a reject of its own.
    pub(super) fn add_bad_file(&mut self, file: &Arc<str>, item: Option<String>, problem: &str) {
        let message = format!("the file cannot be read on: {problem}");
        let location = Position::Line { line: 1, byte: 0 }.in_file(file.clone());
        let reject = Reject::new(ErrorKind::Parsing, "bad_file", message, location, "");
        self.page.rejects.push(Reject { item: item.map(Into::into), ..reject });
    }
}

/// Columns of several files: those of the first, then those that only later ones have.
pub(super) fn union(columns: &mut Vec<Box<str>>, more: &[Box<str>]) {
    for name in more {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
}
