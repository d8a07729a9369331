//! Which source column is which target column, by the names that people give them.

use std::collections::BTreeSet;

use catchment_core::did_you_mean;

use super::field::{ColumnMapping, FieldMapping};
use super::words::{meanings, plain, words};
use crate::target::{Column, ColumnKind, Table};

/// Members that hold the text of an object that stands where a text is expected, such as WordPress's `title.rendered`; the
/// likeliest first.
const TEXT_MEMBERS: [&str; 11] = [
    "rendered",
    "name",
    "title",
    "text",
    "value",
    "label",
    "full_name",
    "display_name",
    "default",
    "es",
    "en",
];

/// The mapping that the names of the source's columns suggest. For each target column the likeliest name wins; where nobody
/// has listed the names of a column, those that mean the same do, in English and Spanish.
pub(crate) fn suggest(table: &Table, fields: &[Box<str>]) -> ColumnMapping {
    let mappable = table.columns.iter().filter(|column| !matches!(column.kind, ColumnKind::Other(_)));
    let (listed, unlisted): (Vec<&Column>, Vec<&Column>) =
        mappable.partition(|column| !column.known_names.is_empty());
    let plain: Vec<String> = fields.iter().map(|field| plain(field)).collect();
    // `contentType` is `content_type`.
    let spelt: Vec<String> = fields.iter().map(|field| words(field).join("_")).collect();
    let mut suggestion =
        Suggestion { fields, taken: vec![false; fields.len()], mapping: ColumnMapping::new() };
    for column in listed {
        let by_words = |known: &String| spelt.iter().position(|name| name == known);
        let place = column.known_names.iter().find_map(|known| place_of(known, &plain, fields));
        let place = place.or_else(|| column.known_names.iter().find_map(by_words));
        suggestion.take(column, place);
    }
    // Its own name counts most, whoever else could be meant by it.
    for column in &unlisted {
        suggestion.take(column, fields.iter().position(|field| **field == *column.name));
    }
    for is_like in [is_same_name, is_synonym] {
        for column in &unlisted {
            suggestion.take_free(column, |field| is_like(table, &column.name, field));
        }
    }
    suggestion.mapping
}

/// Where the field of a known name stands, or the member that holds its text.
fn place_of(known: &str, plain: &[String], fields: &[Box<str>]) -> Option<usize> {
    let exact = plain.iter().position(|name| name == known);
    exact.or_else(|| {
        TEXT_MEMBERS.iter().find_map(|member| {
            let is_member =
                |name: &str| name.strip_prefix(known)?.strip_prefix('_').map(|rest| rest == *member);
            let mut names = plain.iter().zip(fields);
            names.position(|(name, field)| field.contains('.') && is_member(name) == Some(true))
        })
    })
}

/// A mapping in the making.
struct Suggestion<'a> {
    fields: &'a [Box<str>],
    /// Which of the fields are in it.
    taken: Vec<bool>,
    mapping: ColumnMapping,
}

impl Suggestion<'_> {
    fn take(&mut self, column: &Column, place: Option<usize>) {
        let Some(place) = place else { return };
        self.taken[place] = true;
        let field = FieldMapping::Field(self.fields[place].to_string());
        self.mapping.insert(column.name.to_string(), field);
    }

    /// Takes the first field of those that nothing has, for a column that has none.
    fn take_free(&mut self, column: &Column, is_like: impl Fn(&str) -> bool) {
        if !self.mapping.contains_key(&*column.name) {
            let mut places = 0..self.fields.len();
            let place = places.find(|place| !self.taken[*place] && is_like(&self.fields[*place]));
            self.take(column, place);
        }
    }
}

/// Whether two names differ in nothing but case, accents, and what stands between their words.
fn is_same_name(_: &Table, column: &str, field: &str) -> bool {
    let joined = |name: &str| words(name).concat();
    joined(column) == joined(field)
}

/// Whether two names are of the same words in either language, whatever their order; the name of the table may be left out.
fn is_synonym(table: &Table, column: &str, field: &str) -> bool {
    let table = meanings(&table.name);
    let without_table = |mut meanings: BTreeSet<String>| {
        if meanings.len() > 1 {
            meanings.retain(|word| !table.contains(word));
        }
        meanings
    };
    let (column, field) = (without_table(meanings(column)), without_table(meanings(field)));
    !column.is_empty() && column == field
}

