//! Secrets in the options of requests: found by the pointers that a source's type names.

use catchment_core::{Error, Result};
use serde_json::{Map, Value, json};

use super::Vault;

/// The name of the one member of a sealed value.
const SEALED: &str = "sealed";
/// The name of the one member of what stands for it.
const SET: &str = "set";

impl Vault {
    /// Seals the texts at these pointers into options (JSON Pointer, RFC 6901; `*` stands for any name).
    ///
    /// # Errors
    /// `config`: there is no key to be had.
    pub(crate) fn seal_options(&self, pointers: &[&str], options: &mut Map<String, Value>) -> Result<()> {
        visit(pointers, options, &mut |value| {
            if let Value::String(text) = value {
                *value = json!({SEALED: self.seal(text)?});
            }
            Ok(())
        })
    }

    /// The options as they were before [`Vault::seal_options`].
    ///
    /// # Errors
    /// `config`, `wrong_key`.
    pub(crate) fn unseal_options(&self, pointers: &[&str], options: &mut Map<String, Value>) -> Result<()> {
        visit(pointers, options, &mut |value| {
            if let Some(sealed) = value.get(SEALED).and_then(Value::as_str) {
                *value = self.unseal(sealed)?.into();
            }
            Ok(())
        })
    }

    /// Shows that there are sealed values, and not what: `{"set": true}`.
    pub(crate) fn mask_options(pointers: &[&str], options: &mut Map<String, Value>) {
        let mask = &mut |value: &mut Value| {
            if value.get(SEALED).is_some() {
                *value = json!({SET: true});
            }
            Ok(())
        };
        visit(pointers, options, mask).ok();
    }

    /// Puts the sealed values of stored options in the place of `{"set": true}`.
    ///
    /// # Errors
    /// `config`, `no_secret`, with the pointer of one that is not stored.
    pub(crate) fn restore_options(
        pointers: &[&str],
        options: &mut Map<String, Value>,
        stored: Option<&Map<String, Value>>,
    ) -> Result<()> {
        let none = Map::new();
        let stored = Value::Object(stored.unwrap_or(&none).clone());
        for pointer in pointers {
            let steps: Vec<_> = pointer.trim_start_matches('/').split('/').collect();
            let mut value = Value::Object(std::mem::take(options));
            let restored = restore(&mut value, Some(&stored), &steps, "/options");
            if let Value::Object(object) = value {
                *options = object;
            }
            restored?;
        }
        Ok(())
    }

    /// Whether there is something sealed at one of these pointers.
    pub(crate) fn is_sealed(pointers: &[&str], options: &Map<String, Value>) -> bool {
        let mut is_sealed = false;
        let look = &mut |value: &mut Value| {
            is_sealed |= value.get(SEALED).is_some();
            Ok(())
        };
        visit(pointers, &mut options.clone(), look).is_ok() && is_sealed
    }

    /// Refuses sealed values in a request: they would be opened for whatever address the request names.
    ///
    /// # Errors
    /// `config`.
    pub(crate) fn refuse_sealed(pointers: &[&str], options: &Map<String, Value>) -> Result<()> {
        if Self::is_sealed(pointers, options) {
            let message = "a sealed secret is not accepted in a request; give the secret itself, {\"env\": \
                           \"NAME\"} or {\"file\": \"path\"}";
            return Err(Error::config("invalid_options", message));
        }
        Ok(())
    }
}

/// Puts what is stored in the place of what stands for it, below a pointer.
fn restore(value: &mut Value, stored: Option<&Value>, steps: &[&str], pointer: &str) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else {
        if value.get(SET).is_none() {
            return Ok(());
        }
        let sealed = stored.filter(|stored| stored.get(SEALED).is_some()).ok_or_else(|| {
            let message = "there is no stored secret that could be kept here, or the address that it was given for has changed; \
                           give the secret itself";
            Error::config("no_secret", format!("{pointer}: {message}")).with_detail(pointer, message)
        })?;
        *value = sealed.clone();
        return Ok(());
    };
    let Some(object) = value.as_object_mut() else { return Ok(()) };
    for (name, value) in object.iter_mut().filter(|(name, _)| *step == "*" || name == step) {
        restore(value, stored.and_then(|stored| stored.get(name)), rest, &format!("{pointer}/{name}"))?;
    }
    Ok(())
}

/// Calls `act` with each value that a pointer leads to.
fn visit(
    pointers: &[&str],
    options: &mut Map<String, Value>,
    act: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    for pointer in pointers {
        let steps: Vec<_> = pointer.trim_start_matches('/').split('/').collect();
        let Some((first, rest)) = steps.split_first() else { continue };
        if let Some(value) = options.get_mut(*first) {
            visit_below(value, rest, act)?;
        }
    }
    Ok(())
}

fn visit_below(
    value: &mut Value,
    steps: &[&str],
    act: &mut dyn FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else { return act(value) };
    let Some(object) = value.as_object_mut() else { return Ok(()) };
    match *step {
        "*" => object.values_mut().try_for_each(|value| visit_below(value, rest, act)),
        name => object.get_mut(name).map_or(Ok(()), |value| visit_below(value, rest, act)),
    }
}
