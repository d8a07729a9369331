//! The files of a folder as content: all of them, whatever happens meanwhile.

use catchment_core::Coverage;
use catchment_core::testkit::conforms;
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal, TokenDeath};
use serde_json::json;

use super::table::{Table, is_media, walked};
use super::{inspect, pages_of, read, source, values};

const MP3: &str = "audio/mpeg";

/// A folder with files in several levels, with repeated names, and with what is none of ours.
pub(crate) fn library(drive: &FakeDrive) -> String {
    let root = drive.root_folder("Music");
    for level in ["Rock", "Pop", "Rock"] {
        let folder = drive.add_folder(&root, level);
        for number in 1..=4 {
            drive.add_file(&folder, &format!("0{number} Artist - Song.mp3"), MP3, level.as_bytes());
        }
        let deep = drive.add_folder(&folder, "Live / 'unplugged' \\");
        drive.add_file(&deep, "Zoe\u{301} - \"Aire\" / 2.flac", "application/octet-stream", b"x");
        drive.add_file(&deep, "Clip.mp4", "video/mp4", b"y");
        drive.add_file(&deep, "notes.txt", "text/plain", b"z");
    }
    drive.add_folder(&root, "empty");
    let trashed = drive.add_file(&root, "gone.mp3", MP3, b"gone");
    drive.trash(&trashed);
    drive.add_file(&drive.root_folder("Other"), "elsewhere.mp3", MP3, b"else");
    root
}

#[tokio::test]
async fn a_folder_is_read_in_the_order_of_ids_and_resumes_anywhere() {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    let output = conforms(|| source(&drive, &root, json!({}))).await;
    assert_eq!(output.records.len(), 18);
    let pages = read(&source(&drive, &root, json!({})), pages_of(1000)).await.unwrap();
    assert!(pages.iter().all(|page| page.cursor.is_inventory));
    assert_eq!(pages.last().unwrap().cursor.coverage, Coverage::Complete);
    assert!(drive.leaks().is_empty(), "{:?}", drive.leaks());
}

#[tokio::test]
async fn names_kinds_and_media_facts_become_columns() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Music");
    let video = drive.add_file_with(
        &root,
        "01 Soda Stereo - Persiana Americana.MP4",
        "video/mp4",
        b"abc",
        |traits| {
            traits.video = Some(fake_google_drive::VideoMetadata {
                width: 1920,
                height: 1080,
                duration_millis: 293_000,
            });
        },
    );
    let pages = read(&source(&drive, &root, json!({})), pages_of(10)).await.unwrap();
    let names = "id title artist extension contentType size md5 durationMillis width height available";
    let names: Vec<_> = names.split(' ').collect();
    let md5 = "900150983cd24fb0d6963f7d28e17f72";
    let expected = [
        &*video,
        "Persiana Americana",
        "Soda Stereo",
        "mp4",
        "video",
        "3",
        md5,
        "293000",
        "1920",
        "1080",
        "true",
    ];
    assert_eq!(values(&pages, &names), [expected]);
    let whole: serde_json::Value = serde_json::from_str(&values(&pages, &["*"])[0][0]).unwrap();
    assert_eq!(
        (&whole["durationMillis"], &whole["name"]),
        (&json!(293_000), &json!("01 Soda Stereo - Persiana Americana.MP4"))
    );
}

#[tokio::test]
async fn patterns_recursion_and_shortcuts_decide_which_files_are_meant() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Root");
    let below = drive.add_folder(&root, "2026");
    let other = drive.root_folder("Other");
    let top = drive.add_file(&root, "a.MP3", MP3, b"a");
    let deep = drive.add_file(&below, "b.mp3", MP3, b"b");
    let linked = drive.add_file(&other, "c.mp3", MP3, b"c");
    drive.add_shortcut(&root, "to other", &other);
    drive.add_shortcut(&below, "to top", &top);
    drive.add_shortcut(&below, "up", &root);
    drive.add_shortcut(&other, "back", &below);
    let dangling = drive.add_file(&other, "d.mp3", MP3, b"d");
    drive.add_shortcut(&root, "to nothing", &dangling);
    drive.delete(&dangling);
    let ids = async |more| {
        let pages = read(&source(&drive, &root, more), pages_of(100)).await.unwrap();
        let mut ids: Vec<_> = values(&pages, &["id"]).into_iter().flatten().collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<_> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(json!({})).await, sorted(&[&top, &deep, &linked]));
    assert_eq!(ids(json!({"shortcuts": "skip"})).await, sorted(&[&top, &deep]));
    assert_eq!(ids(json!({"recursive": false})).await, sorted(&[&top]));
    assert_eq!(ids(json!({"pattern": "*.mp3", "shortcuts": "skip"})).await, sorted(&[&top, &deep]));
    assert_eq!(ids(json!({"pattern": "2026/*", "shortcuts": "skip"})).await, sorted(&[&deep]));
    let pages = read(&source(&drive, &root, json!({})), pages_of(100)).await.unwrap();
    let findings = &pages.last().unwrap().cursor.findings;
    assert!(findings.iter().any(|finding| finding.topic == "shortcuts" && finding.is_unsure), "{findings:?}");
}

