//! Things to sell, put on the shelf without the catalogue's own ways.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::db::schema::{inventory_levels, product_variants, products};
use emporia::error::Fault;
use emporia::shop;
use uuid::Uuid;

use super::{Store, TestApp, start};

/// A published product with one variant of the same id.
pub struct Goods {
    pub id: Uuid,
    pub price_minor: i64,
    /// None: as many as anyone wants.
    pub stock: Option<i32>,
    pub requires_shipping: bool,
    pub published: bool,
}

impl Goods {
    pub fn new(price_minor: i64) -> Self {
        Self { id: Uuid::now_v7(), price_minor, stock: None, requires_shipping: true, published: true }
    }

    pub fn stock(self, stock: i32) -> Self {
        Self { stock: Some(stock), ..self }
    }

    pub fn gid(&self) -> String {
        format!("gid://emporia/ProductVariant/{}", self.id)
    }
}

impl TestApp {
    /// Puts goods on the store's shelf; answers the variant's global id.
    pub async fn shelve(&self, store: &Store, goods: Goods) -> String {
        let (db, now) = (self.app.db.tenant(store.tenant), start());
        let put: Result<(), Fault> = db
            .write(async |tx| {
                let tenant = tx.tenant();
                diesel::insert_into(products::table)
                    .values((
                        products::tenant_id.eq(tenant),
                        products::id.eq(goods.id),
                        products::handle.eq(goods.id.to_string()),
                        products::title.eq("Mug"),
                        products::status.eq(if goods.published { "ACTIVE" } else { "DRAFT" }),
                        products::published_at.eq(now),
                        products::created_at.eq(now),
                        products::updated_at.eq(now),
                    ))
                    .execute(tx)
                    .await?;
                diesel::insert_into(product_variants::table)
                    .values((
                        product_variants::tenant_id.eq(tenant),
                        product_variants::id.eq(goods.id),
                        product_variants::product_id.eq(goods.id),
                        product_variants::position.eq(1),
                        product_variants::title.eq("Default Title"),
                        product_variants::option1.eq("Default Title"),
                        product_variants::price_minor.eq(goods.price_minor),
                        product_variants::tracked.eq(goods.stock.is_some()),
                        product_variants::requires_shipping.eq(goods.requires_shipping),
                        product_variants::created_at.eq(now),
                        product_variants::updated_at.eq(now),
                    ))
                    .execute(tx)
                    .await?;
                let shop = shop::store::shop(tx.conn()).await?.expect("a shop");
                diesel::insert_into(inventory_levels::table)
                    .values((
                        inventory_levels::tenant_id.eq(tenant),
                        inventory_levels::variant_id.eq(goods.id),
                        inventory_levels::location_id.eq(shop.default_location_id),
                        inventory_levels::available.eq(goods.stock.unwrap_or_default()),
                        inventory_levels::updated_at.eq(now),
                    ))
                    .execute(tx)
                    .await?;
                Ok(())
            })
            .await;
        put.expect("goods on the shelf");
        goods.gid()
    }
}
