//! What is done with keys: by operators for any shop, by a shop's own people for it.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use uuid::Uuid;

use super::key::ApiKey;
use super::model::{KeyInfo, KeyKind, MAX_LIVE, MAX_NAME, MAX_OVERLAP, Maker, NewKey};
use super::rule::{ApiKeyRule as Rule, Path};
use super::store;
use crate::access::{Grants, Permissions};
use crate::app::App;
use crate::clock::{Clock, Entropy};
use crate::db::{Db, PlatformConn, QueryResult};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::page::PageQuery;
use crate::tenant::resolve::{Changed, Resolver};
use crate::tenant::service::tenant_lock_in_tx;

/// A new tenant's two keys, in clear this once.
pub struct FirstKeys {
    pub publishable: ApiKey,
    pub secret: ApiKey,
}

/// Makes the pair of keys that every tenant begins with; neither is limited.
pub async fn first_keys_in_tx(
    conn: &mut PlatformConn<'_>,
    entropy: &Entropy,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> QueryResult<FirstKeys> {
    let make = |kind| ApiKey::from_random(kind, entropy.bytes());
    let keys = FirstKeys { publishable: make(KeyKind::Publishable), secret: make(KeyKind::Secret) };
    for (name, key) in [("Storefront", &keys.publishable), ("Server", &keys.secret)] {
        let new = NewKey::unlimited(key.kind(), name);
        store::insert(conn, entropy.uuid_v7(now), tenant, key, &new, now).await?;
    }
    Ok(keys)
}

/// Makes another such pair.
pub async fn first_keys_again(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    tenant: TenantId,
) -> Result<FirstKeys, Fault> {
    let now = clock.now();
    db.platform().run(async |conn| Ok(first_keys_in_tx(conn, entropy, tenant, now).await?)).await
}

/// Makes a key for a tenant; an operator may make any.
pub async fn key_create(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    tenant: TenantId,
    new: &NewKey,
) -> ServiceResult<(KeyInfo, ApiKey), Rule> {
    let operator = Maker { grants: Grants::Everything, key: None };
    key_create_by(&operator, db, clock, entropy, tenant, new).await
}

/// Makes a key that may no more than who makes it, and lives no longer.
pub async fn key_create_by(
    maker: &Maker,
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    tenant: TenantId,
    new: &NewKey,
) -> ServiceResult<(KeyInfo, ApiKey), Rule> {
    let now = clock.now();
    check(new, now)?;
    check_grants(&maker.grants, new.kind, new.permissions, &["input", "accessScopes"])?;
    let make = async |conn: &mut PlatformConn<'_>| {
        // Two that are made at once are counted one after the other.
        tenant_lock_in_tx(conn, tenant).await?;
        check_end(conn, maker, tenant, new, EXPIRES_AT).await?;
        make_in_tx(conn, entropy, tenant, new, now).await
    };
    db.platform().run(make).await
}

/// Where `apiKeyCreate` has a key's end.
const EXPIRES_AT: Path = &["input", "expiresAt"];

fn check(new: &NewKey, now: DateTime<Utc>) -> Result<(), ServiceError<Rule>> {
    let rule = match new.kind {
        _ if !crate::text::is_name(&new.name, MAX_NAME) => Rule::BadName,
        KeyKind::Publishable if new.permissions.is_some() => Rule::Publishable,
        _ if new.expires_at.is_some_and(|end| end <= now) => Rule::Expired { at: EXPIRES_AT },
        _ => return Ok(()),
    };
    Err(ServiceError::Rule(rule))
}

/// Nobody gives away what they do not have. A key that is not limited may also what comes later: that has who is not
/// limited alone, and the owner.
fn check_grants(
    grants: &Grants,
    kind: KeyKind,
    wanted: Option<Permissions>,
    at: Path,
) -> Result<(), ServiceError<Rule>> {
    match grants.lack(wanted.unwrap_or(Permissions::ALL)) {
        Some(missing) if kind == KeyKind::Secret => Err(ServiceError::Rule(Rule::NotGranted { missing, at })),
        _ => Ok(()),
    }
}

