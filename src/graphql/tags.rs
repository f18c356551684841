//! `tagsAdd` and `tagsRemove`, of whatever has labels.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::node::{Node, resolve};
use super::scope::{Scope, ScopeExt};
use crate::access::permission::{WRITE_CUSTOMERS, WRITE_PRODUCTS};
use crate::catalog::service::product_tags_change;
use crate::customer::graphql::UserError;
use crate::customer::service::{Desk, customer_tags_change};
use crate::error::ServiceError;
use crate::ids::Gid;
use crate::tag::{MAX_AT_ONCE, TagChange};

/// What `tagsAdd` answers.
#[derive(SimpleObject)]
pub struct TagsAddPayload {
    /// The thing with its labels; null when nothing was changed, or to who may not see it.
    node: Option<Node>,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
}

/// What `tagsRemove` answers.
#[derive(SimpleObject)]
pub struct TagsRemovePayload {
    /// The thing with its labels; null when nothing was changed, or to who may not see it.
    node: Option<Node>,
    /// Why nothing was changed.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct TagsMutation;

#[guarded]
#[Object]
impl TagsMutation {
    /// Adds labels to a customer or a product; those that are there stay where they are. Needs the permission
    /// `write_customers` or `write_products`, by what the id names.
    #[public]
    async fn tags_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of a customer or a product.")] id: ID,
        #[graphql(desc = "The labels, at most 250 of at most 255 characters.")] tags: Vec<String>,
    ) -> Result<Option<TagsAddPayload>> {
        let (node, user_errors) = change(ctx.scope(), &id, tags, TagChange::Add).await?;
        Ok(Some(TagsAddPayload { node, user_errors }))
    }

    /// Takes labels off a customer or a product; those that are not there are not missed. Needs the permission
    /// `write_customers` or `write_products`, by what the id names.
    #[public]
    async fn tags_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of a customer or a product.")] id: ID,
        #[graphql(desc = "The labels, at most 250, in upper or lower case.")] tags: Vec<String>,
    ) -> Result<Option<TagsRemovePayload>> {
        let (node, user_errors) = change(ctx.scope(), &id, tags, TagChange::Remove).await?;
        Ok(Some(TagsRemovePayload { node, user_errors }))
    }
}

fn refusal(field: &str, message: impl Into<String>) -> UserError {
    UserError { field: Some(vec![field.to_owned()]), message: message.into() }
}

async fn change(
    scope: &Scope,
    id: &ID,
    tags: Vec<String>,
    change: impl FnOnce(Vec<String>) -> TagChange,
) -> Result<(Option<Node>, Vec<UserError>)> {
    if tags.len() > MAX_AT_ONCE {
        return Ok((None, vec![refusal("tags", format!("At most {MAX_AT_ONCE} are possible."))]));
    }
    let (app, db, change) = (scope.app.clone(), scope.db().clone(), change(tags));
    let refused: Vec<UserError> = match Gid::parse(id) {
        Ok(gid) if gid.kind == "Customer" => {
            scope.require(WRITE_CUSTOMERS)?;
            let desk = Desk { app, db };
            let work = Box::pin(async move { customer_tags_change(&desk, gid.id, &change).await });
            match scope.act(work).await? {
                Ok(()) => Vec::new(),
                Err(ServiceError::Rule(rules)) => rules.into_iter().map(UserError::from).collect(),
                Err(ServiceError::Fault(fault)) => return Err(fault.into()),
            }
        }
        Ok(gid) if gid.kind == "Product" => {
            scope.require(WRITE_PRODUCTS)?;
            let actor = scope.access.actor();
            let work = Box::pin(async move {
                product_tags_change(&db, app.clock.now(), &app.entropy, &actor, gid.id, &change).await
            });
            match scope.act(work).await? {
                Ok(()) => Vec::new(),
                Err(ServiceError::Rule(rule)) => {
                    // Of the labels as they would be: which of those that were given, it does not say.
                    let message = |field: &str| if field == "id" { "id" } else { "tags" };
                    let said = rule.0.into_iter();
                    said.map(|one| refusal(message(one.field.first().map_or("", String::as_str)), one.message))
                        .collect()
                }
                Err(ServiceError::Fault(fault)) => return Err(fault.into()),
            }
        }
        _ => vec![refusal("id", "There is nothing with this id that has labels.")],
    };
    if !refused.is_empty() {
        return Ok((None, refused));
    }
    Ok((Box::pin(resolve(scope, id)).await?, Vec::new()))
}
