//! What can be true of a product, as expressions.

use diesel::prelude::*;
use diesel::sql_types::{Array, Text as SqlText};
use uuid::Uuid;

use crate::catalog::model::{Audience, Condition, Conditions, TextField, TimeField};
use crate::db::schema::{collection_products, inventory_levels, product_options, product_variants, products};
use crate::db::search::{self, folded, holds, literal};
use crate::db::unkept;
use crate::search::Text;

diesel::define_sql_function! {
    /// The elements of an array as one text.
    fn array_to_string(array: Array<SqlText>, separator: SqlText) -> SqlText;
}

type Expression<Table = products::table> = crate::db::search::Expression<Table>;

/// All of the conditions, and that the audience may see the product.
pub fn all_of(tenant: Uuid, audience: Audience, conditions: &Conditions) -> Expression {
    let mut all: Expression = match audience {
        Audience::Merchant => Box::new(products::tenant_id.eq(tenant)),
        Audience::Shopper { now } => Box::new(
            products::tenant_id
                .eq(tenant)
                .and(products::status.eq("ACTIVE"))
                .and(products::published_at.is_not_null())
                .and(products::published_at.assume_not_null().le(now)),
        ),
    };
    for condition in conditions {
        all = Box::new(all.and(search::expression(condition, &|condition| expression(tenant, condition))));
    }
    // Several together are of as many shapes as callers think of.
    if conditions.len() > 1 { Box::new(unkept(all)) } else { all }
}

fn expression(tenant: Uuid, condition: &Condition) -> Expression {
    match condition {
        Condition::Text(field, text) => says(tenant, *field, text),
        Condition::Status(status) => Box::new(products::status.eq(status.as_str())),
        Condition::Id(id) => Box::new(products::id.eq(*id)),
        Condition::Available(available) => sellable(tenant, *available),
        Condition::PriceFrom(minor) => Box::new(products::min_price_minor.ge(*minor)),
        Condition::PriceBelow(minor) => Box::new(products::min_price_minor.lt(*minor)),
        Condition::Since(TimeField::Created, at) => Box::new(products::created_at.ge(*at)),
        Condition::Since(TimeField::Updated, at) => Box::new(products::updated_at.ge(*at)),
        Condition::Since(TimeField::Published, at) => {
            Box::new(products::published_at.is_not_null().and(products::published_at.assume_not_null().ge(*at)))
        }
        Condition::Before(TimeField::Created, at) => Box::new(products::created_at.lt(*at)),
        Condition::Before(TimeField::Updated, at) => Box::new(products::updated_at.lt(*at)),
        Condition::Before(TimeField::Published, at) => {
            Box::new(products::published_at.is_not_null().and(products::published_at.assume_not_null().lt(*at)))
        }
        Condition::Option { name, value } => with_option(tenant, name, value),
        Condition::InCollection(id) => Box::new(
            products::id.eq_any(
                collection_products::table
                    .filter(collection_products::tenant_id.eq(tenant))
                    .filter(collection_products::collection_id.eq(*id))
                    .select(collection_products::product_id),
            ),
        ),
        Condition::Never => Box::new(products::id.is_null()),
    }
}

/// The field says this, or begins like it; upper and lower case are the same.
fn says(tenant: Uuid, field: TextField, text: &Text) -> Expression {
    use product_variants as v;
    let value = text.value.trim();
    macro_rules! is {
        ($column:expr) => {
            if text.is_prefix {
                let pattern = format!("{}%", literal(value)).into_sql::<SqlText>();
                Box::new(folded!($column).like(folded!(pattern))) as Expression<_>
            } else {
                Box::new(folded!($column).eq(folded!(value.to_owned().into_sql::<SqlText>()))) as Expression<_>
            }
        };
    }
    macro_rules! variants {
        ($column:expr) => {{
            let these = v::table.filter(v::tenant_id.eq(tenant)).filter($column.is_not_null());
            Box::new(products::id.eq_any(these.filter(is!($column.assume_not_null())).select(v::product_id)))
        }};
    }
    match field {
        TextField::Tag => {
            let tags = "\n".into_sql::<SqlText>().concat(array_to_string(products::tags, "\n")).concat("\n");
            let end = if text.is_prefix { "" } else { "\n" };
            let pattern = format!("%\n{}{end}%", literal(value)).into_sql::<SqlText>();
            Box::new(folded!(tags).like(folded!(pattern)))
        }
        TextField::Vendor => is!(products::vendor),
        TextField::ProductType => is!(products::product_type),
        TextField::Handle => is!(products::handle),
        TextField::Sku => variants!(v::sku),
        TextField::Barcode => variants!(v::barcode),
        TextField::Title => holds!(products::title, text),
        TextField::Any => search::any_of([
            holds!(products::title, text),
            holds!(products::vendor, text),
            holds!(products::product_type, text),
            holds!(array_to_string(products::tags, " "), text),
        ]),
    }
}

/// Whether a variant can be bought: not tracked, sold on below zero, or in stock somewhere.
fn sellable(tenant: Uuid, available: bool) -> Expression {
    use inventory_levels as l;
    use product_variants as v;
    let sellable = v::table
        .left_join(l::table.on(l::tenant_id.eq(v::tenant_id).and(l::variant_id.eq(v::id))))
        .filter(v::tenant_id.eq(tenant))
        .filter(v::tracked.eq(false).or(v::inventory_policy.eq("CONTINUE")).or(l::available.assume_not_null().gt(0)))
        .select(v::product_id);
    if available { Box::new(products::id.eq_any(sellable)) } else { Box::new(products::id.ne_all(sellable)) }
}

fn with_option(tenant: Uuid, name: &str, value: &str) -> Expression {
    use product_options as o;
    use product_variants as v;
    let same = |text: &str| folded!(text.trim().to_owned().into_sql::<SqlText>());
    let products_with = o::table
        .inner_join(v::table.on(v::tenant_id.eq(o::tenant_id).and(v::product_id.eq(o::product_id))))
        .filter(o::tenant_id.eq(tenant))
        .filter(folded!(o::name).eq(same(name)))
        .filter(
            (o::position.eq(1).and(folded!(v::option1).eq(same(value))))
                .or(o::position.eq(2).and(folded!(v::option2.assume_not_null()).eq(same(value))))
                .or(o::position.eq(3).and(folded!(v::option3.assume_not_null()).eq(same(value)))),
        )
        .select(o::product_id);
    Box::new(products::id.eq_any(products_with))
}
