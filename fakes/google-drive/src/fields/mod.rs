//! Which fields an answer has: the mask of the request, held against what exists.

pub(crate) mod mask;
pub(crate) mod schema;
