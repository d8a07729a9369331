//! Binary content, its digests, and the revisions that it had.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use md5::{Digest, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) mime: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) digests: Digests,
    pub(crate) revision: String,
    /// By their ids, the present one among them.
    pub(crate) revisions: BTreeMap<String, Arc<[u8]>>,
}

/// In hexadecimal.
#[derive(Debug, Clone)]
pub(crate) struct Digests {
    pub(crate) md5: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
}

impl Blob {
    pub(crate) fn new(mime: &str, bytes: &[u8], revision: String) -> Self {
        let mut blob = Self {
            mime: mime.to_owned(),
            bytes: Arc::default(),
            digests: Digests::of(&[]),
            revision: String::new(),
            revisions: BTreeMap::new(),
        };
        blob.upload(bytes, revision);
        blob
    }

    /// A new revision, of the same bytes or of others.
    pub(crate) fn upload(&mut self, bytes: &[u8], revision: String) {
        self.bytes = bytes.into();
        self.digests = Digests::of(bytes);
        self.revisions.insert(revision.clone(), self.bytes.clone());
        self.revision = revision;
    }
}

impl Digests {
    fn of(bytes: &[u8]) -> Self {
        Self {
            md5: hexadecimal(&Md5::digest(bytes)),
            sha1: hexadecimal(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref()),
            sha256: hexadecimal(digest(&SHA256, bytes).as_ref()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
