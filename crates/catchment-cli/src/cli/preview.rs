//! What a preview found, for people.

use catchment::{
    ChangeFilter, ChangeKind, ColumnChanges, FieldChange, Principal, RunMode, RunStatus, StoredChange,
    SyncRun, SyncService,
};

use super::table::{self, DIM, WARN, amount, number, say};
use crate::view::omitted_changes;

/// Changes of each kind that are shown after a preview.
const SHOWN: u32 = 10;

/// Tells what a preview found, the largest changes first, and how to have it written.
pub(super) async fn tell_preview(
    service: &SyncService,
    who: &Principal,
    run: &SyncRun,
    is_spooled: bool,
) -> anyhow::Result<()> {
    if run.mode != RunMode::Preview || run.status != RunStatus::Completed {
        return Ok(());
    }
    let counts = run.metadata.counts;
    let gone = ChangeFilter { kind: Some(ChangeKind::Gone), column: None };
    let left = service.changes(who, run.id, &gone, 0, SHOWN).await?;
    if let Some(held) = run.metadata.gone_held.as_ref().and_then(|held| held.rows) {
        print_changes("Rows that left the source, and would be held", held, &left);
    }
    if counts.inserted + counts.updated + run.metadata.gone == 0 {
        say!("Nothing would change, and nothing was written");
        return Ok(());
    }
    print_columns(run);
    let updates = service.largest_changes(who, run.id, SHOWN).await?;
    print_changes("Updates, those first that change a number the most", counts.updated, &updates);
    let inserts = ChangeFilter { kind: Some(ChangeKind::Insert), column: None };
    print_changes("New rows", counts.inserted, &service.changes(who, run.id, &inserts, 0, SHOWN).await?);
    if run.metadata.gone_held.is_none() {
        print_changes("Rows that left the source", run.metadata.gone, &left);
    }
    say!("List them with: catchment runs changes {}", run.id);
    if is_spooled {
        say!("Nothing was written; what came by standard input cannot be read again to approve it");
    } else {
        say!("Nothing was written. To write this, and nothing else: catchment runs approve {}", run.id);
    }
    Ok(())
}

fn print_columns(run: &SyncRun) {
    let mut columns: Vec<_> = run.metadata.preview.iter().flat_map(|preview| &preview.columns).collect();
    columns.sort_by_key(|(_, changes)| std::cmp::Reverse(changes.rows));
    let row = |(name, changes): &(&String, &ColumnChanges)| {
        let median = changes.median.map(percent).unwrap_or_default();
        let largest = changes
            .largest
            .as_ref()
            .map(|it| format!("{} → {} ({})", amount(&it.before), amount(&it.after), it.item));
        vec![(*name).clone(), number(changes.rows), median, largest.unwrap_or_default()]
    };
    if !columns.is_empty() {
        table::print(
            &["column", "rows", "median", "largest change"],
            &columns.iter().map(row).collect::<Vec<_>>(),
        );
    }
}

/// A share as people write it, with its sign.
fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

fn print_changes(what: &str, all: u64, changes: &[StoredChange]) {
    if changes.is_empty() {
        return;
    }
    say!("{WARN}{what}{WARN:#} ({} of {}):", changes.len(), number(all));
    for change in changes {
        say!("  {}", describe_change(change));
    }
}

/// What a change does to its row.
pub(super) fn describe_change(change: &StoredChange) -> String {
    if let Some(reason) = &change.reason {
        return reason.clone();
    }
    let fields: Vec<_> = change.fields.iter().map(|field| describe_field(change.kind, field)).collect();
    if fields.is_empty() { change.item.clone() } else { format!("{}: {}", change.item, fields.join(", ")) }
}

fn describe_field(kind: ChangeKind, field: &FieldChange) -> String {
    let shown = |value: &Option<String>| match value {
        Some(number) if field.is_number => amount(number),
        Some(text) => format!("`{text}`"),
        None => "NULL".to_owned(),
    };
    match kind {
        ChangeKind::Insert => format!("{} {}", field.column, shown(&field.after)),
        ChangeKind::Update | ChangeKind::Gone | ChangeKind::Reject => {
            format!("{} {} → {}", field.column, shown(&field.before), shown(&field.after))
        }
    }
}

/// Each change of a preview on a line of its own.
pub(super) async fn changes(
    service: &SyncService,
    who: &Principal,
    id: i64,
    filter: &ChangeFilter,
    tell: impl Fn(&StoredChange),
) -> anyhow::Result<()> {
    /// Changes that are fetched at a time.
    const PART: u32 = 1000;
    let run = service.run(who, id).await?;
    let mut after = Some(0);
    while let Some(from) = after {
        let changes = service.changes(who, id, filter, from, PART).await?;
        after = changes.last().map(|change| change.id);
        changes.iter().for_each(&tell);
    }
    let omitted = omitted_changes(&run);
    if omitted > 0 {
        eprintln!(
            "{DIM}{} more changes were counted, but not stored; raise the option `maxStoredChanges` to store more{DIM:#}",
            number(omitted)
        );
    }
    Ok(())
}
