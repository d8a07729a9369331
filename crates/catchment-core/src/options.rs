//! Parsing of options: JSON objects, split among the parts that own them, with a JSON pointer to each error.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, Result, did_you_mean};

/// Reads options from JSON; what does not fit is named by its place below `/options`.
///
/// # Errors
/// `config`, `invalid_options`.
pub fn parse_options<T: DeserializeOwned>(options: Map<String, Value>) -> Result<T> {
    parse("/options", Value::Object(options))
}

/// Takes those options out of `options` that `T` knows, and reads them: what is left belongs to others.
///
/// # Errors
/// `config`, `invalid_options`.
pub fn split_options<T: DeserializeOwned + JsonSchema>(options: &mut Map<String, Value>) -> Result<T> {
    let names = option_names::<T>().into_iter();
    parse_options(names.filter_map(|name| options.remove(&name).map(|value| (name, value))).collect())
}

/// Refuses options that `T` does not have, where parts of it are read one after the other and none knows them all.
///
/// # Errors
/// `config`, `invalid_options`, with the names that there are.
pub fn refuse_unknown<T: JsonSchema>(options: &Map<String, Value>) -> Result<()> {
    let known = option_names::<T>();
    let Some(unknown) = options.keys().find(|name| !known.contains(name)) else { return Ok(()) };
    let problem = format!("unknown field `{unknown}`, expected one of `{}`", known.join("`, `"));
    Err(invalid_option(unknown, &with_hint(problem)))
}

fn option_names<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// The error of an option, with its place below `/options`: what is wrong with it, and what would be accepted.
///
/// ```
/// let error = catchment_core::invalid_option("timeouts/read", "must be at least 1 second");
/// assert_eq!(error.message(), "/options/timeouts/read: must be at least 1 second");
/// assert_eq!(error.details()[0].pointer, "/options/timeouts/read");
/// ```
pub fn invalid_option(option: &str, problem: &str) -> Error {
    let pointer = format!("/options/{option}");
    Error::config("invalid_options", format!("{pointer}: {problem}")).with_detail(pointer, problem)
}

/// Reads something from JSON; what does not fit is named by its place below `base`, a JSON pointer.
///
/// # Errors
/// `config`, `invalid_options`.
pub fn parse<T: DeserializeOwned>(base: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer(base, error.path());
        let message = with_hint(without_text(&error.inner().to_string(), pointer.contains("/auth")));
        let shown = if pointer.is_empty() { message.clone() } else { format!("{pointer}: {message}") };
        Error::config("invalid_options", shown).with_detail(pointer, message)
    })
}

/// A message of serde about an unknown name, with the name that was probably meant.
fn with_hint(message: String) -> String {
    let hint = message.strip_prefix("unknown field `").and_then(|rest| {
        let (unknown, known) = rest.split_once('`')?;
        // Every second piece between backquotes is a name.
        Some(did_you_mean(unknown, known.split('`').skip(1).step_by(2), str::to_lowercase))
    });
    message + &hint.unwrap_or_default()
}

/// A message of serde without the text that it did not expect, which may be a secret in the wrong place; so may a name be that is
/// not known among credentials.
fn without_text(message: &str, is_of_credentials: bool) -> String {
    let variant = message.strip_prefix("unknown variant `").filter(|_| is_of_credentials);
    if let Some((_, expected)) = variant.and_then(|rest| rest.rsplit_once("`, expected ")) {
        return format!("unknown variant, expected {expected}");
    }
    match (message.split_once(" string \""), message.rsplit_once("\", expected ")) {
        (Some((before, _)), Some((_, after))) => format!("{before} string, expected {after}"),
        _ => message.to_owned(),
    }
}

fn pointer(base: &str, path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = base.to_owned();
    for segment in path {
        match segment {
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_in_the_place_of_a_kind_of_credentials_is_not_repeated() {
        #[derive(Debug, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Auth {
            Bearer,
        }
        #[derive(Debug, Deserialize)]
        struct Options {
            #[expect(dead_code, reason = "it never parses")]
            auth: Auth,
        }
        for kind in ["s3cr3t", "s3cr3t`, expected `s3cr3t"] {
            let error = parse::<Options>("/options", json!({"auth": {"type": kind}})).unwrap_err();
            assert!(!error.message().contains("s3cr3t") && error.message().contains("`bearer`"), "{error}");
        }
    }
}
