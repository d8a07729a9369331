//! Schema inference: the columns that a sample of records has, by the paths of their values.

use catchment_core::json::{Key, for_each_entry};

use super::path::Path;
use super::step::{Step, follow, to_jsonpath};

/// How deep columns are looked for.
const MAX_DEPTH: usize = 3;
/// Columns at most that are found.
const MAX_COLUMNS: usize = 256;

/// A place that records have a value at.
struct Place {
    steps: Vec<Step>,
    /// Whether a record has more there than what stands for nothing, which says nothing of what others have.
    has_value: bool,
    /// The record that was seen last, and how often it has the place.
    record: usize,
    times: usize,
    /// Records that have it once, so that its value is clear.
    clear: usize,
}

/// The columns of a sample of records, in order.
pub(super) fn columns<'r>(records: impl Iterator<Item = &'r str>) -> Vec<Box<str>> {
    let mut sample = Sample::default();
    for (number, record) in records.enumerate() {
        sample.record = number;
        // A record that does not read suggests nothing, and is rejected when it is read.
        sample.look(record, &mut Vec::new());
    }
    let places = sample.places.iter();
    places.filter(|place| sample.is_column(place)).map(|place| sample.name(&place.steps).into()).collect()
}

#[derive(Default)]
struct Sample {
    places: Vec<Place>,
    record: usize,
}

impl Sample {
    /// Notes the values in an object, or in a row without names.
    fn look(&mut self, json: &str, steps: &mut Vec<Step>) {
        let look_at = |key: Key<'_>, value: &str| {
            let step = match key {
                Key::Name(name) => Step::Name(name.into()),
                Key::Index(index) if steps.is_empty() => Step::Index(index),
                Key::Index(_) => return Ok(()),
            };
            steps.push(step);
            self.look_at(value, steps);
            steps.pop();
            Ok(())
        };
        for_each_entry(json, look_at).ok();
    }

    fn look_at(&mut self, value: &str, steps: &mut Vec<Step>) {
        match (value.as_bytes().first(), follow(value, &[Step::Index(0)])) {
            (Some(b'{'), _) if steps.len() < MAX_DEPTH => self.look(value, steps),
            (Some(b'['), Some(first)) if first.starts_with('{') => {
                if steps.len() + 1 < MAX_DEPTH {
                    steps.push(Step::Index(0));
                    self.look(first, steps);
                    steps.pop();
                }
            }
            (Some(b'{'), _) => {}
            (Some(b'['), Some(first)) if first.starts_with('[') => {}
            _ => self.note(steps, !matches!(value, "null" | "false" | "[]" | "\"\"")),
        }
    }

    fn note(&mut self, steps: &[Step], has_value: bool) {
        let record = self.record;
        let known = self.places.iter().position(|place| place.steps == steps);
        let index = known.unwrap_or(self.places.len());
        if index == MAX_COLUMNS {
            return;
        }
        if known.is_none() {
            let steps = steps.to_vec();
            self.places.push(Place { steps, has_value, record, times: 0, clear: 0 });
        }
        let place = &mut self.places[index];
        place.has_value |= has_value;
        place.times = if place.record == record { place.times + 1 } else { 1 };
        place.record = record;
        match place.times {
            1 => place.clear += 1,
            2 => place.clear -= 1,
            _ => {}
        }
    }

    /// Whether a mapping can choose it: a record has it once, and where it is empty, no record has members there.
    fn is_column(&self, place: &Place) -> bool {
        let is_above =
            |other: &Place| other.steps.len() > place.steps.len() && other.steps.starts_with(&place.steps);
        place.clear > 0 && (place.has_value || !self.places.iter().any(is_above))
    }

    /// Steps as people write them, where that reads back and is no other member's name; else as a JSONPath.
    fn name(&self, steps: &[Step]) -> String {
        let text = dotted(steps);
        let is_member = |place: &Place| matches!(&*place.steps, [Step::Name(name)] if **name == *text);
        if steps.len() > 1 && self.places.iter().any(is_member) { to_jsonpath(steps) } else { text }
    }
}

fn dotted(steps: &[Step]) -> String {
    let jsonpath = to_jsonpath(steps);
    if !jsonpath.contains("['") {
        return jsonpath.trim_start_matches('$').trim_start_matches('.').to_owned();
    }
    let names: Vec<_> =
        steps.iter().map(|step| if let Step::Name(name) = step { name } else { "" }).collect();
    let text = names.join(".");
    match Path::parse(&text) {
        Ok(path) if path.steps() == Some(steps) => text,
        _ => jsonpath,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_of(records: &[&str]) -> String {
        columns(records.iter().copied()).join("|")
    }

    #[test]
    fn columns_are_suggested_from_what_the_records_hold() {
        let records = [
            r#"{"id": 1, "artist": {"name": "a"}, "tags": [1]}"#,
            r#"{"id": 2, "full name": "x", "a.b": 1}"#,
        ];
        assert_eq!(columns_of(&records), "id|artist.name|tags|full name|$['a.b']");
        assert_eq!(columns_of(&[r#"[1, "a"]"#, r#"[2, "b", null]"#]), "[0]|[1]|[2]");
    }

    #[test]
    fn of_a_list_of_objects_the_members_of_the_first_are_columns() {
        let record = r#"{"artists": [{"name": "a"}, {"name": "b"}], "grid": [[1]], "empty": []}"#;
        assert_eq!(columns_of(&[record]), "artists[0].name|empty");
    }

    #[test]
    fn a_record_without_an_object_does_not_make_a_column_of_it() {
        let records = [
            r#"{"artist": null, "none": null, "tags": [], "genre": "", "image": false}"#,
            r#"{"artist": {"name": "a"}, "tags": [{"name": "b"}], "genre": {"id": 1}, "image": {"url": "x"}}"#,
        ];
        assert_eq!(columns_of(&records), "none|artist.name|tags[0].name|genre.id|image.url");
    }

    #[test]
    fn what_would_be_ambiguous_is_not_suggested() {
        let doubled = r#"{"id": 1, "id": 2, "title": "a"}"#;
        assert_eq!(columns_of(&[doubled, doubled]), "title");
        assert_eq!(columns_of(&[doubled, r#"{"id": 3}"#]), "id|title");
        assert_eq!(columns_of(&[r#"{"a": {"b": 1}}"#, r#"{"a.b": 2}"#]), "$.a.b|$['a.b']");
    }
}
