//! The order of a listing: that of `orderBy`, or one that nobody can rely on.

use std::cmp::Reverse;

use crate::world::item::Item;
use crate::world::page_tokens::SortKey;

/// The keys of `orderBy`, each with whether it goes down.
#[derive(Debug)]
pub(crate) struct ListingOrder {
    keys: Vec<(String, bool)>,
}

const KEYS: [&str; 11] = [
    "createdTime",
    "folder",
    "modifiedByMeTime",
    "modifiedTime",
    "name",
    "name_natural",
    "quotaBytesUsed",
    "recency",
    "sharedWithMeTime",
    "starred",
    "viewedByMeTime",
];

impl ListingOrder {
    /// `folder,modifiedTime desc,name`; `None` where a key is unknown.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut keys = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (name, descends) = match part.trim().split_once(' ') {
                None => (part.trim(), false),
                Some((name, "desc")) => (name, true),
                Some(_) => return None,
            };
            KEYS.contains(&name).then(|| keys.push((name.to_owned(), descends)))?;
        }
        Some(Self { keys })
    }

    /// What an item is ordered by; at last by something that looks like chance, and is neither its id nor its age.
    pub(crate) fn key_of(&self, item: &Item) -> Vec<SortKey> {
        let keys = self.keys.iter().map(|(name, descends)| key(item, name, *descends));
        keys.chain([SortKey::Number(scatter(&item.id)), SortKey::Text(item.id.clone())]).collect()
    }
}

fn key(item: &Item, name: &str, descends: bool) -> SortKey {
    let number = match name {
        "name" | "name_natural" => {
            let name = item.name.to_lowercase();
            return if descends { SortKey::Backwards(Reverse(name)) } else { SortKey::Text(name) };
        }
        "createdTime" => item.created.as_millisecond(),
        "folder" => i64::from(!item.is_folder()),
        "quotaBytesUsed" => item.blob().map_or(0, |blob| i64::try_from(blob.bytes.len()).unwrap()),
        "starred" => 0,
        _ => item.modified.as_millisecond(),
    };
    SortKey::Number(if descends { -number } else { number })
}

/// FNV-1a, without its sign.
fn scatter(id: &str) -> i64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    i64::try_from(id.bytes().fold(0xcbf2_9ce4_8422_2325, step) >> 1).unwrap()
}
