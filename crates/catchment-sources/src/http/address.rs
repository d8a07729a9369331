//! URLs of sources: which ones can be read, their one spelling, and whether the operator allows to connect to them.

use catchment_core::{Error, NetworkAccess, Result, mask_url_query, truncate_text};
use reqwest::Url;

/// What is quoted of an identifier that is not a URL.
const QUOTED_BYTES: usize = 200;

/// Parses the URL of a source and normalizes it: http or https, without credentials in it and without a fragment.
pub(crate) fn source_url(identifier: &str) -> Result<Url> {
    let wrong = |subject: &str, problem: &str| {
        Err(Error::config("bad_address", format!("{subject} {problem}"))
            .with_detail("/sourceIdentifier", problem))
    };
    let source = "the URL of the source";
    let mut url = match Url::parse(identifier.trim()) {
        Ok(url) => url,
        Err(error) => {
            // Before an `@` there may be a password.
            let quoted = Some(identifier.trim()).filter(|text| !text.contains('@'));
            let quoted =
                quoted.map(|text| format!("`{}`", truncate_text(&mask_url_query(text), QUOTED_BYTES)));
            let problem = format!("is not a valid URL ({error}); use http:// or https://");
            return wrong(quoted.as_deref().unwrap_or(source), &problem);
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong(
            source,
            &format!("has the scheme {}:, which is not supported; use http:// or https://", url.scheme()),
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(source, "holds a user name or password; give them with the option `auth`");
    }
    url.set_fragment(None);
    Ok(url)
}

/// Checks an address against the network policy (SSRF). Literal addresses are not asked of the resolver, so they are
/// judged here, in whatever spelling they came.
pub(crate) fn check_address(url: &Url, network: &NetworkAccess) -> Result<()> {
    let port = url.port_or_known_default().unwrap_or_default();
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match (url.scheme(), host.parse()) {
        ("http" | "https", Ok(ip)) => network.check(ip, port),
        ("http" | "https", Err(_)) => Ok(()),
        (scheme, _) => Err(Error::config(
            "bad_address",
            format!("`{scheme}:` URLs are not supported; use http:// or https://"),
        )),
    }
}

/// Takes a parameter out of the query of an address; one that does not have it stays as it is spelt.
pub(super) fn remove_param(url: &mut Url, name: &str) {
    if url.query_pairs().all(|(key, _)| key != *name) {
        return;
    }
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    url.set_query(None);
    if !rest.is_empty() {
        url.query_pairs_mut().extend_pairs(rest);
    }
}
