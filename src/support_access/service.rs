//! What a shop's people do about support access, and what the guard asks.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::model::{MAX_HOURS, MAX_LIVE, MAX_REASON, NEVER, NewSupportAccess, Standing, SupportAccess, reading};
use super::rule::SupportAccessRule as Rule;
use super::store;
use crate::access::{Grants, Permissions};
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::page::PageQuery;
use crate::shop::service::shop_lock_in_tx;
use crate::tenant::model::Access;
use crate::tenant::resolve::Changed;

/// Lets operators in; counts at once, in every process.
pub async fn support_access_grant(
    app: &App,
    db: &TenantDb,
    caller: Access,
    grants: &Grants,
    new: NewSupportAccess,
) -> ServiceResult<SupportAccess, Rule> {
    if matches!(caller, Access::Operator { .. }) {
        return refused(Rule::ByOperator);
    }
    let permissions = check(&new, grants)?;
    let now = app.clock.now();
    let access = SupportAccess {
        id: app.entropy.uuid_v7(now),
        reason: new.reason,
        permissions,
        granted_by: caller.actor(),
        created_at: now,
        expires_at: now + TimeDelta::hours(new.hours.into()),
        revoked_at: None,
    };
    let insert = async |tx: &mut TenantTx<'_>| {
        shop_lock_in_tx(tx).await?;
        if store::count_live(tx.conn(), now).await? >= MAX_LIVE {
            return refused(Rule::TooMany);
        }
        store::insert(tx, &access).await?;
        Ok(access)
    };
    app.resolver.change(Changed::Support(db.tenant()), async || db.write(insert).await).await
}

/// What it is to allow.
fn check(new: &NewSupportAccess, grants: &Grants) -> ServiceResult<Permissions, Rule> {
    if !crate::text::is_name(&new.reason, MAX_REASON) {
        return refused(Rule::BadReason);
    }
    if !(1..=MAX_HOURS).contains(&new.hours) {
        return refused(Rule::BadHours);
    }
    // Left out, what who grants it sees: nobody gives more than they have.
    let seen = || reading().without(Permissions::ALL.without(grants.permissions()));
    let wanted = new.permissions.unwrap_or_else(seen);
    if wanted == Permissions::NONE {
        return refused(Rule::NoPermission);
    }
    let never = wanted.without(Permissions::ALL.without(NEVER));
    if never != Permissions::NONE {
        return refused(Rule::Never { never: never.names().join(", ") });
    }
    match grants.lack(wanted) {
        Some(missing) => refused(Rule::NotGranted { missing }),
        None => Ok(wanted),
    }
}

/// Ends it now, in every process; what operators have open is closed. One that has ended stays as it is.
pub async fn support_access_revoke(app: &App, db: &TenantDb, id: Uuid) -> ServiceResult<SupportAccess, Rule> {
    let now = app.clock.now();
    let revoke = async |tx: &mut TenantTx<'_>| {
        store::revoke(tx, id, now).await?;
        store::one(tx.conn(), id).await?.ok_or(ServiceError::Rule(Rule::NotFound))
    };
    app.resolver.change(Changed::Support(db.tenant()), async || db.write(revoke).await).await
}

/// A page of all that were granted.
pub async fn support_accesses_page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<SupportAccess>> {
    store::page(conn, page).await
}

/// The one with this id.
pub async fn support_access(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<SupportAccess>> {
    store::one(conn, id).await
}

/// For the guard: what those in force allow, and until when.
pub async fn standing(db: &TenantDb, now: DateTime<Utc>) -> Result<Vec<Standing>, Fault> {
    db.read(async |conn| Ok::<_, Fault>(store::live(conn, now).await?)).await
}

fn refused<T>(rule: Rule) -> ServiceResult<T, Rule> {
    Err(ServiceError::Rule(rule))
}
