//! MariaDB: beside `LOAD DATA LOCAL`, which maps columns by hand.

use std::path::Path;

use anyhow::Result;

use super::catchment::Bench;
use super::measure::{Measurement, measure};
use super::peers;
use super::table::ResultTable;
use xtask::database::Database;
use xtask::mariadb::{MariaDb, client};

/// What the loaders of the databases cannot know from the file.
const MAPPED: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (title, artist, genre, @album, external_id) SET content_type = 'music', \
    source_type = 'csv', source_identifier = 'bench', metadata = JSON_OBJECT('album', @album), \
    last_synced_at = NOW(3), last_sync_run_id = 1";
const CATALOG: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (category_id, capacity, capacity_gb, price, content_count, content_unit, \
    @active, @popular) SET is_active = @active = 'yes', is_popular = @popular = 'yes', last_synced_at = NOW(3), \
    last_sync_run_id = 1";

/// A table of somebody's own: its primary key is its only index, and its ledger is beside it.
const SONGS: &str = "CREATE TABLE songs (id INT NOT NULL PRIMARY KEY, title VARCHAR(200) NOT NULL, artist VARCHAR(100), \
    price DECIMAL(10,2), year SMALLINT) CHARACTER SET utf8mb4";
const SONGS_AS_THEY_ARE: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES";

/// First loads, and loads again, of both tables and of one of somebody's own; `with_peers` other tools as well.
pub(super) fn run(bench: &Bench, with_peers: bool) -> Result<()> {
    let mut mariadb = MariaDb::start()?;
    let port = mariadb.server().port;
    let (mut music, mut catalog, mut songs) = (ResultTable::new(), ResultTable::new(), ResultTable::new());
    for round in 0..bench.rounds {
        let loaded = Database::create(&[port], "loaded")?;
        bench.migrate(&loaded)?;
        let load = |how: &str, file: &Path, table: &str, mapped: &str| {
            load_data(
                port,
                &format!("LOAD DATA LOCAL INFILE '{}' {how} INTO TABLE {table} {mapped}", file.display()),
            )
        };
        music.add("LOAD DATA LOCAL, first", load("", &bench.input.music, "content_index", MAPPED)?);
        // It takes minutes.
        if bench.with_replace && round == 0 {
            let again = load("REPLACE", &bench.input.music, "content_index", MAPPED)?;
            music.add("LOAD DATA LOCAL REPLACE, again", again);
        }
        let synced = Database::create(&[port], "synced")?;
        music.add("catchment, first", bench.sync(&synced, &bench.input.music)?);
        bench.expect(&synced, "inserted", bench.rows)?;
        music.add("catchment, again", bench.sync(&synced, &bench.input.music)?);
        bench.expect(&synced, "unchanged", bench.rows)?;
        music.add("catchment, 1 % changed", bench.sync(&synced, &bench.input.changed)?);
        bench.expect(&synced, "updated", bench.changed())?;
        if round == 0 {
            music.add("catchment, 1 % changed back, shuffled", bench.sync(&synced, &bench.input.shuffled)?);
            bench.expect(&synced, "updated", bench.changed())?;
        }
        catalog.add("LOAD DATA LOCAL, first", load("", &bench.input.catalog, "catalog_items", CATALOG)?);
        catalog.add("catchment, first", bench.sync_catalog(&synced)?);
        catalog.add("catchment, again", bench.sync_catalog(&synced)?);
        of_ones_own(bench, &mut songs, [&loaded, &synced], port)?;
    }
    music.print(&format!("MariaDB, content_index, {} rows", bench.rows));
    catalog.print(&format!("MariaDB, catalog_items, {} rows", bench.rows));
    songs.print(&format!("MariaDB, a table of five columns of somebody's own, {} rows", bench.rows));
    if with_peers {
        peers::bench(port, &bench.input.music)?;
    }
    Ok(())
}

/// A table that is not Catchment's own.
fn of_ones_own(
    bench: &Bench,
    songs: &mut ResultTable,
    [loaded, synced]: [&Database; 2],
    port: u16,
) -> Result<()> {
    loaded.query(SONGS)?;
    synced.query(SONGS)?;
    let file = bench.input.songs.display();
    let sql = format!("LOAD DATA LOCAL INFILE '{file}' INTO TABLE songs {SONGS_AS_THEY_ARE}");
    songs.add("LOAD DATA LOCAL, first", load_data(port, &sql)?);
    songs.add("catchment, first", bench.sync_songs(synced, &bench.input.songs)?);
    bench.expect(synced, "inserted", bench.rows)?;
    songs.add("catchment, again", bench.sync_songs(synced, &bench.input.songs)?);
    bench.expect(synced, "unchanged", bench.rows)?;
    songs.add("catchment, 1 % changed", bench.sync_songs(synced, &bench.input.songs_changed)?);
    bench.expect(synced, "updated", bench.changed())
}

fn load_data(port: u16, sql: &str) -> Result<Measurement> {
    let mut command = client(port, "loaded")?;
    command.args(["--local-infile=1", "--execute", sql]);
    measure(command)
}
