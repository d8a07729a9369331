//! What can go wrong, and the hooks between requests.

use std::time::Duration;

use fake_google_drive::{Call, Fault, Matcher, Principal};
use serde_json::json;

use crate::client::Client;

#[tokio::test]
async fn rules_count_on_their_own() {
    let client = Client::start().await;
    let list = Matcher::call(Call::List);
    client.drive.fail(list.clone().nth(2), Fault::rate_limit_exceeded());
    client.drive.fail(list.clone().nth(3), Fault::too_many_requests(Some(7)));
    let daily = client.drive.fail(list.from(5), Fault::daily_limit());
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(client.get("files", &[]).await.status);
    }
    assert_eq!(statuses, [200, 403, 429, 200, 403]);
    assert_eq!(client.drive.comebacks().len(), 3);
    assert!(client.drive.comebacks()[0].waited.is_some_and(|waited| waited < Duration::from_secs(5)));
    client.drive.stop_failing(daily);
    assert_eq!(client.get("files", &[]).await.status, 200);
    assert_eq!(client.drive.count(Call::List), 6);
}

#[tokio::test]
async fn refusals_have_their_reasons_and_proxies_speak_html() {
    let client = Client::start().await;
    for (fault, status, reason) in [
        (Fault::user_rate_limit_exceeded(), 403, "userRateLimitExceeded"),
        (Fault::download_quota(), 403, "downloadQuotaExceeded"),
        (Fault::insufficient_scope(), 403, "insufficientPermissions"),
        (Fault::drive_api_disabled(), 403, "accessNotConfigured"),
        (Fault::domain_policy(), 403, "domainPolicy"),
        (Fault::membership(), 403, "teamDriveMembershipRequired"),
        (Fault::backend_error(500), 500, "internalError"),
        (Fault::backend_error(503), 503, "backendError"),
    ] {
        client.drive.clear_rules();
        client.drive.fail(Matcher::any(), fault);
        assert_eq!(client.get("files", &[]).await.reason(), (status, reason.to_owned()));
    }
    client.drive.clear_rules();
    client.drive.fail(Matcher::any(), Fault::backend_error(502));
    let answer = client.get("files", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (502, Some("text/html; charset=utf-8")));
}

#[tokio::test]
async fn bodies_are_cut_reset_and_stalled() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"0123456789");
    let address = format!("{}files/{file}?alt=media", client.drive.url());
    let media = Matcher::call(Call::Media);
    client.drive.fail(media.clone().nth(1), Fault::cut_body(true));
    assert!(client.at(&address, &[], &[]).await.is_err());
    client.drive.fail(media.clone().nth(1), Fault::cut_body(false));
    assert_eq!(client.at(&address, &[], &[]).await.unwrap().text(), "01234", "as if it were all");
    client.drive.fail(media.clone().nth(1), Fault::reset());
    // The connection may be tried anew by the client, as nothing came.
    client.drive.fail(media.clone().nth(2), Fault::reset());
    assert!(client.at(&address, &[], &[]).await.is_err());
    client.drive.clear_rules();
    client.drive.fail(media.clone().nth(1), Fault::stall());
    let stalled = tokio::time::timeout(Duration::from_millis(100), client.at(&address, &[], &[])).await;
    assert!(stalled.is_err());
    client.drive.fail(media.clone().nth(1), Fault::silence());
    let silent = tokio::time::timeout(Duration::from_millis(100), client.at(&address, &[], &[])).await;
    assert!(silent.is_err());
    client.drive.fail(media.nth(1), Fault::slow(3, Duration::from_millis(1)));
    assert_eq!(client.at(&address, &[], &[]).await.unwrap().text(), "0123456789");
}

