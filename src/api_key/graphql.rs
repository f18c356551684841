//! `apiKeys` and what changes them.

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::TimeDelta;
use emporia_macros::guarded;
use uuid::Uuid;

use super::model::{KeyInfo, KeyKind, Maker, NewKey, OVERLAP};
use super::rule::{ApiKeyRule as Rule, ApiKeyUserErrorCode};
use super::service::{self, Rotation};
use crate::access::Permissions;
use crate::access::graphql::AccessScope;
use crate::access::permission::READ_API_KEYS;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::tenant::model::Access;
use crate::user_error;

user_error!(ApiKeyUserError, ApiKeyUserErrorCode);

impl From<Rule> for ApiKeyUserError {
    fn from(rule: Rule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// Who is to use a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "KeyKind")]
pub enum ApiKeyKind {
    /// Storefronts, in public: sees what shoppers see. Begins with `epk_`.
    Publishable,
    /// The merchant's servers, in secret. Begins with `esk_`.
    Secret,
}

/// A key with which a storefront or a server proves which shop it is.
#[derive(Clone, Debug, Description)]
pub struct ApiKey(pub KeyInfo);

#[Object(use_type_description)]
impl ApiKey {
    /// The key's global id: not the key.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("ApiKey", self.0.id)
    }

    /// Who is to use it.
    async fn kind(&self) -> ApiKeyKind {
        self.0.kind.into()
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The key's last four characters, by which its owner tells it from others.
    async fn last_four(&self) -> &str {
        &self.0.last_four
    }

    /// Whether a secret key may do everything, also what comes later.
    async fn is_unlimited(&self) -> bool {
        self.0.kind == KeyKind::Secret && self.0.permissions.is_none()
    }

    /// What it may do. None for publishable keys, which need no permission for what they see.
    async fn access_scopes(&self) -> Vec<AccessScope> {
        let all = if self.0.kind == KeyKind::Secret { Permissions::ALL } else { Permissions::NONE };
        self.0.permissions.unwrap_or(all).iter().map(AccessScope).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// From when on it is refused; null: never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// When it was last used, to the minute and a minute late; null: not yet.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime)
    }

    /// When `apiKeyRotate` put another key in its place; null: it did not.
    async fn rotated_at(&self) -> Option<DateTime> {
        self.0.rotated_at.map(DateTime)
    }

    /// Since when it is refused, because somebody said so.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

connection!(ApiKeyConnection, ApiKeyEdge, ApiKey);

/// The shop's key with this id, for who may see keys.
pub async fn api_key_by_id(scope: &Scope, id: Uuid) -> Result<Option<ApiKey>> {
    if !scope.may(READ_API_KEYS) {
        return Ok(None);
    }
    Ok(service::key_by_id(&scope.app.db, scope.tenant(), id).await?.map(ApiKey))
}

#[derive(Default)]
pub struct ApiKeyQuery;

#[guarded]
#[Object]
impl ApiKeyQuery {
    /// A key by its id; null when there is none.
    #[requires(read_api_keys)]
    async fn api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key's global id.")] id: ID,
    ) -> Result<Option<ApiKey>> {
        match Gid::of(&id, "ApiKey") {
            Some(id) => api_key_by_id(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The shop's keys, those that are revoked or have expired too, in the order in which they were made.
    #[requires(read_api_keys)]
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<ApiKeyConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = service::key_page(&scope.app.db, scope.tenant(), &page).await?;
        let page = Page::from_rows(&page, rows, |key| Cursor::by_id(key.id));
        Ok(ApiKeyConnection(page.map(ApiKey)))
    }
}

/// A key to make.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyCreateInput {
    /// Who is to use it.
    kind: ApiKeyKind,
    /// What it is for: 1 to 255 characters.
    name: String,
    /// What a secret key may do, by name, like `read_orders`: no more than you may yourself. Left out: everything, also
    /// what comes later. Left out for publishable keys.
    access_scopes: Option<Vec<String>>,
    /// From when on it is refused; left out: never.
    expires_at: Option<DateTime>,
}

impl ApiKeyCreateInput {
    fn into_model(self) -> Result<NewKey, Rule> {
        let parse =
            |names| Permissions::parse::<String>(names).map_err(|(at, name)| Rule::UnknownPermission { at, name });
        Ok(NewKey {
            kind: self.kind.into(),
            name: self.name,
            permissions: self.access_scopes.map(parse).transpose()?,
            expires_at: self.expires_at.map(|end| end.0),
        })
    }
}

/// The answer of `apiKeyCreate`.
#[derive(SimpleObject, Default)]
pub struct ApiKeyCreatePayload {
    /// What is known of the new key.
    api_key: Option<ApiKey>,
    /// The key itself. It is shown this once: keep it.
    key: Option<String>,
    /// Why none was made.
    user_errors: Vec<ApiKeyUserError>,
}

/// The answer of `apiKeyRotate`.
#[derive(SimpleObject, Default)]
pub struct ApiKeyRotatePayload {
    /// What is known of the new key.
    api_key: Option<ApiKey>,
    /// The new key itself. It is shown this once: keep it.
    key: Option<String>,
    /// The old key, with the time at which it ends.
    replaced: Option<ApiKey>,
    /// Why nothing was changed.
    user_errors: Vec<ApiKeyUserError>,
}

/// The answer of `apiKeyRevoke`.
#[derive(SimpleObject, Default)]
pub struct ApiKeyRevokePayload {
    /// The key, revoked.
    api_key: Option<ApiKey>,
    /// Why nothing was changed.
    user_errors: Vec<ApiKeyUserError>,
}

fn maker(scope: &Scope) -> Maker {
    let key = match scope.access {
        Access::Secret { key_id } => Some(key_id),
        _ => None,
    };
    Maker { grants: scope.grants(), key }
}

#[derive(Default)]
pub struct ApiKeyMutation;

#[guarded]
#[Object]
impl ApiKeyMutation {
    /// Makes a key, which is in force at once. It may no more than who makes it, and made with a key that expires, it
    /// expires no later; a shop has at most 100 in force.
    #[requires(write_api_keys)]
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to make.")] input: ApiKeyCreateInput,
    ) -> Result<Option<ApiKeyCreatePayload>> {
        let scope = ctx.scope();
        let new = match input.into_model() {
            Ok(new) => new,
            Err(rule) => return Ok(Some(ApiKeyCreatePayload { user_errors: vec![rule.into()], ..Default::default() })),
        };
        let (app, tenant, maker) = (scope.app.clone(), scope.tenant(), maker(scope));
        let make =
            async move { service::key_create_by(&maker, &app.db, &*app.clock, &app.entropy, tenant, &new).await };
        let (made, user_errors) = split(scope.act(make).await?)?;
        let (api_key, key) = made.map(|(info, key)| (ApiKey(info), key.reveal().to_owned())).unzip();
        Ok(Some(ApiKeyCreatePayload { api_key, key, user_errors }))
    }

    /// Replaces a key, once, by a new one of the same name and permissions. The old one goes on for a while, so that nobody
    /// who uses it has to stop.
    #[requires(write_api_keys)]
    async fn api_key_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key's global id.")] id: ID,
        #[graphql(
            desc = "How long the old key goes on, in seconds: at most 2592000, thirty days; a day when left out.",
            default_with = "Some(86_400)"
        )]
        overlap_seconds: Option<i32>,
        #[graphql(desc = "When the new key expires; when the old one was to when left out.")] expires_at: Option<
            DateTime,
        >,
    ) -> Result<Option<ApiKeyRotatePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "ApiKey") else {
            return Ok(Some(ApiKeyRotatePayload { user_errors: vec![Rule::NotFound.into()], ..Default::default() }));
        };
        let overlap = overlap_seconds.map_or(OVERLAP, |seconds| TimeDelta::seconds(seconds.into()));
        let (app, tenant, maker) = (scope.app.clone(), scope.tenant(), maker(scope));
        let rotation = Rotation { overlap, expires_at: expires_at.map(|end| end.0) };
        let rotate = async move { service::key_rotate(&app, &maker, tenant, id, rotation).await };
        let (rotated, user_errors) = split(scope.act(rotate).await?)?;
        Ok(Some(match rotated {
            Some(service::Rotated { new: (info, key), old }) => ApiKeyRotatePayload {
                api_key: Some(ApiKey(info)),
                key: Some(key.reveal().to_owned()),
                replaced: Some(ApiKey(old)),
                user_errors,
            },
            None => ApiKeyRotatePayload { user_errors, ..Default::default() },
        }))
    }

    /// Refuses a key everywhere within a second, and closes what is open with it. One that is revoked stays so.
    #[requires(delete_api_keys)]
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key's global id.")] id: ID,
    ) -> Result<Option<ApiKeyRevokePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "ApiKey") else {
            return Ok(Some(ApiKeyRevokePayload { user_errors: vec![Rule::NotFound.into()], ..Default::default() }));
        };
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let revoke = async move { service::key_revoke_of(&app, tenant, id).await };
        let (revoked, user_errors) = split(scope.act(revoke).await?)?;
        Ok(Some(ApiKeyRevokePayload { api_key: revoked.map(ApiKey), user_errors }))
    }
}
