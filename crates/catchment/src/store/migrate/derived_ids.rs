//! Derived ids of the rule before (`v1:`) become those of today's, so that the next run finds its rows.

use std::borrow::Cow;

use catchment_core::Result;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use crate::mapping::identity::{derived_id, hashed};
use crate::store::db::dialect::{Dialect, list};
use crate::store::db::{Arg, Conn, Row, StoreError};

/// Rows that are looked through, and written, at a time.
const WINDOW: i64 = 10_000;
const CHUNK: usize = 500;

/// Gives each row of `content_index` whose id was derived by the rule before its id by today's. A row whose title or artist
/// somebody has edited keeps its old one, as nobody knows what the source calls it; so does one that today's rule takes for
/// the same as another row. May be repeated.
pub(super) async fn update(dialect: Dialect, conn: &mut Conn) -> Result<()> {
    // What the source says of the rows is not changed by this: SQLite's trigger must not say so.
    let trigger = drop_trigger(dialect, conn).await?;
    rewrite(dialect, conn).await?;
    match trigger {
        Some(sql) => Ok(conn.execute(sql, &[]).await.map(|_| ())?),
        None => Ok(()),
    }
}

/// Drops the trigger that keeps `updated_at` on SQLite, in the transaction of the migration; the statement that makes it
/// again.
async fn drop_trigger(dialect: Dialect, conn: &mut Conn) -> Result<Option<String>> {
    if dialect == Dialect::MySql {
        return Ok(None);
    }
    let sql = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'content_index_updated'";
    let found = conn.fetch(sql, &[]).await?;
    let trigger = found.first().map(|row| row.text(0).map(str::to_owned)).transpose()?;
    if trigger.is_some() {
        conn.execute("DROP TRIGGER content_index_updated", &[]).await?;
    }
    Ok(trigger)
}

async fn rewrite(dialect: Dialect, conn: &mut Conn) -> Result<()> {
    const NEXT: &str =
        "SELECT MAX(id) FROM (SELECT id FROM content_index WHERE id > ? ORDER BY id LIMIT ?) w";
    const SELECT: &str = "SELECT id, content_type, title, artist, external_id FROM content_index WHERE id > ? AND id <= ? AND \
                          external_id LIKE 'v1:%'";
    let (mut after, mut kept) = (0, 0_usize);
    loop {
        let found = conn.fetch(NEXT, &[after.into(), WINDOW.into()]).await?;
        let Some(last) = found.first().map(|row| row.optional_int(0)).transpose()?.flatten() else { break };
        let rows = conn.fetch(SELECT, &[after.into(), last.into()]).await?;
        after = last;
        let ids: Vec<_> =
            rows.iter().filter_map(|row| new_id(row).transpose()).collect::<Result<_, StoreError>>()?;
        kept += rows.len() - ids.len();
        for ids in ids.chunks(CHUNK) {
            kept += store(dialect, conn, ids).await?;
        }
    }
    if kept > 0 {
        tracing::warn!(
            rows = kept,
            "rows of content_index keep an identity of the rule before: their title or artist was edited, or another row \
             has the new one; the next sync inserts what their source calls them"
        );
    }
    Ok(())
}

/// The id of a row, and its new external id; `None` where its values are not those that the old one was derived from.
fn new_id(row: &Row) -> Result<Option<(i64, String)>, StoreError> {
    let fields = [row.optional_text(1)?, row.optional_text(2)?, row.optional_text(3)?];
    let is_derived = hashed("v1:", &fields, folded_v1) == row.text(4)?;
    Ok(is_derived.then_some((row.int(0)?, derived_id(&fields))))
}

/// Stores new ids, at once or, where one of them is taken, one by one. How many were taken.
async fn store(dialect: Dialect, conn: &mut Conn, ids: &[(i64, String)]) -> Result<usize> {
    match store_chunk(dialect, conn, ids).await {
        Ok(()) => Ok(0),
        Err(failure) if failure.is_duplicate() => {
            let mut taken = 0;
            for id in ids {
                match store_chunk(dialect, conn, std::slice::from_ref(id)).await {
                    Err(failure) if failure.is_duplicate() => taken += 1,
                    result => result?,
                }
            }
            Ok(taken)
        }
        Err(failure) => Err(failure.into()),
    }
}

async fn store_chunk(dialect: Dialect, conn: &mut Conn, ids: &[(i64, String)]) -> Result<(), StoreError> {
    let kept = dialect.pick(", updated_at = updated_at", "");
    let (cases, numbers) = (" WHEN ? THEN ?".repeat(ids.len()), list("?", ids.len()));
    let sql =
        format!("UPDATE content_index SET external_id = CASE id{cases} END{kept} WHERE id IN ({numbers})");
    let cases = ids.iter().flat_map(|(id, external_id)| [Arg::from(*id), Arg::from(external_id)]);
    let args: Vec<_> = cases.chain(ids.iter().map(|(id, _)| Arg::from(*id))).collect();
    conn.execute(sql, &args).await.map(|_| ())
}

/// How `v1` took spellings for the same: NFKC and full case folding.
fn folded_v1(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.to_ascii_lowercase().into();
    }
    let text: Cow<'_, str> = if is_nfkc(text) { text.into() } else { text.nfkc().collect::<String>().into() };
    let folded = caseless::default_case_fold_str(&text);
    if is_nfkc(&folded) { folded.into() } else { folded.nfkc().collect::<String>().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_rule_before_are_recognised() {
        let fields = [Some("music"), Some("Despacito"), Some("Luis Fonsi")];
        assert_eq!(hashed("v1:", &fields, folded_v1), "v1:b339211f0591851518c7a1f149d46ab0");
        let of = |text| hashed("v1:", &[Some(text)], folded_v1);
        assert_eq!((of("Straße"), of("ﬁn")), (of("STRASSE"), of("FIN")));
    }
}
