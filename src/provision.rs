//! A whole new store: tenant, keys, plan, shop, default location, delivery profile, first owner, in one transaction.
//!
//! Roles of the system are code ([`crate::access::SystemRole`]): a new store needs no rows for them. Making it can be said
//! again with the operator's own id for it: the second time answers the store of the first.

use crate::api_key::service::{FirstKeys, first_keys_in_tx};
use crate::app::App;
use crate::country::Country;
use crate::db::{PlatformConn, QueryResult, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::identity::model::{NewStaff, StaffMember};
use crate::identity::rule::StaffRule;
use crate::identity::service::{invitation_send, staff_create_in_tx};
use crate::ids::TenantId;
use crate::money::{Currency, Money};
use crate::plan::service::subscription_begin_in_tx;
use crate::shipping::model::NewProfile;
use crate::shipping::service::profile_create_in_tx;
use crate::shop;
use crate::tenant::model::NewTenant;
use crate::tenant::rule::{TenantErrorCode, TenantRule};
use crate::tenant::service::{tenant_by_external_id, tenant_by_id, tenant_insert_in_tx};

/// What a store needs to be able to sell.
#[derive(Clone, Debug)]
pub struct NewStore {
    /// The operator's own id for it.
    pub external_id: Option<String>,
    pub handle: String,
    pub name: String,
    /// At most 5000 characters.
    pub description: String,
    pub currency: Currency,
    pub country: Country,
    /// Where it ships to, and at which prices; none: nowhere yet.
    pub delivery: Option<NewProfile>,
    /// The handle of its plan; none: the usual one (`DEFAULT_PLAN`).
    pub plan: Option<String>,
    /// Who runs it, and invites everybody else; their role is [`OWNER`].
    pub owner: Option<NewStaff>,
}

/// Why a store was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreRule {
    #[error(transparent)]
    Tenant(TenantRule),
    #[error(transparent)]
    Owner(StaffRule),
    #[error("a description has at most {MAX_DESCRIPTION} characters")]
    LongDescription,
    #[error("a shop is in a country, and ZZ is none")]
    NoCountry,
    #[error("a shop's prices are in a currency, and {} is none", .0.code())]
    NoCurrency(Currency),
    #[error("there was a tenant with this external id, which is deleted, for good: choose another")]
    DeletedBefore,
    #[error("\"{0}\" is the service's own name below its domain")]
    ServicesHandle(String),
    #[error("there is no plan \"{0}\"")]
    NoPlan(String),
    #[error("the rate {0}")]
    BadRate(String),
}

