//! Answers that are cut, wrongly encoded, absurd, or come from a server that is not trusted.

use std::sync::{Arc, Mutex};

use catchment_core::{Reading, Source};
use catchment_sources::csv::CsvOptions;
use futures::StreamExt;
use serde_json::json;

use super::{csv, outcome};
use crate::api::{api, error, pages};
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn a_file_whose_end_is_not_proven_is_not_whole() {
    const TEXT: &str = "id,title\n1,a\n2,b\n";
    let server = Server::start(|request: &Request| match request.path() {
        "/closed.csv" => Reply::raw(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{TEXT}")),
        "/old.csv" => Reply::raw(format!("HTTP/1.0 200 OK\r\n\r\n{TEXT}")),
        "/gzip.csv" | "/cut.csv" => {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, TEXT.as_bytes()).unwrap();
            let mut packed = packed.finish().unwrap();
            if request.path() == "/cut.csv" {
                packed.truncate(packed.len() - 4);
            }
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\n\r\n";
            Reply::raw([head.as_bytes(), &packed].concat())
        }
        _ => Reply::text(200, TEXT),
    })
    .await;
    for (path, expected) in [
        ("/closed.csv", Err("not_proven_whole")),
        ("/old.csv", Err("not_proven_whole")),
        ("/cut.csv", Err("broken_off")),
        ("/gzip.csv", Ok(2)),
        ("/length.csv", Ok(2)),
    ] {
        let source = csv(&format!("{}{path}", server.url), CsvOptions::default());
        let read: Vec<_> = source.read(Reading::default()).collect().await;
        let result = match &read[0] {
            Ok(page) => Ok(page.records.len()),
            Err(error) => {
                assert_eq!(error.kind().to_string(), "network", "{path}: {error}");
                Err(error.code())
            }
        };
        assert_eq!(result, expected, "{path}");
    }
}

#[tokio::test]
async fn bad_bytes_cost_their_record_whatever_the_encoding_and_the_length() {
    let filler = |size: usize| format!("{{\"id\": 9, \"title\": \"{}\"}}", "x".repeat(size));
    for (name, charset, bom) in
        [("utf-8", "utf-8", ""), ("a byte order mark", "utf-8", "\u{feff}"), ("no charset", "", "\u{feff}")]
    {
        for size in [10, 9 << 20] {
            let (filler, bom) = (filler(size), bom.to_owned());
            let server = Server::start(move |_: &Request| {
                let body = [
                    bom.as_bytes(),
                    b"[{\"id\": 1, \"title\": \"good\"}, {\"id\": 2, \"title\": \"b\xffd\"}, ",
                    filler.as_bytes(),
                    b"]",
                ]
                .concat();
                let kind = if charset.is_empty() {
                    "application/json".into()
                } else {
                    format!("application/json; charset={charset}")
                };
                Reply::text(200, body).header("content-type", &kind)
            })
            .await;
            let given = json!({"dataPath": "$", "maxRecordBytes": 2 << 20});
            let read = pages(&api(&server.url, given, &host()), Reading::default()).await;
            let rejects: Vec<_> = read.iter().flat_map(|page| &page.as_ref().unwrap().rejects).collect();
            let bad = rejects.iter().find(|reject| reject.code == "bad_encoding").expect(name);
            assert_eq!(bad.location.to_string(), "page 1, $[1]", "{name} {size}");
            let records: usize = read.iter().flatten().map(|page| page.records.len()).sum();
            assert_eq!(records + rejects.len(), 3, "{name} {size}");
        }
    }
}

#[tokio::test]
async fn an_encoding_that_nobody_asked_for_is_not_retried() {
    let server = Server::start(|_: &Request| Reply::text(200, "[]").header("content-encoding", "lzw")).await;
    let (kind, code, message) = error(&server.url, json!({})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("api", "bad_encoding"), "{message}");
}

#[tokio::test]
async fn absurd_numbers_of_quotas_and_tokens_end_nothing() {
    let server = Server::start(|request: &Request| match request.path() {
        "/token" => Reply::json(&json!({"access_token": "t", "expires_in": i64::MAX})),
        _ => Reply::json(&json!([{"id": 1}])).header("ratelimit", &format!("\"d\";r=0;t={}", u64::MAX)),
    })
    .await;
    let auth = json!({"type": "oauth2_client_credentials", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
        "clientSecret": "secret"});
    assert_eq!(outcome(&server.url, json!({"auth": auth})).await, (1, 0, "Complete".to_owned()));
}

#[tokio::test]
async fn a_server_that_asks_for_no_pause_is_not_asked_without_one() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let times = asked.clone();
    let server = Server::start(move |_: &Request| {
        let mut times = times.lock().unwrap();
        times.push(std::time::Instant::now());
        match times.len() {
            1 => Reply::text(429, "").header("Retry-After", "0"),
            _ => Reply::json(&json!([{"id": 1}])),
        }
    })
    .await;
    assert_eq!(outcome(&server.url, json!({})).await.0, 1);
    let asked = asked.lock().unwrap();
    assert!((asked[1] - asked[0]).as_millis() >= 200, "{:?}", asked[1] - asked[0]);
}

#[tokio::test]
async fn a_certificate_that_is_refused_says_so_and_is_not_retried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    // Signed by itself, for `localhost`, valid for a hundred years.
    let certificate = include_bytes!("../tls/self_signed.der").to_vec();
    let key = include_bytes!("../tls/self_signed.key.der").to_vec();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)
        .unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut session = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
            // The client hangs up in the middle of the handshake.
            session.complete_io(&mut stream.unwrap()).ok();
        }
    });
    let (kind, code, message) = error(&url, json!({})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("config", "certificate_refused"));
    assert!(message.contains("localhost") && message.contains("SSL_CERT_FILE"), "{message}");
}
