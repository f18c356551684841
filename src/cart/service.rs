//! The use cases of carts: each one transaction that locks the cart first.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::try_join;
use uuid::Uuid;

use super::addresses::{self, AddressUpdate, NewAddress};
use super::details::{self, BuyerUpdate, check_list};
use super::key::CartKey;
use super::lines::{self, Known, LineUpdate, NewLine};
use super::model::Cart;
use super::rule::{CartErrorCode, CartRule, Field, Warning};
use super::store;
use crate::app::App;
use crate::attribute::Attribute;
use crate::checkout::service::{being_paid, is_being_paid};
use crate::clock::Entropy;
use crate::customer::model::{Customer, CustomerAddress};
use crate::customer::service::{address_book, customer_of_token};
use crate::db::error::constraint;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::shipping::model::DeliveryOption;
use crate::shipping::service::options_for_cart;

/// What every use case needs: the tenant's rows, the time and randomness.
#[derive(Clone)]
pub struct Desk {
    pub db: TenantDb,
    pub now: DateTime<Utc>,
    pub entropy: Entropy,
}

impl Desk {
    pub fn new(app: &App, tenant: TenantId) -> Self {
        Self { db: app.db.tenant(tenant), now: app.clock.now(), entropy: app.entropy.clone() }
    }
}

/// A cart as a change left it.
#[derive(Clone)]
pub struct Changed {
    pub cart: Arc<Cart>,
    pub key: CartKey,
    pub warnings: Vec<Warning>,
}

pub type CartResult<T> = ServiceResult<T, CartRule>;

/// A cart as it is created.
#[derive(Clone, Debug, Default)]
pub struct NewCart {
    pub note: Option<String>,
    pub attributes: Vec<Attribute>,
    pub lines: Vec<NewLine>,
    pub buyer: BuyerUpdate,
    pub addresses: Vec<NewAddress>,
    pub discount_codes: Vec<String>,
    /// Codes of gift cards; there are none yet, so none is valid.
    pub gift_cards: Vec<String>,
    /// Whether metafields were given; carts do not keep any yet.
    pub metafields: bool,
}

/// The cart with this key; none when there is none, when the key is wrong and when the cart is completed.
pub async fn cart(conn: &mut TenantConn<'_>, key: &CartKey, now: DateTime<Utc>) -> QueryResult<Option<Cart>> {
    Ok(store::load(conn, key, now).await?.filter(|cart| cart.completed_at.is_none()))
}

/// The order that the cart with this key has become; none while it is open, and when the key is wrong.
pub async fn order_id(conn: &mut TenantConn<'_>, key: &CartKey) -> QueryResult<Option<Uuid>> {
    Ok(store::head(conn, key).await?.and_then(|head| head.order_id()))
}

pub async fn cart_create(desk: &Desk, new: &NewCart) -> CartResult<Changed> {
    let input = Field::argument("input");
    refuse(check_list(&new.lines, &input.get("lines")))?;
    refuse(check_list(&new.addresses, &input.get("delivery").get("addresses")))?;
    let key = CartKey::from_random(desk.entropy.uuid_v7(desk.now), desk.entropy.bytes());
    desk.db
        .write(async |tx| {
            let known = known(tx.conn(), new.lines.iter().filter_map(|line| line.variant_id), desk.now).await?;
            let customer = customer_of(tx.conn(), &new.buyer, desk.now).await?;
            let mut cart = Cart::empty(key.id, desk.now);
            let copies = addresses::copies(new.addresses.iter().map(|address| &address.source));
            let book = book_of(tx.conn(), customer.as_ref().map(|customer| customer.id).filter(|_| copies)).await?;
            let warnings = refuse(fill(&mut cart, &known, new, (customer.as_ref(), &book), &input, desk))?;
            store::create(tx, &key, &cart)?;
            Ok(Changed { cart: Arc::new(cart), key: key.clone(), warnings })
        })
        .await
        .map_err(merchandise_deleted)
}

fn fill(
    cart: &mut Cart,
    known: &Known,
    new: &NewCart,
    (customer, book): (Option<&Customer>, &[CustomerAddress]),
    input: &Field<'_>,
    desk: &Desk,
) -> Result<Vec<Warning>, CartRule> {
    if let Some(note) = &new.note {
        details::set_note(cart, note, &input.get("note"))?;
    }
    details::set_attributes(cart, &new.attributes, &input.get("attributes"))?;
    details::set_buyer(cart, &new.buyer, customer, &input.get("buyerIdentity"))?;
    let mut warnings = lines::add(cart, known, &new.lines, &input.get("lines"), || desk.new_id())?;
    let field = input.get("delivery");
    warnings.extend(addresses::add(cart, &new.addresses, book, &field.get("addresses"), || desk.new_id())?);
    warnings.extend(details::set_discount_codes(cart, &new.discount_codes, &input.get("discountCodes"))?);
    details::check_gift_cards(&new.gift_cards, &input.get("giftCardCodes"))?;
    if new.metafields {
        let message = "Carts do not keep metafields yet.";
        return Err(input.get("metafields").refuse(CartErrorCode::InvalidMetafields, message));
    }
    Ok(warnings)
}

