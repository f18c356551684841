//! Text helpers of the catalogue.

/// Cuts after `at` characters and marks the cut with an ellipsis; nothing happens without a limit or below it.
pub fn truncate(text: &str, at: Option<i32>) -> String {
    let Some(at) = at.and_then(|at| usize::try_from(at).ok()) else { return text.to_owned() };
    match text.char_indices().nth(at) {
        None => text.to_owned(),
        Some(_) => text.chars().take(at.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(truncate("wonderful", Some(6)), "won...");
        assert_eq!(truncate("wonder", Some(6)), "wonder");
        assert_eq!(truncate("wonder", None), "wonder");
    }
}
