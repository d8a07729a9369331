//! The fuzz targets of the engine, on what is kept of their inputs.

use crate::corpus::run;

#[path = "../../../../fuzz/src/engine.rs"]
mod engine;

#[test]
fn schedule() {
    run("schedule", engine::schedule);
}

#[test]
fn target_options() {
    run("target_options", engine::target_options);
}
