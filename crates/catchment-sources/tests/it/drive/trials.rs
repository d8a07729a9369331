//! What a trial with a hostile mind found in increments, each by its name.

use catchment_core::Coverage;
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal};
use serde_json::json;

use super::source;
use super::table::{Table, is_media, walked};

const MP3: &str = "audio/mpeg";

/// Folders in the order of their ids, with three files each.
pub(super) fn folders(drive: &FakeDrive, root: &str, count: usize) -> Vec<String> {
    let mut folders: Vec<_> =
        (0..count).map(|number| drive.add_folder(root, &format!("f{number}"))).collect();
    folders.sort();
    for folder in &folders {
        for number in 0..3 {
            drive.add_file(folder, &format!("{number}.mp3"), MP3, b"x");
        }
    }
    folders
}

/// A folder with a file, and a shortcut to a folder of a shared drive with files: two change logs tell of it.
fn with_two_logs(drive: &FakeDrive) -> (String, String, String, Vec<String>) {
    let root = drive.root_folder("R");
    drive.add_file(&root, "own.mp3", MP3, b"o");
    let team = drive.add_shared_drive("Team", &[Principal::User, Principal::ServiceAccount]);
    let folder = drive.add_folder(&team, "TF");
    let ids = (0..5).map(|number| drive.add_file(&folder, &format!("{number}.mp3"), MP3, b"x")).collect();
    drive.add_shortcut(&root, "team", &folder);
    (root, team, folder, ids)
}

/// Runs until nothing is left to be read again.
pub(super) async fn must_settle(drive: &FakeDrive, root: &str, table: &mut Table, when: &str) {
    let source = source(drive, root, json!({}));
    for _ in 0..2 {
        table.sync(&source, 100, usize::MAX).await.unwrap();
    }
    table.must_equal(&walked(drive, root, is_media), when);
}

#[tokio::test]
async fn a_file_that_one_log_shows_and_then_loses_is_gone() {
    let drive = FakeDrive::start().await;
    let (root, team, _, ids) = with_two_logs(&drive);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.configure(|settings| settings.page_limit = 1);
    drive.rename(&ids[0], "renamed.mp3");
    drive.rename(&ids[1], "renamed too.mp3");
    let lost = ids[0].clone();
    drive.after(Matcher::call(Call::Changes).about(&team).nth(1), move |world| world.delete(&lost));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the run");
}

#[tokio::test]
async fn a_file_that_moves_from_one_log_to_another_is_there_all_the_time() {
    let drive = FakeDrive::start().await;
    let (root, team, folder, _) = with_two_logs(&drive);
    let song = drive.add_file(&root, "song.mp3", MP3, b"s");
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive
        .before(Matcher::call(Call::Changes).about(&team).nth(1), move |world| world.move_to(&song, &folder));
    for run in 0..3 {
        table.sync(&source, 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("run {run}"));
    }
}

#[tokio::test]
async fn a_folder_of_a_shortcut_that_comes_back_is_read() {
    let drive = FakeDrive::start().await;
    let (root, other) = (drive.root_folder("R"), drive.root_folder("other"));
    drive.add_file(&root, "own.mp3", MP3, b"o");
    drive.add_file(&other, "p.mp3", MP3, b"p");
    drive.add_shortcut(&root, "link", &other);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    for change in [&|| {}, &|| drive.trash(&other), &|| drive.untrash(&other)] as [&dyn Fn(); 3] {
        change();
        table.sync(&source, 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), "after the run");
    }
}

#[tokio::test]
async fn what_left_before_a_killed_increment_is_told_by_the_next_one() {
    let drive = FakeDrive::start().await;
    let (root, outside) = (drive.root_folder("R"), drive.root_folder("Out"));
    let sub = drive.add_folder(&root, "sub");
    drive.add_file(&sub, "s.mp3", MP3, b"s");
    let mut ids: Vec<_> =
        (0..6).map(|number| drive.add_file(&root, &format!("{number}.mp3"), MP3, b"x")).collect();
    ids.sort();
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    for id in &ids[..2] {
        drive.rename(id, "renamed.mp3");
    }
    drive.delete(&ids[4]);
    drive.trash(&ids[5]);
    let between = |attempt| {
        if attempt == 1 {
            drive.move_to(&sub, &outside);
        }
    };
    table.sync_between(&source, (1, 1), between).await.unwrap();
    drive.move_to(&sub, &root);
    must_settle(&drive, &root, &mut table, "after two runs").await;
}

#[tokio::test]
async fn the_tokens_of_another_account_are_not_gone_on_with() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let song = drive.add_file(&root, "a.mp3", MP3, b"x");
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    drive.trash(&song);
    let (id, secret, token) = drive.refresh_client();
    let auth =
        json!({"type": "refresh_token", "clientId": id, "clientSecret": secret, "refreshToken": token});
    let report = table.sync(&source(&drive, &root, json!({"auth": auth})), 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Complete);
    table.must_equal(&walked(&drive, &root, is_media), "after the run");
}

#[tokio::test]
async fn a_change_log_that_cannot_be_read_on_means_a_sweep_whatever_the_words() {
    let reason = |status: u16, reason: &str| {
        let error = json!({"code": status, "message": "x", "errors": [{"reason": reason}]});
        (status, json!({"error": error}).to_string())
    };
    for (status, body) in [
        reason(400, "invalid"),
        reason(400, "invalidPageToken"),
        reason(403, "teamDriveMembershipRequired"),
        reason(403, "insufficientFilePermissions"),
        (400, json!({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}).to_string()),
        (410, "<html>gone</html>".to_owned()),
    ] {
        let drive = FakeDrive::start().await;
        let root = drive.root_folder("R");
        drive.add_file(&root, "own.mp3", MP3, b"o");
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        table.sync(&source, 100, usize::MAX).await.unwrap();
        let answer = Fault::answer(status, "application/json", body.as_bytes());
        drive.fail(Matcher::call(Call::Changes).nth(1), answer);
        let report = table.sync(&source, 100, usize::MAX).await.unwrap();
        assert_eq!(report.coverage, Coverage::Complete, "{status} {body}: {report:?}");
        table.must_equal(&walked(&drive, &root, is_media), &body);
    }
}

#[tokio::test]
async fn a_shortcut_that_moves_into_the_folder_that_it_leads_to_takes_it_along() {
    let drive = FakeDrive::start().await;
    let (root, other) = (drive.root_folder("R"), drive.root_folder("other"));
    drive.add_file(&root, "own.mp3", MP3, b"o");
    drive.add_file(&other, "p.mp3", MP3, b"p");
    let link = drive.add_shortcut(&root, "link", &other);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.move_to(&link, &other);
    table.sync(&source, 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the run");
}

#[tokio::test]
async fn a_file_in_a_folder_that_came_in_is_not_told_gone_by_a_resumed_increment() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let folder = folders(&drive, &root, 3)[0].clone();
    let other = drive.root_folder("other");
    let inside = drive.walk(&folder, Principal::ServiceAccount, true)[0].id.clone();
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    drive.trash(&folder);
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.rename(&inside, "renamed.mp3");
    drive.untrash(&folder);
    let between = |attempt| {
        if attempt == 1 {
            drive.add_shortcut(&root, "link", &other);
        }
    };
    table.sync_between(&source, (1, 1), between).await.unwrap();
    let delivered = table.rows.get(&inside);
    assert!(delivered.is_none_or(|row| row.is_available), "{delivered:?}");
    must_settle(&drive, &root, &mut table, "after two runs").await;
}
