//! What those who run a shop do with its staff: invite, change, suspend, remove.
//!
//! Nobody gives a role that may more than they may, nor changes or removes somebody who may more; the last owner who can
//! sign in stays one. Whom an outside provider vouches for has the role that the provider says, can be suspended, and once
//! removed comes back by a new membership alone. The shop's lock makes two who do so at once count one after the other.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::member::staff_create_in_tx;
use super::overrides::check_overrides;
use super::session::told;
use super::{INVITATION_MAILS, INVITATIONS, refused};
use crate::access::{Grants, SystemRole};
use crate::app::App;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::identity::mail;
use crate::identity::model::{
    Ended, INVITATION_LIFE, MAIL_EVERY, MAX_NAME, MAX_STAFF, NewStaff, Purpose, StaffMember, StaffStatus, normal_email,
};
use crate::identity::rule::{Refusal, StaffRule};
use crate::identity::secret::OnceToken;
use crate::identity::store::{identities, once, overrides, session, staff};
use crate::mail::letter::Letter;
use crate::page::PageQuery;
use crate::plan::model::Resource;
use crate::plan::service::hold_in_tx;
use crate::role::service::roles;
use crate::shop::service::shop_lock_in_tx;

/// What is to change of a member; none: it stays.
#[derive(Clone, Debug, Default)]
pub struct StaffChange {
    /// 1 to 255 characters.
    pub name: Option<String>,
    /// A role of the shop.
    pub role: Option<String>,
    /// Whether the member is kept out.
    pub suspended: Option<bool>,
}

/// A page of the members in the order in which they were taken in.
pub async fn staff_page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<StaffMember>> {
    staff::page(conn, page).await
}

/// Takes a member in and mails a token by which a password can be chosen.
pub async fn staff_invite(
    app: &App,
    db: &TenantDb,
    grants: &Grants,
    new: NewStaff,
) -> ServiceResult<StaffMember, StaffRule> {
    let (now, token) = (app.clock.now(), OnceToken::from_random(app.entropy.bytes()));
    let take_in = async |tx: &mut TenantTx<'_>| {
        let mut room = hold_in_tx(tx, Resource::StaffMembers, now)?;
        shop_lock_in_tx(tx).await?;
        if staff::count(tx.conn()).await? >= MAX_STAFF {
            return Err(refused(Refusal::TooMany, &[]));
        }
        room.check::<StaffRule>(tx.conn()).await?;
        check_role(tx.conn(), grants, &new.role, true).await?;
        let member = staff_create_in_tx(tx, &app.entropy, now, &new).await.map_err(below_input)?;
        once::insert(tx, &invitation(app, &member, &token), now).await?;
        mail::post_letter_in_tx(tx, app, Letter::StaffInvitation, &member, &token).await?;
        Ok(member)
    };
    // Of an address that is none, the transaction says so.
    let email = normal_email(&new.email).unwrap_or_default();
    let to_address =
        app.attempts.counted(&INVITATION_MAILS, (db.tenant(), &email), Result::is_ok, Box::pin(db.write(take_in)));
    let is_invited = |done: &Option<ServiceResult<_, _>>| matches!(done, Some(Ok(_)));
    let done = app.attempts.counted(&INVITATIONS, (db.tenant(), ""), is_invited, to_address).await.flatten();
    done.unwrap_or_else(|| Err(refused(Refusal::TooManyAttempts, &["input", "email"])))
}

/// Mails another token to who is invited and has not chosen a password yet, unless one has just been mailed; nothing to
/// anybody else.
pub async fn invitation_send(app: &App, db: &TenantDb, email: &str) -> Result<(), Fault> {
    let Some(email) = normal_email(email) else { return Ok(()) };
    let (now, token) = (app.clock.now(), OnceToken::from_random(app.entropy.bytes()));
    db.write(async |tx| {
        let Some(found) = staff::by_email(tx.conn(), &email).await? else { return Ok::<_, Fault>(()) };
        let is_invited = found.member.status == StaffStatus::Invited;
        if !is_invited || once::mailed_since(tx.conn(), found.member.id, Purpose::Password, now - MAIL_EVERY).await? {
            return Ok(());
        }
        once::insert(tx, &invitation(app, &found.member, &token), now).await?;
        mail::post_letter_in_tx(tx, app, Letter::StaffInvitation, &found.member, &token).await?;
        Ok(())
    })
    .await
}

/// The token by which a new member chooses a password, to be kept.
fn invitation(app: &App, member: &StaffMember, token: &OnceToken) -> once::NewToken {
    let now = app.clock.now();
    once::NewToken {
        id: app.entropy.uuid_v7(now),
        staff_id: member.id,
        purpose: Purpose::Password,
        hash: token.hash(),
        email: Some(member.email.clone()),
        expires_at: now + INVITATION_LIFE,
    }
}

