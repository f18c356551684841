//! What a customer is, and what lists of them are searched by.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::secret::Secret;
use crate::address::Address;
use crate::page::{Cursor, SortKey};
use crate::search::{self, BadQuery, Query, Term, Text};

/// How long an access token is good for, from when it was given out or renewed.
pub const TOKEN_LIFE: TimeDelta = TimeDelta::days(30);
/// How long it can be renewed, from when it was given out.
pub const TOKEN_RENEWABLE: TimeDelta = TimeDelta::days(365);
/// How long a mailed token is good for: one that sets a new password, one that proves an address.
pub const RESET_LIFE: TimeDelta = TimeDelta::hours(2);
pub const PROOF_LIFE: TimeDelta = TimeDelta::days(3);
/// Access tokens of one customer; the oldest go when there would be more.
pub const MAX_TOKENS: i64 = 50;
/// Addresses of one customer.
pub const MAX_ADDRESSES: usize = 100;
pub const MAX_NAME: usize = 255;
pub const MAX_EMAIL: usize = 320;
pub const MAX_PHONE: usize = 64;
pub const MAX_TAGS: usize = 250;
pub const MAX_TAG: usize = 255;
pub const MAX_NOTE: usize = 5000;

/// An e-mail address: as it was written, and as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    pub address: String,
    /// With A to Z in lower case. No other letter is folded: two that look alike may be two people's.
    pub key: String,
}

impl Email {
    /// Reads an address to which mail can be sent; white space around it does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.trim();
        let is_one = (3..=MAX_EMAIL).contains(&address.chars().count()) && address.parse::<lettre::Address>().is_ok();
        is_one.then(|| Self { address: address.to_owned(), key: Self::key_of(address) })
    }

    /// How an address is compared, also one that is none.
    pub fn key_of(text: &str) -> String {
        text.trim().to_ascii_lowercase()
    }
}

/// A customer without their addresses and orders.
#[derive(Clone, Debug)]
pub struct Customer {
    pub id: Uuid,
    pub email: Email,
    /// Whether they have chosen a password, and so can sign in.
    pub is_enabled: bool,
    /// When somebody last proved that mail to the address reaches them; none: nobody has.
    pub verified_at: Option<DateTime<Utc>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub accepts_marketing: bool,
    /// The merchant's labels, each once.
    pub tags: Vec<String>,
    /// The merchant's remark.
    pub note: Option<String>,
    pub default_address_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

pub type SharedCustomer = Arc<Customer>;

impl Customer {
    /// First and last name; without either, the address.
    pub fn display_name(&self) -> String {
        let names: Vec<&str> = [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        if names.is_empty() { self.email.address.clone() } else { names.join(" ") }
    }

    /// What a list by name is sorted by.
    pub fn sort_name(&self) -> String {
        let names: Vec<&str> = [&self.last_name, &self.first_name].into_iter().flatten().map(String::as_str).collect();
        if names.is_empty() {
            self.email.key.clone()
        } else {
            names.join(" ").to_lowercase().chars().take(1024).collect()
        }
    }
}

/// An address of a customer's address book.
#[derive(Clone, Debug)]
pub struct CustomerAddress {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub address: Arc<Address>,
}

/// An access token as it is given out.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub secret: Secret,
    pub expires_at: DateTime<Utc>,
}

/// A customer who has signed in, one way or another.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub customer_id: Uuid,
    pub token: AccessToken,
}

/// What somebody says of themselves who signs up.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub accepts_marketing: bool,
}

/// A change of what a customer says of themselves. The outer none leaves a part as it is, the inner none clears it.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub accepts_marketing: Option<bool>,
}

impl PersonChange {
    pub fn apply(&self, customer: &mut Customer) {
        let parts = [
            (&self.first_name, &mut customer.first_name),
            (&self.last_name, &mut customer.last_name),
            (&self.phone, &mut customer.phone),
        ];
        for (new, part) in parts {
            if let Some(new) = new {
                *part = spoken(new.as_deref());
            }
        }
        customer.accepts_marketing = self.accepts_marketing.unwrap_or(customer.accepts_marketing);
    }
}

/// A text without white space around it; none when nothing is left.
pub fn spoken(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Labels without white space around them, each once; upper and lower case are one.
pub fn labels(tags: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if !kept.iter().any(|known| known.to_lowercase() == tag.to_lowercase()) {
            kept.push(tag.to_owned());
        }
    }
    kept
}

/// What lists of customers are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerSort {
    Id,
    Created,
    Updated,
    Name,
}

impl CustomerSort {
    /// What a cursor of this list says it is sorted by.
    pub fn key(self) -> SortKey {
        match self {
            Self::Id => SortKey::ID,
            Self::Created => SortKey::moment("created_at"),
            Self::Updated => SortKey::moment("updated_at"),
            Self::Name => SortKey::text("name"),
        }
    }

