//! From a draft and what is stored to what shall be stored: pure, so that it can be tested without a database.

use std::collections::HashSet;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::check::{MAX_LIST, MAX_VARIANTS, fold};
use super::draft::{ImageDraft, ImportExtra, ProductDraft, Publication, VariantDraft, WeightUnit};
use super::whole::{DEFAULT_OPTION, OptionValue, ProductFields, WholeImage, WholeOption, WholeProduct, WholeVariant};
use crate::catalog::rule::{CatalogCode, Violation, at};
use crate::text::plain_of;

/// What `plan` needs beside the draft.
pub struct Planning<'a> {
    pub now: DateTime<Utc>,
    pub new_id: &'a mut dyn FnMut() -> Uuid,
    /// The handle the product shall have.
    pub handle: String,
}

/// The product as the (checked) draft wants it. Equal to `before` when there is nothing to do: rows keep their
/// times unless they change, and everything that can be recognised keeps its id.
pub fn plan(
    draft: &ProductDraft,
    before: Option<&WholeProduct>,
    planning: &mut Planning<'_>,
) -> Result<WholeProduct, Vec<Violation>> {
    let now = planning.now;
    let mut fields = product_fields(draft, before, planning)?;
    let variant_drafts = wanted_variants(draft, before)?;
    let mut options = wanted_options(draft, before, planning)?;
    let mut images = wanted_images(draft, before, planning);
    let variants = match &variant_drafts {
        None => before.map(|before| before.variants.clone()).unwrap_or_default(),
        Some(drafts) => {
            let mut variants = plan_variants(drafts, before, &mut options, &mut images, planning)?;
            if let Some(before) = before.filter(|_| draft.is_partial) {
                keep_others(&mut variants, before, &mut options, planning)?;
            }
            variants
        }
    };
    if images.len() > MAX_LIST {
        let message = format!("with those that are there already and the variants' there are more than {MAX_LIST}");
        return refuse(at!["files"], CatalogCode::TooMany, message);
    }
    let mut variants = variants;
    for variant in &mut variants {
        variant.image_id = variant.image_id.filter(|id| images.iter().any(|image| image.id == *id));
        let stored = before.and_then(|before| before.variants.iter().find(|stored| stored.id == variant.id));
        if stored.is_some_and(|stored| stored != variant) {
            variant.updated_at = now;
        }
    }
    fields.min_price_minor = variants.iter().map(|variant| variant.price_minor).min().unwrap_or_default();
    let mut after = WholeProduct { fields, options, images, variants };
    if before.is_some_and(|before| *before != after) {
        after.fields.updated_at = now;
    }
    Ok(after)
}

fn refuse<T>(field: Vec<String>, code: CatalogCode, message: impl Into<String>) -> Result<T, Vec<Violation>> {
    Err(vec![Violation::new(field, code, message)])
}

fn product_fields(
    draft: &ProductDraft,
    before: Option<&WholeProduct>,
    planning: &mut Planning<'_>,
) -> Result<ProductFields, Vec<Violation>> {
    let now = planning.now;
    let mut fields = match before {
        Some(before) => before.fields.clone(),
        None => ProductFields {
            id: (planning.new_id)(),
            handle: String::new(),
            title: String::new(),
            description_html: String::new(),
            description: String::new(),
            vendor: String::new(),
            product_type: String::new(),
            tags: Vec::new(),
            status: "ACTIVE".to_owned(),
            seo_title: None,
            seo_description: None,
            min_price_minor: 0,
            import_extra: Map::new(),
            published_at: Some(now),
            created_at: now,
            updated_at: now,
        },
    };
    if before.is_none() && draft.title.is_none() {
        return refuse(at!["title"], CatalogCode::Blank, "can't be blank");
    }
    fields.handle.clone_from(&planning.handle);
    set(&mut fields.title, &draft.title);
    if let Some(html) = &draft.description_html
        && *html != fields.description_html
    {
        fields.description = plain_of(html);
        fields.description_html.clone_from(html);
    }
    set(&mut fields.vendor, &draft.vendor);
    set(&mut fields.product_type, &draft.product_type);
    set(&mut fields.tags, &draft.tags);
    if let Some(status) = draft.status {
        status.as_str().clone_into(&mut fields.status);
    }
    set_or_clear(&mut fields.seo_title, draft.seo_title.as_deref());
    set_or_clear(&mut fields.seo_description, draft.seo_description.as_deref());
    if let Some(extra) = &draft.import_extra {
        set_extra(&mut fields.import_extra, extra, draft.is_partial);
    }
    fields.published_at = match draft.publication {
        Publication::Keep => fields.published_at,
        Publication::Shown => fields.published_at.or(Some(now)),
        Publication::Hidden => None,
        // The database keeps microseconds.
        Publication::From(at) => Some(at.trunc_subsecs(6)),
    };
    Ok(fields)
}

