//! What a request would do.

use catchment::{CheckReport, ColumnMapping, DecimalFinding};
use catchment_core::Reject;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What a check found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckView {
    /// What was tried and seen of the source, in that order: a text for each topic.
    findings: Map<String, Value>,
    /// The topics of those that could as well be otherwise, and should be confirmed by an option.
    unsure: Vec<String>,
    /// Options of the source that were found out.
    source: Map<String, Value>,
    /// The decimal sign that the values say, where the options do not and it matters.
    decimal: Option<char>,
    /// Target column to what feeds it, as it would be used; null where the source is empty.
    column_mapping: Option<ColumnMapping>,
    /// Columns that the table needs, and that nothing feeds.
    missing: Vec<String>,
    /// The first row as the table would take it.
    first_row: Map<String, Value>,
    /// Of the first records: how many fit.
    fitting: usize,
    /// Those that would be rejected.
    rejects: Vec<RejectView>,
}

/// A record that would be rejected.
#[derive(Debug, Serialize, JsonSchema)]
struct RejectView {
    /// Its position in the source, for people.
    place: String,
    /// A stable name for programs.
    code: &'static str,
    /// What is wrong, and what would be accepted.
    message: String,
}

impl From<&Reject> for RejectView {
    fn from(reject: &Reject) -> Self {
        Self { place: reject.location.to_string(), code: reject.code, message: reject.message.clone() }
    }
}

impl From<&CheckReport> for CheckView {
    fn from(checked: &CheckReport) -> Self {
        let decimal = checked.decimal.as_ref().map(DecimalFinding::to_finding);
        let all = || checked.inspection.findings.iter().chain(&decimal);
        let findings =
            all().map(|finding| (finding.topic.to_string(), finding.message.clone().into())).collect();
        let unsure = all().filter(|finding| finding.is_unsure).map(|finding| finding.topic.to_string());
        let first_row = checked.first_row.iter();
        Self {
            findings,
            unsure: unsure.collect(),
            source: checked.inspection.options.clone(),
            decimal: checked.decimal.as_ref().and_then(|decimal| decimal.sign),
            column_mapping: checked.mapping.clone(),
            missing: checked.missing.clone(),
            first_row: first_row.map(|(column, value)| (column.clone(), value.clone())).collect(),
            fitting: checked.fitting,
            rejects: checked.rejects.iter().map(RejectView::from).collect(),
        }
    }
}
