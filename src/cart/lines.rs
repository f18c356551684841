//! Changes of a cart's lines, without I/O.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::details::{check_all_attributes, check_attributes};
use super::model::{Attributes, Cart, Line, MAX_LINES, MAX_QUANTITY, MAX_TOTAL, Merchandise};
use super::rule::{CartErrorCode, CartRule, CartWarningCode, Field, Target, Warning};
use crate::attribute::Attribute;

/// A line as it was asked for.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// None: the id given is no variant's.
    pub variant_id: Option<Uuid>,
    pub quantity: i32,
    pub attributes: Vec<Attribute>,
    pub extras: Extras,
}

/// A change of a line; what is none stays.
#[derive(Clone, Debug)]
pub struct LineUpdate {
    /// None: the id given is no line's.
    pub id: Option<Uuid>,
    /// Some(None): the id given is no variant's.
    pub variant_id: Option<Option<Uuid>>,
    pub quantity: Option<i32>,
    pub attributes: Option<Vec<Attribute>>,
    pub extras: Extras,
}

/// What lines can be asked to have in the vocabulary and do not have here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    pub selling_plan: bool,
    pub parent: bool,
}

impl Extras {
    fn check(self, field: &Field<'_>) -> Result<(), CartRule> {
        if self.selling_plan {
            let message = "Nothing here is sold by a selling plan.";
            return Err(field.get("sellingPlanId").refuse(CartErrorCode::SellingPlanNotApplicable, message));
        }
        if self.parent {
            let message = "Lines cannot belong to other lines here.";
            return Err(field.get("parent").refuse(CartErrorCode::ParentLineInvalidReference, message));
        }
        Ok(())
    }
}

/// The variants that can be sold now, of those that a change names.
pub type Known = HashMap<Uuid, Merchandise>;

/// Adds lines; more of what is there already makes its line longer.
pub fn add(
    cart: &mut Cart,
    known: &Known,
    new: &[NewLine],
    field: &Field<'_>,
    mut next_id: impl FnMut() -> Uuid,
) -> Result<Vec<Warning>, CartRule> {
    let mut touched = Vec::with_capacity(new.len());
    for (at, new) in new.iter().enumerate() {
        let field = field.nth(at);
        let merchandise = find(known, new.variant_id, &field)?;
        let quantity = check_quantity(new.quantity, 1, &field)?;
        let attributes = check_attributes(&new.attributes, &field.get("attributes"))?;
        new.extras.check(&field)?;
        let same = cart.lines.iter_mut().find(|line| line.is(merchandise.variant_id, &attributes));
        if let Some(line) = same {
            let line = Arc::make_mut(line);
            line.quantity = check_quantity(line.quantity.saturating_add(quantity), 1, &field)?;
            touched.push(line.id);
            continue;
        }
        if cart.lines.len() >= MAX_LINES {
            let message = format!("A cart has at most {MAX_LINES} lines.");
            return Err(field.refuse(CartErrorCode::CartTooLarge, message));
        }
        let position = cart.lines.last().map_or(1, |last| last.position.saturating_add(1));
        let line = Line { id: next_id(), merchandise: merchandise.clone(), quantity, attributes, position };
        touched.push(line.id);
        cart.lines.push(Arc::new(line));
    }
    settle(cart, &touched, field)
}

/// Changes lines; a quantity of 0 removes one, and lines that become alike become one.
pub fn update(
    cart: &mut Cart,
    known: &Known,
    updates: &[LineUpdate],
    field: &Field<'_>,
) -> Result<Vec<Warning>, CartRule> {
    let mut touched = Vec::with_capacity(updates.len());
    for (at, update) in updates.iter().enumerate() {
        let field = field.nth(at);
        let place = place_of(cart, update.id, &field.get("id"))?;
        let quantity = update.quantity.map(|quantity| check_quantity(quantity, 0, &field)).transpose()?;
        update.extras.check(&field)?;
        if quantity == Some(0) {
            cart.lines.remove(place);
            continue;
        }
        let line = Arc::make_mut(&mut cart.lines[place]);
        if let Some(variant_id) = update.variant_id {
            line.merchandise = find(known, variant_id, &field)?.clone();
        }
        if let Some(attributes) = &update.attributes {
            line.attributes = check_attributes(attributes, &field.get("attributes"))?;
        }
        if let Some(quantity) = quantity {
            line.quantity = quantity;
        }
        touched.push(line.id);
    }
    merge_alike(cart, &touched, field)?;
    settle(cart, &touched, field)
}

