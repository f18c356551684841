//! The rows of one product, put together.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::columns::{Columns, Field, Owner};
use super::report::{MAX_REPORTED, Rejection, clip};
use super::row::{CellFault, ImageCells, ProductCells, Row, VariantCells};
use crate::catalog::model::{
    ImageDraft, ImportExtra, MAX_LIST, MAX_OPTIONS, MAX_VARIANTS, OptionDraft, ProductDraft, ProductKey, VariantDraft,
    fold, parse_handle,
};
use crate::money::Currency;

/// At most this many bytes of one product's rows are held.
const MAX_BYTES: usize = 16 << 20;

/// A product's option values in a variant, by option.
type Values = [Option<String>; MAX_OPTIONS];

/// The rows of a product, as they come.
#[derive(Debug)]
pub struct ProductRows {
    handle: String,
    line: u64,
    rows: u64,
    bytes: usize,
    cells: Result<ProductCells, ()>,
    option_names: Values,
    variants: Vec<VariantRow>,
    images: Vec<ImageCells>,
    extra: Map<String, Value>,
    /// The line of a row with another title: rows behind it that have none may belong to that one.
    other_title: Option<u64>,
    rejected: Vec<Rejection>,
    rejected_rows: u64,
}

#[derive(Debug)]
struct VariantRow {
    line: u64,
    values: Values,
    cells: VariantCells,
}

/// A product ready to be written, with what was wrong on the way.
#[derive(Debug)]
pub struct Parsed {
    pub handle: String,
    pub line: u64,
    pub rows: u64,
    /// None: nothing of it is left.
    pub product: Option<Ready>,
    pub rejected: Vec<Rejection>,
    pub rejected_rows: u64,
}

#[derive(Debug)]
pub struct Ready {
    pub draft: ProductDraft,
    /// One for each of the draft's variants.
    pub variants: Vec<ReadyVariant>,
}

#[derive(Clone, Debug)]
pub struct ReadyVariant {
    pub line: u64,
    /// Its units, when it is tracked.
    pub quantity: Option<i32>,
}

impl ProductRows {
    /// Starts a product with its first row, which has to have a handle.
    pub fn start(handle: String, row: &Row<'_>, currency: Currency) -> Self {
        let mut product = Self {
            handle,
            line: row.line,
            rows: 0,
            bytes: 0,
            cells: Ok(ProductCells::default()),
            option_names: Values::default(),
            variants: Vec::new(),
            images: Vec::new(),
            extra: Map::new(),
            other_title: None,
            rejected: Vec::new(),
            rejected_rows: 0,
        };
        let checked = parse_handle(&product.handle)
            .map_err(|error| vec![(row.columns.name(Field::Handle).unwrap_or_default().to_owned(), error.to_string())]);
        match checked.and_then(|_| row.product()) {
            Ok(cells) => {
                product.cells = Ok(cells);
                product.add(row, currency);
            }
            Err(faults) => {
                product.rows = 1;
                product.cells = Err(());
                product.reject(row.line, faults);
            }
        }
        product
    }

    /// Adds a row of the same handle.
    pub fn add(&mut self, row: &Row<'_>, currency: Currency) {
        self.rows += 1;
        self.bytes += row.record.as_slice().len();
        if let Err(faults) = self.try_add(row, currency) {
            self.reject(row.line, faults);
        }
    }

