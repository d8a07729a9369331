//! The parameters of a Sheets request, which the real API refuses as strictly.

use serde_json::json;

use crate::fields::mask::Mask;
use crate::fields::schema::Shape;
use crate::http::request::Request;
use crate::problem::{Answer, Problem};

const COMMON: [&str; 5] = ["fields", "alt", "prettyPrint", "quotaUser", "key"];

#[derive(Debug)]
pub(crate) struct SheetParams {
    values: Vec<(String, String)>,
}

impl SheetParams {
    pub(crate) fn read(request: &Request, known: &[&str]) -> Answer<Self> {
        let values = request.pairs();
        let unknown = values
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()) && !COMMON.contains(&name.as_str()));
        if let Some((name, _)) = unknown {
            let text = format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' \
                 could not be found in request message."
            );
            return Err(Box::new(violation("", &text)));
        }
        Ok(Self { values })
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// One of a few words; the first is what goes without.
    pub(crate) fn choice<'a>(&self, name: &str, kind: &str, choices: &[&'a str]) -> Answer<&'a str> {
        let Some(text) = self.text(name) else { return Ok(choices[0]) };
        let known = choices.iter().copied().find(|choice| *choice == text);
        let problem = || {
            let kind = format!("type.googleapis.com/google.apps.sheets.v4.{kind}");
            violation(name, &format!("Invalid value at '{name}' ({kind}), \"{text}\""))
        };
        Ok(known.ok_or_else(problem)?)
    }

    pub(crate) fn mask(&self, shape: &Shape) -> Answer<Mask> {
        let invalid = |field: String| {
            let text = format!(
                "Error expanding 'fields' parameter. Cannot find matching fields for path '{field}'."
            );
            let mut problem = violation(&field, &text);
            "Request contains an invalid argument.".clone_into(&mut problem.message);
            problem
        };
        Ok(Mask::parse(self.text("fields").unwrap_or("*"), shape, &['/', '.']).map_err(invalid)?)
    }
}

fn violation(field: &str, description: &str) -> Problem {
    Problem::new(400, "invalidArgument", description).detail(json!({
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [{"field": field, "description": description}],
    }))
}
