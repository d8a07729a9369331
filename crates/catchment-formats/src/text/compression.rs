//! Compressed files: told by their first bytes, and what reading a damaged one fails with.

use std::io::{self, BufRead, Read};

use catchment_core::{Error, ErrorKind, Result};

/// The decompressed bytes of a reader: of gzip (RFC 1952, also of several members) and Zstandard (RFC 8878), told by
/// their first bytes; of anything else, the bytes as they are.
pub(crate) fn decompress(mut raw: impl BufRead + Send + 'static) -> Result<Box<dyn Read + Send>> {
    let head = raw.fill_buf().map_err(|error| Error::io("reading the file", error))?;
    Ok(match head {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(
            zstd::stream::read::Decoder::with_buffer(raw)
                .map_err(|error| Error::io("setting up the zstd decoder", error))?,
        ),
        [0x1f] => {
            let why = io::Error::new(io::ErrorKind::UnexpectedEof, "it ends after its first byte");
            return Err(read_error(why));
        }
        _ => Box::new(raw),
    })
}

/// The first bytes of a reader, so many at most.
pub(crate) fn read_head(bytes: &mut dyn Read, max: usize) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(max as u64).read_to_end(&mut head).map_err(read_error)?;
    Ok(head)
}

/// What reading failed with. Compressed data that is cut off or damaged will not be better next time.
pub(crate) fn read_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Error::new(
                ErrorKind::Parsing,
                "damaged_compression",
                format!("the compressed file is damaged or cut off: {error}; compress it again"),
            )
            .with_source(error)
        }
        // zstd's own errors have no kind but this one, and no number of the operating system.
        io::ErrorKind::Other if error.raw_os_error().is_none() => Error::new(
            ErrorKind::Parsing,
            "damaged_compression",
            format!("the compressed file cannot be read: {error}; compress it again"),
        )
        .with_source(error),
        _ => Error::io("reading the file", error),
    }
}
