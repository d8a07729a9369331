//! Typed answers: what HTTP, `--json` and the streams to come show, each with its schema. One set for all of them.

mod attempt;
mod change;
mod check;
mod conflict;
mod error;
mod reject;
mod run;
mod saved;
mod stats;
mod target;
mod time;
mod volume;

pub(crate) use change::{ChangeView, ChangesView, omitted_changes};
pub(crate) use check::CheckView;
pub(crate) use conflict::{ConflictView, ConflictsView, SettledView};
pub(crate) use error::ErrorAnswer;
pub(crate) use reject::{ErrorView, ErrorsView, SkipView, SkipsView, omitted_errors, omitted_skips};
pub(crate) use run::{ChangedView, IgnoredView, RunView, SHOWN_ERRORS, ScheduledView};
pub(crate) use saved::{NextTimesView, SavedSyncView, SavedSyncsView, StartedView, SyncRunView};
pub(crate) use stats::{HealthView, StatsView};
pub(crate) use target::TargetView;
pub(crate) use time::iso;
pub(crate) use volume::{ForgottenView, VolumeView};

#[cfg(test)]
mod tests {
    use insta::assert_json_snapshot;
    use schemars::schema_for;

    use super::*;

    #[test]
    fn every_answer_has_the_schema_of_its_snapshot() {
        assert_json_snapshot!("run", schema_for!(RunView));
        assert_json_snapshot!("scheduled", schema_for!(ScheduledView));
        assert_json_snapshot!("changed", schema_for!(ChangedView));
        assert_json_snapshot!("ignored", schema_for!(IgnoredView));
        assert_json_snapshot!("errors", schema_for!(ErrorsView));
        assert_json_snapshot!("skips", schema_for!(SkipsView));
        assert_json_snapshot!("changes", schema_for!(ChangesView));
        assert_json_snapshot!("conflicts", schema_for!(ConflictsView));
        assert_json_snapshot!("settled", schema_for!(SettledView));
        assert_json_snapshot!("check", schema_for!(CheckView));
        assert_json_snapshot!("stats", schema_for!(StatsView));
        assert_json_snapshot!("target", schema_for!(TargetView));
        assert_json_snapshot!("volume", schema_for!(VolumeView));
        assert_json_snapshot!("forgotten", schema_for!(ForgottenView));
        assert_json_snapshot!("saved_syncs", schema_for!(SavedSyncsView));
        assert_json_snapshot!("started", schema_for!(StartedView));
        assert_json_snapshot!("sync_run", schema_for!(SyncRunView));
        assert_json_snapshot!("next_times", schema_for!(NextTimesView));
        assert_json_snapshot!("error", schema_for!(ErrorAnswer));
        assert_json_snapshot!("health", schema_for!(HealthView));
    }
}
