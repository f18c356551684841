//! The signing keys: made with the first use, replaced by the operator.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::clock::Entropy;
use crate::db::{Db, PlatformConn};
use crate::error::Fault;
use crate::identity::keys::{KeySet, OVERLAP, PUBLISHED_AHEAD, StoredKey};
use crate::identity::store::keys as store;
use crate::tenant::resolve::Changed;

/// Only one process makes keys at a time.
const LOCK: &str = "signing_keys";

/// A key as an operator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct KeyInfo {
    pub kid: String,
    pub algorithm: String,
    pub created_at: DateTime<Utc>,
    pub signs_from: DateTime<Utc>,
    /// None: until another replaces it.
    pub verifies_until: Option<DateTime<Utc>>,
}

/// What a rotation has led to.
#[derive(Clone, Debug, Serialize)]
pub struct Rotated {
    pub kid: String,
    pub signs_from: DateTime<Utc>,
    /// Until when the keys of before count.
    pub old_until: DateTime<Utc>,
}

/// The keys that count now or will, from the database.
pub async fn keys_load(db: &Db, now: DateTime<Utc>) -> Result<KeySet, Fault> {
    KeySet::read(stored(db, now).await?)
}

/// The keys without what is secret about them.
pub async fn keys_list(db: &Db, now: DateTime<Utc>) -> Result<Vec<KeyInfo>, Fault> {
    let info = |key: StoredKey| {
        let StoredKey { kid, algorithm, created_at, signs_from, verifies_until, private_key: _ } = key;
        KeyInfo { kid, algorithm, created_at, signs_from, verifies_until }
    };
    Ok(stored(db, now).await?.into_iter().map(info).collect())
}

async fn stored(db: &Db, now: DateTime<Utc>) -> Result<Vec<StoredKey>, Fault> {
    db.platform().run(async |conn| Ok(store::counting(conn, now).await?)).await
}

/// The public halves as a JWK set.
pub async fn keys_published(app: &App) -> Result<Value, Fault> {
    Ok(keys_to_sign(app).await?.published(app.clock.now()))
}

/// Keys of which one signs now: made if there is none.
pub(super) async fn keys_to_sign(app: &App) -> Result<Arc<KeySet>, Fault> {
    let now = app.clock.now();
    let keys = app.resolver.signing_keys().await?;
    if keys.signing(now).is_some() {
        return Ok(keys);
    }
    // One of a process: those who wait for the lock in the database hold a connection each, and whoever has it needs one.
    let _turn = app.resolver.turn_to_make_keys().await;
    let keys = app.resolver.signing_keys().await?;
    if keys.signing(now).is_some() {
        return Ok(keys);
    }
    let made = app.db.platform().alone(LOCK, async || {
        if keys_load(&app.db, now).await?.signing(now).is_none() {
            let key = new_key(&app.entropy, now, now)?;
            let insert = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::insert(conn, &key).await?);
            app.resolver.change(Changed::SigningKeys, async || app.db.platform().run(insert).await).await?;
        }
        Ok::<_, Fault>(Arc::new(keys_load(&app.db, now).await?))
    });
    made.await
}

/// Makes a new key. It is published at once and signs a while later, and those of before count for a while longer: nobody
/// is signed out. `at_once`, for a key that has got into wrong hands: it signs from now on, and nothing else counts.
pub async fn keys_rotate(app: &App, at_once: bool) -> Result<Rotated, Fault> {
    let now = app.clock.now();
    let (signs_from, old_until) = match at_once {
        true => (now, now),
        false => (now + PUBLISHED_AHEAD, now + PUBLISHED_AHEAD + OVERLAP),
    };
    let rotating = app.db.platform().alone(LOCK, async || {
        let key = new_key(&app.entropy, now, signs_from)?;
        let rotate = async |conn: &mut PlatformConn<'_>| {
            store::end(conn, old_until).await?;
            store::forget(conn, now).await?;
            store::insert(conn, &key).await?;
            Ok::<_, Fault>(())
        };
        app.resolver.change(Changed::SigningKeys, async || app.db.platform().run(rotate).await).await?;
        Ok::<_, Fault>(Rotated { kid: key.kid.clone(), signs_from, old_until })
    });
    rotating.await
}

fn new_key(entropy: &Entropy, now: DateTime<Utc>, signs_from: DateTime<Utc>) -> Result<StoredKey, Fault> {
    StoredKey::from_random(entropy.bytes(), now, signs_from)
}
