//! The engine: the queue, one attempt at a run, when to try again, and the workers.

mod attempt;
mod host;
mod pipeline;
mod queue;
mod replay;
mod retry;
mod schedule;
mod service;
mod tokens;
mod worker;

pub use attempt::RunProgress;
pub use host::WorkerName;
pub use schedule::{Schedule, run_daily};
pub use service::{Checked, ServiceSettings, SyncService};
pub use worker::Workers;
