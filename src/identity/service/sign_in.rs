//! Signing in, and going on with what a sign-in gave.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::keys::keys_to_sign;
use super::{PASSWORDS, refused, session, unchecked};
use crate::app::App;
use crate::clock::Entropy;
use crate::db::{TenantDb, TenantTx};
use crate::error::{Fault, ServiceResult};
use crate::identity::keys::KeySet;
use crate::identity::model::{
    Ended, GRACE, MAX_SESSIONS, SESSION_IDLE, SESSION_LIFE, Session, StaffMember, StaffStatus, normal_email,
};
use crate::identity::rule::{Refusal, StaffRule};
use crate::identity::secret::{RefreshToken, is_hash};
use crate::identity::store::staff::WithPassword;
use crate::identity::store::{session as store, staff};
use crate::identity::token::{Claims, Issuer, TOKEN_LIFE, sign};
use crate::ids::TenantId;
use crate::password::{Verdict, Whose};

/// What a sign-in or a refresh gives. In clear this once: it has no Debug.
pub struct SignedIn {
    pub member: StaffMember,
    pub session_id: Uuid,
    pub access_token: String,
    pub access_expires_at: DateTime<Utc>,
    pub refresh_token: RefreshToken,
    /// When the session ends unless it is refreshed before.
    pub session_expires_at: DateTime<Utc>,
}

/// Proves a member by address and password, and opens a session of a new id. What is wrong, nobody learns.
pub async fn sign_in(
    app: &App,
    db: &TenantDb,
    email: &str,
    password: &str,
    user_agent: Option<String>,
) -> ServiceResult<SignedIn, StaffRule> {
    let email = normal_email(email).ok_or_else(|| refused(Refusal::BadEmail, &["input", "email"]))?;
    if !app.attempts.admit(&PASSWORDS, db.tenant(), &email).await {
        return Err(refused(Refusal::TooManyAttempts, &["input"]));
    }
    let keys = keys_to_sign(app).await?;
    // Twice: the password may have been hashed anew, by another sign-in, while it was looked at here.
    for _ in 0..2 {
        let found = db.read(async |conn| Ok::<_, Fault>(staff::by_email(conn, &email).await?)).await?;
        let found = found.filter(|found| found.member.status == StaffStatus::Active);
        let stored = found.as_ref().and_then(|found| found.password_hash.as_deref());
        let verdict = app.passwords.verify(Whose::Staff(db.tenant()), password, stored).await.map_err(unchecked)?;
        let (Verdict::Yes { stale }, Some(WithPassword { member, password_hash: Some(stored) })) = (verdict, found)
        else {
            break;
        };
        let fresh = match stale {
            true => {
                Some(app.passwords.hash(Whose::Staff(db.tenant()), password, &app.entropy).await.map_err(unchecked)?)
            }
            false => None,
        };
        let proof = Proof { member, stored, fresh };
        if let Some(opened) = open(app, db, &proof, user_agent.clone()).await? {
            app.attempts.succeeded(&PASSWORDS, db.tenant(), &email).await;
            return Ok(signed_in(app, db.tenant(), &keys, opened)?);
        }
    }
    Err(refused(Refusal::Unidentified, &["input"]))
}

/// A member whose password was right.
struct Proof {
    member: StaffMember,
    /// The hash that it was right for.
    stored: String,
    /// The password hashed anew, where today's parameters are others.
    fresh: Option<String>,
}

/// A session with the token that goes on with it.
struct Opened {
    member: StaffMember,
    session_id: Uuid,
    session_expires_at: DateTime<Utc>,
    refresh_token: RefreshToken,
}

/// Opens a session, unless the member has changed since the proof: then none.
async fn open(app: &App, db: &TenantDb, proof: &Proof, user_agent: Option<String>) -> Result<Option<Opened>, Fault> {
    let now = app.clock.now();
    let session = Session {
        id: app.entropy.uuid_v7(now),
        staff_id: proof.member.id,
        user_agent,
        created_at: now,
        last_used_at: now,
        expires_at: now + SESSION_IDLE,
    };
    let token = RefreshToken::first(session.id, app.entropy.bytes(), app.entropy.bytes());
    let opened = db.write(async |tx| {
        let unchanged = staff::locked(tx, session.staff_id).await?.filter(|now| {
            now.member.status == StaffStatus::Active && now.password_hash.as_deref() == Some(&proof.stored)
        });
        let Some(WithPassword { member, .. }) = unchanged else { return Ok::<_, Fault>(None) };
        if let Some(fresh) = &proof.fresh {
            staff::set_hash(tx, member.id, fresh, now).await?;
        }
        store::insert(tx, &session, &token.family_hash(), &token.hash()).await?;
        Ok(Some((member, store::open_ids(tx.conn(), session.staff_id, now).await?)))
    });
    let Some((member, mut open)) = opened.await? else { return Ok(None) };
    open.truncate(open.len().saturating_sub(MAX_SESSIONS));
    if !open.is_empty() {
        session::end(app, db, open, Ended::TooMany).await?;
    }
    let session_expires_at = session.expires_at;
    Ok(Some(Opened { member, session_id: session.id, session_expires_at, refresh_token: token }))
}

