//! Unmapped columns, kept as a JSON object.

use std::borrow::Cow;

use catchment_core::json::{Key, for_each_entry};
use catchment_core::{Record, Value};

use super::batch_builder::BatchBuilder;
use super::compile::Mapping;

impl Mapping {
    /// The columns that nothing maps as a JSON object; null where all are empty.
    pub(super) fn push_metadata(&self, record: Record<'_>, builder: &mut BatchBuilder) {
        let mut separator = '{';
        let mut begin = |builder: &mut BatchBuilder, key: &str| {
            builder.append(separator.encode_utf8(&mut [0; 4]));
            separator = ',';
            builder.append(key);
            builder.append(":");
        };
        for (place, key) in &self.unmapped {
            let value = record.value(*place);
            if value.as_trimmed().is_none() {
                continue;
            }
            begin(builder, key);
            match value {
                Value::Bool(_) | Value::Number(_) | Value::Json(_) | Value::Null => {
                    builder.append(value.as_trimmed().unwrap_or("null"));
                }
                Value::Text(text)
                | Value::Date(text)
                | Value::Time(text)
                | Value::DateTime(text)
                | Value::Bytes(text) => append_json_string(builder, text.trim()),
            }
        }
        if let Some(Value::Json(whole)) = self.whole.map(|place| record.value(place)) {
            // A member of which a part is mapped stays whole.
            let is_mapped = |name: &str| self.used.contains(name);
            let keep = |key: Key<'_>, value: &str| {
                let name: Cow<'_, str> = match key {
                    Key::Name(name) => name,
                    Key::Index(index) => format!("[{index}]").into(),
                };
                if !is_mapped(&name) && !matches!(value, "null" | "\"\"") {
                    begin(builder, &serde_json::Value::from(&*name).to_string());
                    builder.append(value);
                }
                Ok(())
            };
            // A source that says that it is JSON has read it.
            for_each_entry(whole, keep).ok();
        }
        if separator == '{' {
            builder.push_null();
        } else {
            builder.append("}");
            builder.push_appended();
        }
    }
}

fn append_json_string(builder: &mut BatchBuilder, text: &str) {
    let is_plain = !text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if is_plain {
        builder.append("\"");
        builder.append(text);
        builder.append("\"");
    } else {
        builder.append(&serde_json::Value::from(text).to_string());
    }
}
