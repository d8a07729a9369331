//! Catchment keeps the tables of a database in step with sources outside it, every row accounted for:
//! `read = inserted + updated + unchanged + skipped + failed`, and a crash at any moment neither loses nor
//! repeats a row or a count.
//!
//! # Schedule a sync, then execute it
//!
//! ```
//! use catchment::{App, Door, Settings, SyncRequest};
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
//! let app = App::open(&settings, catchment_sources::builtin(), Door::Library).await?;
//! let sync_service = app.service();
//!
//! let sync_run_id = sync_service
//!     .schedule_sync(SyncRequest::from_json(json!({
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
//! let result = sync_service.execute_sync(sync_run_id).await?;
//! println!("Sync completed: {} items processed", result.items_processed);
//! # assert_eq!((result.success, result.items_processed), (true, 1));
//! # Ok(()) }
//! ```
//!
//! # Schedule and execute in one call
//!
//! ```
//! # use catchment::{App, Door, Settings, SyncRequest};
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> catchment::Result<()> {
//! # let dir = tempfile::tempdir().unwrap();
//! # let csv = dir.path().join("music.csv");
//! # std::fs::write(&csv, "title,artist\nDespacito,Luis Fonsi\n,nobody\n").unwrap();
//! # let csv = csv.to_str().unwrap();
//! # let url = format!("sqlite://{}", dir.path().join("catchment.db").display());
//! # let settings = Settings { database_url: url, ..Settings::default() };
//! # let app = App::open(&settings, catchment_sources::builtin(), Door::Library).await?;
//! # let sync_service = app.service();
//! let result = sync_service
//!     .sync(SyncRequest::from_json(json!({
//!         "sourceType": "csv",
//!         "sourceIdentifier": csv,
//!         "options": {"contentType": "music"}
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

mod app;
pub mod cli;
mod config;
mod content;
mod http;
pub mod mapping;
mod run;
mod store;
mod sync;

pub use app::App;
pub use catchment_core::{Error, ErrorKind, Result};
pub use config::{LogFormat, Settings};
pub use content::ContentIndexRepository;
pub use run::{
    Counters, Door, RunError, RunMetadata, RunStatus, SyncRequest, SyncResult, SyncRun, SyncStats,
};
pub use store::{AttemptRecord, Store, StoredError, StoredSkip};
pub use sync::{Checked, RunProgress, Schedule, ServiceSettings, SyncService, WorkerName, Workers};
