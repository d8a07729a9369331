//! Documents such as those of JSONTestSuite: a file is read as the answer of an API is.

use catchment_core::{PageSize, Reading, Source};
use futures::StreamExt;
use serde_json::{Map, Value, json};

use super::{Built, Dir, registry};
use crate::server::{Reply, Request, Server, host};

/// Structures, strings and numbers that parsers disagree about, as documents or in one.
const DOCUMENTS: &[&[u8]] = &[
    b"[]", b"[[]   ]", b" [] ", b"[\"\"]", b"[{}]", b"[null, 1, \"1\", {}]", b"[false]", b"[\"a\"]", b"{}", b"null", b"42", b"-0.1", b"\"asd\"", b"true",
    b"[{\"a\":\"b\",\"a\":\"c\"}]", b"[{\"\":0}]", b"[{\"a\":[]}]", b"[{\"min\": -1.0e+28, \"max\": 1.0e+28}]", b"[{\"a\":\"\\u0000\"}]",
    b"[{\"x\":[{\"id\": \"xxxx\"}], \"id\": \"xxxx\"}]", b"[{\"title\":\"\\u041f\\u043e\"}]", b"[{\n\"a\": \"b\"\n}]",
    b"[{\"n\": 123e65}]", b"[{\"n\": 0e+1}]", b"[{\"n\": -0}]", b"[{\"n\": 1E400}]", b"[{\"n\": 1.5e+9999}]", b"[{\"n\": 123123123123123123123123123123}]",
    b"[{\"n\": 0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999}]",
    b"[{\"s\": \"\\u0060\\u012a\\u12AB\"}]", b"[{\"s\": \"\\uD801\\udc37\"}]", b"[{\"s\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}]", b"[{\"s\": \"\\uFFFF\"}]",
    b"[{\"s\": \"a/*b*/c\"}]", b"[{\"s\": \"\xe2\x82\xac\xf0\x9d\x84\x9e\x7f\"}]", b"[{\"s\": \"\xe2\x80\xa8\"}]",
    b"[{\"s\": \"\\uDADA\"}]", b"[{\"s\": \"\\uD800\\uD800\\n\"}]", b"[{\"s\": \"\\uDd1e\\uD834\"}]", b"[{\"s\": \"\xff\"}, {\"s\": \"x\"}]",
    b"[{\"s\": \"\xed\xa0\x80\"}]", b"[{\"s\": \"\xc0\xaf\"}]", b"[{\"s\": \"\xf4\xbf\xbf\xbf\"}]", b"\xef\xbb\xbf[{\"a\": 1}]", b"\xef\xbb\xbf{}",
    // What is no JSON.
    b"[1 true]", b"[a\xe5]", b"[\"\": 1]", b"[\"\"],", b"[,1]", b"[1,,2]", b"[\"x\"]]", b"[\"\",]", b"[\"x\"", b"[x", b"[3[4]]", b"[1,]", b"[*]",
    b"[\"a\",\n4\n,1,", b"[{}", b"[nul]", b"[-01]", b"[+1]", b"[.1]", b"[0x1]", b"[1.]", b"[2.e3]", b"[NaN]", b"[Infinity]", b"[- 1]", b"[1e]", b"[1eE2]",
    b"{\"x\", null}", b"{\"x\"::\"b\"}", b"{\"a\":\"a\" 123}", b"{key: 'value'}", b"{\"id\":0,}", b"{'a':0}", b"{\"a\":\"b\"}#", b"{\"a\":/*x*/\"b\"}",
    b"[\"\\u00A\"]", b"[\"\\a\"]", b"[\"\\x00\"]", b"['x']", b"[\"a\0a\"]", b"[\"new\nline\"]", b"[\"\t\"]", b"\"", b"[1]x", b"1]", b"]", b"{]", b"<null>",
    b"[\x0c]", b"[\xe2\x81\xa0]", b"\xef\xbb{}", b"[True]", b"2@", b"{}}", b"[{\"\":[{\"\":", b"[{\"a\": 1}", b"[{\"a\": 1}, {\"a\": ",
];

/// What came of a reading: the values of its records and the codes of its rejects; or that it failed.
async fn read(source: &dyn Source) -> Result<Vec<String>, ()> {
    let reading = Reading { page_size: PageSize::rows(1000), ..Reading::default() };
    let mut pages = source.read(reading);
    let mut read = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|_| ())?;
        read.extend(page.records.iter().map(|record| format!("{:?}", record.values().collect::<Vec<_>>())));
        read.extend(page.rejects.iter().map(|reject| reject.code.to_owned()));
    }
    Ok(read)
}

#[tokio::test]
async fn a_document_in_a_file_is_read_as_the_answer_of_an_api() {
    let server = Server::start(|request: &Request| {
        let index: usize = request.path().trim_start_matches('/').parse().unwrap();
        Reply::text(200, DOCUMENTS[index])
    })
    .await;
    let options = |value: Value| -> Map<String, Value> { value.as_object().unwrap().clone() };
    for (index, document) in DOCUMENTS.iter().enumerate() {
        let shown = String::from_utf8_lossy(document);
        let url = format!("{}/{index}", server.url);
        let given = options(json!({"dataPath": "$", "pagination": {"type": "none"}}));
        let api = Built(registry().build("api", &url, given, &host()).unwrap());
        let dir = Dir::of("a.json", document);
        let given = json!({"dataPath": "$", "format": "json"});
        let file = super::source(dir.path("a.json"), given);
        assert_eq!(read(&file).await, read(&api).await, "{shown}");
    }
}
