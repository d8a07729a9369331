//! Volumes: what is on which stick or drive, kept also when it is away.
//!
//! `identifier` says which volume, `mounts` what is there (`system` on a real machine, `mountinfo`, `superblock` and `volume` beside
//! it), `tree` opens it; `walk` goes through it in order, `record` makes of each file or game a record, by `tags` (of video also `matroska`
//! and `avi`), `titles`, `kinds` and `junk`; `kept` what need not be read again; `reader` goes through it all, and has `proof` before each
//! page that the volume is still there.

mod allowed;
mod avi;
mod finder;
mod identifier;
mod junk;
mod kept;
mod kinds;
mod level;
mod listed;
mod matroska;
mod media_file;
mod mountinfo;
mod mounts;
mod options;
mod path_text;
mod proof;
mod reader;
mod record;
mod source;
mod superblock;
mod sysfs;
mod system;
mod tags;
mod titles;
mod tree;
mod volume;
mod walk;

pub use allowed::{how_to_allow, is_volume_allowed};
pub use identifier::volume_name;
pub use listed::{ListedVolume, MountWatch, list_volumes};
pub use mounts::{Disk, DiskEntry, DiskKind, Mounts};
pub use options::{UsbHash, UsbOptions};
pub use source::Usb;
pub use volume::{UsbDevice, Volume};
