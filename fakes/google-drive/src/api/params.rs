//! The parameters of a Drive request. Unknown, repeated and malformed ones are refused, where Google would ignore some
//! of them: what a client sends without effect is its mistake.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::fields::mask::Mask;
use crate::fields::schema::Shape;
use crate::http::request::Request;
use crate::problem::{Answer, Problem};
use crate::refusals;

/// What every method takes.
const COMMON: [&str; 5] = ["fields", "alt", "prettyPrint", "quotaUser", "key"];

#[derive(Debug)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// The parameters of a request to a method that knows these.
    pub(crate) fn read(request: &Request, known: &[&str]) -> Answer<Self> {
        let mut values = BTreeMap::new();
        for (name, value) in request.pairs() {
            if !known.contains(&name.as_str()) && !COMMON.contains(&name.as_str()) {
                return Err(Box::new(invalid(format!("Unknown parameter: {name}"))));
            }
            if values.insert(name.clone(), value).is_some() {
                return Err(Box::new(invalid(format!("Repeated parameter: {name}"))));
            }
        }
        let params = Self { values };
        match params.text("alt") {
            None | Some("json" | "media") => Ok(params),
            Some(other) => Err(Box::new(invalid(format!("Invalid value '{other}' for alt.")))),
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn flag(&self, name: &'static str, default: bool) -> Answer<bool> {
        match self.text(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(Box::new(invalid(format!("Invalid boolean value: '{other}'.")).at(name))),
        }
    }

    pub(crate) fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> Answer<usize> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let message = || {
            format!(
                "Invalid value '{text}'. Values must be within the range: [{}, {}]",
                range.start(),
                range.end()
            )
        };
        Ok(number.ok_or_else(|| invalid(message()).at(name))?)
    }

    /// The mask of `fields`, or what the method answers without.
    pub(crate) fn mask(&self, shape: &Shape, default: &str) -> Answer<Mask> {
        let text = self.text("fields").unwrap_or(default);
        let invalid_field = |field| {
            Problem::new(400, "invalidParameter", format!("Invalid field selection {field}")).at("fields")
        };
        Ok(Mask::parse(text, shape, &['/']).map_err(invalid_field)?)
    }
}

fn invalid(message: String) -> Problem {
    Problem::new(400, "invalidParameter", message)
}

/// The two flags of shared drives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DriveFlags {
    pub(crate) supports: bool,
    pub(crate) includes: bool,
}

impl DriveFlags {
    /// Of a method that has both.
    pub(crate) fn read(params: &Params) -> Answer<Self> {
        let supports = params.flag("supportsAllDrives", false)?;
        let includes = params.flag("includeItemsFromAllDrives", false)?;
        if includes && !supports {
            return Err(Box::new(refusals::supports_all_drives_required()));
        }
        Ok(Self { supports, includes })
    }

    /// What a drive's own listing or log asks for.
    pub(crate) fn require_both(self) -> Answer<()> {
        if !self.supports {
            return Err(Box::new(refusals::supports_all_drives_required()));
        }
        if !self.includes {
            let message =
                "The includeItemsFromAllDrives parameter must be set to true when driveId is specified.";
            return Err(Box::new(refusals::bad_request(message).at("includeItemsFromAllDrives")));
        }
        Ok(())
    }
}
