//! The fake by hand: starts it with a demo world or a directory of the disk, and takes commands from the keyboard.

// A tool for developers: what goes wrong here ends it.
#![allow(clippy::unwrap_used)]

mod commands;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fake_google_drive::FakeDrive;
use fake_google_drive::demo::{fill_demo, mirror_directory};
use tokio::io::{AsyncBufReadExt, BufReader};

const USAGE: &str = "fake-google-drive [--dir PATH] [--key FILE]
  --dir PATH   copies this directory into the Drive, instead of a demo
  --key FILE   writes the service account's key file there";

#[derive(Default)]
struct Options {
    directory: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = read_options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let drive = FakeDrive::start().await;
    if let Err(error) = set_up(&drive, &options) {
        eprintln!("fake-google-drive: {error}");
        return ExitCode::FAILURE;
    }
    serve(&drive).await;
    ExitCode::SUCCESS
}

fn read_options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let value = Some(arguments.next()?.into());
        match argument.as_str() {
            "--dir" => options.directory = value,
            "--key" => options.key = value,
            _ => return None,
        }
    }
    Some(options)
}

fn set_up(drive: &FakeDrive, options: &Options) -> std::io::Result<()> {
    println!("Drive API      {}", drive.url());
    println!("Sheets API     {}", drive.sheets_url());
    println!("token endpoint {}", drive.token_url());
    println!("export links   {} -> {}", drive.docs_url(), drive.content_url());
    println!("shared with    {}", drive.service_account_email());
    let (client, secret, token) = drive.refresh_client();
    println!("user's client  {client} {secret} {token}");
    if let Some(path) = &options.key {
        std::fs::write(path, drive.service_account_key())?;
        println!("key file       {}", path.display());
    }
    match &options.directory {
        Some(path) => mirror(drive, path)?,
        None => {
            let folders = drive.with_world(fill_demo);
            println!("Music          {}\nPrices         {}", folders.music, folders.prices);
        }
    }
    println!("{}", commands::HELP);
    Ok(())
}

fn mirror(drive: &FakeDrive, path: &Path) -> std::io::Result<()> {
    let root = drive.with_world(|world| mirror_directory(world, path))?;
    println!("{:<14} {root}", path.display());
    Ok(())
}

/// Until `quit`; where the input ends, until Ctrl-C.
async fn serve(drive: &FakeDrive) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match commands::run(drive, &line) {
            Some(answer) => println!("{answer}"),
            None => return,
        }
    }
    // Where signals cannot be had, it ends at once.
    tokio::signal::ctrl_c().await.ok();
}
