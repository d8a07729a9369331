//! Options: the contract's example, those that are refused, those that inspecting finds.

use std::sync::Arc;

use catchment_core::{Adapter, Host, Reading, SecretAccess, Source};
use catchment_sources::api::{Api, ApiOptions};
use serde_json::{Value, json};

use super::catalogue::{catalogue, song};
use super::{api, options, pages};
use crate::server::host;

#[tokio::test]
async fn the_contracts_example_works_as_written() {
    let server = catalogue().await;
    let given = json!({
        "method": "GET",
        "auth": {"type": "bearer", "token": "your-api-token"},
        "dataPath": "data.items",
        "pagination": {"enabled": true, "type": "page", "limitParam": "limit", "pageParam": "page", "maxPages": 50}
    });
    let fields: Arc<[Box<str>]> = ["name".into(), "artist.name".into(), "id".into()].into();
    let reading = Reading { fields, ..Reading::default() };
    let read = pages(&api(&format!("{}/page", server.url), given, &host()), reading).await;
    let page = read[0].as_ref().unwrap();
    assert_eq!(page.columns.join("|"), "name|artist.name|id|*");
    let first: Vec<_> = page.records.get(0).unwrap().values().map(|value| value.to_string()).collect();
    assert_eq!(first, ["Song 0", "Zoë", "0", &song(0).to_string()]);
    assert_eq!(page.records.get(2).unwrap().location().to_string(), "page 1, $.data.items[2]");
    assert_eq!(server.targets()[0], "/page?limit=100&page=1");
    assert_eq!(server.headers("authorization")[0].as_deref(), Some("Bearer your-api-token"));
}

#[test]
fn secrets_do_not_print_and_bad_options_say_where() {
    let given = json!({
        "auth": {"type": "basic", "username": "me", "password": "p-hunter2"},
        "headers": {"X-A": "h-hunter2"},
    });
    assert!(!format!("{:?}", options(given)).contains("hunter2"));
    let refused = |given: Value, host: &Host| {
        let parsed = catchment_core::parse_options(given.as_object().unwrap().clone());
        let error = parsed.and_then(|options| Api::new("https://a.example", options, host)).err().unwrap();
        error.details()[0].pointer.clone()
    };
    for (given, pointer) in [
        (json!({"pagination": {"type": "next_url"}}), "/options/pagination/nextUrlPath"),
        (json!({"pagination": {"type": "cursor"}}), "/options/pagination/cursorPath"),
        (json!({"pagination": {"kind": "page"}}), "/options/pagination/kind"),
        (json!({"body": {}}), "/options/body"),
        (json!({"dataPath": "a..b"}), "/options/dataPath"),
        (json!({"headers": {"a b": "c"}}), "/options/headers/a b"),
        (json!({"errorRules": [{"status": "9xx", "action": "fail"}]}), "/options/errorRules/0/status"),
        (json!({"rateLimit": {"maxConcurrency": 0}}), "/options/rateLimit/maxConcurrency"),
        (
            json!({"incremental": {"cursorField": "a", "param": "b", "lookback": "soon"}}),
            "/options/incremental/lookback",
        ),
    ] {
        assert_eq!(refused(given, &host()), pointer);
    }
    let misplaced = json!({"auth": "Bearer hunter2, \", expected"}).as_object().unwrap().clone();
    let error = catchment_core::parse_options::<ApiOptions>(misplaced).err().unwrap();
    assert!(!error.message().contains("hunter2") && error.message().contains("expected"), "{error}");
    let web = Host { secrets: SecretAccess::Restricted { dir: None }, ..host() };
    let given = json!({"auth": {"type": "bearer", "token": {"env": "DATABASE_URL"}}});
    assert_eq!(refused(given, &web), "/options/auth/token");
    for address in ["ftp://a.example", "https://me:pw@a.example", "a.example", "file:///etc/passwd"] {
        assert!(Api::normalize(address).is_err(), "{address}");
    }
    assert_eq!(Api::normalize("HTTPS://A.example:443/x#y").unwrap(), "https://a.example/x");
}

#[tokio::test]
async fn inspecting_tells_how_it_was_read() {
    let server = catalogue().await;
    let inspection =
        api(&format!("{}/numbered", server.url), json!({}), &host()).inspect([].into()).await.unwrap();
    assert_eq!(
        Value::Object(inspection.options),
        json!({"dataPath": "$.items", "pagination": {"type": "page", "pageParam": "page", "startPage": 1, "totalPagesPath": "totalPages"}})
    );
    let findings: Vec<_> =
        inspection.findings.iter().map(|finding| format!("{}: {}", finding.topic, finding.message)).collect();
    assert!(findings[0].starts_with("reachable: http://127.0.0.1"), "{findings:?}");
    assert_eq!(
        findings[1..],
        [
            "authenticated: without authentication",
            "records: 3 at `items`",
            "pagination: numbered pages by `page`, from 1",
            "next_page: page=2: 3 records"
        ]
    );
    assert_eq!(inspection.page.unwrap().records.len(), 3);
}
