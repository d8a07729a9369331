//! What the tools of a developer share: databases and services that are started, broken and mended.

pub mod database;
pub mod mariadb;
pub mod process;
pub mod tools;
