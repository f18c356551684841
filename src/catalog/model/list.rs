//! Which products a list shows, and in which order.

use uuid::Uuid;

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

/// The order of a list of collections; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CollectionSort {
    #[default]
    Id,
    Title,
    UpdatedAt,
}

/// Something that can be true of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Tag(String),
    Vendor(String),
    ProductType(String),
    /// The title contains it.
    Title(String),
    /// Title, vendor, type or a tag contains it.
    Text(String),
    Available(bool),
    /// Minor units: the cheapest variant costs that much or more.
    PriceFrom(i64),
    /// Minor units: the cheapest variant costs that much or less.
    PriceTo(i64),
    /// A variant has this value for the option with this name.
    Option {
        name: String,
        value: String,
    },
    InCollection(Uuid),
    IsNot(Uuid),
    /// True of none.
    Never,
}

/// All of these must be true, and of each at least one of its alternatives.
pub type Conditions = Vec<Vec<Condition>>;
