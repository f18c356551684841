//! What a plan comes to: limits, features, a share of the service.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What a limit can be at most; more is said by having none.
pub const MAX_LIMIT: i64 = 1_000_000_000;
/// Points of cost a second, at most.
pub const MAX_API_POINTS: i32 = 1_000_000;
/// How much of the worker one tenant's jobs get, at most.
pub const MAX_JOB_WEIGHT: i16 = 100;
/// Basis points that the platform takes of an order, at most: all of it.
pub const MAX_BASIS_POINTS: i32 = 10_000;
/// Minor units that the platform takes of an order, at most.
pub const MAX_FEE: i64 = 1_000_000;

/// What a plan counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, async_graphql::Enum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "PlanResource")]
pub enum Resource {
    /// Products, whatever their status.
    Products,
    /// Members of the staff, those who are invited or suspended too.
    StaffMembers,
    /// Roles that the shop has made itself.
    CustomRoles,
    /// Webhook subscriptions.
    WebhookSubscriptions,
    /// Orders that were placed in a calendar month, by UTC, those that were cancelled too, and payments that are under way.
    OrdersPerMonth,
}

impl Resource {
    pub const ALL: [Self; 5] =
        [Self::Products, Self::StaffMembers, Self::CustomRoles, Self::WebhookSubscriptions, Self::OrdersPerMonth];

    /// As the limits of stored terms have it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::StaffMembers => "staff_members",
            Self::CustomRoles => "custom_roles",
            Self::WebhookSubscriptions => "webhook_subscriptions",
            Self::OrdersPerMonth => "orders_per_month",
        }
    }

    /// In a sentence: "100 products".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::StaffMembers => "staff members",
            Self::CustomRoles => "roles of its own",
            Self::WebhookSubscriptions => "webhook subscriptions",
            Self::OrdersPerMonth => "orders a month",
        }
    }
}

/// What a plan has or has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, async_graphql::Enum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "PlanFeature")]
pub enum Feature {
    /// Host names of the shop's own.
    CustomDomains,
    /// Roles beside the system's, and other permissions for those.
    CustomRoles,
    /// Documents that storefronts may send by their ids, and a shop that takes no others.
    TrustedDocuments,
}

impl Feature {
    /// As the schema has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomDomains => "CUSTOM_DOMAINS",
            Self::CustomRoles => "CUSTOM_ROLES",
            Self::TrustedDocuments => "TRUSTED_DOCUMENTS",
        }
    }
}

/// How many there may be of each; none: as many as one likes. A limit that is missing in what was stored is not none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    #[serde(deserialize_with = "Option::deserialize")]
    pub products: Option<i64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub staff_members: Option<i64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub custom_roles: Option<i64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub webhook_subscriptions: Option<i64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub orders_per_month: Option<i64>,
}

impl Limits {
    pub fn of(&self, resource: Resource) -> Option<i64> {
        match resource {
            Resource::Products => self.products,
            Resource::StaffMembers => self.staff_members,
            Resource::CustomRoles => self.custom_roles,
            Resource::WebhookSubscriptions => self.webhook_subscriptions,
            Resource::OrdersPerMonth => self.orders_per_month,
        }
    }

    pub fn set(&mut self, resource: Resource, max: Option<i64>) {
        *match resource {
            Resource::Products => &mut self.products,
            Resource::StaffMembers => &mut self.staff_members,
            Resource::CustomRoles => &mut self.custom_roles,
            Resource::WebhookSubscriptions => &mut self.webhook_subscriptions,
            Resource::OrdersPerMonth => &mut self.orders_per_month,
        } = max;
    }
}

/// What the platform takes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// Hundredths of a percent of its total.
    pub basis_points: i32,
    /// And so many minor units of its currency.
    pub minor: i64,
}

impl Fee {
    /// What that is of an order's total, in minor units: the share to the nearest one, half of one upwards, and the fixed
    /// part; never more than the total, so that an order for nothing costs nothing.
    pub fn of(self, total_minor: i64) -> i64 {
        let share = (i128::from(total_minor) * i128::from(self.basis_points) + 5_000).div_euclid(10_000);
        let fee = share + i128::from(self.minor);
        i64::try_from(fee).unwrap_or(i64::MAX).clamp(0, total_minor.max(0))
    }
}

/// What a plan comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub limits: Limits,
    /// Words that this version does not know are somebody else's: they give nothing.
    #[serde(deserialize_with = "known")]
    pub features: BTreeSet<Feature>,
    /// How many points of cost its requests may take in a second.
    pub api_points_per_second: i32,
    /// How much of the worker its jobs get, beside others'.
    pub job_weight: i16,
    pub fee: Fee,
}

fn known<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Feature>, D::Error> {
    let words = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(words.into_iter().filter_map(|word| serde_json::from_value(word).ok()).collect())
}

/// What operators have said of one tenant alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    /// In place of the plan's; none: as many as it likes.
    pub limits: BTreeMap<Resource, Option<i64>>,
    /// Whether it has the feature, whatever the plan says.
    pub features: BTreeMap<Feature, bool>,
}

impl Terms {
    /// What they come to with what was said of one tenant.
    #[must_use]
    pub fn with(&self, overrides: &Overrides) -> Self {
        let mut terms = self.clone();
        for (resource, max) in &overrides.limits {
            terms.limits.set(*resource, *max);
        }
        for (feature, is_on) in &overrides.features {
            if *is_on {
                terms.features.insert(*feature)
            } else {
                terms.features.remove(feature)
            };
        }
        terms
    }

    /// What a tenant that uses so much would have too much of, coming from `before`: a limit that does not become less
    /// keeps nobody from changing.
    pub fn over(&self, before: &Limits, used: &BTreeMap<Resource, i64>) -> Vec<Excess> {
        let over = |resource: Resource| {
            let (max, used) = (self.limits.of(resource)?, used.get(&resource).copied().unwrap_or_default());
            let is_less = before.of(resource).is_none_or(|before| max < before);
            (is_less && used > max).then_some(Excess { resource, used, max })
        };
        Resource::ALL.into_iter().filter_map(over).collect()
    }
}

/// More than there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    pub resource: Resource,
    pub used: i64,
    pub max: i64,
}

/// There is no room for so many more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the plan {plan} has room for {max} {}, and {used} are used", .resource.words())]
pub struct Full {
    pub resource: Resource,
    pub used: i64,
    pub max: i64,
    /// The plan's name.
    pub plan: String,
}
