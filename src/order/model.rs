//! What an order consists of.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rule::OrderRule;
use crate::address::Address;
use crate::attribute::Attribute;
use crate::inventory::model::StockChange;
use crate::money::{Currency, Money};

/// Declares an enum that is the same text in the database and in the schema.
macro_rules! status {
    ($(#[$meta:meta])* $name:ident, $graphql:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(name = $graphql)]
        pub enum $name {
            $($(#[$variant_meta])* #[graphql(name = $text)] $variant,)*
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub fn as_db(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            pub fn from_db(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_db() == text)
            }
        }
    };
}

status! {
    /// How far an order is paid.
    FinancialStatus, "OrderDisplayFinancialStatus" {
        /// Payment is expected, by other means.
        Pending = "PENDING",
        /// Paid in full.
        Paid = "PAID",
        /// Cancelled before it was paid.
        Voided = "VOIDED",
    }
}

status! {
    /// How much of an order has been sent.
    FulfillmentStatus, "OrderDisplayFulfillmentStatus" {
        /// Nothing yet.
        Unfulfilled = "UNFULFILLED",
        /// Some of it.
        PartiallyFulfilled = "PARTIALLY_FULFILLED",
        /// All of it.
        Fulfilled = "FULFILLED",
    }
}

status! {
    /// Why an order was cancelled.
    CancelReason, "OrderCancelReason" {
        /// The customer asked for it.
        Customer = "CUSTOMER",
        /// The payment was declined.
        Declined = "DECLINED",
        /// It looked fraudulent.
        Fraud = "FRAUD",
        /// There was not enough stock.
        Inventory = "INVENTORY",
        /// Another reason.
        Other = "OTHER",
        /// Staff made a mistake.
        Staff = "STAFF",
    }
}

status! {
    /// What a line of an order's history tells.
    HistoryKind, "OrderEventKind" {
        /// The order was placed.
        Created = "CREATED",
        /// It was paid.
        Paid = "PAID",
        /// It was cancelled.
        Cancelled = "CANCELLED",
        /// Something of it was sent.
        Fulfilled = "FULFILLED",
        /// Something else changed.
        Updated = "UPDATED",
    }
}

/// An order without its lines.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: Uuid,
    pub number: i32,
    /// Who bought; none: a guest.
    pub customer_id: Option<Uuid>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub shipping_address: Option<Address>,
    pub delivery_title: Option<String>,
    pub currency: Currency,
    pub subtotal_minor: i64,
    pub shipping_minor: i64,
    pub total_minor: i64,
    /// What the platform takes of it; none: it was placed before there were fees.
    pub platform_fee_minor: Option<i64>,
    pub financial_status: FinancialStatus,
    pub fulfillment_status: FulfillmentStatus,
    pub gateway: String,
    pub note: Option<String>,
    pub attributes: Vec<Attribute>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub cancel_reason: Option<CancelReason>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Order {
    /// `#1001`.
    pub fn name(&self) -> String {
        format!("#{}", self.number)
    }

    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

/// An order as the books see it: what stands in it for good, or changes once, so that it says years later what its events
/// said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    pub order_id: Uuid,
    pub currency: Currency,
    /// What the platform takes of it.
    pub fee_minor: i64,
    pub created_at: DateTime<Utc>,
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// A variant's value for one option, as it was sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldOption {
    pub name: String,
    pub value: String,
}

/// Units taken from one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockTaken {
    pub location_id: Uuid,
    pub quantity: i32,
}

/// One line of an order: a copy of what was sold.
#[derive(Clone, Debug)]
pub struct OrderLine {
    pub id: Uuid,
    pub order_id: Uuid,
    pub position: i32,
    pub product_id: Uuid,
    pub variant_id: Uuid,
    pub title: String,
    pub variant_title: String,
    pub sku: Option<String>,
    pub options: Vec<SoldOption>,
    pub attributes: Vec<Attribute>,
    pub unit_price_minor: i64,
    pub quantity: i32,
    pub line_total_minor: i64,
    pub requires_shipping: bool,
    /// Where its units came from, and go back to.
    pub stock: Vec<StockTaken>,
    /// How many have been sent.
    pub fulfilled: i32,
}

impl OrderLine {
    /// How many are still to be sent.
    pub fn unfulfilled(&self) -> i32 {
        self.quantity - self.fulfilled
    }
}

/// An order's lines in their order; shared by everyone who asked.
pub type OrderLines = Arc<[Arc<OrderLine>]>;

/// One line of an order's history.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    pub id: Uuid,
    pub order_id: Uuid,
    pub kind: HistoryKind,
    pub message: String,
    pub actor: String,
    pub created_at: DateTime<Utc>,
}

/// A parcel's tracking, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    pub company: Option<String>,
    pub number: Option<String>,
    pub url: Option<String>,
}

