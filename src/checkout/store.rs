//! The checkout's statements: what a cart is sold from, and payment attempts with their reservations.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use serde::Serialize;
use uuid::Uuid;

use super::model::{Level, Shelf};
use crate::db::idempotency::{KEPT, Key};
use crate::db::schema::{
    cart_lines, inventory_levels, locations, orders, payment_attempts as attempts, product_options, product_variants,
    stock_reservations as reservations,
};
use crate::db::{TenantConn, TenantTx, insert_rows, planned};
use crate::money::{Currency, Money};
use crate::order::draft::OrderDraft;
use crate::order::model::SoldOption;

/// What the cart's lines are sold from: a read model over cart, catalogue and stock, in two pipelined statements.
pub async fn shelf(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<Shelf> {
    let mut on_levels = conn.clone();
    let ((lines, levels), options) = try_join!(levels(&mut on_levels, cart_id), options(conn, cart_id))?;
    Ok(Shelf { lines, options, levels })
}

/// How many lines the cart has, and its variants' stock by location, the default one first.
async fn levels(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<(usize, HashMap<Uuid, Vec<Level>>)> {
    type Row = (Uuid, Uuid, Option<(Uuid, i32)>, Option<bool>);
    let rows: Vec<Row> = cart_lines::table
        .left_join(
            inventory_levels::table.on(inventory_levels::tenant_id
                .eq(cart_lines::tenant_id)
                .and(inventory_levels::variant_id.eq(cart_lines::variant_id))),
        )
        .left_join(locations::table.on(
            locations::tenant_id.eq(inventory_levels::tenant_id).and(locations::id.eq(inventory_levels::location_id)),
        ))
        .filter(cart_lines::tenant_id.eq(conn.tenant()))
        .filter(cart_lines::cart_id.eq(cart_id))
        .select((
            cart_lines::id,
            cart_lines::variant_id,
            (inventory_levels::location_id, inventory_levels::available).nullable(),
            locations::is_default.nullable(),
        ))
        .load(conn)
        .await?;
    let mut lines: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
    lines.sort_unstable();
    lines.dedup();
    let mut sorted: Vec<_> = rows
        .into_iter()
        .filter_map(|(_, variant, level, default)| {
            level.map(|(location, n)| (variant, default != Some(true), location, n))
        })
        .collect();
    // Two lines of one variant bring its levels twice.
    sorted.sort_unstable();
    sorted.dedup();
    let mut levels: HashMap<Uuid, Vec<Level>> = HashMap::with_capacity(lines.len());
    for (variant, _, location_id, available) in sorted {
        levels.entry(variant).or_default().push(Level { location_id, available });
    }
    Ok((lines.len(), levels))
}

/// The options of the cart's variants, by name and value.
async fn options(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<HashMap<Uuid, Vec<SoldOption>>> {
    type Values = (String, Option<String>, Option<String>);
    let rows: Vec<(Uuid, i16, String, Values)> = cart_lines::table
        .inner_join(product_variants::table.on(
            product_variants::tenant_id.eq(cart_lines::tenant_id).and(product_variants::id.eq(cart_lines::variant_id)),
        ))
        .inner_join(
            product_options::table.on(product_options::tenant_id
                .eq(product_variants::tenant_id)
                .and(product_options::product_id.eq(product_variants::product_id))),
        )
        .filter(cart_lines::tenant_id.eq(conn.tenant()))
        .filter(cart_lines::cart_id.eq(cart_id))
        .select((
            product_variants::id,
            product_options::position,
            product_options::name,
            (product_variants::option1, product_variants::option2, product_variants::option3),
        ))
        .load(conn)
        .await?;
    let mut sorted = rows;
    sorted.sort_by_key(|row| (row.0, row.1));
    sorted.dedup_by_key(|row| (row.0, row.1));
    let mut options: HashMap<Uuid, Vec<SoldOption>> = HashMap::new();
    for (variant, position, name, values) in sorted {
        let value = match position {
            1 => Some(values.0),
            2 => values.1,
            _ => values.2,
        };
        if let Some(value) = value {
            options.entry(variant).or_default().push(SoldOption { name, value });
        }
    }
    Ok(options)
}

/// How a payment attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    Open,
    Unknown,
    Settled,
    Declined,
    /// Approved after it had been declined: the money is to go back.
    Voiding,
}

impl AttemptStatus {
    const ALL: [Self; 5] = [Self::Open, Self::Unknown, Self::Settled, Self::Declined, Self::Voiding];

    fn as_db(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Unknown => "UNKNOWN",
            Self::Settled => "SETTLED",
            Self::Declined => "DECLINED",
            Self::Voiding => "VOIDING",
        }
    }

    /// The table's CHECK admits nothing else; unknown is what a job looks at again.
    fn from_db(text: &str) -> Self {
        Self::ALL.into_iter().find(|status| status.as_db() == text).unwrap_or(Self::Unknown)
    }

    /// Whether the gateway's answer is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Unknown)
    }
}