/// What became of a refresh token.
enum Followed {
    On(Box<Opened>),
    /// It was used before, by somebody else perhaps: the family is not to be trusted.
    Reused(Uuid),
    No,
}

/// Goes on with a session: a new access token, and a new refresh token in place of the one that is used up. One that was
/// replaced no more than ten seconds ago leads to the same successor once more, since a client's requests may race; any
/// older one ends the session.
pub async fn refresh(app: &App, db: &TenantDb, text: &str) -> ServiceResult<SignedIn, StaffRule> {
    let bad = || refused(Refusal::BadToken, &["refreshToken"]);
    let token = RefreshToken::parse(text).ok_or_else(bad)?;
    let keys = keys_to_sign(app).await?;
    let now = app.clock.now();
    let followed = db.write(async |tx| Ok::<_, Fault>(follow(tx, &app.entropy, &token, now).await?));
    match followed.await? {
        Followed::On(opened) => Ok(signed_in(app, db.tenant(), &keys, *opened)?),
        Followed::Reused(id) => {
            tracing::warn!(session = %id, "a refresh token was used again: its session is ended");
            session::end(app, db, vec![id], Ended::Reused).await?;
            Err(bad())
        }
        Followed::No => Err(bad()),
    }
}

async fn follow(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    token: &RefreshToken,
    now: DateTime<Utc>,
) -> Result<Followed, Fault> {
    let id = token.session;
    let Some(chain) = store::chain(tx, id).await? else { return Ok(Followed::No) };
    let is_open = chain.revoked_at.is_none() && now < chain.expires_at;
    if !is_open || !is_hash(&token.family_hash(), &chain.family_hash) {
        return Ok(Followed::No);
    }
    let member = staff::with_password(tx.conn(), chain.staff_id).await?.map(|found| found.member);
    let Some(member) = member.filter(|member| member.status == StaffStatus::Active) else { return Ok(Followed::No) };
    let hash = token.hash();
    if is_hash(&hash, &chain.refresh_hash) {
        let salt: [u8; 32] = entropy.bytes();
        let refresh_token = token.successor(&salt);
        let expires_at = (now + SESSION_IDLE).min(chain.created_at + SESSION_LIFE);
        let step = store::Step { previous: hash, salt, next: refresh_token.hash(), expires_at };
        store::replace(tx, id, &step, now).await?;
        return Ok(Followed::On(Box::new(Opened {
            member,
            session_id: id,
            session_expires_at: expires_at,
            refresh_token,
        })));
    }
    if let (Some(previous), Some(salt), Some(replaced_at)) =
        (chain.previous_hash, chain.successor_salt, chain.replaced_at)
        && is_hash(&hash, &previous)
        && now <= replaced_at + GRACE
        && let Ok(salt) = salt.try_into()
    {
        let refresh_token = token.successor(&salt);
        return Ok(Followed::On(Box::new(Opened {
            member,
            session_id: id,
            session_expires_at: chain.expires_at,
            refresh_token,
        })));
    }
    Ok(Followed::Reused(id))
}

fn signed_in(app: &App, tenant: TenantId, keys: &KeySet, opened: Opened) -> Result<SignedIn, Fault> {
    let now = app.clock.now();
    let Opened { member, session_id, session_expires_at, refresh_token } = opened;
    let Issuer { iss, aud } = app.resolver.issuer().clone();
    let expires_at = (now + TOKEN_LIFE).min(session_expires_at);
    let claims = Claims {
        iss,
        aud,
        sub: member.id,
        tenant,
        role: member.role.clone(),
        sid: session_id,
        iat: now.timestamp(),
        nbf: now.timestamp(),
        exp: expires_at.timestamp(),
        jti: app.entropy.uuid_v7(now),
    };
    let access_token = sign(keys, &claims, now)?;
    let access_expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or(expires_at);
    Ok(SignedIn { member, session_id, access_token, access_expires_at, refresh_token, session_expires_at })
}
