//! What a tenant and a key are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cache::Rate;
use crate::ids::TenantId;
use crate::money::Currency;

/// Web origins that a tenant may list, and characters of each.
pub const MAX_ORIGINS: usize = 50;
const MAX_ORIGIN_CHARS: usize = 300;

/// A web origin as browsers send it: `https://shop.example`, `http://localhost:3000`. Says what is wrong with others.
pub fn origin(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let origin = url.as_ref().map(|url| url.origin().ascii_serialization());
    match (url, origin) {
        // A URL with anything behind its host would say more than an origin can.
        (Some(url), Some(origin)) if url.as_str() == format!("{origin}/") => Ok(origin),
        _ => Err("expected a web origin like https://shop.example".to_owned()),
    }
}

/// Each as browsers send it, and once; or where there is something else, and what is wrong with it.
pub fn origins(texts: &[String]) -> Result<Vec<String>, Vec<(usize, String)>> {
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for (at, text) in texts.iter().enumerate() {
        match origin(text) {
            Ok(origin) if origin.chars().count() > MAX_ORIGIN_CHARS => {
                wrong.push((at, format!("an origin has at most {MAX_ORIGIN_CHARS} characters")));
            }
            Ok(origin) if good.contains(&origin) => {}
            Ok(origin) => good.push(origin),
            Err(why) => wrong.push((at, why)),
        }
    }
    if wrong.is_empty() { Ok(good) } else { Err(wrong) }
}

/// What the request guard needs to know of a tenant. In the shared cache no field may be missing: what a version that
/// did not know it has stored there is read as nothing, and the database is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStanding {
    pub id: TenantId,
    /// Refused at the edge: suspended, or deleted.
    pub suspended: bool,
    /// For good.
    pub deleted: bool,
    /// The currency of all its amounts; never changes.
    pub currency: Currency,
    /// Origins whose pages may use this tenant's keys; empty: any for publishable keys, none for secret ones.
    pub allowed_origins: Vec<String>,
    /// Whether publishable keys may send trusted documents alone.
    pub trusted_documents_only: bool,
    /// Of the host names that it has proved to be its own the one that it has had for longest.
    // None has a meaning: a field that is missing is not taken for it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub primary_domain: Option<String>,
    /// How much of the API it may use; none: as much as it likes.
    #[serde(deserialize_with = "Option::deserialize")]
    pub api_rate: Option<Rate>,
    /// How much of the worker its jobs get, beside others': at least 1.
    pub job_weight: i16,
}

/// Whether a tenant's requests are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TenantStatus {
    /// They are.
    Active,
    /// They are refused until it is resumed.
    Suspended,
    /// They are refused for good. Its rows are there yet.
    Deleted,
}

impl TenantStatus {
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Deleted];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::Deleted => "DELETED",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_db() == text)
    }
}

/// A tenant as the operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Tenant {
    pub id: TenantId,
    /// The operator's own id for it.
    pub external_id: Option<String>,
    pub handle: String,
    pub name: String,
    pub currency: Currency,
    pub status: TenantStatus,
    /// As in [`TenantStanding`].
    pub allowed_origins: Vec<String>,
    /// The plan that it is on, as far as that is published.
    pub plan_id: Option<Uuid>,
    /// The plan that it has chosen and that is to be activated.
    pub pending_plan_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// What the edge, the worker and operators know of a tenant's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantPlan {
    pub plan_id: Uuid,
    /// One that the tenant has chosen and that is to be activated.
    pub pending_plan_id: Option<Uuid>,
    /// Of the plan.
    pub version: i32,
    /// Of the tenant's subscription: the higher one is the later one.
    pub revision: i64,
    /// How much of the worker its jobs get, beside others'.
    pub job_weight: i16,
    /// How much of the API it may use: points of cost a second.
    pub api_points_per_second: i32,
}

/// What the platform is to know of a new tenant.
#[derive(Clone, Copy, Debug)]
pub struct NewTenant<'a> {
    /// The operator's own id for it; no two tenants have the same.
    pub external_id: Option<&'a str>,
    /// Its subdomain and short name; no two tenants have the same.
    pub handle: &'a str,
    pub name: &'a str,
    /// Of all its amounts, for ever.
    pub currency: Currency,
}

/// Who asks, proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No credential: the host or a checkout's address named the tenant. Sees what a publishable key sees.
    Public,
    /// A publishable key.
    Publishable { key_id: Uuid },
    /// A secret key.
    Secret { key_id: Uuid },
    /// A staff member's access token; without a session, it is an outside identity provider's.
    Staff { staff_id: Uuid, session_id: Option<Uuid> },
    /// Who runs the service: in no tenant, or in one that has granted support access.
    Operator { token_id: Uuid },
    /// The worker, on the tenant's behalf. No request ever proves to be this.
    System,
}

impl Access {
    /// Whether a storefront asks: with a key that anybody may read, or with none.
    pub fn is_storefront(self) -> bool {
        matches!(self, Self::Public | Self::Publishable { .. })
    }

    /// The name under which this caller's doings are recorded.
    pub fn actor(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Publishable { key_id } | Self::Secret { key_id } => format!("key:{key_id}"),
            Self::Staff { staff_id, .. } => format!("staff:{staff_id}"),
            Self::Operator { token_id } => format!("operator:{token_id}"),
            Self::System => "system".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_that_leaves_something_out_is_not_read() {
        let standing = TenantStanding {
            id: TenantId(Uuid::nil()),
            suspended: false,
            deleted: false,
            currency: Currency::EUR,
            allowed_origins: Vec::new(),
            trusted_documents_only: true,
            primary_domain: None,
            api_rate: Rate::per_second(100),
            job_weight: 2,
        };
        let whole = serde_json::to_value(&standing).expect("JSON");
        assert_eq!(serde_json::from_value::<TenantStanding>(whole.clone()).ok(), Some(standing));
        for field in whole.as_object().expect("fields").keys() {
            let mut less = whole.clone();
            less.as_object_mut().expect("fields").remove(field);
            assert!(serde_json::from_value::<TenantStanding>(less).is_err(), "{field}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("https://Shop.Example:443/", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(origin(text).as_deref(), Ok(expected));
        }
        for bad in [
            "shop.example",
            "null",
            "*",
            "https://a.example/shop",
            "https://a@b.example",
            "file:///a",
            "ws://a.example",
            "",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