/// A payment attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub gateway: String,
    pub status: AttemptStatus,
    pub draft: OrderDraft,
    /// Under which client's key it was begun.
    pub key: Option<Key>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = attempts, check_for_backend(diesel::pg::Pg))]
struct AttemptRow {
    gateway: String,
    status: String,
    draft: serde_json::Value,
    idempotency_scope: Option<Vec<u8>>,
    idempotency_input: Option<Vec<u8>>,
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = diesel::result::Error;

    fn try_from(row: AttemptRow) -> QueryResult<Self> {
        let unreadable = |error: serde_json::Error| diesel::result::Error::DeserializationError(error.into());
        let bytes = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = bytes(row.idempotency_scope).zip(bytes(row.idempotency_input));
        Ok(Self {
            gateway: row.gateway,
            status: AttemptStatus::from_db(&row.status),
            draft: serde_json::from_value(row.draft).map_err(unreadable)?,
            key: key.map(|(scope, input)| Key { field: super::service::FIELD.to_owned(), scope, input, kept: KEPT }),
        })
    }
}

/// The cart's payment that is on its way.
pub async fn open_attempt(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<Option<Attempt>> {
    let row: Option<AttemptRow> = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::cart_id.eq(cart_id))
        .filter(attempts::status.eq("OPEN").or(attempts::status.eq("UNKNOWN")))
        .select(AttemptRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(Attempt::try_from).transpose()
}

/// Orders that were placed from one time until before another, and payments under way, as they are at one moment: what is
/// paid meanwhile is counted once.
pub async fn orders_count(conn: &mut TenantConn<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> QueryResult<i64> {
    let placed = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::created_at.ge(from))
        .filter(orders::created_at.lt(until))
        .select(diesel::dsl::count_star());
    let under_way = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::due_at.is_not_null())
        .filter(attempts::status.eq("OPEN").or(attempts::status.eq("UNKNOWN")))
        .select(diesel::dsl::count_star());
    let both = diesel::select((placed.single_value(), under_way.single_value()));
    let (placed, under_way): (Option<i64>, Option<i64>) = both.get_result(conn).await?;
    Ok(placed.unwrap_or_default() + under_way.unwrap_or_default())
}

/// Orders that were placed from one time until before another.
pub async fn orders_placed(conn: &mut TenantConn<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> QueryResult<i64> {
    orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::created_at.ge(from))
        .filter(orders::created_at.lt(until))
        .count()
        .get_result(conn)
        .await
}

/// Whether the cart's payment is on its way: it cannot be changed until that has ended.
pub async fn is_being_paid(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<bool> {
    let open = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::cart_id.eq(cart_id))
        .filter(attempts::status.eq("OPEN").or(attempts::status.eq("UNKNOWN")));
    diesel::select(diesel::dsl::exists(open)).get_result(conn).await
}

