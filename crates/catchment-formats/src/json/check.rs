//! What the grammar of JSON allows and no database holds.

/// How deep values may be nested; databases take no more.
const MAX_DEPTH: usize = 64;

/// Why the values of a record cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// The code of the reject.
    pub code: &'static str,
    /// What is wrong, to follow "the record".
    pub message: String,
}

/// Refuses half a surrogate pair, and nesting without end.
pub(super) fn check_text(record: &str) -> Result<(), BadRecord> {
    let bytes = record.as_bytes();
    let (mut depth, mut at, mut is_inside) = (0_usize, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if is_inside => {
                if let Some(unit) = unit(bytes, at) {
                    let is_paired = match unit {
                        0xd800..0xdc00 => matches!(self::unit(bytes, at + 6), Some(0xdc00..0xe000)),
                        0xdc00..0xe000 => false,
                        _ => true,
                    };
                    if !is_paired {
                        let message = format!(
                            "holds an unpaired surrogate (\\u{unit:04x}) at byte {at}, which is not valid text"
                        );
                        return Err(BadRecord { code: "lone_surrogate", message });
                    }
                    at += if (0xd800..0xdc00).contains(&unit) { 12 } else { 6 };
                    continue;
                }
                at += 1;
            }
            b'"' => is_inside = !is_inside,
            b'{' | b'[' if !is_inside => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let message = format!("is nested deeper than {MAX_DEPTH} levels");
                    return Err(BadRecord { code: "too_deep", message });
                }
            }
            b'}' | b']' if !is_inside => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The number of a `\uXXXX` at a place.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}
