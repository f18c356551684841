//! Where `userErrors` say that something is wrong: the path from the mutation's arguments to the input, for every
//! mutation.

use std::collections::{BTreeSet, HashMap};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};
use emporia::graphql::schema::sdl;
use serde_json::{Value, json};

use crate::support::{Shopping, variant};

const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// The names and types of what a mutation takes (`Mutation.pageCreate`) and of every input object's fields.
struct Inputs(HashMap<String, HashMap<String, Type>>);

impl Inputs {
    fn of_the_schema() -> Self {
        let mut inputs = HashMap::new();
        for definition in parse_schema(sdl()).expect("the SDL parses").definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::InputObject(input) => {
                    let fields = input.fields.into_iter().map(|field| field.node);
                    inputs.insert(name, fields.map(|field| (field.name.node.to_string(), field.ty.node)).collect());
                }
                TypeKind::Object(object) if name == "Mutation" => {
                    for field in object.fields {
                        let arguments = field.node.arguments.into_iter().map(|argument| argument.node);
                        let types = arguments.map(|argument| (argument.name.node.to_string(), argument.ty.node));
                        inputs.insert(format!("Mutation.{}", field.node.name.node), types.collect());
                    }
                }
                _ => {}
            }
        }
        Self(inputs)
    }

    fn mutations(&self) -> BTreeSet<&str> {
        self.0.keys().filter_map(|name| name.strip_prefix("Mutation.")).collect()
    }

    /// Whether the path leads from the mutation's arguments to an input.
    fn lead_to(&self, mutation: &str, path: &[&str]) -> bool {
        let Some((argument, steps)) = path.split_first() else { return false };
        let Some(mut ty) = self.0[&format!("Mutation.{mutation}")].get(*argument) else { return false };
        for step in steps {
            let next = match &ty.base {
                BaseType::List(item) => step.parse::<usize>().is_ok().then_some(&**item),
                BaseType::Named(name) => self.0.get(name.as_str()).and_then(|fields| fields.get(*step)),
            };
            let Some(next) = next else { return false };
            ty = next;
        }
        true
    }
}

/// A mutation's name, its arguments, and the path that its first user error must have.
type Case = (&'static str, String, &'static str);

fn gid(kind: &str) -> String {
    format!("\"gid://emporia/{kind}/{NIL}\"")
}

fn long(length: usize) -> String {
    format!("\"{}\"", "x".repeat(length))
}

