//! Other tools on the same file and server, where they install from PyPI. They make tables of their own: five columns,
//! most of them without a key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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

/// A first load by each.
pub(super) fn bench(port: u16, file: &Path) -> Result<()> {
    let database = Database::create(&[port], "peers")?;
    let dir = tempfile::tempdir()?;
    let mut table = ResultTable::new();
    for (package, run) in [
        ("sling-linux-amd64", sling as fn(&Path, &Path, &Database) -> Result<Command>),
        // Later ones fetch their program from elsewhere.
        ("ingestr==1.0.78", ingestr),
        ("dlt[sqlalchemy] pymysql", dlt),
    ] {
        let home = dir.path().join(package.split(['[', ' ', '=']).next().unwrap_or(package));
        let packages: Vec<_> = package.split(' ').collect();
        let installed = python_environment(&home, &packages);
        let measured = installed.and_then(|_| run(&home, file, &database)).and_then(measure);
        match measured {
            Ok(taken) => table.add(package, taken),
            Err(error) => println!("{package} was not measured: {error:#}"),
        }
    }
    table.print("Peers, first load into tables of their own");
    Ok(())
}

fn quiet(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn sling(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let program = find_program(home, "sling-linux-amd64")?;
    let mut command = Command::new(program);
    command
        .env("TARGET", database.url())
        .args(["run", "--src-stream"])
        .arg(format!("file://{}", file.display()));
    command.args(["--tgt-conn", "TARGET", "--tgt-object", "peers.by_sling", "--mode", "full-refresh"]);
    Ok(quiet(command))
}

fn ingestr(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let mut command = Command::new(home.join("bin/ingestr"));
    command.args([
        "ingest",
        "--yes",
        "--source-uri",
        &format!("csv://{}", file.display()),
        "--source-table",
        "music",
    ]);
    command.args(["--dest-uri", &database.url().replacen("mysql:", "mysql+pymysql:", 1)]);
    command.args(["--dest-table", "peers.by_ingestr"]);
    Ok(quiet(command))
}

fn dlt(home: &Path, file: &Path, database: &Database) -> Result<Command> {
    let script = home.join("load.py");
    fs::write(&script, DLT)?;
    let mut command = Command::new(home.join("bin/python"));
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
fn find_program(home: &Path, name: &str) -> Result<std::path::PathBuf> {
    let output = Command::new("find").arg(home).args(["-type", "f", "-name", name]).output()?;
    let found = String::from_utf8(output.stdout)?;
    let program = found.lines().next().with_context(|| format!("there is no `{name}` in its package"))?;
    // A wheel does not keep that it may be run.
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    Ok(program.into())
}
