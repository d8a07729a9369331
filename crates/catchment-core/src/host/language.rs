//! Languages, as locales and options name them.

/// The primary language subtag (BCP 47, RFC 5646) of a language tag or the name of a POSIX locale, in lower case; `None` where
/// it names no language, as the locale `C` does not.
///
/// ```
/// use catchment_core::primary_language;
///
/// assert_eq!(primary_language("es_ES.UTF-8").as_deref(), Some("es"));
/// assert_eq!(primary_language("pt-BR").as_deref(), Some("pt"));
/// assert_eq!(primary_language("C.UTF-8"), None);
/// assert_eq!(primary_language("POSIX"), None);
/// ```
pub fn primary_language(tag: &str) -> Option<String> {
    let subtag = tag.trim().split(['-', '_', '.', '@']).next()?;
    let is_one = matches!(subtag.len(), 2 | 3) && subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_one.then(|| subtag.to_ascii_lowercase())
}
