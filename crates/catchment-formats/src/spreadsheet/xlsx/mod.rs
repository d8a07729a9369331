//! Workbooks of Excel since 2007 (xlsx, xlsm): Office Open XML (ECMA-376), read as a stream. The format is ours, rather than a
//! library's, because of what has to be known of a cell: its digits as they stand there, whether its row is hidden, errors of
//! any name; and because nothing but the texts that its cells share may be held in memory.

mod merged;
mod package;
mod rows;
mod strings;
mod styles;

pub(super) use package::Xlsx;
