//! From the text of an answer to its records, one after the other. The answer never becomes a tree: each record is cut
//! out as the text that it is, and what is around the records is kept, without them, as the envelope.

use std::fmt;

use catchment_core::json::JsonText;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::selection::Selection;
use super::step::{Step, to_jsonpath};

/// More than this around the records is left out.
const MAX_ENVELOPE: usize = 1 << 20;

/// The longest last record that is kept as a page token, in bytes.
const MAX_LAST: usize = 64 << 10;

/// A record as it stands in its answer.
#[derive(Debug)]
pub struct Item {
    /// Its text.
    pub raw: Box<RawValue>,
    /// A normalized JSONPath.
    pub path: Box<str>,
}

/// What came of going through an answer.
#[derive(Debug, Default)]
pub struct WalkResult {
    /// The document without its records but for the last one of each list.
    pub envelope: String,
    /// Whether a place of the selection was there.
    pub was_found: bool,
    /// Whether whoever takes the records wanted no more.
    pub is_stopped: bool,
}

/// Goes through a document, and hands its records over. `take` answers whether it wants more.
pub fn walk<'de, R: serde_json::de::Read<'de>>(
    mut document: serde_json::Deserializer<R>,
    selection: &Selection,
    take: &mut dyn FnMut(Item) -> bool,
) -> serde_json::Result<WalkResult> {
    let mut extraction = Extraction { take, path: Vec::new(), walked: WalkResult::default() };
    match (Walk { selection, extraction: &mut extraction }).deserialize(&mut document) {
        Err(_) if extraction.walked.is_stopped => return Ok(extraction.walked),
        result => result?,
    }
    document.end()?;
    Ok(extraction.walked)
}

struct Extraction<'t> {
    take: &'t mut dyn FnMut(Item) -> bool,
    path: Vec<Step>,
    walked: WalkResult,
}

impl Extraction<'_> {
    fn keep(&mut self, text: &str) {
        if self.walked.envelope.len() + text.len() <= MAX_ENVELOPE {
            self.walked.envelope.push_str(text);
        } else {
            self.walked.envelope.push_str("null");
        }
    }

    fn keep_last(&mut self, last: &str) {
        if self.walked.envelope.len() + last.len() <= MAX_ENVELOPE {
            self.walked.envelope.push_str(last);
        }
    }

    fn hand_over<E: serde::de::Error>(&mut self, raw: Box<RawValue>) -> Result<(), E> {
        let item = Item { raw, path: to_jsonpath(&self.path).into() };
        if (self.take)(item) {
            return Ok(());
        }
        self.walked.is_stopped = true;
        Err(E::custom("the reader of the records was dropped"))
    }
}

