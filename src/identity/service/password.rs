//! Passwords: changed by who knows them, chosen anew by who reads the member's mail.

use uuid::Uuid;

use super::session::told;
use super::{MAILS, PASSWORDS, refused, unchecked};
use crate::app::App;
use crate::db::{TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::identity::mail;
use crate::identity::model::{Ended, MAIL_EVERY, PASSWORD_TOKEN_LIFE, Purpose, StaffMember, StaffStatus, normal_email};
use crate::identity::rule::{Refusal, StaffRule, check_password};
use crate::identity::secret::{OnceToken, once_hash};
use crate::identity::store::{once, session, staff};
use crate::mail::letter::Letter;
use crate::password::{Verdict, Whose};

/// Changes a member's password, which ends all other sessions.
pub async fn password_update(
    app: &App,
    db: &TenantDb,
    (staff_id, session_id): (Uuid, Uuid),
    current: &str,
    new: &str,
) -> ServiceResult<StaffMember, StaffRule> {
    check_password(new, &["newPassword"]).map_err(ServiceError::Rule)?;
    let other = || refused(Refusal::OtherPassword, &["currentPassword"]);
    let found = db.read(async |conn| Ok::<_, Fault>(staff::with_password(conn, staff_id).await?)).await?;
    let found = found.ok_or_else(other)?;
    let (email, whose_password) = (&found.member.email, Whose::Staff(db.tenant()));
    if !app.attempts.admit(&PASSWORDS, db.tenant(), email).await {
        return Err(refused(Refusal::TooManyAttempts, &["currentPassword"]));
    }
    let verdict =
        app.passwords.verify(whose_password, current, found.password_hash.as_deref()).await.map_err(unchecked)?;
    if verdict == Verdict::No {
        return Err(other());
    }
    app.attempts.succeeded(&PASSWORDS, db.tenant(), email).await;
    let hash = app.passwords.hash(whose_password, new, &app.entropy).await.map_err(unchecked)?;
    let change = async |tx: &mut TenantTx<'_>| {
        // Somebody else may have changed it since, who does not know this password.
        let unchanged = staff::locked(tx, staff_id).await?.filter(|now| now.password_hash == found.password_hash);
        unchanged.map(|_| ()).ok_or_else(other)
    };
    changed(app, db, staff_id, Some(session_id), &hash, change).await
}

/// Mails a member a token by which a password can be chosen. Whether there is such a member, nobody learns, by the answer or
/// by its time: what is done is done by a task of its own.
pub async fn password_recover(app: &App, db: &TenantDb, email: &str) -> ServiceResult<(), StaffRule> {
    let email = normal_email(email).ok_or_else(|| refused(Refusal::BadEmail, &["email"]))?;
    // Counted for those whom there is not as well.
    if !app.attempts.admit(&MAILS, db.tenant(), &email).await {
        return Err(refused(Refusal::TooManyAttempts, &["email"]));
    }
    let place = app.later.take(db.tenant()).ok_or_else(|| refused(Refusal::Busy, &["email"]))?;
    let (asked, db) = (app.clone(), db.clone());
    app.do_later(place, "a password's recovery", async move { recover(&asked, &db, &email).await });
    Ok(())
}

async fn recover(app: &App, db: &TenantDb, email: &str) -> Result<(), Fault> {
    let now = app.clock.now();
    let found = db.read(async |conn| Ok::<_, Fault>(staff::by_email(conn, email).await?)).await?;
    let Some(member) = found.map(|found| found.member).filter(|member| member.status != StaffStatus::Suspended) else {
        return Ok(());
    };
    let token = OnceToken::from_random(app.entropy.bytes());
    let new = once::NewToken {
        id: app.entropy.uuid_v7(now),
        staff_id: member.id,
        purpose: Purpose::Password,
        hash: token.hash(),
        email: Some(member.email.clone()),
        expires_at: now + PASSWORD_TOKEN_LIFE,
    };
    db.write(async |tx| {
        // In turn: of two who ask at once, one has just been mailed.
        staff::locked(tx, member.id).await?;
        let is_new = !once::mailed_since(tx.conn(), member.id, Purpose::Password, now - MAIL_EVERY).await?;
        if is_new {
            once::insert(tx, &new, now).await?;
            mail::post_letter_in_tx(tx, app, Letter::StaffPasswordReset, &member, &token).await?;
        }
        Ok(())
    })
    .await
}

/// Gives a member the password that who has the token chooses. It is good for one use, voids all others of its kind, and
/// ends all sessions.
pub async fn password_reset(app: &App, db: &TenantDb, token: &str, new: &str) -> ServiceResult<StaffMember, StaffRule> {
    check_password(new, &["password"]).map_err(ServiceError::Rule)?;
    let (bad, hash, now) = (|| refused(Refusal::BadToken, &["token"]), once_hash(token), app.clock.now());
    let found = db.read(async |conn| Ok::<_, Fault>(once::find(conn, Purpose::Password, &hash, now).await?)).await?;
    let staff_id = found.ok_or_else(bad)?.staff_id;
    let password = app.passwords.hash(Whose::Staff(db.tenant()), new, &app.entropy).await.map_err(unchecked)?;
    let change = async |tx: &mut TenantTx<'_>| {
        let Some(taken) = once::take(tx, Purpose::Password, &hash, now).await? else { return Err(bad()) };
        once::void(tx, staff_id, Purpose::Password).await?;
        let found = staff::locked(tx, staff_id).await?;
        found.filter(|found| found.member.status != StaffStatus::Suspended).ok_or_else(bad)?;
        if let Some(email) = taken.email {
            staff::set_verified(tx, staff_id, &email, now).await?;
        }
        Ok(())
    };
    let member = changed(app, db, staff_id, None, &password, change).await?;
    app.attempts.succeeded(&PASSWORDS, db.tenant(), &member.email).await;
    Ok(member)
}

/// Sets the hash in the transaction that `check` admits, and ends the member's sessions but one, in every process.
async fn changed(
    app: &App,
    db: &TenantDb,
    staff_id: Uuid,
    keep: Option<Uuid>,
    hash: &str,
    check: impl AsyncFnOnce(&mut TenantTx<'_>) -> ServiceResult<(), StaffRule>,
) -> ServiceResult<StaffMember, StaffRule> {
    let now = app.clock.now();
    told(app, db, staff_id, async |tx| {
        check(tx).await?;
        staff::set_password(tx, staff_id, hash, now).await?;
        let ended = session::end_others(tx, staff_id, keep, Ended::PasswordChanged, now).await?;
        // As it is now: who was invited is active.
        let found = staff::with_password(tx.conn(), staff_id).await?;
        let member = found.ok_or_else(|| Fault::internal("the member is not there any more"))?.member;
        Ok((member, ended))
    })
    .await
}
