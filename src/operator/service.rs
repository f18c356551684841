//! What is done with operators' tokens, by the commands of who runs the service.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::model::{LiveToken, MAX_DAYS, MAX_NAME, TokenInfo, TokenRule};
use super::store;
use super::token::OperatorToken;
use crate::api_key::key::KeyHash;
use crate::api_key::service::uses_write_by;
use crate::app::App;
use crate::db::{Db, PlatformConn};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::tenant::resolve::Changed;

/// Makes a token that lives for so many days, and shows it this once.
pub async fn token_create(app: &App, name: &str, days: u16) -> ServiceResult<(TokenInfo, OperatorToken), TokenRule> {
    if !crate::text::is_name(name, MAX_NAME) {
        return Err(ServiceError::Rule(TokenRule::BadName));
    }
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(ServiceError::Rule(TokenRule::BadLife));
    }
    let (now, token) = (app.clock.now(), OperatorToken::from_random(app.entropy.bytes()));
    let info = TokenInfo {
        id: app.entropy.uuid_v7(now),
        name: name.to_owned(),
        created_at: now,
        expires_at: now + TimeDelta::days(days.into()),
        revoked_at: None,
        last_used_at: None,
    };
    let insert = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::insert(conn, &info, token.hash()).await?);
    app.db.platform().run(insert).await?;
    Ok((info, token))
}

/// The tokens, never in clear.
pub async fn token_list(db: &Db) -> Result<Vec<TokenInfo>, Fault> {
    db.platform().run(async |conn| Ok(store::list(conn).await?)).await
}

/// Revokes a token in every process. False: there is no such token.
pub async fn token_revoke(app: &App, id: Uuid) -> Result<bool, Fault> {
    let now = app.clock.now();
    let platform = app.db.platform();
    let hash = platform.run(async |conn| Ok::<_, Fault>(store::hash(conn, id).await?)).await?;
    let Some(hash) = hash else { return Ok(false) };
    let revoke = async || platform.run(async |conn| Ok::<_, Fault>(store::revoke(conn, id, now).await?)).await;
    app.resolver.change(Changed::OperatorToken(hash), revoke).await?;
    Ok(true)
}

/// For the guard: a token that is not revoked.
pub async fn token_live(db: &Db, hash: &KeyHash) -> Result<Option<LiveToken>, Fault> {
    db.platform().run(async |conn| Ok(store::live(conn, hash).await?)).await
}

/// Writes down when tokens were last used, in the order of their ids, as is done for keys.
pub async fn uses_write(db: &Db, uses: HashMap<Uuid, DateTime<Utc>>) -> Result<(), Fault> {
    uses_write_by(db, uses, store::note_use).await
}
