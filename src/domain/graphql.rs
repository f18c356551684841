//! `domains` and what changes them.

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::model::Domain;
use super::rule::{DomainRule as Rule, DomainUserErrorCode};
use super::service;
use crate::access::permission::READ_SETTINGS;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::user_error;

user_error!(DomainUserError, DomainUserErrorCode);

impl From<Rule> for DomainUserError {
    fn from(rule: Rule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// A host name of the shop's own. Once it is proved to be, the API finds the shop by it, and its pages may use the shop's
/// publishable keys.
#[derive(Clone, Debug, Description)]
pub struct CustomDomain(pub Domain);

#[Object(use_type_description)]
impl CustomDomain {
    /// The domain's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("CustomDomain", self.0.id)
    }

    /// The name, in lower case and in its ASCII form.
    async fn host(&self) -> &str {
        &self.0.host
    }

    /// The record that has to be in the name's zone when `domainVerify` is called. It may go afterwards.
    async fn txt_record(&self) -> DomainTxtRecord {
        DomainTxtRecord { name: self.0.record_name(), value: self.0.record_value() }
    }

    /// Since when it is proved; null: not yet, or another shop has proved it since.
    async fn verified_at(&self) -> Option<DateTime> {
        self.0.verified_at.map(DateTime)
    }

    /// When it was claimed.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

/// A TXT record of DNS.
#[derive(Clone, Debug, SimpleObject)]
pub struct DomainTxtRecord {
    /// Where it stands: the whole name, of which some providers want the part in front of the zone alone.
    name: String,
    /// What it says, without quotes.
    value: String,
}

connection!(CustomDomainConnection, CustomDomainEdge, CustomDomain);

/// The shop's domain with this id, for who may see settings.
pub async fn domain_by_id(scope: &Scope, id: Uuid) -> Result<Option<CustomDomain>> {
    if !scope.may(READ_SETTINGS) {
        return Ok(None);
    }
    Ok(service::domain_by_id(&scope.app.db, scope.tenant(), id).await?.map(CustomDomain))
}

#[derive(Default)]
pub struct DomainQuery;

#[guarded]
#[Object]
impl DomainQuery {
    /// The host names of the shop's own, those that are not yet proved too, in the order in which they were claimed.
    #[requires(read_settings)]
    async fn domains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<CustomDomainConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = service::domain_page(&scope.app.db, scope.tenant(), &page).await?;
        let page = Page::from_rows(&page, rows, |domain| Cursor::by_id(domain.id));
        Ok(CustomDomainConnection(page.map(CustomDomain)))
    }
}

/// The answer of `domainCreate`.
#[derive(SimpleObject, Default)]
pub struct DomainCreatePayload {
    /// The domain, with the record by which it is proved.
    domain: Option<CustomDomain>,
    /// Why it was not claimed.
    user_errors: Vec<DomainUserError>,
}

/// The answer of `domainVerify`.
#[derive(SimpleObject, Default)]
pub struct DomainVerifyPayload {
    /// The domain, proved.
    domain: Option<CustomDomain>,
    /// Why it is not proved.
    user_errors: Vec<DomainUserError>,
}

/// The answer of `domainDelete`.
#[derive(SimpleObject, Default)]
pub struct DomainDeletePayload {
    /// The id of the domain that was given up.
    deleted_domain_id: Option<ID>,
    /// Why none was.
    user_errors: Vec<DomainUserError>,
}

#[derive(Default)]
pub struct DomainMutation;

#[guarded]
#[Object]
impl DomainMutation {
    /// Claims a host name, which leads nowhere until `domainVerify` has seen its TXT record. Other shops may claim it as
    /// well: who proves it has it. A shop has at most 20.
    #[requires(write_settings)]
    #[feature(CustomDomains)]
    async fn domain_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name, like `shop.example`: in any script, without scheme, port and path.")] host: String,
    ) -> Result<Option<DomainCreatePayload>> {
        let scope = ctx.scope();
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let create = async move { service::domain_create(&app, tenant, &host).await };
        let (domain, user_errors) = split(scope.act(create).await?)?;
        Ok(Some(DomainCreatePayload { domain: domain.map(CustomDomain), user_errors }))
    }

    /// Asks DNS for the domain's TXT record, for six seconds at most. Where it is there, every process finds the shop by the
    /// name within a second; a shop that had proved the name before loses it. One that is proved is left as it is. At most
    /// 30 times in a quarter of an hour.
    #[requires(write_settings)]
    async fn domain_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The domain's global id.")] id: ID,
    ) -> Result<Option<DomainVerifyPayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "CustomDomain") else {
            return Ok(Some(DomainVerifyPayload { user_errors: vec![Rule::NotFound.into()], ..Default::default() }));
        };
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let verify = async move { service::domain_verify(&app, tenant, id).await };
        let (domain, user_errors) = split(scope.act(verify).await?)?;
        Ok(Some(DomainVerifyPayload { domain: domain.map(CustomDomain), user_errors }))
    }

    /// Gives a domain up: within a second no process finds the shop by it any more.
    #[requires(write_settings)]
    async fn domain_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The domain's global id.")] id: ID,
    ) -> Result<Option<DomainDeletePayload>> {
        let scope = ctx.scope();
        let Some(id) = Gid::of(&id, "CustomDomain") else {
            return Ok(Some(DomainDeletePayload { user_errors: vec![Rule::NotFound.into()], ..Default::default() }));
        };
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let delete = async move { service::domain_delete(&app, tenant, id).await };
        let (deleted, user_errors) = split(scope.act(delete).await?)?;
        let deleted_domain_id = deleted.map(|()| scope.gid("CustomDomain", id));
        Ok(Some(DomainDeletePayload { deleted_domain_id, user_errors }))
    }
}
