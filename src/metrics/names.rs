//! Counts by name, of which there are only so many: clients choose names.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// Characters of a name that is told apart.
const MAX_CHARS: usize = 64;

/// The first so many names have counts of their own; all others share one: `other`.
pub struct Names<T> {
    known: RwLock<HashMap<Box<str>, Arc<T>>>,
    max: usize,
    make: Box<dyn Fn(&str) -> T + Send + Sync>,
    other: Arc<T>,
}

impl<T> Names<T> {
    pub fn new(max: usize, make: impl Fn(&str) -> T + Send + Sync + 'static) -> Self {
        let other = Arc::new(make("other"));
        Self { known: RwLock::default(), max, make: Box::new(make), other }
    }

    pub fn get(&self, name: &str) -> Arc<T> {
        let known = self.known.read().expect("no holder panics");
        if let Some(known) = known.get(name) {
            return known.clone();
        }
        let is_full = known.len() >= self.max;
        drop(known);
        if is_full || name.len() > MAX_CHARS || name == "other" {
            return self.other.clone();
        }
        let mut known = self.known.write().expect("no holder panics");
        if known.len() >= self.max && !known.contains_key(name) {
            return self.other.clone();
        }
        known.entry(name.into()).or_insert_with(|| Arc::new((self.make)(name))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_names_are_told_apart() {
        let names = Names::new(2, str::to_owned);
        let got = ["a", "b", "c", "a", "other"].map(|name| names.get(name).to_string());
        assert_eq!(got, ["a", "b", "other", "a", "other"]);
        let names = Names::new(2, str::to_owned);
        assert_eq!(*names.get(&"x".repeat(65)), "other");
        assert_eq!(*names.get("y"), "y");
    }
}
