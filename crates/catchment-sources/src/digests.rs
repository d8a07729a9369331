//! What digests take and give: the blocks of a file, and bytes in hexadecimal.

use std::fs::File;
use std::io::{self, Read};

const BLOCK_BYTES: usize = 256 << 10;

/// Reads a file from where it stands to its end, block by block, for as long as `take` wants more.
pub(crate) fn each_block(mut file: &File, mut take: impl FnMut(&[u8]) -> bool) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(()),
            count if take(&block[..count]) => {}
            _ => return Ok(()),
        }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
