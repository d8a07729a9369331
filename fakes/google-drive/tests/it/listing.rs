//! `files.list` and `files.get`.

use fake_google_drive::{NativeKind, TokenDeath};
use serde_json::json;

use crate::client::Client;

#[tokio::test]
async fn what_google_would_ignore_or_refuse_is_refused() {
    let client = Client::start().await;
    for (query, reason) in [
        (vec![("pagesize", "10")], "invalidParameter"),
        (vec![("pageSize", "0")], "invalidParameter"),
        (vec![("pageSize", "1001")], "invalidParameter"),
        (vec![("fields", "files(id,title)")], "invalidParameter"),
        (vec![("fields", "files(id,name")], "invalidParameter"),
        (vec![("fields", "files(id/name)")], "invalidParameter"),
        (vec![("q", "name = \"a\"")], "invalid"),
        (vec![("q", "modifiedTime > 'yesterday'")], "invalid"),
        (vec![("orderBy", "age")], "invalid"),
        (vec![("pageToken", "made up")], "invalid"),
        (vec![("supportsAllDrives", "yes")], "invalidParameter"),
        (vec![("corpora", "drive")], "badRequest"),
    ] {
        let answer = client.get("files", &query).await;
        assert_eq!(answer.reason(), (400, reason.to_owned()), "{query:?}");
    }
    let answer = client.get("files", &[("fields", "files(id,title)")]).await;
    assert_eq!(answer.json()["error"]["message"], "Invalid field selection title");
    let answer = client.get("files", &[("q", "'a.b' in parents")]).await;
    assert_eq!(answer.json()["error"]["message"], "File not found: .");
}

#[tokio::test]
async fn without_a_mask_a_file_is_four_fields_and_the_bin_is_listed() {
    let client = Client::start().await;
    let music = client.drive.root_folder("Music");
    let song = client.drive.add_file(&music, "a.mp3", "audio/mpeg", b"abc");
    client.drive.trash(&song);
    let query = format!("'{music}' in parents");
    let answer = client.get("files", &[("q", &query)]).await;
    let file = json!({"kind": "drive#file", "id": song, "name": "a.mp3", "mimeType": "audio/mpeg"});
    assert_eq!(answer.json()["files"], json!([file]));
    let living = format!("{query} and trashed = false");
    assert_eq!(client.get("files", &[("q", &living)]).await.json()["files"], json!([]));
}

#[tokio::test]
async fn a_mask_takes_its_parts_and_numbers_are_strings() {
    let client = Client::start().await;
    let music = client.drive.root_folder("Music");
    let song = client.drive.add_file(&music, "a.mp3", "audio/mpeg", b"abc");
    let fields = "id,size,version,md5Checksum,capabilities/canDownload,parents";
    let answer = client.get(&format!("files/{song}"), &[("fields", fields)]).await;
    let expected = json!({
        "id": song,
        "parents": [music],
        "version": "1",
        "capabilities": {"canDownload": true},
        "size": "3",
        "md5Checksum": "900150983cd24fb0d6963f7d28e17f72",
    });
    assert_eq!(answer.json(), expected);
    let folder = client.get(&format!("files/{music}"), &[("fields", "size,parents,md5Checksum")]).await;
    assert_eq!(folder.json(), json!({}), "the parent of a shared root is not shown");
}

#[tokio::test]
async fn pages_go_on_where_they_ended_for_this_query_alone() {
    let client = Client::start().await;
    let music = client.drive.root_folder("Music");
    let mut ids: Vec<_> =
        (0..5).map(|_| client.drive.add_file(&music, "same name.mp3", "audio/mpeg", b"abc")).collect();
    let query = format!("'{music}' in parents");
    let first = client.get("files", &[("q", &query), ("pageSize", "3")]).await;
    let token = first.json()["nextPageToken"].as_str().unwrap().to_owned();
    let second = client.get("files", &[("q", &query), ("pageToken", &token)]).await;
    assert!(second.json().get("nextPageToken").is_none());
    let mut found = [first.strings("files", "id"), second.strings("files", "id")].concat();
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    let other = client.get("files", &[("q", "trashed = false"), ("pageToken", &token)]).await;
    assert_eq!(other.reason(), (400, "invalid".to_owned()));
    let user = client.user().await;
    assert_eq!(user.get("files", &[("q", &query), ("pageToken", &token)]).await.status, 400);
    client.drive.kill_listing_tokens(TokenDeath::Gone);
    assert_eq!(client.get("files", &[("q", &query), ("pageToken", &token)]).await.status, 410);
}

