//! Secrets at rest: what requests hold in the clear is encrypted before it is stored, with a key of the operator.
//!
//! ChaCha20-Poly1305 (RFC 8439). The nonce is derived from the key and the text (as in SIV modes), so that equal
//! requests are equal when they are stored: what that tells is that two secrets are the same.

mod key;
mod options;

use std::path::PathBuf;
use std::sync::Arc;

use catchment_core::{Error, Result};
use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::hmac;

use crate::hex::{hex, unhex};
use key::{KeyHolder, crypto_failed};

const LABEL: &[u8] = b"catchment sealed 1";

/// Encrypts secrets and decrypts them. The key is read, or made, when it is first needed.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    holder: Arc<KeyHolder>,
}

impl Vault {
    /// With the key given (64 hexadecimal digits), or else with that in a file, which is made on first use.
    pub(crate) fn new(given: Option<String>, file: PathBuf) -> Self {
        Self { holder: Arc::new(KeyHolder::new(given, file)) }
    }

    /// A name of the key; none where there is none yet.
    ///
    /// # Errors
    /// `config`, when there is one that cannot be used.
    pub(crate) fn key_id(&self) -> Result<Option<&str>> {
        Ok(self.holder.get()?.map(|key| key.id.as_str()))
    }

    /// Encrypts a text.
    ///
    /// # Errors
    /// `config`, when there is no key to be had.
    pub(crate) fn seal(&self, text: &str) -> Result<String> {
        let key = self.holder.get_or_make()?;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hmac::sign(&key.nonce, text.as_bytes()).as_ref()[..NONCE_LEN]);
        let mut sealed = text.as_bytes().to_vec();
        key.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(LABEL), &mut sealed)
            .map_err(|_| crypto_failed())?;
        Ok(hex(&nonce) + &hex(&sealed))
    }

    /// The text that was encrypted.
    ///
    /// # Errors
    /// `config`, `wrong_key`.
    pub(crate) fn unseal(&self, sealed: &str) -> Result<String> {
        let wrong = || {
            let message = "a stored secret was encrypted with another key than this process has (--key-file or \
                           CATCHMENT_KEY); use that one, or send the request again";
            Error::config("wrong_key", message)
        };
        let key = self.holder.get()?.ok_or_else(wrong)?;
        let bytes = unhex(sealed).filter(|bytes| bytes.len() > NONCE_LEN).ok_or_else(wrong)?;
        let (nonce, text) = bytes.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = text.to_vec();
        let text = key.seal.open_in_place(nonce, Aad::from(LABEL), &mut text).map_err(|_| wrong())?;
        String::from_utf8(text.to_vec()).map_err(|_| wrong())
    }

    /// A name for something that may be secret itself: the same each time, and nothing can be told from it.
    ///
    /// # Errors
    /// `config`, when there is no key to be had.
    pub(crate) fn name(&self, text: &str) -> Result<String> {
        let key = self.holder.get_or_make()?;
        Ok(hex(hmac::sign(&key.name, text.as_bytes()).as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    #[test]
    fn first_requests_that_race_for_the_key_get_the_same_one() {
        let dir = tempfile::tempdir().unwrap();
        let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let make = || {
                let vault = Vault::new(None, dir.path().join("key"));
                vault.seal("x").unwrap();
                vault.key_id().unwrap().unwrap().to_owned()
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(ids.len(), 1);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_mounted_key_is_used_and_one_that_others_can_change_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "11".repeat(32)).unwrap();
        for (mode, is_fine) in [(0o644, true), (0o444, true), (0o600, true), (0o664, false), (0o606, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Vault::new(None, path.clone()).key_id().is_ok(), is_fine, "{mode:o}");
        }
    }

    #[test]
    fn secrets_come_back_with_their_key_only() {
        let dir = tempfile::tempdir().unwrap();
        let vault = |name: &str| Vault::new(None, dir.path().join(name));
        let options = json!({"auth": {"type": "bearer", "token": "hunter2"}, "headers": {"x": {"env": "Y"}}, "n": "hunter2"});
        let options = options.as_object().unwrap();
        let places = ["/auth/token", "/headers/*", "/none"];
        let mut sealed = options.clone();
        vault("a").seal_options(&places, &mut sealed).unwrap();
        assert!(!serde_json::to_string(&sealed["auth"]).unwrap().contains("hunter2"));
        assert_eq!(sealed["headers"], options["headers"]);
        assert_eq!(std::fs::metadata(dir.path().join("a")).unwrap().permissions().mode() & 0o777, 0o600);

        let mut again = options.clone();
        vault("a").seal_options(&places, &mut again).unwrap();
        assert_eq!(again, sealed, "equal requests stay equal");
        assert!(
            Vault::refuse_sealed(&places, &sealed).is_err() && Vault::refuse_sealed(&places, options).is_ok()
        );

        let mut unsealed = sealed.clone();
        vault("a").unseal_options(&places, &mut unsealed).unwrap();
        assert_eq!(&unsealed, options);
        vault("b").seal("x").unwrap();
        for other in [vault("b"), vault("none"), Vault::new(Some("00".repeat(32)), "none".into())] {
            assert_eq!(other.unseal_options(&places, &mut sealed.clone()).unwrap_err().code(), "wrong_key");
        }
        assert_eq!(Vault::new(Some("00".into()), "none".into()).seal("x").unwrap_err().code(), "bad_key");
    }
}