#[tokio::test]
async fn a_shared_drive_is_read_by_members_and_by_those_who_were_shown_a_folder() {
    let drive = FakeDrive::start().await;
    for is_member in [true, false] {
        let members =
            if is_member { vec![Principal::User, Principal::ServiceAccount] } else { vec![Principal::User] };
        let shared = drive.add_shared_drive("Team", &members);
        let folder = drive.add_folder(&shared, "Music");
        let song = drive.add_file(&folder, "a.mp3", MP3, b"a");
        if !is_member {
            drive.share(&folder, Principal::ServiceAccount);
        }
        let mut table = Table::default();
        let source = source(&drive, &folder, json!({}));
        table.sync(&source, 10, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &folder, is_media), &format!("member: {is_member}"));
        drive.trash(&song);
        drive.add_file(&folder, "b.mp3", MP3, b"b");
        let report = table.sync(&source, 10, usize::MAX).await.unwrap();
        assert_eq!(report.coverage, Coverage::Increment, "{report:?}");
        table.must_equal(&walked(&drive, &folder, is_media), &format!("member: {is_member}"));
    }
}

#[tokio::test]
async fn what_moves_while_the_folder_is_read_is_never_lost() {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    let total = {
        let mut table = Table::default();
        table.sync(&source(&drive, &root, json!({})), 2, usize::MAX).await.unwrap();
        drive.requests().len()
    };
    // Whatever the request, a mutation before it ends in the same table as the server's own state, at once or with the next run.
    for number in 1..=total + 3 {
        let drive = FakeDrive::start().await;
        let root = library(&drive);
        let inside = root.clone();
        drive.at_request(number, move |world| {
            let files: Vec<_> = world.walk(&inside, Principal::ServiceAccount, true);
            let new = world.add_folder(&inside, "new");
            world.move_to(&files[number % files.len()].id, &new);
            world.trash(&files[(number + 1) % files.len()].id);
            world.rename(&files[(number + 2) % files.len()].id, "renamed.mp3");
            world.set_content(&files[(number + 3) % files.len()].id, b"other");
            world.add_file(&inside, "added.mp3", MP3, b"added");
        });
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        table.sync(&source, 2, 3).await.unwrap();
        table.sync(&source, 2, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("mutation before request {number}"));
    }
}

#[tokio::test]
async fn page_tokens_that_die_between_attempts_cost_nothing() {
    for death in [TokenDeath::Invalid, TokenDeath::Expired, TokenDeath::Gone] {
        let drive = FakeDrive::start().await;
        let root = library(&drive);
        drive.configure(|settings| settings.page_limit = 2);
        let mut listings = 0;
        drive.after(Matcher::call(Call::List), move |world| {
            listings += 1;
            if listings % 3 == 0 && listings < 20 {
                world.kill_listing_tokens(death);
            }
        });
        let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
        let report = table.sync(&source, 3, 1).await.unwrap();
        assert!(report.attempts > 3, "{report:?}");
        table.must_equal(&walked(&drive, &root, is_media), "now");
    }
}

#[tokio::test]
async fn a_listing_that_is_short_empty_or_incomplete_never_passes_for_the_whole() {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    drive.fail(Matcher::call(Call::List).nth(2), Fault::incomplete_search());
    drive.fail(Matcher::call(Call::List).nth(4), Fault::empty_object_200());
    drive.fail(Matcher::call(Call::List).every(3), Fault::empty_page_with_next());
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 5, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn a_root_that_is_trashed_or_unshared_fails_and_marks_nothing() {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    let before = table.available();
    drive.trash(&root);
    assert_eq!(table.sync(&source, 100, usize::MAX).await.unwrap_err().code(), "trashed");
    drive.untrash(&root);
    drive.unshare(&root, Principal::ServiceAccount);
    let error = table.sync(&source, 100, usize::MAX).await.unwrap_err();
    assert_eq!(error.code(), "not_shared");
    assert!(error.message().contains(drive.service_account_email()), "{error}");
    assert_eq!(table.available(), before);
    // In the middle of a pass it looks like a folder without files.
    drive.share(&root, Principal::ServiceAccount);
    let inside = root.clone();
    drive.before(Matcher::call(Call::List).nth(1), move |world| {
        world.unshare(&inside, Principal::ServiceAccount);
    });
    let mut fresh = Table::default();
    assert_eq!(fresh.sync(&source, 100, usize::MAX).await.unwrap_err().code(), "not_shared");
}

#[tokio::test]
async fn a_thousand_files_in_many_levels_with_one_name() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Deep");
    let mut folder = root.clone();
    for level in 0..60 {
        folder = drive.add_folder(&folder, "same");
        for number in 0..20 {
            drive.add_file(&folder, "same.mp3", MP3, format!("{level} {number}").as_bytes());
        }
    }
    drive.configure(|settings| settings.page_limit = 7);
    let (mut table, source) = (Table::default(), source(&drive, &root, json!({})));
    let report = table.sync(&source, 100, 2).await.unwrap();
    assert_eq!((report.read, report.coverage), (1200, Coverage::Complete));
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn inspecting_a_folder_tells_who_reads_it_and_what_is_there() {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    let inspection = inspect(&source(&drive, &root, json!({}))).await;
    let told: Vec<_> = inspection.findings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains(drive.service_account_email()), "{told:?}");
    assert!(told[1].contains("the folder `Music`") && told[1].contains("4 folders"), "{told:?}");
    assert_eq!(inspection.page.unwrap().records.len(), 18);
}
