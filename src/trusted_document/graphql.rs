//! `trustedDocuments` and what changes them.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::{Context, Description, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::loaders::DocumentById;
use super::model::{DocumentHash, MAX_AT_ONCE, NewDocument, TrustedDocument as Model, document_id, parse_document_id};
use super::rule::{TrustedDocumentRule as Rule, TrustedDocumentUserErrorCode};
use super::service;
use crate::access::permission::READ_SETTINGS;
use crate::connection;
use crate::error::ServiceError;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::limits::Limits;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::tenant::service::tenant_set_trusted_documents_only;
use crate::user_error;

user_error!(TrustedDocumentUserError, TrustedDocumentUserErrorCode);

impl From<Rule> for TrustedDocumentUserError {
    fn from(rule: Rule) -> Self {
        Self { field: Some(rule.field()), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// A document that storefronts may send by its id alone.
#[derive(Clone, Debug, Description)]
pub struct TrustedDocument(Arc<Model>);

#[Object(use_type_description)]
impl TrustedDocument {
    /// The document's global id, for `node`. Another one than `documentId`.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("TrustedDocument", self.0.id)
    }

    /// What clients send in its place, as `documentId`: `sha256:` and the SHA-256 of the text.
    async fn document_id(&self) -> ID {
        ID(document_id(self.0.hash))
    }

    /// The name of its operation; of several the first.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The document.
    async fn text(&self, ctx: &Context<'_>) -> String {
        ctx.scope().text(self.0.text.as_str()).await
    }

    /// Since when it is trusted.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

connection!(TrustedDocumentConnection, TrustedDocumentEdge, TrustedDocument);

#[derive(Default)]
pub struct TrustedDocumentQuery;

#[guarded]
#[Object]
impl TrustedDocumentQuery {
    /// The documents that storefronts may send by their ids, in the order in which they were added.
    #[requires(read_settings)]
    async fn trusted_documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<TrustedDocumentConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = scope.read(async |conn| service::documents_page(conn, &page).await).await?;
        let page = Page::from_rows(&page, rows, |document| Cursor::by_id(document.id));
        Ok(TrustedDocumentConnection(page.map(|document| TrustedDocument(Arc::new(document)))))
    }
}

/// The merchant's document with this id.
pub async fn document_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<TrustedDocument>> {
    Ok(scope.load_for(READ_SETTINGS, DocumentById(id)).await?.map(TrustedDocument))
}

/// A document to trust.
#[derive(Clone, Debug, InputObject)]
pub struct TrustedDocumentInput {
    /// Its id as the client that will send it has computed it: refused when it is not that of the text.
    document_id: Option<ID>,
    /// The document, byte by byte as its id was computed from it: at most 65536 bytes.
    text: String,
}

impl TrustedDocumentInput {
    fn check(self, at: usize) -> Result<NewDocument, Rule> {
        let Self { document_id: id, text } = self;
        if text.is_empty() || text.len() as u64 > Limits::STANDARD.bytes {
            return Err(Rule::BadLength { at });
        }
        let hash = DocumentHash::of(&text);
        if id.is_some_and(|id| parse_document_id(&id) != Ok(hash)) {
            return Err(Rule::OtherId { at, expected: document_id(hash) });
        }
        let unparsed = |why: String| Rule::Unparsed { at, why };
        crate::graphql::limits::scan(&text, &Limits::STANDARD).map_err(|exceeded| unparsed(exceeded.to_string()))?;
        let document = parse_query(&text).map_err(|error| unparsed(error.to_string()))?;
        let name = document.operations.iter().find_map(|(name, _)| name.map(ToString::to_string));
        Ok(NewDocument { name, text })
    }
}

/// The answer of `trustedDocumentsAdd`.
#[derive(SimpleObject)]
pub struct TrustedDocumentsAddPayload {
    /// The documents, trusted now, in the order in which they were first added.
    trusted_documents: Option<Vec<TrustedDocument>>,
    /// Why none was added.
    user_errors: Vec<TrustedDocumentUserError>,
}

/// The answer of `trustedDocumentsRemove`.
#[derive(SimpleObject)]
pub struct TrustedDocumentsRemovePayload {
    /// The ids of those that were trusted until now.
    removed_document_ids: Option<Vec<ID>>,
    /// Why none was removed.
    user_errors: Vec<TrustedDocumentUserError>,
}

/// The answer of `trustedDocumentsRequire`.
#[derive(SimpleObject)]
pub struct TrustedDocumentsRequirePayload {
    /// Whether publishable keys may send trusted documents alone.
    required: Option<bool>,
    /// Why nothing was changed.
    user_errors: Vec<TrustedDocumentUserError>,
}

#[derive(Default)]
pub struct TrustedDocumentMutation;

#[guarded]
#[Object]
impl TrustedDocumentMutation {
    /// Trusts documents: from now on clients may send `documentId` in place of `query`, over every transport. All or
    /// none; those that are trusted already stay. Send what a storefront's build has extracted before it is deployed.
    ///
    #[requires(write_settings)]
    #[feature(TrustedDocuments)]
    async fn trusted_documents_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The documents, at most 250.")] documents: Vec<TrustedDocumentInput>,
    ) -> Result<Option<TrustedDocumentsAddPayload>> {
        let scope = ctx.scope();
        let refused = |user_errors| Ok(Some(TrustedDocumentsAddPayload { trusted_documents: None, user_errors }));
        if let Err(rule) = check_count(documents.len()) {
            return refused(vec![rule.into()]);
        }
        let mut new = Vec::with_capacity(documents.len());
        let mut user_errors = Vec::new();
        for (at, document) in documents.into_iter().enumerate() {
            match document.check(at) {
                Ok(document) => new.push(document),
                Err(rule) => user_errors.push(rule.into()),
            }
        }
        if !user_errors.is_empty() {
            return refused(user_errors);
        }
        let (app, db) = (scope.app.clone(), scope.db().clone());
        match scope.act(async move { service::documents_add(&app, &db, new).await }).await? {
            Ok(added) => {
                let added = added.into_iter().map(|document| TrustedDocument(Arc::new(document))).collect();
                Ok(Some(TrustedDocumentsAddPayload { trusted_documents: Some(added), user_errors }))
            }
            Err(ServiceError::Rule(rule)) => refused(vec![rule.into()]),
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Trusts documents no longer; processes that have answered to their ids may do so for five seconds more. For
    /// secret keys.
    #[requires(write_settings)]
    async fn trusted_documents_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their ids, at most 250; what is no id of one is passed over.")] document_ids: Vec<ID>,
    ) -> Result<Option<TrustedDocumentsRemovePayload>> {
        let scope = ctx.scope();
        if let Err(rule) = check_count(document_ids.len()) {
            let field = Some(vec!["documentIds".to_owned()]);
            let user_errors = vec![TrustedDocumentUserError { field, ..rule.into() }];
            return Ok(Some(TrustedDocumentsRemovePayload { removed_document_ids: None, user_errors }));
        }
        let hashes = document_ids.iter().filter_map(|id| parse_document_id(id).ok()).collect();
        let db = scope.db().clone();
        let removed = scope.act(async move { service::documents_remove(&db, hashes).await }).await??;
        let removed_document_ids = Some(removed.into_iter().map(|hash| ID(document_id(hash))).collect());
        Ok(Some(TrustedDocumentsRemovePayload { removed_document_ids, user_errors: Vec::new() }))
    }

    /// Says whether publishable keys, and whoever has no key, may send trusted documents alone: by id, or by a text
    /// that is one of them. In force in every process within a second. Secret keys send what they like.
    #[requires(write_settings)]
    async fn trusted_documents_require(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether from now on nothing else is answered.")] required: bool,
    ) -> Result<Option<TrustedDocumentsRequirePayload>> {
        let scope = ctx.scope();
        let (app, tenant) = (scope.app.clone(), scope.tenant());
        let set = async move {
            tenant_set_trusted_documents_only(&app.db, &*app.clock, &app.resolver, tenant, required).await
        };
        scope.act(set).await??;
        Ok(Some(TrustedDocumentsRequirePayload { required: Some(required), user_errors: Vec::new() }))
    }
}

fn check_count(count: usize) -> Result<(), Rule> {
    match count {
        0 => Err(Rule::Blank),
        1..=MAX_AT_ONCE => Ok(()),
        _ => Err(Rule::TooMany),
    }
}
