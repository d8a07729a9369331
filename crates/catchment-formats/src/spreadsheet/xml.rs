//! XML of spreadsheets, in bounded memory: nothing in one is longer than a cell can be, so that what is longer is no
//! spreadsheet. Entities that a document defines are not expanded.

use std::io::{self, BufRead, BufReader, Read};

use catchment_core::{Error, ErrorKind, Result};
use memchr::memrchr;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// The longest text or tag: a cell has at most 32,767 characters, and each may be written as `&#x10FFFF;`.
const MAX_TOKEN_BYTES: usize = 1 << 20;
/// The most elements within each other.
const MAX_DEPTH: usize = 256;
const BLOCK_BYTES: usize = 64 << 10;

/// An XML document that is read event by event.
pub(super) struct Xml {
    reader: Reader<Tokens>,
    buffer: Vec<u8>,
    /// How many elements are open.
    depth: usize,
    /// What it is of, for errors.
    part: Box<str>,
}

impl Xml {
    pub(super) fn new(bytes: Box<dyn Read + Send>, part: &str) -> Self {
        let bytes = BufReader::with_capacity(BLOCK_BYTES, bytes);
        let mut reader = Reader::from_reader(Tokens { bytes, length: 0 });
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_end_names = false;
        Self { reader, buffer: Vec::new(), depth: 0, part: part.into() }
    }

    /// The next event; an empty element is its beginning and its end.
    ///
    /// # Errors
    /// `parsing`, `damaged_workbook`.
    pub(super) fn next(&mut self) -> Result<Event<'_>> {
        self.buffer.clear();
        let event =
            self.reader.read_event_into(&mut self.buffer).map_err(|error| damaged(&self.part, error))?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(damaged(
                &self.part,
                format!("more than {MAX_DEPTH} elements stand within each other"),
            ));
        }
        Ok(event)
    }

    /// Adds the text of the element that has just begun to `text`, without that of elements in it; to its end.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub(super) fn text_into(&mut self, text: &mut String) -> Result<()> {
        self.walk(|event| push_text(event, text))
    }

    /// Passes over the element that has just begun.
    ///
    /// # Errors
    /// As [`Xml::next`].
    pub(super) fn skip(&mut self) -> Result<()> {
        self.walk(|_| {})
    }

    /// Reads the element that has just begun to its end, and shows what stands in it, not in elements of it.
    fn walk(&mut self, mut show: impl FnMut(&Event<'_>)) -> Result<()> {
        let mut depth = 0;
        loop {
            match self.next()? {
                Event::Start(_) => depth += 1,
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(self.cut_off()),
                event if depth == 0 => show(&event),
                _ => {}
            }
        }
    }

    /// The error of a document that ends in the middle.
    pub(super) fn cut_off(&self) -> Error {
        damaged(&self.part, "it ends in the middle")
    }

    /// The error of a document that is not what it should be.
    pub(super) fn damaged(&self, why: impl std::fmt::Display) -> Error {
        damaged(&self.part, why)
    }
}

/// Adds what an event says, if it is text. A reference to what is not defined by XML itself stands as it is.
pub(super) fn push_text(event: &Event<'_>, text: &mut String) {
    match event {
        Event::Text(piece) => text.push_str(&piece.xml10_content()),
        Event::CData(piece) => text.push_str(&piece.xml10_content()),
        Event::GeneralRef(reference) => match (resolve_xml_entity(reference), reference.resolve_char_ref()) {
            (Some(known), _) => text.push_str(known),
            (None, Ok(Some(char))) => text.push(char),
            _ => text.push_str(&format!("&{};", &**reference)),
        },
        _ => {}
    }
}

/// The value of an attribute, by its name without a prefix.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let mut found = attributes.with_checks(false).flatten();
    let attribute = found.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// The error of a workbook of which a part does not read.
pub(super) fn damaged(part: &str, why: impl std::fmt::Display) -> Error {
    let message = format!(
        "the workbook is damaged: its part `{part}` cannot be read: {why}; open it in a spreadsheet, save it again, and \
         read that"
    );
    Error::new(ErrorKind::Parsing, "damaged_workbook", message)
}

/// Bytes of XML, as long as no tag or text of them is too long.
struct Tokens {
    bytes: BufReader<Box<dyn Read + Send>>,
    /// Bytes behind the last `<` of what has been read.
    length: usize,
}

impl Read for Tokens {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Tokens {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.buffer().is_empty() {
            let block = self.bytes.fill_buf()?;
            self.length = match memrchr(b'<', block) {
                Some(last) => block.len() - last,
                None => self.length.saturating_add(block.len()),
            };
            if self.length > MAX_TOKEN_BYTES {
                let why = format!("a text or a tag in it has more than {MAX_TOKEN_BYTES} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
        }
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }
}
