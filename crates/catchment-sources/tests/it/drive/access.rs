//! As whom Drive is read: tokens, what is shared, and what to do where it is not.

use std::sync::Arc;

use catchment_core::{Adapter, ErrorKind, Host, Reading, Secret, Source};
use catchment_sources::drive::{GoogleDrive, Login, LoginClient};
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal};
use serde_json::json;

use super::{error_of, host, options, pages_of, read, source, try_source, values};

const CSV: &str = "text/csv";

/// A file that is shared with the service account, and is the user's own.
fn file(drive: &FakeDrive) -> String {
    drive.add_file(&drive.root_folder("Files"), "a.csv", CSV, b"sku\na\n")
}

fn refresh(drive: &FakeDrive) -> serde_json::Value {
    let (id, secret, token) = drive.refresh_client();
    json!({"auth": {"type": "refresh_token", "clientId": id, "clientSecret": secret, "refreshToken": token}})
}

#[tokio::test]
async fn service_accounts_and_users_read_what_they_see_whatever_the_line_ends_of_the_key() {
    let drive = FakeDrive::start().await;
    let id = file(&drive);
    let crlf = json!({"auth": {"type": "service_account", "key": drive.service_account_key_crlf()}});
    for more in [json!({}), crlf, refresh(&drive)] {
        let pages = read(&source(&drive, &id, more), pages_of(10)).await.unwrap();
        assert_eq!(values(&pages, &["sku"]), [["a"]]);
    }
    let scope = "https://www.googleapis.com/auth/drive.readonly";
    assert!(drive.asked_scopes().iter().all(|asked| asked == scope), "{:?}", drive.asked_scopes());
    drive.configure(|settings| settings.is_delegation_allowed = true);
    let own = drive.add_file(&drive.root(Principal::User), "own.csv", CSV, b"sku\nown\n");
    let key = drive.service_account_key();
    let acting = json!({"auth": {"type": "service_account", "key": key, "subject": drive.user_email()}});
    let pages = read(&source(&drive, &own, acting), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["sku"]), [["own"]]);
    assert!(drive.leaks().is_empty());
}

#[tokio::test]
async fn tokens_that_die_early_are_renewed_in_the_middle() {
    let drive = FakeDrive::start().await;
    let root = super::files::library(&drive);
    drive.configure(|settings| settings.token_requests = Some(3));
    let pages = read(&source(&drive, &root, json!({})), pages_of(100)).await.unwrap();
    assert_eq!(values(&pages, &["id"]).len(), 18);
    assert!(drive.count(Call::Token) > 3);
}

#[tokio::test]
async fn what_is_not_shared_names_the_address_to_share_it_with() {
    let drive = FakeDrive::start().await;
    let private = drive.add_file(&drive.root(Principal::User), "private.csv", CSV, b"a\n1\n");
    let error = error_of(&source(&drive, &private, json!({}))).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Config, "not_shared"));
    assert!(error.message().contains(drive.service_account_email()), "{error}");
    let error = error_of(&source(&drive, "root", json!({}))).await;
    assert_eq!(error.code(), "empty_drive");
    let none = error_of(&source(&drive, "1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", refresh(&drive))).await;
    assert!(none.message().contains(drive.user_email()), "{none}");
}

#[tokio::test]
async fn a_refused_token_says_what_to_do() {
    let drive = FakeDrive::start().await;
    let id = file(&drive);
    drive.configure(|settings| settings.jwt_clock_offset_seconds = -3 * 3600);
    let error = error_of(&source(&drive, &id, json!({}))).await;
    assert!(error.message().contains("clock"), "{error}");
    drive.configure(|settings| {
        settings.jwt_clock_offset_seconds = 0;
        settings.is_service_account_disabled = true;
    });
    let error = error_of(&source(&drive, &id, json!({}))).await;
    assert!(error.kind() == ErrorKind::Authentication && error.message().contains("disabled"), "{error}");
    drive.configure(|settings| settings.is_service_account_disabled = false);
    let key = drive.service_account_key();
    let acting = json!({"auth": {"type": "service_account", "key": key, "subject": drive.user_email()}});
    let error = error_of(&source(&drive, &id, acting)).await;
    assert!(error.message().contains("domain-wide delegation"), "{error}");
    drive.revoke_refresh_tokens();
    let error = error_of(&source(&drive, &id, refresh(&drive))).await;
    assert!(error.message().contains("in testing"), "{error}");
}