/// A hint for whoever misspelt a column, whatever its case and accents.
pub(crate) fn column_hint<'a>(wanted: &str, fields: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(wanted, fields, plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::built_in;

    fn suggested(table: &Table, header: &[&str]) -> Vec<(String, String)> {
        let fields: Vec<Box<str>> = header.iter().map(|&name| name.into()).collect();
        suggest(table, &fields).into_iter().map(|(column, field)| (column, field.to_string())).collect()
    }

    #[test]
    fn columns_of_any_table_map_by_their_words_in_either_language() {
        let column = |name: &str| Column {
            name: name.into(),
            kind: ColumnKind::text(10),
            known_names: Vec::new(),
            ..built_in()[0].columns[2].clone()
        };
        let table = |name: &str, columns: &[&str]| Table {
            name: name.to_owned(),
            columns: columns.iter().map(|name| column(name)).collect(),
            ..(*built_in()[1]).clone()
        };
        let products = table("products", &["id", "product_name", "unit_price", "stock"]);
        for header in [
            ["id", "productName", "unitPrice", "stock"],
            ["ID", "Nombre del producto", "Precio unitario", "Existencias"],
            ["product_id", "name", "price_unit", "Stock"],
        ] {
            let found = suggested(&products, &header);
            let expected = ["id", "product_name", "stock", "unit_price"].map(str::to_owned);
            assert_eq!(
                found.iter().map(|(column, _)| column.clone()).collect::<Vec<_>>(),
                expected,
                "{header:?}"
            );
        }
        // What is named alike and means something else stays out.
        assert_eq!(suggested(&products, &["price_list", "product"]), []);
    }

    #[test]
    fn english_and_spanish_headers_map_by_themselves() {
        let expect = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(target, field)| ((*target).to_owned(), (*field).to_owned())).collect()
        };
        assert_eq!(
            suggested(&built_in()[0], &["song_name", "artist_name", "music_genre", "album"]),
            expect(&[("artist", "artist_name"), ("genre", "music_genre"), ("title", "song_name")])
        );
        assert_eq!(
            suggested(&built_in()[0], &["Código", "Título", "Intérprete", "GÉNERO"]),
            expect(&[
                ("artist", "Intérprete"),
                ("external_id", "Código"),
                ("genre", "GÉNERO"),
                ("title", "Título")
            ])
        );
        assert_eq!(
            suggested(&built_in()[0], &["trackName", "contentType", "isAvailable"]),
            expect(&[
                ("content_type", "contentType"),
                ("is_available", "isAvailable"),
                ("title", "trackName")
            ])
        );
        assert_eq!(
            suggested(&built_in()[1], &["Categoría", "Capacidad", "Precio", "Activo"]),
            expect(&[
                ("capacity", "Capacidad"),
                ("category_id", "Categoría"),
                ("is_active", "Activo"),
                ("price", "Precio")
            ])
        );
    }

    #[test]
    fn an_object_that_stands_for_a_text_is_mapped_by_its_text() {
        let wordpress =
            ["id", "title.rendered", "content.rendered", "author.id", "author.name", "genres", "slug"];
        assert_eq!(
            suggested(&built_in()[0], &wordpress),
            [
                ("artist", "author.name"),
                ("external_id", "id"),
                ("genre", "genres"),
                ("title", "title.rendered")
            ]
            .map(|(target, field)| (target.to_owned(), field.to_owned()))
        );
        let title =
            |header: &[&str]| suggested(&built_in()[0], header).first().map(|(_, field)| field.clone());
        assert_eq!(title(&["title.en", "title.es"]).as_deref(), Some("title.es"));
        assert_eq!(title(&["$.title.name", "$['title.name']"]).as_deref(), Some("$.title.name"));
        // What is below something else, or no text by its name, is none of it; nor is a column of a file.
        for other in [["album.title.name"], ["title.raw"], ["title_es"]] {
            assert_eq!(title(&other), None, "{other:?}");
        }
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(column_hint("song_nam", ["album", "song_name"]), "; did you mean `song_name`?");
        assert_eq!(column_hint("titulo", ["Álbum", "TÍTULO"]), "; did you mean `TÍTULO`?");
        assert_eq!(column_hint("zzz", ["album", "song_name"]), "");
    }
}
