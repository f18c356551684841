//! Text helpers of the catalogue.

/// Cuts after `at` characters and marks the cut with an ellipsis; nothing happens without a limit or below it.
pub fn truncate(text: &str, at: Option<i32>) -> String {
    let Some(at) = at.and_then(|at| usize::try_from(at).ok()) else { return text.to_owned() };
    match text.char_indices().nth(at) {
        None => text.to_owned(),
        Some(_) => text.chars().take(at.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// What people read of a text with markup: without tags, comments, scripts and styles, entities decoded, white space
/// collapsed. Linear in its length, and total: broken markup is text.
pub fn plain_text(html: &str) -> String {
    let mut raw = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        raw.push_str(&rest[..at]);
        rest = &rest[at..];
        match markup(rest) {
            Some(Markup { length, name }) => {
                if !INLINE.contains(&name.as_str()) {
                    raw.push(' ');
                }
                rest = &rest[length..];
            }
            None => {
                raw.push('<');
                rest = &rest[1..];
            }
        }
    }
    raw.push_str(rest);
    let decoded = html_escape::decode_html_entities(&raw);
    let mut text = String::with_capacity(decoded.len());
    for word in decoded.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Elements that do not part words: "un<b>believ</b>able" is one.
const INLINE: [&str; 18] = [
    "a", "abbr", "b", "cite", "code", "em", "font", "i", "mark", "s", "small", "span", "strike", "strong", "sub",
    "sup", "u", "wbr",
];

/// A tag or comment at the start of a text: how long it is, and the element's name.
struct Markup {
    length: usize,
    name: String,
}

fn markup(text: &str) -> Option<Markup> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let length = comment.find("-->").map_or(text.len(), |end| "<!--".len() + end + "-->".len());
        return Some(Markup { length, name: String::new() });
    }
    let inner = text[1..].trim_start_matches('/');
    if !inner.starts_with(|char: char| char.is_ascii_alphabetic() || char == '!' || char == '?') {
        return None;
    }
    let name: String =
        inner.chars().take_while(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect();
    let length = tag_end(text)?;
    let opens = !text.starts_with("</");
    if opens && matches!(name.as_str(), "script" | "style") {
        return Some(Markup { length: length + content_length(&text[length..], &name), name });
    }
    Some(Markup { length, name })
}

/// Behind the `>` that closes the tag; one within a quoted attribute does not.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    // A tag this long is no tag: keeps a text of nothing but "<a" linear.
    for (at, byte) in text.bytes().enumerate().take(65_536) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // An unclosed quote: whatever comes next closes the tag.
    text.bytes().take(65_536).position(|byte| byte == b'>').map(|at| at + 1)
}

/// Up to the closing tag of an element whose content is no text.
fn content_length(text: &str, name: &str) -> usize {
    let close = format!("</{name}");
    text.as_bytes()
        .windows(close.len())
        .position(|window| window.eq_ignore_ascii_case(close.as_bytes()))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_goes_and_words_stay_apart() {
        for (html, text) in [
            ("<p>Soft <b>cotton</b>.</p><p>Two&nbsp;colours &amp; more</p>", "Soft cotton. Two colours & more"),
            ("un<b>believ</b>able", "unbelievable"),
            ("a<br/>b<li>c", "a b c"),
            ("<!-- <p>no</p> -->yes<script>if (a < b) {}</script><STYLE>p{}</STYLE>!", "yes !"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("<a title=\"x > y\">link</a>", "link"),
            ("<p>open", "open"),
            ("&lt;p&gt; &#233;", "<p> é"),
            ("<img alt=\"unclosed>text", "text"),
            ("", ""),
        ] {
            assert_eq!(plain_text(html), text, "{html}");
        }
    }

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(truncate("wonderful", Some(6)), "won...");
        assert_eq!(truncate("wonder", Some(6)), "wonder");
        assert_eq!(truncate("wonder", None), "wonder");
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_never_longer(html in "[<>a-c/!&;\"' -]{0,60}") {
            prop_assert!(plain_text(&html).len() <= html.len());
        }
    }
}
