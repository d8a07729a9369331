//! `catchment conflicts`: fields in which both the source and somebody by hand have changed what a run last wrote.

use catchment::{App, Conflict, ConflictFilter, ConflictState, Principal, Settlement};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{DIM, number, say, say_json};
use crate::view::{ConflictView, SettledView};

/// Conflicts that are fetched at a time.
const PART: u32 = 1000;

#[derive(Args)]
pub(super) struct ConflictsArgs {
    #[command(subcommand)]
    command: Option<ConflictsCommand>,

    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ConflictsCommand {
    /// List the conflicts that wait for somebody
    List {
        #[command(flatten)]
        which: Which,
        /// List those that are settled instead
        #[arg(long)]
        settled: bool,
    },
    /// Settle conflicts: the table keeps its value, or gets the source's, or one of your own
    Settle {
        /// Ids of the conflicts
        #[arg(value_name = "ID", required_unless_present_any = ["all", "target", "column", "run"])]
        ids: Vec<i64>,
        /// All conflicts that wait
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        #[command(flatten)]
        which: Which,
        /// Whose value is taken: table or source
        #[arg(long, value_parser = ["table", "source"], required_unless_present = "value")]
        by: Option<String>,
        /// The value that the table gets; an empty one is none
        #[arg(long, conflicts_with = "by")]
        value: Option<String>,
    },
}

/// Which conflicts.
#[derive(Args, Default)]
struct Which {
    /// Only those of this table
    #[arg(long, value_name = "TABLE")]
    target: Option<String>,

    /// Only those of this column
    #[arg(long)]
    column: Option<String>,

    /// Only those that this run found
    #[arg(long, value_name = "ID")]
    run: Option<i64>,
}

impl Which {
    fn filter(self, ids: Vec<i64>) -> ConflictFilter {
        ConflictFilter { ids, target_table: self.target, column: self.column, run_id: self.run }
    }
}

pub(super) async fn run(context: &Context, args: ConflictsArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    let list_open = ConflictsCommand::List { which: Which::default(), settled: false };
    let exit = match args.command.unwrap_or(list_open) {
        ConflictsCommand::List { which, settled } => {
            let state = if settled { ConflictState::Settled } else { ConflictState::Open };
            list(&app, &who, &which.filter(Vec::new()), state, args.json).await?
        }
        ConflictsCommand::Settle { ids, which, by, value, .. } => {
            let settlement = match (by.as_deref(), value) {
                (_, Some(value)) => Settlement::Value(Value::from(value)),
                (Some("source"), None) => Settlement::Source,
                _ => Settlement::Table,
            };
            settle(&app, &who, &which.filter(ids), &settlement, args.json).await?
        }
    };
    app.close().await;
    Ok(exit)
}

async fn list(
    app: &App,
    who: &Principal,
    filter: &ConflictFilter,
    state: ConflictState,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let (mut after, mut is_any) = (Some(0), false);
    while let Some(from) = after {
        let conflicts = app.service().conflicts(who, filter, Some(state), from, PART).await?;
        after = conflicts.last().map(|conflict| conflict.id);
        is_any |= !conflicts.is_empty();
        for conflict in &conflicts {
            if as_json {
                say_json(&ConflictView::from(conflict));
            } else {
                say!("{}", describe(conflict));
            }
        }
    }
    if !is_any && !as_json {
        say!("No conflicts are {state}");
    }
    Ok(Exit::Done)
}

async fn settle(
    app: &App,
    who: &Principal,
    filter: &ConflictFilter,
    settlement: &Settlement,
    as_json: bool,
) -> anyhow::Result<Exit> {
    let settled = app.service().settle_conflicts(who, filter, settlement).await?;
    if as_json {
        say_json(&SettledView::from(&settled));
    } else {
        for left in &settled.left {
            eprintln!("{} ({}) is not settled: {}", left.id, left.item, left.reason);
        }
        say!("{} settled, {} left", number(settled.settled), number(settled.left.len() as u64));
    }
    Ok(if settled.left.is_empty() { Exit::Done } else { Exit::Attention })
}

fn describe(conflict: &Conflict) -> String {
    let shown = |value: &Option<String>| value.as_ref().map_or("NULL".to_owned(), |text| format!("`{text}`"));
    let written = match &conflict.written {
        Some(written) => format!("a run wrote {}", shown(written)),
        None => "no run has written it".to_owned(),
    };
    let settled = conflict.settled_by.map(|by| format!(" (settled: {by})")).unwrap_or_default();
    format!(
        "{} {}.{} of {}: {} in the table, {} in the source {DIM}({written}){DIM:#}{settled}",
        conflict.id,
        conflict.target_table,
        conflict.column,
        conflict.item,
        shown(&conflict.in_table),
        shown(&conflict.in_source)
    )
}
