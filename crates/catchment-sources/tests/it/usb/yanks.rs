//! A stick that is pulled out at any moment: no row is lost, none is marked as gone, and the reading goes on after the plug.

use std::collections::BTreeSet;

use catchment_core::testkit::conforms;
use catchment_core::{Coverage, Cursor, Page, PageSize, Reading};
use serde_json::json;

use super::scripted::{FAILURES, Failure, Stick};
use super::{pages, values};

/// A stick with music, films, games and what is nobody's.
fn stick() -> Stick {
    let stick = Stick::new();
    for artist in ["Björk", "Zoé", "AC-DC"] {
        for song in 1..=4 {
            stick.file(&format!("Música/{artist}/0{song} - Song {song}.mp3"), "not really a song");
        }
    }
    stick.file("Películas/El Padrino 1972 [BRRip 720p].avi", "x");
    stick.file("Juegos/Doom/doom.exe", "x");
    stick.file("Juegos/Doom/data/doom.wad", "yy");
    stick.file("Juegos/SNES/Zelda.sfc", "zzz");
    stick.file("._junk.mp3", "x");
    stick.file("System Volume Information/x.mp3", "x");
    stick.file("photo.jpg", "x");
    stick
}

const ITEMS: usize = 15;

/// The ids that are available, as the engine keeps them.
#[derive(Debug, Default, Clone, PartialEq)]
struct Table {
    there: BTreeSet<String>,
    /// What the run before left, where it is vouched for.
    left: Option<serde_json::Value>,
}

/// A run: what it has seen, and where it stands.
#[derive(Default)]
struct Run {
    seen: BTreeSet<String>,
    /// How many of them were only named.
    vouched: usize,
    cursor: Option<Cursor>,
}

/// Options with which each song is read, and none of them in vain.
fn options() -> serde_json::Value {
    json!({"tags": false, "hash": "quick"})
}

/// The ids of what a page vouches for.
fn unchanged(page: &Page) -> Vec<String> {
    let id = page.columns.iter().position(|name| &**name == "external_id").unwrap();
    page.unchanged.iter().map(|record| record.value(id).to_string()).collect()
}

