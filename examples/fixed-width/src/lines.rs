//! The lines of a file in bounded memory, with where each begins.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use catchment_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// A line that is longer is none: the file is something else.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// A position between two lines, and the version of the file that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct LinePosition {
    /// The number of the next line, from 1.
    pub(crate) line: u64,
    /// Where it begins, from 0.
    pub(crate) byte: u64,
    /// Bytes of the file. One that grew or shrank is another file, whose lines are counted anew.
    pub(crate) file_bytes: u64,
}

/// A file that is read line by line.
pub(crate) struct Lines {
    reader: BufReader<File>,
    position: LinePosition,
}

/// A line without its end.
pub(crate) struct Line {
    pub(crate) line: u64,
    pub(crate) byte: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Lines {
    /// From the beginning, or from where an earlier reading stood.
    ///
    /// # Errors
    /// `system`, `source_changed`, when it is not the file that was read then: the engine begins a new run.
    pub(crate) fn open(mut file: File, after: Option<LinePosition>) -> Result<Self> {
        let failed = |error| Error::io("reading the file", error);
        let file_bytes = file.metadata().map_err(failed)?.len();
        let position = after.unwrap_or(LinePosition { line: 1, byte: 0, file_bytes });
        if position.file_bytes != file_bytes {
            let message =
                format!("the file has {file_bytes} bytes, and had {} when it was read", position.file_bytes);
            return Err(Error::new(ErrorKind::System, "source_changed", message));
        }
        file.seek(SeekFrom::Start(position.byte)).map_err(failed)?;
        Ok(Self { reader: BufReader::new(file), position })
    }

    /// The position after the last line that was read.
    pub(crate) fn position(&self) -> LinePosition {
        self.position
    }

    /// The next line that is not empty.
    ///
    /// # Errors
    /// `parsing`, `long_line`; `system`, when the disk fails.
    pub(crate) fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let LinePosition { line, byte, .. } = self.position;
            let mut bytes = Vec::new();
            let count = (&mut self.reader)
                .take(MAX_LINE_BYTES)
                .read_until(b'\n', &mut bytes)
                .map_err(|error| Error::io(format!("reading line {line}"), error))?
                as u64;
            if count == 0 {
                return Ok(None);
            }
            if count == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
                let message =
                    format!("line {line} has more than {MAX_LINE_BYTES} bytes; check that it is a text file");
                return Err(Error::new(ErrorKind::Parsing, "long_line", message).with("line", line));
            }
            self.position.line += 1;
            self.position.byte += count;
            while matches!(bytes.last(), Some(b'\n' | b'\r')) {
                bytes.pop();
            }
            if !bytes.is_empty() {
                return Ok(Some(Line { line, byte, bytes }));
            }
        }
    }
}
