//! Address books.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::address::Address;
use crate::country::Country;
use crate::customer::model::CustomerAddress;
use crate::db::schema::customer_addresses as addresses;
use crate::db::{TenantConn, TenantTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = addresses, check_for_backend(diesel::pg::Pg))]
struct AddressRow {
    id: Uuid,
    customer_id: Uuid,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    zip: Option<String>,
    province_code: Option<String>,
    country: String,
    phone: Option<String>,
}

impl From<AddressRow> for CustomerAddress {
    fn from(row: AddressRow) -> Self {
        let address = Address {
            first_name: row.first_name,
            last_name: row.last_name,
            company: row.company,
            address1: row.address1,
            address2: row.address2,
            city: row.city,
            zip: row.zip,
            province_code: row.province_code,
            country: Country::from_code(&row.country).unwrap_or(Country::ZZ),
            phone: row.phone,
        };
        Self { id: row.id, customer_id: row.customer_id, address: Arc::new(address) }
    }
}

/// The addresses of these customers, by customer and in the order in which they were added.
pub async fn addresses_of(conn: &mut TenantConn<'_>, customers: &[Uuid]) -> QueryResult<Vec<CustomerAddress>> {
    let rows: Vec<AddressRow> = addresses::table
        .filter(addresses::tenant_id.eq(conn.tenant()))
        .filter(addresses::customer_id.eq_any(customers))
        .order((addresses::customer_id, addresses::id))
        .select(AddressRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(CustomerAddress::from).collect())
}

/// What an address says.
macro_rules! contents {
    ($address:expr) => {
        (
            addresses::first_name.eq(&$address.first_name),
            addresses::last_name.eq(&$address.last_name),
            addresses::company.eq(&$address.company),
            addresses::address1.eq(&$address.address1),
            addresses::address2.eq(&$address.address2),
            addresses::city.eq(&$address.city),
            addresses::zip.eq(&$address.zip),
            addresses::province_code.eq(&$address.province_code),
            addresses::country.eq($address.country.code()),
            addresses::phone.eq(&$address.phone),
        )
    };
}

pub async fn insert_address(tx: &mut TenantTx<'_>, customer: Uuid, id: Uuid, address: &Address) -> QueryResult<usize> {
    diesel::insert_into(addresses::table)
        .values((
            addresses::tenant_id.eq(tx.tenant()),
            addresses::customer_id.eq(customer),
            addresses::id.eq(id),
            contents!(address),
        ))
        .execute(tx)
        .await
}

/// Makes a customer's address what is given.
pub async fn update_address(tx: &mut TenantTx<'_>, customer: Uuid, id: Uuid, address: &Address) -> QueryResult<usize> {
    diesel::update(addresses::table)
        .filter(addresses::tenant_id.eq(tx.tenant()))
        .filter(addresses::customer_id.eq(customer))
        .filter(addresses::id.eq(id))
        .set(contents!(address))
        .execute(tx)
        .await
}

/// Removes an address of a customer.
pub async fn delete_address(tx: &mut TenantTx<'_>, customer: Uuid, id: Uuid) -> QueryResult<usize> {
    diesel::delete(addresses::table)
        .filter(addresses::tenant_id.eq(tx.tenant()))
        .filter(addresses::customer_id.eq(customer))
        .filter(addresses::id.eq(id))
        .execute(tx)
        .await
}

/// Empties a customer's address book.
pub async fn delete_addresses(tx: &mut TenantTx<'_>, customer: Uuid) -> QueryResult<usize> {
    diesel::delete(addresses::table)
        .filter(addresses::tenant_id.eq(tx.tenant()))
        .filter(addresses::customer_id.eq(customer))
        .execute(tx)
        .await
}