    /// A customer's place in a list sorted by this.
    pub fn cursor(self, customer: &Customer) -> Cursor {
        let value = match self {
            Self::Id => return Cursor::by_id(customer.id),
            Self::Created => customer.created_at.timestamp_micros().to_string(),
            Self::Updated => customer.updated_at.timestamp_micros().to_string(),
            Self::Name => customer.sort_name(),
        };
        Cursor::new(self.key(), value, customer.id)
    }
}

/// Something that can be true of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerCondition {
    /// In the name or the address.
    Anywhere(Text),
    Email(Text),
    FirstName(Text),
    LastName(Text),
    Phone(Text),
    Tag(Text),
    AcceptsMarketing(bool),
    Enabled(bool),
    Verified(bool),
    Id(Uuid),
    CreatedSince(DateTime<Utc>),
    CreatedBefore(DateTime<Utc>),
    UpdatedSince(DateTime<Utc>),
    UpdatedBefore(DateTime<Utc>),
}

use CustomerCondition as Is;

const FIELDS: &[&str] = &[
    "email",
    "first_name",
    "last_name",
    "name",
    "phone",
    "tag",
    "tag_not",
    "accepts_marketing",
    "state",
    "verified_email",
    "id",
    "created_at",
    "customer_date",
    "updated_at",
];

/// Reads a `query` for customers: all of it must be true. A word alone is looked for in names and addresses.
pub fn parse_query(query: &str) -> Result<Vec<Query<CustomerCondition>>, BadQuery> {
    search::parse(query, condition)
}

fn condition(term: &Term) -> Result<Query<CustomerCondition>, BadQuery> {
    let yes_or_no = [("true", true), ("false", false)];
    Ok(Query::Is(match term.field.as_deref() {
        None | Some("name") => Is::Anywhere(term.text()?),
        Some("email") => Is::Email(term.text()?),
        Some("first_name") => Is::FirstName(term.text()?),
        Some("last_name") => Is::LastName(term.text()?),
        Some("phone") => Is::Phone(term.text()?),
        Some("tag") => Is::Tag(term.text()?),
        Some("tag_not") => return Ok(Query::Not(Box::new(Query::Is(Is::Tag(term.text()?))))),
        Some("accepts_marketing") => Is::AcceptsMarketing(term.one_of(&yes_or_no)?),
        Some("state") => Is::Enabled(term.one_of(&[("enabled", true), ("disabled", false)])?),
        Some("verified_email") => Is::Verified(term.one_of(&yes_or_no)?),
        Some("id") => Is::Id(term.id("Customer")?),
        Some("created_at" | "customer_date") => {
            return Ok(search::within(term.moments()?, Is::CreatedSince, Is::CreatedBefore));
        }
        Some("updated_at") => return Ok(search::within(term.moments()?, Is::UpdatedSince, Is::UpdatedBefore)),
        Some(_) => return Err(term.unknown_field(FIELDS)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_regard_to_the_case_of_ascii_and_of_nothing_else() {
        let key = |text: &str| Email::parse(text).map(|email| email.key);
        assert_eq!(key(" Ada@Shop.Example "), Some("ada@shop.example".to_owned()));
        assert_eq!(Email::parse("Ada@Shop.Example").unwrap().address, "Ada@Shop.Example");
        // The Kelvin sign is no k, although it is one in lower case.
        assert_ne!(Email::key_of("\u{212A}@shop.example"), "k@shop.example");
        for bad in
            ["", "ada", "ada@", "@shop.example", "a da@shop.example", "a@b@c", "a@shop.example\nbcc: b@c.example"]
        {
            assert_eq!(key(bad), None, "{bad}");
        }
        assert_eq!(key(&format!("{}@shop.example", "a".repeat(320))), None);
    }

    #[test]
    fn a_querys_fields_are_those_of_customers() {
        assert_eq!(parse_query("tag:vip"), Ok(vec![Query::Is(Is::Tag(Text::whole("vip")))]));
        assert_eq!(parse_query("state:enabled"), Ok(vec![Query::Is(Is::Enabled(true))]));
        for field in FIELDS {
            let values = ["true", "enabled", "2026-01-31", "019ab000-0000-7000-8000-000000000000"];
            assert!(values.iter().any(|value| parse_query(&format!("{field}:{value}")).is_ok()), "{field}");
        }
        assert_eq!(parse_query("ada colour:red").map_err(|bad| bad.at), Err(5));
    }

    #[test]
    fn labels_are_there_once() {
        let tags = ["VIP", " vip ", "", "new"].map(str::to_owned);
        assert_eq!(labels(&tags), ["VIP", "new"]);
    }
}
