//! Identifiers: the tenant's, and the global ids (`gid://emporia/Product/<uuid>`) that GraphQL gives out.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which tenant. Only [`crate::db::TenantDb`] turns one into access to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub Uuid);

impl TenantId {
    /// No tenant's: where an operator names none.
    pub const NOBODY: Self = Self(Uuid::nil());
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A global id's parts: the type's name as the schema has it, and the row's uuid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gid {
    pub kind: String,
    pub id: Uuid,
    /// What follows `?`, for cart ids: `key=…`, the bearer secret.
    pub query: Option<String>,
}

/// Why a text is not a global id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a global id: expected gid://emporia/<Type>/<uuid>")]
pub struct NotAGid;

impl Gid {
    /// Reads an id under any namespace: `gid://emporia/…` and `gid://shopify/…` alike. A raw uuid is refused.
    pub fn parse(text: &str) -> Result<Self, NotAGid> {
        let rest = text.strip_prefix("gid://").ok_or(NotAGid)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let mut parts = path.split('/');
        let (Some(namespace), Some(kind), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAGid);
        };
        if namespace.is_empty() || kind.is_empty() || id.len() != 36 {
            return Err(NotAGid);
        }
        let id = Uuid::try_parse(id).map_err(|_| NotAGid)?;
        Ok(Self { kind: kind.to_owned(), id, query })
    }

    /// The id as we give it out, whatever namespace it came under; what is no id stays as it is.
    pub fn normal(text: &str) -> Cow<'_, str> {
        let Ok(gid) = Self::parse(text) else { return text.into() };
        let query = gid.query.map(|query| format!("?{query}")).unwrap_or_default();
        (GidNamespace::Emporia.encode(&gid.kind, gid.id) + &query).into()
    }

    /// The row's uuid when the id is of this type; of any other type there is no such row.
    pub fn of(text: &str, kind: &str) -> Option<Uuid> {
        Self::parse(text).ok().filter(|gid| gid.kind == kind).map(|gid| gid.id)
    }
}

/// The namespace in which ids are given out: our own, or Shopify's on the compatible path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GidNamespace {
    #[default]
    Emporia,
    Shopify,
}

impl GidNamespace {
    /// Writes `gid://<namespace>/<kind>/<uuid>`.
    pub fn encode(self, kind: &str, id: Uuid) -> String {
        let namespace = match self {
            Self::Emporia => "emporia",
            Self::Shopify => "shopify",
        };
        // On the hot path: one allocation, no formatting machinery for the uuid.
        let mut buffer = Uuid::encode_buffer();
        let id = id.hyphenated().encode_lower(&mut buffer);
        let mut out = String::with_capacity(6 + namespace.len() + kind.len() + 38);
        for part in ["gid://", namespace, "/", kind, "/", id] {
            out.push_str(part);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_under_any_namespace() {
        let id = Uuid::from_u128(7);
        for namespace in [GidNamespace::Emporia, GidNamespace::Shopify] {
            let gid = Gid::parse(&namespace.encode("Product", id)).unwrap();
            assert_eq!((gid.kind.as_str(), gid.id, gid.query), ("Product", id, None));
        }
    }

    #[test]
    fn a_cart_id_carries_its_key() {
        let gid = Gid::parse("gid://shopify/Cart/0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f?key=abc").unwrap();
        assert_eq!(gid.query.as_deref(), Some("key=abc"));
    }

    #[test]
    fn one_row_has_one_normal_id() {
        let ours = "gid://emporia/Cart/0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f?key=abc";
        for text in [ours, &ours.replace("emporia", "shopify"), &ours.replace("a4c8", "A4C8")] {
            assert_eq!(Gid::normal(text), ours);
        }
        assert_eq!(Gid::normal("gid://emporia/Cart/7"), "gid://emporia/Cart/7");
    }

    #[test]
    fn what_is_not_a_gid_is_refused() {
        let uuid = "0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f";
        for text in ["", uuid, "gid://", "gid://x/Product", &format!("gid://x/Product/{uuid}/y"), "gid://x/Product/7"] {
            assert_eq!(Gid::parse(text), Err(NotAGid), "{text}");
        }
        assert_eq!(Gid::of(&format!("gid://x/Page/{uuid}"), "Product"), None);
    }
}
