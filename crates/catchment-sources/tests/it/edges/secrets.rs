//! What a source must not take for what it is not: each test is a defect that was found.

use std::sync::Mutex;

use catchment_core::{Adapter, FileAccess, Host, PageSize, Pass, Pulse, Reading, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::api::{api, error, pages};
use crate::server::{Reply, Request, Server, host};

/// What reading an address came to: how many records and rejects, and the last cursor's pass or the error's code.
async fn outcome(url: &str, given: Value) -> (usize, usize, String) {
    let read = pages(&api(url, given, &host()), Reading::default()).await;
    let count = |count: fn(&catchment_core::Page) -> usize| read.iter().flatten().map(count).sum();
    let end = match read.last().unwrap() {
        Ok(page) => format!("{:?}", page.cursor.pass),
        Err(error) => error.code().to_owned(),
    };
    (count(|page| page.records.len()), count(|page| page.rejects.len()), end)
}

fn csv(identifier: &str, options: CsvOptions) -> Csv {
    Csv::new(identifier, options, &Host { files: FileAccess::Anywhere, ..host() }).unwrap()
}

async fn rows(source: &Csv, fields: &[&str]) -> Vec<String> {
    let fields = fields.iter().map(|field| (*field).into()).collect();
    let read: Vec<_> = source.read(Reading { fields, ..Reading::default() }).collect().await;
    let mut rows = Vec::new();
    for page in read {
        let page = page.unwrap();
        for record in page.records.iter() {
            rows.push(record.values().map(|value| value.to_string()).collect::<Vec<_>>().join("|"));
        }
        rows.extend(page.rejects.iter().map(|reject| reject.code.to_owned()));
    }
    rows
}

fn with_header(has_header: Option<bool>) -> CsvOptions {
    let mut options = CsvOptions::default();
    options.format.has_header = has_header;
    options
}

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
async fn numbers_of_the_other_side_do_not_wrap() {
    let server = Server::start(|request: &Request| {
        let page = request.number("page").unwrap_or(1);
        let items: Vec<_> = (0..2).map(|index| json!({"id": page * 2 + index})).collect();
        let items = if page > 3 { Vec::new() } else { items };
        Reply::json(&json!({"page": page, "totalPages": u64::MAX, "items": items}))
    })
    .await;
    let (records, _, end) = outcome(&server.url, json!({})).await;
    assert_eq!(records, 6, "reading goes on past page 1");
    assert_eq!(end, "no_next_page", "and says that the number of pages cannot be");
}

#[tokio::test]
async fn a_failure_that_a_rule_ignores_is_no_complete_pass_and_moves_no_mark() {
    let server = Server::start(|request: &Request| match request.path() {
        "/" => Reply::json(&json!({"items": [{"id": 1, "at": 5}], "next": "/gone"})),
        _ => Reply::text(410, "gone"),
    })
    .await;
    let given = json!({"errorRules": [{"status": 410, "action": "ignore"}],
        "incremental": {"cursorField": "at", "param": "since"}});
    let read = pages(&api(&server.url, given, &host()), Reading::default()).await;
    let cursor = &read.last().unwrap().as_ref().unwrap().cursor;
    assert_eq!((cursor.pass, &cursor.keep), (Pass::Truncated, &None));
    assert!(cursor.warning.as_ref().unwrap().contains("page 2"), "{cursor:?}");
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
            assert_eq!(bad.position.to_string(), "page 1, $[1]", "{name} {size}");
            let records: usize = read.iter().flatten().map(|page| page.records.len()).sum();
            assert_eq!(records + rejects.len(), 3, "{name} {size}");
        }
    }
}

