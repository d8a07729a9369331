//! What is synced while things happen: two sources into one table, and each into a table of somebody's own, loaded and then
//! loaded again with changes.

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use rand::RngExt;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::context::{OWN_TABLES, TrialContext};
use super::waiting::{PATIENCE, progress, wait_until};
use xtask::database::Database;
use xtask::process::Service;

const ROWS: usize = 150_000;
const SOURCES: usize = OWN_TABLES.len();

/// All that must be the same, whatever happened. Ids and times may differ; the order of the runs does not.
const VIEWS: [&str; 6] = [
    "SELECT source_name, status, items_processed, items_failed, items_skipped, sync_metadata, error_message \
     FROM sync_runs ORDER BY id",
    "SELECT c.source_identifier, c.external_id, c.content_type, c.title, c.artist, c.metadata, c.is_available, \
     (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= c.last_sync_run_id) FROM content_index c \
     ORDER BY c.source_identifier, c.external_id",
    "SELECT (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= e.sync_run_id) AS run, e.error_type, e.error_code, \
     e.error_message, e.item_identifier, e.line_no, e.byte_offset, e.column_name, e.raw_record \
     FROM sync_errors e ORDER BY run, e.line_no",
    "SELECT (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= s.sync_run_id) AS run, s.reason, s.item_identifier, \
     s.line_no, s.byte_offset FROM sync_skips s ORDER BY run, s.line_no",
    "SELECT id, title, artist, year FROM songs_0 ORDER BY id",
    "SELECT id, title, artist, year FROM songs_1 ORDER BY id",
];

/// The files, and what the database must hold after each act.
pub(super) struct Workload {
    dir: TempDir,
    expected: Vec<[String; VIEWS.len()]>,
}

impl Workload {
    /// Writes the files, and syncs them undisturbed into a database of their own.
    pub(super) fn new(stage: &mut TrialContext, reference: &Database) -> Result<Self> {
        let mut play = Self { dir: tempfile::tempdir()?, expected: Vec::new() };
        let targets: String =
            OWN_TABLES.iter().map(|name| format!("[[target]]\nname = \"{name}\"\n")).collect();
        fs::write(play.dir.path().join("catchment.toml"), targets)?;
        let mut inserted = 0;
        for source in 0..SOURCES {
            let (first, rows) = make_file(&mut stage.rng);
            inserted += rows;
            fs::write(play.file(0, source), &first)?;
            fs::write(play.file(1, source), change(&first, &mut stage.rng))?;
        }
        let mut services = stage.start(1, reference, play.dir.path())?;
        for act in 0..play.acts() {
            play.begin(act, &services[0])?;
            wait_until(PATIENCE, "the reference has not ended", || Ok(progress(reference)?.1 == 0))?;
            let views = look(reference)?;
            let rows = views[1].lines().count();
            if views[0].contains("failed") && !views[0].contains("completed") || act == 0 && rows != inserted
            {
                bail!("the reference itself is wrong: {rows} rows for {inserted}\n{}", views[0]);
            }
            play.expected.push(views);
        }
        services.clear();
        Ok(play)
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn acts(&self) -> usize {
        2
    }

    fn file(&self, act: usize, source: usize) -> std::path::PathBuf {
        self.dir.path().join(format!("act{act}-source{source}.csv"))
    }

    /// Asks for the syncs of an act.
    pub(super) fn begin(&self, act: usize, service: &Service) -> Result<()> {
        for (source, table) in OWN_TABLES.iter().enumerate() {
            for target in [r#""contentType": "music""#.to_owned(), format!(r#""targetTable": "{table}""#)] {
                let body = format!(
                    r#"{{"sourceType": "csv", "sourceIdentifier": "{}", "options": {{{target}, "sourceName": "source {source}"}}}}"#,
                    self.file(act, source).display()
                );
                // Its port opens before its database answers.
                wait_until(PATIENCE, "the sync was not scheduled", || {
                    service.request("POST", "/v1/sync/trigger", &body).map(|_| true)
                })?;
            }
        }
        Ok(())
    }

    /// What the database holds after an act must be what was expected, to the last reject.
    pub(super) fn compare(&self, act: usize, database: &Database) -> Result<()> {
        for (found, expected) in look(database)?.iter().zip(&self.expected[act]) {
            if found == expected {
                continue;
            }
            let differing = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
            let (found_rows, expected_rows) = (found.lines().count(), expected.lines().count());
            bail!(
                "{found_rows} rows for {expected_rows}; the first that differs, and what it should be: {differing:#?}"
            );
        }
        Ok(())
    }
}

fn look(database: &Database) -> Result<[String; VIEWS.len()]> {
    let mut views = [const { String::new() }; VIEWS.len()];
    for (view, sql) in views.iter_mut().zip(VIEWS) {
        *view = database.query(sql)?;
    }
    Ok(views)
}

/// A file with rejects and doubled identities, and how many rows it makes.
fn make_file(rng: &mut StdRng) -> (String, usize) {
    let (mut text, mut seen) = (String::from("id,title,artist,year\n"), HashSet::new());
    for row in 0..ROWS {
        let id = match rng.random_range(0..1000) {
            0 => {
                text.push_str("ragged\n");
                continue;
            }
            1 => {
                text.push_str(&format!("{row},,nobody,1999\n"));
                continue;
            }
            2..4 if row > 10 => rng.random_range(0..row),
            _ => row,
        };
        seen.insert(id);
        let artist = rng.random_range(0..5000);
        writeln!(text, "{id},\"Title \"\"{row}\"\"\",Ärtist {artist},{}", 1950 + row % 70).ok();
    }
    (text, seen.len())
}

/// The same file some time later: a few rows changed, a few gone, a few new.
fn change(text: &str, rng: &mut StdRng) -> String {
    let mut changed = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        match rng.random_range(0..200) {
            0 if number > 0 => continue,
            1 => writeln!(changed, "{}", line.replace("Title", "New title")).ok(),
            2 if number > 0 => writeln!(changed, "new {number},Added,Somebody,2026\n{line}").ok(),
            _ => writeln!(changed, "{line}").ok(),
        };
    }
    changed
}
