//! Files of audio and video, by their names.

/// Extensions of audio.
pub(crate) const AUDIO: &[&str] = &[
    "mp3", "flac", "m4a", "aac", "ogg", "oga", "opus", "wav", "wma", "aif", "aiff", "alac", "ape", "mka",
    "mid", "midi", "amr", "m4b", "wv", "mpc", "spx",
];
/// Extensions of video.
pub(crate) const VIDEO: &[&str] = &[
    "mp4", "mkv", "avi", "mov", "webm", "m4v", "wmv", "mpg", "mpeg", "flv", "3gp", "ts", "m2ts", "vob",
    "ogv", "divx", "3g2",
];

/// The extension of a name in lower case.
pub(crate) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_one = !stem.is_empty()
        && (1..=10).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_one.then(|| extension.to_ascii_lowercase())
}

/// A name without its extension.
pub(crate) fn stem(name: &str) -> &str {
    match extension(name) {
        Some(extension) => &name[..name.len() - extension.len() - 1],
        None => name,
    }
}
