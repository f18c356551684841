//! The pure core: from what the cart holds and the shelves have to an order's draft.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::rule::CheckoutRule;
use crate::address::Address;
use crate::cart::model::{Cart, Line, MAX_TOTAL};
use crate::inventory::model::together;
use crate::money::Currency;
use crate::order::draft::{DraftLine, OrderDraft, PlatformFee};
use crate::order::model::{SoldOption, StockTaken};
use crate::plan::model::Fee;
use crate::shipping::model::{DeliveryOption, selected};

/// What the cart's lines are sold from.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Every line the cart has, also those that cannot be sold any more.
    pub lines: usize,
    /// A variant's options as they are called now.
    pub options: HashMap<Uuid, Vec<SoldOption>>,
    /// A variant's stock by location, the default one first.
    pub levels: HashMap<Uuid, Vec<Level>>,
}

/// So many at one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub location_id: Uuid,
    pub available: i32,
}

/// What a draft needs to know beside cart and shelf.
#[derive(Clone, Debug)]
pub struct Terms {
    pub order_id: Uuid,
    pub token_hash: [u8; 32],
    pub gateway: String,
    pub actor: String,
    pub currency: Currency,
    /// What the platform takes of it, as it is now.
    pub fee: Fee,
    /// Where stock of a variant that is sold on below zero is taken from when it lies nowhere.
    pub default_location_id: Uuid,
}

/// The order that the cart makes, or every reason why it makes none.
///
/// `options` are the ways of delivery to the cart's address; nobody looks at them when nothing is to be delivered.
pub fn draft(
    cart: &Cart,
    shelf: &Shelf,
    options: &[DeliveryOption],
    terms: Terms,
) -> Result<OrderDraft, Vec<CheckoutRule>> {
    let mut refused = Vec::new();
    if shelf.lines == 0 && cart.lines.is_empty() {
        return Err(vec![CheckoutRule::CartEmpty]);
    }
    // Fewer: something cannot be sold any more. More: something was deleted between the two looks.
    if cart.lines.len() != shelf.lines {
        refused.push(CheckoutRule::MerchandiseGone);
    }
    if cart.buyer.email.is_none() && cart.buyer.phone.is_none() {
        refused.push(CheckoutRule::ContactMissing);
    }
    if let Some(to) = cart.destination().filter(|_| cart.requires_shipping()) {
        refused.extend(to.address.missing().map(|part| CheckoutRule::AddressIncomplete { part: part.to_owned() }));
    }
    let delivery = delivery(cart, options).map_err(|rule| refused.push(rule)).ok().flatten();
    let totals = cart.totals(delivery);
    if totals.total > MAX_TOTAL {
        refused.push(CheckoutRule::TotalTooHigh);
    }
    let lines = sold_lines(cart, shelf, terms.default_location_id).map_err(|rules| refused.extend(rules));
    let Ok(lines) = lines else { return Err(refused) };
    if !refused.is_empty() {
        return Err(refused);
    }
    let shipping_address = cart.requires_shipping().then(|| cart.destination()).flatten();
    Ok(OrderDraft {
        order_id: terms.order_id,
        cart_id: cart.id,
        token_hash: terms.token_hash,
        gateway: terms.gateway,
        actor: terms.actor,
        currency: terms.currency,
        customer_id: cart.customer_id,
        email: cart.buyer.email.clone(),
        phone: cart.buyer.phone.clone(),
        shipping_address: shipping_address.map(|address| Address::clone(&address.address)),
        delivery_title: delivery.map(|option| option.title.clone()),
        subtotal_minor: totals.subtotal,
        shipping_minor: totals.shipping,
        tax_minor: totals.tax,
        total_minor: totals.total,
        platform_fee: Some(PlatformFee { terms: terms.fee, minor: terms.fee.of(totals.total) }),
        note: (!cart.note.is_empty()).then(|| cart.note.clone()),
        attributes: cart.attributes.0.clone(),
        lines,
    })
}

