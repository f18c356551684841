//! The cart and its arithmetic.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::address::Address;
use crate::attribute::Attribute;
use crate::country::Country;
use crate::shipping::model::DeliveryOption;

/// At most this many lines a cart, and this many of one line.
pub const MAX_LINES: usize = 500;
pub const MAX_QUANTITY: i32 = 1_000_000;

/// A cart with its lines and addresses, in their order.
#[derive(Clone, Debug)]
pub struct Cart {
    pub id: Uuid,
    /// Whose it is: nobody else's access token ties it from then on. None: a guest's.
    pub customer_id: Option<Uuid>,
    pub note: String,
    pub attributes: Attributes,
    pub discount_codes: Vec<String>,
    pub buyer: Buyer,
    pub lines: Vec<Arc<Line>>,
    pub addresses: Vec<Arc<CartAddress>>,
    /// The delivery option that the buyer chose; it counts while the address has it to offer.
    pub delivery_handle: Option<String>,
    /// Set by the checkout: from then on the cart reads as null and takes no change.
    pub completed_at: Option<DateTime<Utc>>,
    pub order_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What the buyer says of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buyer {
    pub email: Option<String>,
    pub phone: Option<String>,
    pub country: Option<Country>,
}

/// So many of one variant, with the buyer's own remarks.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: Uuid,
    pub merchandise: Merchandise,
    pub quantity: i32,
    pub attributes: Attributes,
    pub position: i32,
}

/// What a cart and a checkout need to know of a variant, as it is now.
#[derive(Clone, Debug)]
pub struct Merchandise {
    pub variant_id: Uuid,
    pub product_id: Uuid,
    pub product_title: String,
    pub vendor: String,
    pub variant_title: String,
    pub sku: Option<String>,
    /// Minor units of the shop's currency, taxes included.
    pub price_minor: i64,
    pub compare_at_minor: Option<i64>,
    pub weight_grams: i32,
    pub requires_shipping: bool,
    pub taxable: bool,
    pub tracked: bool,
    pub may_oversell: bool,
    /// Units free to sell, over all locations.
    pub available: i64,
}

impl Merchandise {
    /// How many can be bought at most; none: as many as anyone wants.
    pub fn limit(&self) -> Option<i64> {
        (self.tracked && !self.may_oversell).then_some(self.available.max(0))
    }
}

/// An address of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartAddress {
    pub id: Uuid,
    pub address: Arc<Address>,
    /// Where the cart goes: at most one.
    pub selected: bool,
    /// Not to be kept in the buyer's address book.
    pub one_time_use: bool,
    pub position: i32,
}

/// The buyer's own key and value pairs, in their order; a key is there once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(pub Vec<Attribute>);

impl Attributes {
    /// The pairs given; of pairs with the same key the last counts.
    pub fn new(pairs: Vec<Attribute>) -> Self {
        let mut unique: Vec<Attribute> = Vec::with_capacity(pairs.len());
        for pair in pairs {
            match unique.iter_mut().find(|known| known.key == pair.key) {
                Some(known) => known.value = pair.value,
                None => unique.push(pair),
            }
        }
        Self(unique)
    }

    /// How long they are as JSON; nothing when there are none.
    pub fn json_len(&self) -> usize {
        if self.0.is_empty() { 0 } else { serde_json::to_vec(self).map_or(usize::MAX, |json| json.len()) }
    }

    pub fn get(&self, key: &str) -> Option<&Attribute> {
        self.0.iter().find(|pair| pair.key == key)
    }
}

impl PartialEq for Attributes {
    /// The order does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|pair| other.get(&pair.key) == Some(pair))
    }
}

/// What a cart comes to, in minor units. Taxes are included in prices: `tax` is no addend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: i64,
    pub shipping: i64,
    pub tax: i64,
    pub total: i64,
}

impl Totals {
    /// Adds up exactly; what lies beyond 64 bits stays at the end of the scale (see [`MAX_TOTAL`]).
    pub fn of(lines: &[Arc<Line>], shipping: i64) -> Self {
        let subtotal = lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.total()));
        Self { subtotal, shipping, tax: 0, total: subtotal.saturating_add(shipping) }
    }
}

/// No cart may come to more than that: far from the end of the scale, so that sums stay exact.
pub const MAX_TOTAL: i64 = 1_000_000_000_000_000;

