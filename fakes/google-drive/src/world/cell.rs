//! A cell of a spreadsheet: what it is, and how it is shown, which are two different things.

use serde_json::{Value, json};

/// A cell. A number and a date have a value and a shown form.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A number, and how the locale and its format show it.
    Number {
        /// Its value.
        value: f64,
        /// As `$ 1,234.50`.
        shown: String,
    },
    /// True or false.
    Bool(bool),
    /// A date or time: days since 1899-12-30.
    Date {
        /// Days, and parts of one.
        serial: f64,
        /// As `24/11/2026`.
        shown: String,
    },
    /// A formula and its result.
    Formula {
        /// As `=A1+1`.
        formula: String,
        /// What it makes.
        result: Box<Self>,
    },
}

/// How the Sheets API renders a cell (`valueRenderOption`, `dateTimeRenderOption`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rendering {
    Shown,
    Raw { dates_as_text: bool },
    Formula { dates_as_text: bool },
}

/// The smallest number that Sheets shows with an exponent unless it has a format.
const SHOWN_WITH_EXPONENT: f64 = 1e15;

impl Cell {
    /// A number in a format of its own, as `money(1234.5, "$ 1,234.50")`.
    #[must_use]
    pub fn formatted(value: f64, shown: &str) -> Self {
        Self::Number { value, shown: shown.to_owned() }
    }

    /// A date by its serial number and its shown form.
    #[must_use]
    pub fn date(serial: f64, shown: &str) -> Self {
        Self::Date { serial, shown: shown.to_owned() }
    }

    /// A formula and its result.
    #[must_use]
    pub fn formula(formula: &str, result: Self) -> Self {
        Self::Formula { formula: formula.to_owned(), result: Box::new(result) }
    }

    /// What the API leaves out at the end of a row.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number { shown, .. } | Self::Date { shown, .. } => shown.clone(),
            Self::Bool(value) => value.to_string().to_uppercase(),
            Self::Formula { result, .. } => result.shown(),
        }
    }

    pub(crate) fn render(&self, rendering: Rendering) -> Value {
        match (self, rendering) {
            (Self::Formula { formula, .. }, Rendering::Formula { .. }) => json!(formula),
            (Self::Formula { result, .. }, _) => result.render(rendering),
            (_, Rendering::Shown) | (Self::Empty | Self::Text(_), _) => json!(self.shown()),
            (Self::Bool(value), _) => json!(value),
            (Self::Number { value, .. }, _) => number(*value),
            (
                Self::Date { serial, shown },
                Rendering::Raw { dates_as_text } | Rendering::Formula { dates_as_text },
            ) => {
                if dates_as_text {
                    json!(shown)
                } else {
                    number(*serial)
                }
            }
        }
    }
}

/// Google writes whole numbers without a decimal point.
fn number(value: f64) -> Value {
    serde_json::from_str(&format!("{value}")).unwrap()
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        let shown = if value.abs() >= SHOWN_WITH_EXPONENT {
            format!("{value:.5E}").replace('E', "E+")
        } else {
            value.to_string()
        };
        Self::Number { value, shown }
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::from(f64::from(value))
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
