//! Where Google's APIs are: what the operator's settings say, and no request.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use catchment_core::{Error, Host, Result};
use reqwest::Url;

const DRIVE: &str = "https://www.googleapis.com/drive/v3/";
const SHEETS: &str = "https://sheets.googleapis.com/v4/spreadsheets/";
const TOKEN: &str = "https://oauth2.googleapis.com/token";
/// Where a user lets a program use their account.
const CONSENT: &str = "https://accounts.google.com/o/oauth2/v2/auth";
/// Where files are exported from that are too large for the API.
const DOCS: &str = "https://docs.google.com/";

/// The names of the settings.
const SETTINGS: [&str; 4] = ["drive", "sheets", "google-token", "google-docs"];

/// Where Google's APIs are.
#[derive(Debug, Clone)]
pub struct GoogleAddresses {
    pub(super) drive: Url,
    pub(super) sheets: Url,
    pub(super) token: Url,
    pub(super) docs: Url,
    pub(super) consent: Url,
}

impl GoogleAddresses {
    /// Google's own, but for those that the operator sets.
    ///
    /// # Errors
    /// `config`, `invalid_settings`, where one is no URL.
    pub fn of(host: &Host) -> Result<Self> {
        Self::of_settings(&host.addresses)
    }

    /// The same of settings: the addresses `drive`, `sheets`, `google-token` and `google-docs`. Where only that of Drive is set, the
    /// others are at its origin: whoever asks for a server of their own sends nothing to Google.
    ///
    /// # Errors
    /// As of [`GoogleAddresses::of`].
    pub fn of_settings(settings: &BTreeMap<String, String>) -> Result<Self> {
        let [drive, sheets, token, docs] = SETTINGS.map(|name| given(settings, name));
        let (drive, sheets, token, docs) = (drive?, sheets?, token?, docs?);
        let own = drive.clone();
        let at = |given: Option<Url>, path: &str, google: &str| -> Result<Url> {
            match (given, &own) {
                (Some(url), _) => Ok(with_path(url, path)),
                (None, Some(own)) => Ok(with_path(origin_of(own), path)),
                (None, None) => parsed(google),
            }
        };
        Ok(Self {
            sheets: at(sheets, "/v4/spreadsheets/", SHEETS)?,
            token: at(token, "/token", TOKEN)?,
            docs: at(docs, "/", DOCS)?,
            drive: at(drive, "/drive/v3/", DRIVE)?,
            consent: parsed(CONSENT)?,
        })
    }
}

impl GoogleAddresses {
    /// What the operator allows, and the addresses that their own settings name.
    pub(super) fn allowed(&self, host: &Host) -> Host {
        let is_set = !host.addresses.is_empty();
        let urls = [&self.drive, &self.sheets, &self.token, &self.docs].into_iter().filter(|_| is_set);
        let address = |url: &Url| {
            let port = url.port_or_known_default()?;
            let ip = match url.host()? {
                url::Host::Ipv4(ip) => ip.into(),
                url::Host::Ipv6(ip) => ip.into(),
                url::Host::Domain(_) => return None,
            };
            Some(SocketAddr::new(ip, port))
        };
        let network = host.network.clone().with_services(urls.filter_map(address));
        Host { network, ..host.clone() }
    }
}

fn given(settings: &BTreeMap<String, String>, name: &str) -> Result<Option<Url>> {
    settings.get(name).map(|text| parsed(text)).transpose()
}

/// The address itself, or at an origin alone the path that Google has there. Addresses are joined to it.
fn with_path(mut url: Url, path: &str) -> Url {
    if url.path() == "/" {
        url.set_path(path);
    } else if path.ends_with('/') && !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn origin_of(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_path("/");
    url
}

fn parsed(text: &str) -> Result<Url> {
    let is_fine = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
    Url::parse(text.trim()).ok().filter(is_fine).ok_or_else(|| {
        let message = format!(
            "`{text}` is not the address of an API: give one with http:// or https:// and without a query"
        );
        Error::config("invalid_settings", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> [String; 4] {
        let settings = pairs.iter().map(|(name, url)| ((*name).to_owned(), (*url).to_owned())).collect();
        let GoogleAddresses { drive, sheets, token, docs, .. } =
            GoogleAddresses::of_settings(&settings).unwrap();
        [drive, sheets, token, docs].map(String::from)
    }

    #[test]
    fn a_server_of_ones_own_stands_for_all_of_google() {
        assert_eq!(of(&[]), [DRIVE, SHEETS, TOKEN, DOCS]);
        let own = [
            "http://127.0.0.1:9/drive/v3/",
            "http://127.0.0.1:9/v4/spreadsheets/",
            "http://127.0.0.1:9/token",
            "http://127.0.0.1:9/",
        ];
        for drive in ["http://127.0.0.1:9", "http://127.0.0.1:9/drive/v3", "http://127.0.0.1:9/drive/v3/"] {
            assert_eq!(of(&[("drive", drive)]), own);
        }
        assert_eq!(
            of(&[("drive", own[0]), ("sheets", "http://b.example")])[1],
            "http://b.example/v4/spreadsheets/"
        );
    }
}
