//! Has cargo look at what the crate embeds and cargo cannot see: a migration in a new folder.

#![allow(clippy::disallowed_macros, reason = "what it prints is cargo's to read")]

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
