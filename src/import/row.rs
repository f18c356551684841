//! One row's values, each read by its column's rules.

use csv::StringRecord;
use serde_json::{Map, Value};

use super::columns::{Columns, Field, Owner};
use super::report::clip;
use crate::catalog::model::{InventoryPolicy, MAX_LIST, MAX_MINOR, ProductStatus, Publication, Weight, WeightUnit};
use crate::money::{Currency, Money};

/// The bounds of the tables, told by column instead of by a constraint's name.
const MAX_TITLE: usize = 255;
const MAX_BODY: usize = 524_288;
const MAX_SEO_DESCRIPTION: usize = 5000;
const MAX_URL: usize = 2048;
const MAX_ALT: usize = 512;
const MAX_GRAMS: f64 = 100_000_000.0;
const MAX_QUANTITY: i64 = 1_000_000_000;

/// A column and what is wrong in it.
pub type CellFault = (String, String);

/// What a product's first row says of the product. None: the file does not have the column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProductCells {
    pub title: Option<String>,
    pub body: Option<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub tags: Option<Vec<String>>,
    pub status: Option<ProductStatus>,
    pub publication: Publication,
    pub seo_title: Option<String>,
    pub seo_description: Option<String>,
}

/// What a row says of its variant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VariantCells {
    pub sku: Option<String>,
    pub barcode: Option<String>,
    pub price_minor: Option<i64>,
    pub compare_at_minor: Option<Option<i64>>,
    pub cost_minor: Option<Option<i64>>,
    pub weight: Option<Weight>,
    pub inventory_policy: Option<InventoryPolicy>,
    pub tracked: Option<bool>,
    /// None for variants that are not tracked.
    pub quantity: Option<i32>,
    pub requires_shipping: Option<bool>,
    pub taxable: Option<bool>,
    pub image: Option<String>,
    pub extra: Map<String, Value>,
    /// The cell of the units, when the file does not say whether they are tracked.
    pub units: Option<(String, Value)>,
}

/// An image that a row brings, or what it says of one that it does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCells {
    /// Empty: the row names none.
    pub url: String,
    pub alt_text: Option<String>,
    pub position: Option<u32>,
}

/// A record of the file with its columns.
pub struct Row<'a> {
    pub columns: &'a Columns,
    pub record: &'a StringRecord,
    pub line: u64,
}

