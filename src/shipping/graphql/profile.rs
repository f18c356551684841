//! `DeliveryProfile` and what it holds.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, SimpleObject, Union};

use crate::connection;
use crate::country::Country;
use crate::graphql::scope::ScopeExt;
use crate::money::graphql::MoneyV2;
use crate::shipping::model;

/// A named set of zones, with what a delivery to each costs.
#[derive(Clone, Debug, Description)]
pub struct DeliveryProfile(pub Arc<model::Profile>);

connection!(DeliveryProfileConnection, DeliveryProfileEdge, DeliveryProfile);

#[Object(use_type_description)]
impl DeliveryProfile {
    /// The profile's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("DeliveryProfile", self.0.id)
    }

    /// The profile's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it delivers.
    async fn zones(&self) -> Vec<DeliveryZone> {
        self.0.zones.iter().cloned().map(DeliveryZone).collect()
    }
}

/// Countries that are delivered to at the same rates.
#[derive(Clone, Debug, Description)]
pub struct DeliveryZone(Arc<model::Zone>);

#[Object(use_type_description)]
impl DeliveryZone {
    /// The zone's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("DeliveryZone", self.0.id)
    }

    /// The zone's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The countries; the rest of the world is the last of them.
    async fn countries(&self) -> Vec<DeliveryCountry> {
        let rest = self.0.rest_of_world.then_some(DeliveryCountry(None));
        self.0.countries.iter().map(|country| DeliveryCountry(Some(*country))).chain(rest).collect()
    }

    /// The ways of delivery.
    async fn method_definitions(&self) -> Vec<DeliveryMethodDefinition> {
        self.0.rates.iter().cloned().map(DeliveryMethodDefinition).collect()
    }
}

/// A country of a zone, or the rest of the world.
#[derive(Clone, Copy, Debug, Description)]
pub struct DeliveryCountry(Option<Country>);

#[Object(use_type_description)]
impl DeliveryCountry {
    /// Which country.
    async fn code(&self) -> DeliveryCountryCodeOrRestOfWorld {
        DeliveryCountryCodeOrRestOfWorld { country_code: self.0, rest_of_world: self.0.is_none() }
    }

    /// Its English name.
    async fn name(&self) -> &str {
        self.0.map_or("Rest of world", Country::name)
    }
}

/// A country's code, or the rest of the world.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct DeliveryCountryCodeOrRestOfWorld {
    /// The country's code.
    country_code: Option<Country>,
    /// Whether it is every country that no zone of the profile names.
    rest_of_world: bool,
}

/// A way of delivery.
#[derive(Clone, Debug, Description)]
pub struct DeliveryMethodDefinition(Arc<model::Rate>);

#[Object(use_type_description)]
impl DeliveryMethodDefinition {
    /// The way's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("DeliveryMethodDefinition", self.0.id)
    }

    /// Its name, which buyers see.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether buyers are offered it.
    async fn active(&self) -> bool {
        true
    }

    /// What it costs.
    async fn rate_provider(&self) -> DeliveryRateProvider {
        DeliveryRateProvider::DeliveryRateDefinition(DeliveryRateDefinition(self.0.clone()))
    }
}

/// Who says what a delivery costs.
#[derive(Clone, Debug, Union)]
pub enum DeliveryRateProvider {
    DeliveryRateDefinition(DeliveryRateDefinition),
}

/// A flat price.
#[derive(Clone, Debug, Description)]
pub struct DeliveryRateDefinition(Arc<model::Rate>);

#[Object(use_type_description)]
impl DeliveryRateDefinition {
    /// The price's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("DeliveryRateDefinition", self.0.id)
    }

    /// What a delivery costs, whatever is in it.
    async fn price(&self, ctx: &Context<'_>) -> MoneyV2 {
        ctx.scope().money(self.0.price_minor)
    }
}
