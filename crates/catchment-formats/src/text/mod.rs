//! From the bytes of a blob to its text: decompressed, in UTF-8 whatever it was written in, and block by block.

pub(crate) mod buffer;
pub(crate) mod compression;
pub(crate) mod content;
pub(crate) mod detect;
pub(crate) mod encoding;
pub(crate) mod transcode;
