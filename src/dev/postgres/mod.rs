//! A PostgreSQL of `emporia dev`'s own: found, made, started, taken over, stopped.
//!
//! It listens on 127.0.0.1 only, asks everyone for a password (scram), and keeps everything below one directory.

mod binaries;
mod cluster;
mod pidfile;
mod user;

pub use cluster::{ADMIN, Cluster};
pub use user::effective_uid;
