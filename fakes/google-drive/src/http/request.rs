//! A request as it came in, read from the socket byte by byte so that nothing is repaired on its way.

use std::collections::BTreeMap;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// Names in lower case; of equal ones the last.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The path's segments, decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        path.trim_start_matches('/').split('/').map(decode_segment).collect()
    }

    /// The pairs of the query, or of the form that stands for it where the method is overridden.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = decode_form(query.as_bytes());
        if self.is_overridden() {
            pairs.extend(decode_form(&self.body));
        }
        pairs
    }

    /// The pairs of a form body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        decode_form(&self.body)
    }

    /// GET, or what stands for it: a POST whose query is in its body, for addresses that are too long.
    pub(crate) fn is_get(&self) -> bool {
        self.method == "GET" || self.is_overridden()
    }

    fn is_overridden(&self) -> bool {
        self.method == "POST" && self.header("x-http-method-override") == Some("GET")
    }

    /// The access token, if one was sent.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

fn decode_form(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn decode_segment(segment: &str) -> String {
    // A plus sign in a path is itself.
    let form = format!("x={}", segment.replace('+', "%2B"));
    decode_form(form.as_bytes()).pop().unwrap_or_default().1
}

/// Reads a request; `None` where the client has gone or speaks no HTTP/1.1.
pub(crate) async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let line = read_line(stream).await?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let line = read_line(stream).await?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { method, target, headers, body })
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then_some(line)
}
