//! Encodings of scripts that letters alone do not tell apart (Chinese, Japanese, Korean, Hebrew, Arabic, Thai): by statistics,
//! as web browsers guess them.

use catchment_core::truncate_text;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_874, WINDOWS_1252, WINDOWS_1255, WINDOWS_1256,
    WINDOWS_1258,
};

use super::detection::Detection;
use super::words::{distinct_words, is_in_wide_word};

use crate::text::encoding::TextEncoding;

/// Languages in these scripts: the top-level domain that the detector knows them by, and what they are written in.
const LANGUAGES: [(&str, &str, &[&Encoding]); 9] = [
    ("ja", "jp", &[SHIFT_JIS, EUC_JP]),
    ("zh", "cn", &[GBK, BIG5]),
    ("ko", "kr", &[EUC_KR]),
    ("he", "il", &[WINDOWS_1255]),
    ("ar", "ae", &[WINDOWS_1256]),
    ("fa", "ir", &[WINDOWS_1256]),
    ("ur", "pk", &[WINDOWS_1256]),
    ("th", "th", &[WINDOWS_874]),
    ("vi", "vn", &[WINDOWS_1258]),
];
/// What a file may be in as well, the likelier first; the last reads anything.
const OTHERS: [&Encoding; 6] = [SHIFT_JIS, GBK, BIG5, EUC_KR, EUC_JP, WINDOWS_1252];
const SHOWN_BYTES: usize = 40;

/// The encoding of a sample that is likely to be in one of these languages, if it can be in an encoding of it; sure if it can
/// be in no other of them.
pub(super) fn of_language(sample: &[u8], language: Option<&str>) -> Option<Detection> {
    let (_, domain, family) = LANGUAGES.iter().find(|(subtag, ..)| Some(*subtag) == language)?;
    let text = words_of(sample);
    let encoding = detect(&text, Some(domain));
    if !family.contains(&encoding) || !is_gapless(encoding, &text) {
        return None;
    }
    // Johab, which is not read, may look like EUC-KR.
    let is_sure =
        encoding != EUC_KR && !family.iter().any(|other| *other != encoding && is_gapless(other, &text));
    Some(if is_sure {
        let word = first_word(&text, encoding);
        Detection::sure(TextEncoding::Whatwg(encoding), &format!(", as in `{}`", shown(encoding, word)))
    } else {
        in_doubt(&text, encoding)
    })
}

/// The likeliest encoding of a sample, of which nothing is known.
pub(super) fn guess(sample: &[u8]) -> Detection {
    let text = words_of(sample);
    in_doubt(&text, detect(&text, None))
}

fn in_doubt(text: &[u8], encoding: &'static Encoding) -> Detection {
    let other = OTHERS.into_iter().find(|other| *other != encoding && is_gapless(other, text));
    let other = other.unwrap_or(WINDOWS_1252);
    let word = first_word(text, encoding);
    let how = format!(
        ", by statistics alone: `{}` could also be `{}` ({}); set the option `encoding` to settle it",
        shown(encoding, word),
        shown(other, word),
        other.name().to_lowercase()
    );
    Detection::unsure(TextEncoding::Whatwg(encoding), &how)
}

/// The distinct words of a sample, a line each.
fn words_of(sample: &[u8]) -> Vec<u8> {
    match distinct_words(sample, is_in_wide_word) {
        words if words.is_empty() => sample.to_vec(),
        words => words.join(&b'\n'),
    }
}

fn detect(text: &[u8], domain: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(text, true);
    detector.guess(domain.map(str::as_bytes), Utf8Detection::Deny)
}

fn is_gapless(encoding: &'static Encoding, text: &[u8]) -> bool {
    encoding.decode_without_bom_handling_and_without_replacement(text).is_some()
}

/// The first word that the encoding reads.
fn first_word<'a>(text: &'a [u8], encoding: &'static Encoding) -> &'a [u8] {
    text.split(|&byte| byte == b'\n').find(|word| is_gapless(encoding, word)).unwrap_or(text)
}

fn shown(encoding: &'static Encoding, word: &[u8]) -> String {
    truncate_text(&encoding.decode_without_bom_handling(word).0, SHOWN_BYTES)
}
