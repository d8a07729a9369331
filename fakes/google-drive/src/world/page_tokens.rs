//! Page tokens: opaque outside, bound to what they were made for, and dead on command.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::change_log::LogId;

/// How a stale token is refused; all four have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenDeath {
    /// 400 `invalid` at `pageToken`.
    Invalid,
    /// 403 `pageTokenExpired`.
    Expired,
    /// 404 `notFound`.
    NotFound,
    /// 410 `gone`.
    Gone,
}

/// A part of the order of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey {
    Number(i64),
    Text(String),
    /// The last one first.
    Backwards(Reverse<String>),
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// After an item of a listing, or at its start. `binding` spells its query and its user.
    Listing { binding: String, after: Vec<SortKey> },
    /// After an entry of a change log.
    Changes { log: LogId, position: u64 },
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct PageTokens {
    living: BTreeMap<String, Place>,
    dead: BTreeMap<String, TokenDeath>,
}

impl PageTokens {
    /// The token of a place that has one already, so that equal places have equal tokens.
    pub(crate) fn token_of(&self, place: &Place) -> Option<String> {
        self.living.iter().find(|(_, known)| *known == place).map(|(token, _)| token.clone())
    }

    pub(crate) fn insert(&mut self, token: String, place: Place) {
        self.living.insert(token, place);
    }

    /// What a token stands for, or how it is refused.
    pub(crate) fn find(&self, token: &str) -> Result<&Place, TokenDeath> {
        let death = || self.dead.get(token).copied().unwrap_or(TokenDeath::Invalid);
        self.living.get(token).ok_or_else(death)
    }

    pub(crate) fn kill_listings(&mut self, death: TokenDeath) {
        self.kill(death, |place| matches!(place, Place::Listing { .. }));
    }

    pub(crate) fn kill_changes(&mut self, death: TokenDeath) {
        self.kill(death, |place| matches!(place, Place::Changes { .. }));
    }

    fn kill(&mut self, death: TokenDeath, is_meant: impl Fn(&Place) -> bool) {
        let (meant, others) =
            std::mem::take(&mut self.living).into_iter().partition(|(_, place)| is_meant(place));
        self.living = others;
        let meant: BTreeMap<String, Place> = meant;
        self.dead.extend(meant.into_keys().map(|token| (token, death)));
    }
}