#[tokio::test]
async fn keys_that_are_none_are_refused_and_never_shown() {
    let drive = FakeDrive::start().await;
    let id = file(&drive);
    let good: serde_json::Value = serde_json::from_str(&drive.service_account_key()).unwrap();
    let mut other = good.clone();
    other["type"] = json!("authorized_user");
    let mut cut = good.clone();
    cut["private_key"] = json!(good["private_key"].as_str().unwrap()[..400].to_owned());
    for key in ["hunter2-not-json".to_owned(), other.to_string(), cut.to_string(), "{}".to_owned()] {
        let more = json!({"auth": {"type": "service_account", "key": key}});
        let error = error_of(&source(&drive, &id, more)).await;
        assert_eq!(error.code(), "invalid_options", "{error}");
        let shown = format!("{error:?} {}", error.full_message());
        assert!(!shown.contains("hunter2") && !shown.contains("PRIVATE KEY-----\nMII"), "{shown}");
    }
    assert!(try_source(&drive, &id, json!({"auth": null})).is_err());
    let parsed = GoogleDrive::parse(options(&drive, json!({"resourceKey": "0-hidden"}))).unwrap();
    let shown = format!("{parsed:?}");
    assert!(!shown.contains("0-hidden") && !shown.contains("BEGIN PRIVATE KEY"), "{shown}");
}

#[tokio::test]
async fn resource_keys_go_with_each_request_and_nowhere_else() {
    let drive = FakeDrive::start().await;
    let folder = drive.add_folder(&drive.root(Principal::User), "Link");
    drive.change_traits(&folder, |traits| {
        traits.is_link_shared = true;
        traits.resource_key = Some("0-rk-secret".to_owned());
    });
    drive.add_file(&folder, "a.mp3", "audio/mpeg", b"x");
    assert_eq!(error_of(&source(&drive, &folder, json!({}))).await.code(), "not_shared");
    let source = source(&drive, &folder, json!({"resourceKey": "0-rk-secret"}));
    let pages = read(&source, pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["name"]), [["a.mp3"]]);
    assert!(!format!("{:?}", values(&pages, &["webViewLink", "*"])).contains("0-rk-secret"));
    assert!(drive.requests().iter().all(|request| !request.path_and_query.contains("0-rk-secret")));
}

#[tokio::test]
async fn errors_of_configuration_say_what_to_do_and_are_not_repeated() {
    let drive = FakeDrive::start().await;
    let id = file(&drive);
    for (fault, said) in [
        (Fault::insufficient_scope(), "drive.readonly"),
        (Fault::drive_api_disabled(), "drive.googleapis.com"),
        (Fault::domain_policy(), "administrators"),
        (Fault::membership(), "members"),
        (Fault::app_not_authorized(&id), "log in again"),
        (Fault::insufficient_file_permissions(&id), "share it"),
    ] {
        let rule = drive.fail(Matcher::call(Call::Get), fault);
        drive.reset_counts();
        let error = error_of(&source(&drive, &id, json!({}))).await;
        assert!(error.kind() == ErrorKind::Authentication && error.message().contains(said), "{error}");
        assert_eq!(drive.count(Call::Get), 1, "{error}");
        drive.stop_failing(rule);
    }
}

#[tokio::test]
async fn a_user_logs_in_with_a_client_of_their_own() {
    let drive = FakeDrive::start().await;
    let id = file(&drive);
    let (client, secret, _) = drive.refresh_client();
    let redirect = "http://127.0.0.1:49152".to_owned();
    let own = LoginClient { id: client.clone(), secret: Secret::Inline(secret.clone()) };
    let host: Host = host(&drive);
    let login = Login::begin(own, redirect.clone(), &host).unwrap();
    let url = login.url();
    let param = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let code = drive.issue_code(&param("code_challenge"), &redirect);
    let answer = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("state", param("state")), ("code", code)])
        .finish();
    assert_eq!(login.finish("state=other&code=x", &host).await.unwrap_err().code(), "login_failed");
    let refused = format!("state={}&error=access_denied", param("state"));
    assert!(login.finish(&refused, &host).await.unwrap_err().message().contains("access_denied"));
    let stored = login.finish(&answer, &host).await.unwrap();
    let token = stored.refresh_token;
    let auth = json!({"auth": {"type": "refresh_token", "clientId": client, "clientSecret": secret, "refreshToken": token}});
    // Google's refresh tokens stay valid, so that they need no place for others: inspecting works without a database.
    let source = GoogleDrive::new(
        &id,
        GoogleDrive::parse(options(&drive, auth)).unwrap(),
        &Host { tokens: None, ..host },
    )
    .unwrap();
    let pages = read(&source, Reading::default()).await.unwrap();
    assert_eq!(values(&pages, &["sku"]), [["a"]]);
    assert!(Arc::new(source).test_connection().await.is_ok());
}
