//! Volumes that are there, and damaged: what a second reading found, each by its name.

use catchment_core::{Coverage, Page, Reading};
use serde_json::json;

use super::scripted::{Damage, Stick};
use super::{pages, values};

/// A stick with two songs and a game.
fn stick() -> Stick {
    let stick = Stick::new();
    stick.file("Music/1.mp3", "one");
    stick.file("Music/2.mp3", "two");
    stick.file("Games/Doom/cache/x.bin", "x");
    stick.file("Games/Doom/doom.exe", "y");
    stick
}

async fn all(stick: &Stick, options: serde_json::Value) -> Vec<Page> {
    let (pages, end) = pages(&stick.source("volume:1234-ABCD", options), Reading::default()).await;
    end.unwrap();
    pages
}

fn paths(pages: &[Page]) -> Vec<String> {
    values(pages, &["path"]).into_iter().flatten().collect()
}

fn coverage(pages: &[Page]) -> Coverage {
    pages.last().unwrap().cursor.coverage
}

#[tokio::test]
async fn a_game_stays_though_a_folder_in_it_has_just_been_deleted() {
    let stick = stick();
    stick.damage("Games/Doom/cache", Damage::Gone);
    let pages = all(&stick, json!({})).await;
    assert_eq!(paths(&pages), ["Games/Doom", "Music/1.mp3", "Music/2.mp3"]);
    // Nor is it lost for the file that is to prove that the volume is there.
    let stick = self::stick();
    stick.damage("Games/Doom/doom.exe", Damage::Gone);
    stick.damage("Games/Doom/cache/x.bin", Damage::Gone);
    assert_eq!(paths(&all(&stick, json!({})).await), ["Games/Doom", "Music/1.mp3", "Music/2.mp3"]);
}

#[tokio::test]
async fn what_is_listed_and_cannot_be_looked_at_makes_no_whole_pass() {
    for damage in [Damage::Lost, Damage::Doubled] {
        let stick = stick();
        stick.damage("Music/1.mp3", damage);
        let pages = all(&stick, json!({})).await;
        assert_eq!(paths(&pages), ["Games/Doom", "Music/2.mp3"], "{damage:?}");
        assert_eq!(coverage(&pages), Coverage::Truncated, "{damage:?}");
        assert_eq!(pages[0].rejects[0].item.as_deref(), Some("Music/1.mp3"));
    }
}

#[tokio::test]
async fn a_damaged_first_file_does_not_make_a_volume_one_that_is_away() {
    let stick = stick();
    stick.damage("Games/Doom/doom.exe", Damage::Unreadable);
    stick.damage("Games/Doom/cache/x.bin", Damage::Unreadable);
    let pages = all(&stick, json!({})).await;
    assert_eq!((paths(&pages).len(), coverage(&pages)), (3, Coverage::Complete));
}

#[tokio::test]
async fn what_the_options_exclude_is_no_hole() {
    let stick = stick();
    stick.damage("Music/1.mp3", Damage::Lost);
    for exclude in ["Music", "Music/**", "music/1.mp3"] {
        assert_eq!(
            coverage(&all(&stick, json!({"exclude": [exclude]})).await),
            Coverage::Complete,
            "{exclude}"
        );
    }
}

#[tokio::test]
async fn a_file_that_the_device_cannot_read_is_a_reject_and_what_is_known_of_it_stays() {
    let stick = Stick::new();
    stick.file("a.mp3", "not a song");
    stick.file("b.mp3", "not a song");
    stick.damage("a.mp3", Damage::Broken);
    let (read, end) = pages(&stick.source("volume:1234-ABCD", json!({})), Reading::default()).await;
    end.unwrap();
    assert_eq!(values(&read, &["path"]), [["b.mp3"]]);
    let reject = &read[0].rejects[0];
    assert_eq!((reject.code, reject.item.as_deref()), ("unreadable_file", Some("a.mp3")));
    // What it has of a folder is read again next time.
    assert_eq!(read[0].cursor.carryover.as_ref().unwrap()["folders"], json!({}));
}

#[tokio::test]
async fn where_the_system_has_found_faults_nothing_is_gone() {
    let stick = Stick::new();
    stick.file("a.mp3", "not a song");
    stick.damage("somewhere", Damage::Fault);
    let (read, end) = pages(&stick.source("volume:1234-ABCD", json!({})), Reading::default()).await;
    end.unwrap();
    let cursor = &read.last().unwrap().cursor;
    assert_eq!(cursor.coverage, Coverage::Truncated);
    assert!(cursor.warning.as_ref().unwrap().contains("fsck"));
}
