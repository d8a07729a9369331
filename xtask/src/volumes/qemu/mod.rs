//! A vfat stick that is pulled out of a virtual machine in the middle of a reading. Its file system shows empty folders then, and no error.

mod guest;
mod machine;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use xtask::tools::{quietly, workspace_root};

use super::image::{program_of, write_songs};
use machine::Machine;

/// Songs on the stick.
const SONGS: usize = 3000;
/// Operations of the stick in a second, so that reading it takes its time.
const OPERATIONS: u32 = 300;
/// How large it is.
const IMAGE_BYTES: u64 = 128 << 20;
/// When it is pulled out, in percent of the time that a whole reading takes.
const MOMENTS: [u32; 5] = [3, 15, 30, 45, 60];

/// Pulls the stick out at each of the moments, and plugs it in again.
pub(super) fn check(binary: &Path) -> Result<()> {
    let home = workspace_root().join("target/volumes");
    fs::create_dir_all(&home)?;
    let temporary = tempfile::Builder::new().prefix("catchment-volumes-").tempdir()?;
    let dir = temporary.path();
    let image = make_stick(dir)?;
    let guest = guest::build(&home, dir, binary)?;
    let mut machine = Machine::start(dir, &guest, &image, OPERATIONS)?;
    expect_rows("the first run", 0, &machine.expect("first")?)?;
    machine.expect("begin 0")?;
    let began = Instant::now();
    expect_rows("the run after it", 0, &machine.expect("end 0")?)?;
    let whole = began.elapsed();
    println!("vfat in QEMU: {SONGS} rows; a reading takes {:.0} s", whole.as_secs_f32());
    for (number, percent) in (1..).zip(MOMENTS) {
        yank(&mut machine, number, whole * percent / 100)?;
    }
    Ok(())
}

/// One yank, and what came of it.
fn yank(machine: &mut Machine, number: u32, after: Duration) -> Result<()> {
    machine.expect(&format!("begin {number}"))?;
    thread::sleep(after);
    machine.yank()?;
    let began = Instant::now();
    let told = machine.expect(&format!("yanked {number}"))?;
    let noticed = began.elapsed();
    let [code, status, pages, rows @ ..] = &told[..] else { anyhow::bail!("the guest tells {told:?}") };
    ensure!(rows == expected(), "after a yank at {after:?} there are {rows:?} rows (available, gone)");
    ensure!(
        (code.as_str(), status.as_str()) == ("volume_away", "pending"),
        "after a yank at {after:?} the attempt ended with {code}, and the run is {status}"
    );
    machine.expect(&format!("unplugged {number}"))?;
    machine.plug()?;
    expect_rows("the run that waited", 0, &machine.expect(&format!("resumed {number}"))?)?;
    machine.expect(&format!("begin {number}"))?;
    expect_rows("the run after it", 0, &machine.expect(&format!("end {number}"))?)?;
    println!(
        "vfat in QEMU, pulled out after {:.1} s: {code} after {pages} pages, {:.1} s later; none marked; after a replug {SONGS} rows",
        after.as_secs_f32(),
        noticed.as_secs_f32()
    );
    Ok(())
}

fn expected() -> [String; 2] {
    [SONGS.to_string(), "0".to_owned()]
}

fn expect_rows(what: &str, code: u8, told: &[String]) -> Result<()> {
    let [rows, gone] = expected();
    let expected = [code.to_string(), rows, gone];
    ensure!(
        told == expected,
        "{what} ended with {told:?}, and not {expected:?} (exit code, rows, marked as gone)"
    );
    Ok(())
}

/// A stick with songs.
fn make_stick(dir: &Path) -> Result<std::path::PathBuf> {
    let (songs, image) = (dir.join("Music"), dir.join("stick.img"));
    write_songs(&songs, SONGS)?;
    File::create(&image)?.set_len(IMAGE_BYTES)?;
    quietly(
        Command::new(program_of("mkfs.vfat", "dosfstools")?).args(["-F", "32", "-n", "MUSIC"]).arg(&image),
    )?;
    quietly(
        Command::new(program_of("mcopy", "mtools")?).args(["-s", "-i"]).args([&image, &songs]).arg("::"),
    )?;
    Ok(image)
}
