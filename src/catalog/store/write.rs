//! Writing many products: one statement a table (and a thousand rows), only for rows that differ.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::catalog::model::{OptionValue, ProductFields, WholeImage, WholeOption, WholeProduct, WholeVariant};
use crate::db::TenantTx;
use crate::db::schema::{product_images, product_option_values, product_options, product_variants, products};

/// Rows a statement: below the protocol's 65,535 parameters for the widest table.
const ROWS: usize = 1000;

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
    for chunk in changes.products.chunks(ROWS) {
        upsert_products(tx, chunk).await?;
    }
    for chunk in changes.options.chunks(ROWS) {
        upsert_options(tx, chunk).await?;
    }
    for chunk in changes.values.chunks(ROWS) {
        upsert_values(tx, chunk).await?;
    }
    for chunk in changes.images.chunks(ROWS) {
        upsert_images(tx, chunk).await?;
    }
    for chunk in changes.variants.chunks(ROWS) {
        upsert_variants(tx, chunk).await?;
    }
    Ok(())
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

/// `INSERT … ON CONFLICT (tenant_id, id) DO UPDATE` of these columns.
macro_rules! upsert {
    ($tx:ident, $table:ident, $rows:expr, [$($column:ident),* $(,)?]) => {
        diesel::insert_into($table::table)
            .values($rows)
            .on_conflict(($table::tenant_id, $table::id))
            .do_update()
            .set(($($table::$column.eq(excluded($table::$column)),)*))
            .execute($tx)
            .await
    };
}

async fn upsert_products(tx: &mut TenantTx<'_>, chunk: &[&ProductFields]) -> QueryResult<usize> {
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
    let rows: Vec<_> = chunk.iter().map(row).collect();
    upsert!(
        tx,
        products,
        rows,
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

async fn upsert_options(tx: &mut TenantTx<'_>, chunk: &[Placed<'_, WholeOption>]) -> QueryResult<usize> {
    use product_options as o;
    let tenant = tx.tenant();
    let row = |(product_id, position, option): &Placed<'_, WholeOption>| {
        (
            o::tenant_id.eq(tenant),
            o::id.eq(option.id),
            o::product_id.eq(*product_id),
            o::position.eq(*position),
            o::name.eq(option.name.clone()),
        )
    };
    let rows: Vec<_> = chunk.iter().map(row).collect();
    upsert!(tx, product_options, rows, [position, name])
}

async fn upsert_values(tx: &mut TenantTx<'_>, chunk: &[(Uuid, Placed<'_, OptionValue>)]) -> QueryResult<usize> {
    use product_option_values as v;
    let tenant = tx.tenant();
    let row = |(product_id, (option_id, position, value)): &(Uuid, Placed<'_, OptionValue>)| {
        (
            v::tenant_id.eq(tenant),
            v::id.eq(value.id),
            v::product_id.eq(*product_id),
            v::option_id.eq(*option_id),
            v::position.eq(*position),
            v::name.eq(value.name.clone()),
        )
    };
    let rows: Vec<_> = chunk.iter().map(row).collect();
    upsert!(tx, product_option_values, rows, [position, name])
}

async fn upsert_images(tx: &mut TenantTx<'_>, chunk: &[Placed<'_, WholeImage>]) -> QueryResult<usize> {
    use product_images as i;
    let tenant = tx.tenant();
    let row = |(product_id, position, image): &Placed<'_, WholeImage>| {
        let image = (*image).clone();
        (
            i::tenant_id.eq(tenant),
            i::id.eq(image.id),
            i::product_id.eq(*product_id),
            i::position.eq(*position),
            i::url.eq(image.url),
            i::alt_text.eq(image.alt_text),
            i::width.eq(image.width),
            i::height.eq(image.height),
        )
    };
    let rows: Vec<_> = chunk.iter().map(row).collect();
    upsert!(tx, product_images, rows, [position, url, alt_text, width, height])
}

async fn upsert_variants(tx: &mut TenantTx<'_>, chunk: &[Placed<'_, WholeVariant>]) -> QueryResult<usize> {
    use product_variants as v;
    let tenant = tx.tenant();
    let row = |(product_id, position, variant): &Placed<'_, WholeVariant>| {
        let title = variant.title();
        let variant = (*variant).clone();
        let mut values = variant.values.into_iter();
        (
            v::tenant_id.eq(tenant),
            v::id.eq(variant.id),
            v::product_id.eq(*product_id),
            v::position.eq(*position),
            v::title.eq(title),
            v::option1.eq(values.next().unwrap_or_default()),
            v::option2.eq(values.next()),
            v::option3.eq(values.next()),
            v::sku.eq(variant.sku),
            v::barcode.eq(variant.barcode),
            v::price_minor.eq(variant.price_minor),
            v::compare_at_minor.eq(variant.compare_at_minor),
            v::cost_minor.eq(variant.cost_minor),
            v::weight_grams.eq(variant.weight_grams),
            v::weight_unit.eq(variant.weight_unit),
            v::inventory_policy.eq(variant.inventory_policy),
            v::tracked.eq(variant.tracked),
            v::requires_shipping.eq(variant.requires_shipping),
            v::taxable.eq(variant.taxable),
            v::image_id.eq(variant.image_id),
            v::import_extra.eq(Value::Object(variant.import_extra)),
            v::created_at.eq(variant.created_at),
            v::updated_at.eq(variant.updated_at),
        )
    };
    let rows: Vec<_> = chunk.iter().map(row).collect();
    upsert!(
        tx,
        product_variants,
        rows,
        [
            position,
            title,
            option1,
            option2,
            option3,
            sku,
            barcode,
            price_minor,
            compare_at_minor,
            cost_minor,
            weight_grams,
            weight_unit,
            inventory_policy,
            tracked,
            requires_shipping,
            taxable,
            image_id,
            import_extra,
            updated_at,
        ]
    )
}
