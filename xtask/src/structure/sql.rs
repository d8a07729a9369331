//! SQL stays in the store: elsewhere no string literal begins like a statement, in code that is part of the product.

use super::content::{Content, StringLiteral};
use super::finding::Violation;
use super::modules::ModuleTree;
use super::rules::{SQL_BEGINNINGS, SQL_FREE, SQL_HOME};
use super::workspace::Package;

/// A finding for each statement outside of the store. Tests and tools may look at a database.
pub(super) fn check_sql(package: &Package) -> Vec<Violation> {
    if SQL_FREE.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for module in ModuleTree::build(package).modules {
        let path = &package.files[module.file].path;
        if !path.starts_with(SQL_HOME) {
            let texts = Content::collect(module.items).texts;
            findings.extend(texts.iter().filter_map(|text| check_text(path, text)));
        }
    }
    findings
}

fn check_text(path: &str, text: &StringLiteral) -> Option<Violation> {
    let beginning =
        SQL_BEGINNINGS.iter().find(|beginning| text.value.trim_start().starts_with(**beginning))?;
    Some(Violation {
        path: path.to_owned(),
        line: text.line,
        what: format!("a string that begins with `{}` is SQL outside of the store", beginning.trim()),
        remedy: format!("write a function for it in {SQL_HOME}"),
    })
}
