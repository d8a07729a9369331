//! Addresses as they are shown.

/// Whether a text is a URL of the web, and not a path.
pub fn is_web_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A URL without what may be a secret in it: a name and password, and the values of its query. Other text as it is.
///
/// ```
/// assert_eq!(catchment_core::mask_url_query("https://a.example/b?key=1&page=2#c"), "https://a.example/b?key=***&page=***");
/// assert_eq!(catchment_core::mask_url_query("https://me:pass@a.example/b@c"), "https://***@a.example/b@c");
/// assert_eq!(catchment_core::mask_url_query("/data/what?.csv"), "/data/what?.csv");
/// ```
pub fn mask_url_query(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|_| is_web_url(url)) else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let rest = match rest[..end].rfind('@') {
        Some(at) => format!("***{}", &rest[at..]),
        None => rest.to_owned(),
    };
    let url = format!("{scheme}://{rest}");
    let Some((address, query)) = url.split_once('?') else { return url };
    let query = query.split('#').next().unwrap_or_default();
    let masked: Vec<_> = query
        .split('&')
        .map(|pair| pair.split_once('=').map_or_else(|| pair.to_owned(), |(name, _)| format!("{name}=***")))
        .collect();
    format!("{address}?{}", masked.join("&"))
}
