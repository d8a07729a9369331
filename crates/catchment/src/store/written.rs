//! `sync_written`: what runs last wrote to the fields of rows, where a policy needs to know.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serializer as _;

use super::Store;
use super::chunks::chunks;
use super::db::dialect::list;
use super::db::{Arg, Conn, Db, StoreError};
use super::known::{Knowledge, KnownFields};
use super::rows::TableView;
use super::scope::{InScope, digest_in};
use crate::compare::Changes;
use crate::mapping::Policies;

/// What a run last wrote to each field of a row, by the name of its column.
pub(crate) type Fields = BTreeMap<String, Option<String>>;

/// What runs last wrote to the rows of a page, as far as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct WrittenFields {
    asked: HashSet<usize>,
    /// By the records of the page, as JSON.
    rows: HashMap<usize, Box<str>>,
}

impl WrittenFields {
    /// What a run last wrote to a field; `None` where that is not known.
    pub(crate) fn of(&self, view: &TableView<'_>, record: usize, column: usize) -> Option<Option<String>> {
        let fields: Fields = serde_json::from_str(self.rows.get(&record)?).ok()?;
        fields.get(&*view.batch.columns[column].name).cloned()
    }

    /// Reads what runs last wrote to the rows of these records, which come with their identities; of each once.
    pub(crate) async fn read(
        &mut self,
        view: &TableView<'_>,
        records: &[(usize, u128)],
        conn: &mut Conn,
    ) -> Result<(), StoreError> {
        let unasked: Vec<_> = records.iter().filter(|(record, _)| self.asked.insert(*record)).collect();
        let by_identity: HashMap<_, _> =
            unasked.iter().map(|(record, identity)| (*identity, *record)).collect();
        for chunk in chunks(&unasked, view.db.limits(), 1, |_| 20) {
            let rows = InScope::new(view.scope(), chunk.iter().map(|(_, identity)| *identity));
            let sql = format!("SELECT identity, fields FROM sync_written WHERE {}", rows.condition());
            for row in conn.fetch(sql, &rows.args()).await? {
                let identity = digest_in(&row, 0)?;
                if let Some(record) = by_identity.get(&identity) {
                    self.rows.insert(*record, row.text(1)?.into());
                }
            }
        }
        Ok(())
    }

    /// Notes what the fields of rows now hold by the hand of a run: what it wrote, and where the table had the same. The fields
    /// that the table keeps stay as they were noted.
    pub(crate) async fn note(
        &mut self,
        view: &TableView<'_>,
        (policies, known): (&Policies, &KnownFields),
        identities: &[u128],
        (changes, applied): (&Changes, &[usize]),
        conn: &mut Conn,
    ) -> Result<(), StoreError> {
        let of_inserts: HashSet<_> = changes.insert.iter().copied().collect();
        let kept: HashMap<_, HashSet<_>> = changes
            .update
            .iter()
            .chain(&changes.kept)
            .filter(|change| !change.kept.is_empty())
            .map(|change| (change.record, change.kept.iter().map(|kept| kept.column).collect()))
            .collect();
        let (mut rows, mut unsure) = (Vec::new(), Vec::new());
        for &record in applied {
            let identity = identities[record];
            if kept.contains_key(&record) {
                unsure.push((record, identity));
                continue;
            }
            let fields = fields_of(view, policies, record);
            let is_new = of_inserts.contains(&record);
            match known.of(identity, &fields) {
                Knowledge::Same if !is_new => {}
                Knowledge::Unsure if !is_new => unsure.push((record, identity)),
                _ => rows.push((identity, Some(fields))),
            }
        }
        self.read(view, &unsure, conn).await?;
        for (record, identity) in unsure {
            let before = self.rows.get(&record).map(|json| &**json);
            let fields = match kept.get(&record) {
                Some(kept) => fields_after(view, policies, record, kept, before),
                None => Some(fields_of(view, policies, record)),
            };
            if fields.as_deref() != before {
                rows.push((identity, fields));
            }
        }
        let (kept, dropped): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, fields)| fields.is_some());
        let kept: Vec<_> =
            kept.into_iter().filter_map(|(identity, fields)| Some((identity, fields?))).collect();
        store_fields(view.db, view.scope(), &kept, conn).await?;
        let dropped: Vec<_> = dropped.into_iter().map(|(identity, _)| identity).collect();
        forget_fields(view.db, view.scope(), &dropped, conn).await
    }
}