pub async fn cart_lines_add(desk: &Desk, key: Option<CartKey>, new: &[NewLine]) -> CartResult<Changed> {
    let field = Field::argument("lines");
    refuse(check_list(new, &field))?;
    let named = new.iter().filter_map(|line| line.variant_id).collect();
    change(desk, key, named, |cart, known| lines::add(cart, known, new, &field, || desk.new_id())).await
}

pub async fn cart_lines_update(desk: &Desk, key: Option<CartKey>, updates: &[LineUpdate]) -> CartResult<Changed> {
    let field = Field::argument("lines");
    refuse(check_list(updates, &field))?;
    let named = updates.iter().filter_map(|update| update.variant_id.flatten()).collect();
    change(desk, key, named, |cart, known| lines::update(cart, known, updates, &field)).await
}

pub async fn cart_lines_remove(desk: &Desk, key: Option<CartKey>, ids: &[Option<Uuid>]) -> CartResult<Changed> {
    let field = Field::argument("lineIds");
    refuse(check_list(ids, &field))?;
    change(desk, key, vec![], |cart, _| quietly(lines::remove(cart, ids, &field))).await
}

pub async fn cart_note_update(desk: &Desk, key: Option<CartKey>, note: &str) -> CartResult<Changed> {
    change(desk, key, vec![], |cart, _| quietly(details::set_note(cart, note, &Field::argument("note")))).await
}

pub async fn cart_attributes_update(desk: &Desk, key: Option<CartKey>, pairs: &[Attribute]) -> CartResult<Changed> {
    let field = Field::argument("attributes");
    change(desk, key, vec![], |cart, _| quietly(details::set_attributes(cart, pairs, &field))).await
}

pub async fn cart_buyer_identity_update(
    desk: &Desk,
    key: Option<CartKey>,
    update: &BuyerUpdate,
) -> CartResult<Changed> {
    let field = Field::argument("buyerIdentity");
    desk.db
        .write(async |tx| {
            let key = refuse(key.ok_or_else(no_such_cart))?;
            let (mut on_customer, mut on_payment) = (tx.conn().clone(), tx.conn().clone());
            let (before, customer, is_being_paid) = try_join!(
                store::lock(tx, &key, desk.now),
                customer_of(&mut on_customer, update, desk.now),
                is_being_paid(&mut on_payment, key.id),
            )?;
            let before = refuse(before.filter(is_open).ok_or_else(no_such_cart))?;
            refuse(check_unpaid(is_being_paid))?;
            let mut after = before.clone();
            refuse(details::set_buyer(&mut after, update, customer.as_ref(), &field))?;
            saved(tx, desk, key, &before, after, vec![])
        })
        .await
}

/// Whom the update's access token belongs to; none when it is not good, and when there is none.
async fn customer_of(
    conn: &mut TenantConn<'_>,
    update: &BuyerUpdate,
    now: DateTime<Utc>,
) -> QueryResult<Option<Customer>> {
    match &update.customer {
        Some(token) => customer_of_token(conn, token, now).await,
        None => Ok(None),
    }
}

pub async fn cart_discount_codes_update(desk: &Desk, key: Option<CartKey>, codes: &[String]) -> CartResult<Changed> {
    let field = Field::argument("discountCodes");
    change(desk, key, vec![], |cart, _| details::set_discount_codes(cart, codes, &field)).await
}

pub async fn cart_delivery_addresses_add(desk: &Desk, key: Option<CartKey>, new: &[NewAddress]) -> CartResult<Changed> {
    let field = Field::argument("addresses");
    refuse(check_list(new, &field))?;
    let copies = addresses::copies(new.iter().map(|new| &new.source));
    readdress(desk, key, copies, |cart, book| addresses::add(cart, new, book, &field, || desk.new_id())).await
}

pub async fn cart_delivery_addresses_replace(
    desk: &Desk,
    key: Option<CartKey>,
    new: &[NewAddress],
) -> CartResult<Changed> {
    let field = Field::argument("addresses");
    refuse(check_list(new, &field))?;
    let copies = addresses::copies(new.iter().map(|new| &new.source));
    readdress(desk, key, copies, |cart, book| addresses::replace(cart, new, book, &field, || desk.new_id())).await
}

