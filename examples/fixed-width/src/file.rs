//! A file whose columns have fixed widths: opened as the operator allows, read on a thread, and what does not fit is a
//! reject that says where it stands.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use catchment_core::{
    Adapter, Columns, Cursor, ErrorKind, Feed, FileAccess, Host, Page, Position, Progress, Reading, Records,
    Reject, Result, Source, Value, absolute_path, feed, invalid_option, task_panicked,
};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lines::Lines;

/// Characters of a column at most.
const MAX_WIDTH: usize = 1 << 16;

/// A file of fixed columns.
#[derive(Clone)]
pub(crate) struct FixedWidth {
    path: PathBuf,
    columns: Vec<ColumnOptions>,
    files: FileAccess,
}

/// How the file is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FixedWidthOptions {
    /// Its columns, from left to right.
    columns: Vec<ColumnOptions>,
}

/// One of its columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ColumnOptions {
    /// Its name.
    name: String,
    /// How many characters it has, padding included.
    width: usize,
}

impl Adapter for FixedWidth {
    const TYPE: &'static str = "fixed_width";
    type Options = FixedWidthOptions;

    fn normalize(identifier: &str) -> Result<String> {
        Ok(absolute_path(Path::new(identifier))?.to_string_lossy().into_owned())
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        host.files.check(Path::new(identifier))
    }

    fn new(identifier: &str, options: FixedWidthOptions, host: &Host) -> Result<Self> {
        let columns = options.columns;
        if columns.is_empty() {
            return Err(invalid_option("columns", "is empty; name each column with its width"));
        }
        for (index, column) in columns.iter().enumerate() {
            if column.width == 0 || column.width > MAX_WIDTH {
                let problem = format!("is {}; it must be from 1 to {MAX_WIDTH}", column.width);
                return Err(invalid_option(&format!("columns/{index}/width"), &problem));
            }
            if columns[..index].iter().any(|earlier| earlier.name == column.name) {
                let problem = format!("`{}` is the name of two columns; rename one", column.name);
                return Err(invalid_option(&format!("columns/{index}/name"), &problem));
            }
        }
        Ok(Self { path: identifier.into(), columns, files: host.files.clone() })
    }
}

#[async_trait]
impl Source for FixedWidth {
    async fn test_connection(&self) -> Result<()> {
        let Self { path, files, .. } = self.clone();
        let opened = tokio::task::spawn_blocking(move || files.open(&path).map(|_| ()));
        opened.await.unwrap_or_else(|_| Err(task_panicked()))
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let file = self.clone();
        // One page is read while another is written.
        let (feed, pages) = feed(1);
        // It ends by itself when nobody reads on.
        drop(tokio::task::spawn_blocking(move || {
            let sent = file.send_pages(&feed, &reading);
            feed.blocking_end(sent.map_err(|error| error.with("path", file.path.display())));
        }));
        pages
    }

    fn is_bound_to_node(&self) -> bool {
        true
    }
}

impl FixedWidth {
    fn send_pages(&self, feed: &Feed<Page>, reading: &Reading) -> Result<()> {
        let names: Columns = self.columns.iter().map(|column| column.name.as_str().into()).collect();
        let after = reading.after.as_ref().map(Cursor::state).transpose()?;
        let mut lines = Lines::open(self.files.open(&self.path)?, after)?;
        let mut count = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        loop {
            let (mut records, mut rejects) = (Records::default(), Vec::new());
            while records.len() + rejects.len() < reading.page_size.max_rows()
                && records.bytes() < reading.page_size.max_bytes()
            {
                let Some(line) = lines.next()? else { break };
                let position = Position::Line { line: line.line, byte: line.byte };
                match self.cut(&line.bytes) {
                    Ok((text, values)) => records.push(position, text, values),
                    Err((code, message)) => {
                        let raw = String::from_utf8_lossy(&line.bytes);
                        rejects.push(Reject::new(ErrorKind::Parsing, code, message, position, &raw));
                    }
                }
            }
            if records.is_empty() && rejects.is_empty() {
                return Ok(());
            }
            count += (records.len() + rejects.len()) as u64;
            let position = lines.position();
            let cursor = Cursor::new(count, &position)?;
            let progress = Progress { bytes: position.byte, total_bytes: Some(position.file_bytes) };
            if !feed.blocking_send(Page {
                columns: names.clone(),
                records,
                rejects,
                cursor,
                progress,
                ..Page::default()
            }) {
                return Ok(());
            }
        }
    }

    /// Cuts a line into its values, or says by code and message why it is none of this file.
    fn cut<'l>(&self, line: &'l [u8]) -> Result<(&'l str, Vec<Value<'l>>), (&'static str, String)> {
        let text = std::str::from_utf8(line)
            .map_err(|error| ("bad_encoding", format!("byte {} is not UTF-8", error.valid_up_to())))?;
        let width = text.chars().count();
        let expected: usize = self.columns.iter().map(|column| column.width).sum();
        if width != expected {
            let message = format!("it has {width} characters where the columns have {expected}");
            return Err(("wrong_width", message));
        }
        let (mut values, mut rest) = (Vec::with_capacity(self.columns.len()), text);
        for column in &self.columns {
            let end = rest.char_indices().nth(column.width).map_or(rest.len(), |(index, _)| index);
            let (value, after) = rest.split_at(end);
            values.push(match value.trim() {
                "" => Value::Null,
                value => Value::Text(value),
            });
            rest = after;
        }
        Ok((text, values))
    }
}

#[cfg(test)]
mod tests {
    use catchment_core::testkit::conforms;
    use futures::StreamExt;

    use super::*;

    fn prices(path: &Path) -> FixedWidth {
        let columns = [("category_id", 6), ("capacity", 5), ("price", 8)];
        let columns = columns.map(|(name, width)| ColumnOptions { name: name.into(), width }).into();
        let host = Host { files: FileAccess::Anywhere, ..Host::default() };
        FixedWidth::new(path.to_str().unwrap(), FixedWidthOptions { columns }, &host).unwrap()
    }

    #[tokio::test]
    async fn lines_become_records_and_what_does_not_fit_says_where_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prices.txt");
        let lines: [&[u8]; 5] = [
            b"music   8GB   54.90\r\n",
            b"\n",
            b"m\xfasica 8GB   54.90\n",
            "Música 16GB   84.90\n".as_bytes(),
            b"music\n",
        ];
        std::fs::write(&path, lines.concat()).unwrap();
        let read = conforms(|| prices(&path)).await;
        let values: Vec<_> =
            read.records.iter().map(|(location, values)| (location.as_str(), values.join(" "))).collect();
        assert_eq!(
            values,
            [
                ("line 1", r#"Text("music") Text("8GB") Text("54.90")"#.to_owned()),
                ("line 4", r#"Text("Música") Text("16GB") Text("84.90")"#.to_owned()),
            ]
        );
        let rejects: Vec<_> = read.rejects.iter().map(|reject| reject.message.as_str()).collect();
        assert_eq!(rejects, ["byte 1 is not UTF-8", "it has 5 characters where the columns have 19"]);
    }

    #[tokio::test]
    async fn a_file_that_changed_is_not_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prices.txt");
        let line = "music   8GB   54.90\n";
        std::fs::write(&path, line.repeat(2)).unwrap();
        let file = prices(&path);
        let page_size = catchment_core::PageSize::rows(1);
        let first = file.read(Reading { page_size, ..Reading::default() }).next().await.unwrap().unwrap();
        std::fs::write(&path, line.repeat(3)).unwrap();
        let after = Some(first.cursor);
        let error = file.read(Reading { after, ..Reading::default() }).next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::System, "source_changed"));
    }
}
