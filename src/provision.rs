//! A whole new store: tenant, keys, shop, default location, delivery profile.
//!
//! The tenant is a platform row and the rest are the tenant's own, under different roles: two transactions. A
//! creation that was interrupted between them is completed by saying it again.

use crate::api_key::service::{FirstKeys, first_keys_again, key_list, key_revoke};
use crate::app::App;
use crate::country::Country;
use crate::db::{PlatformConn, QueryResult, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::money::Currency;
use crate::shipping::model::NewProfile;
use crate::shipping::service::profile_create_in_tx;
use crate::shop;
use crate::tenant::service::{TenantRule, tenant_create, tenant_find, tenant_insert_in_tx};

/// What a store needs to be able to sell.
#[derive(Clone, Debug)]
pub struct NewStore {
    pub handle: String,
    pub name: String,
    pub description: String,
    pub currency: Currency,
    pub country: Country,
    /// Where it ships to, and at which prices.
    pub delivery: NewProfile,
}

/// Makes the store and answers its two keys, in clear this once.
pub async fn store_create(app: &App, new: &NewStore) -> ServiceResult<(TenantId, FirstKeys), TenantRule> {
    // Alone: to a second creation of the same store, one under way would look like an interrupted one.
    app.db.platform().alone(&format!("store_create {}", new.handle), async || create_or_resume(app, new).await).await
}

async fn create_or_resume(app: &App, new: &NewStore) -> ServiceResult<(TenantId, FirstKeys), TenantRule> {
    let (tenant, keys) =
        match tenant_create(&app.db, &*app.clock, &app.entropy, &new.handle, &new.name, new.currency).await {
            Ok(created) => created,
            Err(ServiceError::Rule(taken @ TenantRule::HandleTaken(_))) => resume(app, new, taken).await?,
            Err(error) => return Err(error),
        };
    app.db.tenant(tenant).write(async |tx| store_fill_in_tx(tx, app, new).await).await?;
    Ok((tenant, keys))
}

/// Begins the store of somebody's organization, without keys: whoever works there makes them. What `note` writes is
/// written with the tenant's row, so that the tenant is found again if this is interrupted; [`store_complete`] goes on.
pub async fn store_begin(
    app: &App,
    new: &NewStore,
    note: impl AsyncFnOnce(&mut PlatformConn<'_>, TenantId) -> QueryResult<usize>,
) -> ServiceResult<TenantId, TenantRule> {
    let now = app.clock.now();
    let begin = async |conn: &mut PlatformConn<'_>| {
        let tenant = tenant_insert_in_tx(conn, &app.entropy, now, &new.handle, &new.name, new.currency).await?;
        note(conn, tenant).await?;
        Ok(tenant)
    };
    app.db.platform().run(begin).await
}

/// Gives a tenant what a store needs, unless it has it.
pub async fn store_complete(app: &App, tenant: TenantId, new: &NewStore) -> Result<(), Fault> {
    let db = app.db.tenant(tenant);
    if db.read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await?.is_some() {
        return Ok(());
    }
    db.write(async |tx| store_fill_in_tx(tx, app, new).await).await
}

/// The tenant's own rows: all or none.
async fn store_fill_in_tx(tx: &mut TenantTx<'_>, app: &App, new: &NewStore) -> Result<(), Fault> {
    let shop =
        shop::model::NewShop { name: new.name.clone(), description: new.description.clone(), country: new.country };
    shop::service::shop_create_in_tx(tx, &*app.clock, &app.entropy, &shop).await?;
    profile_create_in_tx(tx, app.clock.now(), &app.entropy, &new.delivery).await?;
    Ok(())
}

/// The tenant of an interrupted creation, with new keys in place of those that nobody has seen.
async fn resume(app: &App, new: &NewStore, taken: TenantRule) -> ServiceResult<(TenantId, FirstKeys), TenantRule> {
    let tenant = tenant_find(&app.db, &new.handle).await?;
    let is_whole = app.db.tenant(tenant).read(async |conn| Ok::<_, Fault>(shop::store::shop(conn).await?)).await?;
    let standing = app.resolver.standing(tenant).await?;
    if is_whole.is_some() || standing.is_none_or(|standing| standing.currency != new.currency) {
        return Err(ServiceError::Rule(taken));
    }
    for key in key_list(&app.db, tenant).await? {
        key_revoke(&app.db, &*app.clock, &app.resolver, key.id).await?;
    }
    let keys = first_keys_again(&app.db, &*app.clock, &app.entropy, tenant).await?;
    Ok((tenant, keys))
}

/// A handle out of a name: `Fjord & Field` is `fjord-field`.
pub fn handle_from(name: &str) -> Option<String> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let handle = joined[..joined.len().min(63)].trim_end_matches('-').to_owned();
    (!handle.is_empty()).then_some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_made_of_what_a_subdomain_may_hold() {
        assert_eq!(handle_from("Fjord & Field").as_deref(), Some("fjord-field"));
        assert_eq!(handle_from("  Bücher 2000 ").as_deref(), Some("b-cher-2000"));
        assert_eq!(handle_from("日本"), None);
        assert_eq!(handle_from(&format!("{} x", "a".repeat(62))).map(|handle| handle.len()), Some(62));
    }
}