fn set<T: Clone>(field: &mut T, wanted: &Option<T>) {
    if let Some(wanted) = wanted {
        field.clone_from(wanted);
    }
}

fn set_or_clear(field: &mut Option<String>, wanted: Option<&str>) {
    if let Some(wanted) = wanted {
        *field = Some(wanted.to_owned()).filter(|text| !text.is_empty());
    }
}

fn set_extra(field: &mut Map<String, Value>, wanted: &ImportExtra, is_partial: bool) {
    if !is_partial {
        field.retain(|name, _| !wanted.columns.contains(name));
    }
    field.extend(wanted.values.clone());
}

/// The variants to plan; none when those that are there stay as they are.
fn wanted_variants(
    draft: &ProductDraft,
    before: Option<&WholeProduct>,
) -> Result<Option<Vec<VariantDraft>>, Vec<Violation>> {
    let has_options = draft.options.as_ref().is_some_and(|options| !options.is_empty());
    match &draft.variants {
        Some(variants) if !variants.is_empty() => Ok(Some(variants.clone())),
        _ if has_options => refuse(at!["variants"], CatalogCode::Blank, "give the variants together with the options"),
        None if before.is_some() && draft.options.is_none() => Ok(None),
        _ => Ok(Some(vec![VariantDraft::default()])),
    }
}

/// The options with the values that are given for them; those that variants name are added later.
fn wanted_options(
    draft: &ProductDraft,
    before: Option<&WholeProduct>,
    planning: &mut Planning<'_>,
) -> Result<Vec<WholeOption>, Vec<Violation>> {
    let stored = before.map_or(&[][..], |before| &before.options);
    let Some(drafts) = &draft.options else {
        if stored.is_empty() || draft.variants.as_ref().is_some_and(Vec::is_empty) {
            return Ok(vec![default_option(stored, planning)]);
        }
        return Ok(match &draft.variants {
            None => stored.to_vec(),
            // Values that no variant names any more go.
            Some(_) => stored.iter().map(|option| WholeOption { values: Vec::new(), ..option.clone() }).collect(),
        });
    };
    if drafts.is_empty() {
        return Ok(vec![default_option(stored, planning)]);
    }
    let mut taken = HashSet::new();
    let mut options = Vec::with_capacity(drafts.len());
    for (at, option) in drafts.iter().enumerate() {
        let known = match option.id {
            Some(id) => match stored.iter().find(|stored| stored.id == id) {
                Some(known) => Some(known),
                None => {
                    return refuse(
                        at!["productOptions", at, "id"],
                        CatalogCode::NotFound,
                        "the product has no such option",
                    );
                }
            },
            None => stored.iter().find(|stored| fold(&stored.name) == fold(&option.name)),
        };
        let known = known.filter(|known| taken.insert(known.id));
        let values = option
            .values
            .iter()
            .map(|name| option_value(known.map_or(&[][..], |known| &known.values), name, planning))
            .collect();
        let id = known.map_or_else(|| (planning.new_id)(), |known| known.id);
        options.push(WholeOption { id, name: option.name.clone(), values });
    }
    Ok(options)
}

