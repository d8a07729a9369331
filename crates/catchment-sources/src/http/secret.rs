//! Secrets of the options, checked against what the operator lets a source use.

use catchment_core::{Error, Host, Result, Secret};

/// Checks, without revealing it, that a secret may be used; an error says which option it is.
pub(super) fn check_secret(option: &str, secret: &Secret, host: &Host) -> Result<()> {
    secret.check(&host.secrets).map_err(|error| {
        let pointer = format!("/options/{option}");
        Error::new(error.kind(), error.code().to_owned(), format!("{pointer}: {}", error.message()))
            .with_detail(pointer, error.message())
    })
}
