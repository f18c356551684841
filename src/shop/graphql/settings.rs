//! `tenantSettings` and what changes them.

use std::sync::Arc;

use async_graphql::{Context, Description, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::the_shop;
use crate::country::Country;
use crate::error::{Fault, ServiceError};
use crate::graphql::scalars::{DateTime, Url};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::language::Language;
use crate::money::Currency;
use crate::shop::model::SharedShop;
use crate::shop::rule::{SettingsRule as Rule, TenantSettingsUserErrorCode};
use crate::shop::service;
use crate::shop::settings::SettingsChange;
use crate::tenant::model::{MAX_ORIGINS, TenantStanding, origins};
use crate::tenant::service::tenant_set_origins;
use crate::user_error;

user_error!(TenantSettingsUserError, TenantSettingsUserErrorCode);

impl From<Rule> for TenantSettingsUserError {
    fn from(rule: Rule) -> Self {
        Self { field: Some(rule.field()), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// How the shop is set up, for the merchant.
#[derive(Clone, Debug, Description)]
pub struct TenantSettings {
    shop: SharedShop,
    standing: Arc<TenantStanding>,
}

#[Object(use_type_description)]
impl TenantSettings {
    /// The shop's name, as storefronts, mails and the checkout show it.
    async fn name(&self) -> &str {
        &self.shop.name
    }

    /// What it is about; empty where nothing is said.
    async fn description(&self) -> &str {
        &self.shop.description
    }

    /// Where customers' answers to what they are mailed go; null: to the sender's address, which may be nobody's.
    async fn email(&self) -> Option<&str> {
        self.shop.email.as_deref()
    }

    /// The name before the sender's address in what is mailed; null: the shop's name.
    async fn mail_sender_name(&self) -> Option<&str> {
        self.shop.mail_sender.as_deref()
    }

    /// In which language staff and customers are mailed.
    async fn mail_language(&self) -> Language {
        self.shop.mail_language
    }

    /// By which clock the shop's day goes, as the IANA time zone database calls it: what is done every night is done then.
    async fn iana_timezone(&self) -> &str {
        self.shop.time_zone.name()
    }

    /// Where the storefront is: products' addresses and links in mails lead there. Null: at the first of the shop's own
    /// domains, or else at the API's address; mails have no links then.
    async fn storefront_url(&self) -> Option<Url> {
        self.shop.storefront_url.clone().map(Url)
    }

    /// Where carts are checked out: an address with `{cart_id}` and `{key}` in it; null: on the built-in page.
    async fn checkout_url_template(&self) -> Option<&str> {
        self.shop.checkout_url_template.as_deref()
    }

    /// The web origins whose pages may use the shop's keys, beside those of its own domains; none: any may use publishable
    /// keys, and none secret ones.
    async fn allowed_origins(&self) -> &[String] {
        &self.standing.allowed_origins
    }

    /// Whether publishable keys may send trusted documents alone: `trustedDocumentsRequire` says so.
    async fn trusted_documents_required(&self) -> bool {
        self.standing.trusted_documents_only
    }

    /// The country that the shop is in. It does not change.
    async fn country_code(&self) -> Country {
        self.shop.country
    }

    /// The currency of all amounts. It does not change.
    async fn currency_code(&self) -> Currency {
        self.standing.currency
    }

    /// When something of the shop was last changed; `allowedOrigins` and `trustedDocumentsRequired` do not count.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.shop.updated_at)
    }
}

/// As they are now: what the guard knew when the request began may have been changed by it.
async fn settings(scope: &Scope) -> Result<TenantSettings> {
    let standing = scope.app.resolver.standing(scope.tenant()).await?;
    let standing = standing.ok_or_else(|| Fault::internal("the tenant that asks is not there"))?;
    Ok(TenantSettings { shop: the_shop(scope).await?, standing })
}

#[derive(Default)]
pub struct SettingsQuery;

#[guarded]
#[Object]
impl SettingsQuery {
    /// How the shop is set up.
    #[requires(read_settings)]
    async fn tenant_settings(&self, ctx: &Context<'_>) -> Result<TenantSettings> {
        settings(ctx.scope()).await
    }
}

/// Settings to change. What is left out stays as it is; null takes away what may be null.
#[derive(Clone, Debug, InputObject)]
pub struct TenantSettingsInput {
    /// The shop's name: 1 to 255 characters on one line.
    name: Option<String>,
    /// What it is about: at most 5000 characters.
    description: Option<String>,
    /// Where customers' answers to what they are mailed go.
    email: MaybeUndefined<String>,
    /// The name before the sender's address in what is mailed: 1 to 255 characters on one line.
    mail_sender_name: MaybeUndefined<String>,
    /// In which language staff and customers are mailed: `EN`, `DE` or `FR`.
    mail_language: Option<Language>,
    /// By which clock the shop's day goes: `Europe/Berlin`, `UTC`.
    iana_timezone: Option<String>,
    /// Where the storefront is: `https://shop.example`, with a path or without.
    storefront_url: MaybeUndefined<String>,
    /// Where carts are checked out: `https://shop.example/pay/{cart_id}?key={key}`, both placeholders behind the host.
    checkout_url_template: MaybeUndefined<String>,
}

/// None where it was left out, and `Some(None)` where it is null.
fn change(value: MaybeUndefined<String>) -> Option<Option<String>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

impl From<TenantSettingsInput> for SettingsChange {
    fn from(input: TenantSettingsInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            email: change(input.email),
            mail_sender: change(input.mail_sender_name),
            mail_language: input.mail_language,
            time_zone: input.iana_timezone,
            storefront_url: change(input.storefront_url),
            checkout_url_template: change(input.checkout_url_template),
        }
    }
}

/// The answer of `tenantSettingsUpdate`.
#[derive(SimpleObject, Default)]
pub struct TenantSettingsUpdatePayload {
    /// How the shop is set up now.
    tenant_settings: Option<TenantSettings>,
    /// Why nothing was changed: everything that is wrong.
    user_errors: Vec<TenantSettingsUserError>,
}

/// The answer of `allowedOriginsUpdate`.
#[derive(SimpleObject, Default)]
pub struct AllowedOriginsUpdatePayload {
    /// How the shop is set up now.
    tenant_settings: Option<TenantSettings>,
    /// Why nothing was changed: everything that is wrong.
    user_errors: Vec<TenantSettingsUserError>,
}

#[derive(Default)]
pub struct SettingsMutation;

#[guarded]
#[Object]
impl SettingsMutation {
    /// Changes how the shop is set up: all that is given, or nothing.
    #[requires(write_settings)]
    async fn tenant_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: TenantSettingsInput,
    ) -> Result<Option<TenantSettingsUpdatePayload>> {
        let scope = ctx.scope();
        let change = match SettingsChange::from(input).check() {
            Ok(change) => change,
            Err(wrong) => {
                let user_errors = wrong.into_iter().map(Into::into).collect();
                return Ok(Some(TenantSettingsUpdatePayload { user_errors, ..Default::default() }));
            }
        };
        let (app, db) = (scope.app.clone(), scope.db().clone());
        scope.act(async move { service::settings_update(&app, &db, &change).await }).await??;
        let tenant_settings = Some(settings(scope).await?);
        Ok(Some(TenantSettingsUpdatePayload { tenant_settings, user_errors: Vec::new() }))
    }

    /// Says anew from which web origins the shop's keys may be used, in every process within a second. Pages of the shop's
    /// own domains need not be listed. With an empty list any page may use publishable keys.
    #[requires(write_settings)]
    async fn allowed_origins_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All of them, like `https://shop.example`: at most 50.")] origins: Vec<String>,
    ) -> Result<Option<AllowedOriginsUpdatePayload>> {
        let scope = ctx.scope();
        let origins = match checked(&origins) {
            Ok(origins) => origins,
            Err(wrong) => {
                let user_errors = wrong.into_iter().map(Into::into).collect();
                return Ok(Some(AllowedOriginsUpdatePayload { user_errors, ..Default::default() }));
            }
        };
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let set = async move { tenant_set_origins(&app.db, &*app.clock, &app.resolver, tenant, &origins).await };
        match scope.act(set).await? {
            Ok(()) => {}
            Err(ServiceError::Rule(rule)) => return Err(Fault::internal(rule.to_string()).into()),
            Err(ServiceError::Fault(fault)) => return Err(fault.into()),
        }
        let tenant_settings = Some(settings(scope).await?);
        Ok(Some(AllowedOriginsUpdatePayload { tenant_settings, user_errors: Vec::new() }))
    }
}

/// Each as browsers send it, and once.
fn checked(texts: &[String]) -> Result<Vec<String>, Vec<Rule>> {
    if texts.len() > MAX_ORIGINS {
        return Err(vec![Rule::TooManyOrigins]);
    }
    origins(texts).map_err(|wrong| wrong.into_iter().map(|(at, why)| Rule::BadOrigin { at, why }).collect())
}
