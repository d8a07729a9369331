//! Opening a workbook, whatever its kind.

use std::io::Read;

use catchment_core::{Error, ErrorKind, Result, invalid_option};
use memchr::memmem;

use super::binary::Binary;
use super::grid::Grid;
use super::kind::WorkbookKind;
use super::ods::Ods;
use super::options::{SheetLimits, ValidatedSheetOptions};
use super::workbook::Workbook;
use super::xlsx::Xlsx;
use crate::Blob;
use crate::archive::protected;
use crate::text::compression::{read_error, read_head};

/// Opens a blob as the workbook that the options ask for, or as the grid that it is; with what can be read of it.
///
/// # Errors
/// As of [`open`]; `config`, `invalid_options`, where it is another kind; `parsing`, `not_a_workbook`.
pub(super) fn open_given(blob: Blob, given: &ValidatedSheetOptions) -> Result<(Blob, Box<dyn Workbook>)> {
    if blob.is_grid() {
        let grid = Grid::open(blob.section()?, given.limits)?;
        return Ok((blob, Box::new(grid)));
    }
    let (blob, head) = readable(blob, given.max_bytes)?;
    let (kind, book) = open(&blob, &head, given.limits)?.ok_or_else(no_workbook)?;
    if given.kind.is_some_and(|wanted| wanted != kind) {
        let message =
            format!("is another one than that of the file, which is {}; leave the option out", kind.name());
        return Err(invalid_option("format", &message));
    }
    Ok((blob, book))
}

/// Opens the workbook in a blob that begins with `head`; `None` where it is none.
///
/// # Errors
/// `parsing`, `damaged_workbook`, `damaged_archive`, `protected_file`; `config`, `file_too_long`.
pub(super) fn open(
    blob: &Blob,
    head: &[u8],
    limits: SheetLimits,
) -> Result<Option<(WorkbookKind, Box<dyn Workbook>)>> {
    let Some(kind) = WorkbookKind::of(blob, head)? else { return Ok(None) };
    let bounded = || {
        let max = limits.text as u64;
        if blob.len() <= max {
            return blob.section();
        }
        let message = format!(
            "the workbook has {} bytes, and a workbook in a binary format is read up to {max} of them, as it is held in \
             memory; save it as xlsx or CSV, or raise the option `maxTextBytes`",
            blob.len()
        );
        Err(Error::config("workbook_too_large", message))
    };
    let book: Box<dyn Workbook> = match kind {
        WorkbookKind::Xlsx => Box::new(Xlsx::open(blob.archive()?, limits, blob.watch())?),
        WorkbookKind::Ods => Box::new(Ods::open(blob.archive()?, limits, blob.watch())?),
        WorkbookKind::Xlsb => Box::new(Binary::xlsb(bounded()?, limits)?),
        WorkbookKind::Xls if is_encrypted(blob)? => return Err(protected("the workbook")),
        WorkbookKind::Xls => Box::new(Binary::xls(bounded()?, limits)?),
    };
    Ok(Some((kind, book)))
}

/// Whether a compound file holds an encrypted workbook of since 2007 (MS-OFFCRYPTO), by the name of its stream.
fn is_encrypted(blob: &Blob) -> Result<bool> {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut bytes = blob.section()?;
    let (mut block, mut kept) = (vec![0; 1 << 16], 0);
    loop {
        let count = bytes.read(&mut block[kept..]).map_err(read_error)?;
        let end = kept + count;
        if memmem::find(&block[..end], &name).is_some() {
            return Ok(true);
        }
        if count == 0 {
            return Ok(false);
        }
        kept = end.min(name.len());
        block.copy_within(end - kept..end, 0);
    }
}

/// The blob itself where a workbook can be read from it as it stands, and else what comes out of its compression; with its
/// first bytes.
pub(super) fn readable(blob: Blob, max_bytes: u64) -> Result<(Blob, Vec<u8>)> {
    let head = read_head(&mut blob.section()?, 8)?;
    if WorkbookKind::of(&blob, &head)?.is_some() {
        return Ok((blob, head));
    }
    let unpacked = blob.unpacked(max_bytes)?;
    let head = read_head(&mut unpacked.section()?, 8)?;
    Ok((unpacked, head))
}

/// The error of a file that is no workbook.
pub(super) fn no_workbook() -> Error {
    let message = "the file is no workbook: it is neither xlsx, xlsb, xls nor ods; check that it is the right file, or \
                   leave the option `format` out";
    Error::new(ErrorKind::Parsing, "not_a_workbook", message)
}
