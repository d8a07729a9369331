//! The only way to a local file: within what the operator allows, and never anything but a file.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, openat2};

use crate::{Error, ErrorKind, Result, did_you_mean};

/// Which local files a run may read.
#[derive(Debug, Clone, Default)]
pub enum FileAccess {
    /// All that the process can: for a request of somebody who could read them anyway, as on the CLI.
    Anywhere,
    /// Those below these directories, wherever symbolic links lead.
    Below(Vec<PathBuf>),
    /// None.
    #[default]
    Nowhere,
}

impl FileAccess {
    /// Opens a regular file for reading, without ever waiting for it.
    ///
    /// # Errors
    /// `config` when it is missing, not a file on a disk, not readable, or not allowed (`outside_data_dirs`).
    pub fn open(&self, path: &Path) -> Result<File> {
        let what = || format!("opening {}", path.display());
        let file = match self {
            Self::Anywhere => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
                rustix::fs::open(path, flags, Mode::empty())
                    .map_err(|error| Error::io(what(), error.into()).with_hint(&neighbour_hint(path)))?
            }
            Self::Below(dirs) => self.open_below(dirs, path)?,
            Self::Nowhere => return Err(outside(path, &[])),
        };
        ensure_regular_file(&file, path)?;
        Ok(File::from(file))
    }

    /// Whether a request may name this path at all. Nothing needs to exist there yet.
    ///
    /// # Errors
    /// `config`, `outside_data_dirs`.
    pub fn check(&self, path: &Path) -> Result<()> {
        match self {
            Self::Anywhere => Ok(()),
            Self::Nowhere => Err(outside(path, &[])),
            Self::Below(dirs) => match path.canonicalize() {
                Ok(real) => locate_in_dirs(dirs, &real).map(|_| ()).ok_or_else(|| outside(path, dirs)),
                // What is not there yet is judged by its name; opening it judges again.
                Err(_)
                    if dirs.iter().any(|dir| absolute_path(dir).is_ok_and(|dir| path.starts_with(dir))) =>
                {
                    Ok(())
                }
                Err(_) => Err(outside(path, dirs)),
            },
        }
    }

    /// Whether a request may look into a directory: one of the operator's, or one below them.
    ///
    /// # Errors
    /// `config`, `outside_data_dirs`.
    pub fn check_dir(&self, path: &Path) -> Result<()> {
        let is_one = |dir: &PathBuf| {
            let real = path.canonicalize().or_else(|_| absolute_path(path));
            matches!((dir.canonicalize(), real), (Ok(dir), Ok(real)) if dir == real)
        };
        match self {
            Self::Below(dirs) if dirs.iter().any(is_one) => Ok(()),
            _ => self.check(path),
        }
    }

    /// What is in a directory, in no order; what is neither a file nor a directory is left out.
    ///
    /// # Errors
    /// `config` when it is missing, no directory, not readable, or not allowed (`outside_data_dirs`).
    pub fn list(&self, dir: &Path) -> Result<Vec<Listed>> {
        self.check_dir(dir)?;
        let failed = |error| Error::io(format!("listing {}", dir.display()), error);
        let mut listed = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            // A link is what it leads to. One that leads nowhere is a file that cannot be opened; what is gone by now is nothing.
            let Ok(metadata) =
                std::fs::metadata(entry.path()).or_else(|_| std::fs::symlink_metadata(entry.path()))
            else {
                continue;
            };
            let kind = match () {
                () if metadata.is_symlink() => ListedKind::File,
                () if metadata.is_file() => ListedKind::File,
                () if metadata.is_dir() && !is_link => ListedKind::Directory,
                () => continue,
            };
            listed.push(Listed {
                path: entry.path(),
                kind,
                bytes: metadata.len(),
                modified: metadata.modified().ok(),
            });
        }
        Ok(listed)
    }

    /// Opens by the real path, beneath the real directory, with no link left to follow: what changes in
    /// between is refused by the kernel.
    fn open_below(&self, dirs: &[PathBuf], path: &Path) -> Result<OwnedFd> {
        self.check(path)?;
        let what = || format!("opening {}", path.display());
        let real = path.canonicalize().map_err(|error| Error::io(what(), error))?;
        let (dir, rest) = locate_in_dirs(dirs, &real).ok_or_else(|| outside(path, dirs))?;
        let dir = File::open(dir).map_err(|error| Error::io(what(), error))?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        openat2(&dir, rest, flags, Mode::empty(), resolve).map_err(|error| Error::io(what(), error.into()))
    }
}

/// Something in a directory.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its path, with that of the directory.
    pub path: PathBuf,
    /// What it is.
    pub kind: ListedKind,
    /// How large it is.
    pub bytes: u64,
    /// When it was written last, where the file system knows.
    pub modified: Option<SystemTime>,
}

