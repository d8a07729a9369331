//! Whether the options of a request fit the table that they name.

use std::sync::Arc;

use catchment_core::{Error, Result, invalid_option};

use super::field::ColumnMapping;
use super::names::column_hint;
use super::options::{TargetOptions, Unmapped, WhenGone};
use crate::target::{Column, ColumnKind, Table, WhenUnmapped, built_in, identified};

impl TargetOptions {
    /// Whether what is given fits the table; whether all is given that is needed, [`Self::check_is_complete`] tells.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(crate) fn check_table(&self, table: &Table) -> Result<()> {
        if let Some(mapping) = self.mapping() {
            self.check_columns(table, mapping)?;
        }
        if self.unmapped == Some(Unmapped::Metadata) && table.metadata.is_none() {
            let problem = format!(
                "is `metadata`, and `{}` has no JSON column of that name; use `ignore` or `fail`",
                table.name
            );
            return Err(invalid_option("unmapped", &problem));
        }
        self.check_when_gone(table)?;
        self.check_conflicts(table)?;
        self.check_content_type(table)
    }

    /// The same of an inventory of things: rows of what left it are marked, where no option says otherwise and they can be.
    #[must_use]
    pub(crate) fn for_inventory(&self, table: &Table) -> Self {
        let is_settled = |column: &str| {
            let rules = self.conflicts.iter().flat_map(|rules| rules.keys());
            rules.into_iter().any(|name| name == column)
        };
        let marks = table.gone.as_ref().is_some_and(|mark| !is_settled(&mark.column));
        let default = (marks && !table.primary.is_empty()).then_some(WhenGone::Mark);
        Self { when_gone: self.when_gone.or(default), ..self.clone() }
    }

    /// Whether rows that left their source can be told, and marked.
    fn check_when_gone(&self, table: &Table) -> Result<()> {
        let name = &table.name;
        let problem = match self.when_gone() {
            WhenGone::Keep => return Ok(()),
            WhenGone::Mark if table.gone.is_none() => format!(
                "is `mark`, and nothing says what marks a row of `{name}`: declare it in catchment.toml (`[[target]] gone = {{ column \
                 = \"…\", value = \"…\" }}`), or use `delete` or `keep`"
            ),
            _ if table.primary.is_empty() => {
                format!(
                    "needs a primary key of `{name}` whose values can be read and written as text; use `keep`"
                )
            }
            _ => return Ok(()),
        };
        Err(invalid_option("whenGone", &problem))
    }

    /// Whether a mapping names columns of the table only.
    fn check_columns(&self, table: &Table, mapping: &ColumnMapping) -> Result<()> {
        let option = self.mapping_option();
        if let Some(column) = mapping.keys().find(|column| table.column(column).is_none()) {
            let known: Vec<_> = table.columns.iter().map(|column| &*column.name).collect();
            let hint = column_hint(column, known.iter().copied());
            let (table, known) = (&table.name, known.join(", "));
            let problem = format!("`{table}` has no column `{column}` to map; it has: {known}{hint}");
            return Err(invalid_option(&format!("{option}/{column}"), &problem));
        }
        let kinds = mapping.keys().filter_map(|name| table.column(name)).map(|(_, column)| column);
        for column in kinds {
            if let ColumnKind::Other(name) = &column.kind {
                let problem = format!("is of the type {name}, to which nothing can be mapped; leave it out");
                return Err(invalid_option(&format!("{option}/{}", column.name), &problem));
            }
        }
        Ok(())
    }

    /// Whether a mapping that is given feeds all that the table needs.
    ///
    /// # Errors
    /// `config`, with what is missing.
    pub(crate) fn check_is_complete(&self, table: &Arc<Table>) -> Result<()> {
        let Some(mapping) = self.mapping() else { return Ok(()) };
        let identified = identified(table, self.key(), |column| mapping.contains_key(column))?;
        let missing = self.missing(&identified, mapping);
        let constant = table.optional_constant().map(|(column, _)| column);
        let is_optional = |name: &String| constant.is_some_and(|column| *column.name == **name);
        if let Some(column) = missing.iter().find(|column| !is_optional(column)) {
            let given: Vec<_> = mapping.keys().map(String::as_str).collect();
            let (table, given) = (&table.name, given.join(", "));
            let problem = format!(
                "maps {given} but not `{column}`, which `{table}` needs; add it, or leave the option out to map \
                 columns by their names"
            );
            return Err(invalid_option(self.mapping_option(), &problem));
        }
        match constant {
            Some(column) if !missing.is_empty() => Err(missing_constant(table, column)),
            _ => Ok(()),
        }
    }

    /// The required columns of the table that nothing feeds: neither a mapping, nor an option, nor the table itself.
    pub(crate) fn missing(&self, table: &Table, mapping: &ColumnMapping) -> Vec<String> {
        let is_needed = |column: &&Column| match &column.when_unmapped {
            WhenUnmapped::Refuse => true,
            WhenUnmapped::Option(_) => self.content_type.is_none(),
            _ => false,
        };
        let needed = table.columns.iter().filter(is_needed).map(|column| column.name.to_string());
        needed.filter(|name| !mapping.contains_key(name)).collect()
    }

    /// Whether each record gets its content type from one place, where the table has one.
    fn check_content_type(&self, table: &Table) -> Result<()> {
        let Some(given) = &self.content_type else { return Ok(()) };
        let Some((column, _)) = table.optional_constant() else {
            let others = built_in().iter().filter(|table| table.optional_constant().is_some());
            let names: Vec<_> = others.map(|table| format!("`{}`", table.name)).collect();
            let problem = format!("is for the target {} only; leave it out", names.join(" and "));
            return Err(invalid_option("contentType", &problem));
        };
        let name = &*column.name;
        if self.mapping().is_some_and(|mapping| mapping.contains_key(name)) {
            let problem =
                format!("is `{given}`, and a column is mapped to `{name}` as well; give only one of them");
            return Err(invalid_option("contentType", &problem));
        }
        constant_word(column, given).map(drop)
    }
}

/// The words that the column takes of which an option says what all records have.
fn words(column: &Column) -> &[Box<str>] {
    match &column.kind {
        ColumnKind::Choice(words) => words,
        _ => &[],
    }
}

/// The word that an option gives to all records, as the table spells it.
pub(super) fn constant_word<'a>(column: &'a Column, given: &str) -> Result<&'a str> {
    let words = words(column);
    let word = words.iter().find(|word| word.eq_ignore_ascii_case(given.trim()));
    word.map(|word| &**word).ok_or_else(|| {
        invalid_option("contentType", &format!("is `{given}`; it must be one of: {}", words.join(", ")))
    })
}

/// The error of a table that is not told what all records are.
pub(super) fn missing_constant(table: &Table, column: &Column) -> Error {
    let option = table.optional_constant().map_or("columnMapping", |(_, option)| option);
    let words = column.kind.alternatives();
    let name = &column.name;
    let problem =
        format!("is missing: set it to what the records are ({words}), or map a column to `{name}`");
    invalid_option(option, &problem)
}
