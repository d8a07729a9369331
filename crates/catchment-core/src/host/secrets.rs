//! Secrets in options: given in place, or by the name of where they are. They never print.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::files::FileAccess;
use crate::{Error, Result};

/// Longer files are no secrets.
const MAX_BYTES: u64 = 64 << 10;

/// A secret of the options: `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
///
/// A reference is resolved each time that it is used. The schema marks it as `format: password`.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a secret must be a string, {\"env\": \"NAME\"} or {\"file\": \"path\"}")]
#[schemars(extend("format" = "password"))]
pub enum Secret {
    /// The secret itself.
    Inline(String),
    /// The environment variable that holds it.
    Env(EnvSecret),
    /// The file that holds it; a line end at its end is no part of it.
    File(FileSecret),
}

/// See [`Secret::Env`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvSecret {
    /// Its name.
    pub env: String,
}

/// See [`Secret::File`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSecret {
    /// Its path.
    pub file: PathBuf,
}

/// Which references a request may resolve.
#[derive(Debug, Clone, Default)]
pub enum SecretAccess {
    /// All that the process can: for a request of somebody who could read them anyway, as on the CLI.
    Anywhere,
    /// Environment variables whose names begin with [`SecretAccess::PREFIX`], and files below a directory.
    Restricted {
        /// The directory; none means no files.
        dir: Option<PathBuf>,
    },
    /// None.
    #[default]
    Nowhere,
}

impl SecretAccess {
    /// What the names of environment variables begin with that anybody may use.
    pub const PREFIX: &'static str = "CATCHMENT_SECRET_";
}

impl Secret {
    /// Whether a request may use this reference. Nothing is read.
    ///
    /// # Errors
    /// `config`, `secret_not_allowed`.
    pub fn check(&self, access: &SecretAccess) -> Result<()> {
        let refuse = |what: String, why: &str| {
            let message = format!("{what} is not allowed as a secret over the API: {why}");
            Err(Error::config("secret_not_allowed", message))
        };
        match (self, access) {
            (Self::Inline(_), _) | (_, SecretAccess::Anywhere) => Ok(()),
            (_, SecretAccess::Nowhere) => refuse("a reference".to_owned(), "none is; give the secret itself"),
            (Self::Env(EnvSecret { env }), SecretAccess::Restricted { .. }) => {
                if env.starts_with(SecretAccess::PREFIX) {
                    return Ok(());
                }
                let why = format!("its name does not begin with {}", SecretAccess::PREFIX);
                refuse(format!("the environment variable `{env}`"), &why)
            }
            (Self::File(FileSecret { file }), SecretAccess::Restricted { dir }) => {
                if dir.as_ref().is_some_and(|dir| below(dir).check(file).is_ok()) {
                    return Ok(());
                }
                let why = "it is not below the directory that the operator names with --secrets-dir";
                refuse(format!("the file `{}`", file.display()), why)
            }
        }
    }

    /// The secret itself.
    ///
    /// # Errors
    /// `config`, when it is not allowed, not there, or no text.
    pub fn resolve(&self, access: &SecretAccess) -> Result<String> {
        self.check(access)?;
        match self {
            Self::Inline(text) => Ok(text.clone()),
            Self::Env(EnvSecret { env }) => std::env::var(env).map_err(|error| {
                let problem = format!("reading a secret from the environment variable `{env}`: {error}");
                Error::config("no_secret", problem)
            }),
            Self::File(FileSecret { file }) => read(file, access),
        }
    }
}

fn below(dir: &Path) -> FileAccess {
    FileAccess::Below(vec![dir.to_owned()])
}

fn read(path: &Path, access: &SecretAccess) -> Result<String> {
    let files = match access {
        SecretAccess::Anywhere => FileAccess::Anywhere,
        SecretAccess::Restricted { dir: Some(dir) } => below(dir),
        SecretAccess::Restricted { dir: None } | SecretAccess::Nowhere => FileAccess::Nowhere,
    };
    let what = || format!("reading a secret from {}", path.display());
    let mut text = String::new();
    let file = files.open(path).map_err(|error| error.during("reading a secret"))?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| Error::io(what(), error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("Secret(***)"),
            Self::Env(reference) => reference.fmt(f),
            Self::File(reference) => reference.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(json: &str) -> Secret {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn over_the_api_only_what_is_meant_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "abc\n").unwrap();
        let file = |path: &Path| secret(&serde_json::json!({"file": path}).to_string());
        let api = SecretAccess::Restricted { dir: Some(dir.path().to_owned()) };
        assert_eq!(file(&path).resolve(&api).unwrap(), "abc");
        assert_eq!(file(&path).resolve(&SecretAccess::Anywhere).unwrap(), "abc");
        assert_eq!(secret("\"abc\"").resolve(&api).unwrap(), "abc");
        for refused in [file(Path::new("/etc/passwd")), secret(r#"{"env": "DATABASE_URL"}"#)] {
            assert_eq!(refused.resolve(&api).unwrap_err().code(), "secret_not_allowed");
        }
        assert!(file(&path).resolve(&SecretAccess::Restricted { dir: None }).is_err());
        assert_eq!(
            secret(r#"{"env": "CATCHMENT_SECRET_NONE"}"#).resolve(&api).unwrap_err().code(),
            "no_secret"
        );
        assert!(serde_json::from_str::<Secret>(r#"{"environment": "X"}"#).is_err());
    }

    #[test]
    fn it_does_not_print() {
        assert!(!format!("{:?}", secret("\"hunter2\"")).contains("hunter2"));
    }
}
