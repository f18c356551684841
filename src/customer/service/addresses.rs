//! What customers do with their address book.

use uuid::Uuid;

use super::{Desk, refuse};
use crate::address::Address;
use crate::country::Country;
use crate::customer::model::{Customer, CustomerAddress, MAX_ADDRESSES, spoken};
use crate::customer::rule::{Checks, CustomerResult, Refusal};
use crate::customer::secret::Secret;
use crate::customer::store;
use crate::db::{QueryResult, TenantConn, TenantTx};

/// An address as it was given. The outer none leaves a part as it is, the inner none clears it.
#[derive(Clone, Debug, Default)]
pub struct AddressChange {
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub company: Option<Option<String>>,
    pub address1: Option<Option<String>>,
    pub address2: Option<Option<String>>,
    pub city: Option<Option<String>>,
    pub zip: Option<Option<String>>,
    pub province: Option<Option<String>>,
    /// By its name in English or its code.
    pub country: Option<Option<String>>,
    pub phone: Option<Option<String>>,
}

/// A customer's addresses, in the order in which they were added.
pub async fn address_book(conn: &mut TenantConn<'_>, customer: Uuid) -> QueryResult<Vec<CustomerAddress>> {
    store::addresses_of(conn, &[customer]).await
}

const TOKEN: [&str; 1] = ["customerAccessToken"];

/// Adds an address; the first one is the default. Answers the customer's and its id.
pub async fn customer_address_create(desk: &Desk, token: &Secret, new: &AddressChange) -> CustomerResult<(Uuid, Uuid)> {
    let address = new.applied(None)?;
    desk.db
        .write(async |tx| {
            let mut customer = known(tx, desk, token).await?;
            let book = store::addresses_of(tx.conn(), &[customer.id]).await?;
            if book.len() >= MAX_ADDRESSES {
                return refuse(Refusal::TooMany(MAX_ADDRESSES), &["address"]);
            }
            let (owner, id) = (customer.id, desk.new_id());
            store::insert_address(tx, owner, id, &address).await?;
            if default_of(&customer, &book).is_none() {
                customer.default_address_id = Some(id);
            }
            touch(tx, desk, customer).await?;
            Ok((owner, id))
        })
        .await
}

/// Changes an address of the customer's; answers the customer's and its id.
pub async fn customer_address_update(
    desk: &Desk,
    token: &Secret,
    id: Option<Uuid>,
    change: &AddressChange,
) -> CustomerResult<(Uuid, Uuid)> {
    desk.db
        .write(async |tx| {
            let customer = known(tx, desk, token).await?;
            let book = store::addresses_of(tx.conn(), &[customer.id]).await?;
            let before = of_book(&book, id, &["id"])?;
            let address = change.applied(Some(&before.address))?;
            store::update_address(tx, customer.id, before.id, &address).await?;
            let ids = (customer.id, before.id);
            touch(tx, desk, customer).await?;
            Ok(ids)
        })
        .await
}

/// Removes an address of the customer's; of those that are left the newest becomes the default in place of it.
pub async fn customer_address_delete(desk: &Desk, token: &Secret, id: Option<Uuid>) -> CustomerResult<Uuid> {
    desk.db
        .write(async |tx| {
            let mut customer = known(tx, desk, token).await?;
            let book = store::addresses_of(tx.conn(), &[customer.id]).await?;
            let id = of_book(&book, id, &["id"])?.id;
            store::delete_address(tx, customer.id, id).await?;
            if customer.default_address_id == Some(id) {
                customer.default_address_id = book.iter().map(|one| one.id).rfind(|other| *other != id);
            }
            touch(tx, desk, customer).await?;
            Ok(id)
        })
        .await
}

