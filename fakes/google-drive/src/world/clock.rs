//! A clock that moves with the story and not with the wall: equal tests see equal times.

use jiff::{SignedDuration, Timestamp};

/// 2026-11-24T12:00:00Z
const START: i64 = 1_795_521_600;

/// The time of the fake; one second passes with each mutation.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Timestamp,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { now: Timestamp::from_second(START).unwrap() }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) const fn set(&mut self, now: Timestamp) {
        self.now = now;
    }
}
