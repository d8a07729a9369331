//! How a run compares its pages with its table: by what it knows of the table, where rows tell that somebody changed them, or in
//! each page's own transaction, where they do not. A preview writes nothing that would tell what it has seen, and keeps that
//! itself.

use super::change::Changes;
use super::seen::{Reserved, SeenIdentities};
use super::table_digests::{Reservations, TableDigests};
use crate::store::{Purpose, SeenIn, Store, StoreError, TableView};
use crate::target::Table;

/// How a run compares its pages.
#[derive(Debug)]
pub(crate) enum Comparer {
    /// With digests of the table's rows.
    Digests(Box<TableDigests>),
    /// With the table, in the transaction that writes the page.
    InPage(SeenIdentities),
    /// The same of a run that does not write, with digests of the table's rows.
    Apart(SeenIdentities, Box<TableDigests>),
}

/// A page that may be written.
#[derive(Debug)]
pub(crate) enum PagePlan {
    /// It is compared.
    Compared(Changes, Reservations),
    /// Its identities are reserved, and its transaction compares it.
    Reserved(Reserved),
    /// Its identities are reserved, and it is compared.
    Apart(Reserved, Changes),
}

impl PagePlan {
    /// What is to be done, where that is known before its transaction.
    pub(crate) fn changes(&self) -> Option<&Changes> {
        match self {
            Self::Compared(changes, _) | Self::Apart(_, changes) => Some(changes),
            Self::Reserved(_) => None,
        }
    }

    /// The identities that are reserved.
    pub(crate) fn reserved(&self) -> Option<&Reserved> {
        match self {
            Self::Compared(..) => None,
            Self::Reserved(reserved) | Self::Apart(reserved, _) => Some(reserved),
        }
    }
}

impl Comparer {
    /// For a table, within so many bytes. What is written exactly as it was shown, or not at all, is compared in the
    /// transaction that writes it.
    pub(crate) fn new(table: &Table, purpose: &Purpose, budget: usize) -> Self {
        let digests = || Box::new(TableDigests::new(budget));
        match purpose {
            Purpose::Write if table.has_versions() => Self::Digests(digests()),
            Purpose::Find if table.has_versions() => {
                Self::Apart(SeenIdentities::new(SeenIn::Pages), digests())
            }
            _ => Self::InPage(SeenIdentities::new(SeenIn::of(table, purpose))),
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
            Self::Apart(seen, digests) => {
                let reserved = seen.reserve(view, store).await?;
                let changes = digests.compare_reserved(view, &reserved).await?;
                PagePlan::Apart(reserved, changes)
            }
        })
    }

    /// Adds to the plan of a page what its source vouches for. False where that is not accepted.
    pub(crate) fn vouch(&mut self, view: &TableView<'_>, plan: &mut PagePlan) -> bool {
        match (self, plan) {
            (Self::Digests(digests), PagePlan::Compared(_, reservations)) => {
                digests.vouch(view, reservations)
            }
            _ => false,
        }
    }

    /// A page is committed as it was planned.
    pub(crate) fn committed(&mut self, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), PagePlan::Compared(_, reservations)) => digests.committed(reservations),
            (Self::InPage(seen) | Self::Apart(seen, _), plan) => {
                plan.reserved().into_iter().for_each(|it| seen.release(it));
            }
            _ => {}
        }
    }

    /// A page was not committed, nor any after it.
    pub(crate) fn undo(&mut self, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), PagePlan::Compared(_, reservations)) => digests.undo(reservations),
            (Self::InPage(seen) | Self::Apart(seen, _), plan) => {
                plan.reserved().into_iter().for_each(|it| seen.release(it));
            }
            _ => {}
        }
    }

    /// A page was committed in another way than it was planned.
    pub(crate) fn forget(&mut self, view: &TableView<'_>, plan: &PagePlan) {
        match (self, plan) {
            (Self::Digests(digests), _) => digests.forget(view),
            (Self::InPage(seen) | Self::Apart(seen, _), plan) => {
                plan.reserved().into_iter().for_each(|it| seen.forget(it));
            }
        }
    }

    /// Whether it is time to read the table. No page may be on its way then.
    pub(crate) fn wants_to_read(&self) -> bool {
        matches!(self, Self::Digests(digests) | Self::Apart(_, digests) if digests.wants_to_read())
    }
}
