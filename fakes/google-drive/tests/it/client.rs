//! A client without manners: it sends what a test says, and shows what came.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fake_google_drive::{FakeDrive, Principal};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

pub(crate) const READONLY: &str = "https://www.googleapis.com/auth/drive.readonly";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Status and reason of a refusal in Drive's envelope.
    pub(crate) fn reason(&self) -> (u16, String) {
        (self.status, self.json()["error"]["errors"][0]["reason"].as_str().unwrap().to_owned())
    }

    /// The strings at a key of the entries of a list.
    pub(crate) fn strings(&self, list: &str, key: &str) -> Vec<String> {
        let entries = self.json()[list].as_array().unwrap().clone();
        entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A client with an access token.
pub(crate) struct Client {
    pub(crate) drive: FakeDrive,
    http: reqwest::Client,
    pub(crate) token: Option<String>,
}

impl Client {
    /// Of the service account, for `drive.readonly`.
    pub(crate) async fn start() -> Self {
        let mut client = Self::anonymous(FakeDrive::start().await);
        let answer = client.token(&claims(&client.drive, READONLY)).await;
        client.token = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
        client
    }

    pub(crate) fn anonymous(drive: FakeDrive) -> Self {
        // It is there already where another test was first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        Self { drive, http, token: None }
    }

    /// The person's client for the same fake.
    pub(crate) async fn user(&self) -> Self {
        let mut client = Self::anonymous(self.drive.clone());
        let (id, secret, token) = client.drive.refresh_client();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &id),
            ("client_secret", &secret),
            ("refresh_token", &token),
        ];
        let answer = client.form(&form).await;
        client.token = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
        client
    }

    /// GET of a path below the Drive API's base, with a query.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.at(&format!("{}{path}", self.drive.url()), query, &[]).await.unwrap()
    }

    pub(crate) async fn get_with(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        self.at(&format!("{}{path}", self.drive.url()), query, headers).await.unwrap()
    }

    pub(crate) async fn sheets(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.at(&format!("{}{path}", self.drive.sheets_url()), query, &[]).await.unwrap()
    }

    /// Any address; with the error where the connection breaks.
    pub(crate) async fn at(
        &self,
        address: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut url = url::Url::parse(address).unwrap();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.get(url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        read(request.send().await?).await
    }

    /// The query in the body of a POST that stands for a GET.
    pub(crate) async fn overridden(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let request = self.http.post(format!("{}{path}", self.drive.url())).form(query);
        let request =
            request.header("X-HTTP-Method-Override", "GET").bearer_auth(self.token.as_ref().unwrap());
        read(request.send().await.unwrap()).await.unwrap()
    }

    /// A form to the token endpoint.
    pub(crate) async fn form(&self, fields: &[(&str, &str)]) -> Answer {
        let request = self.http.post(self.drive.token_url()).form(fields);
        read(request.send().await.unwrap()).await.unwrap()
    }

    /// A JWT with these claims to the token endpoint.
    pub(crate) async fn token(&self, claims: &Value) -> Answer {
        let assertion = sign(&self.drive.service_account_key(), claims);
        self.assertion(&assertion).await
    }

    pub(crate) async fn assertion(&self, assertion: &str) -> Answer {
        let bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        self.form(&[("grant_type", bearer), ("assertion", assertion)]).await
    }
}

async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

/// Claims that are right.
pub(crate) fn claims(drive: &FakeDrive, scope: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({
        "iss": Principal::ServiceAccount.email(),
        "scope": scope,
        "aud": drive.token_url(),
        "iat": now,
        "exp": now + 3600,
    })
}

/// Signs claims with the key of a key file.
pub(crate) fn sign(key_file: &str, claims: &Value) -> String {
    let key: Value = serde_json::from_str(key_file).unwrap();
    let pem = key["private_key"].as_str().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": key["private_key_id"]});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
