//! What operators do, which is refused to everybody of a shop; and what a shop lets them see.

use super::{Entry, blind, marked};

const FOR_OPERATORS: &str = "for who runs the service, and all of these are of a shop";

pub const READS: &[Entry] = &[
    blind(FOR_OPERATORS, r#"{ tenant(id: "<tenant>") { name } }"#),
    blind(FOR_OPERATORS, r#"{ tenant(handle: "<handle>") { name } }"#),
    blind(FOR_OPERATORS, r#"{ tenant(externalId: "<handle>") { name } }"#),
    blind(FOR_OPERATORS, r#"{ tenants(first: 50, query: "<handle>") { nodes { name } } }"#),
    blind(FOR_OPERATORS, r#"{ tenants(first: 50, after: "<products cursor>") { nodes { name } } }"#),
    blind(FOR_OPERATORS, r#"{ tenants(last: 50, before: "<products last cursor>") { nodes { name } } }"#),
    blind(FOR_OPERATORS, "{ platformPlans { plan { name } tenantsCount } }"),
    marked("{ supportAccesses(first: 50) { nodes { reason grantedBy } } }"),
    marked(r#"{ supportAccesses(first: 50, after: "<supportAccesses cursor>") { nodes { reason } } }"#),
    marked(r#"{ supportAccesses(last: 50, before: "<supportAccesses last cursor>") { nodes { reason } } }"#),
];

pub const WRITES: &[Entry] = &[
    blind(
        FOR_OPERATORS,
        r#"mutation { tenantCreate(input: { externalId: "<handle>", handle: "<handle>", name: "Acme", currency: EUR,
            country: DE, shippingRate: "0", owner: { email: "ada@shop.example", name: "Ada" } }) {
            tenant { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { tenantUpdate(id: "<tenant>", input: { name: "Acme", externalId: "<handle>" }) {
            tenant { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { tenantSuspend(id: "<tenant>") { tenant { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { tenantResume(id: "<tenant>") { tenant { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { tenantDelete(id: "<tenant>") { tenant { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { planCreate(input: { handle: "<handle>", plan: { name: "A", followerId: "<product1>" } }) {
            plan { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { planUpdate(planId: "<product1>", input: { name: "A", followerId: "<product1>" }) {
            plan { name } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { planActivate(tenantId: "<tenant>", planId: "<product1>") {
            tenantPlan { status } userErrors { field code message } } }"#,
    ),
    blind(
        FOR_OPERATORS,
        r#"mutation { planOverridesSet(tenantId: "<tenant>", input: { limits: [{ name: PRODUCTS, max: 1 }] }) {
            tenantPlan { status } userErrors { field code message } } }"#,
    ),
    blind(
        "names nothing of a shop",
        r#"mutation { supportAccessGrant(input: { reason: "They asked", hours: 1 }) {
            supportAccess { reason } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { supportAccessRevoke(id: "<support2>") {
            supportAccess { reason } userErrors { field code message } } }"#,
    ),
];
