//! Checkouts, orders, and what is heard of them.

use super::{Entry, blind, marked};

pub const READS: &[Entry] = &[
    marked(
        r#"{ order(id: "<order1>") { note email shippingAddress { city } customAttributes { value }
            lineItems(first: 5) { nodes { title } } fulfillments { trackingInfo { number } } } }"#,
    ),
    marked(r#"{ orderByToken(token: "<order1 token>") { note } }"#),
    marked("{ orders(first: 50) { nodes { note lineItems(first: 5) { nodes { sku } } } } }"),
    marked(r#"{ orders(first: 50, query: "email:<handle>@example.com", sortKey: TOTAL_PRICE) { nodes { note } } }"#),
    marked(r#"{ orders(first: 50, after: "<orders cursor>") { nodes { note } } }"#),
    marked(r#"{ orders(last: 50, before: "<orders last cursor>") { nodes { note } } }"#),
    marked(r#"subscription { orderEvents(after: "<event>") { topic order { note } } }"#),
];

pub const WRITES: &[Entry] = &[
    // Under the key that the shopper used: the outcome is the shopper's, who has the cart.
    marked(
        r#"mutation { checkoutComplete(cartId: "<sold1>", payment: { gateway: "manual" })
            @idempotent(key: "<handle>") { order { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { checkoutComplete(cartId: "<cart2>", payment: { gateway: "manual" })
            @idempotent(key: "once") { order { note } userErrors { field code message } } }"#,
    ),
    blind(
        "a gateway's token is no id of ours",
        r#"mutation { checkoutComplete(cartId: "<own cart1>", payment: { gateway: "none", token: "<order1 token>" })
            @idempotent(key: "once") { order { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [{
            fulfillmentOrderId: "<order1 parts>" }] }) {
            fulfillment { lineItems { lineItem { title } } } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [{
            fulfillmentOrderId: "<own order2 parts>",
            fulfillmentOrderLineItems: [{ id: "<order2 part>", quantity: 1 }] }] }) {
            fulfillment { lineItems { lineItem { title } } } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { orderMarkAsPaid(input: { id: "<pending1>" }) {
            order { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { orderCancel(orderId: "<pending2>", staffNote: "by phone") {
            order { note } userErrors { field code message } } }"#,
    ),
];
