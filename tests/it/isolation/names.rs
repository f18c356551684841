//! What stands in a document for something of a store: `<product1>`, or `<own product1>` of the one who asks.

use std::collections::BTreeMap;

use emporia::ids::Gid;
use serde_json::Value;
use uuid::Uuid;

/// Names and what they stand for in one store. `handle` is a word that strangers may know; `marker` is in every text
/// of the store and in nothing that a stranger sends.
#[derive(Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nothing is called <{name}>"))
    }

    /// The same names for things that are nobody's.
    pub fn of_nobody(&self) -> Self {
        let mut nobody = self.clone();
        for (name, value) in &mut nobody.0 {
            match Gid::parse(value) {
                Ok(gid) => *value = value.replace(&gid.id.to_string(), &Uuid::new_v4().to_string()),
                // A place in a list is no secret and finds nothing by itself.
                Err(_) if name.ends_with(" cursor") => {}
                Err(_) => *value = value.chars().map(other).collect(),
            }
        }
        nobody
    }

    /// Everything that has an id, as if it were of this kind, by name; what is of it as it is, key included.
    pub fn as_kind(&self, kind: &str) -> Vec<(String, String)> {
        let ids = self.0.iter().filter_map(|(name, value)| Some((name, value, Gid::parse(value).ok()?)));
        ids.map(|(name, value, gid)| (name.clone(), value.replace(&format!("/{}/", gid.kind), &format!("/{kind}/"))))
            .collect()
    }

    /// The answer with names in place of what they stand for, and no other ids: what is left is what it says.
    pub fn put_back(&self, answer: &Value) -> Value {
        match answer {
            Value::String(text) => {
                let mut longest_first: Vec<_> = self.0.iter().collect();
                longest_first.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
                let text = longest_first
                    .into_iter()
                    .fold(text.clone(), |text, (name, value)| text.replace(value, &format!("<{name}>")));
                Value::String(Gid::parse(&text).map_or(text, |gid| gid.kind))
            }
            Value::Array(items) => items.iter().map(|item| self.put_back(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.put_back(value))).collect::<Value>()
            }
            plain => plain.clone(),
        }
    }
}

/// Another letter or digit of the same kind.
fn other(of: char) -> char {
    match of {
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from_u32(u32::from(of) + 1).expect("the next character"),
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        same => same,
    }
}

/// The document as someone who calls their own things `own` asks for `theirs`.
pub fn filled(document: &str, own: &Names, theirs: &Names) -> String {
    let mut parts = document.split('<');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('>').unwrap_or_else(|| panic!("an open < in {document}"));
        let value = match name.strip_prefix("own ") {
            Some(name) => own.get(name),
            None => theirs.get(name),
        };
        filled.push_str(value);
        filled.push_str(rest);
    }
    filled
}
