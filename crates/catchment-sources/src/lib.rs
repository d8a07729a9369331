//! The sources that Catchment brings along. They see the contract alone, as a source of yours would.

pub mod csv;

use catchment_core::Registry;

/// All of them, by name.
pub fn builtin() -> Registry {
    Registry::default().with::<csv::Csv>()
}
