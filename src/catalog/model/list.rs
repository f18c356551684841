//! Which products a list shows, and in which order.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::draft::ProductStatus;
use crate::money::{Currency, Money};
use crate::page::SortKey;
use crate::search::{self, BadQuery, Query, Term, Text};

/// The order of a list of products; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProductSort {
    #[default]
    Id,
    CreatedAt,
    /// By the cheapest variant.
    Price,
    ProductType,
    Title,
    UpdatedAt,
    Vendor,
}

impl ProductSort {
    /// What a cursor of this list says it is sorted by.
    pub fn key(self) -> SortKey {
        match self {
            Self::Id => SortKey::ID,
            Self::CreatedAt => SortKey::moment("created_at"),
            Self::Price => SortKey::big_number("price"),
            Self::ProductType => SortKey::text("product_type"),
            Self::Title => SortKey::text("title"),
            Self::UpdatedAt => SortKey::moment("updated_at"),
            Self::Vendor => SortKey::text("vendor"),
        }
    }
}

/// The order of a list of collections; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CollectionSort {
    #[default]
    Id,
    Title,
    UpdatedAt,
}

impl CollectionSort {
    /// What a cursor of this list says it is sorted by.
    pub fn key(self) -> SortKey {
        match self {
            Self::Id => SortKey::ID,
            Self::Title => SortKey::text("title"),
            Self::UpdatedAt => SortKey::moment("updated_at"),
        }
    }
}

/// A text of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextField {
    Tag,
    Vendor,
    ProductType,
    /// Contains it.
    Title,
    Handle,
    /// A variant's.
    Sku,
    /// A variant's.
    Barcode,
    /// Title, vendor, type or a tag contains it.
    Any,
}

/// A time of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeField {
    Created,
    Updated,
    Published,
}

/// Something that can be true of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Text(TextField, Text),
    Status(ProductStatus),
    Id(Uuid),
    Available(bool),
    /// Minor units: the cheapest variant costs that much or more.
    PriceFrom(i64),
    /// Minor units: the cheapest variant costs less than that.
    PriceBelow(i64),
    /// At that time or later.
    Since(TimeField, DateTime<Utc>),
    Before(TimeField, DateTime<Utc>),
    /// A variant has this value for the option with this name.
    Option {
        name: String,
        value: String,
    },
    InCollection(Uuid),
    /// True of none.
    Never,
}

impl Condition {
    /// The field says exactly this, but for upper and lower case.
    pub fn text(field: TextField, text: impl Into<String>) -> Self {
        Self::Text(field, Text::whole(text))
    }
}

/// All of these must be true.
pub type Conditions = Vec<Query<Condition>>;

const FIELDS: &[&str] = &[
    "id",
    "handle",
    "title",
    "vendor",
    "product_type",
    "tag",
    "tag_not",
    "sku",
    "barcode",
    "status",
    "price",
    "available_for_sale",
    "collection_id",
    "created_at",
    "updated_at",
    "published_at",
];

/// Reads a `query` for products; prices are in units of the currency.
pub fn parse_query(query: &str, currency: Currency) -> Result<Conditions, BadQuery> {
    search::parse(query, |term| condition(term, currency))
}

fn condition(term: &Term, currency: Currency) -> Result<Query<Condition>, BadQuery> {
    let text = |field| Ok(Query::Is(Condition::Text(field, term.text()?)));
    let times = |field| {
        let bounds = term.moments()?;
        Ok(search::within(bounds, |at| Condition::Since(field, at), |at| Condition::Before(field, at)))
    };
    let Some(field) = &term.field else { return text(TextField::Any) };
    Ok(Query::Is(match field.as_str() {
        "tag" => return text(TextField::Tag),
        "tag_not" => return Ok(Query::Not(Box::new(text(TextField::Tag)?))),
        "vendor" => return text(TextField::Vendor),
        "product_type" => return text(TextField::ProductType),
        "title" => return text(TextField::Title),
        "handle" => return text(TextField::Handle),
        "sku" => return text(TextField::Sku),
        "barcode" => return text(TextField::Barcode),
        "created_at" => return times(TimeField::Created),
        "updated_at" => return times(TimeField::Updated),
        "published_at" => return times(TimeField::Published),
        "price" | "variants.price" => {
            let bounds = term.numbers(|text| Money::parse(text, currency).ok().map(|money| money.minor))?;
            return Ok(search::within(bounds, Condition::PriceFrom, Condition::PriceBelow));
        }
        "id" => Condition::Id(term.id("Product")?),
        "collection_id" => Condition::InCollection(term.id("Collection")?),
        "available_for_sale" => Condition::Available(term.one_of(&[("true", true), ("false", false)])?),
        "status" => Condition::Status(term.one_of(&[
            ("active", ProductStatus::Active),
            ("draft", ProductStatus::Draft),
            ("archived", ProductStatus::Archived),
        ])?),
        _ => return Err(term.unknown_field(FIELDS)),
    }))
}

/// Something that can be true of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CollectionCondition {
    /// The title contains it.
    Title(Text),
    Handle(Text),
    Id(Uuid),
    UpdatedSince(DateTime<Utc>),
    UpdatedBefore(DateTime<Utc>),
}

/// All of these must be true of a collection.
pub type CollectionConditions = Vec<Query<CollectionCondition>>;

/// Reads a `query` for collections.
pub fn parse_collection_query(query: &str) -> Result<CollectionConditions, BadQuery> {
    use CollectionCondition::{Handle, Id, Title, UpdatedBefore, UpdatedSince};
    search::parse(query, |term| {
        Ok(Query::Is(match term.field.as_deref() {
            None | Some("title") => Title(term.text()?),
            Some("handle") => Handle(term.text()?),
            Some("id") => Id(term.id("Collection")?),
            Some("updated_at") => return Ok(search::within(term.moments()?, UpdatedSince, UpdatedBefore)),
            Some(_) => return Err(term.unknown_field(&["title", "handle", "id", "updated_at"])),
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(query: &str) -> usize {
        parse_query(query, Currency::EUR).expect_err(query).at
    }

    #[test]
    fn a_querys_fields_are_those_of_products() {
        let read = |query| parse_query(query, Currency::EUR).unwrap();
        assert_eq!(read("tag:sale"), [Query::Is(Condition::text(TextField::Tag, "sale"))]);
        assert_eq!(read("price:>=9.90"), [Query::Is(Condition::PriceFrom(990))]);
        assert_eq!(read("status:draft"), [Query::Is(Condition::Status(ProductStatus::Draft))]);
        for field in FIELDS {
            let values = ["true", "draft", "1", "2026-01-31", "019ab000-0000-7000-8000-000000000000"];
            let fits = values.iter().any(|value| parse_query(&format!("{field}:{value}"), Currency::EUR).is_ok());
            assert!(fits, "{field}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases =
            [("a colour:blue", 3), ("available_for_sale:maybe", 1), ("price:cheap", 1), ("tag:>x", 1), ("id:7", 1)];
        for (query, expected) in cases {
            assert_eq!(at(query), expected, "{query}");
        }
    }
}
