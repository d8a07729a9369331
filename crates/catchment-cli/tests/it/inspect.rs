//! What `inspect` prints is what it was given and what it found, and a sync takes it as it stands; what `check` and `sync`
//! tell beside their rows.

use serde_json::{Value, json};

use crate::cli::run;
use crate::remote::{Reply, Request, Server};
use crate::support::Test;

const HERE: [&str; 2] = ["--allow-network", "127.0.0.1"];

/// Songs of an API that says nothing of pages, for whoever comes with all that it asks for.
async fn songs() -> Server {
    Server::start(|request: &Request| {
        let has = |name: &str, value: &str| request.headers.get(name).map(String::as_str) == Some(value);
        if !has("authorization", "Bearer hunter2") || !has("x-shop", "7") || request.param("lang").is_none() {
            return Reply::text(401, "who are you?");
        }
        let from = (request.number("page").unwrap_or(1) - 1) * 2;
        let song = |id: usize| {
            json!({"id": id, "title": {"raw": "x", "rendered": format!("Song {id}")}, "genres": ["Pop", "Rock"],
                "artists": [{"name": "Zoë"}], "price": null, "note": "", "updated_at": format!("2026-01-0{}", id + 1)})
        };
        Reply::json(&json!((from..5.min(from + 2)).map(song).collect::<Vec<_>>()))
    })
    .await
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What inspecting prints, and what a sync makes of it.
fn round_trip(test: &Test, source: &str, args: &[&str]) -> (Value, Value) {
    let (code, options, errors) = run(test, &[&["inspect", source, "--json"], args, &HERE].concat());
    assert_eq!((code, errors.as_str()), (0, ""), "{options}");
    test.file("found.json", &options);
    let given = ["--options", "found.json", "--json"];
    let (code, synced, errors) = run(test, &[&["sync", source], &given[..], &HERE].concat());
    assert_eq!(code, 0, "{synced}{errors}");
    let again = run(test, &[&["inspect", source], &given[..], &HERE].concat());
    assert_eq!(again, (0, options.clone(), String::new()), "it gives back what it was given");
    (parsed(&options), parsed(&synced))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_inspect_prints_of_an_api_is_what_it_was_given_and_found_and_can_be_synced() {
    let test = Test::sqlite().await;
    let server = songs().await;
    let given = json!({
        "auth": {"type": "bearer", "token": {"file": test.file("token", "hunter2")}},
        "headers": {"X-Shop": "7"},
        "params": {"lang": "es"},
        "incremental": {"cursorField": "updated_at", "param": "since"},
        "contentType": "music",
        "maxErrors": "5%",
        "pagination": {"enabled": true},
    });
    test.file("given.json", given.to_string());
    let (found, synced) = round_trip(&test, &server.url, &["--options", "given.json"]);
    for name in ["auth", "headers", "params", "incremental", "contentType", "maxErrors"] {
        assert_eq!(found[name], given[name], "{name}");
    }
    let numbered = json!({"enabled": true, "type": "page", "pageParam": "page", "startPage": 1});
    assert_eq!(found["pagination"], numbered);
    assert_eq!((&found["dataPath"], &found["targetTable"]), (&json!("$"), &json!("content_index")));
    let mapping = json!({"title": "title.rendered", "genre": "genres", "external_id": "id"});
    assert_eq!(found["columnMapping"], mapping);
    assert_eq!((&synced["itemsInserted"], &synced["findings"]), (&json!(5), &json!([])));
    let row = test.value("SELECT title, genre, metadata FROM content_index WHERE external_id = '4'").await;
    let (row, metadata) = row.split_once("|{").unwrap();
    assert_eq!(row, "Song 4|Pop, Rock");
    let expected = json!({"title": {"raw": "x", "rendered": "Song 4"}, "artists": [{"name": "Zoë"}], "updated_at": "2026-01-05"});
    assert_eq!(parsed(&format!("{{{metadata}")), expected, "empty members are left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_inspect_prints_of_files_is_what_it_was_given_and_found_and_can_be_synced() {
    let test = Test::sqlite().await;
    const PRICES: &str = "Categoría;Capacidad;Precio\nusb;32 GB;54.900\nusb;64 GB;1.234.567\n";
    test.file("prices.csv", PRICES);
    let (found, synced) = round_trip(&test, "prices.csv", &["--source-name", "prices", "--delimiter", ";"]);
    let mapping = json!({"category_id": "Categoría", "capacity": "Capacidad", "price": "Precio"});
    assert_eq!((&found["columnMapping"], &found["decimal"]), (&mapping, &json!(",")));
    assert_eq!((&found["targetTable"], &found["sourceName"]), (&json!("catalog_items"), &json!("prices")));
    assert_eq!(synced["itemsInserted"], 2);

    let server = Server::start(|request: &Request| match request.headers.get("x-key").map(String::as_str) {
        Some("k") => Reply::text(200, "id,title\n1,a\n").header("content-type", "text/csv"),
        _ => Reply::text(401, "who are you?"),
    })
    .await;
    test.file(
        "given.json",
        json!({"headers": {"X-Key": "k"}, "fieldMapping": {"title": "title"}}).to_string(),
    );
    let args = ["--options", "given.json", "--content-type", "video"];
    let (found, synced) = round_trip(&test, &format!("{}/songs.csv", server.url), &args);
    assert_eq!(
        (&found["headers"], &found["fieldMapping"]),
        (&json!({"X-Key": "k"}), &json!({"title": "title"}))
    );
    assert_eq!((found.get("columnMapping"), &synced["itemsInserted"]), (None, &json!(1)));
}

#[tokio::test]
async fn what_a_table_needs_and_nothing_feeds_is_told_and_never_made_up() {
    let test = Test::sqlite().await;
    test.file("songs.csv", "title,artist\nDespacito,Luis Fonsi\n");
    let (code, options, told) = run(&test, &["inspect", "songs.csv", "--json"]);
    assert_eq!((code, parsed(&options).get("contentType")), (0, None));
    assert!(told.contains("`content_type`") && told.contains("`contentType`"), "{told}");
    assert!(run(&test, &["inspect", "songs.csv"]).1.contains("`content_type`"));
    test.file("options.json", options);
    let synced = ["sync", "songs.csv", "--options", "options.json"];
    let (code, _, refused) = run(&test, &synced);
    assert_eq!(code, 2);
    assert!(refused.contains("contentType"), "{refused}");
    assert_eq!(run(&test, &[&synced[..], &["--content-type", "music"]].concat()).0, 0);

    test.file("other.csv", "a,artist\nx,y\n");
    let (code, said, _) = run(&test, &["check", "other.csv", "--json"]);
    let (checked, refused) = said.split_once('\n').unwrap();
    let checked = parsed(checked);
    assert_eq!((code, &checked["missing"]), (2, &json!(["content_type", "title"])));
    assert_eq!(
        (&checked["unsure"], &checked["columnMapping"]),
        (&json!(["required"]), &json!({"artist": "artist"}))
    );
    assert!(parsed(refused)["error"]["message"].as_str().unwrap().contains("contentType"), "{refused}");
    test.file("prices.csv", "category,size,price\nusb,32 GB,54.900\n");
    let (_, options, told) = run(&test, &["inspect", "prices.csv", "--json"]);
    assert_eq!(parsed(&options).get("decimal"), None);
    assert!(told.contains("54.9") && told.contains("`decimal`"), "{told}");
    // A mapping that is given in part is looked at, and completed by whoever gave it.
    let (code, options, told) = run(&test, &["inspect", "other.csv", "--map", "artist=artist", "--json"]);
    assert_eq!((code, &parsed(&options)["columnMapping"]), (0, &json!({"artist": "artist"})));
    assert!(told.contains("`title`"), "{told}");
    assert_eq!(run(&test, &["check", "other.csv", "--map", "artist=artist"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_says_nothing_of_pages_is_read_once_and_the_run_says_so() {
    let test = Test::sqlite().await;
    let server = Server::start(|_| Reply::json(&json!([{"id": 1, "title": "a"}]))).await;
    let with = |command: &str, more: &[&str]| {
        let args = [&[command, &server.url, "--content-type", "music"], more, &HERE].concat();
        run(&test, &args)
    };
    let (code, synced, _) = with("sync", &["--json"]);
    let synced = parsed(&synced);
    let findings = synced["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["topic"] == "pagination").unwrap();
    assert_eq!((code, &finding["isUnsure"]), (0, &json!(true)));
    assert!(finding["message"].as_str().unwrap().contains("`pagination`"), "{finding}");
    assert!(with("sync", &[]).1.contains("pagination: the first answer says nothing"));
    let (code, checked, _) = with("check", &["--json"]);
    assert_eq!((code, &parsed(&checked)["unsure"]), (0, &json!(["pagination"])));
    let (code, options, told) = with("inspect", &["--json"]);
    assert_eq!((code, parsed(&options).get("pagination")), (0, None));
    assert!(told.contains("(page, offset,"), "{told}");

    test.file("one.json", json!({"pagination": {"type": "none"}, "dataPath": "$"}).to_string());
    let told = parsed(&with("sync", &["--options", "one.json", "--json"]).1)["findings"].clone();
    assert!(told.as_array().unwrap().iter().all(|finding| finding["topic"] == "mapping"), "{told}");
    test.file("several.json", json!({"pagination": {"enabled": true}}).to_string());
    let (code, failed, _) = with("sync", &["--options", "several.json", "--json"]);
    assert_eq!((code, &parsed(&failed)["error"]["code"]), (1, &json!("unknown_pagination")));
    assert_eq!(with("check", &["--options", "several.json"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_by_a_limit_ends_with_a_code_of_its_own_and_is_told_in_every_view() {
    let test = Test::sqlite().await;
    let server = Server::start(|request: &Request| {
        let page = request.number("page").unwrap_or(1);
        Reply::json(&json!({"items": [{"id": page, "title": "a"}], "next": format!("?page={}", page + 1)}))
    })
    .await;
    test.file("options.json", json!({"contentType": "music", "pagination": {"maxPages": 2}}).to_string());
    let synced = [&["sync", &server.url, "--options", "options.json"], &HERE[..]].concat();
    let (code, shown, _) = run(&test, &synced);
    assert_eq!(code, 3);
    let views = [shown, run(&test, &["runs"]).1, run(&test, &["runs", "show", "1"]).1];
    assert!(views[0].contains("truncated") && views[1].contains("truncated"), "{views:?}");
    assert!(views[2].contains("not read to its end"), "{views:?}");
    assert_eq!(parsed(&run(&test, &["runs", "--json", "show", "1"]).1)["truncated"], true);
}
