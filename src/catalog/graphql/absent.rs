//! What storefronts ask of products and nothing here knows yet: subscriptions, bundles, pick-up, unit prices.

use async_graphql::{Enum, ID, SimpleObject};

use super::selling_plan::{
    SellingPlanBillingPolicy, SellingPlanCheckoutCharge, SellingPlanDeliveryPolicy, SellingPlanPriceAdjustment,
};
use super::variant::ProductVariant;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield};
use crate::money::graphql::MoneyV2;
use crate::shop::graphql::Location;
use crate::{absent_object, connection};

connection!(SellingPlanGroupConnection, SellingPlanGroupEdge, SellingPlanGroup);
connection!(SellingPlanConnection, SellingPlanEdge, SellingPlan);
connection!(SellingPlanAllocationConnection, SellingPlanAllocationEdge, SellingPlanAllocation);
connection!(StoreAvailabilityConnection, StoreAvailabilityEdge, StoreAvailability);
connection!(QuantityPriceBreakConnection, QuantityPriceBreakEdge, QuantityPriceBreak);
connection!(ProductVariantComponentConnection, ProductVariantComponentEdge, ProductVariantComponent);

absent_object! {
    /// Ways of buying something again and again. There are none yet.
    SellingPlanGroup {
        /// The application that keeps it.
        app_name() -> Option<String>;
        /// The group's name.
        name() -> String;
        /// By what its plans differ.
        options() -> Vec<SellingPlanGroupOption>;
        /// Its plans.
        selling_plans(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        ) -> SellingPlanConnection;
    }
}

absent_object! {
    /// One of the things by which selling plans differ.
    SellingPlanGroupOption {
        /// Its name.
        name() -> String;
        /// What it can be.
        values() -> Vec<String>;
    }
}

absent_object! {
    /// A way of buying something again and again.
    SellingPlan {
        /// The plan's global id.
        id() -> ID;
        /// The plan's name.
        name() -> String;
        /// What it means.
        description() -> Option<String>;
        /// Its place among the group's plans.
        options() -> Vec<SellingPlanOption>;
        /// Whether it delivers again and again.
        recurring_deliveries() -> bool;
        /// How often it is paid for.
        billing_policy() -> Option<SellingPlanBillingPolicy>;
        /// How much is paid at the checkout.
        checkout_charge() -> SellingPlanCheckoutCharge;
        /// How often it is delivered.
        delivery_policy() -> Option<SellingPlanDeliveryPolicy>;
        /// How it changes prices.
        price_adjustments() -> Vec<SellingPlanPriceAdjustment>;
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
    /// What a plan is for one of its group's options.
    SellingPlanOption {
        /// The option's name.
        name() -> Option<String>;
        /// The plan's value.
        value() -> Option<String>;
    }
}

absent_object! {
    /// What a variant costs under a selling plan.
    SellingPlanAllocation {
        /// What is charged at the checkout.
        checkout_charge_amount() -> MoneyV2;
        /// How prices change.
        price_adjustments() -> Vec<SellingPlanAllocationPriceAdjustment>;
        /// What is charged later.
        remaining_balance_charge_amount() -> MoneyV2;
        /// The plan.
        selling_plan() -> SellingPlan;
    }
}

absent_object! {
    /// A price under a selling plan.
    SellingPlanAllocationPriceAdjustment {
        /// The former price.
        compare_at_price() -> MoneyV2;
        /// The price of one delivery.
        per_delivery_price() -> MoneyV2;
        /// The price.
        price() -> MoneyV2;
        /// The price of a unit.
        unit_price() -> Option<MoneyV2>;
    }
}

absent_object! {
    /// Whether something can be picked up at a location. Nothing can yet.
    StoreAvailability {
        /// Whether it can.
        available() -> bool;
        /// Where.
        location() -> Location;
        /// How soon.
        pick_up_time() -> String;
        /// How many.
        quantity_available() -> i32;
    }
}

absent_object! {
    /// A lower price for more of the same. There are none yet.
    QuantityPriceBreak {
        /// From how many on.
        minimum_quantity() -> i32;
        /// The price of one.
        price() -> MoneyV2;
    }
}

absent_object! {
    /// A part of a bundle. There are none yet.
    ProductVariantComponent {
        /// The part.
        product_variant() -> ProductVariant;
        /// How many of it.
        quantity() -> i32;
    }
}

absent_object! {
    /// How a price relates to a unit of measure.
    UnitPriceMeasurement {
        /// What is measured.
        measured_type() -> Option<UnitPriceMeasurementMeasuredType>;
        /// The unit of what is in the package.
        quantity_unit() -> Option<UnitPriceMeasurementMeasuredUnit>;
        /// How much is in the package.
        quantity_value() -> f64;
        /// The unit that the price refers to.
        reference_unit() -> Option<UnitPriceMeasurementMeasuredUnit>;
        /// How much the price refers to.
        reference_value() -> i32;
    }
}

absent_object! {
    /// A category of a public taxonomy. Products are sorted by type, tags and collections instead.
    TaxonomyCategory {
        /// The category's global id.
        id() -> ID;
        /// The category's name.
        name() -> String;
        /// The categories above it.
        ancestors() -> Vec<TaxonomyCategory>;
    }
}

/// How many of a variant may be bought at once.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct QuantityRule {
    /// A multiple of this.
    pub increment: i32,
    /// At most this many; null: any number.
    pub maximum: Option<i32>,
    /// At least this many.
    pub minimum: i32,
}

/// What a unit price measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UnitPriceMeasurementMeasuredType {
    /// An area.
    Area,
    /// A number of items.
    Count,
    /// A length.
    Length,
    /// Something else.
    Unknown,
    /// A volume.
    Volume,
    /// A weight.
    Weight,
}

/// A unit of measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UnitPriceMeasurementMeasuredUnit {
    /// Centilitres.
    Cl,
    /// Centimetres.
    Cm,
    /// Fluid ounces.
    Floz,
    /// Feet.
    Ft,
    /// Square feet.
    #[graphql(name = "FT2")]
    Ft2,
    /// Grams.
    G,
    /// Gallons.
    Gal,
    /// Inches.
    In,
    /// Items.
    Item,
    /// Kilograms.
    Kg,
    /// Litres.
    L,
    /// Pounds.
    Lb,
    /// Metres.
    M,
    /// Square metres.
    M2,
    /// Cubic metres.
    M3,
    /// Milligrams.
    Mg,
    /// Millilitres.
    Ml,
    /// Millimetres.
    Mm,
    /// Ounces.
    Oz,
    /// Pints.
    Pt,
    /// Quarts.
    Qt,
    /// Something else.
    Unknown,
    /// Yards.
    Yd,
}
