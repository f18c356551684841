//! The search syntax: what is written out is read back, and nothing that anybody types brings it down.

use proptest::prelude::*;

use super::*;

/// Every field and comparator is fine: the terms, written out.
fn read(query: &str) -> Result<String, BadQuery> {
    let term = |term: &Term| {
        let star = if term.text.is_prefix { "*" } else { "" };
        let field = term.field.as_ref().map(|field| format!("{field}:")).unwrap_or_default();
        Ok(Query::Is(format!("{field}{:?} {}{star}", term.comparator, term.text.value).replace("Equal ", "")))
    };
    Ok(shown(&Query::All(parse(query, term)?)))
}

fn shown(query: &Query<String>) -> String {
    let list =
        |name: &str, all: &[Query<String>]| format!("{name}({})", all.iter().map(shown).collect::<Vec<_>>().join(", "));
    match query {
        Query::All(all) => list("all", all),
        Query::Any(any) => list("any", any),
        Query::Not(one) => format!("not({})", shown(one)),
        Query::Is(term) => term.clone(),
    }
}

#[test]
fn terms_and_operators_are_read() {
    for (query, expected) in [
        ("  ", "all()"),
        (r#"tag:summer AND vendor:"Acme \"&\" Sons"  blue"#, r#"all(tag:summer, vendor:Acme "&" Sons, blue)"#),
        ("'two words' \"AND\" and", "all(two words, AND, and)"),
        ("tag:sale price:>10 AND vendor:acme*", "all(tag:sale, price:Above 10, vendor:acme*)"),
        ("a:>=1 a:<=2 a:<3 a:=4", "all(a:AtLeast 1, a:AtMost 2, a:Below 3, a:4)"),
        ("a b OR c", "all(any(all(a, b), c))"),
        ("a (b OR c)", "all(a, any(b, c))"),
        ("NOT a -tag:b -(c OR d)", "all(not(a), not(tag:b), not(any(c, d)))"),
        ("created_at:>2026-01-01T10:00:00Z", "all(created_at:Above 2026-01-01T10:00:00Z)"),
        ("name:#1001 well-known O'Neil", "all(name:#1001, well-known, O'Neil)"),
    ] {
        assert_eq!(read(query).as_deref(), Ok(expected), "{query}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let deep = "(".repeat(30);
    let many = "a ".repeat(26);
    for (query, at) in [
        ("tag:", 4),
        ("tag: x", 4),
        ("price:> 1", 6),
        ("a OR", 5),
        ("OR a", 1),
        ("NOT", 4),
        ("a \"open", 3),
        ("a \"\"", 3),
        ("AND a", 1),
        ("a AND", 6),
        ("a AND AND b", 7),
        ("(a", 1),
        ("a)", 2),
        ("()", 2),
        ("a*b", 2),
        ("*", 1),
        ("a<b", 2),
        (":x", 1),
        ("a \0", 3),
        (deep.as_str(), 26),
        (many.as_str(), 1),
    ] {
        assert_eq!(read(query).map_err(|bad| bad.at), Err(at), "{query}");
    }
}

/// The one term of a query.
fn term(query: &str) -> Term {
    let found = parse(query, |term| Ok(Query::Is(term.clone()))).unwrap();
    let [Query::Is(term)] = &found[..] else { panic!("{found:?}") };
    term.clone()
}

#[test]
fn values_are_read_by_their_kind() {
    let numbers = |query: &str| term(query).numbers(|text| text.parse().ok());
    assert_eq!(numbers("n:5"), Ok((Some(5), Some(6))));
    assert_eq!(numbers("n:>5"), Ok((Some(6), None)));
    assert_eq!(numbers("n:<=5"), Ok((None, Some(6))));
    assert_eq!(numbers("n:five"), Err(BadQuery { at: 1, message: "n is a number".into() }));
    assert_eq!(term("t:a*").text(), Ok(Text { value: "a".into(), is_prefix: true }));
    assert!(term("t:>a").text().is_err() && term("t:a*").exact().is_err());
    assert_eq!(term("s:Draft").one_of(&[("active", 1), ("draft", 2)]), Ok(2));
    assert!(term("s:sold").one_of(&[("active", 1)]).is_err());
    let id = Uuid::from_u128(7);
    assert_eq!(term(&format!("id:gid://x/Product/{id}")).id("Product"), Ok(id));
    assert_eq!(term(&format!("id:{id}")).id("Product"), Ok(id));
    assert!(term("id:7").id("Product").is_err());
}

#[test]
fn a_date_is_its_whole_day() {
    let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let (first, second) = (moment("2026-01-31T00:00:00Z"), moment("2026-02-01T00:00:00Z"));
    assert_eq!(term("t:2026-01-31").moments(), Ok((Some(first), Some(second))));
    assert_eq!(term("t:>2026-01-31").moments(), Ok((Some(second), None)));
    assert_eq!(term("t:<2026-01-31").moments(), Ok((None, Some(first))));
    assert_eq!(term("t:>=2026-01-31T02:00:00+02:00").moments(), Ok((Some(first), None)));
    assert!(term("t:yesterday").moments().is_err() && term("t:999999-01-01").moments().is_err());
}

proptest! {
    #[test]
    fn any_query_is_answered(query in "\\PC{0,60}") {
        let _ = read(&query);
    }

    #[test]
    fn any_query_of_the_syntaxs_own_characters_is_answered(query in "[()ab:\"'*<>= \\-ANDOR]{0,40}") {
        let _ = read(&query);
    }
}