impl Row<'_> {
    /// The cell's text without the space around it; none: the file does not have the column.
    pub fn cell(&self, field: Field) -> Option<&str> {
        self.columns.at(field).map(|at| self.record.get(at).unwrap_or_default().trim())
    }

    /// The cell's text, unless it is blank.
    pub fn filled(&self, field: Field) -> Option<&str> {
        self.cell(field).filter(|text| !text.is_empty())
    }

    pub fn is_variants(&self) -> bool {
        let extra =
            |(at, _, owner)| owner == Owner::Variant && self.record.get(at).is_some_and(|text| !text.trim().is_empty());
        self.columns.at_variants().any(|at| self.record.get(at).is_some_and(|text| !text.trim().is_empty()))
            || self.columns.extra().any(extra)
    }

    /// Non-blank cells of the columns without a field.
    pub fn extra(&self, owner: Owner) -> impl Iterator<Item = (&str, &str)> {
        self.columns
            .extra()
            .filter(move |(_, _, one)| *one == owner)
            .filter_map(|(at, name, _)| Some((name, self.record.get(at)?)))
            .filter(|(_, text)| !text.trim().is_empty())
    }

    /// The column's name, as the file has it.
    pub fn name(&self, field: Field) -> String {
        self.columns.name(field).unwrap_or_default().to_owned()
    }

    /// Everything the product's first row says of it, or all that is wrong with that.
    pub fn product(&self) -> Result<ProductCells, Vec<CellFault>> {
        let mut read = Read { row: self, faults: Vec::new() };
        let cells = read.product();
        if cells.title.as_deref() == Some("") {
            read.fault(Field::Title, "is blank in the product's first row");
        }
        read.end(cells)
    }

    /// What a later row says of its product otherwise than the first one: texts to be kept beside it, by their fields.
    /// Two titles, statuses or publications of one product cannot both be meant.
    pub fn otherwise(&self, first: &ProductCells, first_line: u64) -> Result<Vec<Field>, Vec<CellFault>> {
        let mut read = Read { row: self, faults: Vec::new() };
        let later = read.product();
        let contradictions = [
            (Field::Title, later.title != first.title),
            (Field::Status, later.status != first.status),
            (Field::Published, later.publication != first.publication),
        ];
        for (field, differs) in contradictions {
            if let Some(text) = self.filled(field).filter(|_| differs && read.faults.is_empty()) {
                let reason = format!("is `{}`; the product's first row, line {first_line}, says otherwise", clip(text));
                read.fault(field, reason);
            }
        }
        let texts = [
            (Field::Body, later.body != first.body),
            (Field::Vendor, later.vendor != first.vendor),
            (Field::ProductType, later.product_type != first.product_type),
            (Field::Tags, later.tags != first.tags),
            (Field::SeoTitle, later.seo_title != first.seo_title),
            (Field::SeoDescription, later.seo_description != first.seo_description),
        ];
        let differs = |(field, differs): (Field, bool)| (differs && self.filled(field).is_some()).then_some(field);
        read.end(texts.into_iter().filter_map(differs).collect())
    }

    /// Everything the row says of its variant, or all that is wrong with that.
    pub fn variant(&self, currency: Currency) -> Result<VariantCells, Vec<CellFault>> {
        let mut read = Read { row: self, faults: Vec::new() };
        let mut cells = VariantCells {
            sku: read.text(Field::Sku, MAX_TITLE),
            // A spreadsheet's way to keep a number a text.
            barcode: read.text(Field::Barcode, MAX_TITLE).map(|text| text.trim_start_matches('\'').to_owned()),
            price_minor: read.amount(Field::Price, currency).flatten(),
            compare_at_minor: read.amount(Field::CompareAt, currency),
            cost_minor: read.amount(Field::Cost, currency),
            weight: read.weight(),
            inventory_policy: read.policy(),
            tracked: self.cell(Field::Tracker).map(|tracker| tracker.eq_ignore_ascii_case("shopify")),
            quantity: None,
            requires_shipping: read.flag(Field::RequiresShipping),
            taxable: read.flag(Field::Taxable),
            image: read.url(Field::VariantImage),
            extra: self.extra(Owner::Variant).map(|(name, text)| (name.to_owned(), text.into())).collect(),
            units: None,
        };
        if let Some(unit) = self.filled(Field::WeightUnit).filter(|_| self.columns.at(Field::Grams).is_none()) {
            cells.extra.insert(self.name(Field::WeightUnit), unit.into());
        }
        read.stock(&mut cells);
        read.end(cells)
    }

    /// The row's image.
    pub fn image(&self) -> Result<ImageCells, Vec<CellFault>> {
        let mut read = Read { row: self, faults: Vec::new() };
        let url = read.url(Field::ImageSrc).unwrap_or_default();
        let alt_text = read.text(Field::ImageAlt, MAX_ALT).filter(|text| !text.is_empty());
        let position = read.whole(Field::ImagePosition).and_then(|number| u32::try_from(number).ok());
        if position.is_none() && self.filled(Field::ImagePosition).is_some() && read.faults.is_empty() {
            read.fault(Field::ImagePosition, "is below 0");
        }
        read.end(ImageCells { url, alt_text, position })
    }

    /// The option's value in this row, unless it is blank.
    pub fn option(&self, at: usize, field: fn(usize) -> Field) -> Result<Option<String>, Vec<CellFault>> {
        let mut read = Read { row: self, faults: Vec::new() };
        let text = read.text(field(at), MAX_TITLE).filter(|text| !text.is_empty());
        read.end(text)
    }
}

/// Reads values and collects what is wrong with them.
struct Read<'a> {
    row: &'a Row<'a>,
    faults: Vec<CellFault>,
}

