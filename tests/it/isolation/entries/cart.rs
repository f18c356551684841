//! Carts: whoever has the id has the cart, in its own store.

use super::{Entry, blind, marked, telling};

pub const READS: &[Entry] = &[marked(
    r#"{ cart(id: "<cart1>") { note attribute(key: "k") { value } buyerIdentity { email }
        delivery { addresses { address { ... on CartDeliveryAddress { city } } } }
        lines(first: 5) { nodes { merchandise { ... on ProductVariant { product { title } } } } } } }"#,
)];

const NO_COMPANIES: &str = "there are no companies yet";
const NO_PARENTS: &str = "lines cannot belong to lines";
const NO_PLANS: &str = "there are no selling plans";
const NO_METAFIELDS: &str = "carts keep none yet";

pub const WRITES: &[Entry] = &[
    marked(
        r#"mutation { cartCreate(input: { lines: [{ merchandiseId: "<variant2>" }] }) {
            cart { lines(first: 5) { nodes { merchandise { ... on ProductVariant { product { title } } } } } }
            userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartCreate(input: { buyerIdentity: { customerAccessToken: "<customer1 token>" } }) {
            cart { buyerIdentity { email customer { firstName } } } userErrors { field code message } } }"#,
    ),
    blind(
        NO_COMPANIES,
        r#"mutation { cartCreate(input: { buyerIdentity: { companyLocationId: "<location>" } }) {
            cart { buyerIdentity { purchasingCompany { company { name } } } } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartCreate(input: { buyerIdentity: { customerAccessToken: "<own customer1 token>" },
            delivery: { addresses: [{ address: { copyFromCustomerAddressId: "<customer1 address>" } }] } }) {
            cart { delivery { addresses { address { ... on CartDeliveryAddress { city } } } } }
            userErrors { field code message } } }"#,
    ),
    blind(
        NO_PARENTS,
        r#"mutation { cartCreate(input: { lines: [{ merchandiseId: "<own variant2>", parent: {
            lineId: "<line1>", merchandiseId: "<variant1>" } }] }) {
            cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    blind(
        NO_PLANS,
        r#"mutation { cartCreate(input: { lines: [{ merchandiseId: "<own variant2>", sellingPlanId: "<rate1>" }] }) {
            cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesAdd(cartId: "<cart1>", lines: [{ merchandiseId: "<own variant2>" }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesAdd(cartId: "<own cart1>", lines: [{ merchandiseId: "<variant2>" }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    blind(
        NO_PARENTS,
        r#"mutation { cartLinesAdd(cartId: "<own cart1>", lines: [{ merchandiseId: "<own variant2>", parent: {
            lineId: "<line1>", merchandiseId: "<variant1>" } }]) {
            cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    blind(
        NO_PLANS,
        r#"mutation { cartLinesAdd(cartId: "<own cart1>", lines: [{ merchandiseId: "<own variant2>",
            sellingPlanId: "<rate1>" }]) { cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesUpdate(cartId: "<cart1>", lines: [{ id: "<line1>", quantity: 3 }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesUpdate(cartId: "<own cart1>", lines: [{ id: "<line1>", quantity: 4 }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesUpdate(cartId: "<own cart2>", lines: [{ id: "<own line2>",
            merchandiseId: "<variant1>" }]) { cart { note } userErrors { field code message } } }"#,
    ),
    blind(
        NO_PLANS,
        r#"mutation { cartLinesUpdate(cartId: "<own cart1>", lines: [{ id: "<own line1>",
            sellingPlanId: "<rate1>" }]) { cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartAttributesUpdate(cartId: "<cart1>", attributes: []) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartNoteUpdate(cartId: "<cart1>", note: "none") {
            cart { lines(first: 5) { nodes { merchandise { ... on ProductVariant { product { title } } } } } }
            userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartBuyerIdentityUpdate(cartId: "<cart2>", buyerIdentity: { phone: "+49 30 1" }) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartBuyerIdentityUpdate(cartId: "<own cart2>", buyerIdentity: {
            customerAccessToken: "<customer1 token>" }) {
            cart { buyerIdentity { customer { firstName } } } userErrors { field code message } } }"#,
    ),
    blind(
        NO_COMPANIES,
        r#"mutation { cartBuyerIdentityUpdate(cartId: "<own cart2>", buyerIdentity: {
            companyLocationId: "<location>" }) { cart { totalQuantity } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesAdd(cartId: "<cart2>", addresses: [{ address: { deliveryAddress: {
            countryCode: FR } } }]) { cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesAdd(cartId: "<own tied1>", addresses: [{ address: {
            copyFromCustomerAddressId: "<customer1 address>" } }]) {
            cart { delivery { addresses { address { ... on CartDeliveryAddress { city } } } } } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesUpdate(cartId: "<cart2>", addresses: [{ id: "<address2>",
            oneTimeUse: true }]) { cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesUpdate(cartId: "<own cart2>", addresses: [{ id: "<address2>",
            oneTimeUse: false }]) { cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesUpdate(cartId: "<own tied1>", addresses: [{ id: "<own tied1 address>",
            address: { copyFromCustomerAddressId: "<customer1 address>" } }]) {
            cart { delivery { addresses { address { ... on CartDeliveryAddress { city } } } } } userErrors { field code message } } }"#,
    ),
    telling(
        "4.9",
        r#"mutation { cartSelectedDeliveryOptionsUpdate(cartId: "<cart2>", selectedDeliveryOptions: [
            { deliveryGroupId: "<group2>", deliveryOptionHandle: "<choice2>" }]) {
            cart { cost { totalAmount { amount } } deliveryGroups(first: 1) { nodes {
                selectedDeliveryOption { title estimatedCost { amount } } } } }
            userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartSelectedDeliveryOptionsUpdate(cartId: "<own cart2>", selectedDeliveryOptions: [
            { deliveryGroupId: "<group2>", deliveryOptionHandle: "<own choice2>" }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartSelectedDeliveryOptionsUpdate(cartId: "<own cart2>", selectedDeliveryOptions: [
            { deliveryGroupId: "<own group2>", deliveryOptionHandle: "<choice2>" }]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDiscountCodesUpdate(cartId: "<cart2>", discountCodes: ["x"]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartGiftCardCodesUpdate(cartId: "<cart2>", giftCardCodes: []) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartGiftCardCodesAdd(cartId: "<cart2>", giftCardCodes: []) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartGiftCardCodesRemove(cartId: "<cart2>", appliedGiftCardIds: []) {
            cart { note } userErrors { field code message } } }"#,
    ),
    blind(
        "there are no gift cards yet",
        r#"mutation { cartGiftCardCodesRemove(cartId: "<own cart2>", appliedGiftCardIds: ["<line2>"]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    blind(
        NO_METAFIELDS,
        r#"mutation { cartMetafieldsSet(metafields: [{ ownerId: "<cart2>", key: "k", type: "t", value: "v" }]) {
            metafields { value } userErrors { field code message } } }"#,
    ),
    blind(
        NO_METAFIELDS,
        r#"mutation { cartMetafieldDelete(input: { ownerId: "<cart2>", key: "k" }) {
            deletedId userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesRemove(cartId: "<own cart2>", addressIds: ["<address2>"]) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesRemove(cartId: "<cart2>", addressIds: []) {
            cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesReplace(cartId: "<cart2>", addresses: [{ selected: true, address: {
            deliveryAddress: { city: "Jena", zip: "07743", address1: "Markt 1", lastName: "Lovelace",
            countryCode: DE } } }]) { cart { note } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartDeliveryAddressesReplace(cartId: "<own tied1>", addresses: [{ address: {
            copyFromCustomerAddressId: "<customer1 address>" } }]) {
            cart { delivery { addresses { address { ... on CartDeliveryAddress { city } } } } } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesRemove(cartId: "<own cart1>", lineIds: ["<line1>"]) {
            cart { lines(first: 5) { nodes { merchandise { ... on ProductVariant { product { title } } } } } }
            userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { cartLinesRemove(cartId: "<cart1>", lineIds: []) {
            cart { lines(first: 5) { nodes { merchandise { ... on ProductVariant { product { title } } } } } }
            userErrors { field code message } } }"#,
    ),
];
