//! Who may ask for a field: what `#[requires(…)]` and `#[public]` turn into (`macros/`).

use async_graphql::{Context, Guard, Result, TypeDirective};

use super::error::ApiError;
use super::scope::ScopeExt;
use crate::access::Permission;

/// Refuses a field to whoever lacks the permission, before its resolver is called.
pub struct Requires(pub Permission);

impl Guard for Requires {
    async fn check(&self, ctx: &Context<'_>) -> Result<()> {
        let grants = &ctx.scope().grants;
        if grants.may_with_some(self.0) {
            return Ok(());
        }
        Err(ApiError::lacking(self.0, &grants.decide(self.0, None)).into())
    }
}

/// The field needs a permission; `viewer` says which ones a caller has.
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(#[graphql(desc = "The permission's name, like read_orders.")] scope: String) {}

/// Everybody may ask for the field; of the shop's rows it answers with those that a shopper may see.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}
