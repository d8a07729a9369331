//! `catchment check`: what a sync would do, without writing anything.

use catchment::{CheckReport, Settings};
use clap::Args;

use super::exit::{Exit, report};
use super::open::{caller, unopened};
use super::request::{SourceArgs, TargetArgs, request};
use super::table::{GOOD, WARN, say, say_json};
use crate::view::CheckView;

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: &Settings, args: CheckArgs) -> anyhow::Result<Exit> {
    let request = request(args.source, args.target)?;
    let (app, caller) = (unopened(settings)?, caller());
    // What is wrong with the request itself is wrong usage; what its source turns out to be is a failure, as of a run.
    app.service().preflight(&caller, request.clone()).await?;
    let checked = match app.service().check(&caller, request).await {
        Ok(checked) => checked,
        Err(error) => {
            report(&error.into(), args.json);
            return Ok(Exit::Failed);
        }
    };
    if args.json {
        say_json(&CheckView::from(&checked));
    } else {
        print(&checked);
    }
    let is_fine = checked.rejects.is_empty();
    Ok(match checked.refusal {
        Some(refusal) => {
            report(&refusal.into(), args.json);
            Exit::Failed
        }
        None if is_fine => Exit::Done,
        None => Exit::Attention,
    })
}

fn print(checked: &CheckReport) {
    for finding in &checked.inspection.findings {
        let style = if finding.is_unsure { WARN } else { GOOD };
        say!("{style}{:13}{style:#} {}", finding.topic.replace('_', " "), finding.message);
    }
    say!("{GOOD}readable{GOOD:#}      {}", serde_json::Value::Object(checked.inspection.options.clone()));
    let Some(mapping) = &checked.mapping else {
        say!("{WARN}empty{WARN:#}         the source has no records");
        return;
    };
    if let Some(decimal) = &checked.decimal {
        say!("{WARN}decimal sign{WARN:#}  {decimal}");
    }
    let pairs: Vec<_> = mapping.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
    say!("mapping       {}", pairs.join(", "));
    let row: Vec<_> = checked.first_row.iter().map(|(column, value)| format!("{column}: {value}")).collect();
    if !row.is_empty() {
        say!("first row     {}", row.join(", "));
    }
    if checked.refusal.is_some() {
        return;
    }
    say!("{} of the first {} records fit", checked.fitting, checked.fitting + checked.rejects.len());
    for reject in &checked.rejects {
        say!("  {WARN}{}{WARN:#}: {} ({})", reject.location, reject.message, reject.code);
    }
}
