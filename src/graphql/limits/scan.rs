//! Counts a document's tokens and the depth of its brackets without parsing it: one pass, no allocation.

use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;

/// Refuses a text that is too long, has too many tokens or brackets nested too deeply. What it does not understand
/// it counts and leaves to the parser.
pub fn scan(text: &str, limits: &Limits) -> Result<(), Exceeded> {
    let refuse = |what, found, limit| within(what, found, limit, Code::ParseFailed);
    refuse("bytes", text.len() as u64, limits.bytes)?;
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0, 0_u64);
    while let Some(&byte) = bytes.get(at) {
        let next = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += bytes[at..].iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            b'{' | b'[' | b'(' => {
                nesting += 1;
                refuse("nested brackets", nesting, limits.nesting)?;
                at + 1
            }
            b'}' | b']' | b')' => {
                nesting = nesting.saturating_sub(1);
                at + 1
            }
            b'"' => end_of_string(bytes, at),
            b'.' if bytes[at..].starts_with(b"...") => at + 3,
            _ if is_word(byte) => at + bytes[at..].iter().take_while(|&&byte| is_word(byte)).count(),
            _ => at + 1,
        };
        at = next;
        tokens += 1;
        refuse("tokens", tokens, limits.tokens)?;
    }
    Ok(())
}

/// Names and numbers.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+')
}

/// The place behind a string that starts at `at`; the text's end when it does not end.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let (quote, mut from): (&[u8], usize) = if rest.starts_with(b"\"\"\"") { (b"\"\"\"", 3) } else { (b"\"", 1) };
    while from < rest.len() {
        if rest[from] == b'\\' {
            from += 2;
        } else if rest[from..].starts_with(quote) {
            return at + from + quote.len();
        } else {
            from += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { tokens: 12, nesting: 3, ..Limits::STANDARD };

    fn refused(text: &str) -> String {
        scan(text, &LIMITS).expect_err(text).to_string()
    }

    #[test]
    fn a_document_of_exactly_the_limit_passes() {
        scan("query Q($a: Int) { b(c: 1) }", &Limits { tokens: 16, ..LIMITS }).unwrap();
        assert!(scan("query Q($a: Int) { b(c: 1) }", &Limits { tokens: 15, ..LIMITS }).is_err());
    }

    #[test]
    fn bytes_tokens_and_nesting_are_bounded() {
        assert_eq!(refused(&" ".repeat(70_000)), "the document has more than 65536 bytes");
        assert_eq!(refused(&"a ".repeat(13)), "the document has more than 12 tokens");
        assert_eq!(refused("{[({"), "the document has more than 3 nested brackets");
    }

    #[test]
    fn text_in_strings_and_comments_is_not_counted() {
        for text in [
            r#"{ a(b: "{{{{ [[[[ \" ((((") }"#,
            r#"{ a(b: """ {{{{ " \""" (((( """) }"#,
            "{ a # {{{{{ a a a a a a a a a a a a a a a\n }",
            "\"never ends {{{{",
            "\"\\",
        ] {
            scan(text, &LIMITS).unwrap_or_else(|exceeded| panic!("{text}: {exceeded}"));
        }
    }
}
