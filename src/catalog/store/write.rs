//! Writing many products: one statement a table, only for rows that differ.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::catalog::model::{OptionValue, ProductFields, WholeImage, WholeOption, WholeProduct, WholeVariant};
use crate::db::schema::{product_images, product_option_values, product_options, product_variants, products};
use crate::db::{TenantTx, insert_rows};

/// A row with its product and its place, from 1.
type Placed<'a, T> = (Uuid, i16, &'a T);

/// What lies between what is stored and what shall be.
#[derive(Default)]
pub struct Changes<'a> {
    products: Vec<&'a ProductFields>,
    options: Vec<Placed<'a, WholeOption>>,
    /// With their product and option.
    values: Vec<(Uuid, Placed<'a, OptionValue>)>,
    images: Vec<Placed<'a, WholeImage>>,
    variants: Vec<Placed<'a, WholeVariant>>,
    options_gone: Vec<Uuid>,
    values_gone: Vec<Uuid>,
    images_gone: Vec<Uuid>,
    variants_gone: Vec<Uuid>,
}

impl<'a> Changes<'a> {
    /// Adds what makes `after` of `before`.
    pub fn add(&mut self, before: Option<&WholeProduct>, after: &'a WholeProduct) {
        let id = after.fields.id;
        if before.is_none_or(|before| before.fields != after.fields) {
            self.products.push(&after.fields);
        }
        let (options, images, variants) = match before {
            Some(before) => (&before.options[..], &before.images[..], &before.variants[..]),
            None => (&[][..], &[][..], &[][..]),
        };
        // The values have rows of their own.
        let same_option = |a: &WholeOption, b: &WholeOption| a.id == b.id && a.name == b.name;
        diff(id, options, &after.options, |option| option.id, same_option, &mut self.options, &mut self.options_gone);
        for option in &after.options {
            let stored = options.iter().find(|stored| stored.id == option.id);
            let stored = stored.map_or(&[][..], |stored| &stored.values[..]);
            let mut changed = Vec::new();
            let gone = &mut self.values_gone;
            diff(option.id, stored, &option.values, |value| value.id, PartialEq::eq, &mut changed, gone);
            self.values.extend(changed.into_iter().map(|value| (id, value)));
        }
        diff(id, images, &after.images, |image| image.id, PartialEq::eq, &mut self.images, &mut self.images_gone);
        let same_variant = |a: &WholeVariant, b: &WholeVariant| a == b;
        let gone = &mut self.variants_gone;
        diff(id, variants, &after.variants, |variant| variant.id, same_variant, &mut self.variants, gone);
    }

    pub fn variants_gone(&self) -> &[Uuid] {
        &self.variants_gone
    }
}

/// Rows that are new, differ or stand elsewhere; and the ids of those that are gone.
fn diff<'a, T>(
    owner: Uuid,
    before: &[T],
    after: &'a [T],
    id: impl Fn(&T) -> Uuid,
    same: impl Fn(&T, &T) -> bool,
    changed: &mut Vec<Placed<'a, T>>,
    gone: &mut Vec<Uuid>,
) {
    let places: std::collections::HashMap<Uuid, usize> =
        before.iter().enumerate().map(|(at, row)| (id(row), at)).collect();
    let kept: std::collections::HashSet<Uuid> = after.iter().map(&id).collect();
    for (at, row) in after.iter().enumerate() {
        let stays = places.get(&id(row)).is_some_and(|place| *place == at && same(&before[*place], row));
        if !stays {
            let position = i16::try_from(at + 1).unwrap_or(i16::MAX);
            changed.push((owner, position, row));
        }
    }
    gone.extend(before.iter().map(&id).filter(|id| !kept.contains(id)));
}

/// Writes it all; what is gone goes first, so that its names and values are free.
pub async fn apply(tx: &mut TenantTx<'_>, changes: &Changes<'_>) -> QueryResult<()> {
    delete_gone(tx, changes).await?;
    // In one order: whoever waits for another's handle does not wait in a circle.
    let mut products = changes.products.clone();
    products.sort_unstable_by(|a, b| a.handle.cmp(&b.handle));
    if !products.is_empty() {
        upsert_products(tx, &products).await?;
    }
    upsert_options(tx, &changes.options).await?;
    upsert_values(tx, &changes.values).await?;
    upsert_images(tx, &changes.images).await?;
    upsert_variants(tx, &changes.variants).await
}

async fn delete_gone(tx: &mut TenantTx<'_>, changes: &Changes<'_>) -> QueryResult<()> {
    macro_rules! delete {
        ($table:ident, $ids:expr) => {
            if !$ids.is_empty() {
                diesel::delete($table::table)
                    .filter($table::tenant_id.eq(tx.tenant()))
                    .filter($table::id.eq_any(&$ids))
                    .execute(tx)
                    .await?;
            }
        };
    }
    delete!(product_variants, changes.variants_gone);
    delete!(product_option_values, changes.values_gone);
    delete!(product_options, changes.options_gone);
    delete!(product_images, changes.images_gone);
    Ok(())
}

