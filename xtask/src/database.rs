//! A database for Catchment to work on, looked at from outside by the command-line clients.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::mariadb::{self, client};
use crate::tools::{find, install};

/// Where Catchment writes.
#[derive(Debug, Clone)]
pub enum Database {
    /// The file of a SQLite database.
    Sqlite(PathBuf),
    /// The ports of one MariaDB server, or of each node of a cluster, and the name of the database.
    MariaDb(Vec<u16>, String),
}

impl Database {
    /// Creates an empty database on the MariaDB servers at these ports, in place of one of that name.
    ///
    /// # Errors
    /// Where no server answers.
    pub fn create(ports: &[u16], name: &str) -> Result<Self> {
        let database = Self::MariaDb(ports.to_vec(), "try".to_owned());
        database.query(&format!(
            "DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4"
        ))?;
        Ok(Self::MariaDb(ports.to_vec(), name.to_owned()))
    }

    /// What `DATABASE_URL` is set to.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}", file.display()),
            Self::MariaDb(ports, name) => format!("{}/{name}", mariadb::url(ports)),
        }
    }

    /// Runs a query on the first server that answers: a line a row, `|` (SQLite) or tabs (MariaDB) between columns.
    ///
    /// # Errors
    /// What the last server said, where the query fails on all.
    pub fn query(&self, sql: &str) -> Result<String> {
        let mut commands = match self {
            Self::Sqlite(file) => {
                let mut command = Command::new(sqlite3()?);
                command.args(["-batch", "-cmd", ".timeout 10000"]).arg(file).arg(sql);
                vec![command]
            }
            Self::MariaDb(ports, name) => {
                let to = |port: &u16| {
                    let mut command = client(*port, name)?;
                    command.args(["--connect-timeout=2", "--execute", sql]);
                    Ok(command)
                };
                ports.iter().map(to).collect::<Result<_>>()?
            }
        };
        let mut said = String::new();
        for command in &mut commands {
            let output = command.output()?;
            if output.status.success() {
                return Ok(String::from_utf8(output.stdout)?);
            }
            said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        }
        bail!("{said}")
    }
}

fn sqlite3() -> Result<PathBuf> {
    match find("sqlite3") {
        Some(program) => Ok(program),
        None => install("sqlite3", &["sqlite3"]),
    }
}
