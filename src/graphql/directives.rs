//! `@inContext` and `@defer`, which storefront documents carry.
//!
//! Both must be known to the schema: taken out of the document before validation, the variables they use would
//! count as unused. async-graphql's macro makes directives for fields only, so their factories are written out.

use std::borrow::Cow;

use async_graphql::parser::types::Directive;
use async_graphql::registry::{__DirectiveLocation as Location, Deprecation, MetaDirective, MetaInputValue, Registry};
use async_graphql::{Context, ContextDirective, CustomDirective, CustomDirectiveFactory, InputType, ServerResult};
use async_graphql::{ID, InputObject, Name};

use super::error::ApiError;
use crate::country::Country;
use crate::language::Language;

/// For whom the answers are meant: what the operation's `@inContext` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InContext {
    pub country: Option<Country>,
    pub language: Option<Language>,
}

impl InContext {
    /// Reads the running operation's directive; without one, nothing is said.
    pub fn of(ctx: &Context<'_>) -> Result<Self, ApiError> {
        let directives = &ctx.query_env.operation.node.directives;
        let Some(directive) = directives.iter().find(|directive| directive.node.name.node == IN_CONTEXT) else {
            return Ok(Self::default());
        };
        Ok(Self {
            country: argument(ctx, &directive.node, "country")?,
            language: argument(ctx, &directive.node, "language")?,
        })
    }
}

const IN_CONTEXT: &str = "inContext";

/// One argument's value, from the document or its variables.
fn argument<T: InputType>(ctx: &Context<'_>, directive: &Directive, name: &str) -> Result<Option<T>, ApiError> {
    let Some(value) = directive.get_argument(name) else { return Ok(None) };
    let variable = |variable: Name| {
        let operation = &ctx.query_env.operation.node;
        let definition = operation.variable_definitions.iter().find(|one| one.node.name.node == variable);
        let given = ctx.query_env.variables.get(&variable).cloned();
        let default = || definition.and_then(|one| one.node.default_value()).cloned();
        Ok::<_, ApiError>(given.or_else(default).unwrap_or_default())
    };
    let value = value.node.clone().into_const_with(variable)?;
    Option::<T>::parse(Some(value))
        .map_err(|_| ApiError::bad_input(format!("`{name}` of @{IN_CONTEXT} is not one of its values")))
}

/// Who is buying for a company.
#[derive(Clone, Debug, InputObject)]
pub struct BuyerInput {
    /// The customer's token.
    pub customer_access_token: String,
    /// The company's location that is bought for.
    pub company_location_id: Option<ID>,
}

/// What a visitor has agreed to.
#[derive(Clone, Debug, InputObject)]
pub struct VisitorConsent {
    /// Whether visits may be counted.
    pub analytics: Option<bool>,
    /// Whether the visitor may be advertised to.
    pub marketing: Option<bool>,
    /// Whether choices may be remembered.
    pub preferences: Option<bool>,
    /// Whether data may be sold.
    pub sale_of_data: Option<bool>,
}

/// The factory of `@inContext`, for `SchemaBuilder::directive`.
pub struct InContextDirective;

impl CustomDirectiveFactory for InContextDirective {
    fn name(&self) -> Cow<'static, str> {
        IN_CONTEXT.into()
    }

    fn register(&self, registry: &mut Registry) {
        let args = [
            input::<Option<BuyerInput>>(registry, "buyer", "Accepted; there are no company buyers yet."),
            input::<Option<Country>>(registry, "country", "The country the answers are for."),
            input::<Option<Language>>(registry, "language", "The language the answers are for."),
            input::<Option<ID>>(registry, "preferredLocationId", "Accepted; there is no pickup yet."),
            input::<Option<VisitorConsent>>(registry, "visitorConsent", "Accepted; nothing is tracked."),
        ];
        let description = "Says for whom the operation's answers are meant.";
        register(registry, IN_CONTEXT, description, vec![Location::QUERY, Location::MUTATION], args);
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Ignored))
    }
}

/// The factory of `@defer`, for `SchemaBuilder::directive`.
pub struct DeferDirective;

impl CustomDirectiveFactory for DeferDirective {
    fn name(&self) -> Cow<'static, str> {
        "defer".into()
    }

    fn register(&self, registry: &mut Registry) {
        let mut when = input::<Option<bool>>(registry, "if", "Accepted; nothing is deferred either way.");
        when.default_value = Some("true".to_owned());
        let args = [when, input::<Option<String>>(registry, "label", "Names the part for the client.")];
        let description = "Allows this part to come later. It is answered inline, with the rest.";
        register(registry, "defer", description, vec![Location::FRAGMENT_SPREAD, Location::INLINE_FRAGMENT], args);
    }

    fn create(&self, _: &ContextDirective<'_>, _: &Directive) -> ServerResult<Box<dyn CustomDirective>> {
        Ok(Box::new(Ignored))
    }
}

/// Neither directive changes how a field resolves.
struct Ignored;

impl CustomDirective for Ignored {}

fn register<const N: usize>(
    registry: &mut Registry,
    name: &str,
    description: &str,
    locations: Vec<Location>,
    args: [MetaInputValue; N],
) {
    registry.add_directive(MetaDirective {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        locations,
        args: args.into_iter().map(|arg| (arg.name.clone(), arg)).collect(),
        is_repeatable: false,
        visible: None,
        composable: None,
    });
}

fn input<T: InputType>(registry: &mut Registry, name: &str, description: &str) -> MetaInputValue {
    MetaInputValue {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ty: T::create_type_info(registry),
        deprecation: Deprecation::NoDeprecated,
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        is_secret: false,
        directive_invocations: Vec::new(),
    }
}
