//! The promise at its edges: each test is a defect that was found, seen from outside.

mod database;
mod doors;
mod nodes;
mod rows;
mod secrets;
mod workers;
