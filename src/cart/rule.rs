//! What carts refuse, and what they do otherwise than asked.

use uuid::Uuid;

/// A refusal, with the path of the input that caused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CartRule {
    pub code: CartErrorCode,
    pub message: String,
    pub field: Vec<String>,
}

/// Something that was done, but not as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: CartWarningCode,
    pub message: String,
    pub target: Target,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Cart,
    Line(Uuid),
    Variant(Uuid),
    Address(Uuid),
}

/// The way to a part of the input. Costs nothing until something is wrong with it.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    parent: Option<&'a Field<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Nth(usize),
}

impl<'a> Field<'a> {
    /// An argument.
    pub const fn argument(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name) }
    }

    /// A field of an input object.
    pub fn get(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    /// An item of a list.
    pub fn nth(&'a self, at: usize) -> Self {
        Self { parent: Some(self), step: Step::Nth(at) }
    }

    pub fn refuse(&self, code: CartErrorCode, message: impl Into<String>) -> CartRule {
        CartRule { code, message: message.into(), field: self.path() }
    }

    fn path(&self) -> Vec<String> {
        let mut path = self.parent.map(Field::path).unwrap_or_default();
        path.push(match self.step {
            Step::Name(name) => name.to_owned(),
            Step::Nth(at) => at.to_string(),
        });
        path
    }
}

/// Why a cart mutation did not do what was asked, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum CartErrorCode {
    /// A part of the address contains emojis.
    AddressFieldContainsEmojis,
    /// A part of the address contains markup.
    AddressFieldContainsHtmlTags,
    /// A part of the address contains a URL.
    AddressFieldContainsUrl,
    /// A part of the address contains what cannot be there.
    AddressFieldDoesNotMatchExpectedPattern,
    /// A part of the address is missing.
    AddressFieldIsRequired,
    /// A part of the address is too long.
    AddressFieldIsTooLong,
    /// Bundles and additions do not go together.
    BundlesAndAddonsCannotBeMixed,
    /// The buyer may not buy for that company location.
    BuyerCannotPurchaseForCompanyLocation,
    /// The cart has no room for more lines.
    CartTooLarge,
    /// The recipient of a gift card is not valid.
    GiftCardRecipientInvalid,
    /// The value is not valid.
    Invalid,
    /// There is no such company location.
    InvalidCompanyLocation,
    /// The cart has no such address.
    InvalidDeliveryAddressId,
    /// The cart has no such delivery group.
    InvalidDeliveryGroup,
    /// The delivery group has no such option.
    InvalidDeliveryOption,
    /// The quantity is not a multiple of what is sold together.
    InvalidIncrement,
    /// There is no such merchandise, or the cart has no such line.
    InvalidMerchandiseLine,
    /// The metafields are not valid.
    InvalidMetafields,
    /// The payment is not valid.
    InvalidPayment,
    /// The payment has to be a deferred one.
    InvalidPaymentDeferredPaymentRequired,
    /// There is nothing in the cart to pay for.
    InvalidPaymentEmptyCart,
    /// The country has no such postal code.
    InvalidZipCodeForCountry,
    /// The province has no such postal code.
    InvalidZipCodeForProvince,
    /// The value has to be smaller.
    LessThan,
    /// That is more than is possible.
    MaximumExceeded,
    /// The lines could not be transformed.
    MerchandiseLineTransformersRunError,
    /// The merchandise cannot be used here.
    MerchandiseNotApplicable,
    /// That is less than is possible.
    MinimumNotMet,
    /// The customer's token is missing.
    MissingCustomerAccessToken,
    /// The discount code is missing.
    MissingDiscountCode,
    /// The note is missing.
    MissingNote,
    /// The note is too long.
    NoteTooLong,
    /// More than one address was to be selected.
    OnlyOneDeliveryAddressCanBeSelected,
    /// The parent line is not named properly.
    ParentLineInvalidReference,
    /// Lines are nested too deeply.
    ParentLineNestingTooDeep,
    /// There is no such parent line.
    ParentLineNotFound,
    /// The parent line does not allow it.
    ParentLineOperationBlocked,
    /// The card has expired.
    PaymentsCreditCardBaseExpired,
    /// The gateway does not take the card.
    PaymentsCreditCardBaseGatewayNotSupported,
    /// The card was refused.
    PaymentsCreditCardGeneric,
    /// The card's month is not a month.
    PaymentsCreditCardMonthInclusion,
    /// The card's number is wrong.
    PaymentsCreditCardNumberInvalid,
    /// The card's number is malformed.
    PaymentsCreditCardNumberInvalidFormat,
    /// The card's verification value is missing.
    PaymentsCreditCardVerificationValueBlank,
    /// The card's verification value does not fit its kind.
    PaymentsCreditCardVerificationValueInvalidForCardType,
    /// The card's year has passed.
    PaymentsCreditCardYearExpired,
    /// The card's year is not possible.
    PaymentsCreditCardYearInvalidExpiryYear,
    /// The payment method cannot be used here.
    PaymentMethodNotApplicable,
    /// The payment method is not supported.
    PaymentMethodNotSupported,
    /// The delivery groups are not ready yet.
    PendingDeliveryGroups,
    /// The country has no such province.
    ProvinceNotFound,
    /// The selling plan cannot be used here.
    SellingPlanNotApplicable,
    /// The service cannot answer at the moment.
    ServiceUnavailable,
    /// The cart has no room for more addresses.
    TooManyDeliveryAddresses,
    /// The address is not valid.
    UnspecifiedAddressError,
    /// A rule of the shop refuses it.
    ValidationCustom,
    /// The variant is sold by a selling plan alone.
    VariantRequiresSellingPlan,
    /// The postal code is not served.
    ZipCodeNotSupported,
}

/// What a cart mutation did otherwise than asked, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum CartWarningCode {
    /// The discount code was not used.
    DiscountCodeNotHonoured,
    /// The discount is not active now.
    DiscountCurrentlyInactive,
    /// The discount is not for this customer.
    DiscountCustomerNotEligible,
    /// The customer has used the discount as often as is allowed.
    DiscountCustomerUsageLimitReached,
    /// The discount needs to know the customer.
    DiscountEligibleCustomerMissing,
    /// The discount is for another kind of purchase.
    DiscountIncompatiblePurchaseType,
    /// There is no such discount.
    DiscountNotFound,
    /// The discount applies to none of the lines.
    DiscountNoEntitledLineItems,
    /// The discount applies to no delivery of the cart.
    DiscountNoEntitledShippingLines,
    /// The cart's sum is not in the discount's range.
    DiscountPurchaseNotInRange,
    /// The cart's quantity is not in the discount's range.
    DiscountQuantityNotInRange,
    /// The discount was used as often as is allowed.
    DiscountUsageLimitReached,
    /// The cart has this address already.
    DuplicateDeliveryAddress,
    /// There was less in stock than asked for; the line has what there is.
    MerchandiseNotEnoughStock,
    /// There is none in stock; the line is not in the cart.
    MerchandiseOutOfStock,
    /// The selling plan cannot be used at the company location.
    MerchandiseSellingPlanNotApplicableOnCompanyLocation,
    /// Gift cards cannot be used at the moment.
    PaymentsGiftCardsUnavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_path_of_the_input() {
        let lines = Field::argument("lines");
        let rule = lines.nth(3).get("merchandiseId").refuse(CartErrorCode::InvalidMerchandiseLine, "");
        assert_eq!(rule.field, ["lines", "3", "merchandiseId"]);
    }
}
