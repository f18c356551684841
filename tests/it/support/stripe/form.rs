//! What Stripe is sent: pairs whose names are paths, `items[0][price]`.

use serde_json::{Map, Value};

/// The pairs of a query or a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn read(text: &str) -> Self {
        let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        // What is sent twice is the same in any order: maps have none.
        pairs.sort();
        Self(pairs)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn must(&self, name: &str) -> &str {
        self.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    /// The pairs below a name, as an object: `metadata[a]=b`.
    pub fn below(&self, name: &str) -> Value {
        let prefix = format!("{name}[");
        let pairs = self.0.iter().filter_map(|(key, value)| {
            let key = key.strip_prefix(&prefix)?.strip_suffix(']')?;
            Some((key.to_owned(), Value::String(value.clone())))
        });
        Value::Object(pairs.collect::<Map<_, _>>())
    }
}