/// An order is sent in at most so many fulfillments, the last of which holds all that is left: what is told of an
/// order shows them all.
pub const MAX_FULFILLMENTS: usize = 250;

/// Something that was sent.
#[derive(Clone, Debug)]
pub struct Fulfillment {
    pub id: Uuid,
    pub order_id: Uuid,
    pub tracking: Tracking,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Order lines' ids with how many of each.
    pub lines: Vec<(Uuid, i32)>,
}

/// A line to be sent: no id when the one given is no line's.
#[derive(Clone, Debug)]
pub struct SendLine {
    pub line_id: Option<Uuid>,
    pub quantity: i32,
    /// Where the input names it.
    pub field: Vec<String>,
}

impl SendLine {
    fn part(&self, name: &str) -> Vec<String> {
        self.field.iter().cloned().chain([name.to_owned()]).collect()
    }
}

/// The units that an order's lines took, as changes that put them back.
pub fn stock_of(lines: &[OrderLine]) -> Vec<StockChange> {
    let back = |line: &OrderLine, taken: &StockTaken| StockChange {
        variant_id: line.variant_id,
        location_id: taken.location_id,
        delta: taken.quantity,
    };
    lines.iter().flat_map(|line| line.stock.iter().map(move |taken| back(line, taken))).collect()
}

/// Which lines are sent, and how many of each: what was asked for, or all that is left.
pub fn send(lines: &[OrderLine], wanted: Option<&[SendLine]>) -> Result<Vec<(Uuid, i32)>, OrderRule> {
    let left = lines.iter().filter(|line| line.unfulfilled() > 0);
    let all: Vec<(Uuid, i32)> = left.map(|line| (line.id, line.unfulfilled())).collect();
    if all.is_empty() {
        return Err(OrderRule::NothingToFulfill);
    }
    let Some(wanted) = wanted else { return Ok(all) };
    let mut sent: Vec<(Uuid, i32)> = Vec::with_capacity(wanted.len());
    for wish in wanted {
        let line = lines.iter().find(|line| Some(line.id) == wish.line_id);
        let Some(line) = line else { return Err(OrderRule::LineNotFound { field: wish.part("id") }) };
        let before: i32 = sent.iter().filter(|(id, _)| *id == line.id).map(|(_, quantity)| quantity).sum();
        let left = line.unfulfilled() - before;
        if !(1..=left).contains(&wish.quantity) {
            return Err(OrderRule::InvalidQuantity { left, field: wish.part("quantity") });
        }
        match sent.iter_mut().find(|(id, _)| *id == line.id) {
            Some((_, quantity)) => *quantity += wish.quantity,
            None => sent.push((line.id, wish.quantity)),
        }
    }
    if sent.is_empty() { Err(OrderRule::NothingToFulfill) } else { Ok(sent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u128, quantity: i32, fulfilled: i32) -> OrderLine {
        OrderLine {
            id: Uuid::from_u128(id),
            order_id: Uuid::nil(),
            position: 1,
            product_id: Uuid::nil(),
            variant_id: Uuid::from_u128(id),
            title: "Mug".into(),
            variant_title: String::new(),
            sku: None,
            options: Vec::new(),
            attributes: Vec::new(),
            unit_price_minor: 100,
            quantity,
            line_total_minor: 100 * i64::from(quantity),
            requires_shipping: true,
            stock: Vec::new(),
            fulfilled,
        }
    }

    fn wish(id: u128, quantity: i32) -> SendLine {
        SendLine { line_id: Some(Uuid::from_u128(id)), quantity, field: Vec::new() }
    }

    #[test]
    fn everything_that_is_left_is_sent_unless_someone_says_otherwise() {
        let lines = [line(1, 3, 1), line(2, 1, 1), line(3, 2, 0)];
        assert_eq!(send(&lines, None).unwrap(), [(Uuid::from_u128(1), 2), (Uuid::from_u128(3), 2)]);
        assert_eq!(send(&lines, Some(&[wish(3, 1), wish(3, 1)])).unwrap(), [(Uuid::from_u128(3), 2)]);
        assert_eq!(send(&[line(1, 1, 1)], None), Err(OrderRule::NothingToFulfill));
    }

    #[test]
    fn no_more_is_sent_than_is_left() {
        let lines = [line(1, 3, 1)];
        for bad in [vec![wish(1, 3)], vec![wish(1, 0)], vec![wish(1, -1)], vec![wish(1, 1), wish(1, 2)]] {
            assert!(matches!(send(&lines, Some(&bad)), Err(OrderRule::InvalidQuantity { .. })), "{bad:?}");
        }
        assert!(matches!(send(&lines, Some(&[wish(9, 1)])), Err(OrderRule::LineNotFound { .. })));
    }
}
