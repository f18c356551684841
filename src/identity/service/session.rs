//! Sessions: who has which, and how they end.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::refused;
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceResult};
use crate::identity::model::{Ended, Session, SessionStanding, StaffMember};
use crate::identity::rule::{Refusal, StaffRule};
use crate::identity::store::{once, session as store};
use crate::page::PageQuery;
use crate::tenant::resolve::Changed;

/// What the guard has to know of a session; none unless it is open.
pub async fn session_standing(db: &TenantDb, id: Uuid, now: DateTime<Utc>) -> Result<Option<SessionStanding>, Fault> {
    db.read(async |conn| Ok(store::standing(conn, id, now).await?)).await
}

/// A page of open sessions, of one member or of all, in the order of their sign-ins.
pub async fn sessions_page(
    conn: &mut TenantConn<'_>,
    staff_id: Option<Uuid>,
    page: &PageQuery,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Session>> {
    store::page(conn, staff_id, page, now).await
}

/// Ends a session in every process: one of this member, or of anybody's where none is named. Answers its id.
pub async fn session_revoke(
    app: &App,
    db: &TenantDb,
    of: Option<Uuid>,
    id: Uuid,
    why: Ended,
) -> ServiceResult<Uuid, StaffRule> {
    let now = app.clock.now();
    let open = db.read(async |conn| Ok::<_, Fault>(store::open_by_ids(conn, &[id], now).await?)).await?;
    let is_theirs = |session: &Session| of.is_none_or(|staff_id| session.staff_id == staff_id);
    if !open.iter().any(is_theirs) {
        return Err(refused(Refusal::NoSession, &["id"]));
    }
    end(app, db, vec![id], why).await?;
    Ok(id)
}

/// Ends sessions in every process. A fault that says "not yet known everywhere" leaves them ended.
pub(super) async fn end(app: &App, db: &TenantDb, ids: Vec<Uuid>, why: Ended) -> Result<(), Fault> {
    let now = app.clock.now();
    let end = async || {
        let ended = db.write(async |tx| Ok::<_, Fault>(store::end(tx, &ids, why, now).await?)).await?;
        tracing::info!(sessions = ended.len(), why = why.as_db(), "sessions are ended");
        Ok::<_, Fault>(())
    };
    app.resolver.change(Changed::Sessions(db.tenant(), ids.clone()), end).await
}

/// Deletes what has expired, sessions and tokens, a few in each transaction.
pub async fn forget(db: &TenantDb, now: DateTime<Utc>, few: i64) -> Result<(), Fault> {
    while db.write(async |tx| Ok::<_, Fault>(store::forget(tx, now, few).await?)).await? {}
    while db.write(async |tx| Ok::<_, Fault>(once::forget(tx, now, few).await?)).await? {}
    Ok(())
}

/// Runs a change of a member, which answers with the sessions that are affected, and has every process look at them anew.
pub(super) async fn told(
    app: &App,
    db: &TenantDb,
    id: Uuid,
    change: impl AsyncFnOnce(&mut TenantTx<'_>) -> ServiceResult<(StaffMember, Vec<Uuid>), StaffRule>,
) -> ServiceResult<StaffMember, StaffRule> {
    let now = app.clock.now();
    let known = db.read(async |conn| Ok::<_, Fault>(store::open_ids(conn, id, now).await?)).await?;
    let sessions = Changed::Sessions(db.tenant(), known.clone());
    let (member, open) = app.resolver.change(sessions, async || db.write(change).await).await?;
    // Opened since they were asked for.
    let late: Vec<Uuid> = open.into_iter().filter(|id| !known.contains(id)).collect();
    if !late.is_empty() {
        app.resolver.change(Changed::Sessions(db.tenant(), late), async || Ok::<_, Fault>(())).await?;
    }
    Ok(member)
}
