//! Identities, in the key's own comparison, as digests that are the same on every machine and in every version.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest, Sha256};

use crate::mapping::Cell;
use crate::target::Comparison;

/// A set of digests of identities, which are hashes already.
pub(crate) type DigestSet = HashSet<u128, BuildHasherDefault<DigestHasher>>;

/// Takes half of a digest for its hash.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let half = bytes.first_chunk().copied().unwrap_or_default();
        self.0 = u64::from_ne_bytes(half);
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = hash(digest);
    }
}

/// A part of an identity, in the key's own comparison.
#[derive(Debug)]
pub(crate) enum IdentityPart<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Null,
}

impl<'a> From<Cell<'a>> for IdentityPart<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Number(number),
            Cell::Text(text) => Self::Text(text.into()),
        }
    }
}

impl<'a> IdentityPart<'a> {
    /// A value as a comparison that needs no server sees it.
    pub(crate) fn folded(cell: Cell<'a>, comparison: &Comparison) -> Self {
        match (cell, comparison) {
            (Cell::Text(text), Comparison::NoCase) => Self::Text(text.to_ascii_lowercase().into()),
            (Cell::Text(text), Comparison::RTrim) => Self::Text(text.trim_end_matches(' ').into()),
            (cell, _) => cell.into(),
        }
    }
}

/// The digest of an identity: 128 bits of SHA-256, so that nobody can make two identities that have the same.
pub(crate) fn identity_digest<'a>(parts: impl Iterator<Item = IdentityPart<'a>>) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        match part {
            IdentityPart::Null => hash.update([0]),
            IdentityPart::Number(number) => {
                hash.update([1]);
                hash.update(number.to_be_bytes());
            }
            IdentityPart::Text(text) => {
                hash.update([2]);
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
    }
    half_of(hash)
}

/// The first 128 bits of a hash.
pub(super) fn half_of(hash: Sha256) -> u128 {
    let hash: [u8; 32] = hash.finalize().into();
    let (digests, _) = hash.as_chunks::<16>();
    digests.first().map_or(0, |digest| u128::from_be_bytes(*digest))
}

/// A hash of an identity: half of its digest.
#[expect(clippy::cast_possible_truncation, reason = "half of a digest is one")]
pub(super) fn hash(identity: u128) -> u64 {
    identity as u64
}
