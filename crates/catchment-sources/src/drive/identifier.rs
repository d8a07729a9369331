//! What a source in Drive is called: an id, or any link that Drive and its editors show; with the tab that it names.

use catchment_core::{Error, Result, is_web_url, truncate_text};
use reqwest::Url;

/// Hosts of links.
const HOSTS: [&str; 3] = ["drive.google.com", "docs.google.com", "sheets.google.com"];
/// The folder at the top of somebody's own Drive.
pub(super) const ROOT: &str = "root";

/// An item of Drive, and the tab of a spreadsheet that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemId {
    pub(super) id: String,
    pub(super) gid: Option<u64>,
}

/// Whether a text is a link to something in Google Drive.
pub fn is_drive_link(text: &str) -> bool {
    is_web_url(text)
        && Url::parse(text).is_ok_and(|url| url.host_str().is_some_and(|host| HOSTS.contains(&host)))
}

impl ItemId {
    /// Reads an id, or a link.
    ///
    /// # Errors
    /// `config`, `bad_drive_id`, with what would be accepted.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if is_web_url(text) { Self::of_link(text) } else { Self::of_id(text) }
    }

    /// The one spelling: `ID`, or `ID#gid=N`.
    pub(super) fn normalized(&self) -> String {
        match self.gid {
            Some(gid) => format!("{}#gid={gid}", self.id),
            None => self.id.clone(),
        }
    }

    fn of_id(text: &str) -> Result<Self> {
        let (id, rest) = text.split_once('#').map_or((text, None), |(id, rest)| (id, Some(rest)));
        let gid = rest.map(|rest| rest.strip_prefix("gid=").and_then(|gid| gid.parse().ok()));
        if !is_id(id) || gid == Some(None) {
            return Err(bad(&format!(
                "`{}` is neither an id of Google Drive nor a link to it",
                truncate_text(text, 100)
            )));
        }
        Ok(Self { id: id.to_owned(), gid: gid.flatten() })
    }

    fn of_link(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|error| bad(&format!("the link is not a valid URL ({error})")))?;
        if !is_drive_link(text) {
            let host = url.host_str().unwrap_or_default();
            return Err(bad(&format!("the link leads to `{host}`, which is not Google Drive")));
        }
        let param =
            |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if param("resourcekey").is_some() {
            let message = "the link holds a resource key, which is a secret: leave `resourcekey=` out of it, and give its value \
                           as the option `resourceKey`";
            return Err(bad(message));
        }
        let segments: Vec<_> = url.path_segments().into_iter().flatten().collect();
        let after = |name: &str| {
            let at = segments.iter().position(|segment| *segment == name)?;
            segments.get(at + 1).map(|id| (*id).to_owned())
        };
        if after("d").as_deref() == Some("e") {
            let message = "the link is of a page that is published to the web, and tells no id; open the document itself, \
                           and copy its link from there";
            return Err(bad(message));
        }
        let own = segments.contains(&"my-drive").then(|| ROOT.to_owned());
        let id = after("d").or_else(|| after("folders")).or_else(|| param("id")).or(own);
        let id = id.filter(|id| is_id(id)).ok_or_else(|| bad("the link names no file and no folder"))?;
        let fragment = url.fragment().unwrap_or_default();
        let gid = fragment.split('&').find_map(|pair| pair.strip_prefix("gid=")).map(str::to_owned);
        let gid = gid.or_else(|| param("gid")).map(|gid| gid.parse());
        let gid = gid.transpose().map_err(|_| bad("the `gid` of the link is no number of a tab"))?;
        Ok(Self { id, gid })
    }
}

fn is_id(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text == ROOT || text.len() >= 10 && text.len() <= 200 && text.bytes().all(is_fine)
}

fn bad(problem: &str) -> Error {
    let message = format!(
        "{problem}; give the id, or a link such as https://drive.google.com/drive/folders/ID or \
         https://docs.google.com/spreadsheets/d/ID/edit#gid=0"
    );
    Error::config("bad_drive_id", message.clone()).with_detail("/sourceIdentifier", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1AbC-dEf_GhIjKlMnOp";

    #[test]
    fn all_links_of_drive_name_the_same_item() {
        for link in [
            "ID",
            " ID ",
            "https://drive.google.com/file/d/ID/view?usp=sharing",
            "https://drive.google.com/drive/folders/ID?usp=drive_link",
            "https://drive.google.com/drive/u/1/folders/ID",
            "https://drive.google.com/open?id=ID",
            "https://drive.google.com/uc?export=download&id=ID",
            "https://docs.google.com/document/u/0/d/ID/edit",
        ] {
            let found = ItemId::parse(&link.replace("ID", ID)).unwrap();
            assert_eq!(found, ItemId { id: ID.to_owned(), gid: None }, "{link}");
        }
        for link in [
            "ID#gid=7",
            "https://docs.google.com/spreadsheets/d/ID/edit#gid=7",
            "https://docs.google.com/spreadsheets/d/ID/edit?gid=7#gid=7",
            "https://docs.google.com/spreadsheets/u/0/d/ID/edit?gid=7",
        ] {
            assert_eq!(ItemId::parse(&link.replace("ID", ID)).unwrap().normalized(), format!("{ID}#gid=7"));
        }
        assert_eq!(ItemId::parse("https://drive.google.com/drive/my-drive").unwrap().id, ROOT);
    }

    #[test]
    fn what_is_no_item_is_refused_with_what_to_do() {
        for (link, said) in [
            ("short", "neither an id"),
            ("/data/a.csv", "neither an id"),
            ("https://example.com/file/d/1AbC-dEf_GhI/view", "example.com"),
            ("https://drive.google.com/file/d/1AbC-dEf_GhI/view?resourcekey=0-abc", "`resourceKey`"),
            ("https://docs.google.com/spreadsheets/d/e/2PACX-1vQabcdefgh/pubhtml", "published"),
            ("https://drive.google.com/drive/shared-with-me", "names no file"),
        ] {
            let error = ItemId::parse(link).unwrap_err();
            assert!(error.message().contains(said), "{link}: {error}");
            assert!(!error.message().contains("0-abc"), "{error}");
        }
    }
}
