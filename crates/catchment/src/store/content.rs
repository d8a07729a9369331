//! Deleting rows that belong to sources, in small transactions, so that nobody waits for them: those that no run has seen for
//! long, or all of a source.

use std::collections::HashMap;

use catchment_core::{Error, Result};

use super::Store;
use super::cleanup::{BATCH, retention_ms};
use super::db::dialect::{Dialect, Sql, list};
use super::db::{Arg, Row, StoreError};
use super::runs::begin_anew;
use crate::target::{GoneMark, Table};
use crate::volumes::{SOURCE_TYPE, volume_of};

/// Runs of a source that fill a table, or have done so since a time.
const SIGNS_OF_LIFE: &str = "SELECT 1 FROM sync_runs WHERE target_table = ? AND source_type = ? AND source_name = ? AND (status \
     IN ('pending', 'in_progress') OR (status = 'completed' AND mode <> 'preview' AND completed_at >= {now + ? ms})) LIMIT 1";

/// A time that all rows and all completed runs are older than.
const TOMORROW_MS: i64 = 24 * 60 * 60 * 1000;

/// A table whose rows belong to sources, with its columns quoted.
struct SourceTable<'a> {
    name: &'a str,
    table: String,
    id: String,
    source_type: String,
    source_name: String,
    /// When a run saw a row last, before so many milliseconds from now.
    is_old: String,
    seen_at: String,
    gone: Option<&'a GoneMark>,
}

impl<'a> SourceTable<'a> {
    fn of(table: &'a Table, dialect: Dialect) -> Result<Self> {
        let unfit = || {
            let message = format!("the rows of `{}` do not tell which source they are of", table.name);
            Error::config("unfit_target", message)
        };
        let (Some([source_type, source_name]), Some(id)) = (&table.origin, table.primary.first()) else {
            return Err(unfit());
        };
        let seen_at = table.ledger.seen_at().ok_or_else(unfit)?;
        let quote = |name: &str| dialect.quote(name);
        Ok(Self {
            name: &table.name,
            table: quote(&table.name),
            id: quote(id),
            source_type: quote(source_type),
            source_name: quote(source_name),
            is_old: format!("{} < {}", quote(seen_at), dialect.now_plus_ms()),
            seen_at: quote(seen_at),
            gone: table.gone.as_ref(),
        })
    }
}

impl SourceTable<'_> {
    /// The condition of rows `c` that are marked as gone, and that neither a run has seen since so many milliseconds from now, nor
    /// the last pass over all of their source, of which there has been a completed run since; with its parameters.
    fn gone_rows<'s>(
        &'s self,
        dialect: Dialect,
        ago: &i64,
        source: Option<&'s str>,
    ) -> Option<(String, Vec<Arg<'s>>)> {
        let mark = self.gone?;
        let Self { source_type, source_name, is_old, seen_at, .. } = self;
        let mut args = vec![Arg::from(&mark.value), (*ago).into(), self.name.into(), (*ago).into()];
        let of_source = source.map(|_| format!(" AND c.{source_name} = ?")).unwrap_or_default();
        args.extend(source.map(Arg::from));
        let condition = format!(
            "c.{} = ? AND c.{is_old} AND EXISTS (SELECT 1 FROM sync_sources s JOIN sync_passes p ON p.target_table = \
             s.target_table AND p.source_type = s.source_type AND p.source_name = s.source_name WHERE s.target_table = ? AND \
             s.source_type = c.{source_type} AND s.source_name = c.{source_name} AND s.last_completed_at >= {} AND p.last_pass_at > \
             c.{seen_at}){of_source}",
            dialect.quote(&mark.column),
            dialect.now_plus_ms()
        );
        Some((condition, args))
    }
}

impl Store {
    /// Deletes rows that no run has seen for `days`, of sources that have had no completed run for so long: those that
    /// say what is new, or that nothing is, have no reason to show their other rows. Of sources that have, those that are marked as
    /// gone, and that the last pass over all of the source has not seen. Of one source, or of all. How many rows.
    pub(crate) async fn delete_old_rows(
        &self,
        table: &Table,
        days: u32,
        source: Option<&str>,
    ) -> Result<u64> {
        let table = SourceTable::of(table, self.db.dialect())?;
        let ago = retention_ms(days)?;
        let stale = self.old_sources(&table, ago, source).await?;
        let stale = self.delete_rows_before(&table, ago, stale).await?;
        Ok(stale + self.delete_gone_rows(&table, ago, source).await?)
    }

