//! The database: its connections, its dialect, and what its errors mean. The one place that knows which one it is.

mod busy;
mod conn;
pub(crate) mod dialect;
mod error;
mod limits;
mod mysql;
mod mysql_session;
mod mysql_url;
mod open;
mod outage;
mod row;
mod sqlite;
mod statement;
mod tx;

pub(crate) use conn::Conn;
pub(crate) use error::{FailureClass, NOT_AS_VOUCHED, StoreError};
pub(crate) use limits::StatementLimits;
pub(crate) use open::Db;
pub(crate) use row::Row;
pub(crate) use statement::Arg;
pub(crate) use tx::Tx;
