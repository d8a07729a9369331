//! `catchment volumes`: which volumes, such as USB sticks, are plugged in or known, what they are called, and how one is forgotten.

use std::time::Duration;

use catchment::{App, KnownVolume};
use catchment_sources::usb::{ListedVolume, volume_name};
use clap::{Args, Subcommand};

use super::cleanup::{is_asked, is_confirmed};
use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{self, number, say, say_json};
use crate::plugged::{node_volume, plugged_in, with_ids};
use crate::view::{ForgottenView, VolumeView};

/// How long the database is waited for: what is plugged in can be listed without it.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct VolumesArgs {
    #[command(subcommand)]
    command: Option<VolumesCommand>,

    /// Print one JSON object a volume
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum VolumesCommand {
    /// List volumes: those that are plugged in, and those that are known while they are away
    List,
    /// Delete all rows of a volume, and that it was ever seen
    Forget {
        /// Its id, with or without `volume:`
        #[arg(value_name = "ID")]
        id: String,
        /// Delete without asking [default: ask on a terminal, and do not elsewhere]
        #[arg(long)]
        yes: bool,
    },
}

pub(super) async fn run(context: &Context, args: &VolumesArgs) -> anyhow::Result<Exit> {
    match &args.command {
        None | Some(VolumesCommand::List) => list(context, args.json).await,
        Some(VolumesCommand::Forget { id, yes }) => forget(context, id, *yes, args.json).await,
    }
}

async fn list(context: &Context, as_json: bool) -> anyhow::Result<Exit> {
    let allowed = &context.settings.volumes;
    let listed = plugged_in(allowed).await?;
    let known = match tokio::time::timeout(DATABASE_TIMEOUT, known(context, &listed)).await {
        Ok(Ok(known)) => known,
        // Before the first sync there is none.
        Ok(Err(error)) if error.code() == "no_database" => Vec::new(),
        Ok(Err(error)) => {
            eprintln!("what is plugged in, without what is known of it: {}", error.message());
            Vec::new()
        }
        Err(_) => {
            eprintln!("what is plugged in, without what is known of it: the database does not answer");
            Vec::new()
        }
    };
    let volumes: Vec<_> =
        merged(context, &listed, known).iter().map(|volume| VolumeView::new(volume, allowed)).collect();
    if as_json {
        volumes.iter().for_each(say_json);
    } else if volumes.is_empty() {
        say!(
            "No volume is mounted; plug one in, and have it mounted (on a server: udisks2, or a line in /etc/fstab)"
        );
    } else {
        let rows: Vec<_> = volumes.iter().map(row).collect();
        let header = ["source", "label", "file system", "size", "where", "rows", "last read", "over HTTP"];
        table::print(&header, &rows);
    }
    Ok(Exit::Done)
}

/// What the database knows, once it knows what is plugged in.
async fn known(context: &Context, listed: &[ListedVolume]) -> catchment::Result<Vec<KnownVolume>> {
    let (app, who) = (open_existing(context).await?, caller());
    app.service().note_volumes(&who, &with_ids(listed), false).await?;
    let known = app.service().volumes(&who).await?;
    app.close().await;
    Ok(known)
}

/// All that is plugged in, copies of one volume and those without an id among it, and then what is known beside.
fn merged(context: &Context, listed: &[ListedVolume], mut known: Vec<KnownVolume>) -> Vec<KnownVolume> {
    let here = |listed: &ListedVolume| {
        let volume = node_volume(listed);
        let before = known.iter().find(|known| known.volume.id == volume.id).cloned().unwrap_or_default();
        KnownVolume { volume, is_present: true, node: Some(context.settings.node.clone()), ..before }
    };
    let mut merged: Vec<_> = listed.iter().map(here).collect();
    known.retain(|known| merged.iter().all(|here| here.volume.id != known.volume.id));
    merged.append(&mut known);
    merged
}

async fn forget(context: &Context, id: &str, yes: bool, as_json: bool) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    let plain = &*volume_name(id);
    if is_asked(yes) {
        let known = app.service().volumes(&who).await?;
        let rows = known.iter().find(|known| known.volume.id == plain).map_or(0, |known| known.rows);
        // Those that are marked as gone are deleted as well.
        if !is_confirmed((
            rows.max(1),
            format!("all rows of volume:{plain}, {} of them available", number(rows)),
        ))? {
            say!("Nothing was deleted");
            return Ok(Exit::Failed);
        }
    }
    let forgotten = app.service().forget_volume(&who, plain).await?;
    app.close().await;
    if as_json {
        say_json(&ForgottenView::from(forgotten));
        return Ok(Exit::Done);
    }
    say!("{} rows of volume:{plain} deleted", number(forgotten.rows));
    if !forgotten.left_in.is_empty() {
        let tables = forgotten.left_in.join(", ");
        say!("Rows in {tables} were left: nothing there tells which are of the volume");
    }
    Ok(Exit::Done)
}

/// Notes which volumes are there when one of them is read: they are known by their labels then also while they are away.
pub(super) async fn note(app: &App, context: &Context) -> anyhow::Result<()> {
    let listed = plugged_in(&context.settings.volumes).await?;
    app.service().note_volumes(&caller(), &with_ids(&listed), false).await?;
    Ok(())
}

fn row(volume: &VolumeView) -> Vec<String> {
    let place = match (&volume.mounted_at, &volume.away_since) {
        (Some(place), _) => format!("● {place}"),
        (None, Some(since)) => format!("○ away since {}", moment(since)),
        (None, None) => "○ away".to_owned(),
    };
    vec![
        volume.source_identifier.clone().unwrap_or_else(|| "(nothing tells it from others)".to_owned()),
        volume.label.clone().unwrap_or_default(),
        volume.file_system.clone().unwrap_or_default(),
        volume.size_bytes.map(|bytes| format!("{} MB", bytes / 1_000_000)).unwrap_or_default(),
        place,
        number(volume.rows),
        volume.last_read_at.as_deref().map(moment).unwrap_or_default(),
        volume.allow_with.clone().unwrap_or_else(|| "allowed".to_owned()),
    ]
}

/// A time to the minute, in UTC.
fn moment(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ")
}
