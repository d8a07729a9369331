//! All SQL, and nothing but it. One function a statement; what belongs together is one transaction here.

mod carryover;
mod changes;
mod chunks;
mod claims;
mod cleanup;
mod conflicts;
mod content;
mod database;
pub(crate) mod db;
mod errors;
mod jobs;
mod known;
mod lease;
mod migrate;
mod places;
mod rejects;
mod rows;
mod run_pages;
mod runs;
mod saved;
mod scope;
mod seen;
mod sources;
mod tables;
mod tokens;
mod values;
mod volumes;
mod written;

pub(crate) use carryover::{LeftOver, StoredCarryover};
pub use changes::ChangeFilter;
pub(crate) use conflicts::StoredConflict;
pub(crate) use database::Store;
pub use errors::{StoredError, StoredSkip, ValueDifference};
pub use rows::TargetRows;
pub use runs::AttemptRecord;

pub(crate) use db::{Conn, FailureClass, NOT_AS_VOUCHED, Row, StoreError};
pub(crate) use jobs::Job;
pub(crate) use known::KnownFields;
pub(crate) use lease::{LEASE, Lease};
pub(crate) use rows::{
    CommitOutcome, GonePage, GoneRows, PageCommit, PageState, Purpose, RowOrigin, SameRows, SettleOutcome,
    SweepStep, TableView, Unseen, Vouching, WrittenPage, slice_of,
};
pub(crate) use runs::{Claim, Claimant, NewRun, OfSaved, Verdict, WaitReason};
pub(crate) use saved::{DueSync, NewTick, StoredSync, SyncRecord};
pub(crate) use seen::SeenIn;
pub(crate) use tables::NewTable;
pub(crate) use written::WrittenFields;
