//! What the virtual machine boots: Debian's kernel, and a file system in memory with Catchment in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use xtask::tools::{find, quietly};

use super::super::image::program_of;

/// What reads a stick: the modules of the kernel, those first that others need.
const MODULES: [&str; 20] = [
    "crypto/crct10dif_common",
    "crypto/crct10dif_generic",
    "lib/crc-t10dif",
    "lib/crc64",
    "crypto/crc64_rocksoft_generic",
    "lib/crc64-rocksoft",
    "block/t10-pi",
    "drivers/scsi/scsi_common",
    "drivers/scsi/scsi_mod",
    "drivers/scsi/sd_mod",
    "drivers/usb/common/usb-common",
    "drivers/usb/core/usbcore",
    "drivers/usb/host/xhci-hcd",
    "drivers/usb/host/xhci-pci",
    "drivers/usb/storage/usb-storage",
    "fs/fat/fat",
    "fs/fat/vfat",
    "fs/nls/nls_cp437",
    "fs/nls/nls_ascii",
    "fs/nls/nls_utf8",
];

/// The files that a machine is started with.
pub(super) struct Guest {
    pub(super) kernel: PathBuf,
    pub(super) initramfs: PathBuf,
}

/// Puts a guest together. The kernel is kept in `home` for the next time.
pub(super) fn build(home: &Path, dir: &Path, binary: &Path) -> Result<Guest> {
    let unpacked = unpack_kernel(home)?;
    let root = dir.join("root");
    for folder in ["bin", "proc", "sys", "dev", "tmp", "modules"] {
        fs::create_dir_all(root.join(folder))?;
    }
    add_modules(&unpacked, &root)?;
    let busybox = find("busybox").filter(|busybox| is_static(busybox));
    let busybox = busybox.map_or_else(|| program_of("busybox", "busybox-static"), Ok)?;
    fs::copy(busybox, root.join("bin/busybox"))?;
    for name in ["sh", "mount", "umount", "insmod", "mkdir", "cat", "sleep"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name))?;
    }
    add_program(binary, "catchment", &root)?;
    add_program(&program_of("sqlite3", "sqlite3")?, "sqlite3", &root)?;
    let init = root.join("init");
    fs::write(&init, include_str!("init.sh"))?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))?;
    program_of("cpio", "cpio")?;
    let initramfs = dir.join("initramfs");
    let pack = "find . | cpio --quiet --create --format=newc > \"$0\"";
    quietly(Command::new("sh").args(["-c", pack]).arg(&initramfs).current_dir(&root))?;
    let kernel = first_in(&unpacked.join("boot"), "vmlinuz-")?;
    Ok(Guest { kernel, initramfs })
}

/// Downloads Debian's kernel, and installs nothing of it.
fn unpack_kernel(home: &Path) -> Result<PathBuf> {
    let unpacked = home.join("kernel");
    if !unpacked.join("boot").exists() {
        fs::create_dir_all(&unpacked)?;
        let output = Command::new("apt-cache").args(["depends", "linux-image-amd64"]).output()?;
        let told = String::from_utf8(output.stdout)?;
        let package = told.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
        let package = package.context("apt knows no linux-image-amd64; run `apt-get update`")?;
        quietly(Command::new("apt-get").args(["download", package]).current_dir(home))?;
        let archive = first_in(home, "linux-image-")?;
        quietly(Command::new("dpkg-deb").arg("--extract").args([&archive, &unpacked]))?;
        fs::remove_file(archive)?;
    }
    Ok(unpacked)
}

fn add_modules(unpacked: &Path, root: &Path) -> Result<()> {
    let release = first_in(&unpacked.join("lib/modules"), "")?;
    let mut order = String::new();
    for module in MODULES {
        let file = release.join("kernel").join(module).with_extension("ko");
        // A part that is in the kernel itself has no file.
        if let (true, Some(name)) = (file.exists(), file.file_name()) {
            fs::copy(&file, root.join("modules").join(name))?;
            order.push_str(&format!("{}\n", name.to_string_lossy()));
        }
    }
    Ok(fs::write(root.join("modules/order"), order)?)
}

/// Adds a program, and the libraries that it is linked with.
fn add_program(program: &Path, name: &str, root: &Path) -> Result<()> {
    fs::copy(program, root.join("bin").join(name))?;
    let output = Command::new("ldd").arg(program).output()?;
    ensure!(output.status.success(), "ldd does not read {}", program.display());
    for library in String::from_utf8(output.stdout)?.split_whitespace().filter(|word| word.starts_with('/')) {
        let to = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap_or(root))?;
        fs::copy(library, to)?;
    }
    Ok(())
}

fn is_static(program: &Path) -> bool {
    Command::new("ldd").arg(program).output().is_ok_and(|output| !output.status.success())
}

/// The first file in a folder whose name begins so.
fn first_in(folder: &Path, beginning: &str) -> Result<PathBuf> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            return Ok(entry.path());
        }
    }
    anyhow::bail!("{} has no {beginning}*", folder.display())
}
