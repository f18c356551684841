//! What cart mutations answer.

use async_graphql::{Enum, ID, SimpleObject};

use super::cart::Cart;
use crate::cart::rule::{CartErrorCode, CartRule, CartWarningCode, Target, Warning};
use crate::cart::service::{CartResult, Changed};
use crate::error::{Fault, ServiceError};
use crate::graphql::metafield::Metafield;
use crate::graphql::scope::Scope;
use crate::user_error;

user_error!(CartUserError, CartErrorCode);

impl From<CartRule> for CartUserError {
    fn from(rule: CartRule) -> Self {
        Self { field: Some(rule.field), message: rule.message, code: Some(rule.code) }
    }
}

/// Something that was done, but not as asked.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartWarning {
    /// What is different, for programs.
    code: CartWarningCode,
    /// What is different, for people.
    message: String,
    /// The global id of what it is about.
    target: ID,
}

/// What every cart mutation answers, under its payload's name.
#[derive(Default)]
pub struct Outcome {
    cart: Option<Cart>,
    user_errors: Vec<CartUserError>,
    warnings: Vec<CartWarning>,
}

impl Outcome {
    /// The changed cart, or why it was not changed. Faults become the field's error.
    pub fn of(scope: &Scope, changed: CartResult<Changed>) -> Result<Self, Fault> {
        match changed {
            Ok(Changed { cart, key, warnings }) => {
                let cart = Cart { cart, key };
                let warnings = warnings.into_iter().map(|one| warning(scope, &cart, one)).collect();
                Ok(Self { cart: Some(cart), user_errors: vec![], warnings })
            }
            Err(ServiceError::Rule(rule)) => Ok(Self::refused(rule)),
            Err(ServiceError::Fault(fault)) => Err(fault),
        }
    }

    pub fn refused(rule: CartRule) -> Self {
        Self { user_errors: vec![rule.into()], ..Self::default() }
    }
}

fn warning(scope: &Scope, cart: &Cart, warning: Warning) -> CartWarning {
    let target = match warning.target {
        Target::Cart => ID(cart.key.gid(scope.request.namespace)),
        Target::Line(id) => scope.gid("CartLine", id),
        Target::Variant(id) => scope.gid("ProductVariant", id),
        Target::Address(id) => scope.gid("CartSelectableAddress", id),
    };
    CartWarning { code: warning.code, message: warning.message, target }
}

macro_rules! payloads {
    ($($name:ident $field:literal),* $(,)?) => {
        $(
            #[doc = concat!("What `", $field, "` answers.")]
            #[derive(Clone, Debug, SimpleObject)]
            pub struct $name {
                /// The cart as it is now; null when nothing was done.
                cart: Option<Cart>,
                /// Why nothing was done.
                user_errors: Vec<CartUserError>,
                /// What was done otherwise than asked.
                warnings: Vec<CartWarning>,
            }

            impl From<Outcome> for $name {
                fn from(Outcome { cart, user_errors, warnings }: Outcome) -> Self {
                    Self { cart, user_errors, warnings }
                }
            }
        )*
    };
}

payloads! {
    CartCreatePayload "cartCreate",
    CartLinesAddPayload "cartLinesAdd",
    CartLinesUpdatePayload "cartLinesUpdate",
    CartLinesRemovePayload "cartLinesRemove",
    CartNoteUpdatePayload "cartNoteUpdate",
    CartAttributesUpdatePayload "cartAttributesUpdate",
    CartBuyerIdentityUpdatePayload "cartBuyerIdentityUpdate",
    CartDeliveryAddressesAddPayload "cartDeliveryAddressesAdd",
    CartDeliveryAddressesUpdatePayload "cartDeliveryAddressesUpdate",
    CartDeliveryAddressesRemovePayload "cartDeliveryAddressesRemove",
    CartDeliveryAddressesReplacePayload "cartDeliveryAddressesReplace",
    CartSelectedDeliveryOptionsUpdatePayload "cartSelectedDeliveryOptionsUpdate",
    CartDiscountCodesUpdatePayload "cartDiscountCodesUpdate",
    CartGiftCardCodesUpdatePayload "cartGiftCardCodesUpdate",
    CartGiftCardCodesAddPayload "cartGiftCardCodesAdd",
    CartGiftCardCodesRemovePayload "cartGiftCardCodesRemove",
}

/// What `cartMetafieldsSet` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartMetafieldsSetPayload {
    /// The metafields; null when nothing was done.
    pub metafields: Option<Vec<Metafield>>,
    /// Why nothing was done.
    pub user_errors: Vec<MetafieldsSetUserError>,
}

/// Why a metafield was not set.
#[derive(Clone, Debug, SimpleObject)]
pub struct MetafieldsSetUserError {
    /// The path to the input that is at fault.
    pub field: Option<Vec<String>>,
    /// What is wrong, for people.
    pub message: String,
    /// What is wrong, for programs.
    pub code: Option<MetafieldsSetUserErrorCode>,
    /// Which of the metafields is at fault, counted from 0.
    pub element_index: Option<i32>,
}

/// Why a metafield was not set, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MetafieldsSetUserErrorCode {
    /// The caller may not set it.
    AppNotAuthorized,
    /// Something is missing.
    Blank,
    /// The value is not one of those that are possible.
    Inclusion,
    /// The owner cannot have metafields.
    InvalidOwner,
    /// There is no such type.
    InvalidType,
    /// The value is not of the type.
    InvalidValue,
    /// The value is too large.
    LessThanOrEqualTo,
    /// Something is there that cannot be.
    Present,
    /// The value is too long.
    TooLong,
    /// The value is too short.
    TooShort,
}

/// What `cartMetafieldDelete` answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct CartMetafieldDeletePayload {
    /// The global id of what was deleted; null when nothing was.
    pub deleted_id: Option<ID>,
    /// Why nothing was deleted.
    pub user_errors: Vec<MetafieldDeleteUserError>,
}

user_error!(MetafieldDeleteUserError, MetafieldDeleteErrorCode);

/// Why a metafield was not deleted, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MetafieldDeleteErrorCode {
    /// The caller may not delete it.
    AppNotAuthorized,
    /// The owner cannot have metafields.
    InvalidOwner,
    /// There is no such metafield.
    MetafieldDoesNotExist,
}
