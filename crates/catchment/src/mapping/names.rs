//! Which source column is which target column, by the names that people give them.

use std::collections::BTreeMap;
use std::sync::Arc;

use catchment_core::did_you_mean;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::target::Table;

/// Target column to source field.
pub type Names = BTreeMap<String, String>;

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

/// The mapping that the names of the source's columns suggest. For each target column the likeliest name wins.
pub(crate) fn suggest(table: &Table, fields: &[Box<str>]) -> Names {
    let plain: Vec<String> = fields.iter().map(|field| plain(field)).collect();
    let exact = |known: &str| plain.iter().position(|name| name == known);
    let member = |known: &str| {
        TEXT_MEMBERS.iter().find_map(|member| {
            let is_member =
                |name: &str| name.strip_prefix(known)?.strip_prefix('_').map(|rest| rest == *member);
            let mut names = plain.iter().zip(fields);
            names.position(|(name, field)| field.contains('.') && is_member(name) == Some(true))
        })
    };
    let suggested =
        |known_names: &[&str]| known_names.iter().find_map(|known| exact(known).or_else(|| member(known)));
    let columns = table.columns.iter();
    columns
        .filter_map(|column| {
            Some((column.name.to_owned(), fields[suggested(column.known_names)?].to_string()))
        })
        .collect()
}

/// The source fields that a mapping names, as a source is asked for them.
pub(crate) fn fields(names: Option<&Names>) -> Arc<[Box<str>]> {
    names.into_iter().flat_map(Names::values).map(|name| name.as_str().into()).collect()
}

/// A name without case, accents, or what stands between its words: `Título canción` is `titulo_cancion`.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    for char in name.nfkd().filter(|char| !is_combining_mark(*char)).flat_map(char::to_lowercase) {
        if char.is_alphanumeric() {
            plain.push(char);
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

/// A hint for whoever misspelt a column, whatever its case and accents.
pub(crate) fn column_hint<'a>(wanted: &str, fields: impl IntoIterator<Item = &'a str>) -> String {
    did_you_mean(wanted, fields, plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{CATALOG_ITEMS, CONTENT_INDEX};

    fn suggested(table: &Table, header: &[&str]) -> Vec<(String, String)> {
        let fields: Vec<Box<str>> = header.iter().map(|&name| name.into()).collect();
        suggest(table, &fields).into_iter().collect()
    }

    #[test]
    fn english_and_spanish_headers_map_by_themselves() {
        let expect = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(target, field)| ((*target).to_owned(), (*field).to_owned())).collect()
        };
        assert_eq!(
            suggested(&CONTENT_INDEX, &["song_name", "artist_name", "music_genre", "album"]),
            expect(&[("artist", "artist_name"), ("genre", "music_genre"), ("title", "song_name")])
        );
        assert_eq!(
            suggested(&CONTENT_INDEX, &["Código", "Título", "Intérprete", "GÉNERO"]),
            expect(&[
                ("artist", "Intérprete"),
                ("external_id", "Código"),
                ("genre", "GÉNERO"),
                ("title", "Título")
            ])
        );
        assert_eq!(
            suggested(&CATALOG_ITEMS, &["Categoría", "Capacidad", "Precio", "Activo"]),
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
            suggested(&CONTENT_INDEX, &wordpress),
            [
                ("artist", "author.name"),
                ("external_id", "id"),
                ("genre", "genres"),
                ("title", "title.rendered")
            ]
            .map(|(target, field)| (target.to_owned(), field.to_owned()))
        );
        let title =
            |header: &[&str]| suggested(&CONTENT_INDEX, header).first().map(|(_, field)| field.clone());
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