    pub fn handle(&self) -> &str {
        &self.handle
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn try_add(&mut self, row: &Row<'_>, currency: Currency) -> Result<(), Vec<CellFault>> {
        let general = |reason: String| vec![(String::new(), reason)];
        let Ok(first) = &self.cells else {
            return Err(general(format!("belongs to the product whose first row, line {}, was rejected", self.line)));
        };
        if self.bytes > MAX_BYTES {
            return Err(general(format!("the product's rows have more than {MAX_BYTES} bytes")));
        }
        let mut beside = Vec::new();
        if self.rows > 1 {
            if let Some(title) = row.filled(Field::Title) {
                let is_other = first.title.as_deref() != Some(title);
                self.other_title = is_other.then_some(row.line);
            } else if let Some(line) = self.other_title {
                return Err(general(format!("follows line {line}, whose title is another, and may belong to that")));
            }
            beside = row.otherwise(first, self.line)?;
        }
        let values = self.options(row)?;
        let is_variant = self.rows == 1 || row.is_variants();
        let cells = if is_variant { row.variant(currency).map(Some) } else { Ok(None) };
        let (mut cells, image) = match (cells, row.image()) {
            (Ok(cells), Ok(image)) => (cells, image),
            (cells, image) => return Err(cells.err().into_iter().chain(image.err()).flatten().collect()),
        };
        if is_variant && self.variants.len() == MAX_VARIANTS {
            return Err(general(format!("a product has at most {MAX_VARIANTS} variants")));
        }
        beside.extend(self.add_image(image).map_err(general)?);
        if !is_variant {
            beside.extend([Field::VariantImage, Field::WeightUnit]);
        }
        let extra = cells.as_mut().map(|cells| &mut cells.extra);
        self.add_extra(row, &beside, extra);
        if let Some(cells) = cells {
            self.variants.push(VariantRow { line: row.line, values, cells });
        }
        Ok(())
    }

    /// Takes over names of options, and answers the row's values.
    fn options(&mut self, row: &Row<'_>) -> Result<Values, Vec<CellFault>> {
        let mut values = Values::default();
        for (at, (known, value)) in self.option_names.iter_mut().zip(&mut values).enumerate() {
            let name = row.option(at, Field::OptionName)?;
            if let (Some(known), Some(name)) = (known.as_deref(), name.as_deref())
                && fold(known) != fold(name)
            {
                let reason = format!("is `{}`; in the rows before it is `{}`", clip(name), clip(known));
                return Err(vec![(row.name(Field::OptionName(at)), reason)]);
            }
            *known = known.take().or(name);
            *value = row.option(at, Field::OptionValue)?;
        }
        Ok(values)
    }

    /// An address that the product has already is the same image again. Answers what is left over of the row's cells.
    fn add_image(&mut self, image: ImageCells) -> Result<Vec<Field>, String> {
        if let Some(known) = self.images.iter_mut().find(|known| known.url == image.url) {
            known.alt_text = known.alt_text.take().or_else(|| image.alt_text.clone());
            known.position = known.position.or(image.position);
            let other_alt = image.alt_text.is_some() && image.alt_text != known.alt_text;
            let other_position = image.position.is_some() && image.position != known.position;
            let left = [(Field::ImageAlt, other_alt), (Field::ImagePosition, other_position)];
            return Ok(left.into_iter().filter_map(|(field, is_left)| is_left.then_some(field)).collect());
        }
        if image.url.is_empty() {
            return Ok(vec![Field::ImageAlt, Field::ImagePosition]);
        }
        if self.images.len() == MAX_LIST {
            return Err(format!("a product has at most {MAX_LIST} images"));
        }
        self.images.push(image);
        Ok(Vec::new())
    }

    /// Keeps what has no field, or has one and is not for it. What a later row says otherwise of the product is kept
    /// beside it: with the row's variant, or in a list.
    fn add_extra(&mut self, row: &Row<'_>, beside: &[Field], mut variant: Option<&mut Map<String, Value>>) {
        for (name, text) in row.extra(Owner::Product) {
            let is_others = self.extra.get(name).is_some_and(|known| known != text);
            match &mut variant {
                Some(extra) if is_others => drop(extra.insert(name.to_owned(), text.into())),
                _ => self.add_to_list(name.to_owned(), text),
            }
        }
        for field in beside {
            let Some(text) = row.filled(*field) else { continue };
            match &mut variant {
                Some(extra) => drop(extra.insert(row.name(*field), text.into())),
                None => self.add_to_list(row.name(*field), text),
            }
        }
    }

    fn add_to_list(&mut self, name: String, text: &str) {
        match self.extra.get_mut(&name) {
            None => drop(self.extra.insert(name, text.into())),
            Some(known) if *known == text => {}
            Some(Value::Array(list)) => list.push(text.into()),
            Some(known) => *known = Value::Array(vec![known.take(), text.into()]),
        }
    }

    fn reject(&mut self, line: u64, faults: Vec<CellFault>) {
        self.rejected_rows += 1;
        for (column, reason) in faults {
            let column = Some(column).filter(|column| !column.is_empty());
            if self.rejected.len() < MAX_REPORTED {
                self.rejected.push(Rejection::new(line, column, Some(self.handle.clone()), reason));
            }
        }
    }

    /// Makes the draft of all rows that are fine. `is_whole`: no row of the product is missing here.
    pub fn finish(mut self, columns: &Columns, is_whole: bool) -> Parsed {
        let cells = std::mem::replace(&mut self.cells, Err(()));
        let mut product = match cells {
            Ok(cells) => self.ready(cells, columns),
            Err(()) => None,
        };
        if let Some(Ready { draft, .. }) = &mut product {
            draft.is_partial = !is_whole || self.rejected_rows > 0;
        }
        Parsed {
            handle: self.handle,
            line: self.line,
            rows: self.rows,
            product,
            rejected: self.rejected,
            rejected_rows: self.rejected_rows,
        }
    }

    fn ready(&mut self, cells: ProductCells, columns: &Columns) -> Option<Ready> {
        let names = self.used_options(columns)?;
        self.keep_unused_options(columns);
        self.reject_misfits(&names, columns);
        if columns.has_variants() && self.variants.is_empty() {
            if self.rejected_rows < self.rows {
                let reason = "no variant of the product is left, so its other rows are left out, too".to_owned();
                self.reject(self.line, vec![(String::new(), reason)]);
            }
            self.rejected_rows = self.rows;
            return None;
        }
        let mut draft = ProductDraft {
            key: ProductKey::Handle(self.handle.clone()),
            handle: None,
            title: cells.title,
            description_html: cells.body,
            vendor: cells.vendor,
            product_type: cells.product_type,
            tags: cells.tags,
            status: cells.status,
            publication: cells.publication,
            seo_title: cells.seo_title,
            seo_description: cells.seo_description,
            images: columns.at(Field::ImageSrc).map(|_| images(std::mem::take(&mut self.images))),
            import_extra: Some(ImportExtra {
                columns: columns.all(),
                values: std::mem::take(&mut self.extra),
                units: None,
            }),
            ..ProductDraft::default()
        };
        let mut variants = Vec::new();
        if columns.has_variants() {
            let rows = std::mem::take(&mut self.variants);
            let mut drafts = Vec::with_capacity(rows.len());
            for row in rows {
                variants.push(ReadyVariant { line: row.line, quantity: row.cells.quantity });
                drafts.push(variant(&names, &row.values, row.cells, columns));
            }
            let option = |(_, name): &(usize, String)| OptionDraft { id: None, name: name.clone(), values: Vec::new() };
            draft.options = Some(names.iter().map(option).collect());
            draft.variants = Some(drafts);
        }
        Some(Ready { draft, variants })
    }

    /// The options that the product has, by place; none when their names do not fit (then all of it is rejected).
    fn used_options(&mut self, columns: &Columns) -> Option<Vec<(usize, String)>> {
        let is_used = |at: usize| self.variants.iter().any(|variant| variant.values[at].is_some());
        let mut names: Vec<(usize, String)> = Vec::new();
        let mut wrong = None;
        for at in (0..MAX_OPTIONS).filter(|at| is_used(*at)) {
            match self.option_names[at].clone() {
                None => wrong = Some((at, "is blank, though there are values".to_owned())),
                Some(name) if names.iter().any(|(_, one)| fold(one) == fold(&name)) => {
                    wrong = Some((at, format!("`{}` is there twice", clip(&name))));
                }
                Some(name) => names.push((at, name)),
            }
        }
        if let Some((at, reason)) = wrong {
            let column = columns.name(Field::OptionName(at)).unwrap_or("Option name").to_owned();
            self.reject(self.line, vec![(column, format!("{reason}; all rows of the product are left out"))]);
            self.rejected_rows = self.rows;
            return None;
        }
        let is_default = |variant: &VariantRow| variant.values[0].as_deref() == Some("Default Title");
        if matches!(names.as_slice(), [(0, name)] if name == "Title") && self.variants.iter().all(is_default) {
            names.clear();
        }
        Some(names)
    }

    /// Names of options that no row has a value for.
    fn keep_unused_options(&mut self, columns: &Columns) {
        for at in 0..MAX_OPTIONS {
            let is_used = self.variants.iter().any(|variant| variant.values[at].is_some());
            if let (false, Some(name), Some(column)) =
                (is_used, &self.option_names[at], columns.name(Field::OptionName(at)))
            {
                self.extra.insert(column.to_owned(), name.as_str().into());
            }
        }
    }

    /// Rejects rows without a value for an option, and those whose values another row has already.
    fn reject_misfits(&mut self, names: &[(usize, String)], columns: &Columns) {
        let mut seen: HashSet<Vec<String>> = HashSet::new();
        let mut misfits = Vec::new();
        for (place, variant) in self.variants.iter().enumerate() {
            let column = |at: usize| columns.name(Field::OptionValue(at)).unwrap_or_default().to_owned();
            let missing = names.iter().find(|(at, _)| variant.values[*at].is_none());
            let values = || names.iter().filter_map(|(at, _)| variant.values[*at].as_deref()).map(fold).collect();
            let fault = if let Some((at, name)) = missing {
                Some((column(*at), format!("is blank; the product has the option `{}`", clip(name))))
            } else if seen.insert(values()) {
                None
            } else if names.is_empty() {
                Some((column(0), "the product has no options, so it has one variant only".to_owned()))
            } else {
                Some((column(names[0].0), "another row has the same option values".to_owned()))
            };
            if let Some(fault) = fault {
                misfits.push((place, variant.line, fault));
            }
        }
        for (place, line, fault) in misfits.into_iter().rev() {
            self.variants.remove(place);
            self.reject(line, vec![fault]);
        }
        self.rejected.sort_by_key(|rejection| rejection.line);
    }
}

fn variant(names: &[(usize, String)], values: &Values, cells: VariantCells, columns: &Columns) -> VariantDraft {
    let value = |at: usize| values[at].clone().unwrap_or_default();
    VariantDraft {
        id: None,
        options: names.iter().map(|(at, name)| (name.clone(), value(*at))).collect(),
        sku: cells.sku,
        barcode: cells.barcode,
        price_minor: cells.price_minor,
        compare_at_minor: cells.compare_at_minor,
        cost_minor: cells.cost_minor,
        weight: cells.weight,
        inventory_policy: cells.inventory_policy,
        tracked: cells.tracked,
        requires_shipping: cells.requires_shipping,
        taxable: cells.taxable,
        image: cells.image,
        quantities: Vec::new(),
        import_extra: Some(ImportExtra { columns: columns.all(), values: cells.extra, units: cells.units }),
    }
}

/// Images by position; those without one come behind, in the file's order.
fn images(mut images: Vec<ImageCells>) -> Vec<ImageDraft> {
    images.sort_by_key(|image| image.position.unwrap_or(u32::MAX));
    let draft = |image: ImageCells| ImageDraft { url: image.url, alt_text: image.alt_text, ..ImageDraft::default() };
    images.into_iter().map(draft).collect()
}

#[cfg(test)]
#[path = "product_tests.rs"]
mod tests;
