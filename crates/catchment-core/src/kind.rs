//! The classes of failure: the kind alone decides whether an attempt is retried.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The classes of failure. Their names are stored in `sync_errors.error_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A required column is empty, a value does not fit.
    Validation,
    /// Malformed CSV or JSON, bad encoding.
    Parsing,
    /// An unknown option or target, no such file.
    Config,
    /// 401, 403, a refused token.
    Authentication,
    /// No answer, a time-out, a connection reset, TLS broken off.
    Network,
    /// 429, a quota used up.
    RateLimited,
    /// 408, 500, 502, 503, 504.
    Unavailable,
    /// Another 4xx, or an answer of the wrong form.
    Api,
    /// The database: lost connection, deadlock, lock time-out, busy.
    Database,
    /// Disk full, an I/O error, a panic in a task.
    System,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Validation,
        Self::Parsing,
        Self::Config,
        Self::Authentication,
        Self::Network,
        Self::RateLimited,
        Self::Unavailable,
        Self::Api,
        Self::Database,
        Self::System,
    ];

    /// Whether an attempt that ended with this kind is worth another one.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Network | Self::RateLimited | Self::Unavailable | Self::Database | Self::System => true,
            Self::Validation | Self::Parsing | Self::Config | Self::Authentication | Self::Api => false,
        }
    }

    /// The name as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Parsing => "parsing",
            Self::Config => "config",
            Self::Authentication => "authentication",
            Self::Network => "network",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Api => "api",
            Self::Database => "database",
            Self::System => "system",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds_read_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
