//! The one schema: every slice's roots merged. Built without any state, so that it can be printed anywhere.

use std::sync::LazyLock;

use async_graphql::registry::Registry;
use async_graphql::{
    MergedObject, MergedSubscription, OutputType, Schema, SchemaBuilder, SubscriptionType, ValidationMode,
};

use super::directives::{DeferDirective, InContextDirective};
use super::idempotent::Idempotent;
use super::interfaces::{HasMetafields, OnlineStorePublishable, Trackable};
use super::limits::Limits;
use super::node::NodeQuery;
use super::root::Root;
use super::tags::TagsMutation;
use super::user_error::DisplayableError;
use crate::access::graphql::AccessQuery;
use crate::api_key::graphql::{ApiKeyMutation, ApiKeyQuery};
use crate::billing::graphql::{BillingMutation, InvoiceQuery};
use crate::cart::graphql::{CartMutation, CartQuery};
use crate::catalog::graphql::{CatalogMutation, CatalogQuery, CollectionQuery, SearchQuery};
use crate::checkout::graphql::{CheckoutMutation, CheckoutQuery};
use crate::content::graphql::{ContentMutation, ContentQuery};
use crate::customer::graphql::{CustomerMutation, CustomerQuery, CustomerStaffMutation};
use crate::domain::graphql::{DomainMutation, DomainQuery};
use crate::events::graphql::EventSubscription;
use crate::identity::graphql::{StaffManagementMutation, StaffMutation, StaffOverrideMutation, StaffQuery};
use crate::inventory::graphql::InventoryMutation;
use crate::job::graphql::{JobMutation, JobQuery};
use crate::ledger::graphql::LedgerQuery;
use crate::mail::graphql::MailQuery;
use crate::order::graphql::{OrderMutation, OrderQuery};
use crate::plan::graphql::{PlanMutation, PlanOperatorMutation, PlanOperatorQuery, PlanQuery};
use crate::role::graphql::{RoleMutation, RoleQuery};
use crate::shipping::graphql::{ShippingMutation, ShippingQuery};
use crate::shop::graphql::{SettingsMutation, SettingsQuery, ShopQuery};
use crate::support_access::graphql::{SupportAccessMutation, SupportAccessQuery};
use crate::tenant::graphql::{TenantMutation, TenantQuery};
use crate::trusted_document::graphql::{TrustedDocumentMutation, TrustedDocumentQuery};
use crate::webhook::graphql::{WebhookMutation, WebhookQuery};

// In groups: each of a merged object's parts is a future within the one before, and a request's stack holds them all.

/// What can be asked.
#[derive(MergedObject, Default)]
#[graphql(name = "QueryRoot")]
pub struct QueryRoot(GoodsQuery, SalesQuery, HouseQuery, ServiceQuery);

/// Of what is shown and sold.
#[derive(MergedObject, Default)]
pub struct GoodsQuery(NodeQuery, ShopQuery, CatalogQuery, CollectionQuery, SearchQuery, ContentQuery);

/// Of who buys.
#[derive(MergedObject, Default)]
pub struct SalesQuery(CustomerQuery, CartQuery, ShippingQuery, CheckoutQuery, OrderQuery);

/// Of who runs the shop, and of other systems.
#[derive(MergedObject, Default)]
pub struct HouseQuery(WebhookQuery, TrustedDocumentQuery, AccessQuery, ApiKeyQuery, RoleQuery, StaffQuery, SetupQuery);

/// Of how the shop is set up.
#[derive(MergedObject, Default)]
pub struct SetupQuery(SettingsQuery, DomainQuery, JobQuery, MailQuery);

/// Of who runs the service, and what they and a shop have to do with each other.
#[derive(MergedObject, Default)]
pub struct ServiceQuery(TenantQuery, SupportAccessQuery, PlansQuery);

/// Of plans, for those who pay and for those who are paid.
#[derive(MergedObject, Default)]
pub struct PlansQuery(PlanQuery, PlanOperatorQuery, InvoiceQuery, LedgerQuery);

/// What can be done.
#[derive(MergedObject, Default)]
pub struct Mutation(GoodsMutation, SalesMutation, HouseMutation, ServiceMutation);

/// To what is shown and sold.
#[derive(MergedObject, Default)]
pub struct GoodsMutation(CatalogMutation, InventoryMutation, ContentMutation, TagsMutation);

