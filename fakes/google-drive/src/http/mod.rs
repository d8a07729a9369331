//! HTTP/1.1 by hand: a test decides over each byte and over the end of the connection.

pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod server;
