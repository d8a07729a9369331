//! `catchment targets`: the tables that can be written, and what they take.

use catchment::TargetInfo;
use clap::Args;

use super::exit::Exit;
use super::open::{Context, caller, unopened};
use super::table::{self, DIM, WARN, say, say_json};
use crate::view::TargetView;

#[derive(Args)]
pub(super) struct TargetsArgs {
    /// Table to show with its columns; all are listed without one
    #[arg(value_name = "TABLE")]
    target: Option<String>,

    /// Print one JSON object a table
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, args: TargetsArgs) -> anyhow::Result<Exit> {
    let (app, who) = (unopened(context)?, caller());
    let targets = match &args.target {
        Some(name) => vec![app.service().target(&who, name).await?],
        None => app.service().targets(&who).await?,
    };
    match (&targets[..], args.json) {
        (targets, true) => targets.iter().for_each(|target| say_json(&TargetView::from(target))),
        ([target], false) if args.target.is_some() => show(target),
        (targets, false) => list(targets),
    }
    app.close().await;
    Ok(Exit::Done)
}

fn list(targets: &[TargetInfo]) {
    let row = |target: &TargetInfo| {
        let keys: Vec<_> = target.keys.iter().map(|key| key.join(", ")).collect();
        let note = target.refusal.clone().unwrap_or_else(|| keys.join(" | "));
        vec![target.name.clone(), target.columns.len().to_string(), note]
    };
    table::print(&["table", "columns", "unique keys"], &targets.iter().map(row).collect::<Vec<_>>());
}

fn show(target: &TargetInfo) {
    for (place, key) in target.keys.iter().enumerate() {
        say!("{DIM}{}{DIM:#} {}", if place == 0 { "unique keys" } else { "           " }, key.join(", "));
    }
    let rows = target.columns.iter().map(|column| {
        let needs = if column.is_required { "required" } else { "" };
        let null = if column.is_nullable { "NULL" } else { "" };
        vec![column.name.clone(), column.takes.clone(), null.to_owned(), needs.to_owned()]
    });
    table::print(&["column", "takes", "empty", ""], &rows.collect::<Vec<_>>());
    if let Some(metadata) = &target.metadata {
        say!("{DIM}What nothing maps is kept in `{metadata}`{DIM:#}");
    }
    for check in &target.checks {
        say!("{DIM}CHECK{DIM:#} {check}");
    }
    for warning in &target.warnings {
        say!("{WARN}warning{WARN:#} {warning}");
    }
}
