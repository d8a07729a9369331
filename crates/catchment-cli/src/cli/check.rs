//! `catchment check`: what a sync would do, without writing anything.

use catchment::CheckReport;
use catchment_core::Error;
use clap::Args;

use super::exit::{Exit, exit_of_refusal, report};
use super::open::{Context, caller, unopened};
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

pub(super) async fn run(context: &Context, mut args: CheckArgs) -> anyhow::Result<Exit> {
    let _spool = args.source.spool().await?;
    let request = request(&args.source, &args.target)?;
    let (app, caller) = (unopened(context)?, caller());
    // It ends as a sync would: what that refuses before it makes a run is wrong usage, the rest a failure.
    let is_local = app.service().validate(&caller, request.clone()).await;
    let is_run = is_local.is_ok_and(|is_local| !is_local);
    let refused = |error: Error| {
        let error = error.into();
        report(&error, args.json);
        Ok(if is_run { Exit::Failed } else { exit_of_refusal(&error) })
    };
    let checked = match app.service().check(&caller, request).await {
        Ok(checked) => checked,
        Err(error) => return refused(error),
    };
    if args.json {
        say_json(&CheckView::from(&checked));
    } else {
        print(&checked);
    }
    let is_fine = checked.rejects.is_empty();
    match checked.refusal {
        Some(refusal) => refused(refusal),
        None if is_fine => Ok(Exit::Done),
        None => Ok(Exit::Attention),
    }
}

fn print(checked: &CheckReport) {
    for finding in &checked.inspection.findings {
        if finding.is_unsure {
            say!("{WARN}unsure{WARN:#}        {finding}");
        } else {
            say!("{GOOD}{:13}{GOOD:#} {}", finding.topic.replace('_', " "), finding.message);
        }
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
