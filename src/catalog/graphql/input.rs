//! What merchants say about a whole product, and how it becomes a draft.

use async_graphql::{ID, InputObject, MaybeUndefined};
use uuid::Uuid;

use crate::catalog::model::{
    ImageDraft, InventoryPolicy, OptionDraft, ProductDraft, ProductKey, ProductStatus, VariantDraft, Weight, WeightUnit,
};
use crate::catalog::rule::{CatalogCode, Violation, at};
use crate::graphql::scalars::{Html, Url};
use crate::ids::Gid;
use crate::money::graphql::Decimal;
use crate::money::{Currency, Money};

/// Which product is meant.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ProductSetIdentifiers {
    /// The one with this global id, which has to exist.
    id: Option<ID>,
    /// The one with this handle, or a new one under it.
    handle: Option<String>,
}

/// A whole product. What is left out stays as it is; a list that is given replaces the one that is there.
#[derive(Clone, Debug, InputObject)]
pub struct ProductSetInput {
    /// The product's global id, to change it. Better: `identifier`.
    id: Option<ID>,
    /// The readable part of its URL; made from the title for a new product.
    handle: Option<String>,
    /// The product's name. A new product needs one.
    title: Option<String>,
    /// The description with its markup.
    description_html: Option<Html>,
    /// Who makes or supplies it.
    vendor: Option<String>,
    /// The kind of product, in the merchant's own words.
    product_type: Option<String>,
    /// Labels.
    tags: Option<Vec<String>>,
    /// Whether it is offered; a new product is unless this says otherwise.
    status: Option<ProductStatus>,
    /// Texts for search engines.
    seo: Option<SEOInput>,
    /// The things by which its variants differ, at most three; given together with `variants`.
    product_options: Option<Vec<OptionSetInput>>,
    /// Its variants, at most 2048.
    variants: Option<Vec<ProductVariantSetInput>>,
    /// Its pictures, at most 250.
    files: Option<Vec<FileSetInput>>,
    /// The global ids of the collections that hold it, and of no others.
    collections: Option<Vec<ID>>,
}

/// Texts for search engines.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "SEOInput")]
pub struct SEOInput {
    /// The title that a result shows; empty: none.
    pub title: Option<String>,
    /// The text that a result shows; empty: none.
    pub description: Option<String>,
}

/// One of the things by which variants differ.
#[derive(Clone, Debug, InputObject)]
pub struct OptionSetInput {
    /// The global id of an option that is there, to rename it.
    id: Option<ID>,
    /// Its name. Required.
    name: Option<String>,
    /// Its place among the options, from 1; otherwise they are in the order given.
    position: Option<i32>,
    /// Its values in order; those that only variants name follow.
    values: Option<Vec<OptionValueSetInput>>,
}

/// A value of an option.
#[derive(Clone, Debug, InputObject)]
pub struct OptionValueSetInput {
    /// The value. Required.
    name: Option<String>,
}

/// One variant.
#[derive(Clone, Debug, InputObject)]
pub struct ProductVariantSetInput {
    /// The global id of a variant that is there; otherwise variants are known by their option values.
    id: Option<ID>,
    /// A value for each option; none for a product without options.
    option_values: Option<Vec<VariantOptionValueInput>>,
    /// What one costs.
    price: Option<Decimal>,
    /// What one cost before; null: nothing.
    #[graphql(default)]
    compare_at_price: MaybeUndefined<Decimal>,
    /// The merchant's stock keeping unit; empty: none.
    sku: Option<String>,
    /// The number below its bar code; empty: none.
    barcode: Option<String>,
    /// Whether it is sold when none is left.
    inventory_policy: Option<InventoryPolicy>,
    /// What the merchant keeps about its stock.
    inventory_item: Option<InventoryItemInput>,
    /// How many of a new variant lie where. The stock of a variant that is there is not touched.
    inventory_quantities: Option<Vec<ProductSetInventoryInput>>,
    /// Whether it is taxed.
    taxable: Option<bool>,
    /// Its place among the variants, from 1; otherwise they are in the order given.
    position: Option<i32>,
    /// Its picture.
    file: Option<FileSetInput>,
}

/// The value that a variant has for an option.
#[derive(Clone, Debug, InputObject)]
pub struct VariantOptionValueInput {
    /// The option's name. Required.
    option_name: Option<String>,
    /// The value. Required.
    name: Option<String>,
}

/// What the merchant keeps about a variant's stock.
#[derive(Clone, Debug, Default, InputObject)]
pub struct InventoryItemInput {
    /// What the merchant pays for one; null: not known.
    #[graphql(default)]
    cost: MaybeUndefined<Decimal>,
    /// Whether its stock is counted.
    tracked: Option<bool>,
    /// Whether it has to be shipped.
    requires_shipping: Option<bool>,
    /// The merchant's stock keeping unit, when the variant itself has none here.
    sku: Option<String>,
    /// How big it is.
    measurement: Option<InventoryItemMeasurementInput>,
}

