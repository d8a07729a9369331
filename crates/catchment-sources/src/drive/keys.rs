//! Resource keys: what files need beside their ids that were shared by old links. They go with requests as a header.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use catchment_core::{Host, Result, Secret, SecretAccess, invalid_option};
use reqwest::header::HeaderValue;

use super::resource::DriveFile;

/// The resource keys that are known.
pub(super) struct ResourceKeys {
    /// That of the option, which goes with all requests.
    given: Option<Secret>,
    access: SecretAccess,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The item that the option is of.
    root: Option<String>,
    of: HashMap<String, String>,
}

impl ResourceKeys {
    /// With the key of the option, if it may be used.
    ///
    /// # Errors
    /// `config`, `invalid_options`.
    pub(super) fn new(given: Option<Secret>, host: &Host) -> Result<Self> {
        if let Some(key) = &given {
            key.check(&host.secrets).map_err(|error| invalid_option("resourceKey", error.message()))?;
        }
        Ok(Self { given, access: host.secrets.clone(), known: Mutex::default() })
    }

    /// Lets all requests carry the key of the option, which is that of an item.
    ///
    /// # Errors
    /// `config`, where it cannot be read.
    pub(super) fn use_for(&self, id: &str) -> Result<()> {
        let Some(key) = &self.given else { return Ok(()) };
        let key = key.resolve(&self.access)?;
        if let Ok(mut known) = self.known.lock() {
            known.root = Some(id.to_owned());
            known.of.insert(id.to_owned(), key);
        }
        Ok(())
    }

    /// Takes note of the keys of files, and of what shortcuts lead to.
    pub(super) fn note<'f>(&self, files: impl IntoIterator<Item = &'f DriveFile>) {
        let Ok(mut known) = self.known.lock() else { return };
        for file in files {
            let own = file.resource_key.as_ref().map(|key| (&file.id, key));
            let target = file
                .target()
                .and_then(|target| Some((&target.target_id, target.target_resource_key.as_ref()?)));
            for (id, key) in own.into_iter().chain(target) {
                known.of.insert(id.clone(), key.clone());
            }
        }
    }

    /// The header of a request for some items; none where no key is known of them.
    ///
    /// # Errors
    /// `config`, `invalid_options`, where a key is none.
    pub(super) fn header(&self, ids: &[&str]) -> Result<Option<HeaderValue>> {
        let Ok(known) = self.known.lock() else { return Ok(None) };
        let wanted = ids.iter().copied().chain(known.root.as_deref()).collect::<BTreeSet<_>>();
        let keys: Vec<_> =
            wanted.iter().filter_map(|id| Some(format!("{id}/{}", known.of.get(*id)?))).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let mut value = HeaderValue::try_from(keys.join(",")).map_err(|_| {
            invalid_option("resourceKey", "has characters that a header cannot have, such as a line break")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}
