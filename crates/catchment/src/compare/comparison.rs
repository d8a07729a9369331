//! How a run compares its pages with its table: by what it knows of the table, where rows tell that somebody changed them, or in
//! each page's own transaction, where they do not.

use super::change::Changes;
use super::seen::{Reserved, SeenIdentities};
use super::table_digests::{Reservations, TableDigests};
use crate::store::{Store, StoreError, TableView};
use crate::target::Table;

/// How a run compares its pages.
#[derive(Debug)]
pub(crate) enum Comparer {
    /// With digests of the table's rows.
    Digests(Box<TableDigests>),
    /// With the table, in the transaction that writes the page.
    InPage(SeenIdentities),
}

/// A page that may be written.
#[derive(Debug)]
pub(crate) enum PagePlan {
    /// It is compared.
    Compared(Changes, Reservations),
    /// Its identities are reserved, and its transaction compares it.
    Reserved(Reserved),
}

impl Comparer {
    /// For a table, within so many bytes.
    pub(crate) fn new(table: &Table, budget: usize) -> Self {
        if table.has_versions() {
            Self::Digests(Box::new(TableDigests::new(budget)))
        } else {
            Self::InPage(SeenIdentities::new())
        }
    }

    /// Compares a page as far as that can be done before its transaction.
    pub(crate) async fn plan(&mut self, view: &TableView<'_>, store: &Store) -> Result<PagePlan, StoreError> {
        Ok(match self {
            Self::Digests(digests) => {
                let (changes, reservations) = digests.compare(view).await?;
                PagePlan::Compared(changes, reservations)
            }
            Self::InPage(seen) => PagePlan::Reserved(seen.reserve(view, store).await?),
        })
    }

    /// A page is committed as it was planned.
    pub(crate) fn committed(&mut self, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), PagePlan::Compared(_, reservations)) => digests.committed(reservations),
            (Self::InPage(seen), PagePlan::Reserved(reserved)) => seen.release(reserved),
            _ => {}
        }
    }

    /// A page was not committed, nor any after it.
    pub(crate) fn undo(&mut self, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), PagePlan::Compared(_, reservations)) => digests.undo(reservations),
            (Self::InPage(seen), PagePlan::Reserved(reserved)) => seen.release(reserved),
            _ => {}
        }
    }

    /// A page was committed in another way than it was planned.
    pub(crate) fn forget(&mut self, view: &TableView<'_>, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), _) => digests.forget(view),
            (Self::InPage(seen), PagePlan::Reserved(reserved)) => seen.forget(reserved),
            _ => {}
        }
    }

    /// Whether it is time to read the table. No page may be on its way then.
    pub(crate) fn wants_to_read(&self) -> bool {
        matches!(self, Self::Digests(digests) if digests.wants_to_read())
    }
}
