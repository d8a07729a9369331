//! What came in: for tests that count, and that look for credentials where none should be.

use std::time::{Duration, Instant};

use crate::call::Call;
use crate::origin::Origin;

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What it called.
    pub call: Call,
    /// The file, spreadsheet or drive that it was about; of listings their `q`.
    pub about: Option<String>,
    /// As sent.
    pub method: String,
    /// As sent.
    pub path_and_query: String,
    /// Which host.
    pub origin: Origin,
    /// Whether it had an Authorization header.
    pub had_token: bool,
    /// What it asked for with `Range`.
    pub range: Option<String>,
    /// What it was answered with.
    pub status: u16,
    /// When, by the system's clock.
    pub at: Instant,
}

/// A refusal that is to be tried again, and how soon the client did.
#[derive(Debug, Clone, Copy)]
pub struct Comeback {
    /// What was called.
    pub call: Call,
    /// The refusal's: 403 (of any reason), 429, or 500 and above.
    pub status: u16,
    /// Until the next request of the same method and target; `None` where there was none.
    pub waited: Option<Duration>,
}

/// How soon a client came back after each refusal.
pub(crate) fn find_comebacks(seen: &[Seen]) -> Vec<Comeback> {
    let is_refusal = |seen: &Seen| matches!(seen.status, 403 | 429 | 500..);
    let refusals = seen.iter().enumerate().filter(|(_, seen)| is_refusal(seen));
    refusals
        .map(|(index, refused)| {
            let is_same = |later: &&Seen| {
                later.origin == refused.origin && later.path_and_query == refused.path_and_query
            };
            let next = seen[index + 1..].iter().find(is_same);
            let waited = next.map(|next| next.at.duration_since(refused.at));
            Comeback { call: refused.call, status: refused.status, waited }
        })
        .collect()
}