/// The fields of a row as JSON, where the table has what its record says; in the order of their names, as [`Fields`] are.
fn fields_of(view: &TableView<'_>, policies: &Policies, record: usize) -> String {
    let batch = view.batch;
    let field = |column: &usize| (&*batch.columns[*column].name, batch.cell(record, *column).to_text());
    let mut json = Vec::with_capacity(128);
    // What writes texts into memory does not fail.
    serde_json::Serializer::new(&mut json).collect_map(policies.three_way.iter().map(field)).ok();
    String::from_utf8(json).unwrap_or_default()
}

/// The same where the table keeps some fields, of which is known what was; `None` where nothing is known of any.
fn fields_after(
    view: &TableView<'_>,
    policies: &Policies,
    record: usize,
    kept: &HashSet<usize>,
    before: Option<&str>,
) -> Option<String> {
    let mut before: Fields = before.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let mut fields = Fields::new();
    for &column in &policies.three_way {
        let name = &*view.batch.columns[column].name;
        let value = if kept.contains(&column) {
            before.remove(name)
        } else {
            Some(view.batch.cell(record, column).to_text().map(std::borrow::Cow::into_owned))
        };
        fields.extend(value.map(|value| (name.to_owned(), value)));
    }
    (!fields.is_empty()).then(|| serde_json::to_string(&fields).unwrap_or_default())
}

/// Stores what the fields of rows hold, in whatever order they come.
pub(super) async fn store_fields(
    db: &Db,
    scope: u128,
    rows: &[(u128, String)],
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let scope = scope.to_be_bytes();
    for rows in chunks(rows, db.limits(), 3, |(_, fields)| fields.len() + 32) {
        let groups = list("(?, ?, ?)", rows.len());
        let or_update = db.dialect().or_update("scope, identity", &["fields".to_owned()]);
        let sql = format!("INSERT INTO sync_written (scope, identity, fields) VALUES {groups} {or_update}");
        let digests: Vec<_> = rows.iter().map(|(identity, _)| identity.to_be_bytes()).collect();
        let args = rows.iter().zip(&digests);
        let args = args
            .flat_map(|((_, fields), digest)| [Arg::Bytes(&scope), Arg::Bytes(digest), Arg::from(fields)]);
        conn.execute(sql, &args.collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Forgets what the fields of rows hold.
pub(super) async fn forget_fields(
    db: &Db,
    scope: u128,
    identities: &[u128],
    conn: &mut Conn,
) -> Result<(), StoreError> {
    for identities in chunks(identities, db.limits(), 1, |_| 20) {
        let rows = InScope::new(scope, identities.iter().copied());
        let sql = format!("DELETE FROM sync_written WHERE {}", rows.condition());
        conn.execute(sql, &rows.args()).await?;
    }
    Ok(())
}

/// Whether it is noted of any rows of a scope what runs wrote there.
pub(super) async fn has_written(scope: u128, conn: &mut Conn) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sync_written WHERE scope = ? LIMIT 1";
    Ok(!conn.fetch(sql, &[Arg::Bytes(&scope.to_be_bytes())]).await?.is_empty())
}

impl Store {
    /// Whether it is noted of any rows of a scope what runs wrote there.
    pub(crate) async fn has_written(&self, scope: u128) -> Result<bool, StoreError> {
        has_written(scope, &mut self.db.reader().await?).await
    }
}