/// Removes lines.
pub fn remove(cart: &mut Cart, ids: &[Option<Uuid>], field: &Field<'_>) -> Result<(), CartRule> {
    for (at, id) in ids.iter().enumerate() {
        let place = place_of(cart, *id, &field.nth(at))?;
        cart.lines.remove(place);
    }
    Ok(())
}

impl Line {
    /// Whether more of this would be the same line.
    fn is(&self, variant_id: Uuid, attributes: &Attributes) -> bool {
        self.merchandise.variant_id == variant_id && self.attributes == *attributes
    }
}

fn find<'a>(known: &'a Known, variant_id: Option<Uuid>, field: &Field<'_>) -> Result<&'a Merchandise, CartRule> {
    variant_id.and_then(|id| known.get(&id)).ok_or_else(|| {
        let message = "There is no such merchandise.";
        field.get("merchandiseId").refuse(CartErrorCode::InvalidMerchandiseLine, message)
    })
}

fn place_of(cart: &Cart, id: Option<Uuid>, field: &Field<'_>) -> Result<usize, CartRule> {
    let place = id.and_then(|id| cart.lines.iter().position(|line| line.id == id));
    place.ok_or_else(|| field.refuse(CartErrorCode::InvalidMerchandiseLine, "The cart has no such line."))
}

fn check_quantity(quantity: i32, least: i32, field: &Field<'_>) -> Result<i32, CartRule> {
    if quantity < least {
        let message = format!("The quantity is {quantity}; it has to be at least {least}.");
        return Err(field.get("quantity").refuse(CartErrorCode::MinimumNotMet, message));
    }
    if quantity > MAX_QUANTITY {
        let message = format!("A line has at most {MAX_QUANTITY} of one thing.");
        return Err(field.get("quantity").refuse(CartErrorCode::MaximumExceeded, message));
    }
    Ok(quantity)
}

/// A changed line that is now like another takes it in.
fn merge_alike(cart: &mut Cart, touched: &[Uuid], field: &Field<'_>) -> Result<(), CartRule> {
    for id in touched {
        // Removed or taken in meanwhile.
        let Some(place) = cart.lines.iter().position(|line| line.id == *id) else { continue };
        let line = cart.lines[place].clone();
        let alike = |other: &Arc<Line>| other.id != line.id && other.is(line.merchandise.variant_id, &line.attributes);
        let more =
            cart.lines.iter().filter(|other| alike(other)).fold(0_i32, |n, other| n.saturating_add(other.quantity));
        if more == 0 {
            continue;
        }
        let quantity = check_quantity(line.quantity.saturating_add(more), 0, field)?;
        Arc::make_mut(&mut cart.lines[place]).quantity = quantity;
        cart.lines.retain(|other| !alike(other));
    }
    Ok(())
}

/// Cuts the touched lines to what is in stock, the last first, and sees that the whole cart stays in bounds.
fn settle(cart: &mut Cart, touched: &[Uuid], field: &Field<'_>) -> Result<Vec<Warning>, CartRule> {
    let mut warnings = Vec::new();
    let mut seen = HashSet::new();
    for id in touched.iter().rev().filter(|id| seen.insert(**id)) {
        let Some(place) = cart.lines.iter().position(|line| line.id == *id) else { continue };
        let line = &cart.lines[place];
        let Some(limit) = line.merchandise.limit() else { continue };
        let variant_id = line.merchandise.variant_id;
        let others: i64 = cart
            .lines
            .iter()
            .filter(|other| other.id != *id && other.merchandise.variant_id == variant_id)
            .map(|other| i64::from(other.quantity))
            .sum();
        let room = (limit - others).max(0);
        if i64::from(line.quantity) <= room {
            continue;
        }
        let title = &line.merchandise.product_title;
        if room == 0 {
            let (code, message) = (CartWarningCode::MerchandiseOutOfStock, format!("“{title}” is out of stock."));
            warnings.push(Warning { code, message, target: Target::Variant(variant_id) });
            cart.lines.remove(place);
        } else {
            let message = format!("There are only {room} more of “{title}”; the cart has as many.");
            let code = CartWarningCode::MerchandiseNotEnoughStock;
            warnings.push(Warning { code, message, target: Target::Line(*id) });
            Arc::make_mut(&mut cart.lines[place]).quantity = i32::try_from(room).unwrap_or(MAX_QUANTITY);
        }
    }
    warnings.reverse();
    if cart.subtotal() > MAX_TOTAL {
        return Err(field.refuse(CartErrorCode::MaximumExceeded, "The cart comes to more than is possible."));
    }
    check_all_attributes(cart, field)?;
    Ok(warnings)
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
