//! SQLite: beside `.import`, which cannot map and gets rows as they end up.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::catchment::Bench;
use super::measure::measure;
use super::table::ResultTable;
use xtask::database::Database;
use xtask::tools::{find, install};

/// First loads, and loads again, in files below `dir`.
pub(super) fn run(bench: &Bench, dir: &Path) -> Result<()> {
    let sqlite3 = find("sqlite3").map_or_else(|| install("sqlite3", &["sqlite3"]), Ok)?;
    let mut table = ResultTable::new();
    for round in 0..bench.rounds {
        let home = dir.join(format!("sqlite{round}"));
        fs::create_dir(&home)?;
        let loaded = Database::Sqlite(home.join("loaded.db"));
        bench.migrate(&loaded)?;
        let mut import = Command::new(&sqlite3);
        import.arg(home.join("loaded.db")).stdout(Stdio::null()).args([
            "PRAGMA synchronous = FULL",
            ".mode csv",
            &format!(".import {} content_index", bench.input.whole.display()),
        ]);
        table.add("sqlite3 .import of finished rows, first", measure(import)?);
        let synced = Database::Sqlite(home.join("synced.db"));
        table.add("catchment, first", bench.sync(&synced, &bench.input.music)?);
        bench.expect(&synced, "inserted", bench.rows)?;
        table.add("catchment, again", bench.sync(&synced, &bench.input.music)?);
        bench.expect(&synced, "unchanged", bench.rows)?;
        table.add("catchment, 1 % changed", bench.sync(&synced, &bench.input.changed)?);
        bench.expect(&synced, "updated", bench.changed())?;
        fs::remove_dir_all(&home)?;
    }
    table.print(&format!("SQLite, content_index, {} rows", bench.rows));
    Ok(())
}
