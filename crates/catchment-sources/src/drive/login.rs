//! The login of a user with a client of their own (RFC 8252, RFC 7636): the browser asks them, and comes back to an address of
//! this machine with a code, which is exchanged for a refresh token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use catchment_core::{Error, ErrorKind, Host, Result, Secret};
use reqwest::Url;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::addresses::GoogleAddresses;
use super::meaning::meaning;
use super::options::SCOPE;
use crate::http::{CodeGrant, Dialect, exchange_code};

/// A client of one's own, as the Google Cloud console hands it out for desktop apps.
#[derive(Debug, Clone)]
pub struct LoginClient {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    client: LoginClient,
    redirect: String,
    state: String,
    verifier: String,
    addresses: GoogleAddresses,
}

/// What a login came to, which is to be stored.
#[derive(Debug)]
pub struct StoredLogin {
    /// The refresh token.
    pub refresh_token: String,
}

impl Login {
    /// Begins a login that comes back to `redirect`, an address of this machine such as `http://127.0.0.1:49152`.
    ///
    /// # Errors
    /// `config`, of the settings; `system`, where there is no randomness.
    pub fn begin(client: LoginClient, redirect: String, host: &Host) -> Result<Self> {
        let addresses = GoogleAddresses::of(host)?;
        Ok(Self { client, redirect, state: random()?, verifier: random()?, addresses })
    }

    /// The address that the user opens in a browser.
    pub fn url(&self) -> Url {
        let mut url = self.addresses.consent.clone();
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.as_bytes()));
        url.query_pairs_mut().extend_pairs([
            ("client_id", self.client.id.as_str()),
            ("redirect_uri", &self.redirect),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", &self.state),
            // Without them, Google hands out no refresh token to whoever has logged in before.
            ("access_type", "offline"),
            ("prompt", "consent"),
        ]);
        url
    }

    /// Ends the login with what the browser came back with: the query of the address.
    ///
    /// # Errors
    /// `authentication`: the user refused, it is the answer to another login, or the code is not taken.
    pub async fn finish(&self, query: &str, host: &Host) -> Result<StoredLogin> {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let param = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let failed = |message: String| Err(Error::new(ErrorKind::Authentication, "login_failed", message));
        if param("state") != Some(&self.state) {
            return failed("the browser came back with the answer to another login; begin anew".to_owned());
        }
        if let Some(error) = param("error") {
            return failed(format!(
                "Google answered `{error}`: the user did not allow it, or may not; begin anew"
            ));
        }
        let Some(code) = param("code") else {
            return failed("the browser came back without a code; begin anew".to_owned());
        };
        let grant = CodeGrant { code, verifier: &self.verifier, redirect: &self.redirect };
        let dialect = Dialect { judge: Some(meaning), ..Dialect::default() };
        let (id, secret) = (&self.client.id, &self.client.secret);
        let refresh_token = exchange_code(
            self.addresses.token.as_str(),
            (id, secret),
            grant,
            dialect,
            &self.addresses.allowed(host),
        )
        .await?;
        Ok(StoredLogin { refresh_token })
    }
}

/// 256 random bits, as a text that an address can hold.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::System, "no_randomness", "the system has no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
