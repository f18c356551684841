//! What can be true of a product, as expressions.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text};
use uuid::Uuid;

use crate::catalog::model::{Audience, Condition, Conditions, fold};
use crate::db::schema::{collection_products, inventory_levels, product_options, product_variants, products};

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(text: Text) -> Text;
}
diesel::define_sql_function! {
    /// The elements of an array as one text.
    fn array_to_string(array: Array<Text>, separator: Text) -> Text;
}

/// Something to filter products by.
pub type Expression = Box<dyn BoxableExpression<products::table, Pg, SqlType = Bool>>;

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
    for alternatives in conditions {
        let mut any: Option<Expression> = None;
        for condition in alternatives {
            let next = expression(tenant, condition);
            any = Some(match any {
                Some(any) => Box::new(any.or(next)),
                None => next,
            });
        }
        if let Some(any) = any {
            all = Box::new(all.and(any));
        }
    }
    all
}

fn expression(tenant: Uuid, condition: &Condition) -> Expression {
    match condition {
        // A tag in another case is the same tag.
        Condition::Tag(tag) => {
            let tags = "\n".into_sql::<Text>().concat(lower(array_to_string(products::tags, "\n"))).concat("\n");
            Box::new(tags.like(format!("%\n{}\n%", literal(&fold(tag)))))
        }
        Condition::Vendor(vendor) => Box::new(lower(products::vendor).eq(fold(vendor))),
        Condition::ProductType(kind) => Box::new(lower(products::product_type).eq(fold(kind))),
        Condition::Title(text) => Box::new(products::title.ilike(contains(text))),
        Condition::Text(text) => Box::new(
            products::title
                .ilike(contains(text))
                .or(products::vendor.ilike(contains(text)))
                .or(products::product_type.ilike(contains(text)))
                .or(array_to_string(products::tags, "\n").ilike(contains(text))),
        ),
        Condition::Available(available) => sellable(tenant, *available),
        Condition::PriceFrom(minor) => Box::new(products::min_price_minor.ge(*minor)),
        Condition::PriceTo(minor) => Box::new(products::min_price_minor.le(*minor)),
        Condition::Option { name, value } => with_option(tenant, name, value),
        Condition::InCollection(id) => Box::new(
            products::id.eq_any(
                collection_products::table
                    .filter(collection_products::tenant_id.eq(tenant))
                    .filter(collection_products::collection_id.eq(*id))
                    .select(collection_products::product_id),
            ),
        ),
        Condition::IsNot(id) => Box::new(products::id.ne(*id)),
        Condition::Never => Box::new(products::id.is_null()),
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
    let value = fold(value);
    let products_with = o::table
        .inner_join(v::table.on(v::tenant_id.eq(o::tenant_id).and(v::product_id.eq(o::product_id))))
        .filter(o::tenant_id.eq(tenant))
        .filter(lower(o::name).eq(fold(name)))
        .filter(
            (o::position.eq(1).and(lower(v::option1).eq(value.clone())))
                .or(o::position.eq(2).and(lower(v::option2.assume_not_null()).eq(value.clone())))
                .or(o::position.eq(3).and(lower(v::option3.assume_not_null()).eq(value))),
        )
        .select(o::product_id);
    Box::new(products::id.eq_any(products_with))
}

/// A LIKE pattern for a text that contains this one.
pub fn contains(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// Without the characters that mean something in a pattern.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