/// How big something is.
#[derive(Clone, Debug, InputObject)]
pub struct InventoryItemMeasurementInput {
    /// What it weighs.
    weight: Option<WeightInput>,
}

/// A weight in its unit.
#[derive(Clone, Debug, InputObject)]
pub struct WeightInput {
    /// How many of the unit.
    value: f64,
    /// The unit.
    unit: WeightUnit,
}

/// How many lie at a location.
#[derive(Clone, Debug, InputObject)]
pub struct ProductSetInventoryInput {
    /// The location's global id.
    location_id: ID,
    /// Which quantity is meant: `available`, the only one there is.
    name: Option<String>,
    /// How many.
    quantity: i32,
}

/// A picture by its address.
#[derive(Clone, Debug, InputObject)]
pub struct FileSetInput {
    /// Where it is. Required.
    original_source: Option<Url>,
    /// What it shows, for those who do not see it; empty: nothing said.
    alt: Option<String>,
}

/// Turns inputs into drafts, and collects what cannot be turned.
pub struct Reader {
    currency: Currency,
    /// What was found wrong, by the parts of the draft.
    pub found: Vec<Violation>,
    /// The part of the draft that came from the argument `identifier`.
    identified_by: Option<&'static str>,
    /// Where in the input the draft's options stood, and its variants.
    options: Vec<usize>,
    variants: Vec<usize>,
}

/// Sorts, and answers where each item stood before. Stable: without positions the order given stays.
fn sorted_by<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) -> Vec<usize> {
    let mut numbered: Vec<(usize, T)> = std::mem::take(items).into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, item)| key(item));
    let (places, sorted) = numbered.into_iter().unzip();
    *items = sorted;
    places
}

impl Reader {
    pub fn new(currency: Currency) -> Self {
        Self { currency, found: Vec::new(), identified_by: None, options: Vec::new(), variants: Vec::new() }
    }

    /// Everything found wrong, said of the argument `input`; the draft is not to be used when there is anything.
    pub fn refusals<E: From<Violation>>(&mut self) -> Vec<E> {
        std::mem::take(&mut self.found).into_iter().map(|violation| self.locate(violation).into()).collect()
    }

    /// What is wrong with a draft, said of the arguments it was read from.
    pub fn locate(&self, violation: Violation) -> Violation {
        let Violation { mut field, code, message } = violation;
        let part = field.first().map(String::as_str);
        let places: &[usize] = match part {
            Some("productOptions") => &self.options,
            Some("variants") => &self.variants,
            _ => &[],
        };
        let argument = if part.is_some() && part == self.identified_by { "identifier" } else { "input" };
        if let Some(place) = field.get_mut(1)
            && let Some(given) = place.parse::<usize>().ok().and_then(|place| places.get(place))
        {
            *place = given.to_string();
        }
        field.insert(0, argument.to_owned());
        Violation { field, code, message }
    }

    pub fn draft(&mut self, input: ProductSetInput, identifier: Option<ProductSetIdentifiers>) -> ProductDraft {
        let named = identifier.unwrap_or_default();
        self.identified_by = match (&named.id, &named.handle, &input.id, &input.handle) {
            (Some(_), ..) => Some("id"),
            (None, Some(_), None, None) => Some("handle"),
            _ => None,
        };
        let key = match (named.id, input.id, named.handle) {
            (Some(id), _, _) => self.gid(&id, "Product", at!["id"]).map(ProductKey::Id),
            (None, Some(id), _) => self.gid(&id, "Product", at!["id"]).map(ProductKey::Id),
            (None, None, Some(handle)) => Some(ProductKey::Handle(handle)),
            (None, None, None) => None,
        };
        let (seo_title, seo_description) = input.seo.map_or((None, None), |seo| (seo.title, seo.description));
        ProductDraft {
            key: key.unwrap_or_default(),
            handle: input.handle,
            title: input.title,
            description_html: input.description_html.map(|html| html.0),
            vendor: input.vendor,
            product_type: input.product_type,
            tags: input.tags,
            status: input.status,
            seo_title,
            seo_description,
            options: input.product_options.map(|options| self.options(options)),
            variants: input.variants.map(|variants| self.variants(variants)),
            images: input.files.map(|files| {
                files.into_iter().enumerate().map(|(place, file)| self.image(file, at!["files", place])).collect()
            }),
            collections: input.collections.map(|ids| self.gids(&ids, "Collection", "collections")),
            ..ProductDraft::default()
        }
    }

    /// The uuids of these ids; what is not one of this kind is not found.
    pub fn gids(&mut self, ids: &[ID], kind: &str, field: &str) -> Vec<Uuid> {
        ids.iter().enumerate().filter_map(|(place, id)| self.gid(id, kind, at![field, place])).collect()
    }

    pub fn gid(&mut self, id: &str, kind: &str, field: Vec<String>) -> Option<Uuid> {
        let found = Gid::of(id, kind);
        if found.is_none() {
            self.found.push(Violation::new(field, CatalogCode::NotFound, format!("there is no {kind} with this id")));
        }
        found
    }

