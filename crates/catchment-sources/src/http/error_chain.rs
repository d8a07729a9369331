//! The chain of causes below an error: libraries wrap what went wrong in errors of their own.

use std::error::Error as StdError;

/// The innermost cause that says something.
pub(super) fn root_cause(error: &dyn StdError) -> String {
    let mut shown = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        shown = inner.to_string();
        cause = inner.source();
    }
    shown
}

/// A cause of a certain type.
pub(super) fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<E>() {
            return Some(found);
        }
        // What was an I/O error's own is not among its sources.
        if let Some(found) = inner
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| find::<E>(inner))
        {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
