//! What operators do with tenants.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::types::{Tenant, TenantUserError};
use crate::app::App;
use crate::country::Country;
use crate::error::{Fault, ServiceResult};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::identity::model::NewStaff;
use crate::ids::{Gid, TenantId};
use crate::money::Currency;
use crate::money::graphql::Decimal;
use crate::provision::{self, NewStore, OWNER, StoreRule};
use crate::tenant::rule::TenantRule;
use crate::tenant::service::{self, TenantChange};

/// A shop's first owner.
#[derive(Clone, Debug, InputObject)]
pub struct TenantOwnerInput {
    /// Where the invitation goes, and by which they sign in.
    email: String,
    /// What they are called: 1 to 255 characters.
    name: String,
}

/// A tenant to make.
#[derive(Clone, Debug, InputObject)]
pub struct TenantCreateInput {
    /// Your own id for it, 1 to 255 characters: said again with the same one, the tenant that is there is answered.
    external_id: String,
    /// Its subdomain and short name: a-z, 0-9 and hyphens, at most 63 characters. It stays.
    handle: String,
    /// Its name, and in the beginning its shop's: 1 to 255 characters.
    name: String,
    /// What shoppers read of the shop: at most 5000 characters.
    #[graphql(default)]
    description: String,
    /// The currency of all its amounts. It stays.
    currency: Currency,
    /// Where it is, and where its first delivery profile ships to.
    country: Country,
    /// What delivery there costs, in its currency, like `"4.90"`; `"0"` for free.
    shipping_rate: Decimal,
    /// The handle of its plan, whatever that costs: it is in force at once. Null: the one that new tenants are on.
    plan: Option<String>,
    /// Who runs it, and invites everybody else.
    owner: TenantOwnerInput,
}

impl TenantCreateInput {
    fn into_model(self) -> Result<NewStore, StoreRule> {
        let delivery = provision::flat_delivery(self.country, &self.shipping_rate.0, self.currency)?;
        let TenantOwnerInput { email, name } = self.owner;
        Ok(NewStore {
            external_id: Some(self.external_id),
            handle: self.handle,
            name: self.name,
            description: self.description,
            currency: self.currency,
            country: self.country,
            delivery: Some(delivery),
            plan: self.plan,
            owner: Some(NewStaff { email, name, role: OWNER.to_owned() }),
        })
    }
}

/// What is to change of a tenant; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct TenantUpdateInput {
    /// What operators call it: 1 to 255 characters.
    name: Option<String>,
    /// Your own id for it: 1 to 255 characters.
    external_id: Option<String>,
    /// From which web origins its keys may be used, like `https://shop.example`: at most 50. None: publishable keys from
    /// any, secret ones from none.
    allowed_origins: Option<Vec<String>>,
}

/// The answer of `tenantCreate`.
#[derive(SimpleObject, Default)]
pub struct TenantCreatePayload {
    /// The tenant, new or there already.
    tenant: Option<Tenant>,
    /// Whether it was made now.
    created: bool,
    /// A key for its storefronts. It is shown this once; null when the tenant was there.
    publishable_key: Option<String>,
    /// A key for its servers, which may everything. It is shown this once; null when the tenant was there.
    secret_key: Option<String>,
    /// Why nothing was made.
    user_errors: Vec<TenantUserError>,
}

