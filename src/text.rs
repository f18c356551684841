//! Plain text: from markup, and cut to length.

/// The readable text of a piece of HTML: no tags, no scripts, entities resolved, runs of white space as one space.
pub fn plain_of(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        push_text(&mut plain, &rest[..at]);
        rest = &rest[at..];
        rest = if rest.starts_with('<') { skip_markup(&mut plain, rest) } else { push_entity(&mut plain, rest) };
    }
    push_text(&mut plain, rest);
    plain.truncate(plain.trim_end().len());
    plain
}

/// Cuts after `at` characters and marks the cut with an ellipsis; nothing happens without a limit or below it.
pub fn truncate(text: &str, at: Option<i32>) -> String {
    let Some(at) = at.and_then(|at| usize::try_from(at).ok()) else { return text.to_owned() };
    match text.char_indices().nth(at) {
        None => text.to_owned(),
        Some(_) => text.chars().take(at.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// Whether it can stand as a name on one line: up to so many characters, not all of them blank, no control characters.
pub fn is_name(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.chars().count()) && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

fn push_text(plain: &mut String, text: &str) {
    text.chars().for_each(|letter| push_letter(plain, letter));
}

fn push_letter(plain: &mut String, letter: char) {
    if !letter.is_whitespace() {
        plain.push(letter);
    } else if !plain.is_empty() && !plain.ends_with(' ') {
        plain.push(' ');
    }
}

/// Tags that stand within a word or a line: leaving them out must not part what they join.
const INLINE: [&str; 16] =
    ["a", "abbr", "b", "bdi", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup"];

/// Steps over one tag, comment, or element whose content is not text. `rest` starts with `<`.
fn skip_markup<'a>(plain: &mut String, rest: &'a str) -> &'a str {
    if let Some(comment) = rest.strip_prefix("<!--") {
        return comment.find("-->").map_or("", |end| &comment[end + 3..]);
    }
    let inside = rest[1..].trim_start_matches('/');
    let name_end = inside.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(inside.len());
    let name = inside[..name_end].to_ascii_lowercase();
    if !inside.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '!' || letter == '?') {
        plain.push('<');
        return &rest[1..];
    }
    if !INLINE.contains(&name.as_str()) {
        push_letter(plain, ' ');
    }
    let after = rest.find('>').map_or("", |end| &rest[end + 1..]);
    let is_opening = !rest.starts_with("</");
    if is_opening && matches!(name.as_str(), "script" | "style") {
        return after.find("</").map_or("", |end| &after[end..]);
    }
    after
}

/// Resolves the entity that `rest` starts with; a lone ampersand stays one.
fn push_entity<'a>(plain: &mut String, rest: &'a str) -> &'a str {
    const LONGEST: usize = 12;
    let found = rest.bytes().take(LONGEST).position(|byte| byte == b';');
    if let Some(end) = found
        && let Some(letter) = entity(&rest[1..end])
    {
        push_letter(plain, letter);
        return &rest[end + 1..];
    }
    plain.push('&');
    &rest[1..]
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?).filter(|letter| !letter.is_control() || letter.is_whitespace());
    }
    let named = format!("&{name};");
    let decoded = html_escape::decode_html_entities(&named);
    let mut letters = decoded.chars();
    // A few names stand for two letters: rare enough to stay as they are.
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_left_out_and_its_text_stays() {
        let html = "<p>Soft &amp; <b>warm</b>er</p>\n<ul><li>A</li><li>B</li></ul><script>x < y</script><!-- no -->";
        assert_eq!(plain_of(html), "Soft & warmer A B");
        assert_eq!(plain_of("1 < 2 & 3 &#8364;&nbsp;&unknown; &#0;"), "1 < 2 & 3 € &unknown; &#0;");
        assert_eq!(plain_of("<p unclosed"), "");
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(truncate("wonderful", Some(6)), "won...");
        assert_eq!(truncate("wonder", Some(6)), "wonder");
        assert_eq!(truncate("wonder", None), "wonder");
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(html in "[ -~äß€<>&;#/!-]{0,80}") {
            let plain = plain_of(&html);
            prop_assert!(!plain.contains("  ") && plain.trim() == plain);
        }
    }
}
