//! `catchment apply`: the saved syncs of a file, made so that they are as it says.

use std::path::PathBuf;

use anyhow::Context as _;
use catchment::{App, Precondition, Principal, Saved, SyncDraft};
use catchment_core::Error;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cleanup::{is_asked, is_confirmed};
use super::exit::Exit;
use super::open::{Context, caller, patiently, unopened};
use super::syncs::all;
use super::table::{say, say_json};

#[derive(Args)]
pub(super) struct ApplyArgs {
    /// File with the saved syncs: TOML with `[[sync]]`, or JSON with `{"sync": […]}`
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Delete saved syncs that the file does not have
    #[arg(long)]
    prune: bool,

    /// Show the difference, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Delete without asking [default: ask on a terminal, and do not elsewhere]
    #[arg(long, requires = "prune")]
    yes: bool,

    /// Print JSON, one object a saved sync
    #[arg(long)]
    json: bool,
}

/// What a file may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplyFile {
    #[serde(rename = "sync", default)]
    syncs: Vec<Value>,
}

/// What becomes of a saved sync.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference<'a> {
    name: &'a str,
    /// `create`, `change`, `keep` or `delete`.
    action: &'static str,
    /// What differs, as JSON pointers.
    changes: &'a [String],
}

pub(super) async fn run(context: &Context, args: ApplyArgs) -> anyhow::Result<Exit> {
    let drafts = read(&args.file)?;
    let (app, who) = (unopened(context)?, caller());
    patiently(app.begin()).await?;
    // All of it is compared before anything is written: what does not fit stops everything.
    let mut planned = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        let compared = app.service().compare_sync(&who, &draft).await;
        let compared =
            compared.map_err(|error| error.during(format!("sync {} (`{}`)", index + 1, draft.name)))?;
        planned.push((draft, compared));
    }
    let mut doomed = Vec::new();
    if args.prune {
        let known = all(&app, &who).await?.into_iter().map(|sync| sync.name);
        doomed = known.filter(|name| planned.iter().all(|(draft, _)| draft.name != *name)).collect();
    }
    for (draft, (saved, changes)) in &planned {
        tell(&args, &Difference { name: &draft.name, action: action(*saved), changes });
    }
    doomed.iter().for_each(|name| tell(&args, &Difference { name, action: "delete", changes: &[] }));
    let exit = if args.dry_run { Exit::Done } else { write(&app, &who, &args, planned, &doomed).await? };
    app.close().await;
    Ok(exit)
}

async fn write(
    app: &App,
    who: &Principal,
    args: &ApplyArgs,
    planned: Vec<(SyncDraft, (Saved, Vec<String>))>,
    doomed: &[String],
) -> anyhow::Result<Exit> {
    if is_asked(args.yes) && !is_confirmed((doomed.len() as u64, format!("{} saved syncs", doomed.len())))? {
        say!("Nothing was changed");
        return Ok(Exit::Failed);
    }
    let changed = planned.into_iter().filter(|(_, (saved, _))| *saved != Saved::Unchanged);
    for (draft, (saved, _)) in changed {
        let condition = if saved == Saved::Created { Precondition::Absent } else { Precondition::Present };
        app.service().save_sync(who, draft, condition).await?;
    }
    for name in doomed {
        app.service().delete_sync(who, name, Precondition::Any).await?;
    }
    Ok(Exit::Done)
}

fn action(saved: Saved) -> &'static str {
    match saved {
        Saved::Created => "create",
        Saved::Changed => "change",
        Saved::Unchanged => "keep",
    }
}

fn tell(args: &ApplyArgs, difference: &Difference<'_>) {
    if args.json {
        return say_json(difference);
    }
    let mark = match difference.action {
        "create" => "+",
        "change" => "~",
        "delete" => "-",
        _ => "=",
    };
    say!("{mark} {:10} {}", difference.action, difference.name);
    difference.changes.iter().for_each(|pointer| say!("             {pointer}"));
}

/// The drafts of a file, each of its own name.
fn read(path: &std::path::Path) -> anyhow::Result<Vec<SyncDraft>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let is_json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let value: Value = if is_json {
        serde_json::from_str(&text).with_context(|| path.display().to_string())?
    } else {
        // Its own text quotes the line, which may hold a secret.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let message = format!("{}, line {line}: {}", path.display(), error.message());
            Error::config("invalid_file", message)
        })?
    };
    let file: ApplyFile = catchment_core::parse("", value)?;
    let mut drafts: Vec<SyncDraft> = Vec::new();
    for (index, value) in file.syncs.into_iter().enumerate() {
        let draft = SyncDraft::from_json(value)
            .map_err(|error| error.during(format!("{}, sync {}", path.display(), index + 1)))?;
        if drafts.iter().any(|known| known.name == draft.name) {
            let message =
                format!("{} has two syncs `{}`; give each a name of its own", path.display(), draft.name);
            return Err(Error::config("invalid_file", message).into());
        }
        drafts.push(draft);
    }
    Ok(drafts)
}
