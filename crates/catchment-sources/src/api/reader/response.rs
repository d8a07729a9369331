//! Opening an answer: where its records are, and a stream of them.

use std::sync::Arc;

use catchment_core::Result;
use catchment_formats::json::selection::Selection;
use reqwest::StatusCode;

use super::fetch::Reader;
use crate::api::answer::{RecordStream, text, unreadable};
use crate::api::findings;
use crate::http::{Answer, Body};

impl Reader {
    /// Begins to read an answer; from the first one, it is discovered where the records are, where no option says it.
    pub(super) async fn open(&mut self, answer: Answer) -> Result<RecordStream> {
        let answer = self.api.refuse_body_error(answer)?;
        if let Some(selection) = &self.plan.selection {
            return RecordStream::new(&self.api, answer, selection.clone()).await;
        }
        if answer.end.is_some() || answer.status == StatusCode::NO_CONTENT {
            return RecordStream::new(&self.api, answer, Arc::default()).await;
        }
        // Where the records are can be told only by all that the answer holds.
        let Answer { url, status, headers, body, end } = answer;
        let (bytes, is_repaired) = body.whole().await?;
        let (text, api) = (text(bytes), self.api.clone());
        let read = |error: serde_json::Error| unreadable(&api, &url, &error, &text);
        serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(read)?;
        let is_given = self.state.layout.data_path.is_some();
        let path = match self.plan.discover_data_path(&mut self.state.layout, &url, &text) {
            Ok(path) => path,
            // What an answer without a list tells is rather why it has none.
            Err(error) => {
                let end = Some(api.judge_error_in(&url, status, &text)?.ok_or(error)?);
                let answer = Answer { url, status, headers, body: Body::empty(), end };
                return RecordStream::new(&self.api, answer, Arc::default()).await;
            }
        };
        if !is_given {
            self.findings.push(findings::records(&path.to_string()));
        }
        let selection = Arc::new(Selection::new(&path, Some(&text)).map_err(read)?);
        let body = Body::Whole { bytes: text.into_bytes(), is_repaired };
        RecordStream::new(&self.api, Answer { url, status, headers, body, end }, selection).await
    }
}
