//! `inventoryAdjustQuantities`.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::model::StockChange;
use super::rule::InventoryRule;
use super::service::{self, Ledger};
use crate::error::ServiceError;
use crate::graphql::error::ApiError;
use crate::graphql::idempotent::key_of;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::ScopeExt;
use crate::ids::Gid;
use crate::user_error;

user_error!(InventoryAdjustQuantitiesUserError, InventoryAdjustQuantitiesUserErrorCode);

/// Why stock was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum InventoryAdjustQuantitiesUserErrorCode {
    /// There are no changes.
    Blank,
    /// There is no such inventory item.
    InvalidInventoryItem,
    /// There is no such location.
    InvalidLocation,
    /// The only quantity there is is `available`.
    InvalidQuantityName,
    /// A reason has 1 to 64 characters.
    InvalidReason,
    /// A reference has at most 255 characters.
    InvalidReferenceDocument,
    /// More would be taken than there is.
    NotEnough,
    /// A level holds at most a thousand million units.
    InvalidQuantityTooHigh,
    /// The item's stock is not tracked.
    NonMutableInventoryItem,
    /// At most 250 changes at once.
    TooManyChanges,
}

use InventoryAdjustQuantitiesUserErrorCode as Code;

#[derive(Default)]
pub struct InventoryMutation;

