//! Several files of this machine: those of a folder, or those that fit a pattern.

use std::fs::File;
use std::path::{Path, PathBuf};

use catchment_core::{Error, ErrorKind, FileAccess, Listed, ListedKind, Result};
use glob::{MatchOptions, Pattern};

use super::entry::{FileEntry, nanoseconds};
use super::local::LocalFile;

/// The most files of one folder or pattern.
const MAX_FILES: usize = 100_000;
/// How deep a pattern is followed.
const MAX_DEPTH: usize = 32;
/// How files are called while they are on their way.
const UNFINISHED: [&str; 4] = [".part", ".crdownload", ".tmp", ".filepart"];
const PATTERN_SIGNS: [char; 3] = ['*', '?', '['];

/// Which files of a directory are meant.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// The directory that all of them are below; their names are from there.
    base: PathBuf,
    /// `None` for all files that are directly in it.
    pattern: Option<Pattern>,
    files: FileAccess,
}

/// What a path names.
pub(crate) enum Named {
    File,
    Several(Folder),
}

/// The directory that a pattern begins at; `None` of a path that is no pattern.
pub(crate) fn pattern_base(path: &Path) -> Option<PathBuf> {
    let is_pattern = |part: &Path| part.to_string_lossy().contains(PATTERN_SIGNS);
    let first = path.ancestors().filter(|part| is_pattern(part)).last()?;
    first.parent().map(Path::to_path_buf)
}

impl Folder {
    /// What a path names, by what is there.
    pub(super) fn named(local: &LocalFile) -> Result<Named> {
        let (path, files) = (&local.path, &local.files);
        let metadata = std::fs::metadata(path).ok();
        if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            files.check_dir(path)?;
            return Ok(Named::Several(Self { base: path.clone(), pattern: None, files: files.clone() }));
        }
        match pattern_base(path).filter(|_| metadata.is_none()) {
            Some(base) => {
                let pattern = Pattern::new(&path.to_string_lossy()).map_err(|error| {
                    let message = format!("`{}` is no pattern: {error}", path.display());
                    Error::config("bad_pattern", message.clone()).with_detail("/sourceIdentifier", message)
                })?;
                Ok(Named::Several(Self { base, pattern: Some(pattern), files: files.clone() }))
            }
            None => Ok(Named::File),
        }
    }

    /// Its files, in the order of their names.
    ///
    /// # Errors
    /// `config`: it cannot be listed, or has too many.
    pub(super) fn files(&self) -> Result<Vec<FileEntry>> {
        let mut found = self.all()?;
        found.retain(|entry| !is_unfinished(&entry.name));
        Ok(found)
    }

    /// A file that seems to be on its way still.
    ///
    /// # Errors
    /// As of [`Folder::files`].
    pub(super) fn unfinished_file(&self) -> Result<Option<FileEntry>> {
        Ok(self.all()?.into_iter().find(|entry| is_unfinished(&entry.name)))
    }

    fn all(&self) -> Result<Vec<FileEntry>> {
        let mut found = Vec::new();
        self.list_below(&self.base, 0, &mut found)?;
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    fn list_below(&self, dir: &Path, depth: usize, found: &mut Vec<FileEntry>) -> Result<()> {
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        for Listed { path, kind, bytes, modified } in self.files.list(dir)? {
            let is_deep = self.pattern.as_ref().is_some_and(|pattern| goes_below(pattern, &path));
            if kind == ListedKind::Directory {
                if is_deep && depth < MAX_DEPTH {
                    self.list_below(&path, depth + 1, found)?;
                }
                continue;
            }
            let name = path.strip_prefix(&self.base).unwrap_or(&path).to_string_lossy();
            // `a.csv.part` will be `a.csv`.
            let finished = if is_unfinished(&name) { path.with_extension("") } else { path.clone() };
            let is_meant = match &self.pattern {
                Some(pattern) => pattern.matches_path_with(&finished, options),
                None => true,
            };
            if !is_meant || is_of_a_program(&path) {
                continue;
            }
            found.push(FileEntry { name: name.into(), bytes, modified: modified.and_then(nanoseconds) });
            if found.len() > MAX_FILES {
                let message = format!(
                    "`{}` has more than {MAX_FILES} files; name a part of them, such as `2026-*.csv`",
                    self.base.display()
                );
                return Err(Error::config("too_many_files", message));
            }
        }
        Ok(())
    }

    /// Opens one of its files.
    pub(super) fn open_file(&self, name: &str) -> Result<File> {
        let path = self.base.join(name);
        self.files.open(&path).map_err(|error| {
            if error.code() == "no_such_file" && path.is_symlink() {
                return Error::config("broken_link", format!("`{name}` is a link that leads nowhere"));
            }
            error
        })
    }

    /// The error of a folder in which there is none.
    pub(super) fn no_files(&self) -> Error {
        let what = match &self.pattern {
            Some(pattern) => format!("no file fits the pattern `{pattern}`"),
            None => format!("there is no file in `{}`", self.base.display()),
        };
        let message = format!("{what}; check the path, or set the option `newFiles` where they come later");
        Error::new(ErrorKind::Config, "no_files", message)
    }
}

/// Whether a pattern may fit what is below a directory.
fn goes_below(pattern: &Pattern, dir: &Path) -> bool {
    let parts = |text: &str| text.split('/').count();
    let text = pattern.as_str();
    text.contains("**") || parts(text) > parts(&dir.to_string_lossy())
}

/// Whether a file is on its way still.
fn is_unfinished(name: &str) -> bool {
    let name = name.to_lowercase();
    UNFINISHED.iter().any(|end| name.ends_with(end))
}

/// Whether a file is hidden, or that of a program that has another one open.
fn is_of_a_program(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.starts_with("~$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(base: &Path, path: &str) -> Vec<String> {
        let local = LocalFile { path: base.join(path), files: FileAccess::Below(vec![base.to_path_buf()]) };
        match Folder::named(&local).unwrap() {
            Named::File => vec!["file".to_owned()],
            Named::Several(folder) => {
                folder.files().unwrap().iter().map(|entry| entry.name.to_string()).collect()
            }
        }
    }

    #[test]
    fn folders_and_patterns_name_files_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path();
        std::fs::create_dir_all(base.join("sub/deep")).unwrap();
        for name in [
            "b.csv",
            "a.csv",
            "a10.csv",
            "x.txt",
            ".hidden.csv",
            "~$a.csv",
            "c.csv.part",
            "sub/d.csv",
            "sub/deep/e.csv",
            "od[d].csv",
        ] {
            std::fs::write(base.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(base, base.join("sub/loop")).unwrap();
        assert_eq!(names(base, "."), ["a.csv", "a10.csv", "b.csv", "od[d].csv", "x.txt"]);
        assert_eq!(names(base, "*.csv"), ["a.csv", "a10.csv", "b.csv", "od[d].csv"]);
        assert_eq!(names(base, "a?.csv"), Vec::<String>::new());
        assert_eq!(names(base, "*/*.csv"), ["sub/d.csv"]);
        assert_eq!(names(base, "**/[de].csv"), ["sub/d.csv", "sub/deep/e.csv"]);
        assert_eq!(names(base, "od[d].csv"), ["file"]);
        assert_eq!(names(base, "none.csv"), ["file"]);
    }
}
