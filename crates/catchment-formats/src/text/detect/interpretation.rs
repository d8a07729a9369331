//! What one encoding of a byte a character makes of the words of a file: the characters, and the languages whose words they
//! could be.

use catchment_core::truncate_text;

use super::languages::{self, COUNT, LanguageSet};
use crate::text::encoding::TextEncoding;

/// The most frequent letters of languages in Cyrillic: most encodings of it have only such letters.
const FREQUENT: &str = "оеаинтсрвл";
/// Signs that stand directly before and after words.
const BEFORE_WORDS: &str = "«»“”„‘‹›¿¡€£";
const AFTER_WORDS: &str = "«»“”‘‹›ªº²³€£™®©";
const SHOWN_BYTES: usize = 40;

/// What an encoding makes of the words.
pub(super) struct Interpretation {
    pub(super) encoding: TextEncoding,
    /// The characters above ASCII, of those bytes that the words have.
    pub(super) chars: [Option<char>; 128],
    languages: [LanguageSet; 128],
    /// How many of the words each language could be written with.
    pub(super) explained: [usize; COUNT],
    /// How many of the words have a sign where words seldom have one: letters, in another encoding.
    pub(super) odd: usize,
    /// How many of the letters are of the most frequent ones.
    pub(super) frequent: usize,
    /// Whether a byte of the words is no character of this encoding.
    pub(super) has_gap: bool,
}

impl Interpretation {
    pub(super) fn new(encoding: TextEncoding, used: &[bool; 128], words: &[&[u8]]) -> Self {
        let mut reading = Self {
            encoding,
            chars: [None; 128],
            languages: [0; 128],
            explained: [0; COUNT],
            odd: 0,
            frequent: 0,
            has_gap: false,
        };
        for byte in (128..=255_u8).filter(|byte| used[usize::from(byte - 128)]) {
            let place = usize::from(byte - 128);
            reading.chars[place] = encoding.decode_byte(byte).filter(|char| !char.is_control());
            reading.has_gap |= reading.chars[place].is_none();
            reading.languages[place] = reading.chars[place].map_or(0, languages::languages_with);
        }
        for word in words {
            let set = reading.languages_of(word);
            for (language, count) in reading.explained.iter_mut().enumerate() {
                *count += usize::from(set >> language & 1 == 1);
            }
            reading.odd += usize::from(reading.is_odd(word));
            let frequent =
                |byte: &&u8| reading.char(**byte).is_some_and(|char| FREQUENT.contains(lower(char)));
            reading.frequent += word.iter().filter(frequent).count();
        }
        reading
    }

    fn char(&self, byte: u8) -> Option<char> {
        byte.checked_sub(128).map_or(Some(char::from(byte)), |place| self.chars[usize::from(place)])
    }

    pub(super) fn read(&self, word: &[u8]) -> String {
        let text: String =
            word.iter().map(|&byte| self.char(byte).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        truncate_text(&text, SHOWN_BYTES)
    }

    /// Whether a word has a sign beside a letter that seldom stands there.
    fn is_odd(&self, word: &[u8]) -> bool {
        word.windows(2).any(|pair| {
            let [first, second] = [pair[0], pair[1]].map(|byte| self.char(byte));
            let is_letter = |char: Option<char>| char.map(Sign::of).is_some_and(Sign::is_letter);
            let is_sign = |char: Option<char>| {
                char.map(Sign::of).is_some_and(|it| matches!(it, Sign::Mark | Sign::Joint))
            };
            is_letter(first) && is_sign(second) && !second.is_some_and(|sign| AFTER_WORDS.contains(sign))
                || is_sign(first)
                    && is_letter(second)
                    && !first.is_some_and(|sign| BEFORE_WORDS.contains(sign))
        })
    }

    /// The languages that a word could be one of: those that have all its letters, where it has capitals and signs as words
    /// have them.
    pub(super) fn languages_of(&self, word: &[u8]) -> LanguageSet {
        let mut set = LanguageSet::MAX;
        let sign = |place: Option<usize>| self.char(*word.get(place?)?).map(Sign::of);
        for (place, &byte) in word.iter().enumerate() {
            let Some(this) = self.char(byte) else { return 0 };
            let (this, before, after) = (Sign::of(this), sign(place.checked_sub(1)), sign(Some(place + 1)));
            // `CafÚ` is no word; `iPhone` says nothing of the encoding.
            let is_ascii = byte.is_ascii() && place > 0 && word[place - 1].is_ascii();
            if before == Some(Sign::Lower) && this == Sign::Upper && !is_ascii {
                return 0;
            }
            if byte.is_ascii() {
                if this != Sign::Digit {
                    set &= languages::LATIN;
                }
                continue;
            }
            let is_by_digit = before == Some(Sign::Digit) || after == Some(Sign::Digit);
            let is_inside = before.is_some_and(Sign::is_letter) && after.is_some_and(Sign::is_letter);
            match this {
                Sign::Other => return 0,
                Sign::Upper | Sign::Lower if is_by_digit => return 0,
                Sign::Mark if is_inside => return 0,
                Sign::Upper | Sign::Lower => set &= self.languages[usize::from(byte - 128)],
                Sign::Digit | Sign::Mark | Sign::Joint => {}
            }
        }
        set
    }
}

/// What a character is in a word.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Upper,
    Lower,
    Digit,
    /// It stands before, after or between words.
    Mark,
    /// It stands inside words as well.
    Joint,
    /// It is in no text that people write.
    Other,
}

impl Sign {
    fn of(char: char) -> Self {
        match char {
            '0'..='9' => Self::Digit,
            '\u{a0}' | '\u{ad}' | '’' | '·' => Self::Joint,
            '€' | '£' | '¥' | '©' | '®' | '™' | '°' | 'ª' | 'º' | '²' | '³' | '½' | '¼' | '¾' | '«' | '»'
            | '“' | '”' | '„' | '‘' | '‚' | '‹' | '›' | '…' | '–' | '—' | '•' | '¿' | '¡' | '§' | '±'
            | '×' | 'µ' | '´' | '‰' | '№' => Self::Mark,
            _ if char.is_uppercase() => Self::Upper,
            _ if char.is_alphabetic() => Self::Lower,
            _ => Self::Other,
        }
    }

    fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower)
    }
}

fn lower(char: char) -> char {
    char.to_lowercase().next().unwrap_or(char)
}
