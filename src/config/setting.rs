//! What there is to set: the list comes from reading, which notes each variable that it asks for.

use serde::Serialize;

/// One variable, as its one declaration has it and as it is set.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    pub name: &'static str,
    /// Under which heading it stands.
    pub section: &'static str,
    /// What it is for, in a few words.
    pub meaning: &'static str,
    /// What may be said, where that is not plain: `a whole number from 1 to 1000`.
    pub expected: Option<String>,
    /// What holds when nothing is said; none where nothing does.
    pub default: Option<String>,
    /// Something has to be said.
    pub is_required: bool,
    /// What could be said, where there is no default.
    pub example: Option<String>,
    /// The value may hold a password or a key.
    pub is_secret: bool,
    /// What is said, with secrets masked.
    pub value: Option<String>,
}

/// Put in the place of a secret.
const MASK: &str = "***";

/// A value that may be shown: of a URL everything but its password, of anything else nothing.
pub fn masked(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return MASK.to_owned() };
    // A password may hold anything, a slash or an `@` included, when whoever wrote the URL forgot to encode it.
    let (who, place) = match rest.rfind('@') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => ("", rest),
    };
    let who = who.split_once(':').map_or(who.to_owned(), |(name, _)| format!("{name}:{MASK}"));
    let (place, query) = place.split_once('?').map_or((place, None), |(place, query)| (place, Some(query)));
    let query = query.map(|query| query.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{who}{place}{query}")
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.contains("pass") => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (value, shown) in [
            ("postgres://ada:s3cret@db/shop?sslmode=require", "postgres://ada:***@db/shop?sslmode=require"),
            ("postgres://ada:s3/cr@et?s3cret@db,db2/shop", "postgres://ada:***@db,db2/shop"),
            (
                "postgres://ada@db/shop?password=s3cret&sslpassword=s3cret",
                "postgres://ada@db/shop?password=***&sslpassword=***",
            ),
            ("redis://:s3cret@cache:6379/1", "redis://:***@cache:6379/1"),
            ("redis://cache", "redis://cache"),
            ("host=db password=s3cret", "***"),
        ] {
            assert_eq!(masked(value), shown);
        }
    }
}
