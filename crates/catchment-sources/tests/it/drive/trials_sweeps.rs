//! What a trial with a hostile mind found in sweeps, each by its name.

use catchment_core::{Coverage, ErrorKind};
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal, TokenDeath};
use serde_json::json;

use super::table::{Table, is_media, walked};
use super::trials::{folders, must_settle};
use super::{error_of, source};

const MP3: &str = "audio/mpeg";

#[tokio::test]
async fn a_file_that_moves_behind_a_killed_sweep_is_not_taken_for_gone() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let folders = folders(&drive, &root, 4);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.kill_change_tokens(TokenDeath::Gone);
    let moved = drive.walk(&folders[3], Principal::ServiceAccount, true)[0].id.clone();
    let between = |attempt| {
        if attempt == 1 {
            drive.move_to(&moved, &folders[0]);
        }
    };
    table.sync_between(&source, (2, 1), between).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the sweep");
}

#[tokio::test]
async fn a_folder_that_comes_behind_a_killed_sweep_loses_no_file() {
    for is_trashed in [true, false] {
        let drive = FakeDrive::start().await;
        let (root, outside) = (drive.root_folder("R"), drive.root_folder("Out"));
        let first = folders(&drive, &root, 5)[0].clone();
        let (leave, come): (&dyn Fn(), &dyn Fn()) = if is_trashed {
            (&|| drive.trash(&first), &|| drive.untrash(&first))
        } else {
            (&|| drive.move_to(&first, &outside), &|| drive.move_to(&first, &root))
        };
        leave();
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        let between = |attempt| {
            if attempt == 1 {
                come();
            }
        };
        table.sync_between(&source, (4, 1), between).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), "after the sweep");
    }
}

#[tokio::test]
async fn a_folder_that_leaves_in_a_killed_sweep_leaves_no_file_available() {
    for way in ["trash", "move", "delete"] {
        let drive = FakeDrive::start().await;
        let (root, outside) = (drive.root_folder("R"), drive.root_folder("Out"));
        let first = folders(&drive, &root, 4)[0].clone();
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        let between = |attempt| match (attempt, way) {
            (1, "trash") => drive.trash(&first),
            (1, "move") => drive.move_to(&first, &outside),
            (1, _) => drive.delete(&first),
            _ => {}
        };
        table.sync_between(&source, (4, 1), between).await.unwrap();
        must_settle(&drive, &root, &mut table, way).await;
    }
}

#[tokio::test]
async fn a_folder_that_came_in_during_a_sweep_and_left_later_is_seen_to_leave() {
    let drive = FakeDrive::start().await;
    let (root, outside) = (drive.root_folder("R"), drive.root_folder("Out"));
    folders(&drive, &root, 2);
    let extra = drive.add_folder(&outside, "extra");
    drive.add_file(&extra, "e.mp3", MP3, b"e");
    let (came, into) = (extra.clone(), root.clone());
    drive.before(Matcher::call(Call::Changes).nth(1), move |world| world.move_to(&came, &into));
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "in");
    drive.move_to(&extra, &outside);
    must_settle(&drive, &root, &mut table, "out").await;
}

#[tokio::test]
async fn a_shortcut_that_moves_during_a_sweep_is_no_reason_to_mark_what_it_leads_to() {
    let drive = FakeDrive::start().await;
    let (root, other) = (drive.root_folder("R"), drive.root_folder("other"));
    let sub = drive.add_folder(&root, "sub");
    drive.add_file(&sub, "s.mp3", MP3, b"s");
    drive.add_file(&other, "p.mp3", MP3, b"p");
    let link = drive.add_shortcut(&sub, "link", &other);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.kill_change_tokens(TokenDeath::Gone);
    let (moved, to) = (link, root.clone());
    drive.before(Matcher::call(Call::List).about(&sub).nth(1), move |world| {
        world.delete(&moved);
        world.add_shortcut(&to, "link", &other);
    });
    for run in 0..2 {
        table.sync(&source, 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("run {run}"));
    }
}

#[tokio::test]
async fn a_page_token_of_a_list_that_is_not_taken_begins_the_list_anew_whatever_the_words() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    folders(&drive, &root, 1);
    drive.configure(|settings| settings.page_limit = 2);
    let body = br#"{"error":{"code":400,"message":"Invalid Value","errors":[{"reason":"invalid"}]}}"#;
    drive.fail(Matcher::call(Call::List).nth(3), Fault::answer(400, "application/json", body));
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "after the run");
}

#[tokio::test]
async fn tokens_that_lead_in_circles_end_the_run() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    folders(&drive, &root, 1);
    let page = |next: &str| {
        Fault::answer(
            200,
            "application/json",
            json!({"files": [], "nextPageToken": next}).to_string().as_bytes(),
        )
    };
    for number in 1..=40 {
        drive.fail(Matcher::call(Call::List).nth(number), page(if number % 2 == 0 { "a" } else { "b" }));
    }
    let error = error_of(&source(&drive, &root, json!({}))).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "endless_list"), "{error}");
}

#[tokio::test]
async fn a_clock_of_the_server_that_was_years_off_does_not_put_off_the_next_sweep() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    drive.add_file(&root, "a.mp3", MP3, b"x");
    let years = 10 * 365 * 24 * 60 * 60;
    drive.advance(years);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.advance(-years);
    let report = table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Complete);
}
