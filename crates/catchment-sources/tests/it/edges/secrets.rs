//! Secrets in links, redirects and answers: none is kept, quoted, logged or sent elsewhere.

use catchment_core::{PageSize, Reading, Source};
use serde_json::json;

use super::outcome;
use crate::api::{api, error, pages};
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn a_secret_parameter_that_a_link_repeats_is_not_kept_and_still_sent() {
    let server = Server::start(|request: &Request| {
        assert_eq!(request.param("key").as_deref(), Some("hunter2-canary"), "{}", request.target);
        let page = request.number("page").unwrap_or(1);
        let next = (page < 3).then(|| format!("/?key=hunter2-canary&page={}", page + 1));
        Reply::json(&json!({"items": [{"id": page}], "next": next}))
    })
    .await;
    let given = json!({"params": {"key": "hunter2-canary"}});
    let reading = Reading { page_size: PageSize::rows(1), ..Reading::default() };
    let mut after = None;
    for cursor in pages(&api(&server.url, given.clone(), &host()), reading).await {
        let cursor = cursor.unwrap().cursor;
        assert!(!serde_json::to_string(&cursor).unwrap().contains("hunter2"), "{cursor:?}");
        after.get_or_insert(cursor);
    }
    let rest = pages(&api(&server.url, given, &host()), Reading { after, ..Reading::default() }).await;
    assert_eq!(rest.iter().map(|page| page.as_ref().unwrap().records.len()).sum::<usize>(), 2);
    // Under another name, or as another secret, it is not taken apart: the run says so.
    let server = Server::start(|_: &Request| {
        Reply::json(&json!({"items": [{"id": 1}], "next": "/?token=hunter2-bearer"}))
    })
    .await;
    let given = json!({"auth": {"type": "bearer", "token": "hunter2-bearer"}});
    assert_eq!(error(&server.url, given).await.1, "secret_in_link");
}

#[tokio::test]
async fn parameters_do_not_follow_a_redirect_to_another_origin() {
    let other = Server::start(|_: &Request| Reply::json(&json!([{"id": 1}]))).await;
    let to = other.url.replace("127.0.0.1", "localhost");
    let server = Server::start(move |request: &Request| {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        Reply::text(307, "").header("location", &format!("{to}/there?{query}&page=7"))
    })
    .await;
    let given = json!({"otherOrigins": "bare", "params": {"key": "canary-of-params", "lang": "es"}});
    let url = format!("{}/?view=canary-of-identifier", server.url);
    assert_eq!(outcome(&url, given).await.0, 1);
    assert_eq!(other.targets(), ["/there?page=7"]);
}

#[tokio::test]
async fn nothing_that_is_quoted_holds_a_secret_and_nothing_quoted_is_logged() {
    let server = Server::start(|request: &Request| {
        if request.path() == "/token" {
            return Reply::json(&json!({"access_token": "canary-oauth-token"}));
        }
        let echo = format!("{:?} {}", request.headers, request.target);
        match request.path() {
            "/html" => Reply::text(200, format!("<html>{echo}</html>")),
            "/text" => Reply::text(200, format!("{{\"a\": {echo}")),
            "/list" => Reply::json(&json!([{"id": "\u{0}", "echo": echo}, 7])),
            _ => Reply::text(400, format!("{{\"oh\": \"{echo}\"}}")),
        }
    })
    .await;
    let kinds = [
        json!({"type": "bearer", "token": "canary-bearer"}),
        json!({"type": "basic", "username": "me", "password": "canary-basic"}),
        json!({"type": "api_key", "key": "canary-key"}),
        json!({"type": "api_key", "in": "query", "name": "k", "key": "canary & key"}),
        json!({"type": "oauth2_client_credentials", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
            "clientSecret": "canary-client"}),
    ];
    for path in ["/html", "/text", "/list", "/error"] {
        for auth in &kinds {
            let given = json!({"auth": auth, "headers": {"x-more": "canary-header"}, "params": {"p": "canary-param"}});
            let url = format!("{}{path}?view=canary-identifier", server.url);
            let api = api(&url, given, &host());
            let read = pages(&api, Reading::default()).await;
            let inspected = api.inspect([].into()).await;
            let mut said = Vec::new();
            for error in read.iter().filter_map(|page| page.as_ref().err()).chain(inspected.as_ref().err()) {
                said.extend([error.full_message(), format!("{:?}", error.details())]);
                assert!(
                    !error.to_string().contains("x-more"),
                    "a body is no part of what is logged: {error}"
                );
            }
            for page in read.iter().flatten() {
                said.extend(page.rejects.iter().map(|reject| format!("{} {}", reject.message, reject.raw)));
                said.extend(page.records.iter().map(|record| record.raw().to_owned()));
            }
            assert!(!said.is_empty());
            for said in said {
                assert!(!said.contains("canary"), "{path} {auth}: {said}");
                assert!(!said.contains("bWU6Y2FuYXJ5"), "{path} {auth}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_link_may_repeat_what_is_no_credential() {
    let server = Server::start(|request: &Request| {
        let page = request.number("page").unwrap_or(1);
        let next = (page < 3).then(|| format!("/products?sort=created_at&kind=products&page={}", page + 1));
        Reply::json(&json!({"items": [{"id": page}], "next": next}))
    })
    .await;
    let url = format!("{}/products?sort=created_at", server.url);
    assert_eq!(outcome(&url, json!({"params": {"kind": "products"}})).await, (3, 0, "Complete".to_owned()));
    assert_eq!(server.targets()[1], "/products?sort=created_at&kind=products&page=2");
}

#[tokio::test]
async fn a_redirect_to_a_file_of_the_same_name_is_followed() {
    let other = Server::start(|_: &Request| Reply::json(&json!([{"id": 1}]))).await;
    let to = other.url.replace("127.0.0.1", "localhost");
    let server = Server::start(move |_: &Request| {
        let signed = format!("{to}/prices-2024.json?name=as%20prices-2024.json&X-Amz-Signature=a%2Fb");
        Reply::text(302, "").header("location", &signed)
    })
    .await;
    let url = format!("{}/get?file=prices-2024.json", server.url);
    assert_eq!(outcome(&url, json!({"otherOrigins": "bare"})).await.0, 1);
    assert_eq!(other.targets(), ["/prices-2024.json?name=as%20prices-2024.json&X-Amz-Signature=a%2Fb"]);
}

#[tokio::test]
async fn what_a_token_endpoint_answers_is_not_repeated() {
    let server = Server::start(|_: &Request| Reply::text(200, "\"eyJhbGci-canary\"")).await;
    let auth = json!({"type": "oauth2_client_credentials", "tokenUrl": server.url, "clientId": "me", "clientSecret": "secret",
        "tokenParams": {"password": "canary-of-params"}});
    let (_, code, message) = error(&server.url, json!({"auth": auth})).await;
    assert_eq!(code, "bad_token");
    assert!(!message.contains("canary"), "{message}");
    let server = Server::start(|request: &Request| Reply::text(400, request.body.clone())).await;
    let mut auth = auth;
    auth["tokenUrl"] = json!(server.url);
    let (_, code, message) = error(&server.url, json!({"auth": auth})).await;
    assert_eq!(code, "token_refused");
    assert!(message.contains("***") && !message.contains("canary"), "{message}");
}
