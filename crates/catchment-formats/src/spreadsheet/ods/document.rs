//! A document: which tables it has.

use std::collections::HashSet;

use catchment_core::Result;
use quick_xml::events::Event;

use super::rows::OdsRows;
use crate::archive::{Archive, Watch, protected};
use crate::spreadsheet::options::SheetLimits;
use crate::spreadsheet::workbook::{Rows, Sheet, Workbook};
use crate::spreadsheet::xml::{Xml, attribute, damaged};

/// Where all tables are.
const CONTENT: &str = "content.xml";
/// What the parts are, and whether they are encrypted.
const MANIFEST: &str = "META-INF/manifest.xml";

/// A document with tables.
pub(in crate::spreadsheet) struct Ods {
    archive: Archive,
    watch: Watch,
    limits: SheetLimits,
    sheets: Vec<Sheet>,
}

impl Ods {
    /// Reads which tables there are.
    ///
    /// # Errors
    /// `parsing`, `protected_file`, `damaged_workbook`.
    pub(in crate::spreadsheet) fn open(archive: Archive, limits: SheetLimits, watch: Watch) -> Result<Self> {
        if is_encrypted(&archive, &watch)? {
            return Err(protected("the workbook"));
        }
        let mut xml = content(&archive, &watch)?;
        let (mut sheets, mut hidden_styles, mut style) = (Vec::new(), HashSet::new(), None);
        let mut depth = 0;
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "style" => style = attribute(&element, "name"),
                    "table-properties" if attribute(&element, "display").as_deref() == Some("false") => {
                        hidden_styles.extend(style.take());
                    }
                    "table" => {
                        depth += 1;
                        if depth == 1 {
                            let style = attribute(&element, "style-name");
                            sheets.push(Sheet {
                                name: attribute(&element, "name").unwrap_or_default(),
                                is_hidden: style.is_some_and(|style| hidden_styles.contains(&style)),
                            });
                        }
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "table" => depth -= 1,
                Event::Eof if depth > 0 => return Err(xml.cut_off()),
                Event::Eof => return Ok(Self { archive, watch, limits, sheets }),
                _ => {}
            }
        }
    }
}

impl Workbook for Ods {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn rows(&mut self, sheet: usize) -> Result<Box<dyn Rows>> {
        Ok(Box::new(OdsRows::find(content(&self.archive, &self.watch)?, sheet, self.limits)?))
    }
}

fn content(archive: &Archive, watch: &Watch) -> Result<Xml> {
    let member = archive.member(CONTENT).ok_or_else(|| damaged(CONTENT, "it is missing"))?;
    Ok(Xml::new(archive.read(member, watch.clone())?, CONTENT))
}

fn is_encrypted(archive: &Archive, watch: &Watch) -> Result<bool> {
    let Some(member) = archive.member(MANIFEST) else { return Ok(false) };
    let mut xml = Xml::new(archive.read(member, watch.clone())?, MANIFEST);
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => return Ok(true),
            Event::Eof => return Ok(false),
            _ => {}
        }
    }
}
