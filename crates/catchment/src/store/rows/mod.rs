//! The rows of target tables: read for comparing, written by what changed, and committed page by page.

mod checksum;
mod columns;
mod commit;
mod duplicates;
mod found;
mod gone;
mod kept;
mod list;
mod mark;
mod moved;
mod origin;
mod outcome;
mod page;
mod provenance;
mod purpose;
mod ranges;
mod replayed;
mod scan;
mod settle;
mod sweep;
mod table_view;
mod vouched;
mod write;
mod write_outcome;

pub(crate) use checksum::PageState;
pub(crate) use commit::{CommitOutcome, PageCommit};
pub(crate) use gone::{GonePage, GoneRows, Unseen, slice_of};
pub use list::TargetRows;
pub(crate) use moved::SameRows;
pub(crate) use origin::RowOrigin;
pub(crate) use page::WrittenPage;
pub(crate) use purpose::Purpose;
pub(crate) use settle::SettleOutcome;
pub(crate) use sweep::SweepStep;
pub(crate) use table_view::TableView;
pub(crate) use vouched::Vouching;
