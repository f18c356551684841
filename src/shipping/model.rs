//! Delivery profiles, and what they come to for one country.

use std::collections::HashSet;
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

/// What may serve a country: directly, or by its zone's standing in for the rest of the world.
pub(super) struct Candidate {
    pub profile_id: Uuid,
    pub named: bool,
    /// None: the zone has no rates.
    pub rate: Option<Rate>,
}

/// The options out of the candidates, the cheapest first. A profile that names the country does not offer it the
/// rates of its rest of the world, even if it has no others: that is how a merchant excepts a country.
pub(super) fn options(candidates: Vec<Candidate>) -> Vec<DeliveryOption> {
    let naming: Vec<Uuid> = candidates.iter().filter(|c| c.named).map(|c| c.profile_id).collect();
    let counts = |candidate: &Candidate| candidate.named || !naming.contains(&candidate.profile_id);
    let mut rates: Vec<Rate> = candidates.into_iter().filter(counts).filter_map(|candidate| candidate.rate).collect();
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

/// What a zone says of a country that it names, or of none.
pub(super) struct Reach {
    pub profile_id: Uuid,
    pub country: Option<Country>,
    pub rest_of_world: bool,
    pub has_rates: bool,
}

/// The countries that have an option, in the order of their codes: as [`options`] has it for each of them.
pub(super) fn delivered_to(reaches: &[Reach]) -> Vec<Country> {
    let named: HashSet<(Uuid, Country)> = reaches.iter().filter_map(|r| Some((r.profile_id, r.country?))).collect();
    let priced: HashSet<Country> = reaches.iter().filter(|r| r.has_rates).filter_map(|r| r.country).collect();
    let rest: HashSet<Uuid> = reaches.iter().filter(|r| r.rest_of_world && r.has_rates).map(|r| r.profile_id).collect();
    let is_served = |country: &Country| {
        priced.contains(country) || rest.iter().any(|profile| !named.contains(&(*profile, *country)))
    };
    Country::EVERY.iter().copied().filter(|country| *country != Country::ZZ).filter(is_served).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(profile: u128, named: bool, rate: u128, price_minor: i64) -> Candidate {
        let rate = Rate { id: Uuid::from_u128(rate), name: format!("rate {rate}"), price_minor };
        Candidate { profile_id: Uuid::from_u128(profile), named, rate: Some(rate) }
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
    fn a_country_that_is_named_without_a_rate_is_excepted_from_its_profile_alone() {
        let excepted = || Candidate { rate: None, ..candidate(1, true, 0, 0) };
        assert_eq!(options(vec![excepted(), candidate(1, false, 2, 100)]), []);
        assert_eq!(prices(&options(vec![excepted(), candidate(2, false, 2, 100)])), [100]);
    }

    #[test]
    fn the_countries_are_those_that_have_an_option() {
        let reach = |profile, country: Option<Country>, rest_of_world, has_rates| Reach {
            profile_id: Uuid::from_u128(profile),
            country,
            rest_of_world,
            has_rates,
        };
        let everywhere = Country::EVERY.len() - 1;
        let excepted = [reach(1, None, true, true), reach(1, Some(Country::DE), false, false)];
        let served = delivered_to(&excepted);
        assert_eq!((served.len(), served.contains(&Country::DE)), (everywhere - 1, false));
        let [rest, named] = excepted;
        assert_eq!(delivered_to(&[rest, named, reach(2, Some(Country::DE), false, true)]).len(), everywhere);
        assert_eq!(delivered_to(&[reach(1, Some(Country::DE), true, false)]), []);
        assert_eq!(delivered_to(&[reach(1, Some(Country::DE), false, true)]), [Country::DE]);
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