    fn options(&mut self, mut options: Vec<OptionSetInput>) -> Vec<OptionDraft> {
        self.options = sorted_by(&mut options, |option| option.position);
        let mut option = |(place, option): (usize, OptionSetInput)| OptionDraft {
            id: option.id.and_then(|id| self.gid(&id, "ProductOption", at!["productOptions", place, "id"])),
            name: option.name.unwrap_or_default(),
            values: self.option_values(option.values.unwrap_or_default(), place),
        };
        options.into_iter().enumerate().map(&mut option).collect()
    }

    fn option_values(&mut self, values: Vec<OptionValueSetInput>, option: usize) -> Vec<String> {
        let mut name = |(place, value): (usize, OptionValueSetInput)| {
            if value.name.is_none() {
                let field = at!["productOptions", option, "values", place, "name"];
                self.found.push(Violation::new(field, CatalogCode::Blank, "can't be blank"));
            }
            value.name
        };
        values.into_iter().enumerate().filter_map(&mut name).collect()
    }

    fn variants(&mut self, mut variants: Vec<ProductVariantSetInput>) -> Vec<VariantDraft> {
        self.variants = sorted_by(&mut variants, |variant| variant.position);
        variants.into_iter().enumerate().map(|(place, variant)| self.variant(variant, place)).collect()
    }

    fn variant(&mut self, input: ProductVariantSetInput, place: usize) -> VariantDraft {
        let field = |name: &str| at!["variants", place, name];
        let item = input.inventory_item.unwrap_or_default();
        let pair =
            |value: VariantOptionValueInput| (value.option_name.unwrap_or_default(), value.name.unwrap_or_default());
        VariantDraft {
            id: input.id.and_then(|id| self.gid(&id, "ProductVariant", field("id"))),
            options: input.option_values.unwrap_or_default().into_iter().map(pair).collect(),
            sku: input.sku.or(item.sku),
            barcode: input.barcode,
            price_minor: input.price.and_then(|price| self.amount(&price, field("price"))),
            compare_at_minor: self.amount_or_null(input.compare_at_price, field("compareAtPrice")),
            cost_minor: self.amount_or_null(item.cost, at!["variants", place, "inventoryItem", "cost"]),
            weight: item.measurement.and_then(|measurement| measurement.weight).and_then(|weight| {
                self.weight(&weight, at!["variants", place, "inventoryItem", "measurement", "weight"])
            }),
            inventory_policy: input.inventory_policy,
            tracked: item.tracked,
            requires_shipping: item.requires_shipping,
            taxable: input.taxable,
            image: input.file.map(|file| self.image(file, field("file")).url),
            quantities: self.quantities(input.inventory_quantities.unwrap_or_default(), place),
            import_extra: None,
        }
    }

    fn quantities(&mut self, inputs: Vec<ProductSetInventoryInput>, variant: usize) -> Vec<(Uuid, i32)> {
        let mut quantities = Vec::with_capacity(inputs.len());
        for (place, input) in inputs.into_iter().enumerate() {
            let field = |name: &str| at!["variants", variant, "inventoryQuantities", place, name];
            if input.name.is_some_and(|name| name != "available") {
                let message = "the only quantity there is is \"available\"";
                self.found.push(Violation::new(field("name"), CatalogCode::Invalid, message));
            }
            if let Some(location) = self.gid(&input.location_id, "Location", field("locationId")) {
                quantities.push((location, input.quantity));
            }
        }
        quantities
    }

    fn image(&mut self, file: FileSetInput, mut field: Vec<String>) -> ImageDraft {
        let url = file.original_source.map(|url| url.0).unwrap_or_default();
        if url.is_empty() {
            field.push("originalSource".to_owned());
            self.found.push(Violation::new(field, CatalogCode::Blank, "can't be blank"));
        }
        ImageDraft { url, alt_text: file.alt, width: None, height: None }
    }

    fn amount(&mut self, text: &Decimal, field: Vec<String>) -> Option<i64> {
        match Money::parse(&text.0, self.currency) {
            Ok(money) => Some(money.minor),
            Err(error) => {
                self.found.push(Violation::new(field, CatalogCode::Invalid, error.to_string()));
                None
            }
        }
    }

    fn amount_or_null(&mut self, text: MaybeUndefined<Decimal>, field: Vec<String>) -> Option<Option<i64>> {
        match text {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(text) => self.amount(&text, field).map(Some),
        }
    }

    fn weight(&mut self, weight: &WeightInput, field: Vec<String>) -> Option<Weight> {
        let grams = (weight.value * weight.unit.in_grams()).round();
        if !(0.0..=100_000_000.0).contains(&grams) {
            self.found.push(Violation::new(field, CatalogCode::Invalid, "must be between 0 and 100 tonnes"));
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked just above")]
        Some(Weight { grams: grams as i32, unit: weight.unit })
    }
}
