//! Access tokens: given for a password, renewed, ended.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Desk, PASSWORDS, refuse, sign_in_tx, unchecked};
use crate::customer::model::{AccessToken, Customer, Email, MAX_EMAIL, SignedIn};
use crate::customer::rule::{CustomerResult, Refusal};
use crate::customer::secret::Secret;
use crate::customer::store;
use crate::db::{QueryResult, TenantConn, TenantTx};
use crate::error::{Fault, ServiceError};
use crate::password::Verdict;

/// The customer of an access token; none when it is not good, or not any more.
pub async fn customer_of_token(
    conn: &mut TenantConn<'_>,
    token: &Secret,
    now: DateTime<Utc>,
) -> QueryResult<Option<Customer>> {
    store::by_token(conn, token.hash(), now).await
}

/// Signs a customer in. A wrong password and an address without an account are the same, and take the same time.
pub async fn customer_access_token_create(desk: &Desk, email: &str, password: &str) -> CustomerResult<SignedIn> {
    let field = ["input"];
    let key = Email::key_of(email);
    if key.chars().count() > MAX_EMAIL {
        return refuse(Refusal::Unidentified, &field);
    }
    desk.admit(&PASSWORDS, &key, &field).await?;
    let found = desk.db.read(async |conn| Ok::<_, Fault>(store::password_hash_of(conn, &key).await?)).await?;
    let stored = found.as_ref().map(|(_, hash)| hash.as_str());
    let verdict =
        desk.app.passwords.verify(desk.whose(), password, stored).await.map_err(|error| unchecked(error, &field))?;
    let (Verdict::Yes { stale }, Some((id, before))) = (verdict, found) else {
        return refuse(Refusal::Unidentified, &field);
    };
    desk.succeeded(&PASSWORDS, &key).await;
    let hash = if stale { Some(desk.hash(password, &field).await?) } else { None };
    desk.db
        .write(async |tx| {
            // The password or the address may have become another while this one was looked at.
            let found = store::lock(tx, id).await?;
            let is_same = |(customer, now): &(Customer, Option<String>)| {
                now.as_ref() == Some(&before) && customer.email.key == key
            };
            let Some((customer, _)) = found.filter(is_same) else { return refuse(Refusal::Unidentified, &field) };
            if let Some(hash) = &hash {
                store::rehash(tx, id, &before, hash).await?;
            }
            Ok(sign_in_tx(tx, desk, &customer).await?)
        })
        .await
}

/// Makes a token good for longer. Saying it twice does no harm: it is the same token.
pub async fn customer_access_token_renew(desk: &Desk, token: Secret) -> CustomerResult<AccessToken> {
    let now = desk.now();
    let until = desk
        .db
        .write(async |tx| Ok::<_, Fault>(store::renew_token(tx, token.hash(), now).await?))
        .await
        .map_err(ServiceError::Fault)?;
    match until {
        Some(expires_at) => Ok(AccessToken { secret: token, expires_at }),
        None => refuse(Refusal::Unidentified, &["customerAccessToken"]),
    }
}

/// Forgets a few of the tokens, mailed ones and sign-ups included, that have expired; answers whether there may be more.
pub async fn forget_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    let tokens = store::forget_tokens(tx, now, few).await?;
    let letters = store::forget_letters(tx, now, few).await?;
    let signups = store::forget_signups(tx, now, few).await?;
    Ok([tokens, letters, signups].into_iter().any(|gone| i64::try_from(gone).is_ok_and(|gone| gone >= few)))
}

/// Ends a token; answers its id.
pub async fn customer_access_token_delete(desk: &Desk, token: &Secret) -> CustomerResult<Uuid> {
    let deleted = desk
        .db
        .write(async |tx| Ok::<_, Fault>(store::delete_token(tx, token.hash()).await?))
        .await
        .map_err(ServiceError::Fault)?;
    match deleted {
        Some(id) => Ok(id),
        None => refuse(Refusal::Unidentified, &["customerAccessToken"]),
    }
}
