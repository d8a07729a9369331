//! The fuzz targets of the engine, on what is kept of their inputs.

use crate::corpus::run;

#[path = "../../../../fuzz/src/engine.rs"]
mod engine;

corpora!(engine: schedule, target_options);
