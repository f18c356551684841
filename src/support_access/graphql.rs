//! `supportAccesses` and what changes them.

use async_graphql::{Context, Description, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::model::{HOURS, NewSupportAccess, SupportAccess as Model};
use super::rule::{SupportAccessRule as Rule, SupportAccessUserErrorCode};
use super::service;
use crate::access::Permissions;
use crate::access::graphql::AccessScope;
use crate::access::permission::READ_STAFF;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::user_error;

user_error!(SupportAccessUserError, SupportAccessUserErrorCode);

impl From<Rule> for SupportAccessUserError {
    fn from(rule: Rule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// That those who run the service may look into the shop, for a while.
#[derive(Clone, Debug, Description)]
pub struct SupportAccess(pub Model);

#[Object(use_type_description)]
impl SupportAccess {
    /// Its global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("SupportAccess", self.0.id)
    }

    /// Why it was granted.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What it allows.
    async fn access_scopes(&self) -> Vec<AccessScope> {
        self.0.permissions.iter().map(AccessScope).collect()
    }

    /// Who granted it: `staff:` and the member's uuid, or `key:` and the API key's.
    async fn granted_by(&self) -> &str {
        &self.0.granted_by
    }

    /// When it was granted.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When it was ended before that.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }
}

connection!(SupportAccessConnection, SupportAccessEdge, SupportAccess);

/// The support access with this id, for who may see the staff.
pub async fn support_access_by_id(scope: &Scope, id: Uuid) -> Result<Option<SupportAccess>> {
    if !scope.may(READ_STAFF) {
        return Ok(None);
    }
    Ok(scope.read(async |conn| service::support_access(conn, id).await).await?.map(SupportAccess))
}

#[derive(Default)]
pub struct SupportAccessQuery;

#[guarded]
#[Object]
impl SupportAccessQuery {
    /// Every support access that the shop has granted, those that have ended too, in the order in which they were granted.
    #[requires(read_staff)]
    async fn support_accesses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<SupportAccessConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = ctx.scope().read(async |conn| service::support_accesses_page(conn, &page).await).await?;
        let page = Page::from_rows(&page, rows, |access| Cursor::by_id(access.id));
        Ok(SupportAccessConnection(page.map(SupportAccess)))
    }
}

/// What those who run the service are to be allowed.
#[derive(Clone, Debug, InputObject)]
pub struct SupportAccessGrantInput {
    /// Why, for those who read it later: 1 to 1000 characters.
    reason: String,
    /// For how many hours: 1 to 168, a week; 24 when left out.
    #[graphql(default_with = "Some(HOURS)")]
    hours: Option<i32>,
    /// What it allows, by name, like `read_orders`: no more than you may yourself, and nothing that would outlive it. Left
    /// out: to see whatever you may see.
    access_scopes: Option<Vec<String>>,
}

impl SupportAccessGrantInput {
    fn into_model(self) -> Result<NewSupportAccess, Rule> {
        let parse =
            |names| Permissions::parse::<String>(names).map_err(|(at, name)| Rule::UnknownPermission { at, name });
        Ok(NewSupportAccess {
            reason: self.reason,
            hours: self.hours.unwrap_or(HOURS),
            permissions: self.access_scopes.map(parse).transpose()?,
        })
    }
}

/// The answer of `supportAccessGrant`.
#[derive(SimpleObject, Default)]
pub struct SupportAccessGrantPayload {
    /// What was granted.
    support_access: Option<SupportAccess>,
    /// Why nothing was.
    user_errors: Vec<SupportAccessUserError>,
}

/// The answer of `supportAccessRevoke`.
#[derive(SimpleObject, Default)]
pub struct SupportAccessRevokePayload {
    /// What was ended.
    support_access: Option<SupportAccess>,
    /// Why nothing was.
    user_errors: Vec<SupportAccessUserError>,
}

#[derive(Default)]
pub struct SupportAccessMutation;

#[guarded]
#[Object]
impl SupportAccessMutation {
    /// Lets those who run the service look into the shop for a while. They do not otherwise.
    #[requires(write_staff)]
    async fn support_access_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For how long, and what it allows.")] input: SupportAccessGrantInput,
    ) -> Result<Option<SupportAccessGrantPayload>> {
        let scope = ctx.scope();
        if scope.is_ending_key {
            let user_errors = vec![Rule::EndingKey.into()];
            return Ok(Some(SupportAccessGrantPayload { support_access: None, user_errors }));
        }
        let new = match input.into_model() {
            Ok(new) => new,
            Err(rule) => {
                let user_errors = vec![rule.into()];
                return Ok(Some(SupportAccessGrantPayload { support_access: None, user_errors }));
            }
        };
        let (app, db, access, grants) = (scope.app.clone(), scope.db().clone(), scope.access, scope.grants());
        let grant = async move { service::support_access_grant(&app, &db, access, &grants, new).await };
        let (granted, user_errors) = split(scope.act(grant).await?)?;
        Ok(Some(SupportAccessGrantPayload { support_access: granted.map(SupportAccess), user_errors }))
    }

    /// Ends a support access within a second, and closes what is open by it. One that has ended stays as it is.
    #[requires(write_staff)]
    async fn support_access_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The support access's global id.")] id: ID,
    ) -> Result<Option<SupportAccessRevokePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "SupportAccess") else {
            let user_errors = vec![Rule::NotFound.into()];
            return Ok(Some(SupportAccessRevokePayload { support_access: None, user_errors }));
        };
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let revoke = async move { service::support_access_revoke(&app, &db, id).await };
        let (revoked, user_errors) = split(scope.act(revoke).await?)?;
        Ok(Some(SupportAccessRevokePayload { support_access: revoked.map(SupportAccess), user_errors }))
    }
}
