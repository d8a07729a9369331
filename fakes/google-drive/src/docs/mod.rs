//! docs.google.com and googleusercontent.com.

pub(crate) mod links;
