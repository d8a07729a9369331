//! The database: its connections, its dialect, and what its errors mean. The one place that knows which one it is.

mod conn;
pub(crate) mod dialect;
mod error;
mod limits;
mod mysql;
mod open;
mod row;
mod sqlite;
mod statement;
mod tx;

pub(crate) use conn::Conn;
pub(crate) use error::{FailureClass, StoreError};
pub(crate) use limits::StatementLimits;
pub(crate) use open::Db;
pub(crate) use row::Row;
pub(crate) use statement::Arg;
pub(crate) use tx::Tx;
