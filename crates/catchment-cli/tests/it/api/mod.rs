//! Sources that are asked over HTTP, from the request to the rows in the table.

mod checks;
mod credentials;
mod rows;

use catchment::{App, Settings, SyncRequest};
use serde_json::{Value, json};

use crate::remote::{Reply, Request, Server};
use crate::support::Test;

/// Settings that let sources connect to loopback.
pub fn settings(test: &Test) -> Settings {
    Settings {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        key_file: test.dir.path().join("catchment.key"),
        ..test.settings()
    }
}

pub async fn open(test: &Test, settings: &Settings) -> App {
    assert_eq!(settings.database_url, test.url);
    App::open(settings, catchment_sources::builtin()).await.unwrap()
}

pub fn request(url: &str, options: Value) -> SyncRequest {
    let kind = if url.ends_with(".csv") { "csv" } else { "api" };
    SyncRequest::from_json(json!({"sourceType": kind, "sourceIdentifier": url, "options": options})).unwrap()
}

/// Songs in pages, for whoever has the token.
async fn catalogue() -> Server {
    Server::start(|request: &Request| {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer hunter2-token") {
            return Reply::text(401, "who are you?");
        }
        let (page, limit) = (request.number("page").unwrap(), request.number("limit").unwrap());
        let first = (page - 1) * limit;
        let songs = (first..250.min(first + limit)).map(|id| {
            json!({"id": id, "name": format!("Song {id}"), "artist": {"name": "Zoë"}, "category": "pop", "year": 1999, "none": null})
        });
        Reply::json(&json!({"data": {"items": songs.collect::<Vec<_>>()}}))
    })
    .await
}

/// The options of the contract's example.
fn example() -> Value {
    json!({
        "method": "GET",
        "auth": {"type": "bearer", "token": "hunter2-token"},
        "dataPath": "data.items",
        "contentType": "music",
        "fieldMapping": {"title": "name", "artist": "artist.name", "genre": "category", "external_id": "id"},
        "pagination": {"enabled": true, "type": "page", "limitParam": "limit", "pageParam": "page", "maxPages": 50}
    })
}
