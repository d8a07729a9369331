//! Google Drive: the rows of a spreadsheet or a file, those of all files in a folder, or the files themselves, kept true by
//! Drive's change feed.
//!
//! `client` asks Drive, and `meaning` reads its failures; `tree` walks folders; `inventory` turns files into records, read by
//! `sweep` (all of them) or `increment` (what changed); `content` fetches what is in a file, `sheet` what is in a tab; `rows` and
//! `folder` read records out of these by the formats of files.

mod addresses;
mod client;
mod content;
mod feed;
mod folder;
mod identifier;
mod increment;
mod inspect;
mod inventory;
mod keys;
mod list;
mod login;
mod meaning;
mod names;
mod options;
mod pattern;
mod plan;
mod resource;
mod root;
mod rows;
mod sheet;
mod source;
mod state;
mod sweep;
mod tree;

pub use addresses::GoogleAddresses;
pub use identifier::is_drive_link;
pub use login::{Login, LoginClient, StoredLogin};
pub use options::{DriveAuth, DriveOnly, DriveOptions, DriveRead, DriveValues, Shortcuts};
pub use source::GoogleDrive;
