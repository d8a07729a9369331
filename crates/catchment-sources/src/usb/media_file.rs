//! A file whose tags are read. What reads them may take a device that fails for the end of a file, or for damage.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// A file that remembers that it could not be read.
#[derive(Debug, Clone)]
pub(super) struct MediaFile {
    file: Arc<File>,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl MediaFile {
    pub(super) fn new(file: File) -> Self {
        Self { file: Arc::new(file), failed: Arc::default() }
    }

    /// # Errors
    /// The first failure of reading it.
    pub(super) fn check(&self) -> io::Result<()> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            // What asks for a place before the beginning is wrong, and not the device.
            if kind != io::ErrorKind::InvalidInput {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl Read for MediaFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = (&*self.file).read(bytes);
        self.noted(read)
    }
}

impl Seek for MediaFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let sought = (&*self.file).seek(to);
        self.noted(sought)
    }
}
