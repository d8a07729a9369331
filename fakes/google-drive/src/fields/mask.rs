//! Partial responses: `nextPageToken,files(id,capabilities/canDownload)`, parsed, checked, and applied.

use std::collections::BTreeMap;

use serde_json::Value;

use super::schema::Shape;

/// What was asked for of an object: by name, all of it (`None`) or a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mask {
    fields: BTreeMap<String, Option<Mask>>,
    has_all: bool,
}

/// The field that is wrong, as `Invalid field selection X` names it.
pub(crate) type InvalidField = String;

impl Mask {
    /// Reads a mask, all of which must exist in a shape; blanks are passed over. Drive's paths are `a/b`, those of Sheets also `a.b`.
    pub(crate) fn parse(
        text: &str,
        shape: &Shape,
        separators: &'static [char],
    ) -> Result<Self, InvalidField> {
        // Google's own examples have blanks behind their commas.
        let text = &*text.split_whitespace().collect::<String>();
        let mut parser = Parser { text, position: 0, separators };
        let mask = parser.list(0)?;
        if parser.position < text.len() {
            return Err(text[parser.position..].to_owned());
        }
        mask.check(shape)?;
        Ok(mask)
    }

    /// What the mask leaves of a value. It goes through lists.
    pub(crate) fn apply(&self, value: Value) -> Value {
        match value {
            _ if self.has_all => value,
            Value::Array(items) => items.into_iter().map(|item| self.apply(item)).collect(),
            Value::Object(object) => object
                .into_iter()
                .filter_map(|(name, value)| {
                    let part = self.fields.get(&name)?;
                    let value = match part {
                        None => value,
                        Some(part) => part.apply(value),
                    };
                    Some((name, value))
                })
                .collect(),
            _ => value,
        }
    }

    fn check(&self, shape: &Shape) -> Result<(), InvalidField> {
        for (name, part) in &self.fields {
            let known = shape.child(name).ok_or_else(|| name.clone())?;
            match (part, known) {
                (Some(part), Shape::Object(_)) => part.check(known)?,
                (Some(part), Shape::Leaf) => {
                    return Err(part.fields.keys().next().cloned().unwrap_or_else(|| name.clone()));
                }
                (Some(_), Shape::Open) | (None, _) => {}
            }
        }
        Ok(())
    }

    fn insert(&mut self, name: String, part: Option<Self>) {
        match (self.fields.remove(&name), part) {
            (Some(Some(mut known)), Some(part)) => {
                known.has_all |= part.has_all;
                part.fields.into_iter().for_each(|(name, part)| known.insert(name, part));
                self.fields.insert(name, Some(known));
            }
            (None, part) => {
                self.fields.insert(name, part);
            }
            // One of both wants all of it.
            (Some(_), _) => {
                self.fields.insert(name, None);
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    separators: &'static [char],
}

/// No mask of sense is as deep.
const MAX_DEPTH: usize = 10;

impl Parser<'_> {
    /// `a,b/c,d(e,f)`
    fn list(&mut self, depth: usize) -> Result<Mask, InvalidField> {
        let mut mask = Mask::default();
        loop {
            match self.selection(depth)? {
                (name, _) if name == "*" => mask.has_all = true,
                (name, part) => mask.insert(name, part),
            }
            if !self.takes(',') {
                return Ok(mask);
            }
        }
    }

    fn selection(&mut self, depth: usize) -> Result<(String, Option<Mask>), InvalidField> {
        let name = self.name()?;
        if depth >= MAX_DEPTH {
            return Err(name);
        }
        if self.separators.iter().any(|separator| self.takes(*separator)) {
            let (child, part) = self.selection(depth + 1)?;
            let mut mask = Mask::default();
            if child == "*" {
                mask.has_all = true;
            } else {
                mask.insert(child, part);
            }
            return Ok((name, Some(mask)));
        }
        if self.takes('(') {
            let mask = self.list(depth + 1)?;
            return if self.takes(')') { Ok((name, Some(mask))) } else { Err(self.rest()) };
        }
        Ok((name, None))
    }

    fn name(&mut self) -> Result<String, InvalidField> {
        let rest = &self.text[self.position..];
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '*';
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.rest());
        }
        self.position += length;
        Ok(rest[..length].to_owned())
    }

    fn takes(&mut self, letter: char) -> bool {
        let found = self.text[self.position..].starts_with(letter);
        self.position += usize::from(found) * letter.len_utf8();
        found
    }

    fn rest(&self) -> String {
        self.text[self.position..].to_owned()
    }
}
