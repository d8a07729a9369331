//! The schema of a request's options: those of its source and those of its target, in one.

use catchment_core::Result;
use schemars::schema_for;
use serde_json::{Map, Value};

use super::service::SyncService;
use crate::mapping::TargetOptions;

impl SyncService {
    /// The JSON schema of the `options` of a request with this type of source.
    ///
    /// # Errors
    /// `config`, `unknown_source_type`.
    pub fn options_schema(&self, source_type: &str) -> Result<Value> {
        let mut schema = self.engine().registry.schema(source_type)?.to_value();
        let target = schema_for!(TargetOptions).to_value();
        for part in ["properties", "$defs"] {
            let Some(added) = target.get(part).and_then(Value::as_object) else { continue };
            let Some(object) = schema.as_object_mut() else { continue };
            let known = object.entry(part).or_insert_with(|| Map::new().into());
            known.as_object_mut().into_iter().for_each(|known| known.extend(added.clone()));
        }
        Ok(schema)
    }

    /// The names of all types of sources, in alphabetical order.
    pub fn source_types(&self) -> Vec<&'static str> {
        self.engine().registry.types().collect()
    }
}
