//! `catchment show`: rows of a target.

use std::io::{BufWriter, ErrorKind, Write};

use anyhow::Context as _;
use catchment::TargetRows;
use clap::Args;

use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{self, say};

/// Rows that are fetched at a time.
const PART: u32 = 1000;
/// Rows that a table shows.
const SHOWN: u32 = 20;

#[derive(Args)]
pub(super) struct ShowArgs {
    /// Table to show
    #[arg(value_name = "TABLE")]
    target: String,

    /// Only rows of which this holds, such as 'price>=1000', 'title~despa' (contains) or 'genre=' (is NULL); repeatable
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,

    /// How many rows [default: 20; with --csv or --json all]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,

    /// Add the run that saw each row last, where the table has no column for it
    #[arg(long)]
    runs: bool,

    /// Print CSV (RFC 4180); NULL is empty
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print one JSON object a row
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, args: ShowArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    let is_all = args.csv || args.json;
    let mut left = args.limit.unwrap_or(if is_all { u32::MAX } else { SHOWN });
    let (mut after, mut is_first) = (Vec::new(), true);
    loop {
        // One more, to know whether there are more.
        let limit = left.saturating_add(1).min(PART);
        let mut rows =
            app.service().target_rows(&who, &args.target, &args.conditions, &after, limit, args.runs).await?;
        let is_last = rows.rows.len() < limit as usize;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX);
        let has_more = rows.rows.len() > wanted;
        rows.rows.truncate(wanted);
        match print(&rows, &args, is_first) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            printed => printed.context("writing the rows to standard output")?,
        }
        left -= u32::try_from(rows.rows.len()).unwrap_or(left);
        if has_more && !is_all {
            say!("More rows follow; show them with --limit, --where or --csv");
        }
        if is_last || left == 0 {
            break;
        }
        (after, is_first) = (rows.end().to_vec(), false);
    }
    app.close().await;
    Ok(Exit::Done)
}

/// Data goes out byte by byte as it is, and a disk that is full is an error.
fn print(rows: &TargetRows, args: &ShowArgs, is_first: bool) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.json {
        for row in &rows.rows {
            writeln!(out, "{}", rows.json(row))?;
        }
    } else if args.csv {
        if is_first {
            let header: Vec<_> = rows.columns.iter().map(|name| csv_field(name)).collect();
            writeln!(out, "{}", header.join(","))?;
        }
        for row in &rows.rows {
            let cells: Vec<_> =
                row.iter().map(|cell| csv_field(cell.as_deref().unwrap_or_default())).collect();
            writeln!(out, "{}", cells.join(","))?;
        }
    } else {
        let cells =
            |row: &Vec<Option<String>>| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect();
        let header: Vec<_> = rows.columns.iter().map(String::as_str).collect();
        table::print(&header, &rows.rows.iter().map(cells).collect::<Vec<_>>());
    }
    out.flush()
}

/// A field in quotes where it needs them.
fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
