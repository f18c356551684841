//! `customerDelete`: what only staff do with customers.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::payload::UserError;
use crate::customer::service::{self, Desk};
use crate::error::ServiceError;
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;

/// Names a customer to delete.
#[derive(Clone, Debug, InputObject)]
pub struct CustomerDeleteInput {
    /// The customer's global id.
    id: ID,
}

/// What `customerDelete` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct CustomerDeletePayload {
    /// The global id of the customer who was deleted; null when nobody was.
    deleted_customer_id: Option<ID>,
    /// Why nobody was deleted.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct CustomerStaffMutation;

#[guarded]
#[Object]
impl CustomerStaffMutation {
    /// Deletes a customer with their addresses and whatever they were signed in with. Who has bought something stays: what
    /// was sold to whom has to be known.
    #[requires(delete_customers)]
    async fn customer_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: CustomerDeleteInput,
    ) -> Result<Option<CustomerDeletePayload>> {
        let (scope, id) = (ctx.scope(), Gid::of(&input.id, "Customer"));
        let desk = Desk { app: scope.app.clone(), db: scope.db().clone() };
        match scope.act(async move { service::customer_delete(&desk, id).await }).await? {
            Ok(id) => {
                let deleted_customer_id = Some(scope.gid("Customer", id));
                Ok(Some(CustomerDeletePayload { deleted_customer_id, user_errors: Vec::new() }))
            }
            Err(ServiceError::Rule(rules)) => {
                let user_errors = rules.into_iter().map(UserError::from).collect();
                Ok(Some(CustomerDeletePayload { deleted_customer_id: None, user_errors }))
            }
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}
