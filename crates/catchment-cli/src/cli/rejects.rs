//! What runs did not apply, and what they left alone, in words.

use catchment::{App, Principal, RejectState, StoredSkip, SyncRun};

use super::table::{DIM, number, say, say_json};
use crate::view::{ErrorView, SkipView, omitted_errors, omitted_skips};

/// Errors that are fetched at a time.
const PART: u32 = 1000;

/// Each error on a line of its own, as there may be thousands.
pub(super) async fn errors(
    app: &App,
    who: &Principal,
    id: i64,
    only_open: bool,
    as_json: bool,
) -> anyhow::Result<()> {
    let run = app.service().run(who, id).await?;
    let mut after = Some(0);
    while let Some(from) = after {
        let errors = if only_open {
            app.service().rejects(who, id, RejectState::Open, from, PART).await?
        } else {
            app.service().errors(who, id, from, PART).await?
        };
        after = errors.last().map(|error| error.id);
        for error in &errors {
            if as_json {
                say_json(&ErrorView::from(error));
            } else {
                say!("{} {DIM}({}){DIM:#}", error.message, error.code);
            }
        }
    }
    tell_omitted(omitted_errors(&run), "rejects");
    Ok(())
}

/// Each skip on a line of its own.
pub(super) async fn skips(app: &App, who: &Principal, id: i64, as_json: bool) -> anyhow::Result<()> {
    let run = app.service().run(who, id).await?;
    let mut after = Some(0);
    while let Some(from) = after {
        let skips = app.service().skips(who, id, from, PART).await?;
        after = skips.last().map(|skip| skip.id);
        for skip in &skips {
            if as_json {
                say_json(&SkipView::from(skip));
            } else {
                say!("{}", describe_skip(skip));
            }
        }
    }
    tell_omitted(omitted_skips(&run), "skips");
    Ok(())
}

/// Rows that left the source, in words; nothing where there are none.
pub(super) fn describe_gone(run: &SyncRun) -> String {
    match &run.metadata.gone_held {
        Some(held) if held.can_be_released => {
            format!(
                "nothing was marked: {}; if that is meant: `catchment runs release {}`",
                held.reason, run.id
            )
        }
        Some(held) => format!("nothing was marked: {}", held.reason),
        None if run.metadata.gone > 0 => number(run.metadata.gone),
        None => String::new(),
    }
}

/// Fields that policies keep, in words; nothing where there are none.
pub(super) fn describe_kept(run: &SyncRun) -> String {
    let metadata = &run.metadata;
    match (metadata.fields_kept, metadata.conflicts) {
        (0, _) => String::new(),
        (kept, 0) => format!("{} fields, as `conflicts` says", number(kept)),
        (kept, new) => format!(
            "{} fields, as `conflicts` says; {} wait to be settled: `catchment conflicts`",
            number(kept),
            number(new)
        ),
    }
}

fn tell_omitted(count: u64, what: &str) {
    if count > 0 {
        eprintln!(
            "{} more {what} were counted, but not stored; raise the option `maxStoredErrors` to store more",
            number(count)
        );
    }
}

/// Where a skipped record stands, what it repeats, and in what it differs.
pub(super) fn describe_skip(skip: &StoredSkip) -> String {
    let place = match (skip.line, skip.page, &skip.path) {
        (Some(row), _, Some(path)) if path.contains("sheet `") => format!("{path}, row {row}"),
        (Some(line), _, Some(path)) => format!("{path}, line {line}"),
        (Some(line), ..) => format!("line {line}"),
        (None, Some(page), Some(path)) => format!("page {page}, {path}"),
        (None, None, Some(path)) => path.clone(),
        _ => "a record".to_owned(),
    };
    let item = skip.item.as_deref().unwrap_or_default();
    let first = skip.first.as_deref().unwrap_or("an earlier record");
    let value = |value: &Option<String>| value.as_ref().map_or("NULL".to_owned(), |text| format!("`{text}`"));
    let differs: Vec<_> = skip
        .differences
        .iter()
        .map(|it| format!("{} {} there, {} here", it.column, value(&it.first), value(&it.here)))
        .collect();
    let differs = differs.join("; ");
    match &*skip.reason {
        "totals_row" => {
            format!("{place}: a row of totals, passed over as the option `totals` says: `{item}`")
        }
        "repeated_header" => format!("{place}: the header once more"),
        "hidden_row" => format!("{place}: hidden, and passed over as the option `hiddenRows` says: `{item}`"),
        "filtered" => format!("{place}: left out by the option `where`"),
        "changed_meanwhile" => {
            format!("{place}: `{item}` is left alone, as its row changed since it was shown")
        }
        "kept_edit" => format!("{place}: `{item}` keeps the table's values: {differs}"),
        _ if differs.is_empty() => format!("{place}: `{item}` repeats an earlier record"),
        _ => format!("{place}: `{item}` repeats {first} with other values: {differs}"),
    }
}