    /// Deletes rows that are marked as gone, and that no run has seen for so long.
    async fn delete_gone_rows(&self, table: &SourceTable<'_>, ago: i64, source: Option<&str>) -> Result<u64> {
        let Some((condition, args)) = table.gone_rows(self.db.dialect(), &ago, source) else { return Ok(0) };
        let (name, id) = (&table.table, &table.id);
        // MySQL deletes from no table that the statement selects from, unless it is hidden one level down.
        let sql = format!(
            "DELETE FROM {name} WHERE {id} IN (SELECT {id} FROM (SELECT c.{id} FROM {name} c WHERE {condition} LIMIT ?) b)"
        );
        let args = [&args[..], &[BATCH.into()]].concat();
        let mut count = 0;
        loop {
            match self.db.execute(Sql::Built(sql.clone()), &args).await? {
                0 => return Ok(count),
                deleted => count += deleted,
            }
        }
    }

    /// Deletes all rows of a source, however young. How many rows.
    ///
    /// # Errors
    /// `config`, `source_in_use`, where a run of it waits or is under way; `database`.
    pub(crate) async fn forget_rows_of(&self, table: &Table, source: &str) -> Result<u64> {
        let in_use = "SELECT 1 FROM sync_runs WHERE target_table = ? AND source_name = ? AND status IN ('pending', 'in_progress') \
             LIMIT 1";
        if !self.db.fetch(in_use, &[table.name.as_str().into(), source.into()]).await?.is_empty() {
            let message = format!(
                "a run of `{source}` waits or is in progress; cancel it first (`catchment runs`, `catchment runs cancel ID`)"
            );
            return Err(Error::config("source_in_use", message));
        }
        let table = SourceTable::of(table, self.db.dialect())?;
        let sources = self.stale_sources(&table, TOMORROW_MS, Some(source)).await?;
        self.delete_rows_before(&table, TOMORROW_MS, sources).await
    }

    /// How many rows [`Store::forget_rows_of`] would delete.
    pub(crate) async fn count_rows_of(&self, table: &Table, source: &str) -> Result<u64> {
        let SourceTable { table, source_name, .. } = SourceTable::of(table, self.db.dialect())?;
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {source_name} = ?");
        self.count(Sql::Built(sql), &[source.into()]).await
    }

    async fn delete_rows_before(
        &self,
        table: &SourceTable<'_>,
        ago: i64,
        sources: Vec<[String; 2]>,
    ) -> Result<u64> {
        let mut count = 0;
        for [source_type, source_name] in sources {
            if self.forget_source(table, &source_type, &source_name, ago).await? {
                count += self.delete_rows_of(table, &source_type, &source_name, ago).await?;
            }
        }
        Ok(count)
    }

    /// How many rows [`Store::delete_old_rows`] would delete.
    pub(crate) async fn count_old_rows(&self, table: &Table, days: u32, source: Option<&str>) -> Result<u64> {
        let (ago, table) = (retention_ms(days)?, SourceTable::of(table, self.db.dialect())?);
        let sql = format!(
            "SELECT COUNT(*) FROM {} WHERE {} = ? AND {} = ? AND {}",
            table.table, table.source_type, table.source_name, table.is_old
        );
        let mut count = 0;
        if let Some((condition, args)) = table.gone_rows(self.db.dialect(), &ago, source) {
            let sql = format!("SELECT COUNT(*) FROM {} c WHERE {condition}", table.table);
            count += self.count(Sql::Built(sql), &args).await?;
        }
        for [source_type, source_name] in self.old_sources(&table, ago, source).await? {
            let args = [source_type.as_str().into(), source_name.as_str().into(), ago.into()];
            count += self.count(Sql::Built(sql.clone()), &args).await?;
        }
        Ok(count)
    }

    /// Refuses a source that has no rows: a name that is mistyped would find nothing old.
    ///
    /// # Errors
    /// `config`, `no_such_source`.
    pub(crate) async fn require_rows_of(&self, table: &Table, source: &str) -> Result<()> {
        let SourceTable { name, table: quoted, source_name, .. } = SourceTable::of(table, self.db.dialect())?;
        let sql = format!("SELECT 1 FROM {quoted} WHERE {source_name} = ? LIMIT 1");
        if !self.db.fetch(Sql::Built(sql), &[source.into()]).await?.is_empty() {
            return Ok(());
        }
        let column = table.origin.as_ref().map_or("", |[_, column]| column);
        let message =
            format!("`{name}` has no rows of the source `{source}`; name it as the column `{column}` does");
        Err(Error::config("no_such_source", message))
    }

    /// The sources whose rows are too old. A volume in a drawer is not forgotten: only somebody forgets it.
    async fn old_sources(
        &self,
        table: &SourceTable<'_>,
        ago: i64,
        source: Option<&str>,
    ) -> Result<Vec<[String; 2]>> {
        let mut sources = self.stale_sources(table, ago, source).await?;
        sources.retain(|[source_type, name]| source_type != SOURCE_TYPE || volume_of(name).is_none());
        Ok(sources)
    }