fn of_the_catalogue(collection: &str) -> Vec<Case> {
    let options = r#"productOptions: [{ name: "Size", values: [{ name: "S" }, { name: "M" }] }]"#;
    let sizes = ["S", "M"].map(|size| format!(r#"optionValues: [{{ optionName: "Size", name: "{size}" }}]"#));
    let variants = |s: &str, m: &str| {
        let [small, medium] = &sizes;
        let variants = format!("variants: [{{ position: 2, {small}, {s} }}, {{ position: 1, {medium}, {m} }}]");
        format!(r#"input: {{ title: "A", {options}, {variants} }}"#)
    };
    vec![
        ("productSet", r#"input: { title: " " }"#.into(), "input.title"),
        ("productSet", r#"input: { title: "A", handle: "a b" }"#.into(), "input.handle"),
        ("productSet", r#"input: { title: "A", tags: [""] }"#.replace("\"\"", &long(256)), "input.tags.0"),
        ("productSet", format!(r#"input: {{ title: "A", id: {} }}"#, gid("Product")), "input.id"),
        ("productSet", r#"input: { title: "A", id: "rubbish" }"#.into(), "input.id"),
        (
            "productSet",
            format!(r#"identifier: {{ id: {} }}, input: {{ title: "A" }}"#, gid("Product")),
            "identifier.id",
        ),
        ("productSet", r#"identifier: { id: "rubbish" }, input: { title: "A" }"#.into(), "identifier.id"),
        ("productSet", r#"identifier: { handle: "a b" }, input: { title: "A" }"#.into(), "identifier.handle"),
        (
            "productSet",
            format!(r#"input: {{ title: "A", collections: [{}] }}"#, gid("Collection")),
            "input.collections.0",
        ),
        ("productSet", r#"input: { title: "A", files: [{}] }"#.into(), "input.files.0.originalSource"),
        // By their places in the input, whatever their positions say: a reader's finding and the service's.
        ("productSet", variants(r#"price: "1.999""#, r#"price: "1""#), "input.variants.0.price"),
        ("productSet", variants(r#"price: "1""#, r#"price: "-1""#), "input.variants.1.price"),
        ("productDelete", format!("input: {{ id: {} }}", gid("Product")), "input.id"),
        ("productDelete", r#"input: { id: "rubbish" }"#.into(), "input.id"),
        ("collectionCreate", "input: {}".into(), "input.title"),
        ("collectionCreate", r#"input: { title: "A", handle: "a b" }"#.into(), "input.handle"),
        ("collectionCreate", format!(r#"input: {{ title: "A", products: [{}] }}"#, gid("Product")), "input.products.0"),
        ("collectionCreate", r#"input: { title: "A", products: ["rubbish"] }"#.into(), "input.products.0"),
        ("collectionAddProducts", format!("id: {}, productIds: []", gid("Collection")), "id"),
        ("collectionAddProducts", format!("id: \"{collection}\", productIds: [{}]", gid("Product")), "productIds.0"),
        ("collectionAddProducts", format!("id: \"{collection}\", productIds: [\"rubbish\"]"), "productIds.0"),
    ]
}

fn of_stock(location: &str, item: &str) -> Vec<Case> {
    let change = |item: &str, location: &str, delta: i32| {
        format!("changes: [{{ inventoryItemId: {item}, locationId: {location}, delta: {delta} }}]")
    };
    let (known, place) = (format!("\"{item}\""), format!("\"{location}\""));
    let input = |rest: String| format!(r#"input: {{ reason: "correction", {rest} }}"#);
    let name = "inventoryAdjustQuantities";
    vec![
        (name, input(change(&gid("InventoryItem"), &place, 1)), "input.changes.0.inventoryItemId"),
        (name, input(change("\"rubbish\"", &place, 1)), "input.changes.0.inventoryItemId"),
        (name, input(change(&known, &gid("Location"), 1)), "input.changes.0.locationId"),
        (name, input(change(&known, &place, -1000)), "input.changes.0.delta"),
        (name, input(format!("name: \"reserved\", {}", change(&known, &place, 1))), "input.name"),
        (name, format!("input: {{ reason: \"\", {} }}", change(&known, &place, 1)), "input.reason"),
    ]
}

fn of_content() -> Vec<Case> {
    let menu = |items: &str| format!(r#"title: "A", handle: "a", items: {items}"#);
    let nested = r#"[{ title: "A", type: CATALOG, items: [{ title: "B", type: HTTP, url: "javascript:x" }] }]"#;
    vec![
        ("pageCreate", r#"page: { title: "" }"#.into(), "page.title"),
        ("pageCreate", r#"page: { title: "A", handle: "a b" }"#.into(), "page.handle"),
        ("pageCreate", format!(r#"page: {{ title: "A", seo: {{ title: {} }} }}"#, long(256)), "page.seo.title"),
        ("menuCreate", r#"title: "", handle: "a", items: []"#.into(), "title"),
        ("menuCreate", r#"title: "A", handle: "a b", items: []"#.into(), "handle"),
        ("menuCreate", menu(nested), "items.0.items.0.url"),
        ("menuCreate", menu(r#"[{ title: "A", type: PAGE }]"#), "items.0.resourceId"),
    ]
}

fn of_shipping() -> Vec<Case> {
    let rate = r#"rateDefinition: { price: { amount: "-1", currencyCode: EUR } }"#;
    let zone = format!(
        r#"zones: [{{ name: "A", countries: [{{ code: DE }}], methodDefinitions: [{{ name: "A", {rate} }}] }}]"#
    );
    let amount = "profile.zones.0.methodDefinitions.0.rateDefinition.price.amount";
    vec![
        ("deliveryProfileCreate", r#"profile: { name: "" }"#.into(), "profile.name"),
        ("deliveryProfileCreate", format!(r#"profile: {{ name: "A", {zone} }}"#), amount),
        ("deliveryProfileUpdate", format!(r#"id: {}, profile: {{ name: "A" }}"#, gid("DeliveryProfile")), "id"),
        ("deliveryProfileUpdate", r#"id: "rubbish", profile: { name: "A" }"#.into(), "id"),
        ("deliveryProfileRemove", format!("id: {}", gid("DeliveryProfile")), "id"),
    ]
}

fn of_webhooks() -> Vec<Case> {
    let to = r#"webhookSubscription: { uri: "ftp://shop.example/" }"#;
    let id = |kind: &str| format!("id: {}", gid(kind));
    let fine = to.replace("ftp", "https");
    vec![
        ("webhookSubscriptionCreate", format!("topic: ORDERS_CREATE, {to}"), "webhookSubscription.uri"),
        ("webhookSubscriptionUpdate", format!("{}, {fine}", id("WebhookSubscription")), "id"),
        ("webhookSubscriptionDelete", id("WebhookSubscription"), "id"),
        ("webhookSubscriptionTest", id("WebhookSubscription"), "id"),
        ("webhookDeliveryRetry", id("WebhookDelivery"), "id"),
        ("jobRetry", id("Job"), "id"),
        ("jobCancel", id("Job"), "id"),
    ]
}

fn of_documents() -> Vec<Case> {
    vec![
        ("trustedDocumentsAdd", r#"documents: [{ text: "{ a }" }, { text: "" }]"#.to_owned(), "documents.1.text"),
        ("trustedDocumentsRemove", "documentIds: []".to_owned(), "documentIds"),
    ]
}

fn of_settings() -> Vec<Case> {
    let input = |setting: &str, value: &str| ("tenantSettingsUpdate", format!("input: {{ {setting}: {value} }}"));
    let of = |setting: &'static str, value: &str, path| {
        let (name, input) = input(setting, value);
        (name, input, path)
    };
    vec![
        of("name", "\" \"", "input.name"),
        of("description", &long(5001), "input.description"),
        of("email", "\"ada\"", "input.email"),
        of("mailSenderName", &long(256), "input.mailSenderName"),
        of("mailLanguage", "ES", "input.mailLanguage"),
        of("ianaTimezone", "\"Berlin\"", "input.ianaTimezone"),
        of("storefrontUrl", "\"shop.example\"", "input.storefrontUrl"),
        of("checkoutUrlTemplate", "\"https://shop.example\"", "input.checkoutUrlTemplate"),
        ("allowedOriginsUpdate", r#"origins: ["https://shop.example", "shop.example"]"#.into(), "origins.1"),
        ("allowedOriginsUpdate", format!("origins: [{}]", [r#""https://a.example""#; 101].join(", ")), "origins"),
    ]
}

fn of_domains() -> Vec<Case> {
    let id = || format!("id: {}", gid("CustomDomain"));
    vec![
        ("domainCreate", r#"host: "https://shop.example""#.into(), "host"),
        ("domainCreate", r#"host: "acme.shops.test""#.into(), "host"),
        ("domainVerify", id(), "id"),
        ("domainVerify", "id: \"rubbish\"".into(), "id"),
        ("domainDelete", id(), "id"),
        ("domainDelete", "id: \"rubbish\"".into(), "id"),
    ]
}

fn of_keys() -> Vec<Case> {
    let input = |rest: &str| format!("input: {{ kind: SECRET, {rest} }}");
    let id = || format!("id: {}", gid("ApiKey"));
    vec![
        ("apiKeyCreate", input(r#"name: " ""#), "input.name"),
        ("apiKeyCreate", input(r#"name: "a", accessScopes: ["read_orders", "orders"]"#), "input.accessScopes.1"),
        ("apiKeyCreate", input(r#"name: "a", expiresAt: "2026-06-01T12:00:00Z""#), "input.expiresAt"),
        ("apiKeyCreate", r#"input: { kind: PUBLISHABLE, name: "a", accessScopes: [] }"#.into(), "input.accessScopes"),
        ("apiKeyRotate", id(), "id"),
        ("apiKeyRotate", format!("{}, overlapSeconds: 2592001", id()), "overlapSeconds"),
        ("apiKeyRevoke", id(), "id"),
    ]
}

fn of_roles() -> Vec<Case> {
    let input = |rest: &str| format!("input: {{ name: \"a\", {rest} }}");
    let id = || format!("id: {}", gid("Role"));
    vec![
        ("roleCreate", input(r#"handle: "A", accessScopes: []"#), "input.handle"),
        ("roleCreate", input(r#"handle: "admin", accessScopes: []"#), "input.handle"),
        ("roleCreate", r#"input: { handle: "a", name: "", accessScopes: [] }"#.into(), "input.name"),
        ("roleCreate", input(r#"handle: "a", inherits: "b", accessScopes: []"#), "input.inherits"),
        ("roleCreate", input(r#"handle: "a", accessScopes: ["all"]"#), "input.accessScopes.0"),
        ("roleUpdate", format!("{}, input: {{}}", id()), "id"),
        ("roleUpdate", format!("{}, input: {{ accessScopes: [\"all\"] }}", id()), "input.accessScopes.0"),
        ("roleDelete", id(), "id"),
    ]
}

fn of_support() -> Vec<Case> {
    let input = |rest: &str| format!("input: {{ {rest} }}");
    vec![
        ("supportAccessGrant", input(r#"reason: " ""#), "input.reason"),
        ("supportAccessGrant", format!("input: {{ reason: {} }}", long(1001)), "input.reason"),
        ("supportAccessGrant", input(r#"reason: "a", hours: 0"#), "input.hours"),
        ("supportAccessGrant", input(r#"reason: "a", hours: 169"#), "input.hours"),
        ("supportAccessGrant", input(r#"reason: "a", accessScopes: []"#), "input.accessScopes"),
        ("supportAccessGrant", input(r#"reason: "a", accessScopes: ["read_orders", "all"]"#), "input.accessScopes.1"),
        ("supportAccessGrant", input(r#"reason: "a", accessScopes: ["write_staff"]"#), "input.accessScopes"),
        ("supportAccessRevoke", format!("id: {}", gid("SupportAccess")), "id"),
        ("supportAccessRevoke", r#"id: "rubbish""#.to_owned(), "id"),
    ]
}

/// By an operator's token: there is a tenant of the handle "acme".
fn of_tenants(acme: &str) -> Vec<Case> {
    let create = |what: &str, by: &str| {
        let whole = r#"input: { externalId: "x", handle: "x", name: "X", description: "", currency: EUR, country: DE,
            shippingRate: "1", owner: { email: "a@shop.example", name: "A" } }"#;
        assert!(whole.contains(what), "{what}");
        ("tenantCreate", whole.replace(what, by))
    };
    let created = |(name, arguments): (&'static str, String), path: &'static str| (name, arguments, path);
    let update = |rest: &str| format!("id: \"{acme}\", input: {{ {rest} }}");
    let id = || format!("id: {}", gid("Tenant"));
    vec![
        created(create(r#"externalId: "x""#, r#"externalId: """#), "input.externalId"),
        created(create(r#"handle: "x""#, r#"handle: "A b""#), "input.handle"),
        created(create(r#"handle: "x""#, r#"handle: "acme""#), "input.handle"),
        created(create(r#"name: "X""#, r#"name: " ""#), "input.name"),
        created(create(r#"description: """#, &format!("description: {}", long(5001))), "input.description"),
        created(create(r#"name: "X""#, r#"name: "X", plan: "none""#), "input.plan"),
        created(create("country: DE", "country: ZZ"), "input.country"),
        created(create(r#"shippingRate: "1""#, r#"shippingRate: "1.999""#), "input.shippingRate"),
        created(create(r#"shippingRate: "1""#, r#"shippingRate: "-1""#), "input.shippingRate"),
        created(create(r#"email: "a@shop.example""#, r#"email: "a""#), "input.owner.email"),
        created(create(r#"name: "A""#, r#"name: """#), "input.owner.name"),
        ("tenantUpdate", update(r#"name: "a\nb""#), "input.name"),
        ("tenantUpdate", update(r#"externalId: " ""#), "input.externalId"),
        ("tenantUpdate", update(r#"allowedOrigins: ["https://a.example", "a.example"]"#), "input.allowedOrigins.1"),
        ("tenantUpdate", format!("{}, input: {{}}", id()), "id"),
        ("tenantSuspend", id(), "id"),
        ("tenantResume", id(), "id"),
        ("tenantDelete", id(), "id"),
        ("tenantDelete", r#"id: "rubbish""#.to_owned(), "id"),
    ]
}

/// By an operator's token, all but the first: there is a tenant of the handle "acme".
fn of_plans(acme: &str) -> Vec<Case> {
    let create = |rest: &str| ("planCreate", format!("input: {{ handle: \"x\", plan: {{ name: \"X\", {rest} }} }}"));
    let update = |rest: &str| ("planUpdate", format!("planId: {FREE}, input: {{ {rest} }}"));
    let of = |(name, arguments): (&'static str, String), path: &'static str| (name, arguments, path);
    let price = "{ interval: MONTH, currencyCode: EUR, minorUnits: 1 }";
    let tenant = format!("tenantId: \"{acme}\"");
    vec![
        ("planChange", format!("planId: {}", gid("Plan")), "planId"),
        ("planChange", "planId: \"rubbish\"".into(), "planId"),
        ("subscriptionCreate", "planId: \"rubbish\", returnUrl: \"https://a.example\"".into(), "planId"),
        ("subscriptionCreate", format!("planId: {BASIC}, returnUrl: \"http://a.example\""), "returnUrl"),
        ("billingPortalSessionCreate", "returnUrl: \"javascript:alert(1)\"".into(), "returnUrl"),
        ("planChange", format!("planId: {BASIC}, currencyCode: JPY"), "currencyCode"),
        ("planCreate", r#"input: { handle: "A b", plan: { name: "X" } }"#.into(), "input.handle"),
        ("planCreate", r#"input: { handle: "free", plan: { name: "X" } }"#.into(), "input.handle"),
        ("planCreate", r#"input: { handle: "x", plan: {} }"#.into(), "input.plan.name"),
        of(create(&format!("description: {}", long(5001))), "input.plan.description"),
        of(create("limits: [{ name: PRODUCTS, max: -1 }]"), "input.plan.limits.0"),
        of(create("apiPointsPerSecond: 0"), "input.plan.apiPointsPerSecond"),
        of(create("jobWeight: 101"), "input.plan.jobWeight"),
        of(create("transactionFee: { basisPoints: 10001, minorUnits: 0 }"), "input.plan.transactionFee"),
        of(create("trialDays: 367"), "input.plan.trialDays"),
        of(create(&format!("trialDays: 1, followerId: {}", gid("Plan"))), "input.plan.followerId"),
        of(create("trialDays: 1, followerId: \"rubbish\""), "input.plan.followerId"),
        of(create(&format!("followerId: {BASIC}")), "input.plan.followerId"),
        of(create("prices: [{ interval: MONTH, currencyCode: EUR, minorUnits: 0 }]"), "input.plan.prices.0"),
        of(create(&format!("prices: [{price}, {price}]")), "input.plan.prices.1"),
        of(update("name: \"a\\nb\""), "input.name"),
        of(update("limits: [{ name: PRODUCTS }, { name: PRODUCTS, max: 1 }]"), "input.limits.1"),
        of(update("features: [CUSTOM_ROLES, CUSTOM_ROLES]"), "input.features.1"),
        of(update(&format!("trialDays: 1, followerId: {FREE}")), "input.followerId"),
        ("planUpdate", format!("planId: {}, input: {{}}", gid("Plan")), "planId"),
        ("planActivate", format!("tenantId: {}", gid("Tenant")), "tenantId"),
        ("planActivate", tenant.clone(), "planId"),
        ("planActivate", format!("{tenant}, planId: \"rubbish\""), "planId"),
        ("planActivate", format!("{tenant}, planId: {BASIC}, currencyCode: JPY"), "currencyCode"),
        ("planOverridesSet", format!("tenantId: {}, input: {{}}", gid("Tenant")), "tenantId"),
        (
            "planOverridesSet",
            format!(
                "{tenant}, input: {{ features: [{{ name: CUSTOM_ROLES, isOn: true }}, {{ name: CUSTOM_ROLES, isOn: true }}] }}"
            ),
            "input.features.1",
        ),
    ]
}

/// Plans that there are from the beginning.
const FREE: &str = "\"gid://emporia/Plan/00000000-0000-8000-8000-000000000101\"";
const BASIC: &str = "\"gid://emporia/Plan/00000000-0000-8000-8000-000000000103\"";

/// Mutations that are sent with an operator's token.
fn is_of_operators(mutation: &str) -> bool {
    let of_tenants = mutation.starts_with("tenant") && !mutation.starts_with("tenantSettings");
    of_tenants || (mutation.starts_with("plan") && mutation != "planChange")
}

fn of_staff() -> Vec<Case> {
    let sign_in = |email: &str| format!("input: {{ email: \"{email}\", password: \"x\" }}");
    let reset = |password: &str| format!("token: \"rubbish\", password: \"{password}\"");
    vec![
        ("staffSignIn", sign_in("x"), "input.email"),
        ("staffSignIn", sign_in("nobody@shop.example"), "input"),
        ("staffTokenRefresh", "refreshToken: \"rubbish\"".into(), "refreshToken"),
        ("staffSessionRevoke", format!("id: {}", gid("StaffSession")), "id"),
        ("staffSessionRevoke", "id: \"rubbish\"".into(), "id"),
        ("staffPasswordRecover", "email: \"x\"".into(), "email"),
        ("staffPasswordReset", reset("short"), "password"),
        ("staffPasswordReset", reset("long enough"), "token"),
        ("staffEmailVerify", "token: \"rubbish\"".into(), "token"),
        ("staffInvite", "input: { email: \"x\", name: \"A\", role: \"viewer\" }".into(), "input.email"),
        ("staffInvite", "input: { email: \"a@b.cd\", name: \" \", role: \"viewer\" }".into(), "input.name"),
        ("staffInvite", "input: { email: \"a@b.cd\", name: \"A\", role: \"florist\" }".into(), "input.role"),
        ("staffAccept", reset("short"), "password"),
        ("staffAccept", reset("long enough"), "token"),
        ("staffUpdate", format!("id: {}, input: {{}}", gid("StaffMember")), "id"),
        ("staffUpdate", format!("id: {}, input: {{ name: \"\" }}", gid("StaffMember")), "input.name"),
        ("staffPermissionOverridesSet", format!("id: {}, overrides: []", gid("StaffMember")), "id"),
        (
            "staffPermissionOverridesSet",
            format!("id: {}, overrides: [{{ permission: \"all\", effect: DENY }}]", gid("StaffMember")),
            "overrides.0.permission",
        ),
        (
            "staffPermissionOverridesSet",
            format!(
                "id: {}, overrides: [{{ permission: \"write_inventory\", effect: DENY, objectId: {} }}]",
                gid("StaffMember"),
                gid("Collection")
            ),
            "overrides.0.objectId",
        ),
        ("staffRemove", format!("id: {}", gid("StaffMember")), "id"),
        ("staffPasswordUpdate", "currentPassword: \"x\", newPassword: \"short\"".into(), "newPassword"),
        ("staffPasswordUpdate", "currentPassword: \"x\", newPassword: \"long enough\"".into(), "currentPassword"),
    ]
}

/// Asked by who is signed in: for a key there is nothing to do.
const BY_STAFF: [&str; 1] = ["staffPasswordUpdate"];

/// Mutations that have nothing to refuse yet, or nothing that an input is to blame for.
const NEVER_REFUSED: [&str; 5] = [
    "trustedDocumentsRequire",
    "staffSignOut",
    "staffEmailVerificationSend",
    "subscriptionCancel",
    "subscriptionResume",
];

fn of_customers() -> Vec<Case> {
    let nobody = r#"customerAccessToken: "nobody's""#;
    let (customer, address) = (gid("Customer"), gid("MailingAddress"));
    let sign_up = |rest: &str| format!("input: {{ {rest} }}");
    vec![
        ("customerCreate", sign_up(r#"email: "x", password: "long enough""#), "input.email"),
        ("customerCreate", sign_up(r#"email: "a@b.example", password: "short""#), "input.password"),
        ("customerCreate", sign_up(r#"email: "x""#), "input.email"),
        (
            "customerCreate",
            sign_up(&format!(r#"email: "a@b.example", password: "long enough", lastName: {}"#, long(256))),
            "input.lastName",
        ),
        ("customerAccessTokenCreate", sign_up(r#"email: "a@b.example", password: "wrong""#), "input"),
        ("customerAccessTokenRenew", nobody.into(), "customerAccessToken"),
        ("customerAccessTokenDelete", nobody.into(), "customerAccessToken"),
        ("customerUpdate", format!("{nobody}, customer: {{}}"), "customerAccessToken"),
        ("customerUpdate", format!(r#"{nobody}, customer: {{ email: "x" }}"#), "customer.email"),
        ("customerUpdate", format!("input: {{ id: {customer} }}"), "input.id"),
        ("customerDelete", format!("input: {{ id: {customer} }}"), "input.id"),
        ("tagsAdd", format!(r#"id: {customer}, tags: ["a"]"#), "id"),
        ("tagsAdd", format!(r#"id: {}, tags: ["a"]"#, gid("Product")), "id"),
        ("tagsAdd", format!(r#"id: {}, tags: ["a"]"#, gid("Order")), "id"),
        ("tagsAdd", format!(r#"id: {customer}, tags: [{}]"#, r#""a","#.repeat(251)), "tags"),
        ("tagsRemove", r#"id: "rubbish", tags: ["a"]"#.into(), "id"),
        ("customerUpdate", format!("input: {{ id: {customer}, note: {} }}", long(5001)), "input.note"),
        ("customerRecover", r#"email: "x""#.into(), "email"),
        (
            "customerReset",
            format!(r#"id: {customer}, input: {{ resetToken: "x", password: "long enough" }}"#),
            "input.resetToken",
        ),
        ("customerReset", r#"id: "x", input: { resetToken: "x", password: "short" }"#.into(), "input.password"),
        ("customerResetByUrl", r#"resetUrl: "https://x.example/", password: "long enough""#.into(), "resetUrl"),
        (
            "customerActivate",
            format!(r#"id: {customer}, input: {{ activationToken: "x", password: "long enough" }}"#),
            "input.activationToken",
        ),
        (
            "customerActivateByUrl",
            format!(r#"activationUrl: "https://x.example/{NIL}/x", password: "long enough""#),
            "activationUrl",
        ),
        ("customerActivateByUrl", format!(r#"activationUrl: "https://x.example/{NIL}/x", password: """#), "password"),
        ("customerAddressCreate", format!("{nobody}, address: {{}}"), "address.country"),
        ("customerAddressCreate", format!(r#"{nobody}, address: {{ country: "DE" }}"#), "customerAccessToken"),
        ("customerAddressUpdate", format!("{nobody}, id: {address}, address: {{}}"), "customerAccessToken"),
        ("customerAddressDelete", format!("{nobody}, id: {address}"), "customerAccessToken"),
        ("customerDefaultAddressUpdate", format!("{nobody}, addressId: {address}"), "customerAccessToken"),
    ]
}

fn of_orders(order: &str) -> Vec<Case> {
    let parts = |id: &str, rest: &str| {
        format!("fulfillment: {{ lineItemsByFulfillmentOrder: [{{ fulfillmentOrderId: {id} {rest} }}] }}")
    };
    let own = format!("\"{order}\"");
    let line = format!("fulfillmentOrderLineItems: [{{ id: {}, quantity: 1 }}]", gid("LineItem"));
    let all = format!("lineItemsByFulfillmentOrder: [{{ fulfillmentOrderId: {own} }}]");
    let company = format!("fulfillment: {{ {all}, trackingInfo: {{ company: {} }} }}", long(256));
    vec![
        ("orderCancel", format!("orderId: {}", gid("Order")), "orderId"),
        ("orderCancel", format!("orderId: {own}, staffNote: {}", long(901)), "staffNote"),
        ("orderMarkAsPaid", format!("input: {{ id: {} }}", gid("Order")), "input.id"),
        (
            "fulfillmentCreate",
            "fulfillment: { lineItemsByFulfillmentOrder: [] }".into(),
            "fulfillment.lineItemsByFulfillmentOrder",
        ),
        ("fulfillmentCreate", parts(&gid("Order"), ""), "fulfillment.lineItemsByFulfillmentOrder.0.fulfillmentOrderId"),
        (
            "fulfillmentCreate",
            parts(&own, &line),
            "fulfillment.lineItemsByFulfillmentOrder.0.fulfillmentOrderLineItems.0.id",
        ),
        ("fulfillmentCreate", company, "fulfillment.trackingInfo.company"),
    ]
}

fn of_carts(cart: &str) -> Vec<Case> {
    let cart = |rest: &str| format!("cartId: \"{cart}\", {rest}");
    let line = format!("lines: [{{ merchandiseId: {} }}]", gid("ProductVariant"));
    let address = "addresses: [{ address: { deliveryAddress: { city: \"Jena\" } } }]";
    let country = "addresses.0.address.deliveryAddress.countryCode";
    let code = format!("discountCodes: [{}]", long(256));
    let option = format!("[{{ deliveryGroupId: {}, deliveryOptionHandle: \"x\" }}]", gid("CartDeliveryGroup"));
    vec![
        ("cartCreate", format!("input: {{ {line} }}"), "input.lines.0.merchandiseId"),
        ("cartCreate", r#"input: { buyerIdentity: { email: "x" } }"#.into(), "input.buyerIdentity.email"),
        ("cartCreate", r#"input: { attributes: [{ key: "", value: "" }] }"#.into(), "input.attributes.0.key"),
        (
            "cartCreate",
            r#"input: { buyerIdentity: { customerAccessToken: "x" } }"#.into(),
            "input.buyerIdentity.customerAccessToken",
        ),
        (
            "cartCreate",
            format!("input: {{ delivery: {{ {address} }} }}"),
            "input.delivery.addresses.0.address.deliveryAddress.countryCode",
        ),
        ("cartLinesAdd", cart(&line), "lines.0.merchandiseId"),
        ("cartLinesAdd", format!("cartId: \"rubbish\", {line}"), "cartId"),
        ("cartLinesUpdate", cart(&format!("lines: [{{ id: {} }}]", gid("CartLine"))), "lines.0.id"),
        ("cartLinesRemove", cart(&format!("lineIds: [{}]", gid("CartLine"))), "lineIds.0"),
        ("cartNoteUpdate", cart(&format!("note: {}", long(5001))), "note"),
        ("cartAttributesUpdate", cart(r#"attributes: [{ key: "", value: "" }]"#), "attributes.0.key"),
        ("cartBuyerIdentityUpdate", cart(r#"buyerIdentity: { phone: "x" }"#), "buyerIdentity.phone"),
        ("cartDeliveryAddressesAdd", cart(address), country),
        ("cartDeliveryAddressesReplace", cart(address), country),
        (
            "cartDeliveryAddressesUpdate",
            cart(&format!("addresses: [{{ id: {} }}]", gid("CartSelectableAddress"))),
            "addresses.0.id",
        ),
        (
            "cartDeliveryAddressesRemove",
            cart(&format!("addressIds: [{}]", gid("CartSelectableAddress"))),
            "addressIds.0",
        ),
        (
            "cartSelectedDeliveryOptionsUpdate",
            cart(&format!("selectedDeliveryOptions: {option}")),
            "selectedDeliveryOptions.0.deliveryGroupId",
        ),
        ("cartDiscountCodesUpdate", cart(&code), "discountCodes.0"),
        ("cartGiftCardCodesUpdate", cart(r#"giftCardCodes: ["X"]"#), "giftCardCodes.0"),
        ("cartGiftCardCodesAdd", cart(r#"giftCardCodes: ["X"]"#), "giftCardCodes.0"),
        ("cartGiftCardCodesRemove", cart(r#"appliedGiftCardIds: ["X"]"#), "appliedGiftCardIds.0"),
        (
            "cartMetafieldsSet",
            r#"metafields: [{ ownerId: "X", key: "a", type: "b", value: "c" }]"#.into(),
            "metafields.0.ownerId",
        ),
        ("cartMetafieldDelete", r#"input: { ownerId: "X", key: "a" }"#.into(), "input.key"),
        ("checkoutComplete", cart(r#"payment: { gateway: "nobody" }"#), "payment.gateway"),
        ("checkoutComplete", cart(r#"payment: { gateway: "manual" }"#), "cartId"),
    ]
}

#[tokio::test]
async fn a_path_leads_from_the_arguments_to_the_input() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 10).await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    let query =
        r#"mutation { collectionCreate(input: { title: "A" }) { collection { id } } cartCreate { cart { id } } }"#;
    let made = shop.app.gql(&shop.store.secret, query, json!({})).await;
    let collection = made["collectionCreate"]["collection"]["id"].as_str().expect("a collection");
    let cart = made["cartCreate"]["cart"]["id"].as_str().expect("a cart");
    let (location, item) = (format!("gid://emporia/Location/{}", shop.location), variant(1));
    let cases: Vec<Case> = [
        of_the_catalogue(collection),
        of_stock(&location, &format!("gid://emporia/InventoryItem/{item}")),
        of_content(),
        of_shipping(),
        of_webhooks(),
        of_documents(),
        of_domains(),
        of_settings(),
        of_keys(),
        of_roles(),
        of_customers(),
        of_orders(&format!("gid://emporia/Order/{order}")),
        of_carts(cart),
        of_staff(),
        of_support(),
        of_tenants(&format!("gid://emporia/Tenant/{}", shop.store.tenant)),
        of_plans(&format!("gid://emporia/Tenant/{}", shop.store.tenant)),
    ]
    .concat();
    let operator = shop.app.operator().await;
    let member = shop.app.member(&shop.store, "ada@shop.example", "owner").await;

    let inputs = Inputs::of_the_schema();
    let tried: BTreeSet<&str> = cases.iter().map(|(mutation, ..)| *mutation).chain(NEVER_REFUSED).collect();
    assert_eq!(tried, inputs.mutations(), "every mutation is tried");
    for (number, (mutation, arguments, expected)) in cases.iter().enumerate() {
        let once =
            if *mutation == "checkoutComplete" { format!("@idempotent(key: \"{number}\")") } else { String::new() };
        let query = format!("mutation {{ {mutation}({arguments}) {once} {{ userErrors {{ field message }} }} }}");
        let answer = match BY_STAFF.contains(mutation) {
            true => shop.app.gql_as(&member.access_token, &query, json!({})).await,
            false if is_of_operators(mutation) => shop.app.gql_as(&operator.token, &query, json!({})).await,
            false => shop.app.gql(&shop.store.secret, &query, json!({})).await,
        };
        let errors = answer[*mutation]["userErrors"].as_array().expect("user errors");
        let field = errors.first().map_or(&Value::Null, |error| &error["field"]);
        let path: Vec<&str> = field.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(path.join("."), *expected, "{mutation}({arguments}): {errors:?}");
        assert!(inputs.lead_to(mutation, &path), "{mutation} has no input {path:?}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_noticed() {
    let inputs = Inputs::of_the_schema();
    assert!(inputs.lead_to("productSet", &["input", "variants", "0", "price"]));
    for wrong in [&["title"][..], &["input", "price"], &["input", "variants", "price"], &["input", "title", "0"], &[]] {
        assert!(!inputs.lead_to("productSet", wrong), "{wrong:?}");
    }
}
