//! JSON as the text that it is: the members of an object and the elements of a list, without a tree, so that numbers and
//! identifiers keep their digits.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The key of a value: a member name or an array index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key<'j> {
    /// The name of a member, without its escapes.
    Name(Cow<'j, str>),
    /// The index of an element, from 0.
    Index(usize),
}

/// A text or a name, borrowed where it has no escapes.
#[derive(Debug, Deserialize)]
pub struct JsonText<'j>(#[serde(borrow)] pub Cow<'j, str>);

/// Calls `visit` with each member of an object, or each element of a list, in order: its key, and its value as it stands
/// there. Members of the same name are all visited.
///
/// # Errors
/// Where `json` is neither an object nor a list, or does not read; and what `visit` fails with.
///
/// ```
/// use catchment_core::json::{Key, for_each_entry};
/// let mut seen = Vec::new();
/// for_each_entry(r#"{"price": 0.10, "a\u0062": [1]}"#, |key, value| {
///     seen.push((key, value));
///     Ok(())
/// })?;
/// assert_eq!(seen, [(Key::Name("price".into()), "0.10"), (Key::Name("ab".into()), "[1]")]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn for_each_entry<'j>(
    json: &'j str,
    visit: impl FnMut(Key<'j>, &'j str) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    for_each_wanted(json, |_| true, visit)
}

/// The same with those entries only whose keys are wanted. Passing the others over costs less than visiting them.
///
/// # Errors
/// As of [`for_each_entry`].
pub fn for_each_wanted<'j>(
    json: &'j str,
    is_wanted: impl Fn(&Key<'j>) -> bool,
    visit: impl FnMut(Key<'j>, &'j str) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    serde_json::Deserializer::from_str(json).deserialize_any(Entries { is_wanted, visit })
}

struct Entries<W, F> {
    is_wanted: W,
    visit: F,
}

impl<'de, W, F> Visitor<'de> for Entries<W, F>
where
    W: Fn(&Key<'de>) -> bool,
    F: FnMut(Key<'de>, &'de str) -> serde_json::Result<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object or array")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(JsonText(name)) = map.next_key::<JsonText<'de>>()? {
            let key = Key::Name(name);
            if (self.is_wanted)(&key) {
                let value = map.next_value::<&RawValue>()?;
                (self.visit)(key, value.get()).map_err(A::Error::custom)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        for index in 0.. {
            let key = Key::Index(index);
            if (self.is_wanted)(&key) {
                let Some(value) = seq.next_element::<&RawValue>()? else { break };
                (self.visit)(key, value.get()).map_err(A::Error::custom)?;
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(())
    }
}
