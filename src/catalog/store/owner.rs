//! To which product a part belongs.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantConn;
use crate::db::schema::{product_images, product_option_values, product_options};

/// Declares a look-up of `product_id` by `id`.
macro_rules! owner {
    ($(#[$meta:meta])* $name:ident, $table:ident) => {
        $(#[$meta])*
        pub async fn $name(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<Uuid>> {
            $table::table
                .filter($table::tenant_id.eq(conn.tenant()))
                .filter($table::id.eq(id))
                .select($table::product_id)
                .first(conn)
                .await
                .optional()
        }
    };
}

owner!(
    /// The product that an image belongs to.
    product_of_image, product_images
);
owner!(
    /// The product that an option belongs to.
    product_of_option, product_options
);
owner!(
    /// The product that an option's value belongs to.
    product_of_option_value, product_option_values
);
