//! Proving that a member reads mail at an address.

use uuid::Uuid;

use super::refused;
use crate::app::App;
use crate::db::TenantDb;
use crate::error::{Fault, ServiceResult};
use crate::identity::mail;
use crate::identity::model::{EMAIL_TOKEN_LIFE, MAIL_EVERY, Purpose, StaffMember};
use crate::identity::rule::{Refusal, StaffRule};
use crate::identity::secret::{OnceToken, once_hash};
use crate::identity::store::{once, staff};
use crate::mail::letter::Letter;

/// Mails a member a token that proves the address.
pub async fn email_verification_send(app: &App, db: &TenantDb, staff_id: Uuid) -> ServiceResult<(), StaffRule> {
    let now = app.clock.now();
    let token = OnceToken::from_random(app.entropy.bytes());
    db.write(async |tx| {
        let found = staff::locked(tx, staff_id).await?;
        let member = found.ok_or_else(|| Fault::internal("the member that asks is not there"))?.member;
        if member.email_verified_at.is_some() {
            return Err(refused(Refusal::AlreadyVerified, &[]));
        }
        if once::mailed_since(tx.conn(), staff_id, Purpose::Email, now - MAIL_EVERY).await? {
            return Err(refused(Refusal::JustMailed, &[]));
        }
        let new = once::NewToken {
            id: app.entropy.uuid_v7(now),
            staff_id,
            purpose: Purpose::Email,
            hash: token.hash(),
            email: Some(member.email.clone()),
            expires_at: now + EMAIL_TOKEN_LIFE,
        };
        once::insert(tx, &new, now).await?;
        mail::post_letter_in_tx(tx, app, Letter::StaffEmailVerification, &member, &token).await?;
        Ok(())
    })
    .await
}

/// Notes that an address is its member's, for who has the token that was mailed there.
pub async fn email_verify(app: &App, db: &TenantDb, token: &str) -> ServiceResult<StaffMember, StaffRule> {
    let (hash, now) = (once_hash(token), app.clock.now());
    let bad = || refused(Refusal::BadToken, &["token"]);
    db.write(async |tx| {
        let Some(taken) = once::take(tx, Purpose::Email, &hash, now).await? else { return Err(bad()) };
        let email = taken.email.ok_or_else(bad)?;
        staff::set_verified(tx, taken.staff_id, &email, now).await?;
        let member = staff::locked(tx, taken.staff_id).await?.ok_or_else(bad)?.member;
        // The address has changed since.
        if member.email != email {
            return Err(bad());
        }
        Ok(member)
    })
    .await
}
