//! The terms of selling plans: known to the schema, as there are no plans yet.

use async_graphql::{Enum, Union};

use crate::absent_object;
use crate::money::graphql::MoneyV2;

/// How often a plan is paid for.
#[derive(Clone, Debug, Union)]
pub enum SellingPlanBillingPolicy {
    Recurring(SellingPlanRecurringBillingPolicy),
}

/// How often a plan is delivered.
#[derive(Clone, Debug, Union)]
pub enum SellingPlanDeliveryPolicy {
    Recurring(SellingPlanRecurringDeliveryPolicy),
}

/// How much a plan asks for at the checkout: an amount or a percentage.
#[derive(Clone, Debug, Union)]
pub enum SellingPlanCheckoutChargeValue {
    Money(MoneyV2),
    Percentage(SellingPlanCheckoutChargePercentageValue),
}

/// How a plan changes a price: by an amount, to an amount or by a percentage.
#[derive(Clone, Debug, Union)]
pub enum SellingPlanPriceAdjustmentValue {
    Amount(SellingPlanFixedAmountPriceAdjustment),
    Price(SellingPlanFixedPriceAdjustment),
    Percentage(SellingPlanPercentagePriceAdjustment),
}

absent_object! {
    /// Paid for at regular intervals.
    SellingPlanRecurringBillingPolicy {
        /// The unit of the interval.
        interval() -> SellingPlanInterval;
        /// How many units it has.
        interval_count() -> i32;
    }
}

absent_object! {
    /// Delivered at regular intervals.
    SellingPlanRecurringDeliveryPolicy {
        /// The unit of the interval.
        interval() -> SellingPlanInterval;
        /// How many units it has.
        interval_count() -> i32;
    }
}

absent_object! {
    /// How much a plan asks for at the checkout.
    SellingPlanCheckoutCharge {
        /// Whether it is an amount or a percentage.
        #[graphql(name = "type")]
        kind() -> SellingPlanCheckoutChargeType;
        /// How much.
        value() -> SellingPlanCheckoutChargeValue;
    }
}

absent_object! {
    /// A part of the price, in a hundred.
    SellingPlanCheckoutChargePercentageValue {
        /// The percentage.
        percentage() -> f64;
    }
}

absent_object! {
    /// How a plan changes the price of a number of orders.
    SellingPlanPriceAdjustment {
        /// By how much.
        adjustment_value() -> SellingPlanPriceAdjustmentValue;
        /// Of how many orders; null: of all.
        order_count() -> Option<i32>;
    }
}

absent_object! {
    /// A price that is lower by an amount.
    SellingPlanFixedAmountPriceAdjustment {
        /// The amount.
        adjustment_amount() -> MoneyV2;
    }
}

absent_object! {
    /// A price of the plan's own.
    SellingPlanFixedPriceAdjustment {
        /// The price.
        price() -> MoneyV2;
    }
}

absent_object! {
    /// A price that is lower by a percentage.
    SellingPlanPercentagePriceAdjustment {
        /// The percentage.
        adjustment_percentage() -> f64;
    }
}

/// The unit of a plan's interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SellingPlanInterval {
    /// Days.
    Day,
    /// Months.
    Month,
    /// Weeks.
    Week,
    /// Years.
    Year,
}

/// How a plan says what it asks for at the checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SellingPlanCheckoutChargeType {
    /// By a percentage.
    Percentage,
    /// By an amount.
    Price,
}
