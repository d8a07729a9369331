//! `catchment inspect`: what a source looks like, and options that fit it. No database is needed.

use catchment::{ColumnMapping, ColumnProfile, DecimalFinding, Settings, is_built_in};
use catchment_core::{Inspection, Value as Field};
use clap::Args;
use serde_json::Value;

use super::exit::Exit;
use super::open::{Context, caller, unopened};
use super::request::{SourceArgs, TargetArgs, request};
use super::table::{self, WARN, say, say_findings, say_json};

/// Values shown for each column.
const EXAMPLES: usize = 3;

#[derive(Args)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// Print nothing but the options, as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, mut args: InspectArgs) -> anyhow::Result<Exit> {
    let _spool = args.source.spool().await?;
    let request = request(&args.source, &args.target)?;
    let needs_database = args.target.table().is_some_and(|name| !is_built_in(name));
    // Whatever the database is, and whether it is there: for tables of our own it is not touched.
    let mut settings = context.settings.clone();
    if !needs_database {
        settings.database_url = Settings::default().database_url;
    }
    let context = Context { settings, registry: context.registry.clone() };
    let inspected = unopened(&context)?.service().inspect(&caller(), request).await?;
    if args.json {
        // Standard output holds what a sync can be given, and nothing else.
        let decimal = inspected.decimal.as_ref().filter(|decimal| decimal.sign.is_none());
        let decimal = decimal.map(DecimalFinding::to_finding);
        let findings = inspected.inspection.findings.iter().chain(&decimal);
        for finding in findings.filter(|finding| finding.is_unsure) {
            anstream::eprintln!("{WARN}unsure:{WARN:#} {finding}");
        }
        say_json(&inspected.options);
    } else {
        print(&inspected.inspection, &inspected.columns, &inspected.mapping);
        if let Some(decimal) = &inspected.decimal {
            say!("{WARN}decimal sign{WARN:#} {decimal}");
        }
        say!("\nOptions for `{}`, ready for --options FILE or the API:", inspected.target_table);
        say!("{:#}", Value::Object(inspected.options));
    }
    Ok(Exit::Done)
}

fn print(inspection: &Inspection, columns: &[ColumnProfile], mapping: &ColumnMapping) {
    say_findings(&inspection.findings);
    let is_told = |name: &str| inspection.findings.iter().any(|finding| finding.topic == name);
    for (name, value) in inspection.options.iter().filter(|(name, _)| !is_told(name)) {
        say!("{name:10} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let Some(page) = &inspection.page else {
        say!("The source has no records");
        return;
    };
    let rows = columns.iter().map(|column| {
        let place = page.columns.iter().position(|name| **name == *column.name).unwrap_or_default();
        let values = page.records.iter().map(|record| record.value(place)).filter_map(Field::as_trimmed);
        let target = mapping.iter().find(|(_, field)| field.field() == Some(&*column.name));
        let empty = match (column.empty * 100).checked_div(column.records) {
            None | Some(0) if column.empty == 0 => String::new(),
            Some(0) | None => "< 1 %".to_owned(),
            Some(share) => format!("{share} %"),
        };
        vec![
            column.name.clone(),
            match column.decimal {
                Some(sign) => format!("{} (`{sign}`)", column.holds),
                None => column.holds.to_owned(),
            },
            empty,
            if column.is_unique { "key?" } else { "" }.to_owned(),
            target.map(|(target, _)| target.clone()).unwrap_or_default(),
            values.take(EXAMPLES).collect::<Vec<_>>().join(" | "),
        ]
    });
    let rows: Vec<_> = rows.collect();
    say!();
    table::print(&["column", "type", "empty", "unique", "maps to", "examples"], &rows);
    for reject in page.rejects.iter().take(EXAMPLES) {
        say!("{WARN}{}{WARN:#}: {}", reject.location, reject.message);
    }
}