/// How the cart is delivered; none when nothing has to be.
fn delivery<'a>(cart: &Cart, options: &'a [DeliveryOption]) -> Result<Option<&'a DeliveryOption>, CheckoutRule> {
    if !cart.requires_shipping() {
        return Ok(None);
    }
    if cart.destination().is_none() {
        return Err(CheckoutRule::AddressMissing);
    }
    let chosen = selected(options, cart.delivery_handle.as_deref()).ok_or(CheckoutRule::NotDeliverable)?;
    // Another one than the buyer chose may cost more: that is theirs to decide.
    if cart.delivery_handle.as_ref().is_some_and(|handle| *handle != chosen.handle) {
        return Err(CheckoutRule::DeliveryOptionGone);
    }
    Ok(Some(chosen))
}

fn sold_lines(cart: &Cart, shelf: &Shelf, default_location_id: Uuid) -> Result<Vec<DraftLine>, Vec<CheckoutRule>> {
    let mut left = shelf.levels.clone();
    let mut refused = Vec::new();
    let mut sold = Vec::with_capacity(cart.lines.len());
    for line in &cart.lines {
        let levels = left.entry(line.merchandise.variant_id).or_default();
        match take(line, levels, default_location_id) {
            Ok(stock) => sold.push(sold_line(line, shelf, stock)),
            Err(rule) => refused.push(rule),
        }
    }
    if refused.is_empty() { Ok(sold) } else { Err(refused) }
}

/// Takes a line's units from the levels: from one location where one has enough, otherwise from several.
fn take(line: &Arc<Line>, levels: &mut Vec<Level>, default_location_id: Uuid) -> Result<Vec<StockTaken>, CheckoutRule> {
    let merchandise = &line.merchandise;
    if !merchandise.tracked {
        return Ok(Vec::new());
    }
    if let Some(level) = levels.iter_mut().find(|level| level.available >= line.quantity) {
        level.available -= line.quantity;
        return Ok(vec![StockTaken { location_id: level.location_id, quantity: line.quantity }]);
    }
    let available = levels.iter().map(|level| i64::from(level.available)).fold(0, together).max(0);
    if available < i64::from(line.quantity) && !merchandise.may_oversell {
        let title = merchandise.product_title.clone();
        return Err(CheckoutRule::NotEnoughStock { variant_id: merchandise.variant_id, title, available });
    }
    if levels.is_empty() {
        levels.push(Level { location_id: default_location_id, available: 0 });
    }
    let mut missing = line.quantity;
    let mut taken: Vec<StockTaken> = Vec::new();
    for level in levels.iter_mut() {
        let quantity = level.available.clamp(0, missing);
        if quantity > 0 {
            level.available -= quantity;
            missing -= quantity;
            taken.push(StockTaken { location_id: level.location_id, quantity });
        }
    }
    if missing > 0 {
        // Sold on below zero: the first location goes under.
        levels[0].available -= missing;
        match taken.iter_mut().find(|taken| taken.location_id == levels[0].location_id) {
            Some(first) => first.quantity += missing,
            None => taken.push(StockTaken { location_id: levels[0].location_id, quantity: missing }),
        }
    }
    Ok(taken)
}

fn sold_line(line: &Line, shelf: &Shelf, stock: Vec<StockTaken>) -> DraftLine {
    let merchandise = &line.merchandise;
    DraftLine {
        product_id: merchandise.product_id,
        variant_id: merchandise.variant_id,
        title: merchandise.product_title.clone(),
        variant_title: merchandise.variant_title.clone(),
        sku: merchandise.sku.clone(),
        options: shelf.options.get(&merchandise.variant_id).cloned().unwrap_or_default(),
        attributes: line.attributes.0.clone(),
        unit_price_minor: merchandise.price_minor,
        quantity: line.quantity,
        line_total_minor: line.total(),
        requires_shipping: merchandise.requires_shipping,
        stock,
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
