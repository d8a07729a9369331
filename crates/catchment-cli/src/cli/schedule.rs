//! `catchment schedule`: when the daily job is due.

use clap::Args;
use jiff::Timestamp;

use super::exit::Exit;
use super::table::say;
use catchment::Settings;

#[derive(Args)]
pub(super) struct ScheduleArgs {
    #[command(flatten)]
    pub(super) serve: crate::config::ServeFlags,

    /// How many of the next times to show
    #[arg(long, default_value_t = 5)]
    count: u32,
}

pub(super) fn run(settings: &Settings, args: &ScheduleArgs) -> anyhow::Result<Exit> {
    let schedule = settings.schedule()?;
    let mut time = Timestamp::now();
    for _ in 0..args.count {
        time = schedule.next_after(time)?;
        say!("{}", time.to_zoned(schedule.zone().clone()).strftime("%Y-%m-%d %H:%M:%S %Z (%a)"));
    }
    Ok(Exit::Done)
}
