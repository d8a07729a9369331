//! Images of volumes: files that stand for sticks, with a file system in each.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use xtask::tools::{find, install, quietly};

/// The block size of the ext4 images.
const BLOCK_BYTES: u16 = 4096;
/// How large an image is. It is sparse: what is not written takes no space.
const IMAGE_BYTES: u64 = 600 << 20;

/// A file system, and who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// By the kernel.
    Ext4,
    /// The same with neither checksums nor an index of names, as older systems made it.
    PlainExt4,
    /// By a FUSE daemon.
    Exfat,
    /// By a FUSE daemon.
    Ntfs,
}

impl FileSystem {
    /// What it is called in the line of a trial.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::PlainExt4 => "ext4 without checksums",
            Self::Exfat => "exfat",
            Self::Ntfs => "ntfs",
        }
    }

    fn make(self) -> Result<Command> {
        let (program, package, args): (_, _, &[&str]) = match self {
            Self::Ext4 => ("mkfs.ext4", "e2fsprogs", &["-q", "-b", "4096", "-N", "120000"]),
            Self::PlainExt4 => {
                let features = "^metadata_csum,^dir_index";
                ("mkfs.ext4", "e2fsprogs", &["-q", "-b", "4096", "-N", "1000", "-O", features])
            }
            Self::Exfat => ("mkfs.exfat", "exfatprogs", &["-c", "4096"]),
            Self::Ntfs => ("mkfs.ntfs", "ntfs-3g", &["-q", "-Q", "-F"]),
        };
        let mut command = Command::new(program_of(program, package)?);
        command.args(args);
        Ok(command)
    }

    /// What mounts it.
    pub(super) fn mount(self) -> Result<Command> {
        let (program, package) = match self {
            Self::Ext4 | Self::PlainExt4 => ("mount", "mount"),
            Self::Exfat => ("mount.exfat-fuse", "exfat-fuse"),
            Self::Ntfs => ("ntfs-3g", "ntfs-3g"),
        };
        Ok(Command::new(program_of(program, package)?))
    }
}

/// A program, installed with its Debian package where it is missing.
pub(super) fn program_of(program: &str, package: &str) -> Result<PathBuf> {
    match find(program) {
        Some(program) => Ok(program),
        None => install(program, &[package]),
    }
}

/// The file that stands for a volume.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) path: PathBuf,
    pub(super) file_system: FileSystem,
}

impl Image {
    /// Makes an empty volume.
    pub(super) fn create(path: PathBuf, file_system: FileSystem, label: &str) -> Result<Self> {
        File::create(&path)?.set_len(IMAGE_BYTES)?;
        quietly(file_system.make()?.args(["-L", label]).arg(&path))?;
        Ok(Self { path, file_system })
    }

    /// A copy, which has the same id.
    pub(super) fn copy(&self, path: PathBuf) -> Result<Self> {
        quietly(Command::new("cp").arg("--sparse=always").arg(&self.path).arg(&path))?;
        Ok(Self { path, file_system: self.file_system })
    }

    /// The id of its file system, as blkid tells it.
    pub(super) fn uuid(&self) -> Result<String> {
        let mut blkid = Command::new(program_of("blkid", "util-linux")?);
        let output = blkid.args(["-p", "-s", "UUID", "-o", "value"]).arg(&self.path).output()?;
        let uuid = String::from_utf8(output.stdout)?.trim().to_owned();
        ensure!(!uuid.is_empty(), "blkid knows no id of {}", self.path.display());
        Ok(uuid)
    }

    /// Cuts it off from a byte on, as a device that ends in the middle of what it held.
    pub(super) fn truncate(&self, bytes: u64) -> Result<()> {
        Ok(File::options().write(true).open(&self.path)?.set_len(bytes)?)
    }

    /// Overwrites the last block of a folder's names, as long as it is not plugged in. Of ext4 alone.
    pub(super) fn damage(&self, folder: &str) -> Result<()> {
        let noise = [0x5a].repeat(BLOCK_BYTES.into());
        let file = File::options().write(true).open(&self.path)?;
        Ok(file.write_all_at(&noise, self.last_block(folder)?)?)
    }

    /// The byte that the last block of a file or folder begins at. Of ext4 alone.
    pub(super) fn last_block(&self, path: &str) -> Result<u64> {
        let mut debugfs = Command::new(program_of("debugfs", "e2fsprogs")?);
        let output = debugfs.args(["-R", &format!("blocks \"{path}\"")]).arg(&self.path).output()?;
        let blocks = String::from_utf8(output.stdout)?;
        let block = blocks.split_whitespace().last().with_context(|| format!("`{path}` has no blocks"))?;
        Ok(block.parse::<u64>()? * u64::from(BLOCK_BYTES))
    }
}

/// Writes so many songs below a folder, a hundred a folder.
pub(super) fn write_songs(folder: &Path, count: usize) -> Result<()> {
    let song = song();
    for number in 0..count {
        let album = folder.join(format!("Album {:04}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&album)?;
        }
        let path = album.join(format!("{:02} Artist - Song {number}.mp3", number % 100));
        fs::write(&path, &song).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// A song whose tag (ID3v2.4) names its artist.
pub(super) fn tagged_song() -> Vec<u8> {
    let mut song = b"ID3\x04\0\0\0\0\0\x15TPE1\0\0\0\x0b\0\0\x03The Artist".to_vec();
    song.extend(self::song());
    song
}

/// Three frames of silence (MPEG 1 layer III, 128 kbit/s, 44.1 kHz).
fn song() -> Vec<u8> {
    const FRAME_BYTES: usize = 417;
    let mut frame = vec![0; FRAME_BYTES];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
    frame.repeat(3)
}