/// What stands for the options of a product without any.
fn default_option(stored: &[WholeOption], planning: &mut Planning<'_>) -> WholeOption {
    let (name, value) = DEFAULT_OPTION;
    match stored.iter().find(|stored| stored.name == name) {
        Some(known) => WholeOption { values: vec![option_value(&known.values, value, planning)], ..known.clone() },
        None => WholeOption {
            id: (planning.new_id)(),
            name: name.to_owned(),
            values: vec![OptionValue { id: (planning.new_id)(), name: value.to_owned() }],
        },
    }
}

fn option_value(stored: &[OptionValue], name: &str, planning: &mut Planning<'_>) -> OptionValue {
    let known = stored.iter().find(|stored| fold(&stored.name) == fold(name));
    OptionValue { id: known.map_or_else(|| (planning.new_id)(), |known| known.id), name: name.to_owned() }
}

fn wanted_images(draft: &ProductDraft, before: Option<&WholeProduct>, planning: &mut Planning<'_>) -> Vec<WholeImage> {
    let stored = before.map_or(&[][..], |before| &before.images);
    match &draft.images {
        None => stored.to_vec(),
        Some(drafts) => {
            let mut images: Vec<_> = drafts.iter().map(|image| wanted_image(image, stored, planning)).collect();
            if draft.is_partial {
                images.extend(stored.iter().filter(|image| drafts.iter().all(|one| one.url != image.url)).cloned());
            }
            images
        }
    }
}

fn wanted_image(draft: &ImageDraft, stored: &[WholeImage], planning: &mut Planning<'_>) -> WholeImage {
    let mut image = match stored.iter().find(|stored| stored.url == draft.url) {
        Some(known) => known.clone(),
        None => {
            WholeImage { id: (planning.new_id)(), url: draft.url.clone(), alt_text: None, width: None, height: None }
        }
    };
    set_or_clear(&mut image.alt_text, draft.alt_text.as_deref());
    image.width = draft.width.or(image.width);
    image.height = draft.height.or(image.height);
    image
}

/// A variant's values, in the options' order.
type Values = Vec<String>;