/// Declares the answers that are a tenant and nothing else.
macro_rules! payloads {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => { $(
        $(#[doc = $doc])+
        #[derive(SimpleObject, Default)]
        pub struct $name {
            /// The tenant as it is now.
            tenant: Option<Tenant>,
            /// Why nothing was changed.
            user_errors: Vec<TenantUserError>,
        }

        impl From<(Option<Tenant>, Vec<TenantUserError>)> for $name {
            fn from((tenant, user_errors): (Option<Tenant>, Vec<TenantUserError>)) -> Self {
                Self { tenant, user_errors }
            }
        }
    )+ };
}

payloads! {
    /// The answer of `tenantUpdate`.
    TenantUpdatePayload;
    /// The answer of `tenantSuspend`.
    TenantSuspendPayload;
    /// The answer of `tenantResume`.
    TenantResumePayload;
    /// The answer of `tenantDelete`.
    TenantDeletePayload;
}

async fn shown(app: &App, tenant: TenantId) -> Result<Option<Tenant>, Fault> {
    Ok(service::tenant_by_id(&app.db, tenant).await?.and_then(Tenant::one))
}

/// Does something to the tenant that an id names; answers it as it is then, or why not.
async fn changed<F>(
    scope: &Scope,
    id: &ID,
    work: impl FnOnce(App, TenantId) -> F,
) -> Result<(Option<Tenant>, Vec<TenantUserError>)>
where
    F: Future<Output = ServiceResult<(), TenantRule>> + Send + 'static,
{
    let Some(id) = Gid::of(id, "Tenant").map(TenantId) else {
        return Ok((None, vec![TenantRule::NotFound.into()]));
    };
    let (done, user_errors) = split(scope.act(work(scope.app.clone(), id)).await?)?;
    let tenant = match done {
        Some(()) => shown(&scope.app, id).await?,
        None => None,
    };
    Ok((tenant, user_errors))
}

#[derive(Default)]
pub struct TenantMutation;

#[guarded]
#[Object]
impl TenantMutation {
    /// Makes a tenant with everything that a shop needs to sell: settings, a location, a delivery profile, keys, and its
    /// first owner, who is invited by mail. All of it or nothing. Said again with the same external id, it answers the
    /// tenant that is there, without keys, and mails the invitation again while it is not accepted.
    #[operator]
    async fn tenant_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant to make.")] input: TenantCreateInput,
    ) -> Result<Option<TenantCreatePayload>> {
        let scope = ctx.scope();
        let new = match input.into_model() {
            Ok(new) => new,
            Err(rule) => return Ok(Some(TenantCreatePayload { user_errors: vec![rule.into()], ..Default::default() })),
        };
        let app = scope.app.clone();
        let make = async move { provision::store_create_and_invite(&app, &new).await };
        let (founded, user_errors) = split(scope.act(make).await?)?;
        let Some(founded) = founded else {
            return Ok(Some(TenantCreatePayload { user_errors, ..Default::default() }));
        };
        let created = founded.keys.is_some();
        let keys = founded.keys.map(|keys| (keys.publishable.reveal().to_owned(), keys.secret.reveal().to_owned()));
        let (publishable_key, secret_key) = keys.unzip();
        let tenant = shown(&scope.app, founded.tenant).await?;
        Ok(Some(TenantCreatePayload { tenant, created, publishable_key, secret_key, user_errors }))
    }

    /// Changes what operators say of a tenant.
    #[operator]
    async fn tenant_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: TenantUpdateInput,
    ) -> Result<Option<TenantUpdatePayload>> {
        let TenantUpdateInput { name, external_id, allowed_origins } = input;
        let change = TenantChange { name, external_id, allowed_origins };
        let update = |app: App, id| async move {
            service::tenant_update(&app.db, &*app.clock, &app.resolver, id, &change).await
        };
        Ok(Some(changed(ctx.scope(), &id, update).await?.into()))
    }

    /// Refuses every request of a tenant within a second, and closes what it has open, until it is resumed.
    #[operator]
    async fn tenant_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] id: ID,
    ) -> Result<Option<TenantSuspendPayload>> {
        let suspend = |app: App, id| async move {
            service::tenant_set_suspended(&app.db, &*app.clock, &app.resolver, id, true).await
        };
        Ok(Some(changed(ctx.scope(), &id, suspend).await?.into()))
    }

    /// Takes a suspension back. A tenant that is deleted stays so.
    #[operator]
    async fn tenant_resume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] id: ID,
    ) -> Result<Option<TenantResumePayload>> {
        let resume = |app: App, id| async move {
            service::tenant_set_suspended(&app.db, &*app.clock, &app.resolver, id, false).await
        };
        Ok(Some(changed(ctx.scope(), &id, resume).await?.into()))
    }

    /// Refuses every request of a tenant within a second, for good. Its rows stay, and its handle stays taken.
    #[operator]
    async fn tenant_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] id: ID,
    ) -> Result<Option<TenantDeletePayload>> {
        let delete =
            |app: App, id| async move { service::tenant_delete(&app.db, &*app.clock, &app.resolver, id).await };
        Ok(Some(changed(ctx.scope(), &id, delete).await?.into()))
    }
}