#[guarded]
#[Object]
impl InventoryMutation {
    /// Adds to and takes from stock: all changes or none, with a ledger row for each.
    #[requires(write_inventory = "input.changes.locationId")]
    async fn inventory_adjust_quantities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: InventoryAdjustQuantitiesInput,
    ) -> Result<Option<InventoryAdjustQuantitiesPayload>> {
        let scope = ctx.scope();
        let changes = match input.changes() {
            Ok(changes) => changes,
            Err(user_errors) => {
                return Ok(Some(InventoryAdjustQuantitiesPayload { inventory_adjustment_group: None, user_errors }));
            }
        };
        let (db, app, key) = (scope.db().clone(), scope.app.clone(), key_of(ctx, None)?);
        let InventoryAdjustQuantitiesInput { reason, reference_document_uri, .. } = input;
        let (for_message, actor) = (changes.clone(), scope.access.actor());
        let (why, cause) = (reason.clone(), reference_document_uri.clone());
        let work = async move {
            let ledger = Ledger { now: app.clock.now(), actor: &actor, reason: &why, reference: cause.as_deref() };
            service::adjust(&db, &app.entropy, key.as_ref(), &ledger, &changes).await
        };
        match scope.act(work).await?.map_err(ApiError::from)? {
            Ok(made_at) => {
                let created_at = DateTime(made_at);
                let inventory_adjustment_group =
                    Some(InventoryAdjustmentGroup { created_at, reason, reference_document_uri });
                Ok(Some(InventoryAdjustQuantitiesPayload { inventory_adjustment_group, user_errors: Vec::new() }))
            }
            Err(ServiceError::Rule(rule)) => {
                let user_errors = vec![user_error(&rule, &for_message)];
                Ok(Some(InventoryAdjustQuantitiesPayload { inventory_adjustment_group: None, user_errors }))
            }
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn error(field: &[&str], code: Code, message: impl Into<String>) -> InventoryAdjustQuantitiesUserError {
    let field = std::iter::once("input").chain(field.iter().copied()).map(str::to_owned).collect();
    InventoryAdjustQuantitiesUserError { field: Some(field), message: message.into(), code: Some(code) }
}

/// Says which of the changes is at fault.
fn user_error(rule: &InventoryRule, changes: &[StockChange]) -> InventoryAdjustQuantitiesUserError {
    let at = |is: &dyn Fn(&StockChange) -> bool| changes.iter().position(is).unwrap_or(changes.len()).to_string();
    let of = |variant_id: Uuid| at(&move |change: &StockChange| change.variant_id == variant_id);
    let message = rule.to_string();
    match rule {
        InventoryRule::NotEnough { variant_id, .. } => {
            error(&["changes", &of(*variant_id), "delta"], Code::NotEnough, message)
        }
        InventoryRule::OutOfRange { variant_id } => {
            error(&["changes", &of(*variant_id), "delta"], Code::InvalidQuantityTooHigh, message)
        }
        InventoryRule::UnknownVariant { variant_id } => {
            error(&["changes", &of(*variant_id), "inventoryItemId"], Code::InvalidInventoryItem, message)
        }
        InventoryRule::NotTracked { variant_id } => {
            error(&["changes", &of(*variant_id), "inventoryItemId"], Code::NonMutableInventoryItem, message)
        }
        InventoryRule::UnknownLocation { location_id } => {
            let place = at(&|change: &StockChange| change.location_id == *location_id);
            error(&["changes", &place, "locationId"], Code::InvalidLocation, message)
        }
        InventoryRule::BadReason => error(&["reason"], Code::InvalidReason, message),
        InventoryRule::BadReference => error(&["referenceDocumentUri"], Code::InvalidReferenceDocument, message),
    }
}

/// Changes of stock with their reason.
#[derive(Clone, Debug, InputObject)]
pub struct InventoryAdjustQuantitiesInput {
    /// Why, in a word: `correction`, `received`, `damaged`…
    reason: String,
    /// Which quantity changes: `available`, the only one there is.
    name: Option<String>,
    /// What caused it: the URI of a document.
    reference_document_uri: Option<String>,
    /// The changes, at most 250.
    changes: Vec<InventoryChangeInput>,
}

/// A change of one level.
#[derive(Clone, Debug, InputObject)]
pub struct InventoryChangeInput {
    /// The global id of the inventory item, or of its variant.
    inventory_item_id: ID,
    /// The location's global id.
    location_id: ID,
    /// How many more, or (below zero) fewer.
    delta: i32,
}

impl InventoryAdjustQuantitiesInput {
    fn changes(&self) -> Result<Vec<StockChange>, Vec<InventoryAdjustQuantitiesUserError>> {
        let mut errors = Vec::new();
        if self.changes.is_empty() {
            return Err(vec![error(&["changes"], Code::Blank, "give at least one change")]);
        }
        if self.changes.len() > 250 {
            return Err(vec![error(&["changes"], Code::TooManyChanges, "at most 250 changes at once")]);
        }
        if self.reason.trim().is_empty() {
            errors.push(error(&["reason"], Code::InvalidReason, "can't be blank"));
        }
        if self.name.as_deref().is_some_and(|name| name != "available") {
            errors.push(error(&["name"], Code::InvalidQuantityName, "the only quantity there is is \"available\""));
        }
        let mut changes = Vec::with_capacity(self.changes.len());
        for (at, change) in self.changes.iter().enumerate() {
            let at = at.to_string();
            let item = &change.inventory_item_id;
            let variant = Gid::of(item, "InventoryItem").or_else(|| Gid::of(item, "ProductVariant"));
            if variant.is_none() {
                let field = ["changes", &at, "inventoryItemId"];
                errors.push(error(&field, Code::InvalidInventoryItem, "there is no such inventory item"));
            }
            let location = Gid::of(&change.location_id, "Location");
            if location.is_none() {
                let field = ["changes", &at, "locationId"];
                errors.push(error(&field, Code::InvalidLocation, "there is no such location"));
            }
            if let (Some(variant_id), Some(location_id)) = (variant, location) {
                changes.push(StockChange { variant_id, location_id, delta: change.delta });
            }
        }
        if errors.is_empty() { Ok(changes) } else { Err(errors) }
    }
}

/// What became of the changes.
#[derive(Clone, Debug, SimpleObject)]
pub struct InventoryAdjustQuantitiesPayload {
    /// What was changed.
    inventory_adjustment_group: Option<InventoryAdjustmentGroup>,
    /// Why nothing was changed.
    user_errors: Vec<InventoryAdjustQuantitiesUserError>,
}

/// Changes of stock that were made together.
#[derive(Clone, Debug, SimpleObject)]
pub struct InventoryAdjustmentGroup {
    /// When.
    created_at: DateTime,
    /// Why.
    reason: String,
    /// What caused them.
    reference_document_uri: Option<String>,
}
