//! Who a source is asked as, and which addresses may be connected to.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use catchment_core::{Adapter, Host, NetworkAccess, Page, Reading, Result, TokenStore};
use catchment_sources::api::Api;
use serde_json::json;

use super::catalogue::{catalogue, songs};
use super::{api, error, pages};
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn credentials_stay_at_home() {
    let other = Server::start(|request: &Request| {
        assert_eq!(request.headers.get("authorization"), None);
        assert_eq!(request.headers.get("x-key"), None);
        assert_eq!(request.param("key"), None);
        Reply::json(&json!({"items": songs(3, 3, 6), "next": null}))
    })
    .await;
    let target = other.url.replace("127.0.0.1", "127.0.0.2").replace("http://127.0.0.2", "http://127.0.0.1");
    let home = Server::start(move |request: &Request| match request.path() {
        "/moved" => Reply::text(302, "").header("Location", &format!("{target}/x?key=k-secret")),
        _ => Reply::json(&json!({"items": songs(0, 3, 6), "next": format!("{target}/x?key=k-secret&a=1")})),
    })
    .await;
    for path in ["/links", "/moved"] {
        for (name, auth) in [
            ("bearer", json!({"type": "bearer", "token": "s-secret"})),
            ("query", json!({"type": "api_key", "name": "key", "key": "k-secret", "in": "query"})),
        ] {
            let given = json!({"auth": auth, "headers": {"X-Key": "h-secret"}});
            let url = format!("{}{path}", home.url);
            let (kind, code, message) = error(&url, given.clone()).await;
            assert_eq!((kind.as_str(), code.as_str()), ("config", "other_origin"), "{path} {name}");
            assert!(!message.contains("secret"), "{message}");
            if name == "bearer" {
                continue;
            }
            let mut bare = given;
            bare["otherOrigins"] = "bare".into();
            let read = pages(&api(&url, bare, &host()), Reading::default()).await;
            assert!(read.last().unwrap().is_ok(), "{read:?}");
        }
    }
    assert!(home.headers("x-key").iter().all(|key| key.as_deref() == Some("h-secret")));
}

#[derive(Debug, Default)]
struct Tokens(Mutex<std::collections::BTreeMap<String, String>>);

#[async_trait]
impl TokenStore for Tokens {
    async fn token(&self, key: &str) -> Result<Option<String>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn keep_token(&self, key: &str, token: &str) -> Result<()> {
        self.0.lock().unwrap().insert(key.to_owned(), token.to_owned());
        Ok(())
    }

    async fn claim(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn release(&self, _: &str) {}
}

/// Hands out access tokens that are good for 2 requests, and refresh tokens that are good for one use.
async fn authority() -> Server {
    let (issued, uses) = (Mutex::new(0), Mutex::new(0));
    Server::start(move |request: &Request| {
        let (mut issued, mut uses) = (issued.lock().unwrap(), uses.lock().unwrap());
        if request.path() == "/token" {
            let form: std::collections::BTreeMap<_, _> =
                url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
            if form["grant_type"] == "refresh_token" && form["refresh_token"] != format!("r{issued}") {
                return Reply::text(400, r#"{"error": "invalid_grant"}"#);
            }
            if request.headers.get("authorization").map(String::as_str) != Some("Basic bWU6YyUzQXM=") {
                return Reply::text(401, r#"{"error": "invalid_client"}"#);
            }
            (*issued, *uses) = (*issued + 1, 0);
            return Reply::json(&json!({"access_token": format!("a{issued}-secret"), "expires_in": 3600,
                "refresh_token": format!("r{issued}")}));
        }
        *uses += 1;
        let is_known = request.headers.get("authorization") == Some(&format!("Bearer a{issued}-secret"));
        if !is_known || *uses > 2 {
            return Reply::text(401, format!("{:?} is no good", request.headers.get("authorization")));
        }
        let from = request.number("from").unwrap_or(0);
        let next = (from + 1 < 7).then(|| format!("/x?from={}", from + 1));
        Reply::json(&json!({"items": songs(from, 1, 7), "next": next}))
    })
    .await
}

#[tokio::test]
async fn tokens_are_fetched_renewed_and_kept() {
    for kind in ["oauth2_client_credentials", "oauth2_refresh_token"] {
        let server = authority().await;
        let mut auth = json!({"type": kind, "tokenUrl": format!("{}/token", server.url), "clientId": "me", "clientSecret": "c:s"});
        if kind == "oauth2_refresh_token" {
            auth["refreshToken"] = "r0".into();
        }
        let host = Host { tokens: Some(Arc::new(Tokens::default())), ..host() };
        let read = async || -> Vec<Result<Page>> {
            pages(&api(&server.url, json!({"auth": auth}), &host), Reading::default()).await
        };
        for _ in 0..2 {
            let count: usize = read().await.into_iter().map(|page| page.unwrap().records.len()).sum();
            assert_eq!(count, 7, "{kind}");
        }
    }
    let server = authority().await;
    let auth = json!({"type": "oauth2_client_credentials", "tokenUrl": format!("{}/token", server.url), "clientId": "me", "clientSecret": "wrong-secret"});
    let (kind, code, message) = error(&server.url, json!({"auth": auth})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("authentication", "unauthorized"));
    assert!(!message.contains("wrong-secret"), "{message}");
}

#[tokio::test]
async fn only_allowed_addresses_are_connected_to() {
    let server = catalogue().await;
    let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
    let refused = async |url: &str, host: &Host| -> String {
        let api = api(url, json!({}), host);
        pages(&api, Reading::default()).await.pop().unwrap().unwrap_err().code().to_owned()
    };
    let nobody = Host::default();
    for name in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "127.0.0.1.",
        "169.254.169.254",
    ] {
        assert_eq!(
            refused(&format!("http://{name}:{port}/all"), &nobody).await,
            "address_not_allowed",
            "{name}"
        );
    }
    // The own port, by its name too; and where a redirect leads.
    let everything = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let own = Some(format!("127.0.0.1:{port}").parse().unwrap());
    let own = Host { network: NetworkAccess::new(everything, own), ..Host::default() };
    for name in ["127.0.0.1", "localhost", "127.1"] {
        assert_eq!(
            refused(&format!("http://{name}:{port}/all"), &own).await,
            "address_not_allowed",
            "{name}"
        );
    }
    let away =
        Server::start(|_: &Request| Reply::text(307, "").header("Location", "http://169.254.169.254/latest"))
            .await;
    let given = json!({"otherOrigins": "bare"});
    assert_eq!(error(&away.url, given).await.1, "address_not_allowed");
    assert!(server.targets().is_empty());
    assert!(Api::check_access("http://169.254.169.254/", &nobody).is_err());
}
