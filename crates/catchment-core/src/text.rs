//! Text from outside, as it may stand in messages and tables.

/// Text from outside that may stand in a message: control characters are escaped, so that none steers a terminal or
/// begins a log line of its own.
pub(crate) fn printable(text: String) -> String {
    let steers = char::is_control;
    if !text.contains(steers) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if steers(char) {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// `text` truncated to at most `max_bytes` at a character boundary; the ellipsis that marks a cut is among them.
///
/// ```
/// assert_eq!(catchment_core::truncate_text("Bohemian", 7), "Bohe…");
/// assert_eq!(catchment_core::truncate_text("naïve", 5), "na…");
/// assert_eq!(catchment_core::truncate_text("naïve", 2), "");
/// ```
pub fn truncate_text(text: &str, max_bytes: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    match max_bytes.checked_sub(ELLIPSIS.len()) {
        Some(room) => format!("{}{ELLIPSIS}", &text[..text.floor_char_boundary(room)]),
        None => String::new(),
    }
}

/// A hint for whoever misspelt a name: `; did you mean …?` with the nearest of `names`, compared as `plain` makes them; empty
/// where none is near (Jaro-Winkler similarity).
///
/// ```
/// use catchment_core::did_you_mean;
/// assert_eq!(did_you_mean("delimeter", ["encoding", "delimiter"], str::to_lowercase), "; did you mean `delimiter`?");
/// assert_eq!(did_you_mean("zzz", ["encoding"], str::to_lowercase), "");
/// ```
pub fn did_you_mean<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
    plain: impl Fn(&str) -> String,
) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(&plain(wanted), &plain(name));
    let near = names.into_iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness > 0.85);
    let nearest = near.max_by(|one, other| one.0.total_cmp(&other.0));
    nearest.map(|(_, name)| format!("; did you mean `{name}`?")).unwrap_or_default()
}
