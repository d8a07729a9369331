//! MariaDB: beside `LOAD DATA LOCAL`, which maps columns by hand.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::catchment::Bench;
use super::measure::{Measurement, measure};
use super::peers;
use super::table::ResultTable;
use xtask::database::Database;
use xtask::mariadb::{MariaDb, client};

/// What the loaders of the databases cannot know from the file.
const MAPPED: &str = "content_index CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (title, artist, genre, @album, external_id) SET content_type = 'music', \
    source_type = 'csv', source_identifier = 'bench', metadata = JSON_OBJECT('album', @album), \
    last_synced_at = NOW(3), last_sync_run_id = 1";
const CATALOG: &str = "catalog_items CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (category_id, capacity, capacity_gb, price, content_count, content_unit, \
    @active, @popular) SET is_active = @active = 'yes', is_popular = @popular = 'yes', last_synced_at = NOW(3), \
    last_sync_run_id = 1";

const AS_THEY_ARE: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES";

/// A table of somebody's own: its primary key is its only index, and its ledger is beside it.
struct OwnTable {
    name: &'static str,
    /// What it is measured for.
    what: &'static str,
    ddl: &'static str,
}

const SONGS: OwnTable = OwnTable {
    name: "songs",
    what: "whose keys are numbers in their order",
    ddl: "CREATE TABLE songs (id INT NOT NULL PRIMARY KEY, title VARCHAR(200) NOT NULL, artist VARCHAR(100), \
        price DECIMAL(10,2), year SMALLINT) CHARACTER SET utf8mb4",
};

const TRACKS: OwnTable = OwnTable {
    name: "tracks",
    what: "whose keys are random texts",
    ddl: "CREATE TABLE tracks (song_name VARCHAR(255) NOT NULL, artist_name VARCHAR(255) NOT NULL, \
        music_genre VARCHAR(100), album VARCHAR(255), track_id VARCHAR(22) CHARACTER SET ascii COLLATE ascii_bin \
        NOT NULL PRIMARY KEY) CHARACTER SET utf8mb4",
};

const KEEP_EDITS: [&str; 8] = [
    "--conflict",
    "title=keep_edits",
    "--conflict",
    "artist=keep_edits",
    "--conflict",
    "genre=keep_edits",
    "--conflict",
    "metadata=keep_edits",
];
const MARK: [&str; 2] = ["--when-gone", "mark"];

/// First loads, and loads again, of the built-in tables and of some of somebody's own; `with_peers` other tools as well.
pub(super) fn run(bench: &Bench, with_peers: bool) -> Result<()> {
    let mut mariadb = MariaDb::start()?;
    let (port, input) = (mariadb.server().port, &bench.input);
    let [mut music, mut kept, mut catalog, songs, tracks] = std::array::from_fn(|_| ResultTable::new());
    let mut own = [
        (SONGS, [&input.songs, &input.songs_changed], songs),
        (TRACKS, [&input.music, &input.changed], tracks),
    ];
    for round in 0..bench.rounds {
        let loaded = Database::create(&[port], "loaded")?;
        bench.migrate(&loaded)?;
        let load = |how: &str, file: &Path, into: &str| {
            load_data(port, &format!("LOAD DATA LOCAL INFILE '{}' {how} INTO TABLE {into}", file.display()))
        };
        music.add("LOAD DATA LOCAL, first", load("", &input.music, MAPPED)?);
        // It takes minutes.
        if bench.with_replace && round == 0 {
            let again = load("REPLACE", &input.music, MAPPED)?;
            music.add("LOAD DATA LOCAL REPLACE, again", again);
        }
        let synced = Database::create(&[port], "synced")?;
        of_content_index(bench, &synced, &mut music, round == 0)?;
        of_edits_and_gone_rows(bench, port, &mut kept)?;
        catalog.add("LOAD DATA LOCAL, first", load("", &input.catalog, CATALOG)?);
        catalog.add("catchment, first", bench.sync_catalog(&synced)?);
        catalog.add("catchment, again", bench.sync_catalog(&synced)?);
        for (table, files, results) in &mut own {
            of_ones_own(bench, table, *files, results, [&loaded, &synced], port)?;
        }
    }
    for (results, what) in
        [(music, "content_index"), (kept, "content_index with policies"), (catalog, "catalog_items")]
    {
        results.print(&format!("MariaDB, {what}, {} rows", bench.rows));
    }
    for (table, [file, _], mut results) in own {
        if with_peers && table.name == SONGS.name {
            peers::bench(port, file, table.ddl, &mut results)?;
        }
        table.print(results, bench.rows);
    }
    Ok(())
}