/// Chooses the default among the customer's addresses; answers the customer's id.
pub async fn customer_default_address_update(desk: &Desk, token: &Secret, id: Option<Uuid>) -> CustomerResult<Uuid> {
    desk.db
        .write(async |tx| {
            let mut customer = known(tx, desk, token).await?;
            let book = store::addresses_of(tx.conn(), &[customer.id]).await?;
            customer.default_address_id = Some(of_book(&book, id, &["addressId"])?.id);
            let id = customer.id;
            touch(tx, desk, customer).await?;
            Ok(id)
        })
        .await
}

/// The customer of the token, locked: changes of one address book happen one after another.
async fn known(tx: &mut TenantTx<'_>, desk: &Desk, token: &Secret) -> CustomerResult<Customer> {
    match store::lock_by_token(tx, token.hash(), desk.now()).await? {
        Some(customer) => Ok(customer),
        None => refuse(Refusal::Unidentified, &TOKEN),
    }
}

fn of_book<'a>(book: &'a [CustomerAddress], id: Option<Uuid>, field: &[&str]) -> CustomerResult<&'a CustomerAddress> {
    match book.iter().find(|one| Some(one.id) == id) {
        Some(found) => Ok(found),
        None => refuse(Refusal::AddressNotFound, field),
    }
}

fn default_of<'a>(customer: &Customer, book: &'a [CustomerAddress]) -> Option<&'a CustomerAddress> {
    book.iter().find(|one| Some(one.id) == customer.default_address_id)
}

async fn touch(tx: &mut TenantTx<'_>, desk: &Desk, mut customer: Customer) -> CustomerResult<()> {
    customer.updated_at = desk.now().max(customer.updated_at);
    store::update_customer(tx, &customer).await?;
    Ok(())
}

impl AddressChange {
    /// The address that comes of it, or what is wrong with it.
    fn applied(&self, before: Option<&Address>) -> CustomerResult<Address> {
        let part = |new: &Option<Option<String>>, before: Option<&String>| match new {
            Some(new) => spoken(new.as_deref()),
            None => before.cloned(),
        };
        let mut checks = Checks::within(&["address"]);
        let named = self.country.as_ref().and_then(Option::as_deref).map(str::trim).filter(|text| !text.is_empty());
        let country = match (named, before) {
            (Some(text), _) => country(text).ok_or(Refusal::NoCountry),
            (None, Some(before)) if self.country.is_none() => Ok(before.country),
            (None, _) => Err(Refusal::Blank),
        };
        let country = country.unwrap_or_else(|refusal| {
            checks.refuse("country", refusal);
            Country::ZZ
        });
        let address = Address {
            first_name: part(&self.first_name, before.and_then(|before| before.first_name.as_ref())),
            last_name: part(&self.last_name, before.and_then(|before| before.last_name.as_ref())),
            company: part(&self.company, before.and_then(|before| before.company.as_ref())),
            address1: part(&self.address1, before.and_then(|before| before.address1.as_ref())),
            address2: part(&self.address2, before.and_then(|before| before.address2.as_ref())),
            city: part(&self.city, before.and_then(|before| before.city.as_ref())),
            zip: part(&self.zip, before.and_then(|before| before.zip.as_ref())),
            province_code: part(&self.province, before.and_then(|before| before.province_code.as_ref())),
            country,
            phone: part(&self.phone, before.and_then(|before| before.phone.as_ref())),
        };
        checks.address(&address);
        checks.end()?;
        Ok(address)
    }
}

/// A country by its name in English or its code.
fn country(text: &str) -> Option<Country> {
    let by_name =
        || Country::EVERY.iter().copied().find(|country| country.name().to_lowercase() == text.to_lowercase());
    Country::from_code(&text.to_ascii_uppercase()).or_else(by_name).filter(|country| *country != Country::ZZ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_its_name_or_its_code() {
        for text in ["DE", "de", "Germany", "germany"] {
            assert_eq!(country(text), Some(Country::DE), "{text}");
        }
        for text in ["", "ZZ", "Atlantis"] {
            assert_eq!(country(text), None, "{text}");
        }
    }
}
