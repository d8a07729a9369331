//! Who asks: the door that a request came through, and what whoever sent it may do.

use std::collections::BTreeSet;

use catchment_core::{Error, Result};

/// Who asks, with what they may do, and through which door. It goes through every call of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// A name for people, such as that of a user or a token.
    pub who: String,
    /// What they may do.
    pub scopes: BTreeSet<Scope>,
    /// The door that they came through. What a request may read depends on it.
    pub door: Door,
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Look at runs, and at what a request would do.
    Read,
    /// Schedule, execute, cancel and retry runs.
    Run,
    /// Change what is saved.
    Edit,
    /// Delete, and decide what others may do.
    Admin,
}

/// Which door a request came through. What it may read depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The HTTP API: files below the data directories only.
    Http,
    /// The command line: what its user can read.
    Cli,
    /// A program that uses the library: what it can read.
    Library,
}

stored_names!(Door, "door", Http = "http", Cli = "cli", Library = "library");

impl Scope {
    const ALL: [Self; 4] = [Self::Read, Self::Run, Self::Edit, Self::Admin];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Run => "run",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }
}

impl Principal {
    /// Somebody who may do everything, through this door.
    pub fn administrator(who: impl Into<String>, door: Door) -> Self {
        Self { who: who.into(), scopes: Scope::ALL.into(), door }
    }

    /// A program that uses the library: it may do everything.
    pub fn library() -> Self {
        Self::administrator("library", Door::Library)
    }

    /// Whether they may do this.
    ///
    /// # Errors
    /// `config`, `forbidden`, with the scope that is missing.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        let message = format!("{} may not do this: it needs the scope `{}`", self.who, scope.as_str());
        Err(Error::config("forbidden", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lacks_the_scope_is_told_which_one() {
        let viewer = Principal { scopes: [Scope::Read].into(), ..Principal::library() };
        assert!(viewer.require(Scope::Read).is_ok());
        let error = viewer.require(Scope::Run).unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            ("forbidden", "library may not do this: it needs the scope `run`")
        );
    }
}
