//! The token of the next page, as an answer holds it (cursor pagination).

use catchment_core::{Result, invalid_option};
use catchment_formats::json::path::{Path, plain};
use serde_json::{Map, Value};

use super::facts::ResponseFacts;
use crate::api::options::{PaginationOptions, path};

/// Where in an answer the token of the next page is.
#[derive(Debug)]
pub(super) enum TokenLocation {
    Path(Path),
    Header(String),
    Several(Vec<(String, Path)>),
}

impl TokenLocation {
    /// # Errors
    /// `config`, `invalid_options`, when no option says where the token is.
    pub(super) fn new(options: &PaginationOptions) -> Result<Self> {
        if !options.cursor_params.is_empty() {
            let read = |(param, text): (&String, &String)| {
                let option = format!("pagination/cursorParams/{param}");
                let path = Path::parse(text).map_err(|problem| invalid_option(&option, &problem))?;
                Ok((param.clone(), path))
            };
            return Ok(Self::Several(options.cursor_params.iter().map(read).collect::<Result<_>>()?));
        }
        if let Some(header) = &options.cursor_header {
            return Ok(Self::Header(header.clone()));
        }
        let missing = || {
            invalid_option(
                "pagination/cursorPath",
                "is missing: give the path of the token of the next page, such as `meta.next_cursor`",
            )
        };
        Ok(Self::Path(path("pagination/cursorPath", options.cursor_path.as_deref())?.ok_or_else(missing)?))
    }

    /// The parameters of the next request; one without a name goes where the options say.
    pub(super) fn read(&self, facts: &ResponseFacts<'_>) -> Option<Map<String, Value>> {
        let one = |text: String| Map::from_iter([(String::new(), Value::from(text))]);
        match self {
            Self::Header(name) => {
                let text = facts.headers.get(name)?.to_str().ok()?.trim();
                (!text.is_empty()).then(|| one(text.to_owned()))
            }
            Self::Path(path) => {
                let found = path.find(facts.envelope)?;
                if found.starts_with('{') {
                    let params = serde_json::from_str::<Map<String, Value>>(found).ok();
                    return params.filter(|params| !params.is_empty());
                }
                next_in(path, facts).map(one)
            }
            Self::Several(paths) => {
                let read = |(param, path): &(String, Path)| {
                    Some((param.clone(), Value::from(next_in(path, facts)?)))
                };
                let found: Map<_, _> = paths.iter().filter_map(read).collect();
                (!found.is_empty()).then_some(found)
            }
        }
    }
}

/// What an answer says of the next page; `false` is how some say that there is none.
pub(super) fn next_in(path: &Path, facts: &ResponseFacts<'_>) -> Option<String> {
    plain(path.find(facts.envelope).filter(|found| *found != "false")?)
}
