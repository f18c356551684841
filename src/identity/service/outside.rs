//! Members whom an outside provider vouches for: how they stand, and what the provider tells of them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::manage::{member_remove_in_tx, member_suspend_in_tx};
use crate::access::Effect;
use crate::app::App;
use crate::db::{Db, QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::Fault;
use crate::identity::model::{MAX_STAFF, StaffStatus};
use crate::identity::outside::{Membership, Standing};
use crate::identity::provider::member_id;
use crate::identity::store::{identities, organizations, overrides, staff};
use crate::ids::TenantId;
use crate::plan::model::Resource;
use crate::plan::service::{Room, hold_in_tx};
use crate::shop::service::shop_lock_in_tx;
use crate::tenant::resolve::Changed;

/// How somebody stands whom a provider vouches for.
pub async fn outside_standing(db: &TenantDb, id: Uuid) -> Result<Standing, Fault> {
    db.read(async |conn| Ok(identities::standing(conn, id).await?)).await
}

/// The tenant that a provider's organization is, unless it has been deleted.
pub async fn organization_tenant(db: &Db, issuer: &str, id: &str) -> Result<Option<TenantId>, Fault> {
    db.platform().run(async |conn| Ok(organizations::tenant_of(conn, issuer, id).await?)).await
}

/// Has a membership be as the provider says, in every process, unless more is known already; answers whether it tells
/// something new. Somebody of ours with the same address stays who they are.
pub async fn membership_put(app: &App, db: &TenantDb, issuer: &str, said: &Membership) -> Result<bool, Fault> {
    let (id, now) = (member_id(db.tenant(), issuer, &said.subject), app.clock.now());
    let put = async |tx: &mut TenantTx<'_>| {
        let mut room = hold_in_tx(tx, Resource::StaffMembers, now)?;
        shop_lock_in_tx(tx).await?;
        let known = identities::known(tx, id).await?;
        if !said.is_news(known.as_ref()) {
            return Ok::<_, Fault>(false);
        }
        let is_there = known.as_ref().is_some_and(|known| !known.has_ended);
        if said.has_ended {
            leave_in_tx(tx, id, now).await?;
        } else if is_there || has_room(tx.conn(), &mut room).await? {
            identities::put_member(tx, issuer, id, said, now).await?;
        } else {
            tracing::warn!(tenant = %tx.tenant(), "a shop has as many staff as it may: a provider's member is not listed");
            return Ok(false);
        }
        let changed_at = known.map_or(said.changed_at, |known| known.changed_at.max(said.changed_at));
        identities::keep(tx, issuer, id, &Membership { changed_at, ..said.clone() }, now).await?;
        Ok(true)
    };
    app.resolver.change(Changed::Members(db.tenant()), async || db.write(put).await).await
}

/// Whether there may be one more, by the plan and by what any shop may have.
async fn has_room(conn: &mut TenantConn<'_>, room: &mut Room<'_>) -> Result<bool, Fault> {
    let is_full = room.left(conn).await?.is_some_and(|left| left.more == 0);
    Ok(!is_full && staff::count(conn).await? < MAX_STAFF)
}

/// Removes a member who has left. What the shop has said against them is kept: whoever leaves and comes again is suspended
/// until the shop says otherwise.
async fn leave_in_tx(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let Some(found) = staff::locked(tx, id).await? else { return Ok(()) };
    let is_denied = overrides::of(tx.conn(), &[id]).await?.iter().any(|(_, one)| one.says.effect == Effect::Deny);
    if found.member.status == StaffStatus::Suspended || is_denied {
        return member_suspend_in_tx(tx, found.member, now).await;
    }
    member_remove_in_tx(tx, id).await
}
