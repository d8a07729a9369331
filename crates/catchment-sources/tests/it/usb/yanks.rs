//! A stick that is pulled out at any moment: no row is lost, none is marked as gone, and the reading goes on after the plug.

use std::collections::BTreeSet;

use catchment_core::testkit::conforms;
use catchment_core::{Coverage, Cursor, PageSize, Reading};
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
}

/// A run: what it has seen, and where it stands.
#[derive(Default)]
struct Run {
    seen: BTreeSet<String>,
    cursor: Option<Cursor>,
}

impl Table {
    /// One attempt at a run; whether it came to the end.
    async fn attempt(
        &mut self,
        stick: &Stick,
        run: &mut Run,
        rows: usize,
    ) -> Result<(), catchment_core::Error> {
        let reading =
            Reading { after: run.cursor.clone(), page_size: PageSize::rows(rows), ..Reading::default() };
        let (read, end) = pages(&stick.source("volume:1234-abcd", json!({})), reading).await;
        for page in &read {
            let ids = values(std::slice::from_ref(page), &["external_id"]).into_iter().flatten();
            run.seen.extend(ids);
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
    let calls = stick.calls();
    for failure in FAILURES {
        for call in 1..=calls {
            for window in [0, 2, 1000] {
                let mut table = whole.clone();
                let mut run = Run::default();
                stick.pull_at(call, failure, window);
                let when = format!("{failure:?} at call {call}, believed for {window}");
                match table.attempt(&stick, &mut run, 3).await {
                    Err(error) => {
                        // In the moment in which the system still believes in it, it is an error of reading.
                        let is_believed = window > 0 && error.code() == "io";
                        assert!(
                            error.kind().is_retryable() && (error.code() == "volume_away" || is_believed),
                            "{when}: {error}"
                        );
                        // As long as it is away, nothing else comes of it.
                        let again = table.attempt(&stick, &mut run, 3).await.unwrap_err();
                        assert_eq!(again.code(), "volume_away", "{when}");
                        stick.plug();
                        table.attempt(&stick, &mut run, 3).await.unwrap();
                    }
                    Ok(()) => {
                        // It was pulled out behind the last proof, or seemed to be empty: nothing is marked by that.
                        stick.plug();
                    }
                }
                assert_eq!(table, whole, "{when}");
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
