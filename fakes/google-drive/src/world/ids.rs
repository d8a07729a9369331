//! Ids that look like Drive's: of no order, and yet the same in each run.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A source of ids, tokens and keys from one seed (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct IdGenerator {
    state: u64,
}

impl IdGenerator {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A file with content, a folder or a shortcut: 33 characters.
    pub(crate) fn file(&mut self) -> String {
        self.word("1", 32)
    }

    /// A native file: 44 characters.
    pub(crate) fn native(&mut self) -> String {
        self.word("1", 43)
    }

    /// The root of a My Drive, or a shared drive: 19 characters.
    pub(crate) fn root(&mut self) -> String {
        self.word("0A", 11) + "Uk9PVA"
    }

    /// A prefix, and so many characters after it.
    pub(crate) fn word(&mut self, prefix: &str, length: usize) -> String {
        let tail = (0..length).map(|_| char::from(ALPHABET[usize::try_from(self.next() >> 58).unwrap()]));
        prefix.chars().chain(tail).collect()
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
