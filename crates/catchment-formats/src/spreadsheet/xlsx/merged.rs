//! Which cells of a sheet are merged. They stand behind all others in its part, so that it is gone through once before its
//! rows are read; and found whole, or damaged.

use std::io::{Cursor, Read};

use catchment_core::Result;
use memchr::{memmem, memrchr};
use quick_xml::events::Event;

use super::rows::place;
use crate::spreadsheet::spans::Span;
use crate::spreadsheet::xml::{Xml, attribute, damaged};

/// The most cells that are merged, and the most bytes that name them.
const MAX_SPANS: usize = 1 << 17;
const MAX_BYTES: usize = 16 << 20;
const BLOCK_BYTES: usize = 256 << 10;
/// The element that names them, without a prefix.
const ELEMENT: &[u8] = b"mergeCells";
/// Where an element begins before its name, with its prefix.
const PREFIX_BYTES: usize = 32;

/// The cells of a part that span several rows.
pub(super) fn spans(mut bytes: Box<dyn Read + Send>, part: &str) -> Result<Vec<Span>> {
    let finder = memmem::Finder::new(ELEMENT);
    let (mut block, mut kept) = (vec![0; BLOCK_BYTES], 0);
    let mut element: Option<Vec<u8>> = None;
    loop {
        let count = bytes.read(&mut block[kept..]).map_err(|error| damaged(part, error))?;
        if count == 0 {
            break;
        }
        let end = kept + count;
        kept = 0;
        if let Some(element) = &mut element {
            let room = MAX_BYTES.saturating_sub(element.len()).min(end);
            element.extend_from_slice(&block[..room]);
            continue;
        }
        // A text cannot hold `<`.
        let found = finder.find_iter(&block[..end]).find_map(|at| {
            let start = memrchr(b'<', &block[at.saturating_sub(PREFIX_BYTES)..at])?;
            Some(at.saturating_sub(PREFIX_BYTES) + start)
        });
        match found {
            Some(start) => element = Some(block[start..end].to_vec()),
            None => {
                kept = end.min(PREFIX_BYTES + ELEMENT.len());
                block.copy_within(end - kept..end, 0);
            }
        }
    }
    element.map_or(Ok(Vec::new()), |element| read(element, part))
}

fn read(element: Vec<u8>, part: &str) -> Result<Vec<Span>> {
    let mut xml = Xml::new(Box::new(Cursor::new(element)), part);
    let mut spans = Vec::new();
    loop {
        match xml.next()? {
            Event::Start(element)
                if element.local_name().as_ref() == "mergeCell" && spans.len() < MAX_SPANS =>
            {
                let range = attribute(&element, "ref").unwrap_or_default();
                let ends =
                    range.split_once(':').and_then(|(first, last)| Some((place(first)?, place(last)?)));
                if let Some(((first_row, column), (last_row, _))) = ends {
                    spans.push(Span { first_row, last_row, column });
                }
            }
            Event::End(element) if element.local_name().as_ref() == "mergeCells" => return Ok(spans),
            Event::Eof => return Ok(spans),
            _ => {}
        }
    }
}
