//! Who sees what: permissions, shared drives, links.

use fake_google_drive::Principal;
use serde_json::json;

use crate::client::Client;

const BOTH: [(&str, &str); 2] = [("supportsAllDrives", "true"), ("includeItemsFromAllDrives", "true")];

#[tokio::test]
async fn what_is_not_shared_is_not_found_and_lists_as_empty() {
    let client = Client::start().await;
    let root = client.drive.root(Principal::User);
    let secret = client.drive.add_folder(&root, "Secret");
    let file = client.drive.add_file(&secret, "a.csv", "text/csv", b"a");
    let answer = client.get(&format!("files/{file}"), &[]).await;
    assert_eq!(answer.json()["error"]["message"], format!("File not found: {file}."));
    let query = format!("'{secret}' in parents");
    assert_eq!(client.get("files", &[("q", &query)]).await.json()["files"], json!([]));
    client.drive.share(&secret, Principal::ServiceAccount);
    assert_eq!(client.get("files", &[("q", &query)]).await.strings("files", "id"), [file]);
    assert_eq!(client.get("files", &[("q", "'root' in parents")]).await.json()["files"], json!([]));
    let user = client.user().await;
    assert_eq!(user.get("files", &[("q", "'root' in parents")]).await.strings("files", "id"), [secret]);
}

#[tokio::test]
async fn shared_drives_need_both_flags_and_membership() {
    let client = Client::start().await;
    let drive = client.drive.add_shared_drive("Team", &[Principal::ServiceAccount]);
    let file = client.drive.add_file(&drive, "a.csv", "text/csv", b"a");
    let path = format!("files/{file}");
    assert_eq!(client.get(&path, &[]).await.status, 404);
    assert_eq!(client.get(&path, &[("alt", "media")]).await.status, 404);
    assert_eq!(client.get(&path, &[("supportsAllDrives", "true")]).await.status, 200);
    let query = format!("'{drive}' in parents");
    assert_eq!(client.get("files", &[("q", &query)]).await.json()["files"], json!([]));
    let one = client.get("files", &[("q", &query), BOTH[1]]).await;
    assert_eq!(one.reason(), (403, "supportsTeamDrivesRequired".to_owned()));
    let answer = client.get("files", &[("q", &query), BOTH[0], BOTH[1]]).await;
    assert_eq!(answer.strings("files", "id"), [file.as_str()]);
    let whole = [("corpora", "drive"), ("driveId", drive.as_str()), BOTH[0], BOTH[1]];
    assert_eq!(client.get("files", &whole).await.strings("files", "id"), [file]);
    assert_eq!(client.get("files", &[("driveId", drive.as_str()), BOTH[0], BOTH[1]]).await.status, 400);
    assert_eq!(client.get("drives", &[]).await.strings("drives", "name"), ["Team"]);
    client.drive.set_member(&drive, Principal::ServiceAccount, false);
    assert_eq!(client.get("files", &whole).await.reason(), (404, "notFound".to_owned()));
    assert_eq!(client.get(&path, &[("supportsAllDrives", "true")]).await.status, 404);
}

#[tokio::test]
async fn a_link_needs_its_key_and_is_found_below_its_folder_alone() {
    let client = Client::start().await;
    let root = client.drive.root(Principal::User);
    let folder = client.drive.add_folder(&root, "Old");
    client.drive.change_traits(&folder, |file| {
        file.is_link_shared = true;
        file.resource_key = Some("0-key".to_owned());
    });
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"a");
    let path = format!("files/{file}");
    assert_eq!(client.get(&path, &[]).await.status, 404);
    let keys = format!("{folder}/0-key");
    let headers = [("X-Goog-Drive-Resource-Keys", keys.as_str())];
    assert_eq!(client.get_with(&path, &[("alt", "media")], &headers).await.body, b"a");
    let query = format!("'{folder}' in parents");
    let found = client.get_with("files", &[("q", &query)], &headers).await;
    assert_eq!(found.strings("files", "id"), [file]);
    let search = client.get_with("files", &[("q", "name = 'a.csv'")], &headers).await;
    assert_eq!(search.json()["files"], json!([]));
}

#[tokio::test]
async fn trash_is_inherited_and_the_walk_follows_shortcuts_once() {
    let client = Client::start().await;
    let drive = &client.drive;
    let (one, other) = (drive.root_folder("One"), drive.root_folder("Other"));
    let (song, film) =
        (drive.add_file(&one, "s", "audio/mpeg", b"1"), drive.add_file(&other, "f", "video/mp4", b"2"));
    drive.add_shortcut(&one, "to other", &other);
    drive.add_shortcut(&other, "back", &one);
    let ids = |follows| -> Vec<String> {
        drive.walk(&one, Principal::ServiceAccount, follows).into_iter().map(|file| file.id).collect()
    };
    assert_eq!(ids(false), [song.as_str()]);
    let mut both = [song, film.clone()];
    both.sort();
    assert_eq!(ids(true), both);
    drive.trash(&other);
    let fields = [("fields", "trashed,explicitlyTrashed")];
    let answer = client.get(&format!("files/{film}"), &fields).await;
    assert_eq!(answer.json(), json!({"trashed": true, "explicitlyTrashed": false}));
    assert_eq!(ids(true).len(), 1);
}
