//! What goes wrong, and when.

pub(crate) mod damage;
pub(crate) mod fault;
pub(crate) mod matcher;
pub(crate) mod rules;
pub(crate) mod twists;