/// Those of these carts for which a payment is on its way.
pub async fn being_paid(conn: &mut TenantConn<'_>, cart_ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::cart_id.eq_any(cart_ids))
        .filter(attempts::status.eq("OPEN").or(attempts::status.eq("UNKNOWN")))
        .select(attempts::cart_id)
        .load(conn)
        .await
}

/// Whether somebody is asking the gateway for the cart's payment at this moment.
pub async fn is_being_charged(conn: &mut TenantConn<'_>, cart_id: Uuid) -> QueryResult<bool> {
    let open = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::cart_id.eq(cart_id))
        .filter(attempts::status.eq("OPEN"));
    diesel::select(diesel::dsl::exists(open)).get_result(conn).await
}

/// An attempt of which only the gateway knows, or nobody yet knows whether the money went back.
#[derive(Clone, Debug)]
pub struct Pending {
    pub id: Uuid,
    pub gateway: String,
    pub status: AttemptStatus,
    /// How often the gateway was asked in vain.
    pub tries: i32,
}

type PendingRow = (Uuid, String, String, i32);
const PENDING: (attempts::id, attempts::gateway, attempts::status, attempts::tries) =
    (attempts::id, attempts::gateway, attempts::status, attempts::tries);

fn pending((id, gateway, status, tries): PendingRow) -> Pending {
    Pending { id, gateway, status: AttemptStatus::from_db(&status), tries }
}

/// Attempts whose time has come, the oldest first. Their drafts are not read: one that cannot be must not keep the
/// others from being settled.
pub async fn due_attempts(conn: &mut TenantConn<'_>, now: DateTime<Utc>, limit: i64) -> QueryResult<Vec<Pending>> {
    let rows: Vec<PendingRow> = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::due_at.le(now))
        .filter(attempts::status.eq_any(["OPEN", "UNKNOWN", "VOIDING"]))
        .order((attempts::due_at, attempts::id))
        .limit(limit)
        .select(PENDING)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(pending).collect())
}

/// An attempt as the operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Undecided {
    pub id: Uuid,
    pub gateway: String,
    pub status: String,
    #[serde(serialize_with = "decimal")]
    pub amount: Money,
    pub cart_id: Uuid,
    pub tries: i32,
    pub created_at: DateTime<Utc>,
    /// When the gateway is asked again; none: it was asked in vain for so long that only the operator can tell.
    pub due_at: Option<DateTime<Utc>>,
}

fn decimal<S: serde::Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{} {}", amount.to_decimal(), amount.currency.code()))
}

/// Attempts of which nobody knows yet what became of them, the oldest first.
pub async fn undecided(conn: &mut TenantConn<'_>, limit: i64) -> QueryResult<Vec<Undecided>> {
    type Row = (Uuid, String, String, (i64, String), Uuid, i32, DateTime<Utc>, Option<DateTime<Utc>>);
    let rows: Vec<Row> = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::status.eq_any(["OPEN", "UNKNOWN", "VOIDING"]))
        .order((attempts::created_at, attempts::id))
        .limit(limit)
        .select((
            attempts::id,
            attempts::gateway,
            attempts::status,
            (attempts::amount_minor, attempts::currency),
            attempts::cart_id,
            attempts::tries,
            attempts::created_at,
            attempts::due_at,
        ))
        .load(conn)
        .await?;
    let undecided = |(id, gateway, status, (minor, currency), cart_id, tries, created_at, due_at): Row| {
        let amount = Money::new(minor, Currency::from_code(&currency).unwrap_or(Currency::XXX));
        Undecided { id, gateway, status, amount, cart_id, tries, created_at, due_at }
    };
    Ok(rows.into_iter().map(undecided).collect())
}

/// The attempt, locked until the transaction ends; none when it has ended.
pub async fn lock_pending(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Pending>> {
    let row: Option<PendingRow> = attempts::table
        .filter(attempts::tenant_id.eq(tx.tenant()))
        .filter(attempts::id.eq(id))
        .filter(attempts::status.eq_any(["OPEN", "UNKNOWN", "VOIDING"]))
        .select(PENDING)
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(pending))
}

