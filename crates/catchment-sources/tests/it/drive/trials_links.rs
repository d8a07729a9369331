//! What a second reading found in shortcuts and change logs, each by its name.

use catchment_core::Coverage;
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal, TokenDeath};
use serde_json::json;

use super::table::{Table, is_media, walked};
use super::trials::{folders, must_settle};
use super::{pages_of, read, source, try_source, values};

const MP3: &str = "audio/mpeg";

/// A folder with a file, and a shared drive with another one; the account is a member.
fn with_team(drive: &FakeDrive) -> (String, String, String) {
    let root = drive.root_folder("R");
    drive.add_file(&root, "own.mp3", MP3, b"o");
    let team = drive.add_shared_drive("Team", &[Principal::User, Principal::ServiceAccount]);
    let folder = drive.add_folder(&team, "TF");
    let song = drive.add_file(&folder, "t.mp3", MP3, b"t");
    (root, folder, song)
}

#[tokio::test]
async fn a_file_behind_a_shortcut_is_watched_in_the_log_of_its_own_drive() {
    let drive = FakeDrive::start().await;
    let (root, _, song) = with_team(&drive);
    drive.add_shortcut(&root, "song", &song);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    for change in [&|| {}, &|| drive.rename(&song, "renamed.mp3"), &|| drive.trash(&song)] as [&dyn Fn(); 3] {
        change();
        table.sync(&source, 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), "after the run");
    }
}

#[tokio::test]
async fn the_log_of_what_came_in_during_a_sweep_is_read_from_then_on() {
    let drive = FakeDrive::start().await;
    let (root, folder, song) = with_team(&drive);
    let came = drive.add_folder(&drive.root_folder("Out"), "N");
    drive.add_shortcut(&came, "team", &folder);
    let (moved, to) = (came.clone(), root.clone());
    drive.before(Matcher::call(Call::Changes).nth(1), move |world| world.move_to(&moved, &to));
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "in");
    drive.delete(&song);
    must_settle(&drive, &root, &mut table, "deleted").await;
}

#[tokio::test]
async fn a_folder_that_came_in_by_a_killed_increment_and_left_again_takes_its_files_along() {
    let drive = FakeDrive::start().await;
    let (root, outside) = (drive.root_folder("R"), drive.root_folder("Out"));
    folders(&drive, &root, 1);
    let came = folders(&drive, &outside, 1)[0].clone();
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.move_to(&came, &root);
    table.sync(&source, 1, 1).await.unwrap();
    drive.move_to(&came, &outside);
    table.sync(&source, 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the run");
}

#[tokio::test]
async fn a_shortcut_to_a_file_that_moves_behind_a_killed_sweep_is_followed() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let inside = folders(&drive, &root, 3);
    let song = drive.add_file(&drive.root_folder("Out"), "s.mp3", MP3, b"s");
    let link = drive.add_shortcut(&inside[2], "song", &song);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.kill_change_tokens(TokenDeath::Gone);
    let between = |attempt| {
        if attempt == 4 {
            drive.move_to(&link, &inside[0]);
        }
    };
    table.sync_between(&source, (1, 1), between).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the sweep");
}

#[tokio::test]
async fn a_list_that_is_not_found_is_of_no_folder_that_is_there() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let folder = folders(&drive, &root, 1)[0].clone();
    drive.configure(|settings| settings.page_limit = 2);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    for nth in [1, 2] {
        let rule = drive.fail(Matcher::call(Call::List).about(&folder).nth(nth), Fault::not_found("x"));
        let report = table.sync(&source, 100, usize::MAX).await.unwrap();
        assert_eq!(report.coverage, Coverage::Complete);
        table.must_equal(&walked(&drive, &root, is_media), &format!("page {nth}"));
        drive.stop_failing(rule);
        drive.kill_change_tokens(TokenDeath::Gone);
        drive.reset_counts();
    }
}

#[tokio::test]
async fn a_folder_that_is_away_for_a_moment_during_a_sweep_keeps_its_files() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let folder = folders(&drive, &root, 1)[0].clone();
    drive.configure(|settings| settings.page_limit = 2);
    let (away, back) = (folder.clone(), folder.clone());
    drive.after(Matcher::call(Call::List).about(&folder).nth(1), move |world| world.trash(&away));
    drive.after(Matcher::call(Call::List).about(&folder).nth(2), move |world| world.untrash(&back));
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the sweep");
}

#[tokio::test]
async fn a_file_of_two_shortcuts_is_read_where_the_second_one_is_meant() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let song = drive.add_file(&drive.root_folder("Out"), "s.mp3", MP3, b"s");
    for folder in ["2025", "2026"] {
        drive.add_shortcut(&drive.add_folder(&root, folder), "song", &song);
    }
    for pattern in ["2025/*.mp3", "2026/*.mp3", "**"] {
        let pages = read(&source(&drive, &root, json!({"pattern": pattern})), pages_of(10)).await.unwrap();
        assert_eq!(values(&pages, &["id"]), [[&*song]], "{pattern}");
    }
}

#[tokio::test]
async fn a_time_that_is_no_ascii_is_refused() {
    let drive = FakeDrive::start().await;
    for time in ["7日", "日", "", "d", "7", "7 d"] {
        let error = try_source(&drive, "1AbC-dEf_GhIjKlMnOp", json!({"reconcileAfter": time})).err().unwrap();
        assert_eq!(error.details()[0].pointer, "/options/reconcileAfter", "{time}");
    }
}
