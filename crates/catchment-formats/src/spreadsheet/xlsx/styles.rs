//! The styles of a workbook: which number format a cell has.

use std::collections::HashMap;

use catchment_core::Result;
use quick_xml::events::Event;

use crate::spreadsheet::date::NumberFormat;
use crate::spreadsheet::xml::{Xml, attribute};

/// The most styles; Excel has at most 65,490.
const MAX_STYLES: usize = 1 << 17;

/// The number format of each cell style.
pub(super) fn number_formats(mut xml: Xml) -> Result<Vec<NumberFormat>> {
    let mut codes = HashMap::<u32, NumberFormat>::new();
    let mut formats = Vec::new();
    let mut is_in_cells = false;
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "numFmt" if codes.len() < MAX_STYLES => {
                    let id = attribute(&element, "numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, attribute(&element, "formatCode")) {
                        codes.insert(id, NumberFormat::of_code(&code));
                    }
                }
                "cellXfs" => is_in_cells = true,
                "xf" if is_in_cells && formats.len() < MAX_STYLES => {
                    let id =
                        attribute(&element, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or_default();
                    let format = codes.get(&id).copied();
                    formats.push(format.unwrap_or_else(|| NumberFormat::built_in(id)));
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "cellXfs" => is_in_cells = false,
            Event::Eof => return Ok(formats),
            _ => {}
        }
    }
}
