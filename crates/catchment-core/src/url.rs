//! Addresses as they are shown.

/// A URL with the values of its query masked, as they may be secrets; other text as it is.
///
/// ```
/// assert_eq!(catchment_core::mask_url_query("https://a.example/b?key=1&page=2#c"), "https://a.example/b?key=***&page=***");
/// assert_eq!(catchment_core::mask_url_query("/data/what?.csv"), "/data/what?.csv");
/// ```
pub fn mask_url_query(url: &str) -> String {
    let is_url = url.starts_with("http://") || url.starts_with("https://");
    let Some((address, query)) = url.split_once('?').filter(|_| is_url) else { return url.to_owned() };
    let query = query.split('#').next().unwrap_or_default();
    let masked: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or_else(|| pair.to_owned(), |(name, _)| format!("{name}=***")))
        .collect();
    format!("{address}?{}", masked.join("&"))
}