/// With who buys.
#[derive(MergedObject, Default)]
pub struct SalesMutation(CartMutation, CustomersMutation, ShippingMutation, CheckoutMutation, OrderMutation);

/// Of those who buy, by themselves and by staff.
#[derive(MergedObject, Default)]
pub struct CustomersMutation(CustomerMutation, CustomerStaffMutation);

/// With who runs the shop, and with other systems.
#[derive(MergedObject, Default)]
pub struct HouseMutation(SystemsMutation, PeopleMutation, SetupMutation);

/// With other systems.
#[derive(MergedObject, Default)]
pub struct SystemsMutation(WebhookMutation, TrustedDocumentMutation, ApiKeyMutation, JobMutation);

/// With the staff.
#[derive(MergedObject, Default)]
pub struct PeopleMutation(RoleMutation, StaffMutation, StaffManagementMutation, StaffOverrideMutation);

/// With how the shop is set up.
#[derive(MergedObject, Default)]
pub struct SetupMutation(SettingsMutation, DomainMutation);

/// By who runs the service, and with what they and a shop have to do with each other.
#[derive(MergedObject, Default)]
pub struct ServiceMutation(TenantMutation, SupportAccessMutation, PlansMutation);

/// With plans, by those who pay and by those who are paid.
#[derive(MergedObject, Default)]
pub struct PlansMutation(PlanMutation, PlanOperatorMutation, BillingMutation);

/// What can be listened to.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(EventSubscription);

/// The schema's type.
pub type EmporiaSchema = Schema<Root<QueryRoot>, Root<Mutation>, Subscription>;

/// The schema without extensions or data: for the SDL, and as the start of the served one.
pub fn builder() -> SchemaBuilder<Root<QueryRoot>, Root<Mutation>, Subscription> {
    Schema::build(Root::default(), Root::default(), Subscription::default())
        .register_output_type::<DisplayableError>()
        .register_output_type::<HasMetafields>()
        .register_output_type::<OnlineStorePublishable>()
        .register_output_type::<Trackable>()
        .directive(InContextDirective)
        .directive(DeferDirective)
        .directive(Idempotent)
}

/// The schema as it is served, twice: it is one, but how much it validates is part of it.
#[derive(Clone)]
pub struct Schemas {
    /// Validates everything.
    pub of_all: EmporiaSchema,
    /// For documents that validation is known to pass: it leaves out what it does not need to execute them.
    pub of_the_known: EmporiaSchema,
}

impl Schemas {
    /// With or without the schema's description of itself.
    pub fn build(introspection: bool) -> Self {
        let build = |mode| {
            // async-graphql's own limit follows spreads without remembering them; ours has run by then.
            let depth = Limits::STANDARD.nesting as usize + 1;
            let mut schema = builder().validation_mode(mode).limit_recursive_depth(depth);
            if !introspection {
                // A suggestion ("did you mean …?") gives the schema away name by name.
                schema = schema.disable_introspection().disable_suggestions();
            }
            schema.finish()
        };
        Self { of_all: build(ValidationMode::Strict), of_the_known: build(ValidationMode::Fast) }
    }
}

/// The types as the schema has them, for what judges a document without executing it.
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
        let mut registry = Registry::default();
        QueryRoot::create_type_info(&mut registry);
        Mutation::create_type_info(&mut registry);
        Subscription::create_type_info(&mut registry);
        // A fragment may be on an interface that no field answers with.
        DisplayableError::create_type_info(&mut registry);
        HasMetafields::create_type_info(&mut registry);
        OnlineStorePublishable::create_type_info(&mut registry);
        Trackable::create_type_info(&mut registry);
        registry.query_type = <QueryRoot as OutputType>::type_name().into_owned();
        registry.mutation_type = Some(<Mutation as OutputType>::type_name().into_owned());
        registry.subscription_type = Some(<Subscription as SubscriptionType>::type_name().into_owned());
        registry
    });
    &REGISTRY
}

/// The schema language text of `schema.graphql`.
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    let options = options.include_specified_by();
    let text = builder().finish().sdl_with_options(options);
    // async-graphql leaves the word out, without which it may stand at a field once.
    text.replace(
        "directive @requires(scope: String!, of: String) on",
        "directive @requires(scope: String!, of: String) repeatable on",
    )
}
