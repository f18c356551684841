//! Counts a document's tokens and the depth of its brackets without parsing it: one pass, no allocation.
//!
//! Whatever the parser takes for a bracket must be one here, or its recursion has no bound. So strings and comments
//! end exactly where its grammar ends them, and what the grammar takes for no string hides nothing.

use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;

/// Refuses a text that is too long, has too many tokens, too long a name or brackets nested too deeply; answers its
/// tokens. What it does not understand it counts and leaves to the parser.
pub fn scan(text: &str, limits: &Limits) -> Result<u64, Exceeded> {
    let refuse = |what, found, limit| within(what, found, limit, Code::ParseFailed);
    refuse("bytes", text.len() as u64, limits.bytes)?;
    let mut rest = text.as_bytes();
    let (mut tokens, mut nesting) = (0, 0_u64);
    while let Some(&first) = rest.first() {
        let ignored = ignored(rest);
        if ignored > 0 {
            rest = &rest[ignored..];
            continue;
        }
        match first {
            b'{' | b'[' | b'(' => {
                nesting += 1;
                refuse("nested brackets", nesting, limits.nesting)?;
            }
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        tokens += 1;
        refuse("tokens", tokens, limits.tokens)?;
        let length = token(rest);
        if is_name(first) && !first.is_ascii_digit() {
            refuse("bytes in a name", length as u64, limits.name)?;
        }
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The length of the blank, comma, byte order mark or comment at the start; 0 when there is none.
fn ignored(rest: &[u8]) -> usize {
    match rest {
        [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => 1,
        [0xef, 0xbb, 0xbf, ..] => 3,
        [b'#', ..] => run_of(rest, |byte| !is_line_end(byte)),
        _ => 0,
    }
}

/// The length of the token at the start; 1 for what is none.
fn token(rest: &[u8]) -> usize {
    match rest {
        [b'.', b'.', b'.', ..] => 3,
        [b'"', ..] => block_string(rest).or_else(|| string(rest)).unwrap_or(1),
        [b'-' | b'0'..=b'9', ..] => number(rest),
        [byte, ..] if is_name(*byte) => run_of(rest, is_name),
        _ => 1,
    }
}

/// `"""…"""`, where `\"""` is the one escape.
fn block_string(rest: &[u8]) -> Option<usize> {
    let mut at = 3;
    rest.starts_with(b"\"\"\"").then_some(())?;
    loop {
        match rest.get(at..)? {
            [b'"', b'"', b'"', ..] => return Some(at + 3),
            [b'\\', b'"', b'"', b'"', ..] => at += 4,
            [_, ..] => at += 1,
            [] => return None,
        }
    }
}

/// `"…"` on one line. Which escapes there are is the parser's to say: it reads no further than a wrong one.
fn string(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match rest.get(at..)? {
            [b'"', ..] => return Some(at + 1),
            [b'\\', escaped, ..] if !is_line_end(*escaped) => at += 2,
            [byte, ..] if !is_line_end(*byte) => at += 1,
            _ => return None,
        }
    }
}

/// `-1.5e+3`; digits behind a leading zero are numbers of their own.
fn number(rest: &[u8]) -> usize {
    let digits = |from: usize| run_of(&rest[from..], |byte| byte.is_ascii_digit());
    let sign = usize::from(rest[0] == b'-');
    let mut at = sign + if rest.get(sign) == Some(&b'0') { 1 } else { digits(sign) };
    if rest.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if let Some(b'e' | b'E') = rest.get(at) {
        let sign = usize::from(matches!(rest.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        at += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    at
}

fn run_of(rest: &[u8], is: impl Fn(u8) -> bool) -> usize {
    rest.iter().position(|&byte| !is(byte)).unwrap_or(rest.len())
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use async_graphql::Value;
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::{DocumentOperations, Selection};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const LIMITS: Limits = Limits { tokens: 12, nesting: 3, ..Limits::STANDARD };

    fn refused(text: &str) -> String {
        scan(text, &LIMITS).expect_err(text).to_string()
    }

    /// The least limit that lets the text pass.
    fn least(passes: impl Fn(u64) -> bool) -> u64 {
        (0..).find(|&limit| passes(limit)).expect("a limit")
    }

    fn tokens(text: &str) -> u64 {
        least(|tokens| scan(text, &Limits { tokens, ..Limits::STANDARD }).is_ok())
    }

    fn nesting(text: &str) -> u64 {
        least(|nesting| scan(text, &Limits { nesting, ..Limits::STANDARD }).is_ok())
    }

    #[test]
    fn a_document_of_exactly_the_limit_passes() {
        assert_eq!(tokens("query Q($a: Int) { b(c: 1) }"), 16);
    }

    #[test]
    fn bytes_tokens_and_nesting_are_bounded() {
        assert_eq!(refused(&" ".repeat(70_000)), "the document has more than 65536 bytes");
        assert_eq!(refused(&"a ".repeat(13)), "the document has more than 12 tokens");
        assert_eq!(refused("{[({"), "the document has more than 3 nested brackets");
        assert_eq!(refused(&format!("{{ a: {} }}", "b".repeat(256))), "the document has more than 255 bytes in a name");
        scan(&format!("{{ {} }}", "a".repeat(255)), &LIMITS).expect("as long as a name may be");
        let number = format!("{{ a(b: [{}]) }}", "1".repeat(300));
        assert_eq!(scan(&number, &LIMITS).expect("a number is no name"), 10);
    }

    #[test]
    fn text_in_strings_and_comments_is_not_counted() {
        for text in [
            r#"{ a(b: "{{{{ [[[[ \" ((((") }"#,
            r#"{ a(b: """ {{{{ " \""" (((( """) }"#,
            "{ a # {{{{{ a a a a a a a a a a a a a a a\n }",
        ] {
            scan(text, &LIMITS).unwrap_or_else(|exceeded| panic!("{text}: {exceeded}"));
        }
    }

    #[test]
    fn nothing_else_hides_a_bracket() {
        for hiding in [
            "# a carriage return ends a comment\r",
            r#""""a backslash escapes no other \\""" so this ends it""""#,
            r#""""this does not end \""""#,
            "\"\"\" a block that never ends is two strings\", ",
            "\"a string ends with its line\n",
            "\"and so does one that escapes it \\\n",
            "\"never ends ",
            "\"\\",
        ] {
            assert_eq!(refused(&format!("{hiding} [[[[")), "the document has more than 3 nested brackets", "{hiding}");
        }
    }

    #[test]
    fn numbers_are_one_token_each() {
        for (text, count) in [
            ("-1.5e+3", 1),
            ("0.25", 1),
            ("1E9", 1),
            ("1-1", 2),
            ("000", 3),
            ("1...a", 3),
            ("-", 1),
            ("1.", 2),
            ("a1_b", 1),
            ("\u{feff}a", 1),
        ] {
            assert_eq!(tokens(text), count, "{text}");
        }
    }

    /// Pieces that look like the beginning or the end of something.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = select(vec![
            "[", "]", "[", "[", "{a:", "}", "\"", "\"\"", "\"\"\"", "\\", "\\\"", "\\u00e9", "\\n", "#", "\n", "\r",
            "\r\n", " ", ",", "\u{feff}", "\u{2028}", "a", "é", "1", "-1.5e3", "$v", "true",
        ]);
        vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    /// How deep lists and objects lie in the arguments of the document's fields, and how many values there are.
    fn measured(text: &str) -> Option<(u64, u64)> {
        let document = parse_query(text).ok()?;
        let DocumentOperations::Single(operation) = &document.operations else { return None };
        let (mut deepest, mut count) = (0, 0);
        for selection in &operation.node.selection_set.node.items {
            let Selection::Field(field) = &selection.node else { continue };
            let values: Vec<Value> = field
                .node
                .arguments
                .iter()
                .map(|(_, value)| value.node.clone().into_const_with(|_| Ok::<_, ()>(Value::Null)).expect("a value"))
                .collect();
            let mut open: Vec<_> = values.iter().map(|value| (value, 1_u64)).collect();
            while let Some((value, depth)) = open.pop() {
                count += 1;
                match value {
                    Value::List(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
                    Value::Object(fields) => open.extend(fields.values().map(|item| (item, depth + 1))),
                    _ => continue,
                }
                deepest = deepest.max(depth);
            }
        }
        Some((deepest, count))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// What the parser reads, the scanner has seen at least that deep.
        #[test]
        fn no_text_is_deeper_for_the_parser_than_for_the_scanner(before in pieces(), within in pieces(), deep in 0_usize..4) {
            // The pieces rarely make a document by themselves: strings and comments stand where they can.
            let (open, close) = ("[".repeat(deep), "]".repeat(deep));
            for text in [
                format!("{{a(b:[{before}{open}{within}{close}])}}"),
                format!("#{before}\n{{a(b:{open}\"\"\"{within}\"\"\"{close})}}"),
                format!("{{a(b:[\"{before}\"{open}#{within}\r{close}])}}"),
            ] {
                if let Some((deepest, _)) = measured(&text) {
                    prop_assert!(nesting(&text) >= deepest + 2, "{text:?}");
                }
            }
        }

        /// Tokens that are put together come apart as the same tokens, and the parser finds as many values.
        #[test]
        fn scanner_and_parser_find_the_same_tokens(values in vec((value(), ignored_text()), 0..20)) {
            let list: String = values.iter().flat_map(|(value, ignored)| [value.as_str(), ignored]).collect();
            let text = format!("\u{feff}{{a(b:[{list}])}}");
            prop_assert_eq!(measured(&text).map(|(_, count)| count), Some(values.len() as u64 + 1), "{:?}", text);
            prop_assert_eq!(tokens(&text), values.len() as u64 + 9, "{:?}", text);
        }
    }

    fn value() -> impl Strategy<Value = String> {
        let of_string =
            select(vec!["a", "[", "{", "#", "\\\"", "\\\\", "\\u00e9", "\\n", ",", "\u{feff}", "\u{2028}", "é"]);
        let of_block = select(vec!["a", "[", "\"a", "\\\"\"\"", "\\a", "\\\\a", "#", "\r", "\n", "\r\n", "\\u", "é"]);
        prop_oneof![
            select(vec!["1", "-1.5e+3", "0", "name", "true", "null"]).prop_map(str::to_owned),
            vec(of_string, 0..8).prop_map(|parts| format!("\"{}\"", parts.concat())),
            vec(of_block, 0..8).prop_map(|parts| format!("\"\"\"{}\"\"\"", parts.concat())),
        ]
    }

    fn ignored_text() -> impl Strategy<Value = String> {
        let ignored = select(vec![" ", ",", "\t", "\r", "\n", "\r\n", "\u{feff}", "#\"\"\" [[ \r", "# \" {\n"]);
        (select(vec![" ", "\n", "\u{feff}"]), vec(ignored, 0..3))
            .prop_map(|(first, more)| first.to_owned() + &more.concat())
    }
}