/// A node on the way to records, or one that is or holds them.
struct Walk<'a, 't> {
    selection: &'a Selection,
    extraction: &'a mut Extraction<'t>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.extraction.walked.was_found |= self.selection.is_met();
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { selection, extraction } = self;
        if selection.is_record() {
            // One record. Its text is put together again, as its beginning has been read.
            let mut text = "{".to_owned();
            while let Some(JsonText(name)) = map.next_key()? {
                let comma = if text.len() > 1 { "," } else { "" };
                let value = map.next_value::<Box<RawValue>>()?;
                text.push_str(&format!("{comma}{}:{value}", serde_json::Value::from(&*name)));
            }
            text.push('}');
            let raw = RawValue::from_string(text).map_err(serde::de::Error::custom)?;
            extraction.keep("null");
            return extraction.hand_over(raw);
        }
        extraction.walked.envelope.push('{');
        let mut is_first = true;
        while let Some(name) = map.next_key::<String>()? {
            if !std::mem::take(&mut is_first) {
                extraction.walked.envelope.push(',');
            }
            extraction.walked.envelope.push_str(&serde_json::Value::from(&*name).to_string());
            extraction.walked.envelope.push(':');
            match selection.member(&name) {
                Some(below) => {
                    extraction.path.push(Step::Name(name.into()));
                    map.next_value_seed(Walk { selection: below, extraction: &mut *extraction })?;
                    extraction.path.pop();
                }
                None => extraction.keep(map.next_value::<Box<RawValue>>()?.get()),
            }
        }
        extraction.walked.envelope.push('}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { selection, extraction } = self;
        extraction.walked.envelope.push('[');
        let (mut index, mut last) = (0, String::new());
        loop {
            extraction.path.push(Step::Index(index));
            let is_over = match selection.element(index) {
                _ if selection.is_record() => match seq.next_element::<Box<RawValue>>()? {
                    Some(raw) => {
                        // Some APIs give the last record as the token of the next page.
                        if raw.get().len() < MAX_LAST {
                            last.clear();
                            last.push_str(raw.get());
                        }
                        extraction.hand_over(raw)?;
                        false
                    }
                    None => true,
                },
                Some(below) => {
                    let before = extraction.walked.envelope.len();
                    if !extraction.walked.envelope.ends_with('[') {
                        extraction.walked.envelope.push(',');
                    }
                    let seed = Walk { selection: below, extraction: &mut *extraction };
                    let is_over = seq.next_element_seed(seed)?.is_none();
                    if is_over {
                        extraction.walked.envelope.truncate(before);
                    }
                    is_over
                }
                None => seq.next_element::<serde::de::IgnoredAny>()?.is_none(),
            };
            extraction.path.pop();
            if is_over {
                break;
            }
            index += 1;
        }
        extraction.keep_last(&last);
        extraction.walked.envelope.push(']');
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.extraction.keep("null");
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<(), E> {
        self.scalar(&flag.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.scalar(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.scalar(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.scalar(&serde_json::Value::from(number).to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.scalar(&serde_json::Value::from(text).to_string())
    }
}

impl Walk<'_, '_> {
    /// Where records were expected it is one, if a bad one.
    fn scalar<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.extraction.keep(text);
        if !self.selection.is_record() {
            return Ok(());
        }
        let raw = RawValue::from_string(text.to_owned()).map_err(E::custom)?;
        self.extraction.hand_over(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::path::Path;

    fn read(path: &str, document: &str) -> (Vec<String>, String) {
        let selection = Selection::new(&Path::parse(path).unwrap(), Some(document)).unwrap();
        let mut items = Vec::new();
        let mut take = |item: Item| {
            items.push(format!("{} {}", item.path, item.raw));
            true
        };
        let walked = walk(serde_json::Deserializer::from_str(document), &selection, &mut take).unwrap();
        (items, walked.envelope)
    }

    #[test]
    fn records_are_cut_out_as_they_stand() {
        let document =
            r#" {"next": 1e400, "data": {"items": [ {"id": 1.0} , [2] ], "more": true}, "é\n": "\u00e9"} "#;
        let (items, envelope) = read("data.items", document);
        assert_eq!(items, [r#"$.data.items[0] {"id": 1.0}"#, "$.data.items[1] [2]"]);
        assert_eq!(envelope, r#"{"next":1e400,"data":{"items":[[2]],"more":true},"é\n":"\u00e9"}"#);
        let (items, envelope) =
            read("$.groups[*].songs", r#"{"groups": [{"songs": [1]}, {"songs": [2, 3]}]}"#);
        assert_eq!(envelope, r#"{"groups":[{"songs":[1]},{"songs":[3]}]}"#);
        assert_eq!(items, ["$.groups[0].songs[0] 1", "$.groups[1].songs[0] 2", "$.groups[1].songs[1] 3"]);
        let (items, _) =
            read("$.all[?@.kind=='song']", r#"{"all": [{"kind":"ad"}, {"kind":"song", "n": 0.10}]}"#);
        assert_eq!(items, [r#"$.all[1] {"kind":"song","n":0.10}"#]);
        assert_eq!(read("$", "[1, 2]").0.len(), 2);
        assert_eq!(read("data", r#"{"data": null}"#).0.len(), 0);
    }

    proptest::proptest! {
        /// Whatever comes in: no panic, and as many records as another parser finds elements.
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{},:"\\u0ad8 1e.\-tfnrul\x00é]{0,40}"#, inner in "[\\[{\"a1,:}\\]]{0,12}") {
            let fields = crate::json::fields::Fields::new(&["a".into(), "a.b[0]".into()]).unwrap();
            for document in [text.clone(), format!("[{text}]"), format!("[{{\"a\": {inner}}}, {text}]")] {
                let mut count = 0;
                let mut take = |item: Item| {
                    count += 1;
                    fields.values(item.raw.get()).map(|values| assert_eq!(values.len(), 3)).ok();
                    true
                };
                let walked = walk(serde_json::Deserializer::from_str(&document), &selection("$"), &mut take);
                let elements = serde_json::from_str::<Vec<&RawValue>>(&document).ok().map(|elements| elements.len());
                match elements {
                    Some(elements) => assert!(walked.is_ok() && count == elements, "{document}"),
                    None => assert!(walked.is_err() || count <= 1, "{document}"),
                }
                crate::json::lists::find_list(&document).ok();
            }
        }
    }

    fn selection(path: &str) -> Selection {
        Selection::new(&Path::parse(path).unwrap(), None).unwrap()
    }
}
