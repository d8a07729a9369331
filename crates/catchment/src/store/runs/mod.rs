//! `sync_runs` and `sync_attempts`: what is asked for, who holds it, how it ended.

mod attempts;
mod claim;
mod claimant;
mod finish;
mod holder;
mod lease;
mod operate;
mod queue;
mod read;
mod row;
mod wait;

pub use attempts::AttemptRecord;
pub(crate) use claim::Claim;
pub(crate) use claimant::Claimant;
pub(crate) use finish::Verdict;
pub(super) use operate::begin_anew;
pub(super) use queue::insert;
pub(crate) use queue::{NewRun, OfSaved};
pub(crate) use wait::WaitReason;
