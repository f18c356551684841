//! What follows from what Stripe says of a subscription.

use super::{alone_in_tx, limit, plan_by_handle, put_in_tx};
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantTx};
use crate::error::Fault;
use crate::plan::model::{Bill, FREE, Plan, Subscription};
use crate::plan::store;

/// What became of what Stripe says.
#[derive(Clone, Debug)]
pub struct Followed {
    pub before: Subscription,
    pub after: Subscription,
}

impl Followed {
    pub fn is_changed(&self) -> bool {
        self.before != self.after
    }
}

/// How often the subscription was compared with Stripe: read before Stripe is asked, and given to [`bill_follow_in_tx`].
pub async fn bill_turn(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    store::syncs(conn).await
}

/// Takes a number for a page on which the tenant is to pay: see [`checkout_is_last`].
pub async fn checkout_begin_in_tx(tx: &mut TenantTx<'_>) -> QueryResult<i64> {
    store::count_checkout(tx).await
}

/// Whether nobody has taken a later number.
pub async fn checkout_is_last(conn: &mut TenantConn<'_>, number: i64) -> QueryResult<bool> {
    Ok(store::checkouts(conn).await? == number)
}

/// The plan that a subscription goes to that has ended.
pub async fn plan_after_the_end(app: &App) -> Result<Plan, Fault> {
    plan_by_handle(&app.db, FREE).await?.ok_or_else(|| Fault::internal(format!("there is no plan {FREE}")))
}

/// Has the subscription follow what Stripe said; none: it says nothing. Nothing is done, and none answered, when somebody
/// else has compared it since `turn`: what they were told may be newer.
pub async fn bill_follow_in_tx(
    tx: &mut TenantTx<'_>,
    app: &App,
    turn: i64,
    bill: Option<&Bill>,
    free: &Plan,
) -> Result<Option<Followed>, Fault> {
    let before = alone_in_tx(tx).await?;
    if !store::count_sync(tx, turn).await? {
        return Ok(None);
    }
    let now = app.clock.now();
    let after = bill.map_or_else(|| before.clone(), |bill| before.after(bill, free, app.config.stripe.grace, now));
    if after == before {
        return Ok(Some(Followed { after, before }));
    }
    put_in_tx(tx, app, after.clone()).await?;
    Ok(Some(Followed { before, after }))
}

/// Whether what Stripe says is another way here.
pub async fn bill_differs(app: &App, conn: &mut TenantConn<'_>, bill: &Bill, free: &Plan) -> Result<bool, Fault> {
    let present = store::find(conn).await?.ok_or_else(limit::missing)?;
    Ok(present.after(bill, free, app.config.stripe.grace, app.clock.now()) != present)
}
