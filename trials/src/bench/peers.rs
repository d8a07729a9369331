//! Other tools on the same file and server, where they install from PyPI: into a table with a primary key, first and again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::measure::measure;
use super::table::ResultTable;
use xtask::database::Database;
use xtask::tools::python_environment;

const DLT: &str = "
import csv, sys, dlt
def rows():
    with open(sys.argv[1], newline='', encoding='utf-8') as file:
        yield from csv.DictReader(file)
pipeline = dlt.pipeline('bench', destination=dlt.destinations.sqlalchemy(sys.argv[2]), dataset_name='peers')
pipeline.run(rows(), table_name='by_dlt', write_disposition='append')
";

/// After so many seconds a peer is stopped.
const LIMIT: &str = "300";

/// Adds what each peer takes for songs, first and again. `ddl` makes a table of them.
pub(super) fn bench(port: u16, file: &Path, ddl: &str, table: &mut ResultTable) -> Result<()> {
    let database = Database::create(&[port], "peers")?;
    // Sling's own table would have no key. ingestr makes its with one.
    database.query(ddl)?;
    let dir = tempfile::tempdir()?;
    for (package, times, run) in [
        (
            "sling-linux-amd64",
            &["first", "again"][..],
            sling as fn(&Path, &Path, &Database) -> Result<Command>,
        ),
        // Later ones fetch their program from elsewhere.
        ("ingestr==1.0.78", &["first", "again"], ingestr),
        ("dlt[sqlalchemy] pymysql", &["first"], dlt),
    ] {
        let home = dir.path().join(package.split(['[', ' ', '=']).next().unwrap_or(package));
        let packages: Vec<_> = package.split(' ').collect();
        let installed = python_environment(&home, &packages);
        let measured = installed.and_then(|_| {
            for time in times {
                let taken = measure(run(&home, file, &database)?)?;
                table.add(&format!("{package}, {time}"), taken);
            }
            Ok(())
        });
        if let Err(error) = measured {
            println!("{package} was not measured to its end: {error:#}");
        }
    }
    Ok(())
}

/// A program that is stopped after the limit.
fn limited(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg(LIMIT).arg(program);
    command
}

fn quiet(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn sling(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let program = find_program(home, "sling-linux-amd64")?;
    let mut command = limited(&program);
    command
        .env("TARGET", database.url())
        .args(["run", "--src-stream"])
        .arg(format!("file://{}", file.display()));
    command.args(["--tgt-conn", "TARGET", "--tgt-object", "peers.songs"]);
    command.args(["--mode", "incremental", "--primary-key", "id"]);
    Ok(quiet(command))
}

fn ingestr(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let mut command = limited(&home.join("bin/ingestr"));
    command.args([
        "ingest",
        "--yes",
        "--source-uri",
        &format!("csv://{}", file.display()),
        "--source-table",
        "songs",
    ]);
    command.args(["--dest-uri", &database.url().replacen("mysql:", "mysql+pymysql:", 1)]);
    command.args(["--dest-table", "peers.by_ingestr", "--incremental-strategy", "merge"]);
    command.args(["--primary-key", "id", "--columns", "id:bigint"]);
    Ok(quiet(command))
}

fn dlt(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let script = home.join("load.py");
    fs::write(&script, DLT)?;
    let mut command = limited(&home.join("bin/python"));
    command
        // Else it continues with what an earlier run left.
        .env("DLT_DATA_DIR", home)
        .arg(script)
        .arg(file)
        .arg(database.url().replacen("mysql:", "mysql+pymysql:", 1))
        .current_dir(home);
    Ok(quiet(command))
}

/// A program that a package keeps somewhere below its environment.
fn find_program(home: &Path, name: &str) -> Result<PathBuf> {
    let output = Command::new("find").arg(home).args(["-type", "f", "-name", name]).output()?;
    let found = String::from_utf8(output.stdout)?;
    let program = found.lines().next().with_context(|| format!("there is no `{name}` in its package"))?;
    // A wheel does not keep that it may be run.
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    Ok(program.into())
}
