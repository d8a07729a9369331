//! Settings that are secret, given in place or in files that an orchestrator mounts, and may replace meanwhile.

use std::path::{Path, PathBuf};

use catchment_core::{Error, FileSecret, Result, Secret, SecretAccess};

/// Shorter tokens can be guessed.
const MIN_TOKEN_CHARS: usize = 16;

/// An environment variable that is set, and not to nothing.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The file of a credential that systemd passed on (`LoadCredential=NAME:…`), if it did.
pub(super) fn credential(name: &str) -> Option<PathBuf> {
    let file = Path::new(&std::env::var_os("CREDENTIALS_DIRECTORY")?).join(name);
    file.is_file().then_some(file)
}

/// The one of two ways to give a secret that was taken.
///
/// # Errors
/// `config`, where both were: one of them would be ignored.
pub(super) fn given_or_file(
    [name, file_name]: [&str; 2],
    given: Option<String>,
    file: Option<PathBuf>,
) -> Result<Option<Secret>> {
    match (given.filter(|given| !given.is_empty()), file) {
        (Some(_), Some(_)) => {
            let message = format!("{name} and {file_name} are both set; set one of them");
            Err(Error::config("invalid_settings", message))
        }
        (Some(given), None) => Ok(Some(Secret::Inline(given))),
        (None, file) => Ok(file.map(|file| Secret::File(FileSecret { file }))),
    }
}

/// The API token as it is now: a file is read each time, as it may have been replaced.
///
/// # Errors
/// `config`, `bad_token`, when it cannot be read, or is short enough to be guessed.
pub(crate) fn api_token(secret: &Secret) -> Result<String> {
    let bad = |why: String| Error::config("bad_token", format!("the API token cannot be used: {why}"));
    let token = secret.resolve(&SecretAccess::Anywhere).map_err(|error| bad(error.to_string()))?;
    if token.trim().chars().count() < MIN_TOKEN_CHARS {
        return Err(bad(format!(
            "it has fewer than {MIN_TOKEN_CHARS} characters (CATCHMENT_API_TOKEN or --api-token-file); use one such \
             as `openssl rand -hex 32` prints"
        )));
    }
    Ok(token.trim().to_owned())
}
