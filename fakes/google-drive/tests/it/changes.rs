//! The change logs.

use fake_google_drive::{FakeDrive, Principal, TokenDeath};
use serde_json::json;

use crate::client::{Answer, Client};

async fn start_token(client: &Client, query: &[(&str, &str)]) -> String {
    let answer = client.get("changes/startPageToken", query).await;
    answer.json()["startPageToken"].as_str().unwrap().to_owned()
}

async fn changes(client: &Client, token: &str) -> Answer {
    client.get("changes", &[("pageToken", token), ("fields", "*")]).await
}

fn two_songs(drive: &FakeDrive) -> (String, String, String) {
    let music = drive.root_folder("Music");
    let one = drive.add_file(&music, "one.mp3", "audio/mpeg", b"1");
    let other = drive.add_file(&music, "other.mp3", "audio/mpeg", b"2");
    (music, one, other)
}

#[tokio::test]
async fn each_file_comes_once_as_it_is_now_in_the_order_of_its_last_change() {
    let client = Client::start().await;
    let (_, one, other) = two_songs(&client.drive);
    let token = start_token(&client, &[]).await;
    client.drive.rename(&one, "first.mp3");
    client.drive.trash(&other);
    client.drive.rename(&one, "second.mp3");
    let answer = changes(&client, &token).await;
    assert_eq!(answer.strings("changes", "fileId"), [other, one]);
    let body = answer.json();
    assert_eq!(body["changes"][1]["file"]["name"], "second.mp3");
    assert_eq!(body["changes"][0]["file"]["trashed"], true, "trashing is no removal");
    assert_eq!(body["changes"][0]["removed"], false);
    assert!(body.get("nextPageToken").is_none());
    let end = body["newStartPageToken"].as_str().unwrap();
    assert_eq!(changes(&client, end).await.json()["changes"], json!([]));
}

#[tokio::test]
async fn a_file_that_changes_between_pages_comes_twice() {
    let client = Client::start().await;
    let (_, one, other) = two_songs(&client.drive);
    let token = start_token(&client, &[]).await;
    client.drive.look_at(&one);
    client.drive.look_at(&other);
    let first = client.get("changes", &[("pageToken", &token), ("pageSize", "1")]).await;
    assert_eq!(first.strings("changes", "fileId"), [one.as_str()]);
    assert!(first.json().get("newStartPageToken").is_none());
    client.drive.look_at(&one);
    let next = first.json()["nextPageToken"].as_str().unwrap().to_owned();
    assert_eq!(changes(&client, &next).await.strings("changes", "fileId"), [other, one]);
}

#[tokio::test]
async fn a_folder_makes_one_entry_and_a_removal_is_an_id() {
    let client = Client::start().await;
    let (music, ..) = two_songs(&client.drive);
    let token = start_token(&client, &[]).await;
    client.drive.unshare(&music, Principal::ServiceAccount);
    let answer = changes(&client, &token).await;
    let mut change = answer.json()["changes"][0].clone();
    change.as_object_mut().unwrap().remove("time");
    let removal = json!({
        "kind": "drive#change", "type": "file", "changeType": "file", "removed": true, "fileId": music,
    });
    assert_eq!(change, removal);
    assert_eq!(answer.strings("changes", "fileId").len(), 1);
    let hidden = client.get("changes", &[("pageToken", &token), ("includeRemoved", "false")]).await;
    assert_eq!(hidden.json()["changes"], json!([]));
}