#[tokio::test]
async fn json_comes_halved_empty_or_as_a_page() {
    let client = Client::start().await;
    let list = Matcher::call(Call::List);
    client.drive.fail(list.clone().nth(1), Fault::half_json());
    client.drive.fail(list.clone().nth(2), Fault::empty_object_200());
    client.drive.fail(list.nth(3), Fault::html_200());
    let half = client.get("files", &[]).await;
    assert!(half.status == 200 && serde_json::from_slice::<serde_json::Value>(&half.body).is_err());
    assert_eq!(client.get("files", &[]).await.json(), json!({}));
    assert!(client.get("files", &[]).await.text().contains("<html>"));
}

#[tokio::test]
async fn listings_are_short_empty_or_incomplete() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    for name in ["a", "b", "c", "d"] {
        client.drive.add_file(&folder, name, "text/csv", b"");
    }
    let query = format!("'{folder}' in parents");
    let ask = [("q", query.as_str()), ("fields", "*")];
    let list = Matcher::call(Call::List).about(&folder);
    client.drive.fail(list.clone().nth(1), Fault::empty_page_with_next());
    client.drive.fail(list.clone().nth(2), Fault::short_pages(3));
    client.drive.fail(list.nth(3), Fault::incomplete_search());
    let empty = client.get("files", &ask).await.json();
    assert_eq!(empty["files"], json!([]));
    let next = empty["nextPageToken"].as_str().unwrap().to_owned();
    let short = client.get("files", &[ask[0], ask[1], ("pageToken", &next)]).await;
    assert_eq!(short.strings("files", "id").len(), 3);
    let incomplete = client.get("files", &ask).await;
    assert_eq!(incomplete.json()["incompleteSearch"], true);
    assert_eq!(incomplete.strings("files", "id").len(), 2);
}

#[tokio::test]
async fn content_changes_between_metadata_and_body() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"old");
    let id = file.clone();
    client.drive.before(Matcher::call(Call::Media).about(&file).nth(1), move |world| {
        world.set_content(&id, b"new");
    });
    let path = format!("files/{file}");
    let before = client.get(&path, &[("fields", "md5Checksum")]).await.json();
    assert_eq!(client.get(&path, &[("alt", "media")]).await.text(), "new");
    assert_ne!(client.get(&path, &[("fields", "md5Checksum")]).await.json(), before);
    client.drive.fail(Matcher::call(Call::Get), Fault::wrong_md5());
    let wrong = client.get(&path, &[("fields", "md5Checksum")]).await.json();
    assert_ne!(
        Some(wrong["md5Checksum"].as_str().unwrap()),
        client.drive.file(&file).unwrap().md5.as_deref()
    );
}

#[tokio::test]
async fn changes_are_repeated_or_lost() {
    let client = Client::start().await;
    let token = client.get("changes/startPageToken", &[]).await.json();
    let token = token["startPageToken"].as_str().unwrap();
    let folder = client.drive.root_folder("Files");
    client.drive.delete(&folder);
    client.drive.fail(Matcher::call(Call::Changes).nth(1), Fault::repeated_change_entries());
    client.drive.fail(Matcher::call(Call::Changes).nth(2), Fault::lost_removals());
    let twice = client.get("changes", &[("pageToken", token)]).await;
    assert_eq!(twice.strings("changes", "fileId"), [folder.clone(), folder]);
    let lost = client.get("changes", &[("pageToken", token)]).await.json();
    assert_eq!(lost["changes"], json!([]));
}

#[tokio::test]
async fn a_bomb_is_small_on_its_way() {
    let client = Client::start().await;
    client.drive.fail(Matcher::call(Call::List), Fault::gzip_bomb(10_000_000));
    let answer = client.get("files", &[]).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(answer.body.len() < 20_000);
}

#[tokio::test]
async fn a_root_is_unshared_at_the_second_request() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let id = folder.clone();
    client.drive.at_request(2, move |world| world.unshare(&id, Principal::ServiceAccount));
    let path = format!("files/{folder}");
    assert_eq!(client.get(&path, &[]).await.status, 200);
    assert_eq!(client.get(&path, &[]).await.status, 404);
}
