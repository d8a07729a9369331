//! What ends an attempt by the clock.

use catchment_core::{Error, ErrorKind};

use super::settings::ServiceSettings;

/// The source has said nothing for too long.
pub(super) fn silence_error(limits: &ServiceSettings) -> Error {
    let message =
        format!("the source has sent nothing for {} s (--silence-timeout)", limits.silence_timeout.as_secs());
    Error::new(ErrorKind::Network, "source_silent", message)
}

/// The attempt has taken longer than it may.
pub(super) fn run_timeout_error() -> Error {
    let message = "the attempt took longer than --run-timeout allows; `catchment runs retry` resumes the run after \
                   its last page";
    Error::config("run_timeout", message)
}
