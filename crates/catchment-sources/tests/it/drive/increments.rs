//! What changes in a folder between two runs, by the change feed; and when it is not believed.

use catchment_core::Coverage;
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Principal, TokenDeath};
use serde_json::json;

use super::files::library;
use super::source;
use super::table::{Table, is_media, walked};

const MP3: &str = "audio/mpeg";

/// A library, and a table that has it.
async fn synced() -> (FakeDrive, String, Table) {
    let drive = FakeDrive::start().await;
    let root = library(&drive);
    let mut table = Table::default();
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "now");
    drive.reset_counts();
    (drive, root, table)
}

#[tokio::test]
async fn nothing_new_costs_three_requests_and_reads_nothing() {
    let (drive, root, mut table) = synced().await;
    let report = table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    assert_eq!((report.read, report.coverage), (0, Coverage::Increment));
    assert_eq!((drive.count(Call::List), drive.count(Call::Changes), drive.count(Call::Get)), (0, 1, 1));
}

#[tokio::test]
async fn ten_changes_cost_five_requests_at_most() {
    let (drive, root, mut table) = synced().await;
    let mut files = drive.walk(&root, Principal::ServiceAccount, true);
    files.retain(is_media);
    files[..5].iter().for_each(|file| drive.trash(&file.id));
    files[5..10].iter().for_each(|file| drive.rename(&file.id, "renamed.mp3"));
    let report = table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    assert_eq!((report.read, report.coverage), (5, Coverage::Increment));
    let requests = drive.requests().len();
    assert!(requests <= 5, "{requests}");
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn what_changed_came_and_left_is_told_without_a_listing() {
    let (drive, root, mut table) = synced().await;
    let files = drive.walk(&root, Principal::ServiceAccount, true);
    let elsewhere = drive.root_folder("Elsewhere");
    drive.trash(&files[0].id);
    drive.delete(&files[1].id);
    drive.move_to(&files[2].id, &elsewhere);
    drive.rename(&files[3].id, "renamed.mp3");
    drive.set_content(&files[4].id, b"other");
    drive.rename(&files[5].id, "no media any more.txt");
    drive.add_file(&root, "new.mp3", MP3, b"new");
    let report = table.sync(&source(&drive, &root, json!({})), 2, 1).await.unwrap();
    assert_eq!((report.coverage, drive.count(Call::List)), (Coverage::Increment, 0), "{report:?}");
    table.must_equal(&walked(&drive, &root, is_media), "now");
    drive.untrash(&files[0].id);
    drive.move_to(&files[2].id, &root);
    table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn a_folder_that_comes_in_brings_its_files_and_one_that_leaves_takes_them() {
    let (drive, root, mut table) = synced().await;
    let outside = drive.root_folder("Outside");
    let folder = drive.add_folder(&outside, "Album");
    let inner = drive.add_folder(&folder, "CD 2");
    drive.add_file(&folder, "one.mp3", MP3, b"1");
    drive.add_file(&inner, "two.mp3", MP3, b"2");
    let source = source(&drive, &root, json!({}));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.reset_counts();
    drive.move_to(&folder, &root);
    let report = table.sync(&source, 1, 1).await.unwrap();
    table.must_equal(&walked(&drive, &root, is_media), &format!("{report:?}"));
    // What came into it while it was read in several attempts is in no change: all is read again.
    let report = table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Complete, "{report:?}");
    // What is in it now is known from now on.
    drive.add_file(&inner, "three.mp3", MP3, b"3");
    let report = table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Increment);
    table.must_equal(&walked(&drive, &root, is_media), "now");
    drive.move_to(&folder, &outside);
    let report = table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Complete, "{report:?}");
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_means_a_sweep_in_all_its_spellings() {
    for death in [TokenDeath::Invalid, TokenDeath::Expired, TokenDeath::NotFound, TokenDeath::Gone] {
        let (drive, root, mut table) = synced().await;
        let files = drive.walk(&root, Principal::ServiceAccount, true);
        drive.trash(&files[0].id);
        drive.kill_change_tokens(death);
        let report = table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
        assert_eq!(report.coverage, Coverage::Complete, "{death:?}");
        assert!(report.findings.iter().any(|finding| finding.contains("cannot be read on")), "{report:?}");
        table.must_equal(&walked(&drive, &root, is_media), &format!("{death:?}"));
    }
}

