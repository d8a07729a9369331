//! Matroska and WebM: how long a file plays, and its title, from the `Info` element (EBML: RFC 8794, Matroska: RFC 9559).
//!
//! `Info` stands before the first cluster of frames, or a `SeekHead` there says where it is. Only heads of elements and
//! the few values that are wanted are read, at most [`MAX_BYTES`] of a file: what is longer is passed over.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use super::tags::{MAX_TEXT, Tags, field};

/// The most bytes that are read of a file.
const MAX_BYTES: u64 = 256 << 10;
/// What is read at once, at least.
const WINDOW_BYTES: u64 = 4 << 10;
/// The longest title, in bytes.
const MAX_TITLE: u64 = 64 << 10;
/// Nothing plays longer (49 days): what says so is damaged.
const MAX_MS: u64 = u32::MAX as u64;
/// Nanoseconds of a tick, where `TimestampScale` does not say it.
const DEFAULT_SCALE: u64 = 1_000_000;

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
const INFO: u32 = 0x1549_A966;
const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
const DURATION: u32 = 0x4489;
const TITLE: u32 = 0x7BA9;
const CLUSTER: u32 = 0x1F43_B675;

/// Reads the duration and the title of a file; why they cannot be read, for people.
pub(super) fn read(file: impl Read + Seek) -> Result<Tags, String> {
    let mut window = Window { file, at: 0, held: Vec::new(), left: MAX_BYTES };
    let header = window.element(0).filter(|header| header.id == EBML).ok_or("it is no Matroska file")?;
    let segment = header.end().and_then(|end| window.element(end));
    let segment = segment.filter(|segment| segment.id == SEGMENT).ok_or("it has no Segment element")?;
    let info = find_info(&mut window, &segment).ok_or("it has no Info element where one has to be")?;
    read_info(&mut window, &info).ok_or_else(|| "its Info element is damaged".to_owned())
}

/// An element: what it is, and where its data are.
struct Element {
    id: u32,
    data: u64,
    /// Not known of elements that were written live.
    size: Option<u64>,
}

impl Element {
    /// Where the next one begins, if it is known.
    fn end(&self) -> Option<u64> {
        self.data.checked_add(self.size?)
    }
}

/// The `Info` element: before the first cluster, or where a `SeekHead` says that it is.
fn find_info(window: &mut Window<impl Read + Seek>, segment: &Element) -> Option<Element> {
    let (mut at, mut seek_id, mut seek_to, mut info_at) = (segment.data, None, None, None);
    while let Some(element) = window.element(at) {
        match element.id {
            INFO => return Some(element),
            CLUSTER => break,
            SEEK => (seek_id, seek_to) = (None, None),
            SEEK_ID => seek_id = window.number(&element),
            SEEK_POSITION => seek_to = window.number(&element),
            _ => {}
        }
        if seek_id == Some(INFO.into()) {
            info_at = info_at.or(seek_to);
        }
        // The children of these follow as if they were siblings, and so do those of what has no known size.
        let is_entered = matches!(element.id, SEEK_HEAD | SEEK) || element.size.is_none();
        let next = if is_entered { Some(element.data) } else { element.end() };
        match next.filter(|next| segment.end().is_none_or(|end| *next < end)) {
            Some(next) => at = next,
            None => break,
        }
    }
    // Followed once: where it leads to something else, there is none.
    let info = window.element(segment.data.checked_add(info_at?)?)?;
    (info.id == INFO).then_some(info)
}

