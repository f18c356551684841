//! Handles made from titles.

use crate::catalog::model::handle_from_title;
use crate::clock::Entropy;

/// How many handles are made from a title before a random one is.
pub const SUGGESTIONS: usize = 20;

/// `title`, `title-1`, `title-2`…
pub fn suggestions(title: &str) -> impl Iterator<Item = String> + use<> {
    let base = handle_from_title(title);
    (0..SUGGESTIONS).map(move |number| if number == 0 { base.clone() } else { format!("{base}-{number}") })
}

/// For when all the suggestions are taken.
pub fn unique(title: &str, entropy: &Entropy) -> String {
    format!("{}-{:010x}", handle_from_title(title), u64::from_be_bytes(entropy.bytes()) >> 24)
}
