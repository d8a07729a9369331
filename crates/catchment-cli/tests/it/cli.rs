//! The binary as people and scripts call it.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Test, on_both};

pub fn run(test: &Test, args: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = test.command(args).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn the_first_command_of_the_readme() {
    let test = Test::sqlite().await;
    let readme = include_str!("../../../../README.md");
    let command = readme.lines().find(|line| line.starts_with("cargo run --release -- ")).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let args: Vec<String> = command["cargo run --release -- ".len()..]
        .split(' ')
        .map(|arg| if arg.starts_with("examples/") { format!("{root}{arg}") } else { arg.to_owned() })
        .collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let (code, stdout, stderr) = run(&test, &args);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("completed"), "{stdout}");
    assert!(
        stdout.contains("mapping    artist ← artist_name, genre ← music_genre, title ← song_name"),
        "{stdout}"
    );
    assert!(stdout.lines().any(|line| line.split_whitespace().eq(["inserted", "3"])), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "no colours in a pipe");
}

on_both! {
    async fn exit_codes_tell_how_it_went(test: Test) {
        test.file("good.csv", "id,title\n1,a\n");
        test.file("rejects.csv", "id,title\n1,a\n2,\n");
        for (args, expected) in [
            (&["sync", "good.csv", "--content-type", "music"][..], 0),
            (&["sync", "rejects.csv", "--content-type", "music"], 3),
            (&["sync", "rejects.csv", "--content-type", "music", "--max-errors", "0"], 1),
            (&["sync", "missing.csv", "--content-type", "music"], 2),
            (&["sync", "good.csv", "--content-type", "poem"], 2),
            (&["sync", "good.csv", "--map", "title"], 2),
            (&["sync"], 2),
            (&["check", "good.csv", "--content-type", "music"], 0),
            (&["check", "rejects.csv", "--content-type", "music"], 3),
            (&["runs", "show", "77"], 2),
            (&["migrate"], 0),
        ] {
            let (code, stdout, stderr) = run(&test, args);
            assert_eq!(code, expected, "{args:?}\n{stdout}\n{stderr}");
        }
    }
}

#[tokio::test]
async fn json_is_for_machines() {
    let test = Test::sqlite().await;
    test.file("a.csv", "id,title\n1,a\n2,\n");
    let (_, stdout, stderr) = run(&test, &["sync", "a.csv", "--content-type", "music", "--json"]);
    let run_json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&run_json["itemsProcessed"], &run_json["itemsFailed"]), (&json!(1), &json!(1)));
    assert_eq!(run_json["errors"][0]["line"], 3);
    assert_eq!(stderr, "");
    let (_, list, _) = run(&test, &["runs", "list", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["status"], "completed", "one object a line");
    let (_, errors, _) = run(&test, &["runs", "errors", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&errors).unwrap()["column"], "title");
}

