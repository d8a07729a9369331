//! The versions of rows, each kept once: rows that were written together share theirs.

use std::collections::HashMap;
use std::sync::Arc;

/// Versions that are told apart; rows of others are looked up.
const MAX_VERSIONS: usize = 1 << 16;

/// Interned texts.
#[derive(Debug, Default)]
pub(super) struct Versions {
    texts: Vec<Arc<str>>,
    index: HashMap<Arc<str>, u32>,
}

impl Versions {
    /// The number of a version; none where there are too many.
    pub(super) fn intern(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.index.get(text) {
            return Some(*number);
        }
        let number = u32::try_from(self.texts.len()).ok().filter(|_| self.texts.len() < MAX_VERSIONS)?;
        let text = Arc::<str>::from(text);
        self.texts.push(text.clone());
        self.index.insert(text, number);
        Some(number)
    }

    /// The version of a number.
    pub(super) fn get(&self, number: u32) -> Option<Arc<str>> {
        self.texts.get(number as usize).cloned()
    }
}
