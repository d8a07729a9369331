//! How patterns of names fit where their files are not on this machine's own file system.

use glob::MatchOptions;

/// Upper and lower case are the same, and `*` stays within a folder.
pub(crate) const ANY_CASE: MatchOptions = MatchOptions {
    case_sensitive: false,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};
