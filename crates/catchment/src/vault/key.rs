//! The key that secrets are encrypted with: where it comes from, and what is derived from it.

use std::fmt;
use std::io::{ErrorKind as Io, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::OnceLock;

use catchment_core::{Error, ErrorKind, Result};
use ring::aead::{CHACHA20_POLY1305, LessSafeKey, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::hex::{hex, unhex};

const KEY_BYTES: usize = 32;

/// The keys of each purpose, derived from the one of the operator.
pub(super) struct DerivedKeys {
    /// Encrypts.
    pub(super) seal: LessSafeKey,
    /// Derives nonces.
    pub(super) nonce: hmac::Key,
    /// Derives names.
    pub(super) name: hmac::Key,
    /// Tells keys apart.
    pub(super) id: String,
}

impl DerivedKeys {
    fn derive(bytes: &[u8]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let derive = |purpose: &str| hmac::sign(&master, purpose.as_bytes());
        let mac = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, derive(purpose).as_ref());
        #[expect(clippy::expect_used, reason = "an HMAC-SHA256 has the 32 bytes of a key")]
        let seal = UnboundKey::new(&CHACHA20_POLY1305, derive("seal").as_ref()).expect("32 bytes are a key");
        let id = hex(&derive("id").as_ref()[..8]);
        Self { seal: LessSafeKey::new(seal), nonce: mac("nonce"), name: mac("name"), id }
    }
}

/// Where the key is, and the key once it is known.
pub(super) struct KeyHolder {
    /// In hexadecimal, from the environment.
    given: Option<String>,
    file: PathBuf,
    key: OnceLock<DerivedKeys>,
}

impl fmt::Debug for KeyHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHolder").field("file", &self.file).finish_non_exhaustive()
    }
}

impl KeyHolder {
    /// See [`super::Vault::new`].
    pub(super) fn new(given: Option<String>, file: PathBuf) -> Self {
        Self { given, file, key: OnceLock::new() }
    }

    /// The key; none where there is none yet.
    ///
    /// # Errors
    /// `config`, when there is one that cannot be used.
    pub(super) fn get(&self) -> Result<Option<&DerivedKeys>> {
        if let Some(key) = self.key.get() {
            return Ok(Some(key));
        }
        let text = match &self.given {
            Some(text) => Some(text.clone()),
            None => self.read_file()?,
        };
        let Some(text) = text else { return Ok(None) };
        let bytes = unhex(text.trim()).filter(|bytes| bytes.len() == KEY_BYTES).ok_or_else(|| {
            let message =
                "the key for secrets (--key-file or CATCHMENT_KEY) must be 64 hexadecimal digits, such as `openssl \
                 rand -hex 32` prints";
            Error::config("bad_key", message)
        })?;
        Ok(Some(self.key.get_or_init(|| DerivedKeys::derive(&bytes))))
    }

    /// The key, made where there is none yet.
    ///
    /// # Errors
    /// `config`, when there is no key to be had.
    pub(super) fn get_or_make(&self) -> Result<&DerivedKeys> {
        if self.get()?.is_none() {
            self.make_file()?;
        }
        self.get()?.ok_or_else(crypto_failed)
    }

    fn read_file(&self) -> Result<Option<String>> {
        let path = self.file.display();
        let cannot_read = |error| Error::io(format!("reading the key for secrets from {path}"), error);
        match std::fs::metadata(&self.file) {
            // Orchestrators mount secrets so that others can read them; what others could change is not one.
            Ok(metadata) if metadata.permissions().mode() & 0o022 != 0 => {
                let message = format!(
                    "the key file {path} can be written by others than its owner; make it private with `chmod 600`"
                );
                Err(Error::config("bad_key", message))
            }
            Ok(_) => std::fs::read_to_string(&self.file).map(Some).map_err(cannot_read),
            Err(error) if error.kind() == Io::NotFound => Ok(None),
            Err(error) => Err(cannot_read(error)),
        }
    }

    fn make_file(&self) -> Result<()> {
        let path = &self.file;
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| crypto_failed())?;
        // Complete before it has its name, so that nobody reads half a key; linking fails where another was first.
        // A name of its own: in containers, many processes have the same number.
        let draft = path.with_extension(format!("{:016x}.tmp", rand::random::<u64>()));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(hex(&bytes).as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| match std::fs::hard_link(&draft, path) {
                Err(error) if error.kind() != Io::AlreadyExists => Err(error),
                _ => Ok(()),
            });
        std::fs::remove_file(&draft).ok();
        written.map_err(|error| {
            let what =
                "creating the key for secrets (name another file with --key-file, or set CATCHMENT_KEY)";
            Error::io(format!("{what}, {}", path.display()), error)
        })?;
        tracing::info!(file = %path.display(), "created a key for the secrets of requests; keep a copy of it");
        Ok(())
    }
}

/// The error of calls that do not fail.
pub(super) fn crypto_failed() -> Error {
    Error::new(ErrorKind::System, "vault", "the cryptography library failed; please report this")
}
