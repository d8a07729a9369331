//! `catchment serve`: the API and the workers, until a signal.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use catchment_core::{Error, ErrorKind, Registry, log_error};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::signals::Signals;
use super::volume_watch::VolumeWatch;
use crate::config::Config;
use crate::http::{Guard, Shared, router, serve};
use catchment::App;
use catchment::Settings;
use catchment::{Workers, run_daily, run_schedules};

/// How long a page in hand, or an answer, may take after a signal.
const GRACE: Duration = Duration::from_secs(20);
/// How often a database that is not up yet is asked again.
const DATABASE_INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(mut config: Config, registry: Registry) -> anyhow::Result<Exit> {
    config.check_service()?;
    let listener = TcpListener::bind(config.listen.candidates())
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    config.settings.own_address = Some(address);
    config.settings.is_service = true;
    let (shared, stop) =
        (Shared::new(Guard::new(&config, address), &config.settings), CancellationToken::new());
    let (settings, watch_volumes) = (config.settings, config.watch_volumes);
    let app = App::unopened(&settings, registry)?;
    log_start(&settings, &app)?;
    tracing::info!(%address, "listening");
    let server = tokio::spawn(serve(listener, router(shared.clone()), stop.clone()));
    let mut signals = Signals::new()?;

    // The port is open before the database is, so that whoever watches us can tell us from a dead process.
    tokio::select! {
        opened = begin(&app, &shared) => opened?,
        _ = signals.next() => return Ok(Exit::Done),
    }
    shared.set_app(app.clone());
    let workers = Workers::start(app.service(), settings.workers);
    let schedules = tokio::spawn(run_schedules(app.service().clone()));
    let daily = tokio::spawn(run_daily(app.service().clone(), settings.schedule()?));
    let volumes = tokio::spawn(VolumeWatch::new(app.clone(), &settings.volumes, watch_volumes).run());
    tracing::info!(workers = settings.workers, "ready");
    signals.next().await;

    tracing::info!("shutting down after the pages and requests in progress");
    app.service().shut_down();
    volumes.abort();
    stop.cancel();
    let finished = bounded(&mut signals, async {
        workers.finish().await;
        for (name, task) in [("schedules", schedules), ("daily job", daily), ("HTTP server", server)] {
            if let Err(error) = task.await {
                tracing::error!(%error, "the {name} ended unexpectedly; please report this");
            }
        }
        app.close().await;
    });
    if !finished.await {
        tracing::warn!(
            "shut down before all work was finished; runs in progress resume after their last page"
        );
    }
    Ok(Exit::Done)
}

/// One line that tells what this process works with.
fn log_start(settings: &Settings, app: &App) -> Result<(), Error> {
    let schedule = settings.schedule()?;
    let next = schedule.next_after(Timestamp::now())?.to_zoned(schedule.zone().clone());
    let dirs: Vec<_> = settings.data_dirs.iter().map(|dir| dir.to_string_lossy()).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = app.database_name(),
        data_dirs = dirs.join(":"),
        node = settings.node,
        time_zone = schedule.zone().iana_name().unwrap_or("the system's"),
        next_daily_job = %next.strftime("%Y-%m-%d %H:%M %Z"),
        "starting"
    );
    Ok(())
}

/// Opens the database, waiting for it as long as it is away, or has no tables that this user could make.
async fn begin(app: &App, shared: &Shared) -> Result<(), Error> {
    let mut has_told = false;
    loop {
        match app.begin().await {
            Err(error) if error.kind() == ErrorKind::Database => {
                // Its connections tell that it is away.
                tracing::debug!(%error, "the database cannot be opened yet; trying again");
                shared.set_obstacle(&error);
            }
            Err(error) if error.code() == "tables_missing" => {
                shared.set_obstacle(&error);
                if !std::mem::replace(&mut has_told, true) {
                    log_error!(ERROR, &error, "waiting for the tables");
                }
            }
            result => return result,
        }
        tokio::time::sleep(DATABASE_INTERVAL).await;
    }
}

/// Whether the work ended by itself, before another signal and in time.
async fn bounded(signals: &mut Signals, work: impl Future<Output = ()>) -> bool {
    tokio::select! {
        () = work => true,
        _ = signals.next() => false,
        () = tokio::time::sleep(GRACE) => false,
    }
}
