//! Service accounts of Google: a token for a signed assertion (RFC 7523), by the key file that the account's owner downloads.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use catchment_core::{Error, Result, Secret, invalid_option};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;

use super::endpoint::TokenEndpoint;
use crate::http::connections::Connections;

/// The kind of grant (RFC 7523, 2.1).
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion is valid, in seconds: no longer is taken.
const LIFETIME: u64 = 3600;

/// Who asks for tokens, as what, and for whom.
pub(super) struct ServiceAccount {
    pub(super) key: Secret,
    pub(super) scopes: String,
    /// The user that it acts for, where its domain lets it (domain-wide delegation).
    pub(super) subject: Option<String>,
}

/// What matters of a key file.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: Option<String>,
    token_uri: String,
}

/// An assertion, and where it is exchanged for a token.
pub(super) struct Assertion {
    pub(super) endpoint: TokenEndpoint,
    pub(super) jwt: String,
}

impl ServiceAccount {
    /// Signs an assertion.
    ///
    /// # Errors
    /// `config`, `invalid_options`, where the key is none.
    pub(super) fn assert(&self, connections: &Connections) -> Result<Assertion> {
        let text = connections.reveal(&self.key)?;
        let key = read_key(&text)?;
        connections.redactor.mask(&key.private_key);
        let endpoint = TokenEndpoint::new(&key.token_uri, None, [].into())
            .map_err(|_| not_a_key("its `token_uri` is not an http:// or https:// URL"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let jwt = sign(&key, &self.scopes, self.subject.as_deref(), now)?;
        connections.redactor.mask(&jwt);
        Ok(Assertion { endpoint, jwt })
    }
}

/// The address that a key file says its account has, to be shown to whoever has to share something with it.
pub(crate) fn account_of(key: &str) -> Result<String> {
    read_key(key).map(|key| key.client_email)
}

fn read_key(text: &str) -> Result<KeyFile> {
    // What serde says of it may repeat the key.
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    let text = text.trim_start_matches('\u{feff}');
    if serde_json::from_str(text).is_ok_and(|Kind { kind }| kind == "authorized_user") {
        return Err(not_a_key(
            "it is of a user who logged in; such a one has a refresh token, which is another kind of `auth`",
        ));
    }
    let key: KeyFile = serde_json::from_str(text).map_err(|error| {
        not_a_key(&format!("it does not read as one (line {}, column {})", error.line(), error.column()))
    })?;
    if key.kind != "service_account" {
        return Err(not_a_key("its `type` is not `service_account`"));
    }
    Ok(key)
}

fn sign(key: &KeyFile, scopes: &str, subject: Option<&str>, now: u64) -> Result<String> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = &key.private_key_id {
        header["kid"] = json!(id);
    }
    let mut claims = json!({
        "iss": key.client_email,
        "scope": scopes,
        "aud": key.token_uri,
        "iat": now,
        "exp": now.saturating_add(LIFETIME),
    });
    if let Some(subject) = subject {
        claims["sub"] = json!(subject);
    }
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let pair = key_pair(&key.private_key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| not_a_key("its `private_key` cannot sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The key in a PEM block of PKCS#8 (RFC 7468, RFC 5208), with whatever line ends.
fn key_pair(pem: &str) -> Result<RsaKeyPair> {
    let unreadable = || not_a_key("its `private_key` is no RSA key in PEM (`-----BEGIN PRIVATE KEY-----`)");
    let body = pem
        .split_once("-----BEGIN PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
        .ok_or_else(unreadable)?;
    // Whoever puts the file into a variable may write its line ends a second time.
    let body: String = body.0.replace("\\n", "").split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| unreadable())?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| unreadable())
}

fn not_a_key(why: &str) -> Error {
    let problem = format!(
        "is not the key file of a service account: {why}; download one in JSON (IAM, Service accounts, Keys) and give its text, \
         or {{\"file\": \"path\"}}"
    );
    invalid_option("auth/key", &problem)
}
