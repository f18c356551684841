//! Handles: the readable part of an URL.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest handle, in characters.
pub const MAX_HANDLE: usize = 255;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a handle: use letters, digits, hyphens and underscores, at most 255")]
pub struct BadHandle;

/// Checks a given handle and lower-cases it.
pub fn parse_handle(text: &str) -> Result<String, BadHandle> {
    let handle = text.trim().to_lowercase();
    let fits = (1..=MAX_HANDLE).contains(&handle.chars().count());
    let allowed = |char: char| char.is_alphanumeric() || is_combining_mark(char) || char == '-' || char == '_';
    if fits && handle.chars().all(allowed) { Ok(handle) } else { Err(BadHandle) }
}

/// Makes a handle of a title: "Café « Crème »" becomes "cafe-creme". Short enough for a suffix.
pub fn handle_from_title(title: &str) -> String {
    let plain = title.nfkd().filter(|char| !is_combining_mark(*char)).nfc().flat_map(char::to_lowercase);
    let mut handle = String::with_capacity(title.len());
    for char in plain {
        if char.is_alphanumeric() {
            handle.push(char);
        } else if char != '\'' && char != '’' && !handle.is_empty() && !handle.ends_with('-') {
            handle.push('-');
        }
    }
    let short: String = handle.chars().take(MAX_HANDLE - 16).collect();
    let short = short.trim_end_matches('-');
    if short.is_empty() { "item".to_owned() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_becomes_a_readable_handle() {
        for (title, handle) in [
            ("Ocean Blue Shirt", "ocean-blue-shirt"),
            ("Café « Crème »", "cafe-creme"),
            ("Men's 501® — Größe 32/34", "mens-501-große-32-34"),
            ("  --  ", "item"),
            ("한국 차", "한국-차"),
        ] {
            assert_eq!(handle_from_title(title), handle);
        }
    }

    #[test]
    fn what_does_not_fit_into_a_path_segment_is_refused() {
        assert_eq!(parse_handle(" Ocean_Blue-7 "), Ok("ocean_blue-7".to_owned()));
        for text in ["", " ", "a b", "a/b", "a?b", "a.b", &"x".repeat(256)] {
            assert_eq!(parse_handle(text), Err(BadHandle), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_handle_made_from_any_title_is_a_handle(title in "\\PC{0,300}") {
            let handle = handle_from_title(&title);
            prop_assert_eq!(parse_handle(&handle), Ok(handle));
        }
    }
}