/// The attempt, locked until the transaction ends: whoever settles it comes through here.
pub async fn lock_attempt(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Attempt>> {
    let row: Option<AttemptRow> = attempts::table
        .filter(attempts::tenant_id.eq(tx.tenant()))
        .filter(attempts::id.eq(id))
        .select(AttemptRow::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(Attempt::try_from).transpose()
}

/// Writes the attempt and what it has reserved.
pub async fn insert_attempt(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    draft: &OrderDraft,
    key: Option<&Key>,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> QueryResult<()> {
    let tenant = tx.tenant();
    let json = serde_json::to_value(draft).map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    diesel::insert_into(attempts::table)
        .values((
            attempts::tenant_id.eq(tenant),
            attempts::id.eq(id),
            attempts::cart_id.eq(draft.cart_id),
            attempts::order_id.eq(draft.order_id),
            attempts::gateway.eq(&draft.gateway),
            attempts::amount_minor.eq(draft.total_minor),
            attempts::currency.eq(draft.currency.code()),
            attempts::status.eq(AttemptStatus::Open.as_db()),
            attempts::draft.eq(json),
            attempts::idempotency_scope.eq(key.map(|key| key.scope.to_vec())),
            attempts::idempotency_input.eq(key.map(|key| key.input.to_vec())),
            attempts::due_at.eq(due_at),
            attempts::created_at.eq(now),
            attempts::updated_at.eq(now),
        ))
        .execute(tx)
        .await?;
    let taken = crate::inventory::model::sum(&draft.stock_changes(1)).unwrap_or_default();
    if !taken.is_empty() {
        insert_rows!(tenant, reservations, taken, |taken| {
            attempt_id: id,
            variant_id: taken.variant_id,
            location_id: taken.location_id,
            quantity: taken.delta,
        })
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Ends the attempt: its reservation is sold or goes back, and it is never due again.
pub async fn close_attempt(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    status: AttemptStatus,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let mut second = tx.fork();
    let tenant = tx.tenant();
    let close = diesel::update(attempts::table).filter(attempts::tenant_id.eq(tenant)).filter(attempts::id.eq(id)).set(
        (attempts::status.eq(status.as_db()), attempts::due_at.eq(None::<DateTime<Utc>>), attempts::updated_at.eq(now)),
    );
    let closing = planned(close).execute(tx);
    let reserved =
        reservations::table.filter(reservations::tenant_id.eq(tenant)).filter(reservations::attempt_id.eq(id));
    let freeing = diesel::delete(reserved).execute(&mut second);
    try_join!(closing, freeing)?;
    Ok(())
}

/// Notes that there is no answer yet, how often the gateway has been asked in vain by now, and when to ask it again: never,
/// when there is no time.
pub async fn postpone_attempt(
    tx: &mut TenantTx<'_>,
    attempt: &Pending,
    tries: i32,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let status = if attempt.status == AttemptStatus::Voiding { attempt.status } else { AttemptStatus::Unknown };
    diesel::update(attempts::table)
        .filter(attempts::tenant_id.eq(tx.tenant()))
        .filter(attempts::id.eq(attempt.id))
        .set((
            attempts::status.eq(status.as_db()),
            attempts::tries.eq(tries),
            attempts::due_at.eq(due_at),
            attempts::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Notes that the gateway approved what was given up: its money is to go back.
pub async fn begin_voiding(
    tx: &mut TenantTx<'_>,
    id: Uuid,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(attempts::table)
        .filter(attempts::tenant_id.eq(tx.tenant()))
        .filter(attempts::id.eq(id))
        .set((
            attempts::status.eq(AttemptStatus::Voiding.as_db()),
            attempts::tries.eq(0),
            attempts::due_at.eq(due_at),
            attempts::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}
