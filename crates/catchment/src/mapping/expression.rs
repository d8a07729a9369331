//! Expressions over the columns of a record (minijinja): compiled once, bounded, and strict on names that are not there.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use catchment_core::{Columns, Record, Value as SourceValue, did_you_mean, invalid_option};
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Environment, Expression as Compiled, UndefinedBehavior, Value};

use super::rule::OwnedValue;

/// Steps that an expression may take for a record.
const FUEL: u64 = 10_000;
/// The variable that holds all columns by their names.
const RECORD: &str = "record";

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
});

/// A compiled expression.
pub(super) struct Expression {
    compiled: Compiled<'static, 'static>,
    text: String,
    /// The columns that it may ask for, and their places in a record.
    columns: Columns,
    places: Vec<usize>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl Expression {
    /// Compiles the expression that stands in an option.
    ///
    /// # Errors
    /// `config`, `invalid_options`: it does not parse, or names a column that the source does not have.
    pub(super) fn compile(option: &str, text: &str, columns: &Columns) -> catchment_core::Result<Self> {
        let compiled = parse(option, text)?;
        let names = compiled.undeclared_variables(false);
        let is_asked = |name: &str, column: &str| {
            name == RECORD || column == name || column.split(['.', '[']).next() == Some(name)
        };
        for name in &names {
            let is_known = name == RECORD
                || columns.iter().any(|column| is_asked(name, column))
                || ENVIRONMENT.globals().any(|(global, _)| global == name);
            if !is_known {
                let hint = did_you_mean(name, columns.iter().map(|column| &**column), str::to_lowercase);
                let has: Vec<_> = columns.iter().map(|column| &**column).collect();
                let problem = format!(
                    "`{text}` names `{name}`, which is not a column of the source; it has: {}{hint}",
                    has.join(", ")
                );
                return Err(invalid_option(option, &problem));
            }
        }
        let asked =
            columns.iter().enumerate().filter(|(_, column)| names.iter().any(|name| is_asked(name, column)));
        let (places, columns): (Vec<_>, Vec<_>) =
            asked.map(|(place, column)| (place, column.clone())).unzip();
        Ok(Self { compiled, text: text.to_owned(), columns: columns.into(), places })
    }

    /// What it comes to for a record, as a value of a source; lists and maps as JSON.
    ///
    /// # Errors
    /// Why it comes to nothing.
    pub(super) fn value(&self, record: Record<'_>) -> Result<OwnedValue, String> {
        let value = self.evaluate(record)?;
        Ok(match value.kind() {
            ValueKind::Undefined | ValueKind::None => OwnedValue::Null,
            ValueKind::Bool => OwnedValue::Bool(value.is_true()),
            ValueKind::Number => OwnedValue::Number(value.to_string()),
            ValueKind::String => OwnedValue::Text(value.to_string()),
            _ => OwnedValue::Json(format!("{value:?}")),
        })
    }

    /// Whether it holds for a record.
    ///
    /// # Errors
    /// Why it comes to nothing.
    pub(super) fn holds(&self, record: Record<'_>) -> Result<bool, String> {
        self.evaluate(record).map(|value| value.is_true())
    }

    fn evaluate(&self, record: Record<'_>) -> Result<Value, String> {
        let values = self.places.iter().map(|place| value_of(record.value(*place))).collect();
        let fields = Fields { columns: self.columns.clone(), values, prefix: String::new() };
        self.compiled.eval(Value::from_object(fields)).map_err(|error| match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        })
    }
}

/// Reads an expression without knowing the columns.
///
/// # Errors
/// `config`, `invalid_options`.
fn parse(option: &str, text: &str) -> catchment_core::Result<Compiled<'static, 'static>> {
    ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(|error| {
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        invalid_option(option, &format!("`{text}` is not a valid expression: {why}"))
    })
}

/// The columns that an expression asks a source for: names, and paths such as `artist.name`.
///
/// # Errors
/// `config`, `invalid_options`: it does not parse.
pub(super) fn variables(option: &str, text: &str) -> catchment_core::Result<BTreeSet<String>> {
    let names = parse(option, text)?.undeclared_variables(true);
    Ok(names.into_iter().filter(|name| name != RECORD && !name.starts_with("record.")).collect())
}

fn value_of(value: SourceValue<'_>) -> Value {
    match value {
        SourceValue::Null => Value::from(()),
        SourceValue::Bool(flag) => flag.into(),
        SourceValue::Number(text) => {
            let whole = text.parse::<i64>().map(Value::from);
            whole.or_else(|_| text.parse::<f64>().map(Value::from)).unwrap_or_else(|_| text.into())
        }
        other => other.to_string().into(),
    }
}

/// The columns of a record as variables; those of a path, such as `artist.name`, as members of `artist`.
#[derive(Debug)]
struct Fields {
    columns: Columns,
    values: Vec<Value>,
    prefix: String,
}

impl Object for Fields {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let name = format!("{}{key}", self.prefix);
        if let Some(place) = self.columns.iter().position(|column| **column == name) {
            return self.values.get(place).cloned();
        }
        if self.prefix.is_empty() && key == RECORD {
            return Some(Value::from_dyn_object(self.clone()));
        }
        let prefix = format!("{name}.");
        let is_path = self.columns.iter().any(|column| column.starts_with(&prefix));
        is_path.then(|| {
            let (columns, values) = (self.columns.clone(), self.values.clone());
            Value::from_object(Self { columns, values, prefix })
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names = self.columns.iter().filter_map(|column| column.strip_prefix(&*self.prefix));
        Enumerator::Values(names.map(Value::from).collect())
    }
}