fn plan_variants(
    drafts: &[VariantDraft],
    before: Option<&WholeProduct>,
    options: &mut [WholeOption],
    images: &mut Vec<WholeImage>,
    planning: &mut Planning<'_>,
) -> Result<Vec<WholeVariant>, Vec<Violation>> {
    let recognised = Recognised::new(before, options);
    let mut violations = Vec::new();
    let mut seen = HashSet::new();
    let mut taken = HashSet::new();
    let mut variants = Vec::with_capacity(drafts.len());
    for (at, draft) in drafts.iter().enumerate() {
        let values = match values_of(at, draft, before, options, planning) {
            Ok(values) => values,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        if !seen.insert(values.iter().map(|value| fold(value)).collect::<Vec<_>>()) {
            let message = format!("the variant \"{}\" is there twice", values.join(" / "));
            violations.push(Violation::new(at!["variants", at], CatalogCode::DuplicateVariant, message));
            continue;
        }
        let known = match draft.id {
            Some(id) => {
                let known = before.and_then(|before| before.variants.iter().find(|variant| variant.id == id));
                if known.is_none() {
                    let message = "the product has no such variant";
                    violations.push(Violation::new(at!["variants", at, "id"], CatalogCode::NotFound, message));
                    continue;
                }
                known
            }
            // One that another draft names by id is not recognised by its values.
            None => {
                recognised.by_values(&values).filter(|known| !drafts.iter().any(|other| other.id == Some(known.id)))
            }
        };
        if known.is_some_and(|known| !taken.insert(known.id)) {
            let message = "another item names the same variant";
            violations.push(Violation::new(at!["variants", at, "id"], CatalogCode::DuplicateVariant, message));
            continue;
        }
        let mut variant = plan_variant(draft, known, values, planning);
        match draft.image.as_deref() {
            None => {}
            Some("") => variant.image_id = None,
            Some(url) => variant.image_id = Some(image_with(url, before, images, planning)),
        }
        variants.push(variant);
    }
    if options.iter().any(|option| option.values.len() > MAX_VARIANTS) {
        let message = format!("an option has more than {MAX_VARIANTS} values");
        violations.push(Violation::new(at!["productOptions"], CatalogCode::TooMany, message));
    }
    if violations.is_empty() { Ok(variants) } else { Err(violations) }
}

/// Adds the stored variants that a partial draft does not name, as they are.
fn keep_others(
    variants: &mut Vec<WholeVariant>,
    before: &WholeProduct,
    options: &mut [WholeOption],
    planning: &mut Planning<'_>,
) -> Result<(), Vec<Violation>> {
    let named: HashSet<Uuid> = variants.iter().map(|variant| variant.id).collect();
    for stored in before.variants.iter().filter(|stored| !named.contains(&stored.id)) {
        let itself = VariantDraft { id: Some(stored.id), ..VariantDraft::default() };
        let values = values_of(variants.len(), &itself, Some(before), options, planning).map_err(|violation| {
            let message = format!("the variant \"{}\" is to stay, and {}", stored.title(), violation.message);
            vec![Violation { message, ..violation }]
        })?;
        variants.push(WholeVariant { values, ..stored.clone() });
    }
    if variants.len() > MAX_VARIANTS {
        let message = format!("with the variants that stay there are more than {MAX_VARIANTS}");
        return refuse(at!["variants"], CatalogCode::TooMany, message);
    }
    Ok(())
}

/// Stored variants by their option values, when the options are still the same ones (in whatever order).
struct Recognised<'a> {
    variants: Vec<(Vec<String>, &'a WholeVariant)>,
}

impl<'a> Recognised<'a> {
    fn new(before: Option<&'a WholeProduct>, options: &[WholeOption]) -> Self {
        let Some(before) = before else { return Self { variants: Vec::new() } };
        let places: Option<Vec<usize>> =
            options.iter().map(|option| before.options.iter().position(|stored| stored.id == option.id)).collect();
        let places = places.filter(|places| places.len() == before.options.len()).unwrap_or_default();
        let in_order = |variant: &WholeVariant| -> Vec<String> {
            places.iter().filter_map(|place| variant.values.get(*place)).map(|value| fold(value)).collect()
        };
        let variants = before.variants.iter().filter(|_| !places.is_empty());
        Self { variants: variants.map(|variant| (in_order(variant), variant)).collect() }
    }

    fn by_values(&self, values: &[String]) -> Option<&'a WholeVariant> {
        let folded: Vec<String> = values.iter().map(|value| fold(value)).collect();
        self.variants.iter().find(|(stored, _)| *stored == folded).map(|(_, variant)| *variant)
    }
}

/// The draft's values in the options' order and spelling. Values that are new are added to their options.
fn values_of(
    at: usize,
    draft: &VariantDraft,
    before: Option<&WholeProduct>,
    options: &mut [WholeOption],
    planning: &mut Planning<'_>,
) -> Result<Values, Violation> {
    let field = || at!["variants", at, "optionValues"];
    let without_options = options.len() == 1 && options[0].name == DEFAULT_OPTION.0;
    let given = match (&draft.options[..], draft.id) {
        ([], None) if without_options => vec![(DEFAULT_OPTION.0.to_owned(), DEFAULT_OPTION.1.to_owned())],
        // A variant that is named by its id may leave its values as they are.
        ([], Some(id)) => named_values(id, before, options).unwrap_or_default(),
        (given, _) => given.to_vec(),
    };
    if let Some((name, _)) =
        given.iter().find(|(name, _)| !options.iter().any(|option| fold(&option.name) == fold(name)))
    {
        let message = format!("the product has no option \"{name}\"");
        return Err(Violation::new(field(), CatalogCode::NotFound, message));
    }
    if given.len() > options.len() {
        return Err(Violation::new(field(), CatalogCode::DuplicateOption, "an option has more than one value"));
    }
    let mut values = Vec::with_capacity(options.len());
    for option in options {
        let Some((_, value)) = given.iter().find(|(name, _)| fold(name) == fold(&option.name)) else {
            let message = format!("has no value for the option \"{}\"", option.name);
            return Err(Violation::new(field(), CatalogCode::Blank, message));
        };
        if let Some(known) = option.values.iter().find(|known| fold(&known.name) == fold(value)) {
            values.push(known.name.clone());
            continue;
        }
        let stored = before.and_then(|before| before.options.iter().find(|stored| stored.id == option.id));
        let added = option_value(stored.map_or(&[][..], |stored| &stored.values), value, planning);
        values.push(added.name.clone());
        option.values.push(added);
    }
    Ok(values)
}

