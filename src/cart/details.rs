//! Changes of what a cart has beside lines and addresses, without I/O.

use super::model::{Attributes, Buyer, Cart};
use super::rule::{CartErrorCode, CartRule, CartWarningCode, Field, Target, Warning};
use crate::attribute::Attribute;
use crate::country::Country;
use crate::customer::model::Customer;
use crate::customer::secret::Secret;

/// At most this many items in a list of the input.
pub const MAX_LIST: usize = 250;
const MAX_NOTE: usize = 5000;
const MAX_KEY: usize = 255;
const MAX_VALUE: usize = 5000;
/// Bytes of all keys and values together: far below what the column takes, even escaped.
const MAX_ATTRIBUTES: usize = 16 * 1024;
/// Bytes of all attributes of a cart and its lines together, as JSON: so they are told to merchants with the order.
pub const MAX_ALL_ATTRIBUTES: usize = 128 * 1024;
const MAX_EMAIL: usize = 320;
const MAX_PHONE: usize = 64;
const MAX_CODE: usize = 255;

/// A change of who buys. The outer none leaves a part as it is, the inner none clears it.
#[derive(Clone, Debug, Default)]
pub struct BuyerUpdate {
    pub email: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub country: Option<Option<Country>>,
    /// A customer's access token, which ties the cart to them.
    pub customer: Option<Secret>,
    /// Whether a company's location was given; there are no companies yet.
    pub company: bool,
}

/// Refuses a list that is longer than any needs to be.
pub fn check_list<T>(list: &[T], field: &Field<'_>) -> Result<(), CartRule> {
    if list.len() <= MAX_LIST {
        return Ok(());
    }
    let message = format!("{} items; at most {MAX_LIST} at once.", list.len());
    Err(field.refuse(CartErrorCode::MaximumExceeded, message))
}

pub fn set_note(cart: &mut Cart, note: &str, field: &Field<'_>) -> Result<(), CartRule> {
    if note.chars().count() > MAX_NOTE {
        let message = format!("A note has at most {MAX_NOTE} characters.");
        return Err(field.refuse(CartErrorCode::NoteTooLong, message));
    }
    note.clone_into(&mut cart.note);
    Ok(())
}

pub fn check_attributes(pairs: &[Attribute], field: &Field<'_>) -> Result<Attributes, CartRule> {
    check_list(pairs, field)?;
    let mut bytes = 0;
    for (at, pair) in pairs.iter().enumerate() {
        let field = field.nth(at);
        let value = pair.value.as_deref().unwrap_or_default();
        if pair.key.is_empty() || pair.key.chars().count() > MAX_KEY {
            let message = format!("A key has 1 to {MAX_KEY} characters.");
            return Err(field.get("key").refuse(CartErrorCode::Invalid, message));
        }
        if value.chars().count() > MAX_VALUE {
            let message = format!("A value has at most {MAX_VALUE} characters.");
            return Err(field.get("value").refuse(CartErrorCode::Invalid, message));
        }
        bytes += pair.key.len() + value.len();
    }
    if bytes > MAX_ATTRIBUTES {
        let message = format!("{bytes} bytes; keys and values together have at most {MAX_ATTRIBUTES}.");
        return Err(field.refuse(CartErrorCode::MaximumExceeded, message));
    }
    Ok(Attributes::new(pairs.to_vec()))
}

pub fn set_attributes(cart: &mut Cart, pairs: &[Attribute], field: &Field<'_>) -> Result<(), CartRule> {
    cart.attributes = check_attributes(pairs, field)?;
    check_all_attributes(cart, field)
}

/// Refuses more attributes than an order may have.
pub fn check_all_attributes(cart: &Cart, field: &Field<'_>) -> Result<(), CartRule> {
    let of_lines = cart.lines.iter().map(|line| &line.attributes);
    let bytes: usize = of_lines.chain([&cart.attributes]).map(Attributes::json_len).sum();
    if bytes > MAX_ALL_ATTRIBUTES {
        let message = format!(
            "The attributes of the cart and its lines come to {bytes} bytes as JSON; at most {MAX_ALL_ATTRIBUTES}."
        );
        return Err(field.refuse(CartErrorCode::MaximumExceeded, message));
    }
    Ok(())
}

/// `customer` is whom the update's token belongs to, if it is good.
pub fn set_buyer(
    cart: &mut Cart,
    update: &BuyerUpdate,
    customer: Option<&Customer>,
    field: &Field<'_>,
) -> Result<(), CartRule> {
    if update.customer.is_some() {
        tie(cart, customer, &field.get("customerAccessToken"))?;
    }
    if update.company {
        let message = "There is no such company location.";
        return Err(field.get("companyLocationId").refuse(CartErrorCode::InvalidCompanyLocation, message));
    }
    let Buyer { email, phone, country } = &mut cart.buyer;
    if let Some(new) = &update.email {
        *email = checked(new, is_email, "This is not an email address.", &field.get("email"))?;
    }
    if let Some(new) = &update.phone {
        *phone = checked(new, is_phone, "This is not a phone number.", &field.get("phone"))?;
    }
    if let Some(new) = update.country {
        *country = new;
    }
    Ok(())
}