    /// Sources of old rows without a completed run since, and without one that may become it. What `sync_runs` has of a
    /// source counts; of runs that were cleaned up, `sync_sources` has the last.
    async fn stale_sources(
        &self,
        table: &SourceTable<'_>,
        ago: i64,
        source: Option<&str>,
    ) -> Result<Vec<[String; 2]>> {
        let runs = "SELECT source_type, source_name, MAX(CASE WHEN status <> 'completed' OR completed_at >= \
             {now + ? ms} THEN 1 ELSE 0 END) FROM sync_runs WHERE status IN ('pending', 'in_progress', \
             'completed') AND mode <> 'preview' AND target_table = ? GROUP BY source_type, source_name";
        let old = format!(
            "SELECT DISTINCT c.{source_type}, c.{source_name}, CASE WHEN EXISTS (SELECT 1 FROM sync_sources s WHERE s.target_table = ? \
             AND s.source_type = c.{source_type} AND s.source_name = c.{source_name} AND s.last_completed_at >= {ago}) THEN 1 ELSE 0 \
             END FROM {table} c WHERE c.{is_old}",
            source_type = table.source_type,
            source_name = table.source_name,
            ago = self.db.dialect().now_plus_ms(),
            table = table.table,
            is_old = table.is_old,
        );
        let read = |row: &Row| Ok(([row.text(0)?.to_owned(), row.text(1)?.to_owned()], row.int(2)? == 1));
        let runs = self.db.fetch(runs, &[ago.into(), table.name.into()]).await?;
        let is_alive: HashMap<_, _> = runs.iter().map(read).collect::<Result<_, StoreError>>()?;
        let old = self.db.fetch(Sql::Built(old), &[table.name.into(), ago.into(), ago.into()]).await?;
        let old: Vec<_> = old.iter().map(read).collect::<Result<_, StoreError>>()?;
        let is_stale = |(found, was_completed): &([String; 2], bool)| {
            source.is_none_or(|source| found[1] == source) && !is_alive.get(found).unwrap_or(was_completed)
        };
        Ok(old.into_iter().filter(is_stale).map(|(source, _)| source).collect())
    }

    /// What the last run left counts no more, and runs that are retried begin anew, before the first of its rows is deleted.
    /// False where the source has come to life meanwhile.
    async fn forget_source(
        &self,
        table: &SourceTable<'_>,
        source_type: &str,
        source_name: &str,
        ago: i64,
    ) -> Result<bool> {
        let forget = "UPDATE sync_sources SET last_completed_at = NULL WHERE target_table = ? AND source_type = ? AND source_name = ?";
        let mut tx = self.db.begin().await?;
        let source = [table.name.into(), source_type.into(), source_name.into()];
        let is_alive = !tx.fetch(SIGNS_OF_LIFE, &[&source[..], &[ago.into()]].concat()).await?.is_empty();
        if !is_alive {
            tx.execute(forget, &source).await?;
            begin_anew(&mut tx, &source).await?;
        }
        tx.commit().await?;
        Ok(!is_alive)
    }

    /// In the order of their ids.
    async fn delete_rows_of(
        &self,
        table: &SourceTable<'_>,
        source_type: &str,
        source_name: &str,
        ago: i64,
    ) -> Result<u64> {
        let (mut count, mut after) = (0, 0);
        let SourceTable { table: quoted, id, is_old, .. } = table;
        let find = format!(
            "SELECT {id} FROM {quoted} WHERE {} = ? AND {} = ? AND {id} > ? AND {is_old} ORDER BY {id} LIMIT ?",
            table.source_type, table.source_name
        );
        loop {
            let args = [source_type.into(), source_name.into(), i64::into(after), ago.into(), BATCH.into()];
            let rows = self.db.fetch(Sql::Built(find.clone()), &args).await?;
            let ids = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
            let Some(last) = ids.last() else { return Ok(count) };
            after = *last;
            let signs = [table.name.into(), source_type.into(), source_name.into(), ago.into()];
            if !self.db.fetch(SIGNS_OF_LIFE, &signs).await?.is_empty() {
                return Ok(count);
            }
            // Asked again: a run may have seen some of them meanwhile.
            let delete =
                format!("DELETE FROM {quoted} WHERE {id} IN ({}) AND {is_old}", list("?", ids.len()));
            let args: Vec<_> = ids.iter().chain([&ago]).map(|id| Arg::Int(*id)).collect();
            count += self.db.execute(Sql::Built(delete), &args).await.map_err(Error::from)?;
        }
    }
}
