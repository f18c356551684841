//! What can be said about a draft without knowing the shop: bounds, blanks, duplicates. Texts are tidied on the way.

use std::collections::HashSet;

use super::draft::{CollectionDraft, ImageDraft, InventoryPolicy, OptionDraft, ProductDraft, VariantDraft};
use super::handle::parse_handle;
use crate::catalog::rule::{CatalogCode, Violation, at};
use crate::inventory::model::MAX_UNITS;

/// At most this many options a product.
pub const MAX_OPTIONS: usize = 3;
/// At most this many variants a product, and values an option.
pub const MAX_VARIANTS: usize = 2048;
/// At most this many tags, images and collections a product.
pub const MAX_LIST: usize = 250;
/// The highest price, in minor units.
pub const MAX_MINOR: i64 = 1_000_000_000_000;

const SHORT: usize = 255;
const LONG: usize = 5000;
const HTML: usize = 524_288;
const URL: usize = 2048;

/// Collects what is wrong.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, field: Vec<String>, code: CatalogCode, message: impl Into<String>) {
        self.0.push(Violation::new(field, code, message));
    }

    fn text(&mut self, field: Vec<String>, text: &str, max: usize) {
        if text.chars().nth(max).is_some() {
            self.add(field, CatalogCode::TooLong, format!("has more than {max} characters"));
        } else if text.contains('\0') {
            self.add(field, CatalogCode::Invalid, "contains a NUL character");
        }
    }

    fn required(&mut self, field: Vec<String>, text: &str, max: usize) {
        if text.is_empty() {
            self.add(field, CatalogCode::Blank, "can't be blank");
        } else {
            self.text(field, text, max);
        }
    }

    fn list(&mut self, field: Vec<String>, length: usize, max: usize) {
        if length > max {
            self.add(field, CatalogCode::TooMany, format!("has {length} items; at most {max} are allowed"));
        }
    }

    fn amount(&mut self, field: Vec<String>, minor: Option<i64>) {
        if minor.is_some_and(|minor| !(0..=MAX_MINOR).contains(&minor)) {
            self.add(field, CatalogCode::Invalid, "must be 0 or more, and not that much");
        }
    }

    fn url(&mut self, field: Vec<String>, text: &str) {
        let absolute = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if text.chars().count() > URL {
            self.add(field, CatalogCode::TooLong, format!("has more than {URL} characters"));
        } else if !absolute {
            self.add(field, CatalogCode::Invalid, "is not an absolute http or https URL");
        }
    }
}

/// Two names that people would call the same.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Tidies the draft and says what is wrong with it.
pub fn check(draft: &mut ProductDraft) -> Vec<Violation> {
    let mut found = Findings::default();
    if let Some(title) = &mut draft.title {
        trim(title);
        found.required(at!["title"], title, SHORT);
    }
    for (name, text, max) in [
        ("descriptionHtml", &draft.description_html, HTML),
        ("vendor", &draft.vendor, SHORT),
        ("productType", &draft.product_type, SHORT),
    ] {
        found.text(at![name], text.as_deref().unwrap_or_default(), max);
    }
    found.text(at!["seo", "title"], draft.seo_title.as_deref().unwrap_or_default(), SHORT);
    found.text(at!["seo", "description"], draft.seo_description.as_deref().unwrap_or_default(), LONG);
    if let Some(tags) = &mut draft.tags {
        tidy_tags(tags);
        found.list(at!["tags"], tags.len(), MAX_LIST);
        for (at, tag) in tags.iter().enumerate() {
            found.text(at!["tags", at], tag, SHORT);
        }
    }
    if let Some(options) = &mut draft.options {
        check_options(&mut found, options);
    }
    if let Some(images) = &mut draft.images {
        check_images(&mut found, images);
    }
    if let Some(variants) = &mut draft.variants {
        found.list(at!["variants"], variants.len(), MAX_VARIANTS);
        for (at, variant) in variants.iter_mut().enumerate().take(MAX_VARIANTS) {
            check_variant(&mut found, at, variant);
        }
    }
    if let Some(collections) = &draft.collections {
        found.list(at!["collections"], collections.len(), MAX_LIST);
    }
    found.0
}

/// Tidies a collection's draft and says what is wrong with it.
pub fn check_collection(draft: &mut CollectionDraft) -> Vec<Violation> {
    let mut found = Findings::default();
    trim(&mut draft.title);
    found.required(at!["title"], &draft.title, SHORT);
    if let Some(handle) = &mut draft.handle {
        match parse_handle(handle) {
            Ok(parsed) => *handle = parsed,
            Err(bad) => found.add(at!["handle"], CatalogCode::Invalid, bad.to_string()),
        }
    }
    found.text(at!["descriptionHtml"], &draft.description_html, HTML);
    if let Some(url) = draft.image_url.as_deref().filter(|url| !url.is_empty()) {
        found.url(at!["image", "src"], url);
    }
    found.text(at!["image", "altText"], draft.image_alt.as_deref().unwrap_or_default(), 512);
    found.text(at!["seo", "title"], draft.seo_title.as_deref().unwrap_or_default(), SHORT);
    found.text(at!["seo", "description"], draft.seo_description.as_deref().unwrap_or_default(), LONG);
    found.list(at!["products"], draft.products.len(), MAX_LIST);
    found.0
}

