//! Errors in the body of a response of status 2xx.

use catchment_core::Result;
use catchment_formats::json::path::{Path, plain};
use reqwest::{StatusCode, Url};

use super::endpoint::Endpoint;
use super::summary::AnswerSummary;
use crate::http::{Answer, Body, EndReason};

impl Endpoint {
    /// Refuses an answer with an error where the option `errorPath` says that errors stand.
    pub(super) fn refuse_body_error(&self, answer: Answer) -> Result<Answer> {
        let (Some(path), Body::Whole { bytes, .. }) = (&self.error_path, &answer.body) else {
            return Ok(answer);
        };
        let text = String::from_utf8_lossy(bytes);
        let Some(found) = path.find(&text).filter(|found| is_error_value(found)) else { return Ok(answer) };
        self.client.judge_body_error(&answer.url, answer.status, path, found)?;
        Ok(Answer { end: Some(EndReason::Ignored), body: Body::empty(), ..answer })
    }

    /// An answer that names an error and has no records is no page without records, whether or not an option says where
    /// errors stand.
    pub(super) fn refuse_error_without_records(&self, answer: &mut AnswerSummary) -> Result<()> {
        if answer.count == 0 && answer.end.is_none() {
            answer.end = self.judge_error_in(&answer.url, answer.status, &answer.envelope)?;
        }
        Ok(())
    }

    /// Judges the error that a document names, unless an option says where errors stand.
    ///
    /// # Errors
    /// `api`, `error_in_answer`, unless a rule ignores it or says otherwise.
    pub(super) fn judge_error_in(
        &self,
        url: &Url,
        status: StatusCode,
        document: &str,
    ) -> Result<Option<EndReason>> {
        if self.error_path.is_some() {
            return Ok(None);
        }
        for name in ["error", "errors"] {
            let Some(found) = error_at(name, document) else { continue };
            // A mere flag, code or name has its message beside it.
            let told = if found.starts_with(['{', '[']) { found } else { document };
            self.client.judge_body_error(url, status, &name, told)?;
            return Ok(Some(EndReason::Ignored));
        }
        Ok(None)
    }
}

/// What a member of this name tells, if it is more than a form that is not filled in, such as `{"code": 0, "message": ""}`.
fn error_at<'e>(name: &str, envelope: &'e str) -> Option<&'e str> {
    let found = Path::parse(name).ok()?.find(envelope).filter(|found| is_error_value(found))?;
    let members =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(found).unwrap_or_default();
    let is_nothing = |value: &serde_json::Value| !is_error_value(&value.to_string());
    (members.is_empty() || !members.values().all(is_nothing)).then_some(found)
}

/// Whether what stands where errors are told is one: anything but nothing.
fn is_error_value(found: &str) -> bool {
    match found {
        "[]" | "{}" => false,
        told if told.starts_with(['[', '{']) => true,
        told => plain(told).is_some_and(|text| !matches!(text.as_str(), "false" | "0")),
    }
}
