//! What storefronts select of carts and what has no data behind it yet: discounts, gift cards, bundles, companies.

use async_graphql::{Enum, ID, Interface, SimpleObject, Union};

use super::line::{CartLine, CartLineCost, CartLineEstimatedCost, Merchandise};
use crate::absent_object;
use crate::attribute::Attribute;
use crate::catalog::graphql::SellingPlanAllocation;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield};
use crate::graphql::scalars::DateTime;
use crate::money::graphql::MoneyV2;

absent_object! {
    /// A gift card that pays for a part of the cart.
    AppliedGiftCard {
        /// The gift card's global id.
        id() -> ID;
        /// What it pays.
        amount_used() -> MoneyV2;
        /// What it pays.
        #[graphql(name = "amountUsedV2", deprecation = "Use `amountUsed`.")]
        amount_used_v2() -> MoneyV2;
        /// What is left on it.
        balance() -> MoneyV2;
        /// What is left on it.
        #[graphql(name = "balanceV2", deprecation = "Use `balance`.")]
        balance_v2() -> MoneyV2;
        /// The end of its code.
        last_characters() -> String;
        /// What it pays, in the buyer's currency.
        presentment_amount_used() -> MoneyV2;
    }
}

absent_object! {
    /// A line that consists of others: a bundle.
    ComponentizableCartLine {
        /// The line's global id.
        id() -> ID;
        /// How many of it.
        quantity() -> i32;
        /// What the buyer remarks under a key.
        attribute(#[graphql(desc = "The key.")] key: String) -> Option<Attribute>;
        /// What the buyer remarks.
        attributes() -> Vec<Attribute>;
        /// What it costs.
        cost() -> CartLineCost;
        /// What it costs.
        #[graphql(deprecation = "Use `cost`.")]
        estimated_cost() -> CartLineEstimatedCost;
        /// What discounts take off it.
        discount_allocations() -> Vec<CartDiscountAllocation>;
        /// What is bought.
        merchandise() -> Merchandise;
        /// The lines it consists of.
        line_components() -> Vec<CartLine>;
        /// The selling plan it is bought by.
        selling_plan_allocation() -> Option<SellingPlanAllocation>;
    }
}

/// What a discount takes off a line or a cart.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "discount_application", ty = "CartDiscountApplication", desc = "How the discount works."),
    field(name = "discounted_amount", ty = "MoneyV2", desc = "What it takes off."),
    field(name = "target_type", ty = "DiscountApplicationTargetType", desc = "What it takes it off.")
)]
pub enum CartDiscountAllocation {
    Automatic(CartAutomaticDiscountAllocation),
    Code(CartCodeDiscountAllocation),
    Custom(CartCustomDiscountAllocation),
}

absent_object! {
    /// What a discount without a code takes off.
    CartAutomaticDiscountAllocation {
        /// How the discount works.
        discount_application() -> CartDiscountApplication;
        /// What it takes off.
        discounted_amount() -> MoneyV2;
        /// What it takes it off.
        target_type() -> DiscountApplicationTargetType;
        /// The discount's title.
        title() -> String;
    }
}

absent_object! {
    /// What a discount code takes off.
    CartCodeDiscountAllocation {
        /// The code.
        code() -> String;
        /// How the discount works.
        discount_application() -> CartDiscountApplication;
        /// What it takes off.
        discounted_amount() -> MoneyV2;
        /// What it takes it off.
        target_type() -> DiscountApplicationTargetType;
    }
}

absent_object! {
    /// What a discount of the shop's own making takes off.
    CartCustomDiscountAllocation {
        /// How the discount works.
        discount_application() -> CartDiscountApplication;
        /// What it takes off.
        discounted_amount() -> MoneyV2;
        /// What it takes it off.
        target_type() -> DiscountApplicationTargetType;
        /// The discount's title.
        title() -> String;
    }
}

absent_object! {
    /// How a discount works.
    CartDiscountApplication {
        /// How the value is spread.
        allocation_method() -> DiscountApplicationAllocationMethod;
        /// Which things it is for.
        target_selection() -> DiscountApplicationTargetSelection;
        /// What kind of thing it is for.
        target_type() -> DiscountApplicationTargetType;
        /// How much.
        value() -> PricingValue;
    }
}

/// How a discount's value is spread over the things it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DiscountApplicationAllocationMethod {
    /// Over all of them.
    Across,
    /// On each of them, whole.
    Each,
    /// On one of them.
    One,
}

/// Which things a discount is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DiscountApplicationTargetSelection {
    /// All.
    All,
    /// Those that fulfil its conditions.
    Entitled,
    /// Those that are named.
    Explicit,
}

/// What kind of thing a discount is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DiscountApplicationTargetType {
    /// What is bought.
    LineItem,
    /// Its delivery.
    ShippingLine,
}

/// An amount or a percentage.
#[derive(Clone, Debug, Union)]
pub enum PricingValue {
    Money(MoneyV2),
    Percentage(PricingPercentageValue),
}

/// A part in a hundred.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PricingPercentageValue {
    /// The percentage.
    percentage: f64,
}

absent_object! {
    /// The company for which is bought.
    PurchasingCompany {
        /// The company.
        company() -> Company;
        /// Who buys for it.
        contact() -> Option<CompanyContact>;
        /// Where it is.
        location() -> CompanyLocation;
    }
}

absent_object! {
    /// A company that buys.
    Company {
        /// The company's global id.
        id() -> ID;
        /// Its name.
        name() -> String;
        /// Its id in another system.
        external_id() -> Option<String>;
        /// When it was created.
        created_at() -> DateTime;
        /// When it was last changed.
        updated_at() -> DateTime;
        /// A named value that the merchant has added.
        metafield(
            #[graphql(desc = "The group of keys.")] namespace: Option<String>,
            #[graphql(desc = "The name within the namespace.")] key: String,
        ) -> Option<Metafield>;
        /// Several named values, in the order asked for.
        metafields(
            #[graphql(desc = "Which ones.")] identifiers: Vec<HasMetafieldsIdentifier>,
        ) -> Vec<Option<Metafield>>;
    }
}

absent_object! {
    /// Someone who buys for a company.
    CompanyContact {
        /// The contact's global id.
        id() -> ID;
        /// What they are in the company.
        title() -> Option<String>;
        /// Their language.
        locale() -> Option<String>;
        /// When it was created.
        created_at() -> DateTime;
        /// When it was last changed.
        updated_at() -> DateTime;
    }
}

absent_object! {
    /// A place of a company.
    CompanyLocation {
        /// The location's global id.
        id() -> ID;
        /// Its name.
        name() -> String;
        /// Its id in another system.
        external_id() -> Option<String>;
        /// Its language.
        locale() -> Option<String>;
        /// When it was created.
        created_at() -> DateTime;
        /// When it was last changed.
        updated_at() -> DateTime;
        /// A named value that the merchant has added.
        metafield(
            #[graphql(desc = "The group of keys.")] namespace: Option<String>,
            #[graphql(desc = "The name within the namespace.")] key: String,
        ) -> Option<Metafield>;
        /// Several named values, in the order asked for.
        metafields(
            #[graphql(desc = "Which ones.")] identifiers: Vec<HasMetafieldsIdentifier>,
        ) -> Vec<Option<Metafield>>;
    }
}
