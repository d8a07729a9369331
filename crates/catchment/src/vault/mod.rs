//! Secrets at rest: what requests hold in the clear is encrypted before it is stored, with a key of the operator.
//!
//! ChaCha20-Poly1305 (RFC 8439). The nonce is derived from the key and the text (as in SIV modes), so that equal
//! requests are equal when they are stored: what that tells is that two secrets are the same.

use std::fmt;
use std::io::{ErrorKind as Io, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use catchment_core::{Error, ErrorKind, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Map, Value, json};

/// What a sealed value is an object of.
const SEALED: &str = "sealed";
const KEY_BYTES: usize = 32;
const LABEL: &[u8] = b"catchment sealed 1";

/// See the module. The key is read, or made, when it is first needed.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    /// In hexadecimal, from the environment.
    given: Option<String>,
    file: PathBuf,
    key: OnceLock<Key>,
}

struct Key {
    seal: LessSafeKey,
    nonce: hmac::Key,
    name: hmac::Key,
    id: String,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Vault {
    /// With the key given (64 hexadecimal digits), or else with that in a file, which is made on first use.
    pub(crate) fn new(given: Option<String>, file: PathBuf) -> Self {
        Self { inner: Arc::new(Inner { given, file, key: OnceLock::new() }) }
    }

    /// A name of the key; none where there is none yet.
    ///
    /// # Errors
    /// `config`, when there is one that cannot be used.
    pub(crate) fn key_id(&self) -> Result<Option<&str>> {
        Ok(self.key(false)?.map(|key| key.id.as_str()))
    }

    /// Encrypts a text.
    ///
    /// # Errors
    /// `config`, when there is no key to be had.
    pub(crate) fn seal(&self, text: &str) -> Result<String> {
        let key = self.key(true)?.ok_or_else(failed)?;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&hmac::sign(&key.nonce, text.as_bytes()).as_ref()[..NONCE_LEN]);
        let mut sealed = text.as_bytes().to_vec();
        key.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(LABEL), &mut sealed)
            .map_err(|_| failed())?;
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
        let key = self.key(false)?.ok_or_else(wrong)?;
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
        let key = self.key(true)?.ok_or_else(failed)?;
        Ok(hex(hmac::sign(&key.name, text.as_bytes()).as_ref()))
    }

    /// Seals the texts at these places of options (JSON pointers; `*` stands for any name).
    ///
    /// # Errors
    /// `config`: there is no key to be had.
    pub(crate) fn seal_options(&self, places: &[&str], options: &mut Map<String, Value>) -> Result<()> {
        each(places, options, &mut |value| {
            if let Value::String(text) = value {
                *value = json!({SEALED: self.seal(text)?});
            }
            Ok(())
        })
    }

    /// The options as they were before [`Vault::seal_options`].
    ///
    /// # Errors
    /// `config`, `wrong_key`.
    pub(crate) fn unseal_options(&self, places: &[&str], options: &mut Map<String, Value>) -> Result<()> {
        each(places, options, &mut |value| {
            if let Some(sealed) = value.get(SEALED).and_then(Value::as_str) {
                *value = self.unseal(sealed)?.into();
            }
            Ok(())
        })
    }

    /// Whether there is something sealed at these places.
    pub(crate) fn is_sealed(places: &[&str], options: &Map<String, Value>) -> bool {
        let mut is_sealed = false;
        let look = &mut |value: &mut Value| {
            is_sealed |= value.get(SEALED).is_some();
            Ok(())
        };
        each(places, &mut options.clone(), look).is_ok() && is_sealed
    }

    /// Nobody may send what is sealed: it would be opened for whatever address the request names.
    ///
    /// # Errors
    /// `config`.
    pub(crate) fn refuse_sealed(places: &[&str], options: &Map<String, Value>) -> Result<()> {
        match Self::is_sealed(places, options) {
            true => Err(Error::config(
                "invalid_options",
                "a sealed secret is taken from nobody; give the secret itself, or where it is",
            )),
            false => Ok(()),
        }
    }

    fn key(&self, makes: bool) -> Result<Option<&Key>> {
        if let Some(key) = self.inner.key.get() {
            return Ok(Some(key));
        }
        let text = match &self.inner.given {
            Some(text) => Some(text.clone()),
            None => self.read_file(makes)?,
        };
        let Some(text) = text else { return Ok(None) };
        let bytes = unhex(text.trim()).filter(|bytes| bytes.len() == KEY_BYTES).ok_or_else(|| {
            let message =
                "the key for secrets must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints";
            Error::config("bad_key", message)
        })?;
        Ok(Some(self.inner.key.get_or_init(|| Key::derived_from(&bytes))))
    }

    fn read_file(&self, makes: bool) -> Result<Option<String>> {
        let path = &self.inner.file;
        let what = |verb: &str| format!("{verb} the key for secrets, {}", path.display());
        match std::fs::metadata(path) {
            // Orchestrators mount secrets so that others can read them; what others could change is not one.
            Ok(metadata) if metadata.permissions().mode() & 0o022 != 0 => {
                return Err(Error::config(
                    "bad_key",
                    format!(
                        "others than its owner can write {}; make it private with `chmod 600`",
                        path.display()
                    ),
                ));
            }
            Ok(_) => {
                let text = std::fs::read_to_string(path);
                return text.map(Some).map_err(|error| Error::io(what("reading"), error));
            }
            Err(error) if error.kind() == Io::NotFound && !makes => return Ok(None),
            Err(error) if error.kind() == Io::NotFound => {}
            Err(error) => return Err(Error::io(what("reading"), error)),
        }
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| failed())?;
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
            Error::io(what("making"), error)
                .during("name another place with --key-file, or set CATCHMENT_KEY")
        })?;
        tracing::info!(file = %path.display(), "made a key for the secrets of requests; keep it");
        self.read_file(false)
    }
}

impl Key {
    fn derived_from(bytes: &[u8]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let derive = |purpose: &str| hmac::sign(&master, purpose.as_bytes());
        let mac = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, derive(purpose).as_ref());
        #[expect(clippy::expect_used, reason = "an HMAC-SHA256 has the 32 bytes of a key")]
        let seal = UnboundKey::new(&CHACHA20_POLY1305, derive("seal").as_ref()).expect("32 bytes are a key");
        let id = hex(&derive("id").as_ref()[..8]);
        Self { seal: LessSafeKey::new(seal), nonce: mac("nonce"), name: mac("name"), id }
    }
}

/// Goes to all places of options that are there.
fn each(
    places: &[&str],
    options: &mut Map<String, Value>,
    act: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    for place in places {
        let steps: Vec<_> = place.trim_start_matches('/').split('/').collect();
        let Some((first, rest)) = steps.split_first() else { continue };
        if let Some(value) = options.get_mut(*first) {
            each_below(value, rest, act)?;
        }
    }
    Ok(())
}

fn each_below(
    value: &mut Value,
    steps: &[&str],
    act: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else { return act(value) };
    let Some(object) = value.as_object_mut() else { return Ok(()) };
    match *step {
        "*" => object.values_mut().try_for_each(|value| each_below(value, rest, act)),
        name => object.get_mut(name).map_or(Ok(()), |value| each_below(value, rest, act)),
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::System, "vault", "the cryptography of this machine failed")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
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
