//! `catchment drive`: logging in to Google Drive with a client of one's own.

use std::io::{IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Html;
use axum::routing::get;
use catchment_core::{Error, Host, NetworkAccess, Secret, SecretAccess};
use catchment_sources::drive::{Login, LoginClient};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::exit::Exit;
use super::open::Context;
use super::table::say;

/// `catchment drive`.
#[derive(Args)]
pub(super) struct DriveArgs {
    #[command(subcommand)]
    command: DriveCommand,
}

#[derive(Subcommand)]
enum DriveCommand {
    /// Log in as a user with a client of your own, and print what to store
    ///
    /// Make the client once, in the Google Cloud console: enable the Google Drive API and the Google Sheets API; Google Auth Platform,
    /// Clients, Create client, Desktop app; and download its JSON. Publish the consent screen (Audience), as logins of one in testing
    /// end after 7 days. A service account needs no login.
    Login(LoginArgs),
}

#[derive(Args)]
struct LoginArgs {
    /// JSON file of the client, as the Google Cloud console hands it out
    #[arg(long, value_name = "FILE")]
    client: PathBuf,

    /// Port on this machine that the browser comes back to, such as one that is forwarded by ssh [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// File to write the options to, readable by you alone, instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The file of a client.
#[derive(Deserialize)]
struct ClientFile {
    #[serde(alias = "web")]
    installed: ClientKeys,
}

#[derive(Deserialize)]
struct ClientKeys {
    client_id: String,
    client_secret: String,
}

/// What the browser is shown at the end.
const DONE: &str = "<!doctype html><meta charset=utf-8><title>Catchment</title><p>Catchment has the answer. You can close this page, and \
                    go back to the terminal.";

pub(super) async fn run(context: &Context, args: DriveArgs) -> anyhow::Result<Exit> {
    let DriveCommand::Login(args) = args.command;
    let ClientKeys { client_id, client_secret } = read_client(&args.client)?;
    let host = Host {
        secrets: SecretAccess::Anywhere,
        network: NetworkAccess::new(context.settings.allow_networks.clone(), None),
        addresses: context.settings.addresses.clone(),
        ..Host::default()
    };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port))).await;
    let listener = listener.with_context(|| format!("listening on port {} of this machine", args.port))?;
    let redirect = format!("http://{}", listener.local_addr()?);
    let client = LoginClient { id: client_id.clone(), secret: Secret::Inline(client_secret.clone()) };
    let login = Login::begin(client, redirect, &host)?;
    eprintln!(
        "Open this address in a browser on this machine, and allow Catchment to read your Drive:\n\n{}\n",
        login.url()
    );
    let stored = login.finish(&answer(listener).await?, &host).await?;
    let auth = json!({"type": "refresh_token", "clientId": client_id, "clientSecret": client_secret, "refreshToken": stored.refresh_token});
    store(args.out.as_deref(), &serde_json::to_string_pretty(&json!({ "auth": auth }))?)?;
    Ok(Exit::Done)
}

fn read_client(path: &Path) -> anyhow::Result<ClientKeys> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::io(format!("reading {}", path.display()), error))?;
    // What serde says of it may repeat the secret.
    let file: ClientFile = serde_json::from_str(&text).map_err(|_| {
        let message = format!(
            "{} is not the JSON file of a client; download it in the Google Cloud console (Google Auth Platform, Clients)",
            path.display()
        );
        Error::config("no_client", message)
    })?;
    Ok(file.installed)
}

/// The query that the browser comes back with.
async fn answer(listener: TcpListener) -> anyhow::Result<String> {
    let (sender, mut answers) = mpsc::channel::<String>(1);
    let page = async |State(sender): State<mpsc::Sender<String>>, RawQuery(query): RawQuery| {
        // A browser asks for more than one page, such as an icon; only the first answer counts.
        if let Some(query) = query.filter(|query| query.contains("state=")) {
            sender.try_send(query).ok();
        }
        Html(DONE)
    };
    let router = Router::new().route("/", get(page)).with_state(sender);
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let query = answers.recv().await.context("the browser did not come back")?;
    // A browser that keeps its connection open is not waited for.
    serving.abort();
    Ok(query)
}

/// Prints or writes what is to be stored.
fn store(out: Option<&Path>, options: &str) -> anyhow::Result<()> {
    match out {
        Some(path) => {
            let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            let mut file = file.map_err(|error| Error::io(format!("writing {}", path.display()), error))?;
            writeln!(file, "{options}")
                .map_err(|error| Error::io(format!("writing {}", path.display()), error))?;
            say!("Wrote {}; use it with `catchment sync … --options {}`", path.display(), path.display());
        }
        None => {
            say!("{options}");
            if std::io::stdout().is_terminal() {
                eprintln!(
                    "\nStore that as a file that only you can read, and use it with `catchment sync … --options FILE`."
                );
            }
        }
    }
    Ok(())
}
