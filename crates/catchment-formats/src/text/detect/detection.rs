//! An encoding that was found out, and how sure that is.

use catchment_core::Finding;

use crate::text::encoding::TextEncoding;

/// What the finding is about.
const TOPIC: &str = "encoding";

/// An encoding that was found out, and how.
pub(crate) struct Detection {
    pub(crate) encoding: TextEncoding,
    pub(crate) finding: Finding,
}

impl Detection {
    /// One that evidence supports.
    pub(super) fn sure(encoding: TextEncoding, how: &str) -> Self {
        Self { encoding, finding: Finding::sure(TOPIC, format!("{}{how}", encoding.name())) }
    }

    /// One that people should confirm; `how` names the option that settles it.
    pub(super) fn unsure(encoding: TextEncoding, how: &str) -> Self {
        Self { encoding, finding: Finding::unsure(TOPIC, format!("{}{how}", encoding.name())) }
    }
}