#[tokio::test]
async fn logs_do_not_take_each_others_tokens() {
    let client = Client::start().await;
    let drive = client.drive.add_shared_drive("Team", &[Principal::ServiceAccount]);
    let flags = [("driveId", drive.as_str()), ("supportsAllDrives", "true")];
    let missing = client.get("changes/startPageToken", &flags[..1]).await;
    assert_eq!(missing.reason(), (403, "supportsTeamDrivesRequired".to_owned()));
    let of_drive = start_token(&client, &flags).await;
    let of_user = start_token(&client, &[]).await;
    let file = client.drive.add_file(&drive, "a.csv", "text/csv", b"a");
    let both = |token| [flags[0], flags[1], ("includeItemsFromAllDrives", "true"), ("pageToken", token)];
    let in_drive = client.get("changes", &both(&of_drive)).await;
    assert_eq!(in_drive.strings("changes", "fileId"), [file]);
    assert_eq!(client.get("changes", &both(&of_user)).await.reason(), (400, "invalid".to_owned()));
    assert_eq!(changes(&client, &of_drive).await.status, 400);
    assert_eq!(
        changes(&client, &of_user).await.json()["changes"],
        json!([]),
        "a member's are in that log alone"
    );
    client.drive.set_member(&drive, Principal::ServiceAccount, false);
    let all =
        [("includeItemsFromAllDrives", "true"), flags[1], ("pageToken", of_user.as_str()), ("fields", "*")];
    let change = client.get("changes", &all).await.json()["changes"][0].clone();
    assert_eq!((&change["changeType"], &change["removed"]), (&json!("drive"), &json!(true)));
}

#[tokio::test]
async fn stale_tokens_are_refused_in_four_spellings() {
    let client = Client::start().await;
    for (death, status) in [
        (TokenDeath::Invalid, 400),
        (TokenDeath::Expired, 403),
        (TokenDeath::NotFound, 404),
        (TokenDeath::Gone, 410),
    ] {
        let token = start_token(&client, &[]).await;
        client.drive.kill_change_tokens(death);
        assert_eq!(changes(&client, &token).await.status, status);
        assert_eq!(changes(&client, &start_token(&client, &[]).await).await.status, 200);
    }
}

#[tokio::test]
async fn entries_come_late_or_never() {
    let client = Client::start().await;
    let (_, one, other) = two_songs(&client.drive);
    let token = start_token(&client, &[]).await;
    client.drive.hold_changes();
    client.drive.trash(&one);
    assert_eq!(changes(&client, &token).await.json()["changes"], json!([]));
    client.drive.release_changes();
    assert_eq!(changes(&client, &token).await.strings("changes", "fileId"), [one.as_str()]);
    client.drive.configure(|settings| settings.loses_removals = true);
    client.drive.delete(&other);
    assert_eq!(changes(&client, &token).await.strings("changes", "fileId"), [one]);
}

#[tokio::test]
async fn a_service_account_has_nothing_in_its_own_drive() {
    let client = Client::start().await;
    let token = start_token(&client, &[]).await;
    two_songs(&client.drive);
    let query = [("pageToken", token.as_str()), ("restrictToMyDrive", "true")];
    assert_eq!(client.get("changes", &query).await.json()["changes"], json!([]));
    assert_eq!(client.get("changes", &[]).await.reason(), (400, "required".to_owned()));
}

#[tokio::test]
async fn what_moves_out_of_a_drive_leaves_its_log_with_all_that_is_below() {
    let client = Client::start().await;
    let drive = client.drive.add_shared_drive("Team", &[Principal::ServiceAccount]);
    let folder = client.drive.add_folder(&drive, "Folder");
    let file = client.drive.add_file(&folder, "a.csv", "text/csv", b"a");
    let query = [("driveId", drive.as_str()), ("supportsAllDrives", "true")];
    let (of_drive, of_user) = (start_token(&client, &query).await, start_token(&client, &[]).await);
    let music = client.drive.root_folder("Music");
    client.drive.move_to(&folder, &music);
    let both = [query[0], query[1], ("includeItemsFromAllDrives", "true"), ("pageToken", &of_drive)];
    let left = client.get("changes", &both).await;
    assert_eq!(left.strings("changes", "fileId"), [folder.as_str()]);
    assert_eq!(left.json()["changes"][0]["removed"], true);
    assert_eq!(changes(&client, &of_user).await.strings("changes", "fileId"), [music, folder]);
    assert_eq!(client.get(&format!("files/{file}"), &[("fields", "driveId")]).await.json(), json!({}));
}
