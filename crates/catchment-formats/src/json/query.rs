//! JSONPath queries (RFC 9535) within bounds. The parser's time doubles with each filter within a filter, its stack grows
//! with each parenthesis, and what a query finds multiplies with each descent: a short text could end the process.

use serde_json_path::JsonPath;

const MAX_BYTES: usize = 1024;
/// Brackets and parentheses within each other.
const MAX_DEPTH: usize = 8;
/// Descents (`..`): each finds a value once for everything above it.
const MAX_DESCENTS: usize = 2;
/// Commas: `[0,0]` finds a value twice, and so does each such segment after it.
const MAX_COMMAS: usize = 8;
/// The root and one more: a filter that begins at the root goes through the document for each value that it looks at.
const MAX_ROOTS: usize = 2;

/// A query.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<JsonPath, String> {
    check(text)?;
    JsonPath::parse(text).map_err(|error| error.to_string())
}

fn check(text: &str) -> Result<(), String> {
    // The parser panics where the text ends there.
    if text.rsplit_once('\\').is_some_and(|(_, rest)| rest.chars().all(char::is_alphanumeric)) {
        return Err("it ends inside an escape".to_owned());
    }
    let (mut depth, mut deepest, mut commas, mut descents, mut roots) = (0_usize, 0, 0, 0, 0);
    let (mut quote, mut is_escaped, mut before) = (None, false, ' ');
    for char in text.chars() {
        match (quote, char) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), char) if char == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(char),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, ',') => commas += 1,
            (None, '$') => roots += 1,
            (None, '.') if before == '.' => descents += 1,
            (None, _) => {}
        }
        deepest = deepest.max(depth);
        before = char;
    }
    for (count, most, what) in [
        (text.len(), MAX_BYTES, "bytes"),
        (deepest, MAX_DEPTH, "levels of brackets"),
        (descents, MAX_DESCENTS, "descents (`..`)"),
        (commas, MAX_COMMAS, "commas"),
        (roots, MAX_ROOTS, "roots (`$`)"),
    ] {
        if count > most {
            return Err(format!("it has {count} {what}, more than the limit of {most}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_all_time_or_memory_is_refused() {
        for path in [
            format!("$[?{}@.a{}]", "(".repeat(100_000), ")".repeat(100_000)),
            format!("$[?{}@.a{}]", "(".repeat(50), ")".repeat(50)),
            format!("$[?{}@{}]", "@[?".repeat(40), "]".repeat(40)),
            format!("${}", "..*".repeat(5)),
            format!("${}", "[0,0]".repeat(40)),
            "$[?$[?$[?$[?@.a]]]]".to_owned(),
            r"$['\u".to_owned(),
        ] {
            assert!(parse(&path).is_err(), "{path}");
        }
        for path in [
            "$.store.book[?@.price < $.most && (@.kind == 'a' || length(@.name) > 2)].id",
            "$..songs[?match(@.name, '((((((((((,,,,,,,,,,,..........')]",
            r"$['\'',0:2,-1]..x",
        ] {
            assert!(parse(path).is_ok(), "{path}");
        }
    }
}
