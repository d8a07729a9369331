//! Where a record stands in its source, as the columns of several tables hold it.

use catchment_core::{Location, Position, truncate_text};

use super::db::Arg;
use super::values::stored;

/// How much of a JSON path is stored.
pub(super) const MAX_PATH_BYTES: usize = 2048;

/// The JSON path of a place, which names of members can make as long as they like; with the file and the sheet that it is in.
pub(super) fn path_of(location: Option<&Location>) -> Option<String> {
    let Location { file, position } = location?;
    let within = match position {
        Position::Item { path, .. } => Some(path.to_string()),
        Position::Row { sheet, .. } => Some(format!("sheet `{sheet}`")),
        Position::Line { .. } => None,
    };
    let parts: Vec<_> = file.iter().map(ToString::to_string).chain(within).collect();
    (!parts.is_empty()).then(|| truncate_text(&parts.join(", "), MAX_PATH_BYTES))
}

/// Line, byte, page and path of a place; those that it has not are NULL.
pub(super) fn place<'a>(location: Option<&Location>, path: Option<&'a str>) -> [Arg<'a>; 4] {
    match location.map(|location| &location.position) {
        Some(Position::Line { line, byte }) => {
            [stored(*line).into(), stored(*byte).into(), Arg::Null, path.into()]
        }
        Some(Position::Item { page, .. }) => {
            [Arg::Null, Arg::Null, Some(*page).filter(|page| *page > 0).map(stored).into(), path.into()]
        }
        Some(Position::Row { row, .. }) => [stored(*row).into(), Arg::Null, Arg::Null, path.into()],
        None => [Arg::Null; 4],
    }
}
