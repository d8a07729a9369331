//! The parts of a workbook: which sheets there are, and where.

use std::collections::HashMap;
use std::sync::Arc;

use catchment_core::Result;
use quick_xml::events::Event;

use super::merged::spans;
use super::rows::XlsxRows;
use super::strings::Strings;
use super::styles::number_formats;
use crate::archive::{Archive, Watch};
use crate::spreadsheet::date::{DateSystem, NumberFormat};
use crate::spreadsheet::options::SheetLimits;
use crate::spreadsheet::workbook::{Rows, Sheet, Workbook};
use crate::spreadsheet::xml::{Xml, attribute, damaged};

/// A workbook, by its parts.
pub(in crate::spreadsheet) struct Xlsx {
    archive: Archive,
    watch: Watch,
    sheets: Vec<Sheet>,
    /// Where each sheet is.
    parts: Vec<String>,
    styles: Option<String>,
    strings: Option<String>,
    system: DateSystem,
    limits: SheetLimits,
    /// Read when the first sheet is.
    shared: Option<(Arc<Strings>, Arc<[NumberFormat]>)>,
}

/// What a part refers to.
struct Reference {
    id: String,
    kind: String,
    part: String,
}

impl Xlsx {
    /// Reads which sheets there are.
    ///
    /// # Errors
    /// `parsing`, `damaged_workbook`.
    pub(in crate::spreadsheet) fn open(archive: Archive, limits: SheetLimits, watch: Watch) -> Result<Self> {
        let root = references(&archive, "", &watch)?;
        let main = root.iter().find(|reference| reference.kind == "officeDocument");
        let main = main.map_or("xl/workbook.xml", |reference| &reference.part).to_owned();
        let mut book = Self {
            sheets: Vec::new(),
            parts: Vec::new(),
            styles: None,
            strings: None,
            system: DateSystem::From1900,
            limits,
            shared: None,
            watch,
            archive,
        };
        let references = references(&book.archive, &main, &book.watch)?;
        let of_kind = |kind: &str| references.iter().find(|it| it.kind == kind).map(|it| it.part.clone());
        (book.styles, book.strings) = (of_kind("styles"), of_kind("sharedStrings"));
        let by_id: HashMap<_, _> = references.iter().map(|it| (&*it.id, it)).collect();
        let mut xml =
            part(&book.archive, &main, &book.watch)?.ok_or_else(|| damaged(&main, "it is missing"))?;
        loop {
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "workbookPr" => {
                    let is_set = |value: &str| matches!(value, "1" | "true" | "on");
                    if attribute(&element, "date1904").is_some_and(|value| is_set(&value)) {
                        book.system = DateSystem::From1904;
                    }
                }
                Event::Start(element) if element.local_name().as_ref() == "sheet" => {
                    let id = attribute(&element, "id").unwrap_or_default();
                    // Sheets of nothing but a chart have no cells.
                    if let Some(reference) = by_id.get(&*id).filter(|it| it.kind == "worksheet") {
                        let state = attribute(&element, "state");
                        book.sheets.push(Sheet {
                            name: attribute(&element, "name").unwrap_or_default(),
                            is_hidden: state.is_some_and(|state| state != "visible"),
                        });
                        book.parts.push(reference.part.clone());
                    }
                }
                Event::Eof => return Ok(book),
                _ => {}
            }
        }
    }

    fn shared(&mut self) -> Result<(Arc<Strings>, Arc<[NumberFormat]>)> {
        if let Some(shared) = &self.shared {
            return Ok(shared.clone());
        }
        let strings = match &self.strings {
            Some(name) => match part(&self.archive, name, &self.watch)? {
                Some(xml) => Strings::read(xml, self.limits.text)?,
                None => Strings::default(),
            },
            None => Strings::default(),
        };
        let formats = match &self.styles {
            Some(name) => part(&self.archive, name, &self.watch)?.map(number_formats).transpose()?,
            None => None,
        };
        let shared = (Arc::new(strings), formats.unwrap_or_default().into());
        self.shared = Some(shared);
        self.shared()
    }
}

impl Workbook for Xlsx {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn rows(&mut self, sheet: usize) -> Result<Box<dyn Rows>> {
        let (strings, formats) = self.shared()?;
        let name = &self.parts[sheet];
        let member = self.archive.member(name).ok_or_else(|| damaged(name, "it is missing"))?;
        let bytes = || self.archive.read(member, self.watch.clone());
        let (spans, rows) = (spans(bytes()?, name)?, Xml::new(bytes()?, name));
        Ok(Box::new(XlsxRows::new(rows, strings, formats, self.system, spans, self.limits)))
    }
}

/// A part of the workbook.
fn part(archive: &Archive, name: &str, watch: &Watch) -> Result<Option<Xml>> {
    let Some(member) = archive.member(name) else { return Ok(None) };
    Ok(Some(Xml::new(archive.read(member, watch.clone())?, name)))
}

/// What a part refers to; by paths from the root.
fn references(archive: &Archive, of: &str, watch: &Watch) -> Result<Vec<Reference>> {
    let (dir, name) = of.rsplit_once('/').map_or(("", of), |(dir, name)| (dir, name));
    let slash = if dir.is_empty() { "" } else { "/" };
    let Some(mut xml) = part(archive, &format!("{dir}{slash}_rels/{name}.rels"), watch)? else {
        return Ok(Vec::new());
    };
    let mut references = Vec::new();
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let value = |name| attribute(&element, name).unwrap_or_default();
                let target = value("Target").replace('\\', "/");
                let part = match target.strip_prefix('/') {
                    Some(absolute) => absolute.to_owned(),
                    None => resolve(dir, &target),
                };
                let kind = value("Type").rsplit('/').next().unwrap_or_default().to_owned();
                references.push(Reference { id: value("Id"), kind, part });
            }
            Event::Eof => return Ok(references),
            _ => {}
        }
    }
}

/// A path from a directory, without `.` and `..`.
fn resolve(dir: &str, target: &str) -> String {
    let mut steps: Vec<&str> = dir.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}
