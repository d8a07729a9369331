//! What a search query asks for, and whether an item fulfils it.

use jiff::Timestamp;

/// `and`, `or`, `not` and what they join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    In(String, Collection),
    Text(TextField, TextOperator, String),
    Time(TimeField, &'static str, Timestamp),
    Flag(Flag, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Collection {
    Parents,
    Owners,
    Readers,
    Writers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextField {
    Name,
    MimeType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOperator {
    Equal,
    Different,
    Contains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeField {
    Created,
    Modified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flag {
    Trashed,
    Starred,
    SharedWithMe,
}

/// What a query sees of an item.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) parent: Option<&'a str>,
    pub(crate) name: &'a str,
    pub(crate) mime: &'a str,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) is_trashed: bool,
    pub(crate) is_shared_with_me: bool,
    pub(crate) owners: Vec<&'static str>,
    pub(crate) readers: Vec<&'static str>,
}

impl Condition {
    pub(crate) fn holds(&self, item: &Candidate<'_>) -> bool {
        match self {
            Self::And(one, other) => one.holds(item) && other.holds(item),
            Self::Or(one, other) => one.holds(item) || other.holds(item),
            Self::Not(condition) => !condition.holds(item),
            Self::In(value, Collection::Parents) => item.parent == Some(value),
            Self::In(value, Collection::Owners) => item.owners.contains(&value.as_str()),
            Self::In(value, Collection::Readers | Collection::Writers) => {
                item.readers.contains(&value.as_str())
            }
            Self::Text(TextField::Name, operator, value) => match operator {
                TextOperator::Equal => item.name.to_lowercase() == value.to_lowercase(),
                TextOperator::Different => item.name.to_lowercase() != value.to_lowercase(),
                TextOperator::Contains => has_word_with_prefix(item.name, value),
            },
            Self::Text(TextField::MimeType, operator, value) => match operator {
                TextOperator::Equal => item.mime == value,
                TextOperator::Different => item.mime != value,
                TextOperator::Contains => item.mime.contains(value.as_str()),
            },
            Self::Time(field, operator, value) => {
                let time = match field {
                    TimeField::Created => item.created,
                    TimeField::Modified => item.modified,
                };
                compare(time, operator, *value)
            }
            Self::Flag(flag, wanted) => {
                let value = match flag {
                    Flag::Trashed => item.is_trashed,
                    Flag::Starred => false,
                    Flag::SharedWithMe => item.is_shared_with_me,
                };
                value == *wanted
            }
        }
    }

    /// The parents that it names, each as often as it does.
    pub(crate) fn parents(&self) -> Vec<&str> {
        match self {
            Self::And(one, other) | Self::Or(one, other) => [one.parents(), other.parents()].concat(),
            Self::Not(condition) => condition.parents(),
            Self::In(value, Collection::Parents) => vec![value],
            _ => Vec::new(),
        }
    }
}

/// `name contains` knows the beginnings of words only.
fn has_word_with_prefix(name: &str, prefix: &str) -> bool {
    let (name, prefix) = (name.to_lowercase(), prefix.to_lowercase());
    let is_start =
        |index: usize| name[..index].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
    name.match_indices(&prefix).any(|(index, _)| is_start(index))
}

fn compare(time: Timestamp, operator: &str, value: Timestamp) -> bool {
    match operator {
        "=" => time == value,
        "!=" => time != value,
        "<" => time < value,
        "<=" => time <= value,
        ">" => time > value,
        _ => time >= value,
    }
}
