//! Filters of a list of products.

use async_graphql::{Enum, InputObject, SimpleObject};

use super::media::MediaImage;
use crate::catalog::model::{Condition, Conditions, TextField};
use crate::graphql::error::ApiError;
use crate::graphql::scalars::Json;
use crate::money::{Currency, Money};
use crate::search::Query;

/// At most this many filters at once.
const MAX_FILTERS: usize = 50;

/// One filter: filters of one kind are alternatives, filters of different kinds must all be met.
#[derive(Clone, Debug, InputObject)]
pub struct ProductFilter {
    /// Whether it can be bought now.
    available: Option<bool>,
    /// A category of the taxonomy: nothing has one, so nothing fits.
    category: Option<CategoryFilter>,
    /// The range that its lowest price is in.
    price: Option<PriceRangeFilter>,
    /// A metafield of the product: nothing has one, so nothing fits.
    product_metafield: Option<MetafieldFilter>,
    /// Its type.
    product_type: Option<String>,
    /// Its vendor.
    product_vendor: Option<String>,
    /// A tag it has.
    tag: Option<String>,
    /// A metafield of the taxonomy: nothing has one, so nothing fits.
    taxonomy_metafield: Option<TaxonomyMetafieldFilter>,
    /// A metafield of a variant: nothing has one, so nothing fits.
    variant_metafield: Option<MetafieldFilter>,
    /// A value that one of its variants has for an option.
    variant_option: Option<VariantOptionFilter>,
}

/// Names a category of the taxonomy.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryFilter {
    /// The category's id.
    id: String,
}

/// A metafield's value.
#[derive(Clone, Debug, InputObject)]
pub struct MetafieldFilter {
    /// The name within the namespace.
    key: String,
    /// The group of keys.
    namespace: String,
    /// The value.
    value: String,
}

/// A value of a metafield of the taxonomy.
#[derive(Clone, Debug, InputObject)]
pub struct TaxonomyMetafieldFilter {
    /// The name within the namespace.
    key: String,
    /// The group of keys.
    namespace: String,
    /// The value.
    value: String,
}

/// A range of prices, in units of the shop's currency.
#[derive(Clone, Debug, InputObject)]
pub struct PriceRangeFilter {
    /// At least.
    #[graphql(default_with = "Some(0.0)")]
    min: Option<f64>,
    /// At most.
    max: Option<f64>,
}

/// A value of an option.
#[derive(Clone, Debug, InputObject)]
pub struct VariantOptionFilter {
    /// The option's name.
    name: String,
    /// The value.
    value: String,
}

/// The filters as conditions.
pub fn conditions(filters: Option<Vec<ProductFilter>>, currency: Currency) -> Result<Conditions, ApiError> {
    let filters = filters.unwrap_or_default();
    if filters.len() > MAX_FILTERS {
        return Err(ApiError::bad_input(format!("{} filters; at most {MAX_FILTERS}", filters.len())));
    }
    // By kind: alternatives of one kind stand together.
    let mut kinds: [Vec<Condition>; 6] = Default::default();
    let mut all = Conditions::new();
    for filter in filters {
        let absent = filter.category.is_some()
            || filter.product_metafield.is_some()
            || filter.taxonomy_metafield.is_some()
            || filter.variant_metafield.is_some();
        if absent {
            all.push(Query::Is(Condition::Never));
        }
        kinds[0].extend(filter.available.map(Condition::Available));
        kinds[1].extend(filter.product_type.map(|kind| Condition::text(TextField::ProductType, kind)));
        kinds[2].extend(filter.product_vendor.map(|vendor| Condition::text(TextField::Vendor, vendor)));
        kinds[3].extend(filter.tag.map(|tag| Condition::text(TextField::Tag, tag)));
        if let Some(VariantOptionFilter { name, value }) = filter.variant_option {
            kinds[4].push(Condition::Option { name, value });
        }
        if let Some(PriceRangeFilter { min, max }) = filter.price {
            let minor = |price: Option<f64>| price.map(|price| to_minor(price, currency)).transpose();
            all.extend(minor(min)?.map(|minor| Query::Is(Condition::PriceFrom(minor))));
            all.extend(minor(max)?.map(|minor| Query::Is(Condition::PriceBelow(minor.saturating_add(1)))));
        }
    }
    let named = kinds.into_iter().filter(|alternatives| !alternatives.is_empty());
    all.extend(named.map(|alternatives| Query::Any(alternatives.into_iter().map(Query::Is).collect())));
    Ok(all)
}

/// A float is what the vocabulary has here; rounded to the currency's own places it says what was meant.
fn to_minor(price: f64, currency: Currency) -> Result<i64, ApiError> {
    let places = currency.exponent() as usize;
    Money::parse(&format!("{price:.places$}"), currency)
        .map(|money| money.minor)
        .map_err(|error| ApiError::bad_input(format!("a price filter {error}")))
}

/// A way to narrow a list of products down.
#[derive(Clone, Debug, SimpleObject)]
pub struct Filter {
    /// Names it.
    id: String,
    /// Its name for people.
    label: String,
    /// How it should look.
    presentation: Option<FilterPresentation>,
    /// How its values work.
    #[graphql(name = "type")]
    kind: FilterType,
    /// What can be chosen.
    values: Vec<FilterValue>,
}

/// One choice of a filter.
#[derive(Clone, Debug, SimpleObject)]
pub struct FilterValue {
    /// How many products fit.
    count: i32,
    /// Names it.
    id: String,
    /// A picture of it.
    image: Option<MediaImage>,
    /// What to send as a `ProductFilter` to choose it.
    input: Json,
    /// Its name for people.
    label: String,
    /// How it looks.
    swatch: Option<Swatch>,
}

/// How something looks.
#[derive(Clone, Debug, SimpleObject)]
pub struct Swatch {
    /// As a colour.
    color: Option<super::option::Color>,
    /// As a picture.
    image: Option<MediaImage>,
}

/// How a filter should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FilterPresentation {
    /// With pictures.
    Image,
    /// With swatches.
    Swatch,
    /// With words.
    Text,
}

/// How a filter's values work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FilterType {
    /// Yes or no.
    Boolean,
    /// Any of a list.
    List,
    /// From one price to another.
    PriceRange,
}
