//! Bytes as hexadecimal digits.

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |half| char::from_digit(half, 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(u32::from(byte >> 4)), digit(u32::from(byte & 15))]).collect()
}

/// The bytes; `None` where the text is no pairs of digits.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok())
        .collect()
}
