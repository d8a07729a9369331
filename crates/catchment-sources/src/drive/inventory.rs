//! A folder as content: each of its files is a record.

use std::sync::Arc;

use catchment_core::{
    Columns, Coverage, Cursor, Feed, Finding, Page, PageSize, Position, Result, Value, WHOLE_RECORD,
};
use reqwest::Url;
use serde_json::json;

use super::names::{NamePattern, Named, content_type};
use super::pattern::join;
use super::resource::DriveFile;
use super::state::{DriveKept, DriveState};
use crate::fields::{columns_of, push_fields};
use crate::media::extension;

/// What is told of each file.
const COLUMNS: [&str; 17] = [
    "id",
    "name",
    "title",
    "artist",
    "extension",
    "mimeType",
    "contentType",
    "size",
    "md5",
    "createdTime",
    "modifiedTime",
    "durationMillis",
    "width",
    "height",
    "available",
    "webViewLink",
    WHOLE_RECORD,
];

/// Pages of files on their way out.
pub(super) struct Output<'a> {
    pub(super) names: &'a NamePattern,
    pub(super) feed: &'a Feed<Page>,
    pub(super) page_size: PageSize,
    pub(super) coverage: Coverage,
    pub(super) records_read: u64,
    columns: Columns,
    page: Page,
    findings: Vec<Finding>,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        names: &'a NamePattern,
        feed: &'a Feed<Page>,
        page_size: PageSize,
        records_read: u64,
    ) -> Self {
        let columns = columns_of(&COLUMNS);
        let page = Page { columns: columns.clone(), ..Page::default() };
        let (coverage, findings) = (Coverage::Complete, Vec::new());
        Self { names, feed, page_size, coverage, records_read, columns, page, findings }
    }

    /// Adds a file that is in a folder of this path.
    pub(super) fn add(&mut self, file: &DriveFile, folder: &str) {
        let Named { title, artist } = self.names.read(&file.name);
        let video = file.video_media_metadata.clone().unwrap_or_default();
        let image = file.image_media_metadata.clone().unwrap_or_default();
        let (extension, kind) = (extension(&file.name), content_type(&file.mime_type, &file.name));
        let text = |text: Option<&str>| text.map_or(serde_json::Value::Null, Into::into);
        let link = file.web_view_link.as_deref().map(without_key);
        let fields = vec![
            json!(file.id),
            json!(file.name),
            json!(title),
            json!(artist),
            json!(extension),
            json!(file.mime_type),
            text(kind),
            json!(file.size),
            text(file.md5_checksum.as_deref()),
            text(file.created_time.as_deref()),
            text(file.modified_time.as_deref()),
            json!(video.duration_millis),
            json!(video.width.or(image.width)),
            json!(video.height.or(image.height)),
            json!(true),
            json!(link),
        ];
        let position = Position::Item { page: 0, path: file.id.as_str().into() };
        let location = position.in_file(join(folder, &file.name));
        let raw = format!("{} ({})", file.name, file.id);
        push_fields(&mut self.page.records, &COLUMNS, location, &raw, fields);
    }

    /// Adds what is no file of the folder any more.
    pub(super) fn add_gone(&mut self, id: &str) {
        let values =
            std::iter::once(Value::Text(id)).chain(std::iter::repeat_n(Value::Null, COLUMNS.len() - 1));
        self.page.gone.push(Position::Item { page: 0, path: id.into() }, id, values);
    }

    /// Adds something that people should know.
    pub(super) fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn is_full(&self) -> bool {
        self.page.records.len().max(self.page.gone.len()) >= self.page_size.max_rows()
            || self.page.records.bytes() >= self.page_size.max_bytes()
    }

    /// Sends what there is, with the state after it; false where nobody reads on.
    pub(super) async fn send(&mut self, state: &DriveState) -> Result<bool> {
        self.send_with(state, None, None).await
    }

    /// Sends the last page: what is left, what the next run is told, and why the reading is not complete, if it is not.
    pub(super) async fn end(
        &mut self,
        state: &DriveState,
        kept: Option<&DriveKept>,
        warning: Option<String>,
    ) -> Result<()> {
        if warning.is_some() {
            self.coverage = Coverage::Truncated;
        }
        self.send_with(state, kept, warning).await.map(|_| ())
    }

    async fn send_with(
        &mut self,
        state: &DriveState,
        kept: Option<&DriveKept>,
        warning: Option<String>,
    ) -> Result<bool> {
        let mut page =
            std::mem::replace(&mut self.page, Page { columns: self.columns.clone(), ..Page::default() });
        self.records_read += page.count() as u64;
        page.cursor = Cursor {
            coverage: self.coverage,
            is_inventory: true,
            carryover: kept.and_then(|kept| serde_json::to_value(kept).ok()),
            warning,
            findings: std::mem::take(&mut self.findings),
            ..Cursor::new(self.records_read, state)?
        };
        Ok(self.feed.send(page).await)
    }
}

/// A link without the resource key that it may hold, which is a secret.
fn without_key(link: &str) -> Arc<str> {
    let Ok(mut url) = Url::parse(link) else { return link.into() };
    if url.query_pairs().all(|(name, _)| name != "resourcekey") {
        return link.into();
    }
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "resourcekey").collect();
    url.set_query(None);
    if !rest.is_empty() {
        url.query_pairs_mut().extend_pairs(rest);
    }
    url.as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lose_their_resource_key_and_nothing_else() {
        for (link, expected) in [
            (
                "https://drive.google.com/file/d/a/view?usp=drivesdk",
                "https://drive.google.com/file/d/a/view?usp=drivesdk",
            ),
            (
                "https://drive.google.com/file/d/a/view?usp=x&resourcekey=0-b",
                "https://drive.google.com/file/d/a/view?usp=x",
            ),
            ("https://drive.google.com/open?resourcekey=0-b", "https://drive.google.com/open"),
            ("no link", "no link"),
        ] {
            assert_eq!(&*without_key(link), expected);
        }
    }
}
