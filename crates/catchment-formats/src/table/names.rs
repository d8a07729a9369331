//! The names of columns.

use std::collections::{HashMap, HashSet};

use catchment_core::Columns;

/// One name a column: as in the header, its number where that is empty or absent, and with `_1`, `_2` where a
/// name stands several times, so that no mapping takes one of them by chance.
pub(crate) fn name_columns(first: &[String], has_header: bool) -> Columns {
    let numbered = |index: usize| (index + 1).to_string();
    if !has_header {
        return (0..first.len()).map(|index| numbered(index).into()).collect();
    }
    let names: Vec<String> = first
        .iter()
        .enumerate()
        .map(|(index, name)| match name.trim() {
            "" => numbered(index),
            name => name.to_owned(),
        })
        .collect();
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut counts = HashMap::<&str, usize>::new();
    names
        .iter()
        .map(|name| {
            if names.iter().filter(|other| *other == name).nth(1).is_none() {
                return name.clone().into();
            }
            let count = counts.entry(name).or_default();
            loop {
                *count += 1;
                let candidate = format!("{name}_{count}");
                if taken.insert(candidate.clone()) {
                    return candidate.into();
                }
            }
        })
        .collect()
}

/// Digits, with nothing but what stands in numbers, amounts, dates and times.
pub(crate) fn is_number_or_date(text: &str) -> bool {
    text.contains(|char: char| char.is_ascii_digit())
        && text.chars().all(|char| char.is_ascii_digit() || " .,-+/:%€$£TZ".contains(char))
}