fn check_options(found: &mut Findings, options: &mut [OptionDraft]) {
    found.list(at!["productOptions"], options.len(), MAX_OPTIONS);
    let mut names = HashSet::new();
    for (at, option) in options.iter_mut().enumerate().take(MAX_OPTIONS) {
        trim(&mut option.name);
        found.required(at!["productOptions", at, "name"], &option.name, SHORT);
        if !names.insert(fold(&option.name)) {
            let message = format!("the option \"{}\" is there twice", option.name);
            found.add(at!["productOptions", at, "name"], CatalogCode::DuplicateOption, message);
        }
        found.list(at!["productOptions", at, "values"], option.values.len(), MAX_VARIANTS);
        let mut values = HashSet::new();
        for (place, value) in option.values.iter_mut().enumerate().take(MAX_VARIANTS) {
            trim(value);
            found.required(at!["productOptions", at, "values", place], value, SHORT);
            if !values.insert(fold(value)) {
                let message = format!("the value \"{value}\" is there twice");
                found.add(at!["productOptions", at, "values", place], CatalogCode::DuplicateOption, message);
            }
        }
    }
}

fn check_images(found: &mut Findings, images: &mut Vec<ImageDraft>) {
    let mut seen = HashSet::new();
    let distinct = |image: &ImageDraft| seen.insert(image.url.clone());
    let is_first: Vec<bool> = images.iter().map(distinct).collect();
    found.list(at!["files"], is_first.iter().filter(|is_first| **is_first).count(), MAX_LIST);
    for (at, image) in images.iter().enumerate().filter(|(at, _)| is_first[*at]).take(MAX_LIST) {
        found.url(at!["files", at, "originalSource"], &image.url);
        found.text(at!["files", at, "alt"], image.alt_text.as_deref().unwrap_or_default(), 512);
        if image.width.is_some_and(|width| width <= 0) || image.height.is_some_and(|height| height <= 0) {
            found.add(at!["files", at], CatalogCode::Invalid, "width and height must be above 0");
        }
    }
    let mut is_first = is_first.into_iter();
    images.retain(|_| is_first.next() == Some(true));
}

fn check_variant(found: &mut Findings, at: usize, variant: &mut VariantDraft) {
    for (name, value) in &mut variant.options {
        trim(name);
        trim(value);
        found.required(at!["variants", at, "optionValues"], value, SHORT);
    }
    for (name, text) in [("sku", &mut variant.sku), ("barcode", &mut variant.barcode)] {
        if let Some(text) = text {
            trim(text);
            found.text(at!["variants", at, name], text, SHORT);
        }
    }
    found.amount(at!["variants", at, "price"], variant.price_minor);
    found.amount(at!["variants", at, "compareAtPrice"], variant.compare_at_minor.flatten());
    found.amount(at!["variants", at, "inventoryItem", "cost"], variant.cost_minor.flatten());
    if variant.weight.is_some_and(|weight| !(0..=100_000_000).contains(&weight.grams)) {
        let message = "must be between 0 and 100 tonnes";
        found.add(at!["variants", at, "inventoryItem", "measurement", "weight"], CatalogCode::Invalid, message);
    }
    if let Some(url) = variant.image.as_deref().filter(|url| !url.is_empty()) {
        found.url(at!["variants", at, "file", "originalSource"], url);
    }
    found.list(at!["variants", at, "inventoryQuantities"], variant.quantities.len(), MAX_LIST);
    // What is sold on below zero may come from another system with some sold already.
    let least = if variant.inventory_policy == Some(InventoryPolicy::Continue) { -MAX_UNITS } else { 0 };
    let mut locations = HashSet::new();
    for (place, (location, quantity)) in variant.quantities.iter().enumerate() {
        if !locations.insert(location) {
            let field = at!["variants", at, "inventoryQuantities", place, "locationId"];
            found.add(field, CatalogCode::Invalid, "the location is there twice");
        }
        if !(least..=MAX_UNITS).contains(quantity) {
            let field = at!["variants", at, "inventoryQuantities", place, "quantity"];
            found.add(field, CatalogCode::Invalid, format!("must be between {least} and {MAX_UNITS}"));
        }
    }
}

/// Trimmed, without blanks, each once.
fn tidy_tags(tags: &mut Vec<String>) {
    let mut seen = HashSet::new();
    tags.iter_mut().for_each(trim);
    tags.retain(|tag| !tag.is_empty() && seen.insert(fold(tag)));
}

fn trim(text: &mut String) {
    if text.trim().len() != text.len() {
        *text = text.trim().to_owned();
    }
}