pub async fn cart_delivery_addresses_update(
    desk: &Desk,
    key: Option<CartKey>,
    updates: &[AddressUpdate],
) -> CartResult<Changed> {
    let field = Field::argument("addresses");
    refuse(check_list(updates, &field))?;
    let copies = addresses::copies(updates.iter().filter_map(|update| update.source.as_ref()));
    readdress(desk, key, copies, |cart, book| quietly(addresses::update(cart, updates, book, &field))).await
}

pub async fn cart_delivery_addresses_remove(
    desk: &Desk,
    key: Option<CartKey>,
    ids: &[Option<Uuid>],
) -> CartResult<Changed> {
    let field = Field::argument("addressIds");
    refuse(check_list(ids, &field))?;
    change(desk, key, vec![], |cart, _| quietly(addresses::remove(cart, ids, &field))).await
}

/// A delivery option as it was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// None: the id given is no delivery group's.
    pub group_id: Option<Uuid>,
    pub handle: String,
}

/// Chooses how the cart is delivered; answers the options, too, which it had to look up.
pub async fn cart_selected_delivery_options_update(
    desk: &Desk,
    key: Option<CartKey>,
    choices: &[Choice],
) -> CartResult<(Changed, Vec<DeliveryOption>)> {
    let field = Field::argument("selectedDeliveryOptions");
    refuse(check_list(choices, &field))?;
    desk.db
        .write(async |tx| {
            let key = refuse(key.ok_or_else(no_such_cart))?;
            let (mut on_options, mut on_payment) = (tx.conn().clone(), tx.conn().clone());
            let (before, options, is_being_paid) = try_join!(
                store::lock(tx, &key, desk.now),
                options_for_cart(&mut on_options, key.id),
                is_being_paid(&mut on_payment, key.id)
            )?;
            let before = refuse(before.filter(is_open).ok_or_else(no_such_cart))?;
            refuse(check_unpaid(is_being_paid))?;
            let options = if before.ships_to().is_some() { options } else { vec![] };
            let mut after = before.clone();
            refuse(choose(&mut after, &options, choices, &field))?;
            Ok((saved(tx, desk, key, &before, after, vec![])?, options))
        })
        .await
}

/// A cart is delivered in one group, which has the cart's own id.
fn choose(cart: &mut Cart, options: &[DeliveryOption], choices: &[Choice], field: &Field<'_>) -> Result<(), CartRule> {
    for (at, choice) in choices.iter().enumerate() {
        let field = field.nth(at);
        if choice.group_id != Some(cart.id) || cart.ships_to().is_none() {
            let message = "The cart has no such delivery group.";
            return Err(field.get("deliveryGroupId").refuse(CartErrorCode::InvalidDeliveryGroup, message));
        }
        if !options.iter().any(|option| option.handle == choice.handle) {
            let message = "The delivery group has no such option.";
            return Err(field.get("deliveryOptionHandle").refuse(CartErrorCode::InvalidDeliveryOption, message));
        }
        cart.delivery_handle = Some(choice.handle.clone());
    }
    Ok(())
}

/// Locks a cart, applies a pure change and writes what became different.
async fn change(
    desk: &Desk,
    key: Option<CartKey>,
    named_variants: Vec<Uuid>,
    apply: impl FnOnce(&mut Cart, &Known) -> Result<Vec<Warning>, CartRule>,
) -> CartResult<Changed> {
    desk.db
        .write(async |tx| {
            let key = refuse(key.ok_or_else(no_such_cart))?;
            let (mut on_variants, mut on_payment) = (tx.conn().clone(), tx.conn().clone());
            let (before, known, is_being_paid) = try_join!(
                store::lock(tx, &key, desk.now),
                known(&mut on_variants, named_variants.into_iter(), desk.now),
                is_being_paid(&mut on_payment, key.id),
            )?;
            let before = refuse(before.filter(is_open).ok_or_else(no_such_cart))?;
            refuse(check_unpaid(is_being_paid))?;
            let mut after = before.clone();
            let warnings = refuse(apply(&mut after, &known))?;
            saved(tx, desk, key, &before, after, warnings)
        })
        .await
        .map_err(merchandise_deleted)
}

/// Locks a cart and changes its addresses, with the address book of its customer at hand where something is copied.
async fn readdress(
    desk: &Desk,
    key: Option<CartKey>,
    copies: bool,
    apply: impl FnOnce(&mut Cart, &[CustomerAddress]) -> Result<Vec<Warning>, CartRule>,
) -> CartResult<Changed> {
    desk.db
        .write(async |tx| {
            let key = refuse(key.ok_or_else(no_such_cart))?;
            let mut on_payment = tx.conn().clone();
            let (before, is_being_paid) =
                try_join!(store::lock(tx, &key, desk.now), is_being_paid(&mut on_payment, key.id))?;
            let before = refuse(before.filter(is_open).ok_or_else(no_such_cart))?;
            refuse(check_unpaid(is_being_paid))?;
            let book = book_of(tx.conn(), before.customer_id.filter(|_| copies)).await?;
            let mut after = before.clone();
            let warnings = refuse(apply(&mut after, &book))?;
            saved(tx, desk, key, &before, after, warnings)
        })
        .await
}

