//! Compiling the option `conflicts`: who wins in each column of a batch.

use catchment_core::{Columns, Result, did_you_mean, invalid_option};

use super::names::column_hint;
use super::options::{TargetOptions, WhenGone};
use super::reading::Reading;
use crate::conflicts::{ChangedBy, ConflictPolicy, ConflictRule};
use crate::target::{ColumnKind, Decimals, Table};

/// Who wins in the columns of a batch where source and table differ.
#[derive(Debug)]
pub(crate) struct Policies {
    /// For each column of the batch.
    winners: Vec<Winner>,
    /// The columns of which it matters what a run last wrote there, in the order of their names.
    pub(crate) three_way: Vec<usize>,
    /// What says when records and rows changed last.
    pub(crate) clocks: Vec<Clock>,
}

/// Who wins in a column where source and table differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Winner {
    By(ConflictPolicy),
    /// Whoever changed last, by this clock.
    Newest(usize),
}

/// A column of the source and one of the table that say when a record and a row changed last.
#[derive(Debug)]
pub(crate) struct Clock {
    /// The place of the source's.
    pub(super) source: usize,
    pub(super) name: Box<str>,
    pub(super) reading: Reading,
    /// The table's.
    pub(crate) target: String,
    pub(crate) kind: ColumnKind,
}

impl Policies {
    /// Who wins in a column of the batch.
    pub(crate) fn winner(&self, column: usize) -> Winner {
        self.winners[column]
    }

    /// Compiles the option; `None` where the source wins everywhere.
    ///
    /// # Errors
    /// `config`: nothing feeds a column that it names, or the source has no such column.
    pub(super) fn compile(
        options: &TargetOptions,
        table: &Table,
        fed: &[&str],
        columns: &Columns,
    ) -> Result<Option<Self>> {
        const SOURCE: Winner = Winner::By(ConflictPolicy::Source);
        let mut policies =
            Self { winners: vec![SOURCE; fed.len()], three_way: Vec::new(), clocks: Vec::new() };
        for (name, rule) in options.conflicts.iter().flatten() {
            let option = format!("conflicts/{name}");
            if table.identity.iter().any(|key| key == name) {
                return Err(invalid_option(
                    &option,
                    "is a column of the key, which never differs; leave it out",
                ));
            }
            let Some(place) = fed.iter().position(|column| column == name) else {
                let problem =
                    "is fed by nothing of the source, so that it never differs; map it, or leave it out";
                return Err(invalid_option(&option, problem));
            };
            policies.winners[place] = match rule {
                ConflictRule::Newest(by) => {
                    policies.clocks.push(clock(options, table, columns, (&option, &by.newest))?);
                    Winner::Newest(policies.clocks.len() - 1)
                }
                ConflictRule::Policy(policy) => {
                    policies.three_way.extend(policy.is_three_way().then_some(place));
                    Winner::By(*policy)
                }
            };
        }
        Ok(policies.winners.iter().any(|winner| *winner != SOURCE).then_some(policies))
    }
}

fn clock(
    options: &TargetOptions,
    table: &Table,
    columns: &Columns,
    (option, by): (&str, &ChangedBy),
) -> Result<Clock> {
    let source = columns.iter().position(|column| **column == *by.source).ok_or_else(|| {
        let hint = column_hint(&by.source, columns.iter().map(|column| &**column));
        let problem = format!("is `{}`, which is not a column of the source{hint}", by.source);
        invalid_option(&format!("{option}/newest/source"), &problem)
    })?;
    let reading = options.reading()?;
    let kind = clock_kind(table, option, &by.target)?;
    Ok(Clock { source, name: (*by.source).into(), reading, target: by.target.clone(), kind })
}

/// What the table's column of a clock holds.
fn clock_kind(table: &Table, option: &str, name: &str) -> Result<ColumnKind> {
    let option = format!("{option}/newest/target");
    let kind = match table.column(name) {
        Some((_, column)) => column.kind.clone(),
        None if table.ledger.changed_at() == Some(name) => {
            ColumnKind::DateTime { decimals: Decimals { max: 6, is_padded: true }, is_instant: true }
        }
        None => {
            let known = table.all_columns();
            let hint = did_you_mean(name, known.iter().copied(), str::to_lowercase);
            let problem = format!("is `{name}`, which is not a column of `{}`{hint}", table.name);
            return Err(invalid_option(&option, &problem));
        }
    };
    if kind.is_ordered() {
        return Ok(kind);
    }
    let problem =
        format!("is `{name}`, which holds {}; it must be a date, a time or a number", kind.describe());
    Err(invalid_option(&option, &problem))
}

impl TargetOptions {
    /// Whether the option `conflicts` fits the table.
    pub(super) fn check_conflicts(&self, table: &Table) -> Result<()> {
        for (name, rule) in self.conflicts.iter().flatten() {
            let option = format!("conflicts/{name}");
            let column = table.column(name).map(|(_, column)| column);
            if column.is_none() && table.metadata.as_ref() != Some(name) {
                let known = table.columns.iter().map(|column| &*column.name);
                let hint = column_hint(name, known);
                let problem = format!("`{}` has no column `{name}` to map{hint}", table.name);
                return Err(invalid_option(&option, &problem));
            }
            let is_mark = table.gone.as_ref().is_some_and(|mark| mark.column == *name);
            if is_mark && self.when_gone() == WhenGone::Mark {
                let problem = "is what marks rows that left the source (`whenGone`), which runs write by themselves; leave it out";
                return Err(invalid_option(&option, problem));
            }
            match rule {
                ConflictRule::Policy(ConflictPolicy::Max | ConflictPolicy::Min)
                    if !column.is_some_and(|column| column.kind.is_ordered()) =>
                {
                    let holds = column.map_or_else(|| "JSON".to_owned(), |column| column.kind.describe());
                    let problem = format!(
                        "holds {holds}, of which none is larger; `max` and `min` need a number or a date"
                    );
                    return Err(invalid_option(&option, &problem));
                }
                ConflictRule::Policy(_) => {}
                ConflictRule::Newest(by) => {
                    clock_kind(table, &option, &by.newest.target)?;
                }
            }
        }
        Ok(())
    }
}
