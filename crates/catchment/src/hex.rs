//! Bytes as hexadecimal digits.

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// The same at the end of a text.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    let digit = |half| char::from_digit(half, 16).unwrap_or_default();
    text.extend(bytes.iter().flat_map(|byte| [digit(u32::from(byte >> 4)), digit(u32::from(byte & 15))]));
}

/// The bytes; `None` where the text is no pairs of digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect()
}
