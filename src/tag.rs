//! A merchant's labels, and what adding or taking off some of them comes to. Two that differ in case are the same.

/// Labels at once, at most.
pub const MAX_AT_ONCE: usize = 250;

/// A change of something's labels.
#[derive(Clone, Debug)]
pub enum TagChange {
    /// Puts these behind those that are there.
    Add(Vec<String>),
    /// Takes these off; what is not there is not missed.
    Remove(Vec<String>),
}

impl TagChange {
    /// What the labels are then.
    pub fn of(&self, tags: &[String]) -> Vec<String> {
        let mut kept = tags.to_vec();
        match self {
            Self::Add(new) => {
                for tag in new.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
                    if !is_among(tag, &kept) {
                        kept.push(tag.to_owned());
                    }
                }
            }
            Self::Remove(gone) => kept.retain(|tag| !is_among(tag, gone)),
        }
        kept
    }
}

fn is_among(tag: &str, tags: &[String]) -> bool {
    let folded = |tag: &str| tag.trim().to_lowercase();
    tags.iter().any(|one| folded(one) == folded(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn labels_are_added_once_and_taken_off_however_they_are_written() {
        let there = list(&["VIP", "new"]);
        let added = TagChange::Add(list(&[" vip ", "", "b2b", "B2B", "new"])).of(&there);
        assert_eq!(added, ["VIP", "new", "b2b"]);
        assert_eq!(TagChange::Remove(list(&["vip", "old", " B2B"])).of(&added), ["new"]);
    }
}
