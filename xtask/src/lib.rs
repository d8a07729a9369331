//! What a developer's tools share: databases and services that are brought up, broken and mended.

pub mod database;
pub mod mariadb;
pub mod process;
pub mod tools;
