//! Writing a page in a transaction of its own, which stays open until it is the page's turn.

use super::kept::{WrittenRows, note_written};
use super::origin::RowOrigin;
use super::purpose::Purpose;
use super::table_view::TableView;
use super::write::TableSink;
use crate::compare::{PagePlan, compare, compare_again, compare_reserved};
use crate::mapping::Batch;
use crate::store::db::{Conn, StoreError, Tx};
use crate::store::written::WrittenFields;
use crate::store::{KnownFields, Store};

/// A page whose rows are written, in a transaction that is still open.
pub(crate) struct WrittenPage {
    pub(super) tx: Tx,
    pub(super) rows: WrittenRows,
}

impl WrittenPage {
    /// Keeps its transaction, as it waits for its turn.
    pub(crate) async fn keep_alive(&mut self) -> Result<(), StoreError> {
        self.tx.keep_alive().await
    }

    /// Undoes it.
    pub(crate) async fn roll_back(self) {
        self.tx.rollback().await.ok();
    }
}

impl Store {
    /// The table that a page is meant for, to compare the page with.
    pub(crate) fn view<'a>(&'a self, batch: &'a Batch, origin: &'a RowOrigin) -> TableView<'a> {
        TableView::new(batch, origin, &self.db)
    }

    /// Writes the rows of a page as it was planned, and leaves the transaction open.
    pub(crate) async fn write_page(
        &self,
        batch: &Batch,
        origin: &RowOrigin,
        plan: &PagePlan,
        (purpose, known): (&Purpose, &KnownFields),
    ) -> Result<WrittenPage, StoreError> {
        let mut tx = self.db.begin().await?;
        let view = self.view(batch, origin);
        let sink = TableSink { view: &view, is_careful: false, purpose, known };
        let result = write_as_planned(&sink, plan, tx.conn()?).await;
        rolled_back_unless_ok(tx, result).await
    }

    /// Writes a page by what its own transaction finds in the table.
    pub(super) async fn write_anew(
        &self,
        batch: &Batch,
        origin: &RowOrigin,
        plan: &PagePlan,
        (purpose, known): (&Purpose, &KnownFields),
        is_careful: bool,
    ) -> Result<WrittenPage, StoreError> {
        let mut tx = self.db.begin().await?;
        let view = self.view(batch, origin);
        let sink = TableSink { view: &view, is_careful, purpose, known };
        let result = write_as_found(&sink, plan, tx.conn()?).await;
        rolled_back_unless_ok(tx, result).await
    }
}

/// Writes a page as it was planned; where policies say who wins, by the rows that differ as they are now.
async fn write_as_planned(
    sink: &TableSink<'_>,
    plan: &PagePlan,
    conn: &mut Conn,
) -> Result<WrittenRows, StoreError> {
    let Some(planned) = plan.changes() else { return write_as_found(sink, plan, conn).await };
    let mut fields = WrittenFields::default();
    let judged = match &sink.view.batch.policies {
        Some(_) => Some(compare_again(sink.view, planned, &mut fields, conn).await?),
        None => None,
    };
    let changes = judged.as_ref().unwrap_or(planned);
    let written = sink.apply(conn, changes).await?;
    note_written(sink, plan, (changes, &written), &mut fields, conn).await?;
    Ok(WrittenRows { written, changes: judged, fields })
}

/// Writes a page as its transaction finds the table.
async fn write_as_found(
    sink: &TableSink<'_>,
    plan: &PagePlan,
    conn: &mut Conn,
) -> Result<WrittenRows, StoreError> {
    let mut fields = WrittenFields::default();
    let mut changes = match plan.reserved() {
        Some(reserved) => compare_reserved(sink.view, reserved, &mut fields, conn).await?,
        None => compare(sink.view, &mut fields, conn).await?,
    };
    let identities = plan.reserved().map_or(&[][..], |reserved| &reserved.identities);
    let left = sink.purpose.keep_shown(sink.view, identities, &mut changes);
    let mut written = sink.apply(conn, &changes).await?;
    written.leave(sink.view.batch, left);
    note_written(sink, plan, (&changes, &written), &mut fields, conn).await?;
    Ok(WrittenRows { written, changes: Some(changes), fields })
}

/// Where the rollback fails the connection is closed, which does the same.
async fn rolled_back_unless_ok(
    tx: Tx,
    result: Result<WrittenRows, StoreError>,
) -> Result<WrittenPage, StoreError> {
    match result {
        Ok(rows) => Ok(WrittenPage { tx, rows }),
        Err(failure) => {
            tx.rollback().await.ok();
            Err(failure)
        }
    }
}