#[tokio::test]
async fn a_removal_that_was_never_told_is_found_when_all_is_read_again() {
    let (drive, root, mut table) = synced().await;
    let files = drive.walk(&root, Principal::ServiceAccount, true);
    drive.configure(|settings| settings.loses_removals = true);
    drive.delete(&files[0].id);
    let source = source(&drive, &root, json!({"reconcileAfter": "2d"}));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_ne!(table.available(), walked(&drive, &root, is_media));
    drive.advance(3 * 24 * 60 * 60);
    let report = table.sync(&source, 100, usize::MAX).await.unwrap();
    assert_eq!(report.coverage, Coverage::Complete);
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn entries_that_come_late_or_twice_or_while_the_feed_is_paged_are_not_lost() {
    let (drive, root, mut table) = synced().await;
    let source = source(&drive, &root, json!({}));
    let files = drive.walk(&root, Principal::ServiceAccount, true);
    drive.configure(|settings| settings.page_limit = 2);
    drive.fail(Matcher::call(Call::Changes).every(2), Fault::repeated_change_entries());
    drive.hold_changes();
    for file in &files[..6] {
        drive.rename(&file.id, "later.mp3");
    }
    table.sync(&source, 1, 1).await.unwrap();
    drive.release_changes();
    let (again, gone) = (files[0].id.clone(), files[5].id.clone());
    drive.before(Matcher::call(Call::Changes).nth(3), move |world| {
        world.rename(&again, "latest.mp3");
        world.trash(&gone);
    });
    for _ in 0..2 {
        table.sync(&source, 1, 1).await.unwrap();
    }
    table.must_equal(&walked(&drive, &root, is_media), "now");
}

#[tokio::test]
async fn shortcuts_that_come_lead_elsewhere_or_lose_their_target_are_followed() {
    let (drive, root, mut table) = synced().await;
    let source = source(&drive, &root, json!({}));
    let outside = drive.root_folder("Outside");
    let song = drive.add_file(&outside, "linked.mp3", MP3, b"l");
    let shortcut = drive.add_shortcut(&root, "to the song", &song);
    for change in [0, 1, 2, 3] {
        match change {
            0 => {}
            1 => drive.rename(&song, "linked again.mp3"),
            2 => drive.trash(&song),
            _ => drive.delete(&shortcut),
        }
        table.sync(&source, 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("change {change}"));
    }
}

#[tokio::test]
async fn who_becomes_a_member_of_a_drive_reads_all_of_it_again() {
    let drive = FakeDrive::start().await;
    let shared = drive.add_shared_drive("Team", &[Principal::User]);
    let folder = drive.add_folder(&shared, "Music");
    drive.add_file(&folder, "a.mp3", MP3, b"a");
    drive.share(&folder, Principal::ServiceAccount);
    let (mut table, source) = (Table::default(), source(&drive, &folder, json!({})));
    table.sync(&source, 100, usize::MAX).await.unwrap();
    drive.set_member(&shared, Principal::ServiceAccount, true);
    let song = drive.add_file(&folder, "b.mp3", MP3, b"b");
    table.sync(&source, 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &folder, is_media), "now");
    drive.trash(&song);
    table.sync(&source, 100, usize::MAX).await.unwrap();
    table.must_equal(&walked(&drive, &folder, is_media), "now");
}

/// Mutations at random, runs that are killed after any page, and now and then a fault or a token that dies: in the end the
/// table is what a plain walk of the server's own state says.
#[tokio::test]
async fn random_histories_end_in_what_the_server_knows() {
    for seed in 0..25_u64 {
        let drive = FakeDrive::start_with_seed(seed).await;
        let root = library(&drive);
        let mut table = Table::default();
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..6 {
            for _ in 0..dice.below(6) {
                mutate(&drive, &root, &mut dice);
            }
            let inside = root.clone();
            let mut more = Dice(dice.next());
            drive.at_request(drive.requests().len() + dice.below(12), move |world| {
                let files = world.walk(&inside, Principal::ServiceAccount, true);
                if !files.is_empty() {
                    world.trash(&files[more.below(files.len())].id);
                }
            });
            if dice.below(4) == 0 {
                drive.kill_change_tokens(TokenDeath::Gone);
            }
            let source = source(&drive, &root, json!({}));
            table.sync(&source, 1 + dice.below(4), 1 + dice.below(5)).await.unwrap();
        }
        table.sync(&source(&drive, &root, json!({})), 100, usize::MAX).await.unwrap();
        table.must_equal(&walked(&drive, &root, is_media), &format!("seed {seed}"));
    }
}

fn mutate(drive: &FakeDrive, root: &str, dice: &mut Dice) {
    let files = drive.walk(root, Principal::ServiceAccount, true);
    let Some(file) = files.get(dice.below(files.len().max(1))) else { return };
    let folder = file.parents.first().cloned().unwrap_or_else(|| root.to_owned());
    match dice.below(9) {
        0 => drive.trash(&file.id),
        1 => drive.delete(&file.id),
        2 => drive.rename(&file.id, "renamed.mp3"),
        3 => drive.set_content(&file.id, &dice.next().to_be_bytes()),
        4 => drive.move_to(&file.id, root),
        5 => {
            let new = drive.add_folder(root, "new");
            drive.move_to(&file.id, &new);
        }
        6 if folder != root => drive.trash(&folder),
        7 => {
            drive.add_shortcut(root, "link", &file.id);
        }
        _ => {
            drive.add_file(&folder, "added.mp3", MP3, &dice.next().to_be_bytes());
        }
    }
}

/// Numbers that look random, the same for a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}