#[tokio::test]
async fn several_parents_in_one_query_lose_files_silently() {
    let client = Client::start().await;
    let (one, other) = (client.drive.root_folder("One"), client.drive.root_folder("Other"));
    for folder in [&one, &other] {
        client.drive.add_file(folder, "a", "text/csv", b"");
        client.drive.add_file(folder, "b", "text/csv", b"");
    }
    let query = format!("'{one}' in parents or '{other}' in parents");
    let answer = client.get("files", &[("q", &query)]).await;
    assert!(answer.strings("files", "id").len() < 4);
    assert_eq!(answer.json()["incompleteSearch"], false);
}

#[tokio::test]
async fn names_are_found_by_the_beginnings_of_their_words() {
    let client = Client::start().await;
    let music = client.drive.root_folder("Music");
    client.drive.add_file(&music, "It's a \\ Long/Way.mp3", "audio/mpeg", b"");
    for (query, count) in [
        ("name contains 'lon'", 1),
        ("name contains 'ong'", 0),
        ("name = 'it\\'s a \\\\ long/way.MP3'", 1),
        ("name = 'It'", 0),
        ("mimeType != 'application/vnd.google-apps.folder' and name contains 'way'", 1),
        ("not name contains 'way' and mimeType = 'audio/mpeg'", 0),
    ] {
        let answer = client.get("files", &[("q", query)]).await;
        assert_eq!(answer.strings("files", "id").len(), count, "{query}");
    }
}

#[tokio::test]
async fn native_files_and_shortcuts_have_no_digests() {
    let client = Client::start().await;
    let music = client.drive.root_folder("Music");
    let document = client.drive.add_native(&music, "Notes", NativeKind::Doc);
    client.drive.change_traits(&document, |file| file.native_size = Some(1024));
    let shortcut = client.drive.add_shortcut(&music, "To notes", &document);
    let fields = [("fields", "size,md5Checksum,headRevisionId,shortcutDetails")];
    let answer = client.get(&format!("files/{document}"), &fields).await;
    assert_eq!(answer.json(), json!({"size": "1024"}));
    let answer = client.get(&format!("files/{shortcut}"), &fields).await;
    let target = json!({"targetId": document, "targetMimeType": "application/vnd.google-apps.document"});
    assert_eq!(answer.json(), json!({"shortcutDetails": target}));
    let answer = client.get(&format!("files/{shortcut}"), &[("alt", "media")]).await;
    assert_eq!(answer.reason(), (403, "fileNotDownloadable".to_owned()));
}

#[tokio::test]
async fn about_needs_a_mask() {
    let client = Client::start().await;
    assert_eq!(client.get("about", &[]).await.reason(), (400, "required".to_owned()));
    let answer = client.get("about", &[("fields", "user(emailAddress)")]).await;
    assert_eq!(answer.json(), json!({"user": {"emailAddress": client.drive.service_account_email()}}));
    assert_eq!(client.get("nothing", &[]).await.header("content-type"), Some("text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_long_query_goes_as_an_overridden_post() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Music");
    let query = "name = 'Music'";
    let answer = client.overridden("files", &[("q", query), ("fields", "files(id)")]).await;
    assert_eq!(answer.strings("files", "id"), [folder]);
    let long = format!("name = '{}'", "x".repeat(9000));
    assert_eq!(client.get("files", &[("q", &long)]).await.status, 414);
    assert_eq!(client.overridden("files", &[("q", &long)]).await.status, 200);
}

#[tokio::test]
async fn the_date_is_that_of_the_story() {
    let client = Client::start().await;
    let answer = client.get("files", &[]).await;
    assert_eq!(answer.header("date"), Some("Tue, 24 Nov 2026 12:00:00 GMT"));
    client.drive.root_folder("Music");
    assert_eq!(client.drive.now().to_string(), "2026-11-24T12:00:02Z");
}
