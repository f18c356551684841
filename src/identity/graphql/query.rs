//! `currentStaffMember`, `staffSessions`.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::types::{StaffMember, StaffSession};
use super::{asking, sessions_of};
use crate::access::permission::READ_STAFF;
use crate::connection;
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::identity::loaders::{OpenSession, StaffById};
use crate::identity::service;
use crate::ids::Gid;

connection!(StaffMemberConnection, StaffMemberEdge, StaffMember);
connection!(StaffSessionConnection, StaffSessionEdge, StaffSession);

/// The member with this id, for the merchant and for the member.
pub async fn member_of(scope: &Scope, id: Uuid) -> Result<Option<StaffMember>> {
    if !scope.may(READ_STAFF) && asking(scope).is_none_or(|(own, _)| own != id) {
        return Ok(None);
    }
    Ok(scope.snapshot().loaders.load(StaffById(id)).await?.map(StaffMember))
}

/// The open session with this id, for who may see it.
pub async fn session_of(scope: &Scope, id: Uuid) -> Result<Option<StaffSession>> {
    let of = asking(scope).map(|(staff_id, _)| staff_id);
    if of.is_none() && !scope.may(READ_STAFF) {
        return Ok(None);
    }
    let found = scope.snapshot().loaders.load(OpenSession(id, scope.app.clock.now())).await?;
    Ok(found.filter(|session| of.is_none_or(|staff_id| session.staff_id == staff_id)).map(StaffSession))
}

#[derive(Default)]
pub struct StaffQuery;

#[guarded]
#[Object]
impl StaffQuery {
    /// The member whose access token came with the request; null for every other caller.
    #[public]
    async fn current_staff_member(&self, ctx: &Context<'_>) -> Result<Option<StaffMember>> {
        let scope = ctx.scope();
        match asking(scope) {
            Some((staff_id, _)) => member_of(scope, staff_id).await,
            None => Ok(None),
        }
    }

    /// A member by their id; null when there is none.
    #[requires(read_staff)]
    async fn staff_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The member's global id.")] id: ID,
    ) -> Result<Option<StaffMember>> {
        match Gid::of(&id, "StaffMember") {
            Some(id) => member_of(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The members of the staff, in the order in which they were taken in; those of an outside identity provider last.
    #[requires(read_staff)]
    async fn staff_members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<StaffMemberConnection> {
        let scope = ctx.scope();
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let rows = scope.read(async |conn| service::staff_page(conn, &page).await).await?;
        let page = Page::from_rows(&page, rows, |member| Cursor::by_id(member.id));
        Ok(StaffMemberConnection(page.map(|member| StaffMember(Arc::new(member)))))
    }

    /// Open sessions in the order of their sign-ins: a member's own; of a key everybody's.
    #[signed_in(read_staff)]
    async fn staff_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
    ) -> Result<StaffSessionConnection> {
        let (scope, of) = sessions_of(ctx);
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let now = scope.app.clock.now();
        let rows = scope.read(async |conn| service::sessions_page(conn, of, &page, now).await).await?;
        let page = Page::from_rows(&page, rows, |session| Cursor::by_id(session.id));
        Ok(StaffSessionConnection(page.map(|session| StaffSession(Arc::new(session)))))
    }
}
