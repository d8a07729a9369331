//! Catchment keeps the tables of a database in step with sources outside it, every row accounted for:
//! `read = inserted + updated + unchanged + skipped + failed`, and a crash at any moment neither loses nor
//! repeats a row or a count.
//!
//! # Schedule a sync, then execute it
//!
//! ```
//! use catchment::{App, Principal, Settings, SyncRequest};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> catchment::Result<()> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let csv = dir.path().join("music_catalog.csv");
//! # std::fs::write(&csv, "song_name,artist_name,music_genre\nDespacito,Luis Fonsi,Reggaeton\n").unwrap();
//! # let csv = csv.to_str().unwrap();
//! # let url = format!("sqlite://{}", dir.path().join("catchment.db").display());
//! let settings = Settings { database_url: url, ..Settings::default() };
//! let app = App::open(&settings, catchment_sources::builtin()).await?;
//! let sync_service = app.service();
//!
//! let me = Principal::library();
//! let sync_run_id = sync_service
//!     .schedule_sync(&me, SyncRequest::from_json(json!({
//!         "sourceType": "csv",
//!         "sourceIdentifier": csv,
//!         "options": {
//!             "targetTable": "content_index",
//!             "contentType": "music",
//!             "hasHeader": true,
//!             "columnMapping": {"title": "song_name", "artist": "artist_name", "genre": "music_genre"}
//!         }
//!     }))?)
//!     .await?;
//! println!("Sync scheduled with ID: {sync_run_id}");
//!
//! let result = sync_service.execute_sync(&me, sync_run_id).await?;
//! println!("Sync completed: {} items processed", result.items_processed);
//! # assert_eq!((result.success, result.items_processed), (true, 1));
//! # Ok(()) }
//! ```
//!
//! # Schedule and execute in one call
//!
//! ```
//! # use catchment::{App, Principal, Settings, SyncRequest};
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> catchment::Result<()> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
//! # let api = format!("http://{}/music", listener.local_addr().unwrap());
//! # std::thread::spawn(move || {
//! #     use std::io::{Read, Write};
//! #     let (mut client, _) = listener.accept().unwrap();
//! #     let mut request = [0; 4096];
//! #     let length = client.read(&mut request).unwrap();
//! #     assert!(String::from_utf8_lossy(&request[..length]).contains("Bearer your-token"));
//! #     let body = r#"[{"title": "Despacito", "artist": "Luis Fonsi"}, {"artist": "nobody"}]"#;
//! #     write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
//! # });
//! # let settings = Settings {
//! #     database_url: format!("sqlite://{}", dir.path().join("catchment.db").display()),
//! #     allow_networks: vec!["127.0.0.1/32".parse().unwrap()],
//! #     key_file: dir.path().join("catchment.key"),
//! #     ..Settings::default()
//! # };
//! # let app = App::open(&settings, catchment_sources::builtin()).await?;
//! # let sync_service = app.service();
//! let result = sync_service
//!     .sync(&Principal::library(), SyncRequest::from_json(json!({
//!         "sourceType": "api",
//!         "sourceIdentifier": api,
//!         "options": {"auth": {"type": "bearer", "token": "your-token"}, "contentType": "music"}
//!     }))?)
//!     .await?;
//!
//! if result.success {
//!     println!("Synced {} items", result.items_processed);
//! } else {
//!     eprintln!("Sync failed with {} errors", result.items_failed);
//! }
//! # assert_eq!((result.items_processed, result.items_failed), (1, 1));
//! # Ok(()) }
//! ```
//!
//! # Look before you write
//!
//! ```
//! # use catchment::{App, ChangeFilter, Principal, Settings, SyncRequest};
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> catchment::Result<()> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let csv = dir.path().join("prices.csv");
//! # let url = format!("sqlite://{}", dir.path().join("catchment.db").display());
//! # let settings = Settings { database_url: url, ..Settings::default() };
//! # let app = App::open(&settings, catchment_sources::builtin()).await?;
//! # let service = app.service();
//! let me = Principal::library();
//! let request = || SyncRequest::from_json(json!({
//!     "sourceType": "csv",
//!     "sourceIdentifier": csv.to_str().unwrap(),
//!     "options": {"targetTable": "catalog_items", "whenGone": "mark"}
//! }));
//! # std::fs::write(&csv, "category_id,capacity,price\nusb,8 GB,10\nusb,16 GB,20\n").unwrap();
//! service.sync(&me, request()?).await?;
//! // The next list: a price has changed, and a row has left.
//! # std::fs::write(&csv, "category_id,capacity,price\nusb,8 GB,12.5\n").unwrap();
//! let preview = service.preview(&me, request()?).await?;
//! service.execute_sync(&me, preview).await?;
//! for change in service.changes(&me, preview, &ChangeFilter::default(), 0, 100).await? {
//!     println!("{} {}: {:?}", change.kind, change.item, change.fields);
//! }
//! # let run = service.run(&me, preview).await?;
//! # assert_eq!((run.metadata.counts.updated, run.metadata.gone), (1, 1));
//! // What was shown is written, and nothing else.
//! let approved = service.approve(&me, preview).await?;
//! assert!(service.execute_sync(&me, approved).await?.success);
//! assert_eq!(service.run(&me, approved).await?.metadata.gone, 1);
//! # Ok(()) }
//! ```
//!
//! # Keep what people edit, and mend what is rejected
//!
//! ```
//! # use catchment::{App, ConflictFilter, ConflictState, Principal, Replay, Settings, Settlement, SyncRequest};
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> catchment::Result<()> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let csv = dir.path().join("music.csv");
//! # let url = format!("sqlite://{}", dir.path().join("catchment.db").display());
//! # let settings = Settings { database_url: url, ..Settings::default() };
//! # let app = App::open(&settings, catchment_sources::builtin()).await?;
//! # let service = app.service();
//! let me = Principal::library();
//! let request = || SyncRequest::from_json(json!({
//!     "sourceType": "csv",
//!     "sourceIdentifier": csv.to_str().unwrap(),
//!     "options": {"contentType": "music", "conflicts": {"genre": "keep_edits", "artist": "ask"}}
//! }));
//! # std::fs::write(&csv, "title,artist,genre\nHello,Adele,Pop\n,nobody,Pop\n").unwrap();
//! let run = service.sync(&me, request()?).await?;
//! assert_eq!((run.items_processed, run.items_failed), (1, 1));
//!
//! // A record without a title was rejected: it is replayed with one.
//! let replay = Replay::from_json(json!({"set": {"title": "Untitled"}}))?;
//! let replay = service.replay(&me, run.sync_run_id, replay).await?;
//! assert_eq!(service.execute_sync(&me, replay).await?.items_processed, 1);
//!
//! // Conflicts are filed by runs that find that both have changed a field, and wait for somebody.
//! let all = ConflictFilter::default();
//! for conflict in service.conflicts(&me, &all, Some(ConflictState::Open), 0, 100).await? {
//!     println!("{} of {}: {:?} or {:?}?", conflict.column, conflict.item, conflict.in_table, conflict.in_source);
//! }
//! let settled = service.settle_conflicts(&me, &all, &Settlement::Table).await?;
//! assert_eq!((settled.settled, settled.left.len()), (0, 0));
//! # Ok(()) }
//! ```

