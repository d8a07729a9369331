//! Typed answers: what HTTP, `--json` and the streams to come show, each with its schema. One set for all of them.

mod attempt;
mod check;
mod reject;
mod run;
mod stats;
mod time;

pub(crate) use check::CheckView;
pub(crate) use reject::{ErrorView, ErrorsView, SkipsView};
pub(crate) use run::{ChangedView, RunView, ScheduledView};
pub(crate) use stats::{HealthView, StatsView};
pub(crate) use time::iso;
