//! What the mutations of shipping take, and how it becomes the model's.

use async_graphql::{ID, InputObject};
use uuid::Uuid;

use crate::country::Country;
use crate::ids::Gid;
use crate::money::graphql::MoneyInput;
use crate::money::{Currency, Money};
use crate::shipping::model::{NewProfile, NewRate, NewZone};
use crate::shipping::rule::{Refusal, ShippingRule};

/// A delivery profile as it should be. In an update, parts with an id stay what they are, parts without are new,
/// and parts that are not mentioned go.
#[derive(Clone, Debug, InputObject)]
pub struct DeliveryProfileInput {
    /// The profile's name; left out in an update, it stays.
    name: Option<String>,
    /// Where it delivers; left out in an update, all zones stay.
    zones: Option<Vec<DeliveryProfileZoneInput>>,
}

/// A zone of a delivery profile.
#[derive(Clone, Debug, InputObject)]
pub struct DeliveryProfileZoneInput {
    /// The zone's global id, when it is there already.
    id: Option<ID>,
    /// The zone's name.
    name: String,
    /// Its countries. A country belongs to one zone of a profile.
    countries: Vec<DeliveryCountryInput>,
    /// The ways of delivery, at most 250.
    method_definitions: Vec<DeliveryMethodDefinitionInput>,
}

/// A country of a zone, or the rest of the world.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct DeliveryCountryInput {
    /// The country.
    code: Option<Country>,
    /// Whether the zone serves every country that no zone of the profile names.
    #[graphql(default_with = "Some(false)")]
    rest_of_world: Option<bool>,
}

/// A way of delivery.
#[derive(Clone, Debug, InputObject)]
pub struct DeliveryMethodDefinitionInput {
    /// The way's global id, when it is there already.
    id: Option<ID>,
    /// Its name, which buyers see.
    name: String,
    /// What it costs.
    rate_definition: DeliveryRateDefinitionInput,
}

/// A flat price.
#[derive(Clone, Debug, InputObject)]
pub struct DeliveryRateDefinitionInput {
    /// What a delivery costs, whatever is in it.
    price: MoneyInput,
}

/// The parts of a profile that were given.
pub struct Given {
    pub name: Option<String>,
    pub zones: Option<Vec<NewZone>>,
}

impl DeliveryProfileInput {
    pub fn into_model(self, currency: Currency) -> Result<Given, ShippingRule> {
        let zones = self.zones.map(|zones| {
            let zone = |(at, zone): (usize, DeliveryProfileZoneInput)| zone.into_model(at, currency);
            zones.into_iter().enumerate().map(zone).collect::<Result<_, _>>()
        });
        Ok(Given { name: self.name, zones: zones.transpose()? })
    }
}

impl Given {
    /// As a profile that is to be made.
    pub fn into_new(self) -> NewProfile {
        NewProfile { name: self.name.unwrap_or_default(), zones: self.zones.unwrap_or_default() }
    }
}

impl DeliveryProfileZoneInput {
    fn into_model(self, at: usize, currency: Currency) -> Result<NewZone, ShippingRule> {
        let field = |rest: &[&str]| -> Vec<String> {
            let start = ["profile", "zones"].map(str::to_owned).into_iter().chain([at.to_string()]);
            start.chain(rest.iter().map(ToString::to_string)).collect()
        };
        let id = own_id(self.id, "DeliveryZone", || field(&["id"]))?;
        let rate = |(nth, rate): (usize, DeliveryMethodDefinitionInput)| {
            let nth = nth.to_string();
            let in_rate = |rest: &[&str]| field(&[&["methodDefinitions", &nth], rest].concat());
            let id = own_id(rate.id, "DeliveryMethodDefinition", || in_rate(&["id"]))?;
            let price_minor =
                rate.rate_definition.price.into_minor(currency, || in_rate(&["rateDefinition", "price"]))?;
            Ok(NewRate { id, name: rate.name, price_minor })
        };
        Ok(NewZone {
            id,
            name: self.name,
            countries: self.countries.iter().filter_map(|country| country.code).collect(),
            rest_of_world: self.countries.iter().any(|country| country.rest_of_world == Some(true)),
            rates: self.method_definitions.into_iter().enumerate().map(rate).collect::<Result<_, ShippingRule>>()?,
        })
    }
}

/// The uuid of an id that is given; an id of something else is no part of any profile.
fn own_id(id: Option<ID>, kind: &str, field: impl Fn() -> Vec<String>) -> Result<Option<Uuid>, ShippingRule> {
    id.map(|id| Gid::of(&id, kind).ok_or_else(|| ShippingRule { refusal: Refusal::PartNotFound, field: field() }))
        .transpose()
}

impl MoneyInput {
    fn into_minor(self, currency: Currency, field: impl Fn() -> Vec<String>) -> Result<i64, ShippingRule> {
        let refused = |refusal: Refusal, last: &str| {
            let field = field().into_iter().chain([last.to_owned()]).collect();
            ShippingRule { refusal, field }
        };
        if self.currency_code != currency {
            return Err(refused(Refusal::OtherCurrency(currency.code().to_owned()), "currencyCode"));
        }
        let money = Money::parse(&self.amount.0, currency);
        money.map(|money| money.minor).map_err(|error| refused(Refusal::BadPrice(error.to_string()), "amount"))
    }
}
