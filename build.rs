//! Has cargo look at what the crate embeds and cargo cannot see: a migration in a new folder.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
