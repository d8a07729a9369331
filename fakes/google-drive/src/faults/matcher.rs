//! Which requests a fault or a hook is for.

use crate::call::{Call, Route};

/// Requests, by method, by what they are about, and by their number among these. Made with [`Matcher::any`] or
/// [`Matcher::call`]; without a number it is all of them, until told otherwise.
#[derive(Debug, Clone)]
pub struct Matcher {
    call: Option<Call>,
    about: Option<String>,
    occurrence: Occurrence,
}

/// Counted from 1, among the requests that match, since the rule was made.
#[derive(Debug, Clone, Copy)]
enum Occurrence {
    All,
    Nth(usize),
    First(usize),
    From(usize),
    Every(usize),
}

impl Matcher {
    /// Any request to any of the origins.
    #[must_use]
    pub const fn any() -> Self {
        Self { call: None, about: None, occurrence: Occurrence::All }
    }

    /// Requests of a method.
    #[must_use]
    pub const fn call(call: Call) -> Self {
        Self { call: Some(call), about: None, occurrence: Occurrence::All }
    }

    /// About this file, spreadsheet or drive alone; of listings those of this folder.
    #[must_use]
    pub fn about(mut self, id: &str) -> Self {
        self.about = Some(id.to_owned());
        self
    }

    /// The n-th alone.
    #[must_use]
    pub const fn nth(mut self, number: usize) -> Self {
        self.occurrence = Occurrence::Nth(number);
        self
    }

    /// The first so many.
    #[must_use]
    pub const fn first(mut self, count: usize) -> Self {
        self.occurrence = Occurrence::First(count);
        self
    }

    /// The n-th and all after it.
    #[must_use]
    pub const fn from(mut self, number: usize) -> Self {
        self.occurrence = Occurrence::From(number);
        self
    }

    /// Every n-th.
    #[must_use]
    pub const fn every(mut self, count: usize) -> Self {
        self.occurrence = Occurrence::Every(count);
        self
    }

    pub(crate) fn matches(&self, route: &Route) -> bool {
        let is_about = |id: &String| match (&route.about, route.call) {
            (Some(query), Call::List) => query.contains(&format!("'{id}'")),
            (Some(about), _) => about == id,
            (None, _) => false,
        };
        self.call.is_none_or(|call| call == route.call) && self.about.as_ref().is_none_or(is_about)
    }

    pub(crate) const fn is_meant(&self, number: usize) -> bool {
        match self.occurrence {
            Occurrence::All => true,
            Occurrence::Nth(wanted) => number == wanted,
            Occurrence::First(count) => number <= count,
            Occurrence::From(first) => number >= first,
            Occurrence::Every(count) => number.is_multiple_of(count),
        }
    }
}
