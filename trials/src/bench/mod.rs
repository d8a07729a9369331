//! `cargo xtask bench`: Catchment beside the database's own loaders, in one run, in turns, medians of several rounds.
//! Only the ratios mean something: machines differ, and so does the same machine an hour later.

mod api;
mod input;
mod measure;
mod peers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use input::Input;
use measure::{Taken, measure, median};
use xtask::database::Database;
use xtask::mariadb::{MariaDb, client};
use xtask::tools::{cargo, find};

const USAGE: &str =
    "cargo xtask bench [api] [--rows N] [--rounds N] [--only mariadb|sqlite|parse] [--replace] [--peers]";

/// What the loaders of the databases cannot know from the file.
const MAPPED: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (title, artist, genre, @album, external_id) SET content_type = 'music', \
    source_type = 'csv', source_identifier = 'bench', metadata = JSON_OBJECT('album', @album), \
    last_synced_at = NOW(3), last_sync_run_id = 1";
const CATALOG: &str = "CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' \
    LINES TERMINATED BY '\\n' IGNORE 1 LINES (category_id, capacity, capacity_gb, price, content_count, content_unit, \
    @active, @popular) SET is_active = @active = 'yes', is_popular = @popular = 'yes', last_synced_at = NOW(3), \
    last_sync_run_id = 1";

/// What is measured, on which input.
struct Bench {
    program: PathBuf,
    rows: usize,
    rounds: usize,
    with_replace: bool,
    input: Input,
}

pub(crate) fn bench(args: &[String]) -> Result<()> {
    let (mut rows, mut rounds, mut only) = (None, 3, None);
    let (mut with_replace, mut with_peers) = (false, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; {USAGE}"));
        match arg.as_str() {
            "api" => only = Some("api".to_owned()),
            "--rows" => rows = Some(value()?.parse()?),
            "--rounds" => rounds = value()?.parse()?,
            "--only" => only = Some(value()?.clone()),
            "--replace" => with_replace = true,
            "--peers" => with_peers = true,
            _ => bail!("{USAGE}"),
        }
    }
    cargo(&["build", "--release", "--package", "catchment-cli"]).run()?;
    let dir = tempfile::tempdir()?;
    let is_api = only.as_deref() == Some("api");
    let rows = rows.unwrap_or(if is_api { 100_000 } else { 1_000_000 });
    // An API makes its own.
    let input = Input::make(dir.path(), if is_api { 0 } else { rows })?;
    let program = std::env::current_dir()?.join("target/release/catchment");
    let bench = Bench { program, rows, rounds, with_replace, input };
    if is_api {
        return bench.api();
    }
    let is_asked = |name: &str| only.as_ref().is_none_or(|only| only == name);
    if is_asked("parse") {
        bench.parse()?;
    }
    if is_asked("mariadb") {
        bench.mariadb(with_peers)?;
    }
    if is_asked("sqlite") {
        bench.sqlite(dir.path())?;
    }
    Ok(())
}

/// Rows of a table: what was done, and what it took in each round. The first row is 1.0.
struct Table {
    rows: Vec<(String, Vec<Taken>)>,
}

impl Table {
    fn new() -> Self {
        Self { rows: Vec::new() }
    }

    fn add(&mut self, name: &str, taken: Taken) {
        eprintln!("{name}: {:.1} s", taken.wall);
        match self.rows.iter_mut().find(|(known, _)| known == name) {
            Some((_, runs)) => runs.push(taken),
            None => self.rows.push((name.to_owned(), vec![taken])),
        }
    }

    fn print(self, title: &str) {
        println!("\n{title}\n");
        println!("| what | wall s | ratio | client CPU s | client peak MiB | rounds |");
        println!("| --- | --- | --- | --- | --- | --- |");
        let mut base = None;
        for (name, runs) in self.rows {
            let rounds = runs.len();
            let Taken { wall, cpu, peak_mib } = median(runs);
            let ratio = wall / *base.get_or_insert(wall);
            println!("| {name} | {wall:.1} | {ratio:.2} | {cpu:.1} | {peak_mib:.0} | {rounds} |");
        }
    }
}

