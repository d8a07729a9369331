//! `catchment syncs`: saved syncs, looked at, run, paused and deleted.

use catchment::{App, Precondition, Principal, RunMode, SavedSync};
use clap::{Args, Subcommand};

use super::cleanup::{is_asked, is_confirmed};
use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{self, DIM, say, say_json, style};
use crate::view::{SavedSyncView, StartedView, SyncRunView};

/// Saved syncs that are fetched at a time.
const PART: u32 = 1000;

#[derive(Args)]
pub(super) struct SyncsArgs {
    #[command(subcommand)]
    command: Option<SyncsCommand>,

    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum SyncsCommand {
    /// List the saved syncs, with their next times and last runs
    List,
    /// Show a saved sync
    Show {
        /// Its name
        name: String,
    },
    /// Put a run of a saved sync into the queue, whatever its schedule
    Run {
        /// Its name
        name: String,
    },
    /// Put a preview of a saved sync into the queue: it shows what a run would change
    Preview {
        /// Its name
        name: String,
    },
    /// List the latest runs of a saved sync, the newest first
    Runs {
        /// Its name
        name: String,
        /// How many runs to list
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Let the schedule of a saved sync rest
    Pause {
        /// Its name
        name: String,
    },
    /// Let the schedule of a saved sync count again, from its next time on
    Resume {
        /// Its name
        name: String,
    },
    /// Delete a saved sync; its runs and the rows that they wrote stay
    Delete {
        /// Its name
        name: String,
        /// Delete without asking [default: ask on a terminal, and do not elsewhere]
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(context: &Context, args: SyncsArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    let (service, as_json) = (app.service(), args.json);
    match args.command.unwrap_or(SyncsCommand::List) {
        SyncsCommand::List => list(&app, &who, as_json).await?,
        SyncsCommand::Show { name } => show(&service.saved_sync(&who, &name).await?, as_json),
        SyncsCommand::Run { name } => start(&app, &who, &name, RunMode::Sync, as_json).await?,
        SyncsCommand::Preview { name } => start(&app, &who, &name, RunMode::Preview, as_json).await?,
        SyncsCommand::Runs { name, limit } => runs(&app, &who, &name, limit, as_json).await?,
        SyncsCommand::Pause { name } => show(&service.pause_sync(&who, &name, true).await?, as_json),
        SyncsCommand::Resume { name } => show(&service.pause_sync(&who, &name, false).await?, as_json),
        SyncsCommand::Delete { name, yes } => {
            service.saved_sync(&who, &name).await?;
            if is_asked(yes) && !is_confirmed((1, format!("the saved sync {name}")))? {
                say!("Nothing was deleted");
                return Ok(Exit::Failed);
            }
            service.delete_sync(&who, &name, Precondition::Any).await?;
            say!("{name} deleted; its runs and rows stay");
        }
    }
    app.close().await;
    Ok(Exit::Done)
}

/// All saved syncs.
pub(super) async fn all(app: &App, who: &Principal) -> catchment::Result<Vec<SavedSync>> {
    let mut all: Vec<SavedSync> = Vec::new();
    loop {
        let after = all.last().map_or("", |last| last.name.as_str()).to_owned();
        let part = app.service().saved_syncs(who, &after, PART).await?;
        let is_last = part.len() < PART as usize;
        all.extend(part);
        if is_last {
            return Ok(all);
        }
    }
}

async fn list(app: &App, who: &Principal, as_json: bool) -> anyhow::Result<()> {
    let syncs = all(app, who).await?;
    if as_json {
        syncs.iter().for_each(|sync| say_json(&SavedSyncView::from(sync)));
    } else if syncs.is_empty() {
        say!("No sync is saved; write one into a file and run `catchment apply FILE`");
    } else {
        let rows: Vec<_> = syncs.iter().map(row).collect();
        table::print(&["name", "type", "source", "schedule", "next", "last run"], &rows);
    }
    Ok(())
}

fn row(sync: &SavedSync) -> Vec<String> {
    let schedule = sync.schedule.as_ref();
    let zone = schedule.and_then(|schedule| schedule.time_zone.as_deref()).unwrap_or_default();
    let next = match sync.next.first() {
        Some(next) => next.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None if sync.is_paused => "paused".to_owned(),
        None => String::new(),
    };
    vec![
        sync.name.clone(),
        sync.request.source_type.clone(),
        catchment_core::mask_url_query(&sync.request.source_identifier),
        schedule.map(|schedule| format!("{} {zone}", schedule.cron)).unwrap_or_default(),
        next,
        sync.last_run.map(|(id, status)| format!("{id} {status}")).unwrap_or_default(),
    ]
}

fn show(sync: &SavedSync, as_json: bool) {
    let view = SavedSyncView::from(sync);
    if as_json {
        return say_json(&view);
    }
    match serde_json::to_string_pretty(&view) {
        Ok(text) => say!("{text}"),
        Err(error) => eprintln!("the saved sync cannot be shown: {error}; please report this"),
    }
}

async fn start(app: &App, who: &Principal, name: &str, mode: RunMode, as_json: bool) -> anyhow::Result<()> {
    let ids = app.service().run_sync(who, name, mode).await?;
    if as_json {
        say_json(&StartedView { sync_run_id: ids.first().copied(), sync_run_ids: ids });
        return Ok(());
    }
    for id in ids {
        say!("Run {id} waits for `catchment serve`; see it with `catchment runs show {id}`");
    }
    Ok(())
}

async fn runs(app: &App, who: &Principal, name: &str, limit: u32, as_json: bool) -> anyhow::Result<()> {
    for run in app.service().runs_of_sync(who, name, None, limit).await? {
        if as_json {
            say_json(&SyncRunView::from(&run));
            continue;
        }
        let style = style(run.status);
        let due = run
            .scheduled_for
            .map_or_else(String::new, |due| format!(", due {}", due.strftime("%Y-%m-%d %H:%M UTC")));
        let trigger = run.trigger.map_or("", |trigger| trigger.as_str());
        say!(
            "{:>6}  {style}{:11}{style:#} {DIM}{trigger}{due}{DIM:#}  processed {}, failed {}, skipped {}",
            run.id,
            run.status.as_str(),
            run.items_processed,
            run.items_failed,
            run.items_skipped
        );
    }
    Ok(())
}