impl Line {
    /// What the line costs.
    pub fn total(&self) -> i64 {
        self.merchandise.price_minor.saturating_mul(i64::from(self.quantity))
    }
}

impl Cart {
    /// A cart with nothing in it.
    pub fn empty(id: Uuid, now: DateTime<Utc>) -> Self {
        Self {
            id,
            customer_id: None,
            note: String::new(),
            attributes: Attributes::default(),
            discount_codes: vec![],
            buyer: Buyer::default(),
            lines: vec![],
            addresses: vec![],
            delivery_handle: None,
            completed_at: None,
            order_id: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The sum of the lines.
    pub fn subtotal(&self) -> i64 {
        Totals::of(&self.lines, 0).subtotal
    }

    /// What the cart comes to with the delivery option that counts.
    pub fn totals(&self, delivery: Option<&DeliveryOption>) -> Totals {
        Totals::of(&self.lines, delivery.map_or(0, |option| option.price_minor))
    }

    /// How many things are in it.
    pub fn quantity(&self) -> i32 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.quantity))
    }

    /// Where it goes.
    pub fn destination(&self) -> Option<&Arc<CartAddress>> {
        self.addresses.iter().find(|address| address.selected)
    }

    /// Whether anything in it has to be delivered.
    pub fn requires_shipping(&self) -> bool {
        self.lines.iter().any(|line| line.merchandise.requires_shipping)
    }

    /// The country whose delivery options matter: the destination's, when something has to get there.
    pub fn ships_to(&self) -> Option<Country> {
        self.destination().filter(|_| self.requires_shipping()).map(|address| address.address.country)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in crate::cart) fn merchandise(variant: u128, price_minor: i64) -> Merchandise {
        Merchandise {
            variant_id: Uuid::from_u128(variant),
            product_id: Uuid::from_u128(1),
            product_title: "Product".into(),
            vendor: String::new(),
            variant_title: "Default Title".into(),
            sku: None,
            price_minor,
            compare_at_minor: None,
            weight_grams: 0,
            requires_shipping: true,
            taxable: true,
            tracked: false,
            may_oversell: false,
            available: 0,
        }
    }

    fn line(price_minor: i64, quantity: i32) -> Arc<Line> {
        let attributes = Attributes::default();
        Arc::new(Line { id: Uuid::nil(), merchandise: merchandise(1, price_minor), quantity, attributes, position: 1 })
    }

    fn pairs(pairs: &[(&str, &str)]) -> Attributes {
        Attributes::new(pairs.iter().map(|(k, v)| Attribute { key: (*k).into(), value: Some((*v).into()) }).collect())
    }

    #[test]
    fn attributes_are_equal_in_any_order_and_keep_the_last_value_of_a_key() {
        assert_eq!(pairs(&[("a", "1"), ("b", "2")]), pairs(&[("b", "2"), ("a", "1")]));
        assert_ne!(pairs(&[("a", "1")]), pairs(&[("a", "2")]));
        assert_ne!(pairs(&[("a", "1")]), pairs(&[("a", "1"), ("b", "2")]));
        assert_eq!(pairs(&[("a", "1"), ("a", "2")]), pairs(&[("a", "2")]));
    }

    proptest! {
        #[test]
        fn totals_are_the_exact_sum_of_the_lines_and_the_delivery(
            lines in prop::collection::vec((0_i64..=1_000_000_000_000, 1_i32..=1_000), 0..20),
            shipping in 0_i64..=1_000_000_000_000,
        ) {
            let cart: Vec<_> = lines.iter().map(|(price, quantity)| line(*price, *quantity)).collect();
            let exact: i128 = lines.iter().map(|(price, quantity)| i128::from(*price) * i128::from(*quantity)).sum();
            let totals = Totals::of(&cart, shipping);
            prop_assert_eq!(i128::from(totals.subtotal), exact);
            prop_assert_eq!(i128::from(totals.total), exact + i128::from(shipping));
            prop_assert_eq!(totals.shipping, shipping);
        }

        #[test]
        fn totals_never_wrap(prices in prop::collection::vec(any::<i64>().prop_map(|n| n & i64::MAX), 0..500)) {
            let cart: Vec<_> = prices.iter().map(|price| line(*price, MAX_QUANTITY)).collect();
            let totals = Totals::of(&cart, i64::MAX);
            prop_assert!(totals.subtotal >= 0 && totals.total >= totals.subtotal);
        }
    }
}
