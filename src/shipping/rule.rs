//! What shipping refuses.

use crate::country::Country;

/// A refusal, with the path of the input that caused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct ShippingRule {
    pub refusal: Refusal,
    pub field: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such delivery profile.")]
    ProfileNotFound,
    #[error("The delivery profile has no part with this id.")]
    PartNotFound,
    #[error("A name is needed.")]
    Blank,
    #[error("A name has at most 255 characters.")]
    TooLong,
    #[error("More than a delivery profile can have.")]
    TooMany,
    #[error("A zone needs at least one country, or the rest of the world.")]
    NoCountry,
    #[error("{} is in the profile twice; a country belongs to one zone.", .0.code())]
    CountryTwice(Country),
    #[error("Only one zone of a profile can serve the rest of the world.")]
    RestOfWorldTwice,
    #[error("A price lies between 0 and 1000000000000 of the currency's smallest unit.")]
    PriceOutOfRange,
    #[error("The price {0}.")]
    BadPrice(String),
    #[error("Prices are in the shop's currency, {0}.")]
    OtherCurrency(String),
}
