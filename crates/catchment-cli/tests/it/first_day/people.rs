//! The first days themselves, as scripts: each line with how it ends and what it says.

use std::process::Output;

use serde_json::json;

use crate::http::Server;
use crate::remote::{self, Reply};
use crate::support::{Test, on_both};

/// A day: commands one after the other on one database.
struct Day {
    test: Test,
    story: String,
}

impl Day {
    fn begin(test: Test) -> Self {
        Self { test, story: String::new() }
    }

    /// Runs a line of words; it must end with this code and say these things, on whatever stream. What it said.
    fn line(&mut self, line: &str, code: i32, says: &[&str]) -> String {
        let args: Vec<_> = line.split(' ').collect();
        let mut command = self.test.command(&args);
        command.env("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8").env_remove("LANG").env_remove("LC_ALL");
        let Output { status, stdout, stderr } = command.output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        self.story.push_str(&format!("$ catchment {line}\n{said}"));
        assert_eq!(status.code(), Some(code), "{}", self.story);
        for expected in says {
            assert!(said.contains(expected), "`{expected}` is missing after\n{}", self.story);
        }
        said
    }
}

/// A price list as a shop's program exports it: windows-1252, semicolons, Spanish numbers.
fn price_list() -> Vec<u8> {
    let mut text = "Categoría;Capacidad;Precio;Activo\n".to_owned();
    for item in 0..40 {
        let category = if item % 20 == 0 { "Niños" } else { "Música" };
        text.push_str(&format!(
            "{category} {item};{item}GB;54.9{:02},50;{}\n",
            item,
            if item % 3 == 0 { "No" } else { "Sí" }
        ));
    }
    encoding_rs::WINDOWS_1252.encode(&text).0.into_owned()
}

on_both! {
    async fn the_nephew_of_a_shop_owner_with_spanish_price_lists(test: Test) {
        test.file("precios.csv", price_list());
        test.file("lista.xls", include_bytes!("../../../../catchment-sources/tests/it/file/table.xls"));
        test.file("precios.xlsx", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml xl/workbook.xml");
        test.file("precios.pdf", "%PDF-1.7\n%\u{e2}\u{e3}\n1 0 obj\n");
        let mut day = Day::begin(test);
        // The wrong file, and a name that is not quite right.
        day.line("sync precios.xlsx --target catalog_items --type csv", 2, &["Excel", "the source type `file`"]);
        day.line("sync precios.xlsx --target catalog_items", 2, &["the zip archive cannot be read", "save the file again"]);
        day.line("inspect lista.xls", 0, &["xls: `Songs` (6 rows × 5 columns)", "Canción del Mariachi", "2026-11-24"]);
        day.line("sync precios.pdf --target catalog_items", 2, &["PDF"]);
        day.line("sync precio.csv --target catalog_items", 2, &["did you mean `precios.csv`?"]);
        day.line("runs", 4, &["let `catchment sync`, `serve` or `migrate` make it"]);
        day.line("sync precios.csv", 2, &["contentType", "--target catalog_items"]);
        day.test.file("titulos.csv", [&b"Lista de precios;;;\n\n"[..], &price_list()].concat());
        day.line("sync titulos.csv --target catalog_items", 2, &["lines stand above the header"]);
        let told = ["line 3, ", "passed over above it: `Lista de precios;;;`"];
        day.line("check titulos.csv --type file --target catalog_items --language es --decimal ,", 0, &told[1..]);
        // What is it, and would it work?
        day.line("inspect precios.csv --language es", 0, &["windows-1252", "Categoría", ";", "\"decimal\": \",\""]);
        day.line("check precios.csv --target catalog_items --language es", 3, &["decimal"]);
        day.line("sync precios.csv --target catalog_items --language es --decimal ,", 0, &[
            "mapping    capacity ← Capacidad, category_id ← Categoría, is_active ← Activo, price ← Precio",
            "encoding", "windows-1252", "delimiter",
        ]);
        day.line("show catalog_items --where category_id~Niños --limit 1", 0, &["Niños 0", "54900.5"]);
        day.line("sync precios.csv --target catalog_items --language es --decimal ,", 0, &["unchanged           40"]);
        day.line("runs", 0, &["completed", "catalog_items"]);
    }
}

on_both! {
    async fn a_backend_developer_with_the_api_of_a_partner(test: Test) {
        // It says nothing of pages, takes them by `page`, and titles are objects.
        let api = remote::Server::start(|request| {
            let page = request.number("page").unwrap_or(1);
            let ids = if page <= 3 { page * 10..page * 10 + 10 } else { 0..0 };
            let song = |id: usize| json!({"id": id, "title": {"rendered": format!("song {id}")}, "genres": ["a", "b"], "note": null});
            Reply::json(&json!(ids.map(song).collect::<Vec<_>>()))
        })
        .await;
        let url = format!("{}/songs", api.url);
        let mut day = Day::begin(test);
        day.line(&format!("sync {url}"), 1, &["contentType"]);
        let says = ["unsure", "pagination", "10"];
        day.line(&format!("check {url} --content-type music"), 0, &["pagination"]);
        day.line(&format!("sync {url} --content-type music"), 0, &says);
        let options = day.line(&format!("inspect {url} --content-type music --json"), 0, &["title.rendered", "\"page\""]);
        assert_eq!(options.lines().count(), 1, "one object a line: {options}");
        day.test.file("options.json", options);
        let said = day.line(&format!("sync {url} --options options.json"), 0, &["inserted            20"]);
        assert!(!said.contains("unsure"), "{said}");
        day.line("show content_index --where external_id=10", 0, &["song 10", "a, b"]);
        day.line(&format!("sync {url}/.. --content-type music --max-attempts 1 --type api"), 0, &[]);
        day.line("sync http://127.0.0.1:1/songs --content-type music", 1, &["refused"]);
        day.line("sync http://127.0.0.1:1/songs --content-type music --json", 1, &["\"connection_refused\""]);
    }
}

on_both! {
    async fn an_operator_who_sets_it_up_for_others(test: Test) {
        test.file("songs.csv", "id,title\n1,one\n2,two\n");
        let mut day = Day::begin(test);
        day.line("runs", 4, &["catchment sync", "migrate"]);
        day.line("migrate", 0, &["init"]);
        day.line("serve --listen :0", 2, &["CATCHMENT_API_TOKEN"]);
        day.line("cleanup --content 0", 2, &["--content"]);
        day.line("serve --content-retention-days 0", 2, &["at least"]);
        let server = Server::start(&day.test, &[("CATCHMENT_API_TOKEN", "a token of sixteen and more")]);
        server.wait_for("ready");
        // A watchdog has neither a name nor the token.
        for path in ["/healthz", "/readyz"] {
            assert_eq!(server.send("GET", path, &[("Host", "anything.example")], "").status, 200);
        }
        assert_eq!(server.get("/v1/sync/stats").status, 401);
        drop(server);
        day.line("sync songs.csv --content-type music", 0, &["inserted             2"]);
        day.line("cleanup --runs 30 --dry-run", 0, &["0 runs"]);
        day.line("runs show 1", 0, &["mapping", "completed"]);
        day.line("schedule --count 1", 0, &["03:00:00"]);
    }
}
