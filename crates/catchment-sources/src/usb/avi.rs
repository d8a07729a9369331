//! AVI: how long a film plays, from the header of its RIFF (`avih`, and `dmlh` where it was continued beyond a gigabyte: OpenDML 1.02).

use std::io::Read;

use memchr::memmem;

use super::tags::Tags;

/// What is read of a file: its headers are in it.
const HEAD_BYTES: u64 = 64 << 10;
/// Nothing plays longer (49 days): what says so is damaged.
const MAX_MS: u64 = u32::MAX as u64;

/// Reads the duration of a file; why it cannot be read, for people.
pub(super) fn read(file: impl Read) -> Result<Tags, String> {
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| error.to_string())?;
    let is_avi = head.starts_with(b"RIFF")
        && head.get(8..16) == Some(b"AVI LIST")
        && head.get(20..28) == Some(b"hdrlavih");
    if !is_avi {
        return Err("it is no AVI file".to_owned());
    }
    let micros_per_frame = number(&head, 32).unwrap_or_default();
    // `avih` counts the frames of the first part alone.
    let all = memmem::find(&head, b"odmldmlh").and_then(|at| number(&head, at + 12));
    let frames = all.into_iter().chain(number(&head, 48)).max().unwrap_or_default();
    // Two numbers of 32 bits: their product fits.
    let duration_ms = micros_per_frame * frames / 1000;
    Ok(Tags { duration_ms: Some(duration_ms).filter(|ms| (1..=MAX_MS).contains(ms)), ..Tags::default() })
}

/// The number of four bytes at a position, its least byte first.
fn number(head: &[u8], at: usize) -> Option<u64> {
    let bytes = head.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_frames_by_their_time() {
        let mut file = b"RIFF....AVI LIST....hdrlavih\x38\0\0\0".to_vec();
        file.extend([40_000_u32, 0, 0, 0, 75_000].map(u32::to_le_bytes).concat());
        assert_eq!(read(&file[..]).map(|tags| tags.duration_ms), Ok(Some(3_000_000)));
        let odml = [&b"LIST....odmldmlh\xF8\0\0\0"[..], &150_000_u32.to_le_bytes()].concat();
        let long = [file.clone(), odml].concat();
        assert_eq!(read(&long[..]).map(|tags| tags.duration_ms), Ok(Some(6_000_000)));
        for length in 0..long.len() {
            read(&long[..length]).ok();
        }
        assert_eq!(read(&file[..30]).map(|tags| tags.duration_ms), Ok(None));
        assert!(read(&b"RIFF....WAVE"[..]).is_err());
        file[32..52].fill(0xFF);
        assert_eq!(read(&file[..]).map(|tags| tags.duration_ms), Ok(None));
    }
}
