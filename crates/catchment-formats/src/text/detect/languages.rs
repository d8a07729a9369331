//! The letters that languages are written with, beside those of ASCII: what tells which reading of a word is one.

/// Languages by their BCP 47 primary subtag, each with the letters of its own words in lower case. English is not among them:
/// its letters are those of others, and tell nothing.
const LANGUAGES: [(&str, &str); 39] = [
    ("es", "áéíñóúü"),
    ("pt", "àáâãçéêíóôõúü"),
    ("fr", "àâæçèéêëîïôùûüÿœ"),
    ("de", "äöüßé"),
    ("it", "àèéìîòù"),
    ("ca", "àçèéíïòóúü"),
    ("gl", "áéíñóúüï"),
    ("eu", "ñç"),
    ("nl", "áäèéêëïíóöüúĳ"),
    ("af", "èéêëîïôöû"),
    ("da", "æøåé"),
    ("nb", "æøåéòóô"),
    ("nn", "æøåéòóô"),
    ("no", "æøåéòóô"),
    ("sv", "åäöé"),
    ("fi", "äöåšž"),
    ("is", "áéíóúýþæðö"),
    ("ga", "áéíóú"),
    ("pl", "ąćęłńóśźż"),
    ("cs", "áčďéěíňóřšťúůýž"),
    ("sk", "áäčďéíĺľňóôŕšťúýž"),
    ("hu", "áéíóöőúüű"),
    ("sl", "čšžćđ"),
    ("hr", "čćđšž"),
    ("bs", "čćđšž"),
    ("ro", "ăâîșțşţ"),
    ("sq", "ëç"),
    ("tr", "çğıöşüâîûİ"),
    ("et", "äöüõšž"),
    ("lv", "āčēģīķļņšūž"),
    ("lt", "ąčęėįšųūž"),
    ("mt", "ċġħżàèìòù"),
    ("cy", "âêîôûŵŷáéíóúëïöäẁẃẅ"),
    ("ru", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("uk", "абвгдежзийклмнопрстуфхцчшщьюяєіїґ"),
    ("be", "абвгдежзйклмнопрстуфхцчшыьэюяёіў"),
    ("bg", "абвгдежзийклмнопрстуфхцчшщъьюя"),
    ("sr", "абвгдежзиклмнопрстуфхцчшђјљњћџ"),
    ("el", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),
];

/// How many of them are written with ASCII letters as well; they stand first.
const LATIN_COUNT: usize = 33;
/// Those.
pub(super) const LATIN: LanguageSet = (1 << LATIN_COUNT) - 1;

/// How many there are.
pub(super) const COUNT: usize = LANGUAGES.len();

/// A set of languages: a bit for each.
pub(super) type LanguageSet = u64;

/// The position of a language, by its primary subtag.
pub(super) fn index_of(language: &str) -> Option<usize> {
    LANGUAGES.iter().position(|(subtag, _)| *subtag == language)
}

/// The languages that have a letter, in either case.
pub(super) fn languages_with(letter: char) -> LanguageSet {
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let has = |letters: &str| letters.contains([letter, lower]);
    LANGUAGES
        .iter()
        .enumerate()
        .filter(|(_, (_, letters))| has(letters))
        .fold(0, |set, (at, _)| set | 1 << at)
}
