//! Workbooks as openpyxl, XlsxWriter and LibreOffice write them, in both date systems: whether their values come into a table as
//! they were written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use xtask::database::Database;
use xtask::tools::{cargo, install, python_environment, quietly, workspace_root};

/// What LibreOffice saves a workbook as.
const SAVED_AS: [&str; 3] = ["xlsx", "xls", "ods"];

/// The rows that `write.py` writes. What a spreadsheet calculates as 0.30000000000000004 it shows as 0.3.
const EXPECTED: &str = "1|'Canción'|54900.5|0.21|2026-11-24|2026-11-24 13:14:15|14:30:00|1
2|'a, \"b\"; <c> & d'|4.35|0.1|1999-12-31|1999-12-31 00:00:01|00:00:01|0
3|'夜に駆ける 😀'|0.3|1|2024-02-29|2024-02-29 23:59:59|23:59:59|1
4|'two/lines'|1234567.89|0.005|1904-01-02|1950-06-15 12:00:00|06:00:00|0
5|'x'|7501055300075|0.5|9999-12-31|2038-01-19 03:14:08|12:00:00|1
";

/// Writes them, and reads each.
pub(crate) fn check() -> Result<()> {
    cargo(&["build", "--quiet", "--package", "catchment-cli"]).run()?;
    let home = workspace_root().join("target/workbooks");
    fs::create_dir_all(&home)?;
    let office = install_office()?;
    let python = python_environment(&home.join("python"), &["openpyxl", "xlsxwriter"])?;
    let temporary = tempfile::tempdir()?;
    let dir = temporary.path();
    let script = workspace_root().join("xtask/src/workbooks/write.py");
    quietly(Command::new(python).arg(script).arg(dir))?;
    for workbook in files(dir)? {
        if workbook.to_string_lossy().contains("xlsxwriter") {
            save_again(&office, dir, &workbook)?;
        }
        read(&workbook)?;
    }
    SAVED_AS.iter().try_for_each(|format| files(&dir.join(format))?.iter().try_for_each(|file| read(file)))
}

fn install_office() -> Result<PathBuf> {
    match xtask::tools::find("soffice") {
        Some(office) => Ok(office),
        None => install("soffice", &["libreoffice-calc"]),
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Has LibreOffice save a workbook in its formats, each below a directory of its name.
fn save_again(office: &Path, dir: &Path, workbook: &Path) -> Result<()> {
    for format in SAVED_AS {
        let mut command = Command::new(office);
        command.args(["--headless", "--convert-to", format, "--outdir"]).arg(dir.join(format)).arg(workbook);
        // It must not wait for one that somebody has open.
        command.arg(format!("-env:UserInstallation=file://{}/profile", dir.display()));
        quietly(&mut command)?;
    }
    Ok(())
}

fn read(workbook: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let database = Database::Sqlite(dir.path().join("catchment.db"));
    let mut command = Command::new(workspace_root().join("target/debug/catchment"));
    command
        .arg("sync")
        .arg(workbook)
        .args(["--type", "file", "--target", "songs", "--create", "--key", "id", "--json"])
        .current_dir(dir.path())
        .env("DATABASE_URL", database.url())
        .stdin(Stdio::null());
    quietly(&mut command).with_context(|| workbook.display().to_string())?;
    let rows = "SELECT id, quote(replace(title, char(10), '/')), price, share, day, moment, time, flag FROM songs ORDER BY id";
    let rows = database.query(rows)?;
    ensure!(rows == EXPECTED, "{} came as\n{rows}", workbook.display());
    let name = workbook.file_name().unwrap_or_default().to_string_lossy();
    println!("{name}: as it was written");
    Ok(())
}
