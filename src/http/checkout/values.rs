//! What the pages' forms and addresses carry: names and texts.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::cart::model::Cart;
use crate::country::Country;

/// The texts of a form or a query string, by their names.
#[derive(Default)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// Reads `application/x-www-form-urlencoded`. Of a name that comes twice the last text counts.
    pub fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// What the information form starts with: what the cart knows already.
    pub fn of_cart(cart: &Cart) -> Self {
        let mut values = BTreeMap::new();
        let address = cart.destination().map(|to| &*to.address);
        for (name, text) in address.iter().flat_map(|address| address.texts()) {
            values.insert(name.to_owned(), text.unwrap_or_default().to_owned());
        }
        let country = address.map(|address| address.country).or(cart.buyer.country);
        values.insert("countryCode".to_owned(), country.map(Country::code).unwrap_or_default().to_owned());
        values.insert("email".to_owned(), cart.buyer.email.clone().unwrap_or_default());
        Self(values)
    }

    /// The text of this name without the blanks around it; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|text| text.trim()).unwrap_or_default()
    }

    /// The address in the form; its country is `ZZ` when none was chosen.
    pub fn address(&self) -> Address {
        let text = |name| Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Address {
            first_name: text("firstName"),
            last_name: text("lastName"),
            company: text("company"),
            address1: text("address1"),
            address2: text("address2"),
            city: text("city"),
            zip: text("zip"),
            province_code: text("provinceCode"),
            country: Country::from_code(self.get("countryCode")).unwrap_or(Country::ZZ),
            phone: text("phone"),
        }
    }
}

/// The pages before there is an order, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Information,
    Delivery,
    Payment,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Information, Self::Delivery, Self::Payment];

    /// The name in addresses and forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Delivery => "delivery",
            Self::Payment => "payment",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// Something wrong with a form: the input it concerns (none of the form's: the whole), and what.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub field: String,
    pub message: String,
}

impl Wrong {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