/// Who holds a key that ends would hold it for ever, could they make one from it that does not.
async fn check_end(
    conn: &mut PlatformConn<'_>,
    maker: &Maker,
    tenant: TenantId,
    new: &NewKey,
    at: Path,
) -> ServiceResult<(), Rule> {
    let Some(id) = maker.key else { return Ok(()) };
    let end = store::one(conn, tenant, id).await?.and_then(|(key, _)| key.expires_at);
    match end {
        Some(end) if new.expires_at.is_none_or(|new| new > end) => Err(ServiceError::Rule(Rule::Outlives { end, at })),
        _ => Ok(()),
    }
}

/// The tenant is locked.
async fn make_in_tx(
    conn: &mut PlatformConn<'_>,
    entropy: &Entropy,
    tenant: TenantId,
    new: &NewKey,
    now: DateTime<Utc>,
) -> ServiceResult<(KeyInfo, ApiKey), Rule> {
    if store::count_live(conn, tenant, now).await? >= MAX_LIVE {
        return Err(ServiceError::Rule(Rule::TooMany));
    }
    let (id, key) = (entropy.uuid_v7(now), ApiKey::from_random(new.kind, entropy.bytes()));
    store::insert(conn, id, tenant, &key, new, now).await?;
    let info = KeyInfo {
        id,
        kind: new.kind,
        name: new.name.clone(),
        last_four: key.last_four().to_owned(),
        permissions: new.permissions,
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        rotated_at: None,
    };
    Ok((info, key))
}

/// What a rotation has made of one key.
pub struct Rotated {
    /// The new one, and in clear, this once.
    pub new: (KeyInfo, ApiKey),
    /// The old one, which ends when the overlap does.
    pub old: KeyInfo,
}

/// How a key is to be replaced.
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    /// How long the old one goes on, so that nobody who uses it has to stop.
    pub overlap: TimeDelta,
    /// When the new one ends; none: when the old one was to.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Replaces a key, once, by a new one of the same name and permissions.
pub async fn key_rotate(
    app: &App,
    maker: &Maker,
    tenant: TenantId,
    id: Uuid,
    Rotation { overlap, expires_at }: Rotation,
) -> ServiceResult<Rotated, Rule> {
    if !(TimeDelta::zero()..=MAX_OVERLAP).contains(&overlap) {
        return Err(ServiceError::Rule(Rule::BadOverlap));
    }
    let now = app.clock.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(ServiceError::Rule(Rule::Expired { at: &["expiresAt"] }));
    }
    let found = app.db.platform().run(async |conn| Ok::<_, Fault>(store::one(conn, tenant, id).await?)).await?;
    let Some((_, hash)) = found else { return Err(ServiceError::Rule(Rule::NotFound)) };
    let rotate = async |conn: &mut PlatformConn<'_>| {
        tenant_lock_in_tx(conn, tenant).await?;
        // Looked at again: somebody may have revoked it.
        let old = store::one(conn, tenant, id).await?.map(|(old, _)| old);
        let old = old.filter(|old| !old.is_over(now)).ok_or(ServiceError::Rule(Rule::Over))?;
        // Its end has come nearer: who says it again, for want of the first answer, would get a key that is about to end.
        if old.rotated_at.is_some() {
            return Err(ServiceError::Rule(Rule::Rotated));
        }
        check_grants(&maker.grants, old.kind, old.permissions, &["id"])?;
        let new = NewKey {
            kind: old.kind,
            name: old.name.clone(),
            permissions: old.permissions,
            expires_at: expires_at.or(old.expires_at),
        };
        // Before the old one's end comes nearer: it may be the key that makes the new one.
        check_end(conn, maker, tenant, &new, &["expiresAt"]).await?;
        let end = old.expires_at.map_or(now + overlap, |end| end.min(now + overlap));
        store::replaced(conn, id, end, now).await?;
        let new = make_in_tx(conn, &app.entropy, tenant, &new, now).await?;
        Ok(Rotated { new, old: KeyInfo { expires_at: Some(end), rotated_at: Some(now), ..old } })
    };
    app.resolver.change(Changed::Key(tenant, hash), async || app.db.platform().run(rotate).await).await
}

