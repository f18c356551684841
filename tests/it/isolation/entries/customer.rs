//! Customers: known by their tokens, and to the merchant.

use super::{Entry, blind, marked, telling};

pub const READS: &[Entry] = &[
    marked(
        r#"{ customer(customerAccessToken: "<customer1 token>") { firstName tags
            addresses(first: 5) { nodes { city } } } }"#,
    ),
    marked(r#"{ customer(id: "<customer1>") { firstName note defaultAddress { city } } }"#),
    marked("{ customers(first: 50) { nodes { firstName note tags } } }"),
    marked(r#"{ customers(first: 50, query: "email:<customer1 email>", sortKey: NAME) { nodes { note } } }"#),
    marked(r#"{ customers(first: 50, after: "<customers cursor>") { nodes { note } } }"#),
    marked(r#"{ customers(last: 50, before: "<customers last cursor>") { nodes { note } } }"#),
];

const ALL_ALIKE: &str = "everyone is answered the same: what there is to say is mailed";

pub const WRITES: &[Entry] = &[
    // An address that the other store knows is free here.
    telling(
        "TAKEN",
        r#"mutation { customerCreate(input: { email: "<customer1 email>" }) {
            customer { id } customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""expiresAt":"2026-07-01"#,
        r#"mutation { customerAccessTokenCreate(input: { email: "<customer1 email>", password: "correct horse" }) {
            customerAccessToken { expiresAt } customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""expiresAt":"2026-07-01"#,
        r#"mutation { customerAccessTokenRenew(customerAccessToken: "<customer1 token>") {
            customerAccessToken { expiresAt } userErrors { field message } } }"#,
    ),
    marked(
        r#"mutation { customerUpdate(customerAccessToken: "<customer1 token>", customer: { lastName: "Byron" }) {
            customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerUpdate(input: { id: "<customer1>", lastName: "Lovelace" }) {
            customer { firstName note } customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""country":"France""#,
        r#"mutation { customerAddressCreate(customerAccessToken: "<customer1 token>", address: { country: "FR" }) {
            customerAddress { country } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerAddressUpdate(customerAccessToken: "<customer1 token>", id: "<customer1 address>",
            address: { zip: "1" }) { customerAddress { city } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerAddressUpdate(customerAccessToken: "<own customer1 token>", id: "<customer1 address>",
            address: { zip: "2" }) { customerAddress { city } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerDefaultAddressUpdate(customerAccessToken: "<customer1 token>",
            addressId: "<customer1 address>") { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerDefaultAddressUpdate(customerAccessToken: "<own customer1 token>",
            addressId: "<customer1 address>") { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerActivate(id: "<signup1>", input: { activationToken: "<signup1 token>",
            password: "another horse" }) { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerActivateByUrl(activationUrl: "https://shop.example/<signup2>/<signup2 token>",
            password: "another horse") { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedCustomerAddressId":"<customer1 address>""#,
        r#"mutation { customerAddressDelete(customerAccessToken: "<own customer1 token>", id: "<customer1 address>") {
            deletedCustomerAddressId customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedCustomerAddressId":"<customer2 address>""#,
        r#"mutation { customerAddressDelete(customerAccessToken: "<customer2 token>", id: "<customer2 address>") {
            deletedCustomerAddressId customerUserErrors { field code message } } }"#,
    ),
    telling(
        "gid://emporia/CustomerAccessToken/",
        r#"mutation { customerAccessTokenDelete(customerAccessToken: "<customer1 token>") {
            deletedCustomerAccessTokenId userErrors { field message } } }"#,
    ),
    marked(
        r#"mutation { customerReset(id: "<customer2>", input: { resetToken: "<customer2 reset>",
            password: "another horse" }) { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { customerResetByUrl(resetUrl: "https://shop.example/<customer1>/<customer1 reset>",
            password: "correct horse") { customer { firstName } customerUserErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { tagsAdd(id: "<customer1>", tags: ["new"]) {
            node { ... on Customer { firstName tags } } userErrors { field message } } }"#,
    ),
    marked(
        r#"mutation { tagsRemove(id: "<customer1>", tags: ["new"]) {
            node { ... on Customer { firstName tags } } userErrors { field message } } }"#,
    ),
    marked(
        r#"mutation { tagsAdd(id: "<product1>", tags: ["new"]) {
            node { ... on Product { title tags } } userErrors { field message } } }"#,
    ),
    // What these mail makes void what was mailed before.
    blind(
        ALL_ALIKE,
        r#"mutation { customerCreate(input: { email: "<customer2 email>", password: "another horse" }) {
            customer { id } customerUserErrors { field code message } } }"#,
    ),
    blind(
        ALL_ALIKE,
        r#"mutation { customerRecover(email: "<customer1 email>") { customerUserErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedCustomerId":"<customer2>""#,
        r#"mutation { customerDelete(input: { id: "<customer2>" }) { deletedCustomerId userErrors { field message } } }"#,
    ),
];
