//! Real volumes, on loop devices and FUSE: pulled out while they are read, mistaken for others, damaged. Whatever happens, no row is
//! lost, and none is marked as gone that is not.

mod contents;
mod image;
mod plug;
mod plugs;
mod qemu;
mod trial;
mod yanks;

use anyhow::{Result, bail, ensure};

use xtask::tools::is_root;

use image::FileSystem;
use image::FileSystem::{Exfat, Ext4, Ntfs, PlainExt4};
use trial::Trial;

/// A trial by its name. What it saw.
type Scenario = (&'static str, FileSystem, fn(&Trial, FileSystem) -> Result<String>);

/// Each on a volume and a database of its own.
const SCENARIOS: &[Scenario] = &[
    ("daemon killed", Exfat, yanks::kill_daemon),
    ("daemon killed", Ntfs, yanks::kill_daemon),
    ("image cut off", Ext4, yanks::truncate),
    ("image cut off", Exfat, yanks::truncate),
    ("image cut off", Ntfs, yanks::truncate),
    ("unmounted lazily", Ext4, yanks::unmount_lazily),
    ("unmounted lazily", Exfat, yanks::unmount_lazily),
    ("unmounted lazily", Ntfs, yanks::unmount_lazily),
    ("back elsewhere", Ext4, yanks::replug_elsewhere),
    ("back elsewhere", Exfat, yanks::replug_elsewhere),
    ("equal labels", Ext4, |trial, _| plugs::equal_labels(trial)),
    ("equal ids", Ext4, |trial, _| plugs::equal_ids(trial)),
    ("mount in a volume", Ext4, |trial, _| contents::nested_mount(trial)),
    ("nothing mounted", Ext4, |trial, _| plugs::unmounted(trial)),
    ("waited for", Ext4, |trial, _| plugs::waited_for(trial)),
    ("watched", Ext4, |trial, _| plugs::watched(trial)),
    ("files moved", Ext4, contents::moved_files),
    ("files moved", Exfat, contents::moved_files),
    ("files moved", Ntfs, contents::moved_files),
    ("folder damaged", Ext4, contents::damaged_folder),
    ("folder damaged", PlainExt4, contents::damaged_folder),
    ("song damaged", Ext4, |trial, _| contents::damaged_song(trial)),
    ("100,000 files", Ext4, |trial, _| contents::large_volume(trial)),
];

/// Runs all scenarios, or those whose names contain the argument; with `--qemu` those of a virtual machine.
pub(crate) fn check(args: &[String]) -> Result<()> {
    ensure!(is_root(), "volumes are mounted by root alone; run this as root");
    let binary = trial::find_binary()?;
    if args.iter().any(|arg| arg == "--qemu") {
        return qemu::check(&binary);
    }
    let only = args.first().map_or("", String::as_str);
    let (mut passed, mut failed) = (0, 0);
    for (name, file_system, scenario) in SCENARIOS {
        let name = format!("{name}, {}", file_system.name());
        if !name.contains(only) {
            continue;
        }
        match Trial::new(&binary).and_then(|trial| scenario(&trial, *file_system)) {
            Ok(seen) => {
                println!("{name}: {seen}");
                passed += 1;
            }
            Err(error) => {
                println!("{name}: FAILED: {error:#}");
                failed += 1;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} trials of volumes failed", passed + failed);
    }
    ensure!(passed > 0, "no trial of volumes has `{only}` in its name");
    Ok(())
}