/// The stored variant's values with the names that their options have now.
fn named_values(id: Uuid, before: Option<&WholeProduct>, options: &[WholeOption]) -> Option<Vec<(String, String)>> {
    let before = before?;
    let variant = before.variants.iter().find(|variant| variant.id == id)?;
    let name = |stored: &WholeOption| {
        let option = options.iter().find(|option| option.id == stored.id).unwrap_or(stored);
        option.name.clone()
    };
    Some(before.options.iter().map(name).zip(variant.values.iter().cloned()).collect())
}

fn plan_variant(
    draft: &VariantDraft,
    known: Option<&WholeVariant>,
    values: Values,
    planning: &mut Planning<'_>,
) -> WholeVariant {
    let now = planning.now;
    let mut variant = match known {
        Some(known) => WholeVariant { values, ..known.clone() },
        None => WholeVariant {
            id: (planning.new_id)(),
            values,
            sku: None,
            barcode: None,
            price_minor: 0,
            compare_at_minor: None,
            cost_minor: None,
            weight_grams: 0,
            weight_unit: WeightUnit::Kilograms.as_str().to_owned(),
            inventory_policy: "DENY".to_owned(),
            tracked: true,
            requires_shipping: true,
            taxable: true,
            image_id: None,
            import_extra: Map::new(),
            created_at: now,
            updated_at: now,
        },
    };
    set_or_clear(&mut variant.sku, draft.sku.as_deref());
    set_or_clear(&mut variant.barcode, draft.barcode.as_deref());
    set(&mut variant.price_minor, &draft.price_minor);
    set(&mut variant.compare_at_minor, &draft.compare_at_minor);
    set(&mut variant.cost_minor, &draft.cost_minor);
    if let Some(weight) = draft.weight {
        variant.weight_grams = weight.grams;
        weight.unit.as_str().clone_into(&mut variant.weight_unit);
    }
    if let Some(policy) = draft.inventory_policy {
        policy.as_str().clone_into(&mut variant.inventory_policy);
    }
    set(&mut variant.tracked, &draft.tracked);
    set(&mut variant.requires_shipping, &draft.requires_shipping);
    set(&mut variant.taxable, &draft.taxable);
    if let Some(extra) = &draft.import_extra {
        set_extra(&mut variant.import_extra, extra, false);
        variant.import_extra.extend(extra.units.clone().filter(|_| !variant.tracked));
    }
    variant
}

/// The id of the image with this address, which is added when it is not there.
fn image_with(
    url: &str,
    before: Option<&WholeProduct>,
    images: &mut Vec<WholeImage>,
    planning: &mut Planning<'_>,
) -> Uuid {
    if let Some(known) = images.iter().find(|image| image.url == url) {
        return known.id;
    }
    let draft = ImageDraft { url: url.to_owned(), ..ImageDraft::default() };
    let image = wanted_image(&draft, before.map_or(&[][..], |before| &before.images), planning);
    let id = image.id;
    images.push(image);
    id
}
