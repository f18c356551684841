//! Where a provider's tokens say what, and which of our roles its roles are.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use crate::access::SystemRole;

/// The way to a claim. `org_id` and `o.id` lead through objects; `/a~1b/c` is a JSON pointer (RFC 6901), for names with
/// dots or slashes in them; a name that is an address (`https://shops.example/tenant`) is a name as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Vec<String>);

/// A text that is no way to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a claim like org_id, o.id, /https:~1~1shops.example~1tenant or https://shops.example/tenant")]
pub struct BadPath;

impl FromStr for ClaimPath {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let steps: Vec<String> = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
            None if text.contains("://") => vec![text.to_owned()],
            None => text.split('.').map(str::to_owned).collect(),
        };
        if text.len() > 255 || steps.iter().any(String::is_empty) {
            return Err(BadPath);
        }
        Ok(Self(steps))
    }
}

impl ClaimPath {
    /// What stands there; null is nothing.
    pub fn find<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        let found = self.0.iter().try_fold(claims, |value, step| value.as_object()?.get(step))?;
        (!found.is_null()).then_some(found)
    }
}

/// What the first of the ways leads to that leads to anything.
pub fn find<'a>(paths: &[ClaimPath], claims: &'a Value) -> Option<&'a Value> {
    paths.iter().find_map(|path| path.find(claims))
}

/// Which of our roles a provider's roles are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleMap {
    /// What stands before a role's name in some of the provider's texts, and not in others: with and without it, it is one
    /// role.
    prefix: &'static str,
    roles: BTreeMap<String, String>,
}

impl RoleMap {
    /// One that knows no role yet.
    pub fn new(prefix: &'static str) -> Self {
        Self { prefix, roles: BTreeMap::new() }
    }

    /// Has one of their roles be one of ours; answers which one it was before.
    pub fn put(&mut self, theirs: &str, ours: &str) -> Option<String> {
        let theirs = theirs.strip_prefix(self.prefix).unwrap_or(theirs);
        self.roles.insert(theirs.to_owned(), ours.to_owned())
    }

    /// How many of their roles it knows.
    pub fn count(&self) -> usize {
        self.roles.len()
    }

    fn find(&self, theirs: &str) -> Option<&String> {
        self.roles.get(theirs.strip_prefix(self.prefix).unwrap_or(theirs))
    }

    /// Our role for one of theirs: a viewer's for one that the map does not know.
    pub fn role(&self, theirs: Option<&str>) -> Arc<str> {
        theirs.and_then(|name| self.find(name)).map_or(SystemRole::Viewer.handle(), String::as_str).into()
    }

    /// The same of a claim: a name, or a list of names, of which the one that may most counts.
    pub fn role_of(&self, claim: Option<&Value>) -> Arc<str> {
        match claim {
            Some(Value::Array(names)) => {
                let known = names.iter().filter_map(|name| self.find(name.as_str()?));
                known.max_by_key(|role| rank(role)).map_or(SystemRole::Viewer.handle(), String::as_str).into()
            }
            Some(Value::String(name)) => self.role(Some(name)),
            _ => self.role(None),
        }
    }
}

/// How much a role may: a shop's own, of which nothing is known here, more than a viewer and less than an editor.
fn rank(role: &str) -> u8 {
    match SystemRole::parse(role) {
        Some(SystemRole::Viewer) => 0,
        None => 1,
        Some(SystemRole::Editor) => 2,
        Some(SystemRole::Admin) => 3,
        Some(SystemRole::Owner) => 4,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_way_leads_through_objects_and_nowhere_else() {
        let claims = json!({
            "org_id": "org_1", "o": { "id": "org_2", "rol": "admin" }, "null": null, "list": ["a"],
            "https://shops.example/tenant": "org_3", "a.b": { "c/d": "org_4" },
        });
        for (path, found) in [
            ("org_id", Some("org_1")),
            ("o.id", Some("org_2")),
            ("/o/id", Some("org_2")),
            ("https://shops.example/tenant", Some("org_3")),
            ("/https:~1~1shops.example~1tenant", Some("org_3")),
            ("/a.b/c~1d", Some("org_4")),
            ("a.b", None),
            ("null", None),
            ("list.0", None),
            ("org_id.x", None),
        ] {
            let path: ClaimPath = path.parse().unwrap();
            assert_eq!(path.find(&claims).and_then(Value::as_str), found, "{path:?}");
        }
        for bad in ["", ".", "a..b", "/", "a.", "/a/"] {
            assert_eq!(bad.parse::<ClaimPath>(), Err(BadPath), "{bad}");
        }
        let both = ["o.id".parse().unwrap(), "org_id".parse().unwrap()];
        assert_eq!(find(&both, &json!({ "org_id": "org_1" })), Some(&json!("org_1")));
    }

    #[test]
    fn a_role_that_is_unknown_or_no_role_at_all_is_a_viewers() {
        let map = [("org:admin", "admin"), ("boss", "owner"), ("till", "cashier"), ("reads", "viewer")];
        let map = map.iter().fold(RoleMap::new(""), |mut roles, (theirs, ours)| {
            assert_eq!(roles.put(theirs, ours), None);
            roles
        });
        for (claim, role) in [
            (json!("org:admin"), "admin"),
            (json!("admin"), "viewer"),
            (json!("owner"), "viewer"),
            (json!(""), "viewer"),
            (json!(["reads", "till"]), "cashier"),
            (json!(["org:admin", "boss", "till"]), "owner"),
            (json!(["nobody", 7, null]), "viewer"),
            (json!({ "org:admin": true }), "viewer"),
            (json!(7), "viewer"),
        ] {
            assert_eq!(&*map.role_of(Some(&claim)), role, "{claim}");
        }
        assert_eq!(&*map.role_of(None), "viewer");
    }

    #[test]
    fn a_role_is_one_with_and_without_what_stands_before_its_name() {
        let mut map = RoleMap::new("org:");
        assert_eq!(map.put("admin", "admin"), None);
        assert_eq!(map.put("org:admin", "editor").as_deref(), Some("admin"));
        for theirs in ["admin", "org:admin"] {
            assert_eq!(&*map.role(Some(theirs)), "editor", "{theirs}");
            assert_eq!(&*map.role_of(Some(&json!([theirs]))), "editor", "{theirs}");
        }
        assert_eq!(&*map.role(Some("org:org:admin")), "viewer");
    }
}
