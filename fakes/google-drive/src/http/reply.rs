//! What is sent back, and how badly: whole, cut, reset, stalled or slowly.

use std::time::Duration;

use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Sent in chunks, without a length.
    pub(crate) is_chunked: bool,
    pub(crate) delivery: Delivery,
}

/// How the body arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    Whole,
    /// So many bytes, and the connection is closed. With the length of all of them announced, or none: then the end of
    /// the connection is the end of the body.
    Cut {
        after: usize,
        is_announced: bool,
    },
    /// So many bytes, and the connection is reset.
    Reset {
        after: usize,
    },
    /// So many bytes, and nothing more until the client goes away.
    Stall {
        after: usize,
    },
    /// Nothing at all, not even a head, until the client goes away.
    Silence,
    /// In pieces, with a pause before each.
    Slow {
        piece: usize,
        pause: Duration,
    },
}

impl Reply {
    pub(crate) const fn bytes(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body, is_chunked: false, delivery: Delivery::Whole }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        let body = serde_json::to_vec_pretty(value).unwrap();
        Self::bytes(status, body).header("content-type", "application/json; charset=UTF-8")
    }

    pub(crate) fn html(status: u16, body: &str) -> Self {
        Self::bytes(status, body.as_bytes().to_vec()).header("content-type", "text/html; charset=utf-8")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn is_json(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, value)| *name == "content-type" && value.starts_with("application/json"))
    }

    /// Its first lines, up to the body.
    pub(crate) fn head(&self, date: &str) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\ndate: {date}\r\n", self.status, reason_phrase(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &match self.delivery {
            Delivery::Cut { is_announced: false, .. } => "connection: close\r\n".to_owned(),
            _ if self.is_chunked => "transfer-encoding: chunked\r\n".to_owned(),
            _ => format!("content-length: {}\r\n", self.body.len()),
        };
        head + "server: ESF\r\n\r\n"
    }
}

const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        416 => "Requested Range Not Satisfiable",
        429 => "Too Many Requests",
        _ => "Unknown",
    }
}
