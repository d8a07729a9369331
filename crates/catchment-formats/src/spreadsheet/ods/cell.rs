//! A cell of a table: its type, its value, its text (OpenDocument 1.3, part 3, 9.1.4 and 19.385).

use catchment_core::Result;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use crate::spreadsheet::date::{DateSystem, NumberFormat, of_iso, show};
use crate::spreadsheet::number;
use crate::spreadsheet::row::{CellKind, WITHOUT_VALUE};
use crate::spreadsheet::xml::{Xml, push_text};

/// The longest text of a cell.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// The longest run of spaces that is written as a count.
const MAX_SPACES: usize = 1 << 15;

/// What the element of a cell says of it.
#[derive(Debug, Default)]
pub(super) struct CellStart {
    /// How many cells it stands for.
    pub(super) repeated: u64,
    /// How many rows it spans.
    pub(super) rows: u64,
    kind: String,
    value: Option<String>,
    is_error: bool,
    is_formula: bool,
}

impl CellStart {
    pub(super) fn of(element: &BytesStart<'_>) -> Self {
        let mut cell = Self { repeated: 1, rows: 1, ..Self::default() };
        for attribute in element.attributes().with_checks(false).flatten() {
            let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else { continue };
            match (attribute.key.as_ref(), attribute.key.local_name().as_ref()) {
                ("calcext:value-type", _) => cell.is_error = &*value == "error",
                (_, "formula") => cell.is_formula = true,
                (_, "value-type") => cell.kind = value.into_owned(),
                (_, "value" | "date-value" | "time-value" | "boolean-value" | "string-value") => {
                    cell.value = Some(value.into_owned());
                }
                (_, "number-columns-repeated") => cell.repeated = value.parse().unwrap_or(1),
                (_, "number-rows-spanned") => cell.rows = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        cell
    }

    /// What it holds, where `shown` is the text that it shows.
    pub(super) fn value(&self, shown: &str) -> (CellKind, String) {
        let value = self.value.as_deref().unwrap_or_default();
        let known = match &*self.kind {
            _ if self.is_error => Some((CellKind::Error, shown.to_owned())),
            "" if self.is_formula && shown.is_empty() => Some((CellKind::Error, WITHOUT_VALUE.to_owned())),
            "float" | "currency" | "percentage" => {
                number::of_text(value).map(|text| (CellKind::Number, text))
            }
            "date" => Some(of_iso(value, value.contains('T'))),
            "time" => seconds(value)
                .map(|seconds| show(seconds / 86_400.0, NumberFormat::Duration, DateSystem::From1900)),
            "boolean" => {
                Some((if value == "true" { CellKind::True } else { CellKind::False }, String::new()))
            }
            _ => None,
        };
        known.unwrap_or_else(|| {
            let text = self.value.as_deref().filter(|_| self.kind == "string").unwrap_or(shown);
            (if text.is_empty() { CellKind::Empty } else { CellKind::Text }, text.to_owned())
        })
    }
}

/// The seconds of a duration such as `PT14H30M00S` (ISO 8601).
fn seconds(text: &str) -> Option<f64> {
    let (mut seconds, mut digits) = (0.0, String::new());
    for char in text.strip_prefix("PT")?.chars() {
        let unit = match char {
            'H' => 3600.0,
            'M' => 60.0,
            'S' => 1.0,
            '0'..='9' | '.' => {
                digits.push(char);
                continue;
            }
            ',' => {
                digits.push('.');
                continue;
            }
            _ => return None,
        };
        seconds += digits.parse::<f64>().ok()? * unit;
        digits.clear();
    }
    digits.is_empty().then_some(seconds)
}

/// Reads the text that the cell that has just begun shows: its paragraphs, with line breaks between them, without notes.
pub(super) fn read_text(xml: &mut Xml, text: &mut String) -> Result<()> {
    text.clear();
    let (mut depth, mut paragraphs, mut is_in_paragraph) = (0, 0, 0);
    loop {
        if text.len() > MAX_TEXT_BYTES {
            return Err(xml.damaged(format!("a cell has more than {MAX_TEXT_BYTES} bytes of text")));
        }
        match xml.next()? {
            Event::Start(element) => {
                depth += 1;
                match element.local_name().as_ref() {
                    "annotation" | "table" => {
                        depth -= 1;
                        xml.skip()?;
                    }
                    "p" | "h" => {
                        if paragraphs > 0 {
                            text.push('\n');
                        }
                        (paragraphs, is_in_paragraph) = (paragraphs + 1, depth);
                    }
                    "s" => {
                        let count = super::super::xml::attribute(&element, "c");
                        let count = count.and_then(|count| count.parse().ok()).unwrap_or(1);
                        text.extend(std::iter::repeat_n(' ', MAX_SPACES.min(count)));
                    }
                    "tab" => text.push('\t'),
                    "line-break" => text.push('\n'),
                    _ => {}
                }
            }
            Event::End(_) if depth == 0 => return Ok(()),
            Event::End(_) => {
                if depth == is_in_paragraph {
                    is_in_paragraph = 0;
                }
                depth -= 1;
            }
            Event::Eof => return Err(xml.cut_off()),
            event if is_in_paragraph > 0 => push_text(&event, text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_those_of_iso_8601() {
        assert_eq!(super::seconds("PT14H30M00S"), Some(52_200.0));
        assert_eq!(super::seconds("PT00H00M01.5S"), Some(1.5));
        assert_eq!(super::seconds("P1D"), None);
        assert_eq!(super::seconds("PT5"), None);
    }
}
