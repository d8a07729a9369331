//! The dialect of a delimited text: what stands between fields and around them.

use serde::{Deserialize, Serialize};

/// What stands between fields and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CsvDialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
}

impl CsvDialect {
    /// Whether options can say it; a cursor may say anything.
    pub(crate) fn is_possible(self) -> bool {
        let Self { delimiter, quote, escape } = self;
        let is_sign = |byte: u8| byte.is_ascii() && !matches!(byte, b'\r' | b'\n' | 0);
        let is_distinct = Some(delimiter) != quote && Some(delimiter) != escape;
        is_distinct
            && (escape.is_none() || escape != quote)
            && [Some(delimiter), quote, escape].into_iter().flatten().all(is_sign)
    }
}
