//! What becomes an order once it is paid. Kept as JSON with a payment attempt: fields may be added with a default,
//! never renamed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{SoldOption, StockTaken};
use crate::address::Address;
use crate::attribute::Attribute;
use crate::inventory::model::StockChange;
use crate::money::Currency;
use crate::plan::model::Fee;

/// An order before it has a number: what is settled once it is paid. Kept with the payment attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDraft {
    pub order_id: Uuid,
    pub cart_id: Uuid,
    pub token_hash: [u8; 32],
    pub gateway: String,
    /// Who checked out, for the history.
    pub actor: String,
    pub currency: Currency,
    /// Who buys; none: a guest.
    #[serde(default)]
    pub customer_id: Option<Uuid>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub shipping_address: Option<Address>,
    pub delivery_title: Option<String>,
    pub subtotal_minor: i64,
    pub shipping_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    /// What the platform takes of it; none: the draft is an older version's, which took nothing.
    #[serde(default)]
    pub platform_fee: Option<PlatformFee>,
    pub note: Option<String>,
    pub attributes: Vec<Attribute>,
    pub lines: Vec<DraftLine>,
}

/// What the platform takes of an order, by the terms that were in force when its buyer checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformFee {
    pub terms: Fee,
    /// What they come to.
    pub minor: i64,
}

/// One line of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
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
    /// Where its units are taken from; empty when they are not counted.
    pub stock: Vec<StockTaken>,
}

impl OrderDraft {
    /// The stock it takes, one change per line and location.
    pub fn stock_changes(&self, sign: i32) -> Vec<StockChange> {
        let change = |line: &DraftLine, taken: &StockTaken| StockChange {
            variant_id: line.variant_id,
            location_id: taken.location_id,
            delta: sign * taken.quantity,
        };
        self.lines.iter().flat_map(|line| line.stock.iter().map(move |taken| change(line, taken))).collect()
    }
}
