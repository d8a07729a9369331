//! The token endpoint.

pub(crate) mod grants;
pub(crate) mod jwt;
