//! Taking members in. What an owner does for others (inviting, suspending) builds on [`staff_create_in_tx`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{refused, unchecked};
use crate::access::SystemRole;
use crate::app::App;
use crate::clock::Entropy;
use crate::db::error::constraint;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::identity::model::{MAX_NAME, NewStaff, Purpose, SHOWN_TOKEN_LIFE, StaffMember, StaffStatus, normal_email};
use crate::identity::rule::{Refusal, StaffRule, check_password};
use crate::identity::secret::OnceToken;
use crate::identity::store::{once, staff};
use crate::password::Whose;
use crate::role::model::is_handle;
use crate::role::service::roles;

/// Owners who are mailed, at most.
const FEW_OWNERS: i64 = 10;

/// Takes a member in, who has no password yet, with a role that the shop has. A refusal leaves the transaction to be rolled back.
pub async fn staff_create_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    now: DateTime<Utc>,
    new: &NewStaff,
) -> ServiceResult<StaffMember, StaffRule> {
    let email = normal_email(&new.email).ok_or_else(|| refused(Refusal::BadEmail, &["email"]))?;
    if !crate::text::is_name(&new.name, MAX_NAME) {
        return Err(refused(Refusal::BadName, &["name"]));
    }
    if !is_handle(&new.role) {
        return Err(refused(Refusal::BadRole, &["role"]));
    }
    // The system's are every shop's: whoever makes a new one, and may read nothing there, is not asked to.
    let is_systems = SystemRole::parse(&new.role).is_some();
    if !is_systems && roles(tx.conn()).await?.by_handle(&new.role).is_none() {
        return Err(refused(Refusal::UnknownRole(new.role.clone()), &["role"]));
    }
    let (id, new) = (entropy.uuid_v7(now), NewStaff { email, ..new.clone() });
    staff::insert(tx, id, &new, now).await.map_err(|error| match constraint(&error) {
        Some("staff_members_email") => refused(Refusal::EmailTaken, &["email"]),
        _ => ServiceError::from(error),
    })?;
    let NewStaff { email, name, role } = new;
    let status = StaffStatus::Invited;
    Ok(StaffMember { id, email, name, role, status, provider: None, email_verified_at: None, created_at: now })
}

/// The same in a transaction of its own.
pub async fn staff_create(app: &App, db: &TenantDb, new: &NewStaff) -> ServiceResult<StaffMember, StaffRule> {
    let now = app.clock.now();
    db.write(async |tx| staff_create_in_tx(tx, &app.entropy, now, new).await).await
}

/// The member with this address, as [`normal_email`] has it.
pub async fn staff_by_email(conn: &mut TenantConn<'_>, email: &str) -> QueryResult<Option<StaffMember>> {
    Ok(staff::by_email(conn, email).await?.map(|found| found.member))
}

/// How many members there are, those who are invited or suspended too.
pub async fn staff_count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    staff::count(conn).await
}

/// Members who are owners and sign in, the first few of them: who is told what concerns the whole shop.
pub async fn owners(conn: &mut TenantConn<'_>) -> QueryResult<Vec<StaffMember>> {
    staff::active_with_role(conn, SystemRole::Owner.handle(), FEW_OWNERS).await
}

/// Whether any member, whatever their standing, has the role.
pub async fn somebody_has_role(conn: &mut TenantConn<'_>, role: &str) -> QueryResult<bool> {
    staff::has_role(conn, role).await
}

/// A token by which a member chooses a password, for an operator to pass on.
pub async fn password_token_show(app: &App, db: &TenantDb, staff_id: Uuid) -> Result<OnceToken, Fault> {
    let (now, token) = (app.clock.now(), OnceToken::from_random(app.entropy.bytes()));
    let new = once::NewToken {
        id: app.entropy.uuid_v7(now),
        staff_id,
        purpose: Purpose::Password,
        hash: token.hash(),
        email: None,
        expires_at: now + SHOWN_TOKEN_LIFE,
    };
    db.write(async |tx| Ok::<_, Fault>(once::insert(tx, &new, now).await?)).await?;
    Ok(token)
}

/// Gives a new member the password that an operator has been told.
pub async fn password_set_by_operator(
    app: &App,
    db: &TenantDb,
    staff_id: Uuid,
    password: &str,
) -> ServiceResult<(), StaffRule> {
    check_password(password, &["password"]).map_err(ServiceError::Rule)?;
    let hash = app.passwords.hash(Whose::Staff(db.tenant()), password, &app.entropy).await.map_err(unchecked)?;
    let now = app.clock.now();
    db.write(async |tx| {
        staff::set_password(tx, staff_id, &hash, now).await?;
        Ok(())
    })
    .await
}
