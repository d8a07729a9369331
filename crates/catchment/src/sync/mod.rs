//! The engine: the door to it, the queue, one attempt at a run, when to try again, and the workers.

mod account;
mod attempt;
mod attempt_log;
mod check;
mod daily;
mod due;
mod engine;
mod execute;
mod finish;
mod heartbeat;
mod in_flight;
mod pace;
mod progress;
mod queue;
mod read_ahead;
mod reports;
mod request;
mod retry;
mod schedule;
mod schema;
mod service;
mod settings;
mod timeouts;
mod tokens;
mod tx_retry;
mod worker;
mod worker_name;

pub use check::{CheckReport, InspectReport};
pub use daily::run_daily;
pub use execute::Execution;
pub use progress::{RunProgress, RunWait};
pub use schedule::Schedule;
pub use service::SyncService;
pub(crate) use settings::ServiceSettings;
pub use worker::Workers;
