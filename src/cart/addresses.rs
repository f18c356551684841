//! Changes of a cart's delivery addresses, without I/O.

use std::sync::Arc;

use uuid::Uuid;

use super::model::{Cart, CartAddress};
use super::rule::{CartErrorCode, CartRule, CartWarningCode, Field, Target, Warning};
use crate::address::{Address, MAX_PART};
use crate::country::Country;
use crate::customer::model::CustomerAddress;

/// At most this many addresses a cart.
pub const MAX_ADDRESSES: usize = 20;

/// An address as it was asked for.
#[derive(Clone, Debug)]
pub struct NewAddress {
    pub source: Source,
    /// None: selected when no other is.
    pub selected: Option<bool>,
    pub one_time_use: bool,
    pub strict: bool,
}

/// A change of an address; what is none stays.
#[derive(Clone, Debug)]
pub struct AddressUpdate {
    /// None: the id given is no address's.
    pub id: Option<Uuid>,
    pub source: Option<Source>,
    pub selected: Option<bool>,
    pub one_time_use: Option<bool>,
    pub strict: bool,
}

/// Where an address is to be taken from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From here. A country that is not given is the one before, or the buyer's; the address's own is not looked at.
    Given { address: Box<Address>, country: Option<Country> },
    /// From the address book of the customer whose cart it is. None: the id given is no address's.
    Customer(Option<Uuid>),
    /// The input names none.
    Nothing,
}

/// Whether any of these is to be taken from an address book.
pub fn copies<'a>(sources: impl IntoIterator<Item = &'a Source>) -> bool {
    sources.into_iter().any(|source| matches!(source, Source::Customer(_)))
}

/// Adds addresses. One that is there already is not added again. `book` has those of the customer whose cart it is.
pub fn add(
    cart: &mut Cart,
    new: &[NewAddress],
    book: &[CustomerAddress],
    field: &Field<'_>,
    mut next_id: impl FnMut() -> Uuid,
) -> Result<Vec<Warning>, CartRule> {
    check_selected(new.iter().map(|new| new.selected), field)?;
    let mut warnings = Vec::new();
    for (at, new) in new.iter().enumerate() {
        let field = field.nth(at);
        let address = resolve(&new.source, book, new.strict, cart.buyer.country, &field)?;
        let known = cart.addresses.iter().find(|known| *known.address == address).map(|known| known.id);
        if let Some(id) = known {
            let message = "The cart has this address already.".to_owned();
            let code = CartWarningCode::DuplicateDeliveryAddress;
            warnings.push(Warning { code, message, target: Target::Address(id) });
            if new.selected == Some(true) {
                select(cart, id);
            }
            continue;
        }
        if cart.addresses.len() >= MAX_ADDRESSES {
            let message = format!("A cart has at most {MAX_ADDRESSES} addresses.");
            return Err(field.refuse(CartErrorCode::TooManyDeliveryAddresses, message));
        }
        let position = cart.addresses.last().map_or(1, |last| last.position.saturating_add(1));
        let (id, selected) = (next_id(), new.selected.unwrap_or_else(|| cart.destination().is_none()));
        let (address, one_time_use) = (Arc::new(address), new.one_time_use);
        cart.addresses.push(Arc::new(CartAddress { id, address, selected: false, one_time_use, position }));
        if selected {
            select(cart, id);
        }
    }
    Ok(warnings)
}

/// Changes addresses.
pub fn update(
    cart: &mut Cart,
    updates: &[AddressUpdate],
    book: &[CustomerAddress],
    field: &Field<'_>,
) -> Result<(), CartRule> {
    check_selected(updates.iter().map(|update| update.selected), field)?;
    for (at, update) in updates.iter().enumerate() {
        let field = field.nth(at);
        let place = place_of(cart, update.id, &field.get("id"))?;
        let known = Arc::make_mut(&mut cart.addresses[place]);
        if let Some(source) = &update.source {
            let before = Some(known.address.country);
            known.address = Arc::new(resolve(source, book, update.strict, before, &field)?);
        }
        known.one_time_use = update.one_time_use.unwrap_or(known.one_time_use);
        let id = known.id;
        match update.selected {
            Some(true) => select(cart, id),
            Some(false) => Arc::make_mut(&mut cart.addresses[place]).selected = false,
            None => {}
        }
    }
    Ok(())
}