impl Bench {
    fn mariadb(&self, with_peers: bool) -> Result<()> {
        let mut mariadb = MariaDb::start()?;
        let port = mariadb.server().port;
        let (mut music, mut catalog) = (Table::new(), Table::new());
        for round in 0..self.rounds {
            let loaded = Database::create(&[port], "loaded")?;
            self.migrate(&loaded)?;
            let load = |how: &str, file: &Path, table: &str, mapped: &str| {
                load_data(
                    port,
                    &format!("LOAD DATA LOCAL INFILE '{}' {how} INTO TABLE {table} {mapped}", file.display()),
                )
            };
            music.add("LOAD DATA LOCAL, first", load("", &self.input.music, "content_index", MAPPED)?);
            // It takes minutes.
            if self.with_replace && round == 0 {
                let again = load("REPLACE", &self.input.music, "content_index", MAPPED)?;
                music.add("LOAD DATA LOCAL REPLACE, again", again);
            }
            let synced = Database::create(&[port], "synced")?;
            music.add("catchment, first", self.sync(&synced, &self.input.music)?);
            self.expect(&synced, "inserted", self.rows)?;
            music.add("catchment, again", self.sync(&synced, &self.input.music)?);
            self.expect(&synced, "unchanged", self.rows)?;
            music.add("catchment, 1 % changed", self.sync(&synced, &self.input.changed)?);
            self.expect(&synced, "updated", self.changed())?;
            if round == 0 {
                music.add("catchment, 1 % changed back, shuffled", self.sync(&synced, &self.input.shuffled)?);
                self.expect(&synced, "updated", self.changed())?;
            }
            catalog.add("LOAD DATA LOCAL, first", load("", &self.input.catalog, "catalog_items", CATALOG)?);
            catalog.add("catchment, first", self.sync_catalog(&synced)?);
            catalog.add("catchment, again", self.sync_catalog(&synced)?);
        }
        music.print(&format!("MariaDB, content_index, {} rows", self.rows));
        catalog.print(&format!("MariaDB, catalog_items, {} rows", self.rows));
        if with_peers {
            peers::bench(port, &self.input.music)?;
        }
        Ok(())
    }

    fn sqlite(&self, dir: &Path) -> Result<()> {
        let sqlite3 = find("sqlite3").map_or_else(|| xtask::tools::install("sqlite3", &["sqlite3"]), Ok)?;
        let mut table = Table::new();
        for round in 0..self.rounds {
            let home = dir.join(format!("sqlite{round}"));
            fs::create_dir(&home)?;
            let loaded = Database::Sqlite(home.join("loaded.db"));
            self.migrate(&loaded)?;
            let mut import = Command::new(&sqlite3);
            import.arg(home.join("loaded.db")).stdout(Stdio::null()).args([
                "PRAGMA synchronous = FULL",
                ".mode csv",
                &format!(".import {} content_index", self.input.whole.display()),
            ]);
            table.add("sqlite3 .import of finished rows, first", measure(import)?);
            let synced = Database::Sqlite(home.join("synced.db"));
            table.add("catchment, first", self.sync(&synced, &self.input.music)?);
            self.expect(&synced, "inserted", self.rows)?;
            table.add("catchment, again", self.sync(&synced, &self.input.music)?);
            self.expect(&synced, "unchanged", self.rows)?;
            table.add("catchment, 1 % changed", self.sync(&synced, &self.input.changed)?);
            self.expect(&synced, "updated", self.changed())?;
            fs::remove_dir_all(&home)?;
        }
        table.print(&format!("SQLite, content_index, {} rows", self.rows));
        Ok(())
    }

    /// The client's side without a database.
    fn parse(&self) -> Result<()> {
        let mut rounds = Vec::new();
        for _ in 0..self.rounds {
            let output = Command::new("cargo")
                .args(["run", "--quiet", "--release", "--package", "trials", "--bin", "parse", "--"])
                .arg(&self.input.music)
                .stderr(Stdio::inherit())
                .output()?;
            let text = String::from_utf8(output.stdout)?;
            rounds.push(text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?);
        }
        rounds.sort_by(|a, b| a[1].total_cmp(&b[1]));
        let [bare, whole] = rounds[rounds.len() / 2][..] else { bail!("the bench said something else") };
        println!("\nReading {} rows without a database, seconds a million rows\n", self.rows);
        println!("| what | s | ratio |\n| --- | --- | --- |");
        println!("| csv crate, records thrown away | {bare:.2} | 1.00 |");
        println!("| catchment: framed, checked, digested | {whole:.2} | {:.2} |", whole / bare);
        Ok(())
    }

    fn command(&self, database: &Database) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("DATABASE_URL", database.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn migrate(&self, database: &Database) -> Result<()> {
        let mut command = self.command(database);
        command.arg("migrate");
        measure(command).map(|_| ())
    }

    fn sync(&self, database: &Database, file: &Path) -> Result<Taken> {
        let mut command = self.command(database);
        command.arg("sync").arg(file).args(["--content-type", "music", "--source-name", "bench"]);
        measure(command)
    }

    fn sync_catalog(&self, database: &Database) -> Result<Taken> {
        let mut command = self.command(database);
        command.arg("sync").arg(&self.input.catalog).args(["--target", "catalog_items"]);
        measure(command)
    }

    fn changed(&self) -> usize {
        (0..self.rows).filter(|row| row % 100 == 37).count()
    }

    /// A figure of a run that did something else is worth nothing.
    fn expect(&self, database: &Database, count: &str, expected: usize) -> Result<()> {
        let metadata = database.query("SELECT sync_metadata FROM sync_runs ORDER BY id DESC LIMIT 1")?;
        let metadata = metadata.replace([' ', '\\'], "");
        if !metadata.contains(&format!("\"{count}\":{expected},")) {
            bail!("not {expected} rows were {count}: {metadata}");
        }
        Ok(())
    }
}

fn load_data(port: u16, sql: &str) -> Result<Taken> {
    let mut command = client(port, "loaded")?;
    command.args(["--local-infile=1", "--execute", sql]);
    measure(command)
}
