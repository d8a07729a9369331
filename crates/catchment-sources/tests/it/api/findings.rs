//! What a reading tells of what it found out, and of what it could not.

use catchment_core::{Finding, Page, PageSize, Reading, Result};
use serde_json::{Value, json};

use super::catalogue::songs;
use super::probing::{TOTAL, explored, pagination, read_findings, server};
use super::{api, error, pages, read_ids};
use crate::server::{Reply, Server, host};

#[tokio::test]
async fn a_reading_tells_what_it_found_out_and_what_it_could_not() {
    let bare = server(|_| 0).await;
    let findings = read_findings(&bare.url, json!({})).await;
    assert_eq!(findings[0], Finding::sure("records", "at the top of the answer"));
    assert!(findings[1].is_unsure && findings[1].message.contains("`pagination`"), "{findings:?}");
    assert_eq!(read_findings(&bare.url, json!({"dataPath": "$", "pagination": {"type": "none"}})).await, []);
    let linked = Server::start(|request| {
        let from = request.number("from").unwrap_or(0);
        let next = (from + 3 < TOTAL).then(|| format!("/?from={}", from + 3));
        Reply::json(&json!({"data": {"songs": songs(from, 3, TOTAL)}, "next": next}))
    })
    .await;
    let mut findings = read_findings(&linked.url, json!({})).await;
    findings.dedup();
    assert_eq!(
        findings[..2],
        [
            Finding::sure("records", "at `data.songs`"),
            Finding::sure("pagination", "pages by the links at `next`")
        ]
    );
}

#[tokio::test]
async fn a_page_that_is_sent_in_parts_tells_all_at_its_end() {
    let server = server(|_| 0).await;
    let reading = Reading { page_size: PageSize::rows(1), ..Reading::default() };
    let pages = pages(&api(&server.url, json!({}), &host()), reading).await;
    let topics = |page: &Result<Page>| {
        let findings = page.as_ref().unwrap().cursor.findings.iter();
        findings.map(|finding| finding.topic.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(pages.first().map(topics).unwrap(), ["records"]);
    assert_eq!(pages.last().map(topics).unwrap(), ["records", "pagination"]);
}

#[tokio::test]
async fn pages_that_are_asked_for_without_a_way_are_an_error() {
    let server = server(|_| 0).await;
    for given in [
        json!({"enabled": true}),
        json!({"enabled": true, "type": "auto"}),
        json!({"hasMorePath": "more"}),
        json!({"pageSize": 50}),
    ] {
        let given = json!({"pagination": given});
        let (kind, code, message) = error(&server.url, given.clone()).await;
        assert_eq!((kind.as_str(), code.as_str()), ("config", "unknown_pagination"), "{given}");
        assert!(message.contains("catchment inspect"), "{message}");
        assert_eq!(
            explored(&server.url, given).await.unwrap_err().details()[0].pointer,
            "/options/pagination"
        );
    }
    // One that tries finds the way; a limit on pages asks for none.
    let paged = super::probing::server(|request| (request.number("page").unwrap_or(1) - 1) * 3).await;
    let inspection =
        explored(&paged.url, json!({"pagination": {"enabled": true, "maxPages": 2}})).await.unwrap();
    assert_eq!(inspection.options["pagination"]["maxPages"], 2);
    assert_eq!(read_ids(&paged.url, Value::Object(inspection.options)).await.len(), 6);
    assert!(pagination(&read_findings(&server.url, json!({"pagination": {"maxPages": 2}})).await).is_unsure);
}

#[tokio::test]
async fn an_error_of_status_200_is_told_with_its_message() {
    for (given, body) in [
        (json!({}), json!({"error": {"code": 7, "message": "quota used up"}})),
        (json!({}), json!({"error": "quota", "message": "quota used up", "hint": []})),
        (json!({}), json!({"error": {"message": "quota used up", "details": [{"a": 1}]}})),
        (json!({}), json!({"errors": [{"message": "quota used up"}]})),
        (json!({"dataPath": "data"}), json!({"error": true, "message": "quota used up"})),
    ] {
        let server = Server::start(move |_| Reply::json(&body)).await;
        let (kind, code, message) = error(&server.url, given).await;
        assert_eq!((kind.as_str(), code.as_str()), ("api", "error_in_answer"), "{message}");
        assert!(message.contains("quota used up"), "{message}");
    }
}
