//! Origins: the parameters, headers and credentials of a source go to its own origin alone, hop by hop. What leads to
//! another one is refused, or followed without them.

use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result, Secret, mask_url_query};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName};

use super::address::remove_param;
use super::auth::Credential;
use super::connections::Connections;

/// A placeholder in addresses that are kept, for a parameter that may be a secret.
const HIDDEN: &str = "catchment:hidden";

/// Cross-origin policy: what happens where a redirect or a link leads to another origin than the source's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherOrigins {
    /// The run fails.
    #[default]
    Refuse,
    /// It is followed without credentials: no header of the options, no authentication, no key in the query.
    Bare,
}

/// The origin of a source, what is sent to it alone, and what happens to requests that lead elsewhere.
pub(super) struct Origins {
    /// The address of the source.
    pub(super) home: Url,
    /// Other origins of the same service.
    pub(super) more: Vec<url::Origin>,
    pub(super) headers: Vec<(HeaderName, Secret)>,
    /// Parameters of each request that may be secrets.
    pub(super) params: Vec<(String, String)>,
    /// The parameter that the key of the authentication is sent as, where it is one.
    pub(super) key_param: Option<String>,
    pub(super) others: OtherOrigins,
    pub(super) connections: Arc<Connections>,
}

impl Origins {
    /// Adds what goes to the source alone to a request, or takes it out where the request leads elsewhere.
    pub(super) fn apply(
        &self,
        url: &mut Url,
        (headers, home_headers): (&mut HeaderMap, &HeaderMap),
        credential: &Credential,
    ) -> Result<()> {
        if !self.is_home(url) {
            return self.strip_for_others(url);
        }
        headers.extend(home_headers.clone());
        for (name, secret) in &self.headers {
            headers.insert(name, self.connections.header(name.as_str(), secret)?);
        }
        self.reveal_params(url);
        credential.apply(url, headers);
        Ok(())
    }

    /// Judges the target of a redirect or of a link. `what` leads there, for people.
    pub(super) fn check_target(&self, what: &str, from: &Url, to: &Url) -> Result<()> {
        if self.is_home(to) || self.others == OtherOrigins::Bare {
            return Ok(());
        }
        Err(Error::config(
            "other_origin",
            format!(
                "{what} of {} leads to another origin, {}; use that one as the source, or set the option \
                 `otherOrigins` to `bare` to follow it without credentials",
                mask_url_query(from.as_str()),
                to.origin().ascii_serialization()
            ),
        ))
    }

    /// The address that an answer links as the next one, judged like a redirect, and without our secrets: a cursor
    /// keeps it.
    pub(super) fn resolve_link(&self, from: &Url, link: &str) -> Result<Url> {
        let mut target = from.join(link).map_err(|error| {
            let message = format!(
                "the link to the next page in the answer of {} is not a valid URL ({error})",
                mask_url_query(from.as_str())
            );
            Error::new(ErrorKind::Api, "bad_link", message)
        })?;
        self.check_target("the next page", from, &target)?;
        // Some servers repeat what we sent; it is added again where it belongs, and not kept with the place.
        self.remove_key(&mut target);
        self.hide_params(&mut target);
        if !self.connections.redactor.holds_credential(target.as_str()) {
            return Ok(target);
        }
        let message = format!(
            "{} repeats a credential in the URL of its next page, which would have to be stored in the clear; set \
             the option `pagination` to request pages without that URL",
            mask_url_query(from.as_str())
        );
        Err(Error::new(ErrorKind::Api, "secret_in_link", message))
    }

    fn is_home(&self, url: &Url) -> bool {
        let origin = url.origin();
        origin == self.home.origin() || self.more.contains(&origin)
    }

    /// Takes the key of the query out of an address that a server made from ours.
    fn remove_key(&self, url: &mut Url) {
        if let Some(name) = &self.key_param {
            remove_param(url, name);
        }
    }

    /// Puts a placeholder where an address repeats a parameter of ours.
    fn hide_params(&self, url: &mut Url) {
        let is_ours = |name: &str, value: &str| {
            self.params.iter().any(|(known, text)| known == name && text == value && !value.is_empty())
        };
        if !url.query_pairs().any(|(name, value)| is_ours(&name, &value)) {
            return;
        }
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(|(name, value)| {
            let value = if is_ours(&name, &value) { HIDDEN.to_owned() } else { value };
            (name, value)
        }));
    }

    /// Puts our parameters back where their placeholders stand: the values of a name in their order.
    fn reveal_params(&self, url: &mut Url) {
        if !url.query_pairs().any(|(_, value)| value == HIDDEN) {
            return;
        }
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let mut ours: Vec<_> = self.params.iter().map(Some).collect();
        let mut take = |name: &str| {
            let slot = ours.iter_mut().find(|slot| slot.is_some_and(|(known, _)| known == name))?;
            slot.take().map(|(_, value)| value.clone())
        };
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().filter_map(|(name, value)| {
            let value = if value == HIDDEN { take(&name)? } else { value };
            Some((name, value))
        }));
    }

    /// Takes out of an address of another origin what the source's own address holds, and refuses what cannot be taken
    /// out.
    fn strip_for_others(&self, url: &mut Url) -> Result<()> {
        self.remove_key(url);
        let home: Vec<_> = self.home.query_pairs().into_owned().collect();
        let is_ours = |name: &str, value: &str| {
            let is_pair = |pair: &(String, String)| pair.0 == name && pair.1 == value;
            value == HIDDEN
                || self.params.iter().chain(&home).any(is_pair)
                || self.params.iter().any(|(_, text)| text == value)
                || self.connections.redactor.holds_credential(value)
        };
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let rest: Vec<_> = pairs.iter().filter(|(name, value)| !is_ours(name, value)).collect();
        // What has nothing of ours stays as it is spelt, as its signature may want it.
        if rest.len() < pairs.len() {
            url.set_query(None);
            if !rest.is_empty() {
                url.query_pairs_mut().extend_pairs(rest);
            }
        }
        if !self.connections.redactor.holds_credential(url.as_str()) {
            return Ok(());
        }
        let origin = url.origin().ascii_serialization();
        let message =
            format!("a URL of another origin, {origin}, contains a credential, so that it is not followed");
        Err(Error::config("other_origin", message))
    }
}
