//! Where in a request a value is sent: as a parameter of the query, or in the JSON body.

use catchment_core::{Result, invalid_option};
use catchment_formats::json::step::Step;
use reqwest::Url;
use serde_json::{Map, Value};

use crate::api::options::path;

/// The address and body of a request in the making.
#[derive(Debug, Clone)]
pub(in crate::api) struct RequestDraft {
    pub(in crate::api) url: Url,
    pub(in crate::api) body: Option<Value>,
}

/// Where in a request a value is sent.
#[derive(Debug)]
pub(super) enum ParamLocation {
    Query(String),
    Body(Vec<Step>),
}

impl ParamLocation {
    /// A path in the body, where one is given; else a parameter of the query.
    ///
    /// # Errors
    /// `config`, `invalid_options`, for a path that may lead to several places.
    pub(super) fn new(option: &str, body: Option<&str>, param: Option<&str>, default: &str) -> Result<Self> {
        let option = format!("pagination/{option}");
        let Some(path) = path(&option, body)? else {
            return Ok(Self::Query(param.unwrap_or(default).to_owned()));
        };
        let problem = "must lead to one field, such as `page.number`";
        Ok(Self::Body(path.single().ok_or_else(|| invalid_option(&option, problem))?.to_vec()))
    }

    /// Sets the value in a request.
    pub(super) fn set(&self, draft: &mut RequestDraft, value: Value) {
        match self {
            Self::Query(name) => set_param(&mut draft.url, name, &value),
            Self::Body(steps) => {
                let body = draft.body.get_or_insert_with(|| Value::Object(Map::new()));
                // What was sent as a number in the body of the first request is one in the others.
                let is_number = follow_mut(body, steps).is_some_and(|there| there.is_number());
                let number = value.as_str().filter(|_| is_number).and_then(|text| text.parse::<u64>().ok());
                put(body, steps, number.map_or(value, Value::from));
            }
        }
    }
}

/// Sets a parameter of the query, in the place of one that is there.
pub(in crate::api) fn set_param(url: &mut Url, name: &str, value: &Value) {
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    url.set_query(None);
    let mut pairs = url.query_pairs_mut();
    pairs.extend_pairs(rest);
    for text in param_texts(value) {
        pairs.append_pair(name, &text);
    }
}

/// The texts that a parameter is sent as: one, or one for each element of a list.
pub(in crate::api) fn param_texts(value: &Value) -> Vec<String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

fn follow_mut<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get_mut(&**name),
        Step::Index(index) => value.get_mut(*index),
        Step::Wildcard => None,
    })
}

/// Puts a value where the steps lead, and makes the objects on the way.
fn put(value: &mut Value, steps: &[Step], new: Value) {
    match steps {
        [] => *value = new,
        [Step::Name(name), rest @ ..] => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let Some(object) = value.as_object_mut() {
                put(object.entry(&**name).or_insert(Value::Null), rest, new);
            }
        }
        [Step::Index(index), rest @ ..] => {
            if let Some(element) = value.get_mut(*index) {
                put(element, rest, new);
            }
        }
        [Step::Wildcard, ..] => {}
    }
}
