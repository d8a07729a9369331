//! Rules that wait for their requests: each with a counter of its own.

use super::matcher::Matcher;
use crate::call::Route;

/// A rule, to end it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId(usize);

#[derive(Debug)]
struct Rule<T> {
    id: RuleId,
    matcher: Matcher,
    matched: usize,
    effect: T,
}

/// Rules in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Rules<T> {
    rules: Vec<Rule<T>>,
    made: usize,
}

impl<T> Rules<T> {
    pub(crate) const fn new() -> Self {
        Self { rules: Vec::new(), made: 0 }
    }

    pub(crate) fn add(&mut self, matcher: Matcher, effect: T) -> RuleId {
        self.made += 1;
        let id = RuleId(self.made);
        self.rules.push(Rule { id, matcher, matched: 0, effect });
        id
    }

    pub(crate) fn end(&mut self, id: RuleId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Counts a request, and gives the effects that it sets off.
    pub(crate) fn fire(&mut self, route: &Route) -> impl Iterator<Item = &mut T> {
        self.rules.iter_mut().filter_map(|rule| {
            if !rule.matcher.matches(route) {
                return None;
            }
            rule.matched += 1;
            rule.matcher.is_meant(rule.matched).then_some(&mut rule.effect)
        })
    }
}