/// What `Info` says; none where it ends within one of its elements.
fn read_info(window: &mut Window<impl Read + Seek>, info: &Element) -> Option<Tags> {
    let (mut scale, mut ticks, mut title) = (DEFAULT_SCALE, None, None);
    let end = info.size.map(|size| info.data.saturating_add(size));
    let mut at = info.data;
    while end.is_none_or(|end| at < end) {
        let element = match window.element(at) {
            // One of unknown size ends with the file, or before an element of the level of its own: those have ids of four bytes.
            None if end.is_none() => break,
            Some(element) if end.is_none() && element.id > 0xFF_FFFF => break,
            element => element?,
        };
        at = element.end().filter(|at| end.is_none_or(|end| *at <= end))?;
        match element.id {
            TIMESTAMP_SCALE if element.size != Some(0) => scale = window.number(&element)?,
            DURATION if element.size != Some(0) => ticks = Some(window.float(&element)?),
            TITLE => title = window.text(&element),
            _ => {}
        }
    }
    let seconds = ticks.map(|ticks| ticks * scale as f64 / 1e9);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration_ms = duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    Some(Tags {
        title: field(title.map(Into::into), MAX_TEXT),
        duration_ms: duration_ms.filter(|ms| (1..=MAX_MS).contains(ms)),
        ..Tags::default()
    })
}

/// A file, and the part of it that was read last.
struct Window<F> {
    file: F,
    /// Where that part begins.
    at: u64,
    held: Vec<u8>,
    /// How many bytes may still be read.
    left: u64,
}