/// A tenant's keys, without what is secret about them.
pub async fn key_list(db: &Db, tenant: TenantId) -> Result<Vec<KeyInfo>, Fault> {
    db.platform().run(async |conn| Ok(store::all(conn, tenant).await?)).await
}

/// A page of a tenant's keys.
pub async fn key_page(db: &Db, tenant: TenantId, page: &PageQuery) -> Result<Vec<KeyInfo>, Fault> {
    db.platform().run(async |conn| Ok(store::page(conn, tenant, page).await?)).await
}

/// A tenant's key.
pub async fn key_by_id(db: &Db, tenant: TenantId, id: Uuid) -> Result<Option<KeyInfo>, Fault> {
    let found = db.platform().run(async |conn| Ok::<_, Fault>(store::one(conn, tenant, id).await?)).await?;
    Ok(found.map(|(key, _)| key))
}

/// Revokes a tenant's key in every process.
pub async fn key_revoke_of(app: &App, tenant: TenantId, id: Uuid) -> ServiceResult<KeyInfo, Rule> {
    if key_by_id(&app.db, tenant, id).await?.is_none() {
        return Err(ServiceError::Rule(Rule::NotFound));
    }
    key_revoke(&app.db, &*app.clock, &app.resolver, id).await?;
    key_by_id(&app.db, tenant, id).await?.ok_or(ServiceError::Rule(Rule::NotFound))
}

/// Revokes a key in every process. A fault that says "not yet known everywhere" leaves it revoked: say it again.
/// False: there is no such key.
pub async fn key_revoke(db: &Db, clock: &dyn Clock, resolver: &Resolver, id: Uuid) -> Result<bool, Fault> {
    let now = clock.now();
    let found = db.platform().run(async |conn| Ok::<_, Fault>(store::hash(conn, id).await?)).await?;
    let Some((tenant, hash)) = found else { return Ok(false) };
    let revoke = async || db.platform().run(async |conn| Ok::<_, Fault>(store::revoke(conn, id, now).await?)).await;
    resolver.change(Changed::Key(tenant, hash), revoke).await?;
    Ok(true)
}

/// When keys were last used, to the minute, as far as a process knows and has not written down.
#[derive(Default)]
pub struct Uses(Mutex<HashMap<Uuid, DateTime<Utc>>>);

impl Uses {
    /// The key was used just now.
    pub fn note(&self, key: Uuid, now: DateTime<Utc>) {
        self.0.lock().expect("no holder panics").insert(key, now);
    }

    /// What there is to write down.
    pub fn take(&self) -> HashMap<Uuid, DateTime<Utc>> {
        std::mem::take(&mut *self.0.lock().expect("no holder panics"))
    }
}

/// Writes down when keys were last used.
pub async fn uses_write(db: &Db, uses: HashMap<Uuid, DateTime<Utc>>) -> Result<(), Fault> {
    uses_write_by(db, uses, store::note_use).await
}

/// Writes each down with `note`, in the order of their ids: processes that do so at once do not wait for each other in a
/// ring.
pub async fn uses_write_by(
    db: &Db,
    uses: HashMap<Uuid, DateTime<Utc>>,
    note: impl AsyncFn(&mut PlatformConn<'_>, Uuid, DateTime<Utc>) -> QueryResult<usize>,
) -> Result<(), Fault> {
    let mut uses: Vec<_> = uses.into_iter().collect();
    uses.sort_unstable();
    for some in uses.chunks(USES_AT_ONCE) {
        let write = async |conn: &mut PlatformConn<'_>| {
            for (key, at) in some {
                note(conn, *key, at.trunc_subsecs(0)).await?;
            }
            Ok::<_, Fault>(())
        };
        db.platform().run_relaxed(write).await?;
    }
    Ok(())
}

/// Keys whose use is written down in one transaction.
const USES_AT_ONCE: usize = 100;
