//! All SQL, and nothing but it. One function a statement; what belongs together is one transaction here.

mod chunks;
mod database;
pub(crate) mod db;
mod errors;
mod jobs;
mod json;
mod known;
mod lease;
mod migrate;
mod pages;
mod ranges;
mod rows;
mod runs;
mod states;
mod upkeep;
mod values;
mod writer;

pub use database::Store;
pub use errors::{StoredError, StoredSkip};
pub use runs::AttemptRecord;

pub(crate) use db::{Class, Failure};
pub(crate) use jobs::Job;
pub(crate) use known::{Known, Marks};
pub(crate) use lease::{LEASE, Lease};
pub(crate) use pages::{Commit, WrittenPage};
pub(crate) use rows::Origin;
pub(crate) use runs::{Claim, Claimant, NewRun, Verdict, Wait};
pub(crate) use states::Kept;