impl Table {
    /// One attempt at a run; whether it came to the end.
    async fn attempt(
        &mut self,
        stick: &Stick,
        run: &mut Run,
        rows: usize,
    ) -> Result<(), catchment_core::Error> {
        let reading = Reading {
            after: run.cursor.clone(),
            page_size: PageSize::rows(rows),
            carryover: self.left.clone(),
            accepts_unchanged: self.left.is_some(),
            ..Reading::default()
        };
        let (read, end) = pages(&stick.source("volume:1234-abcd", options()), reading).await;
        for page in &read {
            let ids = values(std::slice::from_ref(page), &["external_id"]).into_iter().flatten();
            run.seen.extend(ids);
            run.vouched += page.unchanged.len();
            run.seen.extend(unchanged(page));
            run.cursor = Some(page.cursor.clone());
        }
        self.there.extend(run.seen.iter().cloned());
        end?;
        let cursor = run.cursor.clone().unwrap_or_default();
        // A source without records is suspicious, and marks nothing.
        if cursor.coverage == Coverage::Complete && cursor.records_read > 0 {
            self.there.retain(|id| run.seen.contains(id));
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_volume_conforms() {
    let stick = stick();
    let output = conforms(|| stick.source("volume:1234-ABCD", json!({}))).await;
    assert_eq!(output.records.len(), ITEMS);
    let folder = stick.path().join("Música");
    let output = conforms(|| stick.source(folder.to_str().unwrap(), json!({}))).await;
    assert_eq!(output.records.len(), 12);
}

#[tokio::test]
async fn a_stick_pulled_out_at_any_call_loses_no_row_and_marks_none() {
    let stick = stick();
    let mut whole = Table::default();
    whole.attempt(&stick, &mut Run::default(), 3).await.unwrap();
    assert_eq!(whole.there.len(), ITEMS);
    pull_at_each_call(&stick, &whole).await;
}

#[tokio::test]
async fn a_stick_whose_folders_have_not_changed_can_be_pulled_out_as_well() {
    let stick = stick();
    let (mut whole, mut first) = (Table::default(), Run::default());
    whole.attempt(&stick, &mut first, 3).await.unwrap();
    whole.left = first.cursor.unwrap().carryover;
    stick.plug();
    let mut again = Run::default();
    whole.attempt(&stick, &mut again, 3).await.unwrap();
    // All but the game that is a folder, of which nothing is read.
    assert_eq!((again.vouched, again.seen.len()), (ITEMS - 1, ITEMS));
    pull_at_each_call(&stick, &whole).await;
}

#[tokio::test]
async fn what_is_vouched_for_is_resumed_at_any_page() {
    let stick = stick();
    let source = || stick.source("volume:1234-abcd", options());
    let (all, _) = pages(&source(), Reading::default()).await;
    let reading = |after| Reading {
        after,
        page_size: PageSize::rows(2),
        carryover: all.last().unwrap().cursor.carryover.clone(),
        accepts_unchanged: true,
        ..Reading::default()
    };
    let (whole, end) = pages(&source(), reading(None)).await;
    end.unwrap();
    let told = |pages: &[Page]| pages.iter().flat_map(unchanged).collect::<Vec<_>>();
    for at in 0..whole.len() - 1 {
        let (rest, end) = pages(&source(), reading(Some(whole[at].cursor.clone()))).await;
        end.unwrap();
        assert_eq!([told(&whole[..=at]), told(&rest)].concat(), told(&whole), "after page {at}");
        let end = &rest.last().unwrap().cursor;
        assert_eq!(end.records_read, ITEMS as u64);
        // What an attempt before found in a folder is not known any more.
        let left = end.carryover.as_ref().unwrap()["folders"].as_object().unwrap().clone();
        assert!(at == 0 || !left.contains_key("Juegos/SNES"), "after page {at}: {left:?}");
    }
}

/// At each call of a reading, in each way, and however long the system believes in it.
async fn pull_at_each_call(stick: &Stick, whole: &Table) {
    let calls = stick.calls();
    for failure in FAILURES {
        for call in 1..=calls {
            for window in [0, 2, 1000] {
                let mut table = whole.clone();
                let mut run = Run::default();
                stick.pull_at(call, failure, window);
                let when = format!("{failure:?} at call {call}, believed for {window}");
                match table.attempt(stick, &mut run, 3).await {
                    Err(error) => {
                        // In the moment in which the system still believes in it, it is an error of reading.
                        let is_believed = window > 0 && error.code() == "io";
                        assert!(
                            error.kind().is_retryable() && (error.code() == "volume_away" || is_believed),
                            "{when}: {error}"
                        );
                        // As long as it is away, nothing else comes of it.
                        let again = table.attempt(stick, &mut run, 3).await.unwrap_err();
                        assert_eq!(again.code(), "volume_away", "{when}");
                        stick.plug();
                        table.attempt(stick, &mut run, 3).await.unwrap();
                    }
                    Ok(()) => {
                        // It was pulled out behind the last proof, or seemed to be empty: nothing is marked by that.
                        stick.plug();
                    }
                }
                assert_eq!(&table, whole, "{when}");
            }
        }
    }
}

#[tokio::test]
async fn an_emptied_folder_of_a_stick_that_is_there_is_empty() {
    let stick = stick();
    std::fs::create_dir(stick.path().join("nothing")).unwrap();
    let (read, end) = pages(&stick.source("label:MUSIC", json!({})), Reading::default()).await;
    end.unwrap();
    assert_eq!(read.last().unwrap().cursor.coverage, Coverage::Complete);
    assert_eq!(values(&read, &["path"]).len(), ITEMS);
}

#[tokio::test]
async fn what_changed_between_two_attempts_begins_anew() {
    let stick = stick();
    let reading = Reading { page_size: PageSize::rows(3), ..Reading::default() };
    let (read, _) = pages(&stick.source("volume:1234-ABCD", json!({})), reading).await;
    let cursor = Some(read[1].cursor.clone());
    stick.file("Juegos/AAA.iso", "new");
    let reading = Reading { after: cursor, page_size: PageSize::rows(3), ..Reading::default() };
    let (_, end) = pages(&stick.source("volume:1234-ABCD", json!({})), reading).await;
    assert_eq!(end.unwrap_err().code(), "source_changed");
    assert_ne!(FAILURES[0], Failure::Io);
}
