//! What staff do with customers: find them, enter them, note something of them.

use uuid::Uuid;

use super::password::taken;
use super::{Desk, refuse, tell_in_tx};
use crate::customer::model::{Customer, CustomerCondition, CustomerSort, Email, PersonChange, labels, spoken};
use crate::customer::rule::{Checks, CustomerResult, Refusal};
use crate::customer::store;
use crate::db::{QueryResult, TenantConn};
use crate::mail::letter::Letter;
use crate::order;
use crate::page::PageQuery;
use crate::search::Query;
use crate::tag::TagChange;

/// A page of the customers that meet the conditions.
pub async fn customers_page(
    conn: &mut TenantConn<'_>,
    conditions: &[Query<CustomerCondition>],
    sort: CustomerSort,
    page: &PageQuery,
) -> QueryResult<Vec<Customer>> {
    store::customers_page(conn, conditions, sort, page).await
}

/// What staff write about a customer; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct EntryChange {
    pub email: Option<String>,
    pub person: PersonChange,
    pub tags: Option<Vec<String>>,
    pub note: Option<Option<String>>,
}

impl EntryChange {
    /// Everything that is wrong with it but the address, which is read.
    fn check(&self) -> CustomerResult<Option<Email>> {
        let mut checks = Checks::within(&["input"]);
        let email = self.email.as_deref().and_then(|email| checks.email("email", email));
        checks.person(&self.person);
        checks.note(self.note.as_ref().and_then(Option::as_deref));
        checks.tags(self.tags.as_deref().unwrap_or_default());
        checks.end()?;
        Ok(email)
    }

    fn apply(&self, customer: &mut Customer) {
        self.person.apply(customer);
        if let Some(tags) = &self.tags {
            customer.tags = labels(tags);
        }
        if let Some(note) = &self.note {
            customer.note = spoken(note.as_deref());
        }
    }
}

/// A customer to be entered by staff.
pub type CustomerEntry = EntryChange;

/// Enters a customer, who has no password until they have confirmed the address; answers their id.
pub async fn customer_enter(desk: &Desk, entry: &CustomerEntry) -> CustomerResult<Uuid> {
    let field = ["input", "email"];
    let Some(email) = entry.check()? else { return refuse(Refusal::Blank, &field) };
    let now = desk.now();
    let mut customer = Customer {
        id: desk.new_id(),
        email,
        is_enabled: false,
        verified_at: None,
        first_name: None,
        last_name: None,
        phone: None,
        accepts_marketing: false,
        tags: vec![],
        note: None,
        default_address_id: None,
        created_at: now,
        updated_at: now,
    };
    entry.apply(&mut customer);
    desk.db
        .write(async |tx| match store::insert_customer(tx, &customer, None).await? {
            true => Ok(customer.id),
            false => refuse(Refusal::Taken, &field),
        })
        .await
}

/// Changes what is noted of a customer. Another address is not proved: what is bought with it by guests does not join,
/// and what was mailed to the one before leads nowhere any more. Whoever reads its mail gets the account, with all that was
/// bought: so it is changed by those who may see orders, all devices are signed out, and the one before is told.
pub async fn customer_change(
    desk: &Desk,
    id: Option<Uuid>,
    change: &EntryChange,
    may_see_orders: bool,
) -> CustomerResult<Uuid> {
    let email = change.check()?;
    let now = desk.now();
    let changed = desk.db.write(async |tx| {
        let found = match id {
            Some(id) => store::lock(tx, id).await?,
            None => None,
        };
        let Some((mut customer, _)) = found else { return refuse(Refusal::CustomerNotFound, &["input", "id"]) };
        if let Some(email) = email.filter(|email| *email != customer.email) {
            if email.key != customer.email.key {
                if !may_see_orders {
                    return refuse(Refusal::AddressIsTheAccount, &["input", "email"]);
                }
                customer.verified_at = None;
                store::drop_letters(tx, customer.id).await?;
                store::delete_tokens_of(tx, customer.id).await?;
                if customer.is_enabled {
                    tell_in_tx(tx, desk, Letter::CustomerEmailChanged, &customer.email).await?;
                }
            }
            customer.email = email;
        }
        change.apply(&mut customer);
        customer.updated_at = now.max(customer.updated_at);
        store::update_customer(tx, &customer).await?;
        Ok(customer.id)
    });
    changed.await.map_err(|error| taken(error, &["input", "email"]))
}

/// Adds to a customer's labels, or takes some off.
pub async fn customer_tags_change(desk: &Desk, id: Uuid, change: &TagChange) -> CustomerResult<()> {
    let now = desk.now();
    desk.db
        .write(async |tx| {
            let Some((mut customer, _)) = store::lock(tx, id).await? else {
                return refuse(Refusal::CustomerNotFound, &["id"]);
            };
            let tags = change.of(&customer.tags);
            let mut checks = Checks::within(&[]);
            checks.tags(&tags);
            checks.end()?;
            customer.tags = tags;
            customer.updated_at = now.max(customer.updated_at);
            store::update_customer(tx, &customer).await?;
            Ok(())
        })
        .await
}

/// Deletes a customer who has bought nothing, with what belongs to them; answers their id. A cart that is tied to them goes
/// when it has lain for long enough; what is bought with it until then has no customer.
pub async fn customer_delete(desk: &Desk, id: Option<Uuid>) -> CustomerResult<Uuid> {
    let field = ["input", "id"];
    let Some(id) = id else { return refuse(Refusal::CustomerNotFound, &field) };
    desk.db
        .write(async |tx| {
            if store::lock(tx, id).await?.is_none() {
                return refuse(Refusal::CustomerNotFound, &field);
            }
            if order::service::has_bought(tx.conn(), id).await? {
                return refuse(Refusal::HasOrders, &field);
            }
            store::delete_tokens_of(tx, id).await?;
            store::drop_letters(tx, id).await?;
            store::delete_addresses(tx, id).await?;
            store::delete_customer(tx, id).await?;
            Ok(id)
        })
        .await
}
