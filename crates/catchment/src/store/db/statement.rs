//! What is bound to the parameters of a statement.

use sqlx::Arguments;
use sqlx::mysql::MySqlArguments;
use sqlx::sqlite::SqliteArguments;

/// What is bound to a `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    Null,
    Int(i64),
    Double(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

pub(super) fn mysql_arguments(args: &[Arg<'_>]) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    bind(&mut arguments, args)?;
    Ok(arguments)
}

pub(super) fn sqlite_arguments(args: &[Arg<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    bind(&mut arguments, args)?;
    Ok(arguments)
}

fn bind<A: Arguments>(arguments: &mut A, args: &[Arg<'_>]) -> Result<(), sqlx::Error>
where
    for<'t> &'t str: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> &'t [u8]: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> Option<&'t str>: sqlx::Encode<'t, A::Database>,
    i64: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    f64: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
{
    let size = |arg: &Arg<'_>| match arg {
        Arg::Text(text) => text.len(),
        Arg::Bytes(bytes) => bytes.len(),
        Arg::Null | Arg::Int(_) | Arg::Double(_) => 8,
    };
    let size = args.iter().map(size).sum();
    arguments.reserve(args.len(), size);
    for arg in args {
        match *arg {
            // Of the type that every other one is cast from: a number is no UUID, not even one that is NULL.
            Arg::Null => arguments.add(None::<&str>),
            Arg::Int(value) => arguments.add(value),
            Arg::Double(value) => arguments.add(value),
            Arg::Text(text) => arguments.add(text),
            Arg::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}