/// `ON CONFLICT (tenant_id, id) DO UPDATE` of these columns.
macro_rules! or_update {
    ($tx:ident, $insert:expr, $table:ident, [$($column:ident),* $(,)?]) => {
        $insert
            .on_conflict(($table::tenant_id, $table::id))
            .do_update()
            .set(($($table::$column.eq(excluded($table::$column)),)*))
            .execute($tx)
            .await
    };
}

/// Writes rows, unless there are none; the columns behind `;` never change.
macro_rules! upsert {
    ($tx:ident, $table:ident, $rows:expr, |$row:pat_param| {
        $($column:ident: $value:expr),* $(,)?; $($fixed:ident: $fixed_value:expr),* $(,)?
    }) => {{
        if !$rows.is_empty() {
            let insert = insert_rows!($tx.tenant(), $table, $rows, |$row| {
                $($fixed: $fixed_value,)* $($column: $value),*
            });
            or_update!($tx, insert, $table, [$($column),*])?;
        }
        Ok(())
    }};
}

/// With a row of parameters each: an array of arrays, which the tags would be, cannot be unnested. As many products as
/// one write may have (`MAX_DRAFTS`) stay far below the protocol's 65,535 parameters.
async fn upsert_products(tx: &mut TenantTx<'_>, all: &[&ProductFields]) -> QueryResult<usize> {
    use products as p;
    let tenant = tx.tenant();
    let row = |fields: &&ProductFields| {
        let fields = (*fields).clone();
        (
            p::tenant_id.eq(tenant),
            p::id.eq(fields.id),
            p::handle.eq(fields.handle),
            p::title.eq(fields.title),
            p::description_html.eq(fields.description_html),
            p::description.eq(fields.description),
            p::vendor.eq(fields.vendor),
            p::product_type.eq(fields.product_type),
            p::tags.eq(fields.tags),
            p::status.eq(fields.status),
            p::seo_title.eq(fields.seo_title),
            p::seo_description.eq(fields.seo_description),
            p::min_price_minor.eq(fields.min_price_minor),
            p::import_extra.eq(Value::Object(fields.import_extra)),
            p::published_at.eq(fields.published_at),
            p::created_at.eq(fields.created_at),
            p::updated_at.eq(fields.updated_at),
        )
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    or_update!(
        tx,
        diesel::insert_into(products::table).values(rows),
        products,
        [
            handle,
            title,
            description_html,
            description,
            vendor,
            product_type,
            tags,
            status,
            seo_title,
            seo_description,
            min_price_minor,
            import_extra,
            published_at,
            updated_at,
        ]
    )
}

async fn upsert_options(tx: &mut TenantTx<'_>, rows: &[Placed<'_, WholeOption>]) -> QueryResult<()> {
    upsert!(tx, product_options, rows, |(product_id, position, option)| {
        position: *position,
        name: option.name.as_str();
        id: option.id,
        product_id: *product_id,
    })
}

async fn upsert_values(tx: &mut TenantTx<'_>, rows: &[(Uuid, Placed<'_, OptionValue>)]) -> QueryResult<()> {
    upsert!(tx, product_option_values, rows, |(product_id, (option_id, position, value))| {
        position: *position,
        name: value.name.as_str();
        id: value.id,
        product_id: *product_id,
        option_id: *option_id,
    })
}

async fn upsert_images(tx: &mut TenantTx<'_>, rows: &[Placed<'_, WholeImage>]) -> QueryResult<()> {
    upsert!(tx, product_images, rows, |(product_id, position, image)| {
        position: *position,
        url: image.url.as_str(),
        alt_text: image.alt_text.as_deref(),
        width: image.width,
        height: image.height;
        id: image.id,
        product_id: *product_id,
    })
}

async fn upsert_variants(tx: &mut TenantTx<'_>, rows: &[Placed<'_, WholeVariant>]) -> QueryResult<()> {
    upsert!(tx, product_variants, rows, |(product_id, position, variant)| {
        position: *position,
        title: variant.title(),
        option1: value(variant, 0).unwrap_or_default(),
        option2: value(variant, 1),
        option3: value(variant, 2),
        sku: variant.sku.as_deref(),
        barcode: variant.barcode.as_deref(),
        price_minor: variant.price_minor,
        compare_at_minor: variant.compare_at_minor,
        cost_minor: variant.cost_minor,
        weight_grams: variant.weight_grams,
        weight_unit: variant.weight_unit.as_str(),
        inventory_policy: variant.inventory_policy.as_str(),
        tracked: variant.tracked,
        requires_shipping: variant.requires_shipping,
        taxable: variant.taxable,
        image_id: variant.image_id,
        import_extra: Value::Object(variant.import_extra.clone()),
        updated_at: variant.updated_at;
        id: variant.id,
        product_id: *product_id,
        created_at: variant.created_at,
    })
}

fn value(variant: &WholeVariant, option: usize) -> Option<&str> {
    variant.values.get(option).map(String::as_str)
}
