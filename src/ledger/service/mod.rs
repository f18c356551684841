//! Posting what happened, and looking whether that is what is posted.

mod invoicing;

pub use invoicing::{fees_invoice_in_tx, invoicings};

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Difference, Fees, Kind, Posting, TOPICS, Written, differences, due, mending, postings};
use super::store;
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::Fault;
use crate::events::model::Appended;
use crate::events::{self, Topic};
use crate::order;
use crate::plan::model::Month;

/// Orders that are looked at in one transaction.
const ORDERS: i64 = 500;

/// Posts what these events come to, in the transaction that gives them their positions: as often as they get one, which is
/// once. What has been posted from the order itself stays as it is.
pub async fn post_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    published: &[Appended],
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let topic = |event: &Appended| Topic::from_db(&event.topic).filter(|topic| TOPICS.contains(topic));
    let known: Vec<(Topic, &Appended)> = published.iter().filter_map(|event| Some((topic(event)?, event))).collect();
    if known.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = known.iter().map(|(_, event)| event.subject_id).collect();
    let orders = order::service::billed(tx.conn(), &ids).await?;
    let orders: HashMap<Uuid, _> = orders.into_iter().map(|order| (order.order_id, order)).collect();
    let mut new = Vec::new();
    for (topic, event) in known {
        let Some(order) = orders.get(&event.subject_id) else { continue };
        new.extend(postings(topic, order).into_iter().map(|posting| written(app, posting, Some(event.id), now)));
    }
    store::insert(tx, &new).await?;
    count(app, &new);
    Ok(())
}

fn written(app: &App, posting: Posting, event_id: Option<Uuid>, now: DateTime<Utc>) -> Written {
    Written { id: app.entropy.uuid_v7(now), event_id, posting, posted_at: now }
}

fn count(app: &App, new: &[Written]) {
    for kind in Kind::ALL {
        app.metrics.posted(kind.as_db(), new.iter().filter(|row| row.posting.kind == kind).count());
    }
}

/// What the platform takes of the orders of a month, and what of that and of before was invoiced for it.
pub async fn fees(conn: &mut TenantConn<'_>, month: Month) -> QueryResult<Vec<Fees>> {
    let fees = Fees::of(&store::moved(conn, month.start(), month.end()).await?);
    Ok(Fees::with_invoiced(fees, &store::invoiced(conn, month).await?))
}

/// What was looked at, and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub orders: usize,
    pub postings: usize,
    pub differences: usize,
    /// Postings that were written to make up for them.
    pub mended: usize,
}

/// Compares all that is posted with what ought to be, as the orders say, and tells of each difference. What is not published
/// yet is not missing.
pub async fn verify(db: &TenantDb, tell: &mut dyn FnMut(&Difference)) -> Result<Tally, Fault> {
    go_through(db, None, tell).await
}

/// The same, and posts what makes up for the differences: what is missing, and the opposite of what is too much. Nothing is
/// changed or taken away. Broken off, it has done what it had told of before; done at once by two, it is done once.
pub async fn rebuild(app: &App, db: &TenantDb, tell: &mut dyn FnMut(&Difference)) -> Result<Tally, Fault> {
    go_through(db, Some(app), tell).await
}

async fn go_through(db: &TenantDb, mender: Option<&App>, tell: &mut dyn FnMut(&Difference)) -> Result<Tally, Fault> {
    let (mut tally, mut after) = (Tally::default(), None);
    loop {
        // In one snapshot: what the relay does meanwhile, it does to orders whose events wait in it.
        let batch = db.read(async |conn| compare(conn, after).await).await?;
        tally.orders += batch.orders;
        tally.postings += batch.posted.len();
        tally.differences += batch.differences.len();
        if let Some(app) = mender.filter(|_| !batch.differences.is_empty()) {
            tally.mended += mend(app, db, &batch).await?;
        }
        batch.differences.iter().for_each(&mut *tell);
        after = match batch.last {
            Some(last) => Some(last),
            None => return Ok(tally),
        };
    }
}

/// A few orders, what is posted of them and of the ids between them, and how that differs from what ought to be.
struct Batch {
    orders: usize,
    posted: Vec<Posting>,
    differences: Vec<Difference>,
    /// None: it goes to the end.
    last: Option<Uuid>,
}

async fn compare(conn: &mut TenantConn<'_>, after: Option<Uuid>) -> Result<Batch, Fault> {
    let orders = order::service::billed_page(conn, after, ORDERS).await?;
    let is_full = i64::try_from(orders.len()).is_ok_and(|len| len >= ORDERS);
    let last = orders.last().map(|order| order.order_id).filter(|_| is_full);
    let posted = store::between(conn, after, last).await?;
    let posted: Vec<Posting> = posted.into_iter().map(|written| written.posting).collect();
    let ids: Vec<Uuid> = orders.iter().map(|order| order.order_id).collect();
    let mut waiting: HashMap<Uuid, Vec<Topic>> = HashMap::new();
    for (order, topic) in events::store::waiting(conn, &TOPICS, &ids).await? {
        waiting.entry(order).or_default().push(topic);
    }
    let waits = |order: &Uuid| waiting.get(order).map(Vec::as_slice).unwrap_or_default();
    let due: Vec<Posting> = orders.iter().flat_map(|order| due(order, waits(&order.order_id))).collect();
    Ok(Batch { orders: orders.len(), differences: differences(&due, &posted), posted, last })
}

async fn mend(app: &App, db: &TenantDb, batch: &Batch) -> Result<usize, Fault> {
    let now = app.clock.now();
    let mending = mending(&batch.differences, &batch.posted);
    let new: Vec<Written> = mending.into_iter().map(|posting| written(app, posting, None, now)).collect();
    let mended = db.write(async |tx| Ok::<_, Fault>(store::insert(tx, &new).await?)).await?;
    count(app, &new);
    Ok(mended)
}
