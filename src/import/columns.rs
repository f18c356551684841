//! Which column of the file is what.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a cell can mean here. Every other column is kept under its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    Handle,
    Title,
    Body,
    Vendor,
    ProductType,
    Tags,
    Published,
    Status,
    OptionName(usize),
    OptionValue(usize),
    Sku,
    Grams,
    Tracker,
    Quantity,
    Policy,
    Price,
    CompareAt,
    RequiresShipping,
    Taxable,
    Barcode,
    ImageSrc,
    ImagePosition,
    ImageAlt,
    SeoTitle,
    SeoDescription,
    VariantImage,
    WeightUnit,
    Cost,
}

impl Field {
    /// Whether a value in it makes a row a variant's.
    pub fn is_variants(self) -> bool {
        matches!(
            self,
            Self::OptionValue(_)
                | Self::Sku
                | Self::Grams
                | Self::Tracker
                | Self::Quantity
                | Self::Policy
                | Self::Price
                | Self::CompareAt
                | Self::RequiresShipping
                | Self::Taxable
                | Self::Barcode
                | Self::Cost
        )
    }
}

/// The names a field goes by: the export's usual ones, then those of its newer template. Case does not matter.
const NAMES: &[(&str, Field)] = &[
    ("handle", Field::Handle),
    ("title", Field::Title),
    ("body (html)", Field::Body),
    ("vendor", Field::Vendor),
    ("type", Field::ProductType),
    ("tags", Field::Tags),
    ("published", Field::Published),
    ("status", Field::Status),
    ("option1 name", Field::OptionName(0)),
    ("option1 value", Field::OptionValue(0)),
    ("option2 name", Field::OptionName(1)),
    ("option2 value", Field::OptionValue(1)),
    ("option3 name", Field::OptionName(2)),
    ("option3 value", Field::OptionValue(2)),
    ("variant sku", Field::Sku),
    ("variant grams", Field::Grams),
    ("variant inventory tracker", Field::Tracker),
    ("variant inventory qty", Field::Quantity),
    ("variant inventory policy", Field::Policy),
    ("variant price", Field::Price),
    ("variant compare at price", Field::CompareAt),
    ("variant requires shipping", Field::RequiresShipping),
    ("variant taxable", Field::Taxable),
    ("variant barcode", Field::Barcode),
    ("image src", Field::ImageSrc),
    ("image position", Field::ImagePosition),
    ("image alt text", Field::ImageAlt),
    ("seo title", Field::SeoTitle),
    ("seo description", Field::SeoDescription),
    ("variant image", Field::VariantImage),
    ("variant weight unit", Field::WeightUnit),
    ("cost per item", Field::Cost),
    ("url handle", Field::Handle),
    ("description", Field::Body),
    ("published on online store", Field::Published),
    ("sku", Field::Sku),
    ("weight value (grams)", Field::Grams),
    ("weight unit for display", Field::WeightUnit),
    ("inventory tracker", Field::Tracker),
    ("inventory quantity", Field::Quantity),
    ("continue selling when out of stock", Field::Policy),
    ("price", Field::Price),
    ("compare-at price", Field::CompareAt),
    ("requires shipping", Field::RequiresShipping),
    ("charge tax", Field::Taxable),
    ("barcode", Field::Barcode),
    ("product image url", Field::ImageSrc),
    ("variant image url", Field::VariantImage),
];

/// Whose a column is that has no field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Product,
    Variant,
}

/// The header, understood.
#[derive(Clone, Debug)]
pub struct Columns {
    names: Vec<String>,
    all: Arc<HashSet<String>>,
    fields: HashMap<Field, usize>,
    extra: Vec<(usize, Owner)>,
}

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    #[error("the file has no column `Handle`: is it a product CSV, with a header line?")]
    NoHandle,
    #[error("the columns `{0}` and `{1}` mean the same")]
    Twice(String, String),
    #[error("the file has {0} columns; at most {MAX_COLUMNS}")]
    TooMany(usize),
}

/// At most this many columns: bounds what a row can hold.
pub const MAX_COLUMNS: usize = 1000;