/// Makes the cart a customer's, with the address and number that they are known by where it has none. It stays theirs: who
/// has another's token and the cart's key learns nothing of them, and gets nothing of theirs.
fn tie(cart: &mut Cart, customer: Option<&Customer>, field: &Field<'_>) -> Result<(), CartRule> {
    let Some(customer) = customer else {
        let message = "There is no customer with this token.";
        return Err(field.refuse(CartErrorCode::Invalid, message));
    };
    if cart.customer_id.is_some_and(|owner| owner != customer.id) {
        let message = "The cart belongs to another customer.";
        return Err(field.refuse(CartErrorCode::Invalid, message));
    }
    cart.customer_id = Some(customer.id);
    let Buyer { email, phone, .. } = &mut cart.buyer;
    email.get_or_insert_with(|| customer.email.address.clone());
    if phone.is_none() {
        phone.clone_from(&customer.phone);
    }
    Ok(())
}

/// An empty text clears as null does: forms send it.
fn checked(
    new: &Option<String>,
    is_valid: fn(&str) -> bool,
    message: &str,
    field: &Field<'_>,
) -> Result<Option<String>, CartRule> {
    match new.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if is_valid(text) => Ok(Some(text.to_owned())),
        Some(_) => Err(field.refuse(CartErrorCode::Invalid, message)),
    }
}

/// Whether a message could go there: whoever needs to know more has to send one.
fn is_email(text: &str) -> bool {
    let no_space = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    parts && no_space && text.chars().count() <= MAX_EMAIL
}

fn is_phone(text: &str) -> bool {
    let allowed = text.chars().all(|c| c.is_ascii_digit() || "+-()/. ".contains(c));
    allowed && text.len() <= MAX_PHONE && text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

/// Keeps discount codes. None applies: there are no discounts yet.
pub fn set_discount_codes(cart: &mut Cart, codes: &[String], field: &Field<'_>) -> Result<Vec<Warning>, CartRule> {
    check_list(codes, field)?;
    let mut kept: Vec<String> = Vec::with_capacity(codes.len());
    for (at, code) in codes.iter().enumerate() {
        let field = field.nth(at);
        let code = code.trim();
        if code.chars().count() > MAX_CODE {
            let message = format!("A discount code has at most {MAX_CODE} characters.");
            return Err(field.refuse(CartErrorCode::Invalid, message));
        }
        // Storefronts clear the codes with a list of one empty text.
        if !code.is_empty() && !kept.iter().any(|known| known.to_lowercase() == code.to_lowercase()) {
            kept.push(code.to_owned());
        }
    }
    let warning = |code: &String| Warning {
        code: CartWarningCode::DiscountNotFound,
        message: format!("There is no discount with the code “{code}”."),
        target: Target::Cart,
    };
    let warnings = kept.iter().map(warning).collect();
    cart.discount_codes = kept;
    Ok(warnings)
}

/// Refuses gift cards: there are none yet.
pub fn check_gift_cards(named: &[String], field: &Field<'_>) -> Result<(), CartRule> {
    match named.iter().position(|code| !code.trim().is_empty()) {
        Some(at) => Err(field.nth(at).refuse(CartErrorCode::Invalid, "There is no such gift card.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_email_or_a_phone_number_is_told_apart() {
        for good in ["a@b", "ada.lovelace+cart@example.org", "ä@ö.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b\n", &format!("{}@b", "a".repeat(320))] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+49 (30) 123-456") && is_phone("112"));
        assert!(!is_phone("call me") && !is_phone("+") && !is_phone(&"1".repeat(65)));
    }

    #[test]
    fn attributes_have_bounds() {
        let field = Field::argument("attributes");
        let pair = |key: &str, value: &str| Attribute { key: key.into(), value: Some(value.into()) };
        assert!(check_attributes(&[pair("k", "")], &field).is_ok());
        assert_eq!(check_attributes(&[pair("", "v")], &field).unwrap_err().field, ["attributes", "0", "key"]);
        let large: Vec<_> = (0..4).map(|n| pair(&n.to_string(), &"x".repeat(5000))).collect();
        assert_eq!(check_attributes(&large, &field).unwrap_err().field, ["attributes"]);
        let many: Vec<_> = (0..251).map(|n| pair(&n.to_string(), "")).collect();
        assert_eq!(check_attributes(&many, &field).unwrap_err().code, CartErrorCode::MaximumExceeded);
    }
}
