//! A refusal, in the form of the API that makes it: Drive's envelope, that of Sheets, or OAuth's.

use serde_json::{Map, Value, json};

use crate::http::reply::Reply;
use crate::origin::Origin;

/// An answer, or why there is none.
pub(crate) type Answer<T = Reply> = Result<T, Box<Problem>>;

/// A refusal. What only one of the forms shows, the others leave out.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) code: u16,
    /// As `rateLimitExceeded`; at the token endpoint `error`.
    pub(crate) reason: &'static str,
    /// `global` or `usageLimits`.
    pub(crate) domain: &'static str,
    pub(crate) message: String,
    /// The envelope's message, where it is another one.
    pub(crate) top_message: Option<String>,
    /// `locationType` and `location`.
    pub(crate) location: Option<(&'static str, &'static str)>,
    /// Whether Drive's envelope has `status` too.
    pub(crate) has_status: bool,
    pub(crate) details: Vec<Value>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// A page for people instead.
    pub(crate) is_html: bool,
}

impl Problem {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            domain: "global",
            message: message.into(),
            top_message: None,
            location: None,
            has_status: false,
            details: Vec::new(),
            headers: Vec::new(),
            is_html: false,
        }
    }

    /// A page instead of JSON.
    pub(crate) fn html(code: u16, message: &str) -> Self {
        Self { is_html: true, ..Self::new(code, "html", message) }
    }

    pub(crate) const fn usage(mut self) -> Self {
        self.domain = "usageLimits";
        self
    }

    /// The parameter that it is about.
    pub(crate) const fn at(mut self, parameter: &'static str) -> Self {
        self.location = Some(("parameter", parameter));
        self
    }

    pub(crate) const fn with_status(mut self) -> Self {
        self.has_status = true;
        self
    }

    pub(crate) fn detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As an origin answers it.
    pub(crate) fn render(&self, origin: Origin) -> Reply {
        let mut reply = match origin {
            _ if self.is_html => Reply::html(self.code, &page(self.code, &self.message)),
            Origin::Drive => Reply::json(self.code, &self.drive_envelope()),
            Origin::Sheets => Reply::json(self.code, &self.sheets_envelope()),
            Origin::Token => {
                let body = json!({"error": self.reason, "error_description": self.message});
                Reply::json(self.code, &body)
            }
            Origin::Docs | Origin::Content => Reply::html(self.code, &page(self.code, &self.message)),
        };
        reply.headers.extend(self.headers.iter().cloned());
        reply
    }

    fn drive_envelope(&self) -> Value {
        let mut error = Map::new();
        error.insert("domain".to_owned(), json!(self.domain));
        error.insert("reason".to_owned(), json!(self.reason));
        error.insert("message".to_owned(), json!(self.message));
        if let Some((kind, place)) = self.location {
            error.insert("locationType".to_owned(), json!(kind));
            error.insert("location".to_owned(), json!(place));
        }
        let mut envelope = json!({"code": self.code, "message": self.long_message(), "errors": [error]});
        if self.has_status {
            envelope["status"] = json!(rpc_status(self.code));
        }
        if !self.details.is_empty() {
            envelope["details"] = json!(self.details);
        }
        json!({"error": envelope})
    }

    fn sheets_envelope(&self) -> Value {
        let message = if self.code == 429 { SHEETS_QUOTA } else { self.long_message() };
        let mut envelope = json!({
            "code": self.code,
            "message": message,
            "status": if self.reason == "failedPrecondition" {
                "FAILED_PRECONDITION"
            } else {
                rpc_status(self.code)
            },
        });
        if !self.details.is_empty() {
            envelope["details"] = json!(self.details);
        }
        json!({"error": envelope})
    }

    fn long_message(&self) -> &str {
        self.top_message.as_deref().unwrap_or(&self.message)
    }
}

/// 60 reads a minute and user.
const SHEETS_QUOTA: &str = "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' \
                            of service 'sheets.googleapis.com' for consumer 'project_number:123456789012'.";

const fn rpc_status(code: u16) -> &'static str {
    match code {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    }
}

fn page(code: u16, message: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} ({message})!!1</title>\n  \
         <p><b>{code}.</b> <ins>That\u{2019}s an error.</ins>\n  <p>{message}  <ins>That\u{2019}s all we know.</ins>\n"
    )
}