impl StoreRule {
    pub fn code(&self) -> TenantErrorCode {
        match self {
            Self::Tenant(rule) => rule.code(),
            Self::Owner(_) | Self::LongDescription | Self::NoCountry | Self::NoCurrency(_) | Self::BadRate(_) => {
                TenantErrorCode::Invalid
            }
            Self::NoPlan(_) => TenantErrorCode::NotFound,
            Self::DeletedBefore => TenantErrorCode::Deleted,
            Self::ServicesHandle(_) => TenantErrorCode::Taken,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Vec<String> {
        let path: &[&str] = match self {
            Self::Tenant(rule) => return rule.field(),
            Self::Owner(rule) => {
                return ["input", "owner"].map(str::to_owned).into_iter().chain(rule.field.clone()).collect();
            }
            Self::LongDescription => &["input", "description"],
            Self::NoCountry => &["input", "country"],
            Self::NoCurrency(_) => &["input", "currency"],
            Self::DeletedBefore => &["input", "externalId"],
            Self::ServicesHandle(_) => &["input", "handle"],
            Self::NoPlan(_) => &["input", "plan"],
            Self::BadRate(_) => &["input", "shippingRate"],
        };
        path.iter().map(|part| (*part).to_owned()).collect()
    }
}

/// Minor units; what the table's CHECK admits.
const MAX_RATE: i64 = 1_000_000_000_000;

/// What a new store ships: to its own country, at one rate.
pub fn flat_delivery(country: Country, rate: &str, currency: Currency) -> Result<NewProfile, StoreRule> {
    if country == Country::ZZ {
        return Err(StoreRule::NoCountry);
    }
    let rate = Money::parse(rate, currency).map_err(|error| StoreRule::BadRate(format!("\"{rate}\" {error}")))?;
    if !(0..=MAX_RATE).contains(&rate.minor) {
        return Err(StoreRule::BadRate("is out of range".to_owned()));
    }
    Ok(NewProfile::flat(country.name(), &[country], false, "Standard", rate.minor))
}

/// What has become of it.
pub struct Founded {
    pub tenant: TenantId,
    /// In clear, this once; none where the store was there.
    pub keys: Option<FirstKeys>,
    /// The first owner; none where the store was there.
    pub owner: Option<StaffMember>,
}

/// The first owner's role.
pub const OWNER: &str = "owner";
/// As the table's CHECK has it.
const MAX_DESCRIPTION: usize = 5000;

/// Makes the store, or finds the one that was made under the same external id.
pub async fn store_create(app: &App, new: &NewStore) -> ServiceResult<Founded, StoreRule> {
    check(app, new)?;
    if let Some(there) = founded_before(app, new).await? {
        return Ok(there);
    }
    let work = async |conn: &mut PlatformConn<'_>, tx: &mut TenantTx<'_>| {
        let (tenant, now) = (TenantId(tx.tenant()), app.clock.now());
        let owner = store_create_in_tx(conn, tx, app, new).await?;
        let keys = first_keys_in_tx(conn, &app.entropy, tenant, now).await?;
        Ok(Founded { tenant, keys: Some(keys), owner })
    };
    let made = app.db.platform().found(&app.entropy, app.clock.now(), work).await;
    // Somebody may have been faster with the same.
    if let Err(ServiceError::Rule(StoreRule::Tenant(TenantRule::HandleTaken(_) | TenantRule::ExternalIdTaken(_)))) =
        made
        && let Some(there) = founded_before(app, new).await?
    {
        return Ok(there);
    }
    made
}

/// What can be said of it without looking.
fn check(app: &App, new: &NewStore) -> ServiceResult<(), StoreRule> {
    if new.description.chars().count() > MAX_DESCRIPTION {
        return Err(ServiceError::Rule(StoreRule::LongDescription));
    }
    if new.currency.stands_for_none() {
        return Err(ServiceError::Rule(StoreRule::NoCurrency(new.currency)));
    }
    // Requests to the service's own names are no shop's.
    if app.config.http.service_handles().any(|own| own == new.handle) {
        return Err(ServiceError::Rule(StoreRule::ServicesHandle(new.handle.clone())));
    }
    Ok(())
}

async fn founded_before(app: &App, new: &NewStore) -> ServiceResult<Option<Founded>, StoreRule> {
    let Some(id) = &new.external_id else { return Ok(None) };
    let Some(tenant) = tenant_by_external_id(&app.db, id).await? else { return Ok(None) };
    if tenant_by_id(&app.db, tenant).await?.is_none_or(|tenant| tenant.deleted_at.is_some()) {
        return Err(ServiceError::Rule(StoreRule::DeletedBefore));
    }
    Ok(Some(Founded { tenant, keys: None, owner: None }))
}

/// Everything: all or none. It inserts and reads nothing back: more the role may not in a tenant's tables.
async fn store_create_in_tx(
    conn: &mut PlatformConn<'_>,
    tx: &mut TenantTx<'_>,
    app: &App,
    new: &NewStore,
) -> ServiceResult<Option<StaffMember>, StoreRule> {
    let (tenant, now) = (TenantId(tx.tenant()), app.clock.now());
    let row = NewTenant {
        external_id: new.external_id.as_deref(),
        handle: &new.handle,
        name: &new.name,
        currency: new.currency,
    };
    tenant_insert_in_tx(conn, tenant, &row, now).await.map_err(|error| within(error, StoreRule::Tenant))?;
    let plan = new.plan.as_deref();
    if !Box::pin(subscription_begin_in_tx(conn, tx, app, plan)).await? {
        return Err(ServiceError::Rule(StoreRule::NoPlan(plan.unwrap_or_default().to_owned())));
    }
    let shop =
        shop::model::NewShop { name: new.name.clone(), description: new.description.clone(), country: new.country };
    shop::service::shop_create_in_tx(tx, &*app.clock, &app.entropy, &shop).await?;
    if let Some(profile) = &new.delivery {
        profile_create_in_tx(tx, now, &app.entropy, profile).await?;
    }
    let Some(owner) = &new.owner else { return Ok(None) };
    let made = staff_create_in_tx(tx, &app.entropy, now, owner).await;
    made.map(Some).map_err(|error| within(error, StoreRule::Owner))
}

/// Makes the store of somebody's organization, without keys: whoever works there makes them. What `note` writes is written
/// with it.
pub async fn store_create_noted(
    app: &App,
    new: &NewStore,
    note: impl AsyncFnOnce(&mut PlatformConn<'_>, TenantId) -> QueryResult<usize>,
) -> ServiceResult<TenantId, StoreRule> {
    check(app, new)?;
    let work = async |conn: &mut PlatformConn<'_>, tx: &mut TenantTx<'_>| {
        let tenant = TenantId(tx.tenant());
        store_create_in_tx(conn, tx, app, new).await?;
        note(conn, tenant).await?;
        Ok(tenant)
    };
    app.db.platform().found(&app.entropy, app.clock.now(), work).await
}

fn within<R>(error: ServiceError<R>, rule: impl FnOnce(R) -> StoreRule) -> ServiceError<StoreRule> {
    match error {
        ServiceError::Rule(refused) => ServiceError::Rule(rule(refused)),
        ServiceError::Fault(fault) => ServiceError::Fault(fault),
    }
}

/// The same for who asks from afar, and with a mail to the owner: after the commit, so that whatever becomes of the mail,
/// the store is there. Said again, it mails again, until the invitation is accepted.
pub async fn store_create_and_invite(app: &App, new: &NewStore) -> ServiceResult<Founded, StoreRule> {
    let founded = store_create(app, new).await?;
    if let Some(owner) = &new.owner
        && let Err(fault) = owner_invite(app, founded.tenant, &owner.email).await
    {
        tracing::error!(tenant = %founded.tenant, %fault, "the first owner's invitation is not mailed; create it again");
    }
    Ok(founded)
}

async fn owner_invite(app: &App, tenant: TenantId, email: &str) -> Result<(), Fault> {
    let is_in = tenant_by_id(&app.db, tenant).await?.is_some_and(|tenant| tenant.deleted_at.is_none());
    if is_in { invitation_send(app, &app.db.tenant(tenant), email).await } else { Ok(()) }
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