async fn book_of(conn: &mut TenantConn<'_>, customer: Option<Uuid>) -> QueryResult<Vec<CustomerAddress>> {
    match customer {
        Some(id) => address_book(conn, id).await,
        None => Ok(vec![]),
    }
}

/// A variant that was deleted after it had been looked up is one that there is not.
fn merchandise_deleted(error: ServiceError<CartRule>) -> ServiceError<CartRule> {
    match &error {
        ServiceError::Fault(Fault::Database(cause)) if constraint(cause) == Some(store::LINE_HAS_VARIANT) => {
            let message = "Something of this has just been deleted.";
            ServiceError::Rule(Field::argument("lines").refuse(CartErrorCode::InvalidMerchandiseLine, message))
        }
        _ => error,
    }
}

fn is_open(cart: &Cart) -> bool {
    cart.completed_at.is_none()
}

/// What is being paid for stays as it is: the payment's end would undo the change.
fn check_unpaid(is_being_paid: bool) -> Result<(), CartRule> {
    if !is_being_paid {
        return Ok(());
    }
    let message = "A payment for this cart is on its way; until that has ended the cart cannot be changed.";
    Err(Field::argument("cartId").refuse(CartErrorCode::ValidationCustom, message))
}

fn saved(
    tx: &mut TenantTx<'_>,
    desk: &Desk,
    key: CartKey,
    before: &Cart,
    mut after: Cart,
    warnings: Vec<Warning>,
) -> CartResult<Changed> {
    // Whoever held the lock before may have begun later, or by another clock.
    after.updated_at = desk.now.max(before.updated_at);
    store::save(tx, before, &after)?;
    Ok(Changed { cart: Arc::new(after), key, warnings })
}

async fn known(conn: &mut TenantConn<'_>, ids: impl Iterator<Item = Uuid>, now: DateTime<Utc>) -> QueryResult<Known> {
    let ids: Vec<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(Known::new());
    }
    let found = store::merchandise(conn, &ids, now).await?;
    Ok(found.into_iter().map(|merchandise| (merchandise.variant_id, merchandise)).collect())
}

/// The cart as it is, for those who ask for gift cards: there are none yet, so that naming one is refused.
pub async fn cart_unchanged(
    conn: &mut TenantConn<'_>,
    key: Option<CartKey>,
    now: DateTime<Utc>,
    field: &str,
    gift_cards: &[String],
) -> QueryResult<Result<Changed, CartRule>> {
    let Some(key) = key else { return Ok(Err(no_such_cart())) };
    let Some(cart) = cart(conn, &key, now).await? else { return Ok(Err(no_such_cart())) };
    let checked = details::check_gift_cards(gift_cards, &Field::argument(field));
    Ok(checked.map(|()| Changed { cart: Arc::new(cart), key, warnings: vec![] }))
}

/// Forgets the carts that nobody has changed since `cutoff`, bought ones included: the order says what they said. A
/// payment that has no end yet keeps its cart. A few in each transaction.
pub async fn forget(db: &TenantDb, cutoff: DateTime<Utc>, few: i64) -> Result<(), Fault> {
    let mut kept: Vec<Uuid> = Vec::new();
    loop {
        let (found, paying) = db
            .write(async |tx| {
                let mut stale = store::stale_lock(tx, cutoff, &kept, few).await?;
                let found = stale.len();
                if found == 0 {
                    return Ok((0, Vec::new()));
                }
                // Asked under the locks: whoever begins a payment takes one.
                let paying = being_paid(tx.conn(), &stale).await?;
                stale.retain(|cart| !paying.contains(cart));
                store::delete(tx, &stale).await?;
                Ok::<_, Fault>((found, paying))
            })
            .await?;
        kept.extend(paying);
        if i64::try_from(found).is_ok_and(|found| found < few) {
            return Ok(());
        }
    }
}

/// A wrong key, another tenant's cart and a completed one are the same here: not there.
pub fn no_such_cart() -> CartRule {
    Field::argument("cartId").refuse(CartErrorCode::Invalid, "The specified cart does not exist.")
}

fn refuse<T>(outcome: Result<T, CartRule>) -> CartResult<T> {
    outcome.map_err(ServiceError::Rule)
}

fn quietly(outcome: Result<(), CartRule>) -> Result<Vec<Warning>, CartRule> {
    outcome.map(|()| vec![])
}

impl Desk {
    fn new_id(&self) -> Uuid {
        self.entropy.uuid_v7(self.now)
    }
}