impl Columns {
    pub fn read<'a>(header: impl Iterator<Item = &'a str>) -> Result<Self, BadHeader> {
        let names: Vec<String> = header.map(|name| name.trim().to_owned()).collect();
        if names.len() > MAX_COLUMNS {
            return Err(BadHeader::TooMany(names.len()));
        }
        let mut columns = Self { fields: HashMap::new(), extra: Vec::new(), names: Vec::new(), all: Arc::default() };
        for (at, name) in names.iter().enumerate() {
            match field(name) {
                Some(field) => {
                    if let Some(before) = columns.fields.insert(field, at) {
                        return Err(BadHeader::Twice(names[before].clone(), name.clone()));
                    }
                }
                None => columns.extra.push((at, owner(name))),
            }
        }
        columns.names = distinct(names);
        columns.all = Arc::new(columns.names.iter().cloned().collect());
        if columns.fields.contains_key(&Field::Handle) { Ok(columns) } else { Err(BadHeader::NoHandle) }
    }

    /// Where a field's cell is; none: the file does not have it.
    pub fn at(&self, field: Field) -> Option<usize> {
        self.fields.get(&field).copied()
    }

    /// The field's column as the file names it.
    pub fn name(&self, field: Field) -> Option<&str> {
        self.at(field).map(|at| self.names[at].as_str())
    }

    pub fn name_at(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// The names of all columns.
    pub fn all(&self) -> Arc<HashSet<String>> {
        self.all.clone()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The columns without a field.
    pub fn extra(&self) -> impl Iterator<Item = (usize, &str, Owner)> {
        self.extra.iter().map(|(at, owner)| (*at, self.names[*at].as_str(), *owner))
    }

    /// Where the cells are that make a row a variant's.
    pub fn at_variants(&self) -> impl Iterator<Item = usize> {
        self.fields.iter().filter(|(field, _)| field.is_variants()).map(|(_, at)| *at)
    }

    /// Whether the file says anything about variants.
    pub fn has_variants(&self) -> bool {
        self.at_variants().next().is_some()
    }
}

fn field(name: &str) -> Option<Field> {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field)
}

/// What is kept is kept by its column's name: those without one are named by their place, and those that share one
/// are numbered.
fn distinct(names: Vec<String>) -> Vec<String> {
    let given: HashSet<String> = names.iter().cloned().collect();
    let mut taken = HashSet::new();
    let name = |(at, name): (usize, String)| {
        let mut name = if name.is_empty() { format!("Column {}", at + 1) } else { name };
        if taken.contains(&name) {
            let numbered = (2..=MAX_COLUMNS * 2).map(|number| format!("{name} ({number})"));
            let free = numbered.into_iter().find(|name| !given.contains(name) && !taken.contains(name));
            name = free.unwrap_or(name);
        }
        taken.insert(name.clone());
        name
    };
    names.into_iter().enumerate().map(name).collect()
}

fn owner(name: &str) -> Owner {
    let name = name.to_ascii_lowercase();
    let starts =
        ["variant ", "unit price ", "included / ", "price / ", "compare at price / ", "tax code", "fulfillment"];
    if starts.iter().any(|start| name.starts_with(start)) || name.contains("(variant.metafields.") {
        Owner::Variant
    } else {
        Owner::Product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_understood_in_either_template_and_the_rest_is_kept() {
        let columns =
            Columns::read(["URL handle", "Variant Tax Code", "Google Shopping / MPN", ""].into_iter()).unwrap();
        assert_eq!(columns.at(Field::Handle), Some(0));
        let extra: Vec<_> = columns.extra().collect();
        let google = (2, "Google Shopping / MPN", Owner::Product);
        assert_eq!(extra, [(1, "Variant Tax Code", Owner::Variant), google, (3, "Column 4", Owner::Product)]);
        assert!(!columns.has_variants());
    }

    #[test]
    fn columns_that_share_a_name_are_told_apart() {
        let header = ["Handle", "Foo", "Foo (2)", "Foo", "Variant Bar", "Variant Bar", "", "Column 7", "Foo"];
        let columns = Columns::read(header.into_iter()).unwrap();
        let names: Vec<&str> = columns.extra().map(|(_, name, _)| name).collect();
        let expected =
            ["Foo", "Foo (2)", "Foo (3)", "Variant Bar", "Variant Bar (2)", "Column 7", "Column 7 (2)", "Foo (4)"];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        assert_eq!(Columns::read(["Name", "Price"].into_iter()).unwrap_err(), BadHeader::NoHandle);
        let twice = Columns::read(["Handle", "Price", "Variant Price"].into_iter()).unwrap_err();
        assert_eq!(twice, BadHeader::Twice("Price".to_owned(), "Variant Price".to_owned()));
    }
}
