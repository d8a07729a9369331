//! All SQL, and nothing but it. One function a statement; what belongs together is one transaction here.

mod chunks;
mod database;
pub(crate) mod db;
mod errors;
mod jobs;
mod lease;
mod migrate;
mod rows;
mod runs;
mod states;
mod upkeep;
mod values;

pub(crate) use database::Store;
pub use errors::{StoredError, StoredSkip};
pub use runs::AttemptRecord;

pub(crate) use db::{FailureClass, Conn, StoreError, Row};
pub(crate) use jobs::Job;
pub(crate) use lease::{LEASE, Lease};
pub(crate) use rows::{CommitOutcome, RowOrigin, TableView, PageCommit, WrittenPage};
pub(crate) use runs::{Claim, Claimant, NewRun, Verdict, WaitReason};
pub(crate) use states::StoredCarryover;