/// Changes a member; a role or a suspension counts within a second, in sessions that are open too.
pub async fn staff_update(
    app: &App,
    db: &TenantDb,
    grants: &Grants,
    id: Uuid,
    wanted: StaffChange,
) -> ServiceResult<StaffMember, StaffRule> {
    if wanted.name.as_deref().is_some_and(|name| !crate::text::is_name(name, MAX_NAME)) {
        return Err(refused(Refusal::BadName, &["input", "name"]));
    }
    let now = app.clock.now();
    let change = async |tx: &mut TenantTx<'_>| {
        let (old, has_password) = changeable(tx, grants, id).await?;
        let is_ours = old.provider.is_none();
        if let Some(role) = &wanted.role {
            if !is_ours {
                return Err(refused(Refusal::Elsewhere, &["input", "role"]));
            }
            check_role(tx.conn(), grants, role, true).await?;
        }
        let status = match wanted.suspended {
            Some(true) => StaffStatus::Suspended,
            Some(false) if old.status == StaffStatus::Suspended && (has_password || !is_ours) => StaffStatus::Active,
            Some(false) if old.status == StaffStatus::Suspended => StaffStatus::Invited,
            _ => old.status,
        };
        let new = StaffMember {
            name: wanted.name.clone().unwrap_or_else(|| old.name.clone()),
            role: wanted.role.clone().unwrap_or_else(|| old.role.clone()),
            status,
            ..old.clone()
        };
        if is_owner(&old) && !is_owner(&new) {
            check_other_owner(tx.conn(), id).await?;
        }
        if new.role == SystemRole::Owner.handle() {
            // Who gives the role may everything, and so may lift what was denied.
            overrides::remove_of(tx, id).await?;
        }
        staff::update(tx, &new, now).await?;
        let sessions = session::open_ids(tx.conn(), id, now).await?;
        if status == StaffStatus::Suspended {
            session::end_others(tx, id, None, Ended::Revoked, now).await?;
        }
        Ok((new, sessions))
    };
    told(app, db, id, change).await
}

/// Removes a member with their sessions, which end within a second. What they have done stays.
pub async fn staff_remove(
    app: &App,
    db: &TenantDb,
    grants: &Grants,
    id: Uuid,
) -> ServiceResult<StaffMember, StaffRule> {
    let now = app.clock.now();
    let remove = async |tx: &mut TenantTx<'_>| {
        let (old, _) = changeable(tx, grants, id).await?;
        if is_owner(&old) {
            check_other_owner(tx.conn(), id).await?;
        }
        let sessions = session::open_ids(tx.conn(), id, now).await?;
        member_remove_in_tx(tx, id).await?;
        identities::end(tx, id, now).await?;
        Ok((old, sessions))
    };
    told(app, db, id, remove).await
}

/// Removes a member with everything that is theirs alone.
pub(super) async fn member_remove_in_tx(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<()> {
    overrides::remove_of(tx, id).await?;
    once::remove_of(tx, id).await?;
    session::remove_of(tx, id).await?;
    staff::remove(tx, id).await?;
    Ok(())
}

/// Keeps a member out, with everything that the shop has said of them.
pub(super) async fn member_suspend_in_tx(
    tx: &mut TenantTx<'_>,
    member: StaffMember,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    once::remove_of(tx, member.id).await?;
    session::remove_of(tx, member.id).await?;
    staff::update(tx, &StaffMember { status: StaffStatus::Suspended, ..member }, now).await?;
    Ok(())
}

/// The member, locked, if the caller may change them; and whether they have a password.
pub(super) async fn changeable(
    tx: &mut TenantTx<'_>,
    grants: &Grants,
    id: Uuid,
) -> ServiceResult<(StaffMember, bool), StaffRule> {
    shop_lock_in_tx(tx).await?;
    let found = staff::locked(tx, id).await?.ok_or_else(|| refused(Refusal::NoMember, &["id"]))?;
    check_role(tx.conn(), grants, &found.member.role, false).await?;
    check_overrides(tx.conn(), grants, id).await?;
    Ok((found.member, found.password_hash.is_some()))
}

/// Whether the caller may all that the role may: to be given, for every thing that there is. A role that is to be given has
/// to be there.
async fn check_role(
    conn: &mut TenantConn<'_>,
    grants: &Grants,
    role: &str,
    is_new: bool,
) -> ServiceResult<(), StaffRule> {
    let roles = roles(conn).await?;
    let field: &[&str] = if is_new { &["input", "role"] } else { &["id"] };
    if is_new && roles.by_handle(role).is_none() {
        return Err(refused(Refusal::UnknownRole(role.to_owned()), field));
    }
    let permissions = roles.to_give(role);
    let missing = if is_new { grants.lack(permissions) } else { grants.lack_in_general(permissions) };
    match missing {
        Some(missing) => Err(refused(Refusal::NotGranted { missing }, field)),
        None => Ok(()),
    }
}

/// Whether it is one of those of whom one has to stay. Who signs in elsewhere is not.
fn is_owner(member: &StaffMember) -> bool {
    member.role == SystemRole::Owner.handle() && member.status == StaffStatus::Active && member.provider.is_none()
}

async fn check_other_owner(conn: &mut TenantConn<'_>, id: Uuid) -> ServiceResult<(), StaffRule> {
    if staff::has_other_active(conn, SystemRole::Owner.handle(), id).await? {
        return Ok(());
    }
    Err(refused(Refusal::LastOwner, &["id"]))
}

/// A refusal of what stands in the mutation's input.
fn below_input(error: ServiceError<StaffRule>) -> ServiceError<StaffRule> {
    match error {
        ServiceError::Rule(mut rule) => {
            rule.field.insert(0, "input".to_owned());
            ServiceError::Rule(rule)
        }
        fault => fault,
    }
}