/// The table that Catchment brings along.
fn of_content_index(
    bench: &Bench,
    synced: &Database,
    results: &mut ResultTable,
    is_first: bool,
) -> Result<()> {
    let (input, rows, changed) = (&bench.input, bench.rows, bench.changed());
    let mut add = |what: &str, file: &Path, flags: &[&str], count: &str, expected: usize| {
        results.add(what, bench.sync_with(synced, file, flags)?);
        bench.expect(synced, count, expected)
    };
    add("catchment, first", &input.music, &[], "inserted", rows)?;
    add("catchment, again", &input.music, &[], "unchanged", rows)?;
    add("catchment, preview of the same", &input.music, &["--dry-run"], "unchanged", rows)?;
    add("catchment, 1 % changed", &input.changed, &[], "updated", changed)?;
    if is_first {
        add("catchment, 1 % changed back, shuffled", &input.shuffled, &[], "updated", changed)?;
    }
    Ok(())
}

/// What people edit stays, and what left the source is marked.
fn of_edits_and_gone_rows(bench: &Bench, port: u16, results: &mut ResultTable) -> Result<()> {
    let (kept, input) = (Database::create(&[port], "kept")?, &bench.input);
    bench.sync(&kept, &input.music)?;
    let sync = |file: &Path, flags: &[&str], count: &str, expected: usize| {
        let measured = bench.sync_with(&kept, file, flags)?;
        bench.expect(&kept, count, expected).map(|()| measured)
    };
    results.add("catchment, again", sync(&input.music, &[], "unchanged", bench.rows)?);
    let shrunk = sync(&input.shrunk, &[], "unchanged", bench.rows - bench.gone())?;
    results.add("catchment, a tenth less", shrunk);
    results.add("catchment, a tenth less, marked", sync(&input.shrunk, &MARK, "gone", bench.gone())?);
    bench.sync(&kept, &input.music)?;
    let first = sync(&input.music, &KEEP_EDITS, "unchanged", bench.rows)?;
    results.add("catchment, again, keep_edits on four columns for the first time", first);
    let again = sync(&input.music, &KEEP_EDITS, "unchanged", bench.rows)?;
    results.add("catchment, again, keep_edits on four columns", again);
    let changed = sync(&input.changed, &KEEP_EDITS, "updated", bench.changed())?;
    results.add("catchment, 1 % changed, keep_edits on four columns", changed);
    Ok(())
}

impl OwnTable {
    fn print(&self, results: ResultTable, rows: usize) {
        results.print(&format!("MariaDB, five columns of somebody's own, {}, {rows} rows", self.what));
    }
}

/// A table that is not Catchment's own.
fn of_ones_own(
    bench: &Bench,
    table: &OwnTable,
    [file, changed]: [&PathBuf; 2],
    results: &mut ResultTable,
    [loaded, synced]: [&Database; 2],
    port: u16,
) -> Result<()> {
    let name = table.name;
    loaded.query(table.ddl)?;
    synced.query(table.ddl)?;
    let sql = format!("LOAD DATA LOCAL INFILE '{}' INTO TABLE {name} {AS_THEY_ARE}", file.display());
    results.add("LOAD DATA LOCAL, first", load_data(port, &sql)?);
    results.add("catchment, first", bench.sync_own(synced, file, name)?);
    bench.expect(synced, "inserted", bench.rows)?;
    results.add("catchment, again", bench.sync_own(synced, file, name)?);
    bench.expect(synced, "unchanged", bench.rows)?;
    results.add("catchment, 1 % changed", bench.sync_own(synced, changed, name)?);
    bench.expect(synced, "updated", bench.changed())
}

fn load_data(port: u16, sql: &str) -> Result<Measurement> {
    let mut command = client(port, "loaded")?;
    command.args(["--local-infile=1", "--execute", sql]);
    measure(command)
}
