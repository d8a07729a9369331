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

/// First loads, and loads again, of the built-in tables and of some of somebody's own; `with_peers` other tools as well.
pub(super) fn run(bench: &Bench, with_peers: bool) -> Result<()> {
    let mut mariadb = MariaDb::start()?;
    let (port, input) = (mariadb.server().port, &bench.input);
    let [mut music, mut catalog, songs, tracks] = std::array::from_fn(|_| ResultTable::new());
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
        music.add("catchment, first", bench.sync(&synced, &input.music)?);
        bench.expect(&synced, "inserted", bench.rows)?;
        music.add("catchment, again", bench.sync(&synced, &input.music)?);
        bench.expect(&synced, "unchanged", bench.rows)?;
        music.add("catchment, preview of the same", bench.preview(&synced, &input.music)?);
        bench.expect(&synced, "unchanged", bench.rows)?;
        music.add("catchment, 1 % changed", bench.sync(&synced, &input.changed)?);
        bench.expect(&synced, "updated", bench.changed())?;
        if round == 0 {
            music.add("catchment, 1 % changed back, shuffled", bench.sync(&synced, &input.shuffled)?);
            bench.expect(&synced, "updated", bench.changed())?;
        }
        catalog.add("LOAD DATA LOCAL, first", load("", &input.catalog, CATALOG)?);
        catalog.add("catchment, first", bench.sync_catalog(&synced)?);
        catalog.add("catchment, again", bench.sync_catalog(&synced)?);
        for (table, files, results) in &mut own {
            of_ones_own(bench, table, *files, results, [&loaded, &synced], port)?;
        }
    }
    music.print(&format!("MariaDB, content_index, {} rows", bench.rows));
    catalog.print(&format!("MariaDB, catalog_items, {} rows", bench.rows));
    for (table, [file, _], mut results) in own {
        if with_peers && table.name == SONGS.name {
            peers::bench(port, file, table.ddl, &mut results)?;
        }
        table.print(results, bench.rows);
    }
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