/// What something in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedKind {
    /// A regular file, or a link to one.
    File,
    /// A directory; links to them are not followed.
    Directory,
}

/// A file of the same directory that was probably meant, where there is none of this name.
fn neighbour_hint(path: &Path) -> String {
    /// Names that are looked at.
    const MAX_NAMES: usize = 10_000;
    let (Some(dir), Some(name), false) = (path.parent(), path.file_name(), path.exists()) else {
        return String::new();
    };
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    let names: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .take(MAX_NAMES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    did_you_mean(&name.to_string_lossy(), names.iter().map(String::as_str), str::to_lowercase)
}

/// The path made absolute, without `.` and `..`, so that one file has one name.
///
/// # Errors
/// `config` when there is no current directory to start from or the path is empty.
pub fn absolute_path(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)
        .map_err(|error| Error::io(format!("resolving the path `{}`", path.display()), error))?;
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    Ok(clean)
}

/// The data directory that `real` lies in, and its path from there.
fn locate_in_dirs(dirs: &[PathBuf], real: &Path) -> Option<(PathBuf, PathBuf)> {
    dirs.iter().filter_map(|dir| dir.canonicalize().ok()).find_map(|dir| {
        let rest = real.strip_prefix(&dir).ok()?.to_path_buf();
        (!rest.as_os_str().is_empty()).then_some((dir, rest))
    })
}

fn outside(path: &Path, dirs: &[PathBuf]) -> Error {
    let dirs: Vec<_> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    let allowed = if dirs.is_empty() { "none is configured".to_owned() } else { dirs.join(", ") };
    Error::config(
        "outside_data_dirs",
        format!(
            "`{}` is outside of the data directories ({allowed}); move it into one, or add its directory with \
             --data-dir",
            path.display()
        ),
    )
}

fn ensure_regular_file(file: &OwnedFd, path: &Path) -> Result<()> {
    /// The magic numbers of `statfs(2)` for file systems whose files are answers of the kernel.
    const PSEUDO: [i64; 2] = [0x9fa0, 0x6265_6572];
    let failed = |error: rustix::io::Errno| {
        Error::io(format!("reading the metadata of {}", path.display()), error.into())
    };
    let stat = rustix::fs::fstat(file).map_err(failed)?;
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            let system = rustix::fs::fstatfs(file).map_err(failed)?;
            if !PSEUDO.contains(&system.f_type) {
                return Ok(());
            }
            "a pseudo-file of the kernel"
        }
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "not a file",
    };
    Err(Error::new(
        ErrorKind::Config,
        "not_a_file",
        format!("`{}` is {what}; name a regular file", path.display()),
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn code(result: Result<impl Sized>) -> String {
        result.err().map(|error| error.code().to_owned()).unwrap_or_default()
    }

    #[test]
    fn links_and_dots_do_not_lead_out_of_a_data_directory() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(root.path().join("secret"), "s").unwrap();
        std::fs::write(data.join("a.csv"), "a").unwrap();
        symlink(root.path().join("secret"), data.join("out")).unwrap();
        symlink(data.join("a.csv"), data.join("in")).unwrap();
        symlink("/", data.join("root")).unwrap();
        let access = FileAccess::Below(vec![data.clone()]);

        assert!(access.open(&data.join("a.csv")).is_ok());
        assert!(access.open(&data.join("in")).is_ok());
        for name in ["out", "../secret", "root/etc/passwd", "."] {
            assert_eq!(code(access.open(&data.join(name))), "outside_data_dirs", "{name}");
            assert_eq!(code(access.check(&data.join(name))), "outside_data_dirs", "{name}");
        }
        assert_eq!(code(access.open(&data.join("none.csv"))), "no_such_file");
        assert!(access.check(&data.join("none.csv")).is_ok());
        assert_eq!(code(FileAccess::Nowhere.open(&data.join("a.csv"))), "outside_data_dirs");
    }

    #[test]
    fn only_regular_files_are_opened() {
        let root = tempfile::tempdir().unwrap();
        let fifo = root.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for path in [fifo.as_path(), root.path(), Path::new("/dev/null"), Path::new("/proc/self/environ")] {
            assert_eq!(code(FileAccess::Anywhere.open(path)), "not_a_file", "{}", path.display());
        }
    }

    #[test]
    fn one_file_has_one_absolute_name() {
        for name in ["/data/./x/../a.csv", "/data//a.csv", "/../data/a.csv"] {
            assert_eq!(absolute_path(Path::new(name)).unwrap(), Path::new("/data/a.csv"));
        }
        assert!(absolute_path(Path::new("a.csv")).unwrap().is_absolute());
        assert!(absolute_path(Path::new("")).is_err());
    }
}
