//! An API that takes its time: pages of 100 records, each 20 ms after it was asked for. One request after the other
//! against as many at a time as the default allows, and ten times the records for the memory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::catchment::Bench;
use super::measure::measure;
use super::table::ResultTable;
use xtask::database::Database;

const DELAY: Duration = Duration::from_millis(20);
const PAGE: usize = 100;

/// One request at a time, and as many as the default allows.
pub(super) fn run(bench: &Bench) -> Result<()> {
    let port = serve()?;
    let mut table = ResultTable::new();
    for round in 0..bench.rounds {
        for (name, concurrency, records) in [
            ("one request after the other", 1, bench.rows),
            ("the default, 4 at a time", 4, bench.rows),
            ("the default, ten times the records", 4, bench.rows * 10),
        ] {
            // Once is enough for the memory.
            if records > bench.rows && round > 0 {
                continue;
            }
            let dir = tempfile::tempdir()?;
            let options = format!(
                r#"{{"contentType": "music", "rateLimit": {{"maxConcurrency": {concurrency}}},
                "pagination": {{"type": "page", "limitParam": "limit", "limit": {PAGE}, "totalPath": "total"}}}}"#
            );
            fs::write(dir.path().join("options.json"), options)?;
            let database = Database::Sqlite(dir.path().join("catchment.db"));
            let mut command: Command = bench.command(&database);
            command
                .arg("sync")
                .arg(format!("http://127.0.0.1:{port}/{records}"))
                .args(["--options", "options.json", "--allow-network", "127.0.0.0/8"])
                .current_dir(dir.path());
            table.add(name, measure(command)?);
            bench.expect(&database, "inserted", records)?;
        }
    }
    table.print(&format!(
        "An API that answers after {} ms, {} records in pages of {PAGE}",
        DELAY.as_millis(),
        bench.rows
    ));
    Ok(())
}

/// Songs at `/COUNT`, to as many clients as there are.
fn serve() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its thread.
            thread::spawn(move || converse(stream).ok());
        }
    });
    Ok(port)
}

fn converse(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut target = String::new();
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && line.trim() != "" {
            if target.is_empty() {
                target = line.split(' ').nth(1).context("no target")?.to_owned();
            }
            line.clear();
        }
        let Some((count, query)) = target.trim_start_matches('/').split_once('?') else { return Ok(()) };
        let count: usize = count.parse()?;
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page=")).context("no page")?;
        let first = (page.parse::<usize>()? - 1) * PAGE;
        let songs: Vec<_> = (first..count.min(first + PAGE)).map(song).collect();
        let body = format!("{{\"total\": {count}, \"items\": [{}]}}", songs.join(","));
        thread::sleep(DELAY);
        write!(
            writer,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}

fn song(number: usize) -> String {
    format!(
        r#"{{"id": {number}, "title": "Song number {number}", "artist": "Artist {}", "genre": "pop", "album": {{"year": {}}}}}"#,
        number % 997,
        1960 + number % 60
    )
}
