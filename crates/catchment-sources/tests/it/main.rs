//! The sources against the contract's conformance suite, and against what is found in the wild.

#![allow(missing_docs, clippy::unwrap_used)]

mod csv;