impl Read<'_> {
    fn end<T>(self, value: T) -> Result<T, Vec<CellFault>> {
        if self.faults.is_empty() { Ok(value) } else { Err(self.faults) }
    }

    fn fault(&mut self, field: Field, reason: impl Into<String>) {
        self.faults.push((self.row.name(field), reason.into()));
    }

    fn text(&mut self, field: Field, most: usize) -> Option<String> {
        let text = self.row.cell(field)?;
        let length = text.chars().count();
        if length > most {
            self.fault(field, format!("has {length} characters; at most {most}"));
        }
        Some(text.to_owned())
    }

    fn product(&mut self) -> ProductCells {
        ProductCells {
            title: self.text(Field::Title, MAX_TITLE),
            body: self.body(),
            vendor: self.text(Field::Vendor, MAX_TITLE),
            product_type: self.text(Field::ProductType, MAX_TITLE),
            tags: self.tags(),
            status: self.status(),
            publication: self.publication(),
            seo_title: self.text(Field::SeoTitle, MAX_TITLE),
            seo_description: self.text(Field::SeoDescription, MAX_SEO_DESCRIPTION),
        }
    }

    /// Kept to the letter, unlike other texts.
    fn body(&mut self) -> Option<String> {
        self.text(Field::Body, MAX_BODY)?;
        self.row.columns.at(Field::Body).map(|at| self.row.record.get(at).unwrap_or_default().to_owned())
    }

    fn tags(&mut self) -> Option<Vec<String>> {
        let mut tags: Vec<String> = Vec::new();
        for tag in self.row.cell(Field::Tags)?.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
            if tag.chars().count() > MAX_TITLE {
                self.fault(Field::Tags, format!("has a tag of more than {MAX_TITLE} characters"));
            }
            if !tags.iter().any(|one| one == tag) {
                tags.push(tag.to_owned());
            }
        }
        if tags.len() > MAX_LIST {
            self.fault(Field::Tags, format!("has {} tags; at most {MAX_LIST}", tags.len()));
        }
        Some(tags)
    }

    fn status(&mut self) -> Option<ProductStatus> {
        match self.row.filled(Field::Status)?.to_ascii_lowercase().as_str() {
            "active" => Some(ProductStatus::Active),
            "draft" => Some(ProductStatus::Draft),
            "archived" => Some(ProductStatus::Archived),
            other => {
                self.fault(Field::Status, format!("is `{}`; expected active, draft or archived", clip(other)));
                None
            }
        }
    }

    fn publication(&mut self) -> Publication {
        match self.flag(Field::Published) {
            Some(true) => Publication::Shown,
            Some(false) => Publication::Hidden,
            None => Publication::Keep,
        }
    }

    fn flag(&mut self, field: Field) -> Option<bool> {
        match self.row.filled(field)?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            other => {
                self.fault(field, format!("is `{}`; expected true or false", clip(other)));
                None
            }
        }
    }

    /// An amount; `Some(None)` where the cell is blank.
    fn amount(&mut self, field: Field, currency: Currency) -> Option<Option<i64>> {
        let text = self.row.cell(field)?;
        if text.is_empty() {
            return Some(None);
        }
        match Money::parse(text, currency) {
            Ok(money) if (0..=MAX_MINOR).contains(&money.minor) => Some(Some(money.minor)),
            Ok(_) => {
                self.fault(field, format!("is `{}`, which is out of range", clip(text)));
                None
            }
            Err(error) => {
                self.fault(field, format!("`{}` {error}", clip(text)));
                None
            }
        }
    }

    fn weight(&mut self) -> Option<Weight> {
        let unit = match self.row.filled(Field::WeightUnit).map(str::to_ascii_lowercase).as_deref() {
            None | Some("kg") => WeightUnit::Kilograms,
            Some("g") => WeightUnit::Grams,
            Some("lb") => WeightUnit::Pounds,
            Some("oz") => WeightUnit::Ounces,
            Some(other) => {
                self.fault(Field::WeightUnit, format!("is `{}`; expected kg, g, lb or oz", clip(other)));
                return None;
            }
        };
        let text = self.row.cell(Field::Grams)?;
        let grams: f64 = if text.is_empty() { 0.0 } else { text.parse().unwrap_or(f64::NAN) };
        if !(0.0..=MAX_GRAMS).contains(&grams) {
            self.fault(Field::Grams, format!("is `{}`; expected a number from 0 to {MAX_GRAMS}", clip(text)));
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to be within the range just before")]
        let grams = grams.round() as i32;
        Some(Weight { grams, unit })
    }

    fn policy(&mut self) -> Option<InventoryPolicy> {
        match self.row.filled(Field::Policy)?.to_ascii_lowercase().as_str() {
            "deny" | "false" => Some(InventoryPolicy::Deny),
            "continue" | "true" => Some(InventoryPolicy::Continue),
            other => {
                self.fault(Field::Policy, format!("is `{}`; expected deny or continue", clip(other)));
                None
            }
        }
    }

    /// Tracker and quantity. What cannot be stock here is kept as it stands in the file: the units of a variant that
    /// is not tracked, an oversold level of one that is not sold below zero, the name of someone else's tracker.
    fn stock(&mut self, cells: &mut VariantCells) {
        let is_tracked = cells.tracked.unwrap_or(true);
        if let Some(tracker) = self.row.filled(Field::Tracker)
            && !is_tracked
        {
            cells.extra.insert(self.row.name(Field::Tracker), tracker.into());
        }
        let Some(quantity) = self.whole(Field::Quantity) else { return };
        if !(-MAX_QUANTITY..=MAX_QUANTITY).contains(&quantity) {
            return self.fault(Field::Quantity, format!("is {quantity}; at most {MAX_QUANTITY}"));
        }
        let may_oversell = cells.inventory_policy == Some(InventoryPolicy::Continue);
        let cell = (self.row.name(Field::Quantity), Value::from(quantity.to_string()));
        if !is_tracked || (quantity < 0 && !may_oversell) {
            cells.extra.insert(cell.0, cell.1);
        } else if cells.tracked.is_none() {
            cells.units = Some(cell);
        }
        let quantity = if may_oversell { quantity } else { quantity.max(0) };
        cells.quantity = i32::try_from(quantity).ok().filter(|_| is_tracked);
    }

    fn whole(&mut self, field: Field) -> Option<i64> {
        let text = self.row.filled(field)?;
        // Spreadsheets write 5 as 5.0.
        let digits = text
            .split_once('.')
            .filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'))
            .map_or(text, |(whole, _)| whole);
        let number = digits.parse().ok();
        if number.is_none() {
            self.fault(field, format!("is `{}`; expected a whole number", clip(text)));
        }
        number
    }

    /// An absolute address; an empty text where the cell is blank.
    fn url(&mut self, field: Field) -> Option<String> {
        let text = self.text(field, MAX_URL)?;
        let is_web = |url: url::Url| matches!(url.scheme(), "http" | "https");
        if !text.is_empty() && !url::Url::parse(&text).is_ok_and(is_web) {
            self.fault(field, format!("`{}` is not a http or https URL", clip(&text)));
        }
        Some(text)
    }
}
