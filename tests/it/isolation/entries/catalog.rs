//! Products, collections, stock.

use super::{Entry, marked, telling};

pub const READS: &[Entry] = &[
    marked(r#"{ product(id: "<product1>") { title } }"#),
    marked(r#"{ product(handle: "<handle>-1") { vendor variants(first: 5) { nodes { sku } } } }"#),
    marked(r#"{ productByHandle(handle: "<handle>-1") { description } }"#),
    marked("{ products(first: 50) { nodes { title tags media(first: 5) { nodes { alt } } } } }"),
    marked(r#"{ products(first: 50, query: "<handle>") { nodes { title } filters { label } } }"#),
    marked(r#"{ products(first: 50, after: "<products cursor>") { nodes { title } } }"#),
    marked(r#"{ products(last: 50, before: "<products last cursor>") { nodes { title } } }"#),
    marked(
        "{ products(first: 50, sortKey: PRICE, reverse: true) { nodes { collections(first: 5) { nodes { title } } } } }",
    ),
    marked(r#"{ productRecommendations(productId: "<product1>") { title } }"#),
    marked(r#"{ productRecommendations(productHandle: "<handle>-1", intent: COMPLEMENTARY) { title } }"#),
    marked("{ productTags(first: 50) { nodes } }"),
    marked("{ productTypes(first: 50) { nodes } }"),
    marked(r#"{ collection(id: "<collection1>") { title products(first: 5) { nodes { title } } } }"#),
    marked(r#"{ collection(handle: "<handle>-1") { products(first: 5, sortKey: TITLE) { nodes { title } } } }"#),
    marked(r#"{ collectionByHandle(handle: "<handle>-1") { title } }"#),
    marked("{ collections(first: 50) { nodes { title products(first: 5) { nodes { title } } } } }"),
    marked(r#"{ collections(first: 50, query: "<handle>", sortKey: TITLE) { nodes { title } } }"#),
    marked(r#"{ collections(first: 50, after: "<collections cursor>") { nodes { title } } }"#),
    marked(r#"{ collections(last: 50, before: "<collections last cursor>") { nodes { title } } }"#),
    marked(
        r#"{ search(query: "<handle>", first: 50) { totalCount productFilters { label values { label } }
            nodes { ... on Product { title } } } }"#,
    ),
    marked(
        r#"{ search(query: "<handle>", first: 50, after: "<search cursor>", sortKey: RELEVANCE) {
            nodes { ... on Product { title } } } }"#,
    ),
    marked(
        r#"{ search(query: "<handle>", last: 50, before: "<search last cursor>", sortKey: RELEVANCE) {
            nodes { ... on Product { title } } } }"#,
    ),
    marked(r#"{ search(query: "<handle>", first: 50, types: [PAGE]) { totalCount nodes { ... on Page { title } } } }"#),
    marked(r#"{ predictiveSearch(query: "<handle>") { products { title } collections { title } pages { title } } }"#),
];

pub const WRITES: &[Entry] = &[
    marked(
        r#"mutation { productSet(input: { id: "<product1>", status: ACTIVE }) {
            product { title } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { productSet(identifier: { id: "<product1>" }, input: { status: ACTIVE }) {
            product { title } userErrors { field code message } } }"#,
    ),
    // A handle that the other store uses is free here.
    marked(
        r#"mutation { productSet(identifier: { handle: "<handle>-1" }, input: { title: "Mug" }) {
            product { vendor } userErrors { field code message } } }"#,
    ),
    telling(
        "HANDLE_TAKEN",
        r#"mutation { productSet(input: { title: "Mug", handle: "<handle>-2" }) {
            product { title } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { productSet(input: { id: "<own product1>", collections: ["<collection1>"] }) {
            product { vendor } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { productSet(input: { id: "<own product1>",
            productOptions: [{ id: "<option1>", name: "Size", values: [{ name: "S" }] }],
            variants: [{ optionValues: [{ optionName: "Size", name: "S" }], price: "1.00" }] }) {
            product { vendor } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { productSet(input: { id: "<own product2>",
            productOptions: [{ name: "Size", values: [{ name: "S" }] }],
            variants: [{ id: "<variant2>", optionValues: [{ optionName: "Size", name: "S" }], price: "1.00" }] }) {
            product { vendor } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { productSet(input: { id: "<own product1>",
            productOptions: [{ name: "Size", values: [{ name: "M" }] }],
            variants: [{ optionValues: [{ optionName: "Size", name: "M" }], price: "1.00",
                inventoryQuantities: [{ locationId: "<location>", quantity: 1 }] }] }) {
            product { vendor } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { collectionAddProducts(id: "<collection1>", productIds: ["<own product2>"]) {
            collection { title } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { collectionAddProducts(id: "<own collection1>", productIds: ["<product2>"]) {
            collection { title } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { collectionCreate(input: { title: "Mugs", products: ["<product2>"] }) {
            collection { products(first: 5) { nodes { title } } } userErrors { field code message } } }"#,
    ),
    telling(
        "HANDLE_TAKEN",
        r#"mutation { collectionCreate(input: { title: "Mugs", handle: "<handle>-1" }) {
            collection { title } userErrors { field code message } } }"#,
    ),
    telling(
        r#""reason":"correction""#,
        r#"mutation { inventoryAdjustQuantities(input: { reason: "correction", changes: [
            { inventoryItemId: "<item2>", locationId: "<location>", delta: 1 }] }) {
            inventoryAdjustmentGroup { reason } userErrors { field code message } } }"#,
    ),
    telling(
        r#""reason":"correction""#,
        r#"mutation { inventoryAdjustQuantities(input: { reason: "correction", changes: [
            { inventoryItemId: "<own item2>", locationId: "<location>", delta: -1 }] }) {
            inventoryAdjustmentGroup { reason } userErrors { field code message } } }"#,
    ),
    telling(
        r#""reason":"correction""#,
        r#"mutation { inventoryAdjustQuantities(input: { reason: "correction", changes: [
            { inventoryItemId: "<variant2>", locationId: "<own location>", delta: -1 }] }) {
            inventoryAdjustmentGroup { reason } userErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedProductId":"<product2>""#,
        r#"mutation { productDelete(input: { id: "<product2>" }) {
        deletedProductId userErrors { field code message } } }"#,
    ),
];