/// How an answer says that a page follows, and how the page that has a bad day looks.
#[tokio::test]
async fn an_odd_page_is_not_the_end_where_the_source_says_what_follows() {
    const PAGES: usize = 4;
    let signs = ["total", "pages", "has_more", "next", "cursor", "link", "none"];
    let oddities = ["empty", "short", "null", "missing", "repeated", "error"];
    let mut wrong = Vec::new();
    for sign in signs {
        for odd in oddities {
            for at in [2, PAGES] {
                let server = Server::start(move |request: &Request| {
                    let page = request.number("page").or(request.number("cursor")).unwrap_or(1);
                    let songs = |page: usize, size: usize| -> Vec<Value> {
                        (0..size).map(|index| json!({"id": page * 3 + index})).collect()
                    };
                    let mut body = json!({"data": if page > PAGES { vec![] } else { songs(page, 3) }});
                    match odd {
                        _ if page != at => {}
                        "empty" => body["data"] = json!([]),
                        "short" => body["data"] = json!(songs(page, 2)),
                        "null" => body["data"] = Value::Null,
                        "missing" => body = json!({"oh": 1}),
                        "repeated" => body["data"] = json!(songs(page - 1, 3)),
                        _ => body = json!({"data": [], "error": "try later"}),
                    }
                    let next = (page < PAGES).then_some(page + 1);
                    match sign {
                        "total" => body["total"] = json!(PAGES * 3),
                        "pages" => body["pages"] = json!(PAGES),
                        "has_more" => body["more"] = json!(next.is_some()),
                        "next" => {
                            body["next"] = next.map_or(json!(false), |next| json!(format!("?page={next}")));
                        }
                        "cursor" => body["cursor"] = json!(next),
                        _ => {}
                    }
                    let reply = Reply::json(&body);
                    match next.filter(|_| sign == "link") {
                        Some(next) => reply.header("link", &format!("<?page={next}>; rel=\"next\"")),
                        None => reply,
                    }
                })
                .await;
                let pagination = match sign {
                    "total" => json!({"type": "page", "totalPath": "total"}),
                    "pages" => json!({"type": "page", "totalPagesPath": "pages"}),
                    "has_more" => json!({"type": "page", "hasMorePath": "more"}),
                    "next" => json!({"type": "next_url", "nextUrlPath": "next"}),
                    "cursor" => json!({"type": "cursor", "cursorPath": "cursor"}),
                    "link" => json!({"type": "link_header"}),
                    _ => json!({"type": "page"}),
                };
                let given = json!({"dataPath": "data", "pagination": pagination});
                let (records, _, end) = outcome(&server.url, given).await;
                let expected = match odd {
                    "missing" => "no_records",
                    "repeated" => "same_page",
                    "error" => "error_in_answer",
                    // Fewer than promised.
                    _ if sign == "total" => "short_source",
                    _ => "Complete",
                };
                // Nobody says that more follows.
                let is_told_nothing = sign == "none" && matches!(odd, "empty" | "null");
                let all = match odd {
                    "short" => 11,
                    _ if is_told_nothing => (at - 1) * 3,
                    _ => 9,
                };
                if end != expected || expected == "Complete" && records != all {
                    wrong.push(format!(
                        "{sign}, page {at} {odd}: {records} records, {end}; expected {all}, {expected}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn false_is_no_address_of_a_next_page() {
    let server =
        Server::start(|_: &Request| Reply::json(&json!({"items": [{"id": 1}], "next": false}))).await;
    let given = json!({"pagination": {"type": "next_url", "nextUrlPath": "next"}});
    assert_eq!(outcome(&server.url, given).await, (1, 0, "Complete".to_owned()));
}

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

#[tokio::test]
async fn a_form_for_errors_that_is_not_filled_in_is_none() {
    for error in [json!({"code": 0, "message": ""}), json!([]), json!(null), json!(false)] {
        let server = Server::start(move |request: &Request| match request.number("page").unwrap() {
            1 => Reply::json(&json!({"error": error, "data": [{"id": 1}]})),
            _ => Reply::json(&json!({"error": error, "data": []})),
        })
        .await;
        let given = json!({"dataPath": "data", "pagination": {"type": "page"}});
        assert_eq!(outcome(&server.url, given).await, (1, 0, "Complete".to_owned()));
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
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
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
async fn without_a_header_the_comma_does_not_win() {
    let dir = tempfile::tempdir().unwrap();
    for (delimiter, name) in [(";", "a"), ("|", "b"), ("\t", "c")] {
        let path = dir.path().join(name);
        std::fs::write(
            &path,
            ["1", "Canción, otra", "x"].join(delimiter) + "\n" + &["2", "b", "y"].join(delimiter),
        )
        .unwrap();
        let options = with_header(Some(false));
        let source = csv(path.to_str().unwrap(), options);
        assert_eq!(rows(&source, &["2"]).await, ["1|Canción, otra|x", "2|b|y"], "{delimiter:?}");
        assert_eq!(rows(&source, &[]).await, ["1|Canción, otra|x", "2|b|y"], "{delimiter:?}");
    }
    // A first line that is malformed costs itself.
    let path = dir.path().join("d");
    std::fs::write(&path, "\"a\"b;c\nx;y\nz;w\n").unwrap();
    let source = csv(path.to_str().unwrap(), with_header(Some(false)));
    assert_eq!(rows(&source, &["1"]).await, ["x|y", "z|w", "malformed_quote"]);
}

#[tokio::test]
async fn a_delimiter_inside_quotes_separates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for delimiter in [";", "\t", "|"] {
        let path = dir.path().join("a");
        let text =
            ["\"título, completo\"", "artista"].join(delimiter) + "\n" + &["a", "\"b, c\""].join(delimiter);
        std::fs::write(&path, text).unwrap();
        for (has_header, expected) in
            [(true, vec!["a|b, c"]), (false, vec!["título, completo|artista", "a|b, c"])]
        {
            let options = with_header(Some(has_header));
            assert_eq!(rows(&csv(path.to_str().unwrap(), options), &[]).await, expected, "{delimiter:?}");
        }
    }
    // Signs inside quotes that stand more often than the delimiter, and at the end of a line.
    for (text, expected) in [
        (
            "\"título, completo\";\"artista, otro\"\n\"a, b\";\"c, d\"\n\"e, f\";\"g, h\"\n",
            ["a, b|c, d", "e, f|g, h"],
        ),
        ("name\t\"desc, long\"\nx\t\"a, b\"\ny\t\"c, d\"\n", ["x|a, b", "y|c, d"]),
    ] {
        let path = dir.path().join("a");
        std::fs::write(&path, text).unwrap();
        assert_eq!(rows(&csv(path.to_str().unwrap(), CsvOptions::default()), &[]).await, expected);
    }
    std::fs::write(dir.path().join("b"), "\"a\"x,b\n1,2\n").unwrap();
    let source = csv(dir.path().join("b").to_str().unwrap(), CsvOptions::default());
    let error = source.read(Reading::default()).next().await.unwrap().unwrap_err();
    assert!(error.message().contains("delimiter"), "{error}");
}

#[tokio::test]
async fn a_byte_order_mark_is_one_at_the_beginning_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, "\u{feff}title,\u{feff}x\n\u{feff},1\n").unwrap();
    let source = csv(path.to_str().unwrap(), CsvOptions::default());
    let page = source.read(Reading::default()).next().await.unwrap().unwrap();
    assert_eq!(page.columns.join("|"), "title|\u{feff}x");
    assert_eq!(page.records.get(0).unwrap().value(0).to_string(), "\u{feff}");
    std::fs::write(&path, "title\n\u{feff}\nb\n").unwrap();
    assert_eq!(rows(&csv(path.to_str().unwrap(), CsvOptions::default()), &[]).await, ["\u{feff}", "b"]);
}

#[tokio::test]
async fn reading_up_to_where_an_attempt_stood_is_a_sign_of_life() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, "title\n".to_owned() + &"x\n".repeat(1 << 20)).unwrap();
    let source = csv(path.to_str().unwrap(), CsvOptions::default());
    let all: Vec<_> =
        source.read(Reading { page_size: PageSize::rows(500_000), ..Reading::default() }).collect().await;
    let after = all.into_iter().map(Result::unwrap).nth(1).map(|page| page.cursor);
    let pulse = Pulse::default();
    let reading = Reading { after, pulse: pulse.clone(), ..Reading::default() };
    source.read(reading).next().await.unwrap().unwrap();
    assert!(pulse.count() > 2, "{}", pulse.count());
}

#[tokio::test]
async fn checking_an_address_does_not_fetch_the_whole_file() {
    let text = "id;título\n".to_owned() + &"1;Canción\n".repeat(4 << 20);
    let length = text.len();
    let server = Server::start(move |_: &Request| Reply::text(200, text.clone())).await;
    let source = csv(&format!("{}/a.csv", server.url), CsvOptions::default());
    let inspection = source.inspect([].into()).await.unwrap();
    let page = inspection.page.unwrap();
    assert_eq!((page.records.len(), page.rejects.len()), (100, 0));
    assert!(page.progress.total_bytes.unwrap() < length as u64 / 4, "{:?}", page.progress);
}

#[tokio::test]
async fn a_certificate_that_is_refused_says_so_and_is_not_retried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    // Signed by itself, for `localhost`, valid for a hundred years.
    let certificate = include_bytes!("tls/self_signed.der").to_vec();
    let key = include_bytes!("tls/self_signed.key.der").to_vec();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.into());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)
        .unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut session = rustls::ServerConnection::new(std::sync::Arc::new(config.clone())).unwrap();
            // The client hangs up in the middle of the handshake.
            session.complete_io(&mut stream.unwrap()).ok();
        }
    });
    let (kind, code, message) = error(&url, json!({})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("config", "certificate_refused"));
    assert!(message.contains("localhost") && message.contains("SSL_CERT_FILE"), "{message}");
}
