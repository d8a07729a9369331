//! The token endpoint, and what tokens are good for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fake_google_drive::FakeDrive;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::client::{Client, READONLY, claims, sign};

async fn refusal(client: &Client, change: impl FnOnce(&mut Value)) -> (u16, String, String) {
    let mut claims = claims(&client.drive, READONLY);
    change(&mut claims);
    let answer = client.token(&claims).await;
    let text = |key: &str| answer.json()[key].as_str().unwrap_or_default().to_owned();
    (answer.status, text("error"), text("error_description"))
}

#[tokio::test]
async fn a_jwt_is_judged_by_each_of_its_claims() {
    let client = Client::anonymous(FakeDrive::start().await);
    let (status, error, message) = refusal(&client, |claims| claims["iss"] = json!("x@example.org")).await;
    assert_eq!(
        (status, error.as_str(), message.as_str()),
        (400, "invalid_grant", "Invalid grant: account not found")
    );
    let now = claims(&client.drive, READONLY)["iat"].as_i64().unwrap();
    let (_, _, message) = refusal(&client, |claims| claims["exp"] = json!(now + 3601)).await;
    assert!(message.starts_with("Invalid JWT: Token must be a short-lived token (60 minutes)"), "{message}");
    let (_, _, message) = refusal(&client, |claims| claims["aud"] = json!("https://example.org")).await;
    assert!(message.contains("audience"), "{message}");
    let (status, error, _) = refusal(&client, |claims| claims["scope"] = json!("drive.readonly")).await;
    assert_eq!((status, error.as_str()), (400, "invalid_scope"));
    let (_, _, message) = refusal(&client, |claims| claims["sub"] = json!("x@example.org")).await;
    assert_eq!(message, "Invalid email or User ID");
    let ada = client.drive.user_email();
    let (status, error, _) = refusal(&client, |claims| claims["sub"] = json!(ada)).await;
    assert_eq!((status, error.as_str()), (401, "unauthorized_client"));
    client.drive.configure(|settings| settings.is_delegation_allowed = true);
    assert_eq!(refusal(&client, |claims| claims["sub"] = json!(ada)).await.0, 200);
    let google = "https://oauth2.googleapis.com/token";
    assert_eq!(refusal(&client, |claims| claims["aud"] = json!(google)).await.0, 200);
    client.drive.configure(|settings| settings.jwt_clock_offset_seconds = 3600);
    assert_eq!(refusal(&client, |_| {}).await.1, "invalid_grant");
}

#[tokio::test]
async fn a_signature_is_checked_and_a_key_with_crlf_is_the_same() {
    let client = Client::anonymous(FakeDrive::start().await);
    let claims = claims(&client.drive, READONLY);
    let good = sign(&client.drive.service_account_key_crlf(), &claims);
    assert_eq!(client.assertion(&good).await.status, 200);
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
    let answer = client.assertion(&forged).await.json();
    assert_eq!(answer["error_description"], "Invalid JWT Signature.");
}

#[tokio::test]
async fn tokens_die_after_so_many_requests_and_in_time() {
    let client = Client::anonymous(FakeDrive::start().await);
    client.drive.configure(|settings| settings.token_requests = Some(2));
    let client = client.user().await;
    for status in [200, 200, 401] {
        assert_eq!(client.get("files", &[]).await.status, status);
    }
    client.drive.configure(|settings| settings.token_requests = None);
    let client = client.user().await;
    client.drive.advance(3600);
    let answer = client.get("files", &[]).await;
    assert_eq!(answer.reason(), (401, "authError".to_owned()));
    assert_eq!(answer.json()["error"]["errors"][0]["message"], "Invalid Credentials");
    let nobody = Client::anonymous(client.drive.clone());
    assert_eq!(nobody.get("files", &[]).await.reason(), (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn scopes_are_held_against_what_is_called() {
    let mut client = Client::anonymous(FakeDrive::start().await);
    let scope = "https://www.googleapis.com/auth/drive.metadata.readonly";
    let answer = client.token(&claims(&client.drive, scope)).await;
    client.token = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
    assert_eq!(client.get("files", &[]).await.status, 200);
    assert_eq!(client.get("drives", &[]).await.reason(), (403, "insufficientPermissions".to_owned()));
    assert_eq!(client.drive.asked_scopes(), [scope]);
}

#[tokio::test]
async fn a_refresh_token_can_be_revoked() {
    let client = Client::anonymous(FakeDrive::start().await);
    let (id, secret, token) = client.drive.refresh_client();
    let form = |secret: &str| {
        [
            ("grant_type", "refresh_token"),
            ("client_id", &id),
            ("client_secret", secret),
            ("refresh_token", &token),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |secret: &str| {
        let form = form(secret);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        client.form(&form).await
    };
    let good = send(&secret).await.json();
    assert!(good.get("refresh_token").is_none(), "there is no new one");
    assert_eq!(send("wrong").await.json()["error"], "invalid_client");
    client.drive.revoke_refresh_tokens();
    assert_eq!(send(&secret).await.json()["error_description"], "Token has been expired or revoked.");
}

#[tokio::test]
async fn a_login_needs_its_verifier_and_a_code_is_good_once() {
    let client = Client::anonymous(FakeDrive::start().await);
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let redirect = "http://127.0.0.1:1234/";
    let (id, secret, _) = client.drive.refresh_client();
    let send = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &id),
            ("client_secret", &secret),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        client.form(&form).await.json()
    };
    let code = client.drive.issue_code(&challenge, redirect);
    assert_eq!(send(&code, &"w".repeat(43)).await["error_description"], "Invalid code verifier.");
    let code = client.drive.issue_code(&challenge, redirect);
    assert!(send(&code, &verifier).await["refresh_token"].is_string());
    assert_eq!(send(&code, &verifier).await["error"], "invalid_grant");
}
