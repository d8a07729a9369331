//! Where the records of a document in a file are.

use std::io::{BufReader, Read};

use catchment_core::{Error, Result, invalid_option};

use super::lists::{find_list, find_list_in};
use super::options::ValidatedJsonOptions;
use super::path::Path;
use super::selection::Selection;
use super::text::{RepairedText, unreadable};
use crate::Blob;
use crate::text::compression::read_error;
use crate::text::encoding::TextEncoding;

/// Longer documents are not held in memory, as it takes to find their list among others, or to follow a query.
const HELD_BYTES: u64 = 64 << 20;

/// Finds the list of records.
pub(super) fn find_path(blob: &Blob, encoding: TextEncoding, given: &ValidatedJsonOptions) -> Result<Path> {
    let found = match held(blob, encoding, given)? {
        Some(text) => {
            serde_json::from_str::<serde::de::IgnoredAny>(&text)
                .map_err(|error| unreadable(&error, given.max_bytes))?;
            find_list(&text)
        }
        None => {
            let text = RepairedText::open(blob, encoding, given.max_bytes)?;
            find_list_in(BufReader::new(text)).map_err(|error| unreadable(&error, given.max_bytes))?
        }
    };
    found.map_err(|error| {
        let message = error.message().replace("the answer", "the file");
        Error::config("no_records", message.clone()).with_detail("/options/dataPath", message)
    })
}

/// What a path selects; the document is looked at only for paths that need it.
pub(super) fn selection(
    blob: &Blob,
    encoding: TextEncoding,
    given: &ValidatedJsonOptions,
    path: &Path,
) -> Result<Selection> {
    let document = if path.steps().is_some() { None } else { Some(held(blob, encoding, given)?) };
    if document == Some(None) {
        let problem = format!(
            "is a query, for which the whole document is held in memory, and it has more than {HELD_BYTES} bytes; give a \
             path of names, such as `data.items`"
        );
        return Err(invalid_option("dataPath", &problem));
    }
    Selection::new(path, document.flatten().as_deref()).map_err(|error| unreadable(&error, given.max_bytes))
}

/// The text of a document, where it is not too long to be held.
fn held(blob: &Blob, encoding: TextEncoding, given: &ValidatedJsonOptions) -> Result<Option<String>> {
    let mut text = Vec::new();
    let document = RepairedText::open(blob, encoding, given.max_bytes)?;
    document.take(HELD_BYTES + 1).read_to_end(&mut text).map_err(read_error)?;
    if text.len() as u64 > HELD_BYTES {
        return Ok(None);
    }
    let text = String::from_utf8(text);
    Ok(Some(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())))
}
