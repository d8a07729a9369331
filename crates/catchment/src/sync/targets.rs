//! The targets: which tables may be written, by the door that a request comes through, and what each takes.

use std::sync::Arc;

use catchment_core::{Error, Result, did_you_mean, invalid_option};

use super::engine::Engine;
use super::service::SyncService;
use crate::principal::{Door, Principal, Scope};
use crate::target::{Table, TargetDeclaration, WhenUnmapped, built_in, find_built_in};

/// Tables of our own, which are no targets.
const OURS: [&str; 2] = ["sync_", "catchment_"];

/// A table that can be written.
#[derive(Debug, Clone, Default)]
pub struct TargetInfo {
    /// Its name.
    pub name: String,
    /// Why it cannot be written after all, if so; the rest is empty then.
    pub refusal: Option<String>,
    /// The columns that can be mapped.
    pub columns: Vec<TargetColumn>,
    /// Its unique keys, the primary one first.
    pub keys: Vec<Vec<String>>,
    /// The JSON column that keeps what nothing maps.
    pub metadata: Option<String>,
    /// Its CHECK constraints, as SQL.
    pub checks: Vec<String>,
    /// What people should know before they write to it.
    pub warnings: Vec<String>,
}

/// A column that can be mapped.
#[derive(Debug, Clone)]
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// What fits, for people.
    pub takes: String,
    /// Whether it must be mapped.
    pub is_required: bool,
    /// Whether it can be NULL.
    pub is_nullable: bool,
}

impl Engine {
    /// The target of that name, for requests that come through a door.
    ///
    /// # Errors
    /// `config`: there is none, it may not be written, or nothing can be; `database`.
    pub(super) async fn resolve_target(&self, name: &str, door: Door) -> Result<Arc<Table>> {
        if let Some(table) = find_built_in(name) {
            return Ok(table.clone());
        }
        let declared = self.declaration(name);
        if door == Door::Http && declared.is_none() {
            return Err(self.not_allowed(name));
        }
        self.refuse_own_name(name)?;
        let Some(facts) = self.store.table_facts(name).await? else {
            return Err(self.unknown_table(name, door).await);
        };
        let table = facts.target(declared).map_err(|error| {
            let message = error.message().to_owned();
            error.with_detail("/options/targetTable", message)
        })?;
        Ok(Arc::new(table))
    }

    /// Refuses the names of our own tables.
    pub(super) fn refuse_own_name(&self, name: &str) -> Result<()> {
        if OURS.iter().any(|prefix| name.to_lowercase().starts_with(prefix)) {
            let problem = format!("`{name}` is a table of Catchment itself, which is no target");
            return Err(invalid_option("targetTable", &problem));
        }
        Ok(())
    }

    /// Forgets the ledgers of tables that are not there any more.
    pub(super) async fn forget_dropped_tables(&self) -> Result<()> {
        for name in self.store.seen_tables().await? {
            if self.store.table_facts(&name).await?.is_none() {
                self.store.forget_table(&name).await?;
            }
        }
        Ok(())
    }

    fn declaration(&self, name: &str) -> Option<&TargetDeclaration> {
        self.settings.targets.iter().find(|declared| declared.name == name)
    }

    /// The names that requests over HTTP may write.
    fn allowed(&self) -> Vec<&str> {
        let declared = self.settings.targets.iter().map(|declared| declared.name.as_str());
        built_in().iter().map(|table| table.name.as_str()).chain(declared).collect()
    }

    fn not_allowed(&self, name: &str) -> Error {
        let known = self.allowed();
        let hint = did_you_mean(name, known.iter().copied(), str::to_lowercase);
        let problem = format!(
            "`{name}` is not among the tables that may be written over HTTP; use one of: {}{hint}, or ask the operator to list it \
             (`[[target]]` in catchment.toml, or --target-table)",
            known.join(", ")
        );
        invalid_option("targetTable", &problem)
    }

    async fn unknown_table(&self, name: &str, door: Door) -> Error {
        let names = self.target_names(door).await.unwrap_or_default();
        let hint = did_you_mean(name, names.iter().map(String::as_str), str::to_lowercase);
        let known =
            if names.len() > 30 { format!("{}, …", names[..30].join(", ")) } else { names.join(", ") };
        let create =
            if door == Door::Http { "" } else { "; to make it from what the source holds, use --create" };
        let problem = format!("unknown target table `{name}`; the database has: {known}{hint}{create}");
        invalid_option("targetTable", &problem)
    }

    /// The names of all targets of a door: those that are built in first.
    pub(super) async fn target_names(&self, door: Door) -> Result<Vec<String>> {
        if door == Door::Http {
            return Ok(self.allowed().into_iter().map(str::to_owned).collect());
        }
        let mut names: Vec<_> = built_in().iter().map(|table| table.name.clone()).collect();
        let is_ours = |name: &String| OURS.iter().any(|prefix| name.to_lowercase().starts_with(prefix));
        let others = self.store.table_names().await?;
        let others: Vec<_> =
            others.into_iter().filter(|name| !is_ours(name) && !names.contains(name)).collect();
        names.extend(others);
        Ok(names)
    }
}

impl SyncService {
    /// The tables that requests through the door of whoever asks may write.
    ///
    /// # Errors
    /// `config` (`forbidden`), `database`.
    pub async fn targets(&self, principal: &Principal) -> Result<Vec<TargetInfo>> {
        let mut targets = Vec::new();
        for name in self.engine().target_names(principal.door).await? {
            targets.push(match self.target(principal, &name).await {
                Err(error) if error.kind() == catchment_core::ErrorKind::Config => {
                    TargetInfo::refused(name, &error)
                }
                target => target?,
            });
        }
        Ok(targets)
    }

    /// One of them.
    ///
    /// # Errors
    /// `config`: there is none of that name, or it cannot be written; `database`.
    pub async fn target(&self, principal: &Principal, name: &str) -> Result<TargetInfo> {
        principal.require(Scope::Read)?;
        Ok(TargetInfo::of(&*self.engine().resolve_target(name, principal.door).await?))
    }
}

impl TargetInfo {
    fn of(table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| TargetColumn {
            name: column.name.to_string(),
            takes: column.kind.describe(),
            is_required: matches!(column.when_unmapped, WhenUnmapped::Refuse | WhenUnmapped::Option(_)),
            is_nullable: column.takes_null(),
        });
        let keys = if table.keys.is_empty() { vec![table.identity.clone()] } else { table.keys.clone() };
        Self {
            name: table.name.clone(),
            refusal: None,
            columns: columns.collect(),
            keys: keys.into_iter().filter(|key| !key.is_empty()).collect(),
            metadata: table.metadata.clone(),
            checks: table.checks.clone(),
            warnings: table.warnings.clone(),
        }
    }

    fn refused(name: String, error: &Error) -> Self {
        Self { name, refusal: Some(error.message().to_owned()), ..Self::default() }
    }
}
