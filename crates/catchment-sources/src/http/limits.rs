//! Timeouts and limits: how long the client waits, and how much it takes.

use std::time::Duration;

use catchment_core::{Result, invalid_option};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

/// The longest time that an answer's word counts for: what it says of a later one is not believed.
const MAX_SERVER_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A time from now that the other side told, as far as it is believed.
pub(super) fn deadline_after(told: Duration) -> Instant {
    Instant::now() + told.min(MAX_SERVER_DELAY)
}

/// Timeouts, in seconds.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// Connect timeout. Default 10.
    pub connect: Option<u64>,
    /// Read timeout: the longest silence within a response. Default 60.
    pub read: Option<u64>,
    /// Total timeout, for a request and its whole response. Default 3600.
    pub total: Option<u64>,
}

/// Limits on what comes from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpLimits {
    pub(crate) timeouts: Timeouts,
    /// Of one answer, after decompression.
    pub(crate) page_bytes: u64,
}

impl HttpLimits {
    pub(super) fn check(self) -> Result<Self> {
        let Timeouts { connect, read, total } = self.timeouts;
        for (name, value) in [("connect", connect), ("read", read), ("total", total)] {
            if value == Some(0) {
                return Err(invalid_option(&format!("timeouts/{name}"), "must be at least 1 second"));
            }
        }
        Ok(self)
    }

    fn seconds(self) -> [u64; 3] {
        let Timeouts { connect, read, total } = self.timeouts;
        [connect.unwrap_or(10), read.unwrap_or(60), total.unwrap_or(3600)]
    }

    pub(super) fn apply(self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        let [connect, read, total] = self.seconds().map(Duration::from_secs);
        builder.connect_timeout(connect).read_timeout(read).timeout(total)
    }

    pub(super) fn shown(self) -> String {
        let [connect, read, total] = self.seconds();
        format!("option `timeouts`: connect {connect} s, read {read} s, total {total} s")
    }
}
