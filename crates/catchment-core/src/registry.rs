//! From the name of a source type to a source.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Adapter, Error, Host, Result, Source, did_you_mean};

/// The source types that a service knows. A new one is one line: `Registry::default().with::<Mine>()`.
#[derive(Default, Clone)]
pub struct Registry {
    types: BTreeMap<&'static str, Constructors>,
}

type Build = fn(&str, Map<String, Value>, &Host) -> Result<Arc<dyn Source>>;

/// The functions of an adapter, type-erased: a vtable.
#[derive(Clone, Copy)]
struct Constructors {
    normalize: fn(&str) -> Result<String>,
    check_access: fn(&str, &Host) -> Result<()>,
    resolve: fn(&str, &Host) -> Result<Vec<String>>,
    build: Build,
    secrets: &'static [&'static str],
    stateless: &'static [&'static str],
    schema: fn() -> schemars::Schema,
}

impl Registry {
    /// Adds a source type, or replaces the one of the same name.
    #[must_use]
    pub fn with<A: Adapter>(mut self) -> Self {
        self.types.insert(
            A::TYPE,
            Constructors {
                normalize: A::normalize,
                check_access: A::check_access,
                resolve: A::resolve,
                build: build::<A>,
                secrets: A::SECRETS,
                stateless: A::STATELESS,
                schema: || schemars::schema_for!(A::Options),
            },
        );
        self
    }

    /// The names of all types, in alphabetical order.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.types.keys().copied()
    }

    /// The one spelling of an identifier.
    ///
    /// # Errors
    /// `config` when the type is unknown or the identifier is not one of it.
    pub fn normalize(&self, source_type: &str, identifier: &str) -> Result<String> {
        (self.find(source_type)?.normalize)(identifier)
    }

    /// Whether the operator allows this identifier.
    ///
    /// # Errors
    /// `config` when the type is unknown or the identifier is refused.
    pub fn check_access(&self, source_type: &str, identifier: &str, host: &Host) -> Result<()> {
        (self.find(source_type)?.check_access)(identifier, host).map_err(|error| {
            let message = error.message().to_owned();
            error.with_detail("/sourceIdentifier", message)
        })
    }

    /// The identifiers that one stands for ([`Adapter::resolve`]).
    ///
    /// # Errors
    /// `config` when the type is unknown, or the identifier stands for nothing.
    pub fn resolve(&self, source_type: &str, identifier: &str, host: &Host) -> Result<Vec<String>> {
        (self.find(source_type)?.resolve)(identifier, host)
    }

    /// Makes a source from its options. It does no I/O.
    ///
    /// # Errors
    /// `config` when the type is unknown or an option is: with the option's place as a JSON pointer.
    pub fn build(
        &self,
        source_type: &str,
        identifier: &str,
        options: Map<String, Value>,
        host: &Host,
    ) -> Result<Arc<dyn Source>> {
        (self.find(source_type)?.build)(identifier, options, host)
    }

    /// Where the options of a type hold secrets ([`Adapter::SECRETS`]).
    ///
    /// # Errors
    /// `config` when the type is unknown.
    pub fn secrets(&self, source_type: &str) -> Result<&'static [&'static str]> {
        Ok(self.find(source_type)?.secrets)
    }

    /// Which options of a type decide nothing about what a run leaves for the next one ([`Adapter::STATELESS`]).
    ///
    /// # Errors
    /// `config` when the type is unknown.
    pub fn stateless(&self, source_type: &str) -> Result<&'static [&'static str]> {
        Ok(self.find(source_type)?.stateless)
    }

    /// The JSON schema of a type's options.
    ///
    /// # Errors
    /// `config` when the type is unknown.
    pub fn schema(&self, source_type: &str) -> Result<schemars::Schema> {
        Ok((self.find(source_type)?.schema)())
    }

    fn find(&self, source_type: &str) -> Result<&Constructors> {
        self.types.get(source_type).ok_or_else(|| {
            let known: Vec<_> = self.types().collect();
            let hint = did_you_mean(source_type, self.types(), str::to_lowercase);
            let message =
                format!("unknown source type `{source_type}`; use one of: {}{hint}", known.join(", "));
            Error::config("unknown_source_type", message.clone()).with_detail("/sourceType", message)
        })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.types()).finish()
    }
}

fn build<A: Adapter>(identifier: &str, options: Map<String, Value>, host: &Host) -> Result<Arc<dyn Source>> {
    Ok(Arc::new(A::new(identifier, A::parse(options)?, host)?))
}
