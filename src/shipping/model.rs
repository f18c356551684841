//! Delivery profiles, and what they come to for one country.

use std::sync::Arc;

use uuid::Uuid;

use crate::country::Country;

/// A named set of zones.
#[derive(Clone, Debug)]
pub struct Profile {
    pub id: Uuid,
    pub name: String,
    pub zones: Vec<Arc<Zone>>,
}

/// Countries that are delivered to at the same rates.
#[derive(Clone, Debug)]
pub struct Zone {
    pub id: Uuid,
    pub name: String,
    pub countries: Vec<Country>,
    /// Also serves every country that no zone of the profile names.
    pub rest_of_world: bool,
    pub rates: Vec<Arc<Rate>>,
}

/// A way of delivery at a flat price.
#[derive(Clone, Debug)]
pub struct Rate {
    pub id: Uuid,
    pub name: String,
    pub price_minor: i64,
}

/// A profile as it should be. Parts with an id stay what they are, parts without are new, parts that are not
/// mentioned go.
#[derive(Clone, Debug)]
pub struct NewProfile {
    pub name: String,
    pub zones: Vec<NewZone>,
}

#[derive(Clone, Debug)]
pub struct NewZone {
    pub id: Option<Uuid>,
    pub name: String,
    pub countries: Vec<Country>,
    pub rest_of_world: bool,
    pub rates: Vec<NewRate>,
}

#[derive(Clone, Debug)]
pub struct NewRate {
    pub id: Option<Uuid>,
    pub name: String,
    pub price_minor: i64,
}

impl NewProfile {
    /// One zone with one rate: what provisioning gives a new shop.
    pub fn flat(name: &str, countries: &[Country], rest_of_world: bool, rate: &str, price_minor: i64) -> Self {
        let rates = vec![NewRate { id: None, name: rate.to_owned(), price_minor }];
        let zone = NewZone { id: None, name: name.to_owned(), countries: countries.to_vec(), rest_of_world, rates };
        Self { name: name.to_owned(), zones: vec![zone] }
    }
}

/// One way in which a cart can be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOption {
    /// Names the option for as long as its rate exists.
    pub handle: String,
    pub title: String,
    pub price_minor: i64,
}

/// The option that counts: the one chosen, while it is on offer, otherwise the first.
pub fn selected<'a>(options: &'a [DeliveryOption], handle: Option<&str>) -> Option<&'a DeliveryOption> {
    options.iter().find(|option| Some(option.handle.as_str()) == handle).or_else(|| options.first())
}

/// A rate that may serve a country: directly, or by its zone's standing in for the rest of the world.
pub(super) struct Candidate {
    pub profile_id: Uuid,
    pub named: bool,
    pub rate: Rate,
}

/// The options out of the candidates, the cheapest first. A profile that names the country does not offer it the
/// rates of its rest of the world.
pub(super) fn options(candidates: Vec<Candidate>) -> Vec<DeliveryOption> {
    let naming: Vec<Uuid> = candidates.iter().filter(|c| c.named).map(|c| c.profile_id).collect();
    let mut rates: Vec<Rate> =
        candidates.into_iter().filter(|c| c.named || !naming.contains(&c.profile_id)).map(|c| c.rate).collect();
    rates.sort_by_key(|rate| (rate.price_minor, rate.id));
    rates
        .into_iter()
        .map(|rate| DeliveryOption {
            handle: rate.id.simple().to_string(),
            title: rate.name,
            price_minor: rate.price_minor,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(profile: u128, named: bool, rate: u128, price_minor: i64) -> Candidate {
        let rate = Rate { id: Uuid::from_u128(rate), name: format!("rate {rate}"), price_minor };
        Candidate { profile_id: Uuid::from_u128(profile), named, rate }
    }

    fn prices(options: &[DeliveryOption]) -> Vec<i64> {
        options.iter().map(|option| option.price_minor).collect()
    }

    #[test]
    fn options_come_from_every_profile_with_the_cheapest_first() {
        let found = options(vec![candidate(1, true, 1, 990), candidate(1, true, 2, 490), candidate(2, false, 3, 700)]);
        assert_eq!(prices(&found), [490, 700, 990]);
    }

    #[test]
    fn a_named_country_does_not_see_the_rest_of_the_world_of_its_profile() {
        let found = options(vec![candidate(1, true, 1, 990), candidate(1, false, 2, 1)]);
        assert_eq!(prices(&found), [990]);
    }

    #[test]
    fn what_is_no_longer_offered_is_not_selected() {
        let found = options(vec![candidate(1, true, 1, 990), candidate(1, true, 2, 490)]);
        assert_eq!(selected(&found, Some(&found[1].handle)), Some(&found[1]));
        assert_eq!(selected(&found, Some("gone")), Some(&found[0]));
        assert_eq!(selected(&found, None), Some(&found[0]));
        assert_eq!(selected(&[], None), None);
    }
}
