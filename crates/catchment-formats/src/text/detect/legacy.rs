//! Encodings of a byte a character, told apart by what they make of the words: each is a reading, and the reading whose
//! words a language could be written with wins.
//!
//! Nearly any bytes can be read in nearly any of these encodings, so that reading without a gap proves nothing. `Señal` in
//! windows-1252 is `Seńal` in windows-1250: a Spanish word, or none. A language hint says which of them it is.

use std::cmp::Reverse;

use super::interpretation::Interpretation;
use super::languages;
use crate::text::encoding::TextEncoding;

/// The encodings that are tried, the likelier first: the first of those that read the same is taken.
const CANDIDATES: [&str; 27] = [
    "windows-1252",
    "windows-1250",
    "iso-8859-15",
    "iso-8859-2",
    "windows-1254",
    "windows-1257",
    "windows-1251",
    "windows-1253",
    "iso-8859-7",
    "koi8-r",
    "koi8-u",
    "iso-8859-5",
    "ibm866",
    "x-mac-cyrillic",
    "ibm850",
    "ibm858",
    "ibm437",
    "ibm852",
    "macintosh",
    "ibm857",
    "ibm860",
    "ibm865",
    "ibm861",
    "ibm775",
    "ibm855",
    "ibm737",
    "iso-8859-16",
];
/// So many of them are common enough, and of scripts that are told apart by their letters, to be taken without a hint.
const COMMON: usize = 6;
/// Fewer words than this prove nothing without a hint.
const MIN_WORDS: usize = 3;

/// What the words of a file are read as.
pub(super) struct Judgement {
    pub(super) encoding: TextEncoding,
    pub(super) is_sure: bool,
    /// Whether it is the language hint that decides.
    pub(super) is_by_hint: bool,
    /// A word as it is read, and how another encoding would read it.
    pub(super) word: String,
    pub(super) other: Option<(String, TextEncoding)>,
}

/// The likeliest reading of `words`, by the language of the hint where that explains most of them; `None` where no
/// language explains most of them in any encoding.
pub(super) fn judge(words: &[&[u8]], hint: Option<&str>) -> Option<Judgement> {
    let mut used = [false; 128];
    for &byte in words.iter().copied().flatten().filter(|byte| !byte.is_ascii()) {
        used[usize::from(byte - 128)] = true;
    }
    let encodings = CANDIDATES.iter().filter_map(|label| TextEncoding::for_label(label));
    let readings: Vec<_> = encodings.map(|encoding| Interpretation::new(encoding, &used, words)).collect();
    let in_any = Ranking { readings: &readings, words, language: None };
    let hinted =
        hint.and_then(languages::index_of).map(|language| Ranking { language: Some(language), ..in_any });
    // A hint that explains much less than another language does is that of the machine, and not of the file.
    let fits = |hinted: &Ranking<'_>| hinted.most_explained() * 5 >= in_any.most_explained() * 4;
    hinted.filter(fits).unwrap_or(in_any).judge()
}

/// Whether few files of today are in an encoding: those of DOS and of the Macintosh.
fn is_rare(encoding: TextEncoding) -> bool {
    let name = encoding.name();
    name.starts_with("ibm") || name.contains("mac")
}

/// Readings, ranked by the words that they explain in one language, or in the best for each.
#[derive(Clone, Copy)]
struct Ranking<'a> {
    readings: &'a [Interpretation],
    words: &'a [&'a [u8]],
    language: Option<usize>,
}

impl Ranking<'_> {
    fn explained(&self, reading: &Interpretation) -> usize {
        match self.language {
            Some(language) => reading.explained[language],
            None => reading.explained.iter().copied().max().unwrap_or(0),
        }
    }

    fn most_explained(&self) -> usize {
        self.readings.iter().map(|reading| self.explained(reading)).max().unwrap_or(0)
    }

    fn judge(&self) -> Option<Judgement> {
        let (index, best) = self.best()?;
        let count = self.explained(best);
        if count == 0 || count * 10 < self.words.len() * 6 {
            return None;
        }
        // What has a gap cannot be what the file is in.
        let differs = |other: &&Interpretation| other.chars != best.chars && !other.has_gap;
        let likeliest =
            |other: &&Interpretation| (self.explained(other), other.explained.iter().copied().max());
        let rival = self.readings.iter().filter(differs).rev().max_by_key(likeliest);
        let rival_count = rival.map_or(0, |rival| self.explained(rival));
        let is_sure = match self.language {
            // The hint may be that of the machine: it makes no code page of DOS or of the Macintosh certain.
            Some(_) => !is_rare(best.encoding) && rival_count < count,
            None => {
                let is_common = index < COMMON && count >= MIN_WORDS;
                is_common && count * 10 >= self.words.len() * 9 && rival_count * 5 < count * 4
            }
        };
        let is_word = |reading: &Interpretation, word: &[u8]| reading.languages_of(word) != 0;
        let reads_other = |rival: &Interpretation, word: &[u8]| best.read(word) != rival.read(word);
        let by_use = |word: &&&[u8]| {
            let rival = rival.filter(|rival| reads_other(rival, word));
            (rival.is_some(), is_word(best, word), rival.is_some_and(|rival| is_word(rival, word)))
        };
        let word = self.words.iter().rev().max_by_key(by_use)?;
        // What is sure is not put in doubt by what is no word of any language.
        let shown = rival.filter(|rival| reads_other(rival, word) && (!is_sure || is_word(rival, word)));
        Some(Judgement {
            encoding: best.encoding,
            is_sure,
            is_by_hint: self.language.is_some(),
            word: best.read(word),
            other: shown.map(|rival| (rival.read(word), rival.encoding)),
        })
    }

    /// The reading that explains most words, and its position; of several, that with the fewest odd signs, or the most
    /// frequent letters, or the first.
    fn best(&self) -> Option<(usize, &Interpretation)> {
        let readings = || self.readings.iter().enumerate().rev();
        let rank = |reading: &Interpretation| (self.explained(reading), Reverse(reading.odd));
        let first = readings().max_by_key(|(_, reading)| rank(reading))?;
        if first.1.frequent == 0 {
            return Some(first);
        }
        readings().max_by_key(|(_, reading)| (rank(reading), reading.frequent))
    }
}