#[tokio::test]
async fn inspect_prints_options_that_fit() {
    let test = Test::sqlite().await;
    let text = "Título;Artista;Género;Álbum\nCanción;Zoë;Pop;Vida\nOtra canción;José;Rock;Río\n";
    test.file("a.csv", encoding_rs::WINDOWS_1252.encode(text).0);
    let (code, options, _) = run(&test, &["inspect", "a.csv", "--content-type", "music", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(
        serde_json::from_str::<Value>(&options).unwrap(),
        json!({
            "targetTable": "content_index", "contentType": "music", "delimiter": ";", "encoding": "windows-1252",
            "hasHeader": true, "columnMapping": {"title": "Título", "artist": "Artista", "genre": "Género"}
        })
    );
    test.file("options.json", &options);
    assert_eq!(run(&test, &["sync", "a.csv", "--options", "options.json"]).0, 0);
    assert_eq!(run(&test, &["inspect", "a.csv", "--options", "options.json", "--json"]).1, options);
    let (_, shown, _) = run(&test, &["inspect", "a.csv"]);
    assert!(shown.lines().any(|line| line.starts_with("Álbum") && line.ends_with("Vida | Río")), "{shown}");
}

#[tokio::test]
async fn a_password_is_shown_nowhere() {
    let mut test = Test::sqlite().await;
    for url in [
        "mysql://root:hunter2@127.0.0.1:1/x",
        "mysql://root:hunter2@127.0.0.1:port/x",
        "postgres://a:hunter2@b/c",
    ] {
        test.url = url.into();
        for args in [&["runs"][..], &["runs", "--help"], &["migrate"]] {
            let (_, stdout, stderr) = run(&test, args);
            assert!(!stdout.contains("hunter2") && !stderr.contains("hunter2"), "{stdout}{stderr}");
        }
    }
    test.file("catchment.toml", "database_url = \"mysql://root:hunter2@h/x\"\nworkerz = 3\n");
    let (code, _, stderr) = run(&test, &["runs"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("workerz") && !stderr.contains("hunter2"), "{stderr}");
}

#[tokio::test]
async fn inspecting_needs_no_database() {
    let mut test = Test::sqlite().await;
    test.file("a.csv", "title,artist\nDespacito,Luis Fonsi\n");
    test.url = "mysql://nowhere".to_owned();
    let output = test.command(&["inspect", "a.csv", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!test.dir.path().join("catchment.db").exists());
}

#[tokio::test]
async fn the_language_of_the_data_comes_from_the_flag_the_settings_or_the_locale() {
    let test = Test::sqlite().await;
    test.file("a.csv", b"id,title\n1,Se\xf1al\n");
    let read = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command =
            test.command(&[&["check", "a.csv", "--content-type", "music", "--json"], args].concat());
        let stdout = command.envs(variables.iter().copied()).output().unwrap().stdout;
        let checked: Value = serde_json::from_slice(&stdout).unwrap();
        let is_unsure = checked["unsure"].as_array().unwrap().contains(&json!("encoding"));
        (checked["firstRow"]["title"].as_str().unwrap().to_owned(), is_unsure)
    };
    let [unsure, spanish, polish] = [("Señal", true), ("Señal", false), ("Seńal", false)]
        .map(|(title, is_unsure)| (title.to_owned(), is_unsure));
    assert_eq!(read(&[], &[]), unsure);
    assert_eq!(read(&[], &[("LC_ALL", "pl_PL.UTF-8")]), polish);
    assert_eq!(read(&[], &[("LC_ALL", ""), ("LC_CTYPE", "es_ES"), ("LANG", "pl_PL")]), spanish);
    assert_eq!(read(&[], &[("LC_ALL", "es_ES"), ("CATCHMENT_LANGUAGE", "pl")]), polish);
    assert_eq!(read(&["--language", "es"], &[("CATCHMENT_LANGUAGE", "pl")]), spanish);
    test.file("catchment.toml", "language = \"pl\"\n");
    assert_eq!(read(&[], &[]), polish);
    test.file("catchment.toml", "language = \"Polish\"\n");
    let (code, _, stderr) = run(&test, &["check", "a.csv"]);
    assert!(code == 2 && stderr.contains("`Polish`") && stderr.contains("BCP 47"), "{stderr}");
}

#[tokio::test]
async fn a_summary_tells_what_was_found_out_and_a_workbook_is_refused() {
    let test = Test::sqlite().await;
    test.file("a.csv", b"id;title\n1;Se\xf1al\n");
    let (_, summary, _) = run(&test, &["sync", "a.csv", "--content-type", "music"]);
    for line in [
        "unsure     encoding: windows-1252: `Señal` could also be `Seńal` (windows-1250)",
        "delimiter  `;`",
        "header     the first record",
    ] {
        assert!(summary.contains(line), "{summary} lacks {line}");
    }
    let (_, shown, _) = run(&test, &["inspect", "a.csv"]);
    assert!(shown.contains("could also be `Seńal` (windows-1250)"), "{shown}");
    test.file("prices.csv", b"PK\x03\x04\x14\0\x06\0\x08\0xl/workbook.xml");
    for command in ["sync", "check"] {
        let (code, stdout, stderr) = run(&test, &[command, "prices.csv", "--content-type", "music"]);
        assert!(
            code == 2 && (stdout + &stderr).contains("it is an Excel workbook (xlsx)"),
            "{command}: {stderr}"
        );
    }
    test.file("empty.csv", "id,title\n");
    let (code, summary, _) = run(&test, &["sync", "empty.csv", "--content-type", "music"]);
    assert!(code == 0 && summary.contains("unsure     records: only a header was found"), "{summary}");
}