impl<F: Read + Seek> Window<F> {
    /// Up to `length` bytes at a position: fewer at the end of the file, and where it was read enough.
    fn bytes(&mut self, at: u64, length: u64) -> &[u8] {
        let held_to = self.at.saturating_add(self.held.len() as u64);
        let is_held = at >= self.at && at.saturating_add(length) <= held_to;
        if !is_held {
            self.held.clear();
            self.at = at;
            let wanted = length.max(WINDOW_BYTES).min(self.left);
            if self.file.seek(SeekFrom::Start(at)).is_ok() {
                // What cannot be read is like what is not there: the file ends before it.
                self.file.by_ref().take(wanted).read_to_end(&mut self.held).ok();
            }
            self.left = self.left.saturating_sub(self.held.len() as u64);
        }
        let start = usize::try_from(at.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let rest = self.held.get(start..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    /// The element that begins at a position: an id of up to four bytes and a size of up to eight, whose lengths are told by the
    /// zeros before their first bit.
    fn element(&mut self, at: u64) -> Option<Element> {
        let head = self.bytes(at, 12);
        let id_length = head.first()?.leading_zeros() as usize + 1;
        let id = u32::try_from(whole(head.get(..id_length).filter(|_| id_length <= 4)?)).ok()?;
        let size_length = head.get(id_length)?.leading_zeros() as usize + 1;
        let size = whole(head.get(id_length..id_length + size_length).filter(|_| size_length <= 8)?);
        // Nothing but ones is a size that is not known.
        let mask = (1_u64 << (7 * size_length)) - 1;
        let size = Some(size & mask).filter(|size| *size != mask);
        Some(Element { id, data: at.checked_add((id_length + size_length) as u64)?, size })
    }

    /// All the data of an element, where it has at most so many bytes.
    fn data(&mut self, element: &Element, most: u64) -> Option<&[u8]> {
        let size = element.size.filter(|size| *size <= most)?;
        let data = self.bytes(element.data, size);
        (data.len() as u64 == size).then_some(data)
    }

    /// A whole number of up to eight bytes.
    fn number(&mut self, element: &Element) -> Option<u64> {
        self.data(element, 8).map(whole)
    }

    /// A number with a fraction, of four or eight bytes.
    fn float(&mut self, element: &Element) -> Option<f64> {
        let data = self.data(element, 8)?;
        match <[u8; 4]>::try_from(data) {
            Ok(single) => Some(f32::from_be_bytes(single).into()),
            Err(_) => Some(f64::from_be_bytes(data.try_into().ok()?)),
        }
    }

    /// Text in UTF-8, which may be followed by NULs.
    fn text(&mut self, element: &Element) -> Option<String> {
        let data = self.data(element, MAX_TITLE)?;
        let text = data.split(|byte| *byte == 0).next()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// A whole number, its greatest byte first.
fn whole(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// An element: its id as it is written, and a size of eight bytes.
    fn element(id: u32, data: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0);
        let size = (data.len() as u64 | 1 << 56).to_be_bytes();
        id.chain(size).chain(data.iter().copied()).collect()
    }

    /// The same of unknown size, in one byte.
    fn endless(id: u32, data: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0);
        id.chain([0xFF]).chain(data.iter().copied()).collect()
    }

    fn info(scale: &[u8], duration: &[u8]) -> Vec<u8> {
        [element(TIMESTAMP_SCALE, scale), element(TITLE, b"Aire\0\0"), element(DURATION, duration)].concat()
    }

    fn seek_head(to: u64) -> Vec<u8> {
        let id = element(SEEK_ID, &INFO.to_be_bytes());
        element(SEEK_HEAD, &element(SEEK, &[element(SEEK_POSITION, &to.to_be_bytes()), id].concat()))
    }

    fn file(segment: &[u8]) -> Vec<u8> {
        [element(EBML, &element(0x4282, b"matroska")), segment.to_vec()].concat()
    }

    fn told(file: &[u8]) -> Result<(Option<String>, Option<u64>), String> {
        read(Cursor::new(file)).map(|tags| (tags.title, tags.duration_ms))
    }

    /// Files that say all the same: with `Info` first, behind the frames, and of unknown size.
    fn files() -> Vec<Vec<u8>> {
        let info = info(&[0x0F, 0x42, 0x40], &2345.0_f64.to_be_bytes());
        let cluster = endless(CLUSTER, &[7; 9000]);
        let behind = seek_head(seek_head(0).len() as u64 + cluster.len() as u64);
        vec![
            file(&element(SEGMENT, &[element(0xEC, &[0; 9000]), element(INFO, &info)].concat())),
            file(&element(SEGMENT, &[behind, cluster.clone(), element(INFO, &info)].concat())),
            file(&endless(SEGMENT, &[endless(INFO, &info), cluster].concat())),
        ]
    }

    #[test]
    fn durations_and_titles_are_those_of_info() {
        for file in files() {
            assert_eq!(told(&file), Ok((Some("Aire".to_owned()), Some(2345))));
        }
        let of = |scale: &[u8], duration: &[u8]| {
            told(&file(&element(SEGMENT, &element(INFO, &info(scale, duration))))).map(|told| told.1)
        };
        assert_eq!(of(&[], &1500.0_f32.to_be_bytes()), Ok(Some(1500)));
        assert_eq!(of(&1_000_000_000_u64.to_be_bytes(), &7200.0_f32.to_be_bytes()), Ok(Some(7_200_000)));
        for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e10] {
            assert_eq!(of(&[0x0F, 0x42, 0x40], &nonsense.to_be_bytes()), Ok(None), "{nonsense}");
        }
        assert!(of(&[1; 9], &[]).is_err() && of(&[1], &[0; 5]).is_err());
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        let cluster = element(CLUSTER, &[0; 30]);
        for segment in [&cluster[..], &[seek_head(0), cluster.clone()].concat(), &seek_head(u64::MAX), b""] {
            assert!(told(&file(&element(SEGMENT, segment))).is_err());
        }
        // An endless row of elements that are passed over is left at last.
        let voids = element(0xEC, &[0; 5000]).repeat(100);
        let file = file(&endless(SEGMENT, &[voids, element(INFO, &info(&[1], &[]))].concat()));
        assert!(told(&file).is_err());
    }

    #[test]
    fn damaged_files_say_something_or_nothing_and_never_panic() {
        for file in files() {
            for length in (0..file.len()).filter(|length| *length < 300 || length + 300 > file.len()) {
                told(&file[..length]).ok();
            }
            for bit in (0..file.len() * 8).filter(|bit| *bit < 2400 || bit + 2400 > file.len() * 8) {
                let mut damaged = file.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                told(&damaged).ok();
            }
        }
    }
}
