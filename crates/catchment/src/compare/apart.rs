//! Comparing by digests for a run that does not write: which identities it has seen is kept elsewhere.

use super::change::Changes;
use super::look_up::compare_some;
use super::seen::Reserved;
use super::table_digests::TableDigests;
use crate::store::{StoreError, TableView};

impl TableDigests {
    /// Compares the records of a page that are the first ones of their identities, of which others keep account.
    pub(super) async fn compare_reserved(
        &mut self,
        view: &TableView<'_>,
        reserved: &Reserved,
    ) -> Result<Changes, StoreError> {
        self.read_in_time(view).await?;
        let mut changes = Changes { duplicate: reserved.duplicates.clone(), ..Changes::default() };
        let mut unsure = Vec::new();
        for &record in &reserved.firsts {
            let identity = self.identity_of(view, record);
            match self.find(identity) {
                Some(index) if self.content_of(view, record) == self.rows[index].content => {
                    changes.unchanged.add(self.rows[index].id, None);
                }
                None if self.is_complete == Some(true) => changes.insert.push(record),
                _ => unsure.push(record),
            }
        }
        self.looked_up += unsure.len();
        if !unsure.is_empty() {
            compare_some(view, &unsure, (None, None), &mut changes, &mut view.reader().await?).await?;
        }
        Ok(changes)
    }
}