#[macro_use]
mod stored_names;

mod app;
mod body;
mod compare;
mod conflicts;
mod content;
mod counts;
mod hex;
mod mapping;
mod preview;
mod principal;
mod replay;
mod request;
mod result;
mod run;
mod saved;
mod settings;
mod store;
mod sync;
mod target;
mod vault;
mod volumes;

pub use app::App;
pub use catchment_core::{Error, ErrorKind, Result};
pub use conflicts::{
    ByNewest, ChangedBy, Conflict, ConflictFilter, ConflictPolicy, ConflictRule, ConflictRules,
    ConflictState, LeftConflict, Settled, SettledBy, Settlement,
};
pub use content::ContentIndexRepository;
pub use counts::{Counters, GoneHeld, RowVersions, RunMetadata, Sweep};
pub use mapping::{
    ColumnMapping, DecimalFinding, FieldMapping, FieldRule, KeyColumns, MaxErrors, TargetOptions, Unmapped,
    WhenGone,
};
pub use preview::{ChangeKind, ColumnChanges, FieldChange, LargestChange, PreviewSummary, StoredChange};
pub use principal::{Door, Principal, Scope};
pub use replay::{Ignore, RejectFilter, RejectSelection, RejectState, ReplaceValue, Replay, ReplayOf};
pub use request::SyncRequest;
pub use result::{SyncResult, SyncStats};
pub use run::{RunError, RunMode, RunStatus, SyncRun, Trigger};
pub use saved::{
    CatchUp, Overlap, Precondition, Saved, SavedSync, SyncDraft, SyncSchedule, Tick, TickOutcome,
};
pub use settings::Settings;
pub use store::{AttemptRecord, ChangeFilter, StoredError, StoredSkip, TargetRows, ValueDifference};
pub use sync::{
    CheckReport, ColumnProfile, Execution, InspectReport, RunProgress, RunWait, Schedule, SyncService,
    TableProposal, TargetColumn, TargetInfo, Workers, next_times, run_daily, run_schedules,
};
pub use target::{ColumnDeclaration, GoneMark, LedgerColumns, MarkValue, TargetDeclaration, is_built_in};
pub use volumes::{CameVolume, ForgottenVolume, KnownVolume, NodeVolume, VolumeAnswer, VolumeNews};