/// Removes addresses.
pub fn remove(cart: &mut Cart, ids: &[Option<Uuid>], field: &Field<'_>) -> Result<(), CartRule> {
    for (at, id) in ids.iter().enumerate() {
        let place = place_of(cart, *id, &field.nth(at))?;
        cart.addresses.remove(place);
    }
    Ok(())
}

/// Puts these addresses in place of all that are there.
pub fn replace(
    cart: &mut Cart,
    new: &[NewAddress],
    book: &[CustomerAddress],
    field: &Field<'_>,
    next_id: impl FnMut() -> Uuid,
) -> Result<Vec<Warning>, CartRule> {
    cart.addresses.clear();
    add(cart, new, book, field, next_id)
}

fn select(cart: &mut Cart, id: Uuid) {
    for address in &mut cart.addresses {
        if address.selected != (address.id == id) {
            let address = Arc::make_mut(address);
            address.selected = !address.selected;
        }
    }
}

fn check_selected(selected: impl Iterator<Item = Option<bool>>, field: &Field<'_>) -> Result<(), CartRule> {
    if selected.filter(|selected| *selected == Some(true)).count() <= 1 {
        return Ok(());
    }
    Err(field.refuse(CartErrorCode::OnlyOneDeliveryAddressCanBeSelected, "Only one address can be selected."))
}

fn place_of(cart: &Cart, id: Option<Uuid>, field: &Field<'_>) -> Result<usize, CartRule> {
    let place = id.and_then(|id| cart.addresses.iter().position(|address| address.id == id));
    place.ok_or_else(|| field.refuse(CartErrorCode::InvalidDeliveryAddressId, "The cart has no such address."))
}

fn resolve(
    source: &Source,
    book: &[CustomerAddress],
    strict: bool,
    otherwise: Option<Country>,
    field: &Field<'_>,
) -> Result<Address, CartRule> {
    let field = field.get("address");
    let (address, country) = match source {
        Source::Given { address, country } => (address.as_ref(), *country),
        Source::Customer(id) => match book.iter().find(|one| Some(one.id) == *id) {
            Some(copied) => (copied.address.as_ref(), Some(copied.address.country)),
            None => {
                let message = "There is no such customer address.";
                let field = field.get("copyFromCustomerAddressId");
                return Err(field.refuse(CartErrorCode::InvalidDeliveryAddressId, message));
            }
        },
        Source::Nothing => {
            let message = "The address itself is missing.";
            return Err(field.get("deliveryAddress").refuse(CartErrorCode::UnspecifiedAddressError, message));
        }
    };
    let field = field.get("deliveryAddress");
    let Some(country) = country.or(otherwise).filter(|country| *country != Country::ZZ) else {
        let message = "An address needs a country.";
        return Err(field.get("countryCode").refuse(CartErrorCode::AddressFieldIsRequired, message));
    };
    for (name, text) in address.texts() {
        let field = field.get(name);
        let text = text.unwrap_or_default();
        let fault = if text.chars().count() > MAX_PART {
            Some((CartErrorCode::AddressFieldIsTooLong, "At most 255 characters are possible."))
        } else if text.chars().any(char::is_control) {
            Some((CartErrorCode::AddressFieldDoesNotMatchExpectedPattern, "It contains a control character."))
        } else if text.contains('<') && text.contains('>') {
            Some((CartErrorCode::AddressFieldContainsHtmlTags, "It contains markup."))
        } else if text.contains("://") {
            Some((CartErrorCode::AddressFieldContainsUrl, "It contains a URL."))
        } else if strict && address.missing().any(|missing| missing == name) {
            Some((CartErrorCode::AddressFieldIsRequired, "It is missing."))
        } else {
            None
        };
        if let Some((code, message)) = fault {
            return Err(field.refuse(code, message));
        }
    }
    Ok(Address { country, ..address.clone() })
}
