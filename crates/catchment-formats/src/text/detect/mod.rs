//! Character encoding detection, where no option names one: what the bytes themselves tell, then UTF-8, then what the words
//! are likely to be.

mod detection;
mod interpretation;
mod languages;
mod legacy;
mod statistics;
mod structure;
#[cfg(test)]
mod tests;
mod words;

use std::io::Read;

use catchment_core::Result;

use super::encoding::TextEncoding;
use crate::Blob;
pub(crate) use detection::Detection;
use legacy::Judgement;
use words::{distinct_words, first_foreign_bytes, is_in_word};

/// Finds out the encoding of a blob that begins with `head`: by its byte order mark, by its zeros (UTF-16), or by the words
/// of its text, up to `max_bytes`, that are not ASCII. `language` is the primary subtag of the language that it is likely
/// to be in.
///
/// # Errors
/// `parsing`, `unsupported_encoding`, where it is none that can be read; what reading fails with.
pub(crate) fn find_encoding(
    blob: &Blob,
    head: &[u8],
    max_bytes: u64,
    language: Option<&str>,
) -> Result<Detection> {
    if let Some(detection) = structure::by_marks_and_zeros(head)? {
        return Ok(detection);
    }
    let sample = first_foreign_bytes(&mut blob.bytes()?.take(max_bytes))?;
    find_in_sample(&sample, language)
}

/// The encoding that the first bytes tell by themselves: by a byte order mark, or by the zeros of UTF-16.
///
/// # Errors
/// `parsing`, `unsupported_encoding`.
pub(crate) fn marked_encoding(head: &[u8]) -> Result<Option<TextEncoding>> {
    Ok(structure::by_marks_and_zeros(head)?.map(|detection| detection.encoding))
}

fn find_in_sample(sample: &[u8], language: Option<&str>) -> Result<Detection> {
    if let Some(detection) = structure::by_escapes(sample)? {
        return Ok(detection);
    }
    if let Some(detection) = read_as_utf_8(sample) {
        return Ok(detection);
    }
    if let Some(detection) = statistics::of_language(sample, language) {
        return Ok(detection);
    }
    let words = distinct_words(sample, is_in_word);
    Ok(match legacy::judge(&words, language) {
        Some(judgement) => told(&judgement, language),
        None => statistics::guess(sample),
    })
}

/// UTF-8 if most of what is not ASCII is valid in it: a bad byte costs its record, not the file.
fn read_as_utf_8(sample: &[u8]) -> Option<Detection> {
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    if invalid > 0 && valid <= invalid {
        return None;
    }
    let encoding = TextEncoding::UTF_8;
    let but = format!("{invalid} of {} characters beyond ASCII", valid + invalid);
    Some(match (valid, invalid) {
        (0, _) => Detection::sure(encoding, ": all of it is ASCII"),
        (_, 0) => Detection::sure(encoding, ""),
        _ if invalid * 10 < valid => Detection::sure(encoding, &format!(", but for {but}")),
        _ => {
            let how = format!(
                ", though {but} are not valid in it; if their rows should be read, set the option `encoding`"
            );
            Detection::unsure(encoding, &how)
        }
    })
}

fn told(judgement: &Judgement, language: Option<&str>) -> Detection {
    let Judgement { encoding, is_sure, is_by_hint, ref word, ref other } = *judgement;
    let language = language.filter(|_| is_by_hint);
    let other =
        other.as_ref().map(|(other, rival)| format!("`{word}` could also be `{other}` ({})", rival.name()));
    match (other, language) {
        (Some(other), Some(language)) if is_sure => {
            let how =
                format!(", as the language is `{language}`: {other}, which the option `encoding` settles");
            Detection::sure(encoding, &how)
        }
        _ if is_sure => Detection::sure(encoding, &format!(", as in `{word}`")),
        (Some(other), language) => {
            let or = if language.is_some() { "" } else { ", or `language`," };
            Detection::unsure(encoding, &format!(": {other}; set the option `encoding`{or} to settle it"))
        }
        (None, _) => Detection::unsure(
            encoding,
            &format!(", as in `{word}`; if that is wrong, set the option `encoding`"),
        ),
    }
}
