//! What is synced while things happen: two sources into one table, and each into a table of somebody's own. They are loaded, loaded
//! again with changes, and once more with rows that have left; what would change next is looked at, and approved; and what was
//! rejected is mended and replayed. Between them somebody edits rows by hand, and policies keep that.

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
const VIEWS: [&str; 8] = [
    "SELECT source_name, status, items_processed, items_failed, items_skipped, sync_metadata, error_message \
     FROM sync_runs ORDER BY id",
    "SELECT c.source_identifier, c.external_id, c.content_type, c.title, c.artist, c.metadata, c.is_available, \
     (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= c.last_sync_run_id) FROM content_index c \
     ORDER BY c.source_identifier, c.external_id",
    "SELECT (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= e.sync_run_id) AS run, e.error_type, e.error_code, \
     e.error_message, e.item_identifier, e.line_no, e.byte_offset, e.column_name, e.raw_record, e.state \
     FROM sync_errors e ORDER BY run, e.line_no",
    // The records of a replay stand in rows of `sync_errors`, whose ids may differ.
    "SELECT (SELECT COUNT(*) FROM sync_runs r WHERE r.id <= s.sync_run_id) AS run, s.reason, s.item_identifier, \
     CASE WHEN m.mode <> 'replay' THEN s.line_no END, s.byte_offset FROM sync_skips s JOIN sync_runs m ON m.id = s.sync_run_id \
     ORDER BY run, s.line_no",
    "SELECT id, title, artist, year FROM songs_0 ORDER BY id",
    "SELECT id, title, artist, year FROM songs_1 ORDER BY id",
    "SELECT target_table, source_name, item_identifier, column_name, written_value, table_value, source_value, state, settled_by \
     FROM sync_conflicts ORDER BY target_table, source_name, item_identifier, column_name",
    "SELECT HEX(scope), HEX(identity), fields FROM sync_written ORDER BY 1, 2",
];

/// What is asked for, one thing after the other.
#[derive(Clone, Copy)]
enum Act {
    /// Sync the files of a number.
    Sync(usize),
    /// The same, with the rows that have left.
    Sweep(usize),
    /// Look at what that would do with the files of a number.
    Preview(usize),
    /// Approve what was looked at.
    Approve,
    /// Mend and replay what was rejected.
    Replay,
    /// Edit rows by hand.
    Edit,
}

const ACTS: [Act; 8] = [
    Act::Sync(0),
    Act::Edit,
    Act::Sync(1),
    Act::Sweep(2),
    Act::Edit,
    Act::Preview(3),
    Act::Approve,
    Act::Replay,
];

/// What somebody does by hand: once as well as twice.
const EDITS: [&str; 3] = [
    "UPDATE content_index SET title = 'Edited' WHERE external_id LIKE '%7'",
    "UPDATE songs_0 SET artist = 'Edited' WHERE id LIKE '%7'",
    "UPDATE songs_1 SET artist = 'Edited' WHERE id LIKE '%7'",
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
            let second = change(&first, &mut stage.rng);
            let third = thin(&second, &mut stage.rng);
            fs::write(play.file(3, source), thin(&change(&third, &mut stage.rng), &mut stage.rng))?;
            fs::write(play.file(1, source), second)?;
            fs::write(play.file(2, source), third)?;
        }
        let mut services = stage.start(1, reference, play.dir.path())?;
        for act in 0..play.acts() {
            play.begin(act, &services[0], reference)?;
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
        ACTS.len()
    }

    fn file(&self, number: usize, source: usize) -> std::path::PathBuf {
        self.dir.path().join(format!("files{number}-source{source}.csv"))
    }

    /// Asks for the runs of an act.
    pub(super) fn begin(&self, act: usize, service: &Service, database: &Database) -> Result<()> {
        let runs = |sql: &str| -> Result<Vec<String>> {
            Ok(database.query(sql)?.split_whitespace().map(str::to_owned).collect())
        };
        match ACTS[act] {
            Act::Sync(number) => self.ask(service, "/v1/sync/trigger", number, false),
            Act::Sweep(number) => self.ask(service, "/v1/sync/trigger", number, true),
            Act::Preview(number) => self.ask(service, "/v1/sync/preview", number, true),
            Act::Approve => {
                let previews = runs("SELECT id FROM sync_runs WHERE mode = 'preview' ORDER BY id")?;
                previews.iter().try_for_each(|id| post(service, &format!("/v1/sync/{id}/approve"), "{}"))
            }
            Act::Edit => EDITS.iter().try_for_each(|sql| database.query(sql).map(|_| ())),
            Act::Replay => {
                let rejecting = runs(
                    "SELECT DISTINCT sync_run_id FROM sync_errors WHERE state = 'open' AND record IS NOT NULL ORDER BY sync_run_id",
                )?;
                let body = r#"{"set": {"title": "Mended"}}"#;
                rejecting
                    .iter()
                    .try_for_each(|id| post(service, &format!("/v1/sync/{id}/errors/replay"), body))
            }
        }
    }

    fn ask(&self, service: &Service, path: &str, number: usize, sweeps: bool) -> Result<()> {
        for (source, table) in OWN_TABLES.iter().enumerate() {
            let own = format!(r#""targetTable": "{table}", "conflicts": {{"artist": "ask"}}"#);
            let built_in = r#""contentType": "music", "conflicts": {"title": "keep_edits"}"#.to_owned();
            for (target, gone) in [(built_in, "mark"), (own, "delete")] {
                let gone = if sweeps { format!(r#", "whenGone": "{gone}""#) } else { String::new() };
                let body = format!(
                    r#"{{"sourceType": "csv", "sourceIdentifier": "{}", "options": {{{target}, "sourceName": "source {source}"{gone}}}}}"#,
                    self.file(number, source).display()
                );
                post(service, path, &body)?;
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

/// Asks until it is heard: the port of a service opens before its database answers.
fn post(service: &Service, path: &str, body: &str) -> Result<()> {
    wait_until(PATIENCE, "what was asked for was not scheduled", || {
        service.request("POST", path, body).map(|_| true)
    })
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
            1..61 => {
                text.push_str(&format!("{row},,nobody,1999\n"));
                continue;
            }
            61..63 if row > 10 => rng.random_range(0..row),
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

/// The same file after a tenth of its rows has left, and all of it that nobody can tell.
fn thin(text: &str, rng: &mut StdRng) -> String {
    let mut thinned = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number == 0 || line != "ragged" && rng.random_range(0..10) > 0 {
            writeln!(thinned, "{line}").ok();
        }
    }
    thinned
}
