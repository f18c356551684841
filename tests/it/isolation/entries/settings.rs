//! The shop itself, delivery profiles, webhooks.

use super::{Entry, blind, marked, telling};

const OF_THE_PLATFORM: &str = "plans are the platform's: nothing of a shop's names one";
const NO_PAYMENTS: &str = "this service takes no payments, and nothing names another shop's";

pub const READS: &[Entry] = &[
    marked("{ shop { id name primaryDomain { host } } }"),
    telling("<market>", "{ localization { market { id handle } country { name } } }"),
    telling("<location>", "{ locations(first: 50) { nodes { id name } } }"),
    blind("there is one", r#"{ locations(first: 50, after: "<locations cursor>") { nodes { id } } }"#),
    blind("there is one", r#"{ locations(last: 50, before: "<locations last cursor>") { nodes { id } } }"#),
    blind("both shops are in one country", "{ paymentSettings { countryCode currencyCode cardVaultUrl } }"),
    blind("says nothing of a shop", "{ publicApiVersions { handle } }"),
    marked(r#"{ deliveryProfile(id: "<profile1>") { name zones { name methodDefinitions { name } } } }"#),
    marked("{ deliveryProfiles(first: 50) { nodes { name } } }"),
    marked(r#"{ deliveryProfiles(first: 50, after: "<deliveryProfiles cursor>") { nodes { name } } }"#),
    marked(r#"{ deliveryProfiles(last: 50, before: "<deliveryProfiles last cursor>") { nodes { name } } }"#),
    marked(r#"{ webhookSubscription(id: "<webhook1>") { uri } }"#),
    marked("{ webhookSubscriptions(first: 50, topics: [ORDERS_CREATE]) { nodes { uri } } }"),
    marked(r#"{ webhookSubscriptions(first: 50, after: "<webhookSubscriptions cursor>") { nodes { uri } } }"#),
    marked(r#"{ webhookSubscriptions(last: 50, before: "<webhookSubscriptions last cursor>") { nodes { uri } } }"#),
    marked("{ trustedDocuments(first: 50) { nodes { documentId name text } } }"),
    marked(r#"{ trustedDocuments(first: 50, after: "<trustedDocuments cursor>") { nodes { text } } }"#),
    marked(r#"{ trustedDocuments(last: 50, before: "<trustedDocuments last cursor>") { nodes { text } } }"#),
    marked("{ webhookDeliveries(first: 50) { nodes { body attempts { error } subscription { uri } } } }"),
    marked(r#"{ webhookDeliveries(first: 50, subscriptionId: "<webhook1>") { nodes { body } } }"#),
    marked(r#"{ webhookDeliveries(first: 50, after: "<webhookDeliveries cursor>") { nodes { body } } }"#),
    marked(r#"{ webhookDeliveries(last: 50, before: "<webhookDeliveries last cursor>") { nodes { body } } }"#),
    telling("<job1>", "{ jobs(first: 50) { nodes { id kind lastError } } }"),
    telling("<job1>", r#"{ job(id: "<job1>") { id kind status } }"#),
    telling("<job2>", r#"{ jobs(first: 50, after: "<jobs cursor>") { nodes { id } } }"#),
    telling("<job1>", r#"{ jobs(last: 50, before: "<jobs last cursor>") { nodes { id } } }"#),
    marked("{ jobSchedules { name kind cron nextRunAt lastRunAt } }"),
    marked("{ emailPreview(template: CUSTOMER_PASSWORD_RESET) { subject senderName replyTo text html } }"),
    marked("{ tenantSettings { name description email storefrontUrl allowedOrigins trustedDocumentsRequired } }"),
    marked("{ domains(first: 50) { nodes { host txtRecord { name value } } } }"),
    marked(r#"{ domains(first: 50, after: "<domains cursor>") { nodes { host } } }"#),
    marked(r#"{ domains(last: 50, before: "<domains last cursor>") { nodes { host } } }"#),
    marked("{ apiKeys(first: 50) { nodes { name lastFour accessScopes { handle } } } }"),
    marked(r#"{ apiKeys(first: 50, after: "<apiKeys cursor>") { nodes { name } } }"#),
    marked(r#"{ apiKeys(last: 50, before: "<apiKeys last cursor>") { nodes { name } } }"#),
    marked(r#"{ apiKey(id: "<apiKey1>") { name lastFour expiresAt lastUsedAt } }"#),
    marked("{ roles(first: 50) { nodes { handle name inherits { name } } } }"),
    marked(r#"{ roles(first: 50, after: "<roles cursor>") { nodes { name } } }"#),
    marked(r#"{ roles(last: 50, before: "<roles last cursor>") { nodes { name } } }"#),
    marked(r#"{ role(id: "<role1>") { handle name accessScopes { handle } } }"#),
    blind("every shop has the same to choose from", "{ plans { handle name } }"),
    blind("both shops are on one plan", "{ currentPlan { status features limits { name max } pending { since } } }"),
    blind(
        "both shops are on one plan, and nothing was sold then",
        r#"{ usage(period: "2026-05") { period counts { name used max } fees { total { amount } } } }"#,
    ),
    telling("<posting1>", "{ ledgerPostings(first: 50) { nodes { id kind amount { amount } order { id note } } } }"),
    telling("<posting2>", r#"{ ledgerPostings(first: 50, after: "<ledgerPostings cursor>") { nodes { id } } }"#),
    telling("<posting1>", r#"{ ledgerPostings(last: 50, before: "<ledgerPostings last cursor>") { nodes { id } } }"#),
    blind(OF_THE_PLATFORM, r#"{ planChangePreview(planId: "<product1>") { isRefused } }"#),
    marked("{ invoices(first: 50) { nodes { id number hostedUrl } } }"),
    marked(r#"{ invoices(first: 50, after: "<invoices cursor>") { nodes { id number } } }"#),
    marked(r#"{ invoices(last: 50, before: "<invoices last cursor>") { nodes { id number } } }"#),
    blind("says what the sender has", r#"{ viewer { kind explain(scope: "read_orders") { allowed } } }"#),
    blind("says nothing of a shop", "{ accessScopes { handle } }"),
];

pub const WRITES: &[Entry] = &[
    blind(
        OF_THE_PLATFORM,
        r#"mutation { planChange(planId: "<product1>") {
            currentPlan { status } userErrors { field code message } } }"#,
    ),
    blind(
        OF_THE_PLATFORM,
        r#"mutation { subscriptionCreate(planId: "<product1>", returnUrl: "https://a.example") {
            confirmationUrl userErrors { field code message } } }"#,
    ),
    blind(NO_PAYMENTS, "mutation { subscriptionCancel { currentPlan { status } userErrors { field code message } } }"),
    blind(NO_PAYMENTS, "mutation { subscriptionResume { currentPlan { status } userErrors { field code message } } }"),
    blind(
        NO_PAYMENTS,
        r#"mutation { billingPortalSessionCreate(returnUrl: "https://a.example") {
            url userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { deliveryProfileUpdate(id: "<profile1>", profile: {}) {
            profile { name } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { deliveryProfileUpdate(id: "<own profile1>", profile: { zones: [
            { id: "<zone1>", name: "Home", countries: [{ code: DE }], methodDefinitions: [] }] }) {
            profile { name } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { deliveryProfileUpdate(id: "<own profile2>", profile: { zones: [
            { id: "<own zone2>", name: "Home", countries: [{ code: DE }], methodDefinitions: [
                { id: "<rate2>", name: "Post", rateDefinition: { price: { amount: "1", currencyCode: EUR } } }] }] }) {
            profile { name } userErrors { field code message } } }"#,
    ),
    blind(
        "a new profile has no zone of another",
        r#"mutation { deliveryProfileCreate(profile: { name: "Post", zones: [
            { id: "<zone1>", name: "Home", countries: [{ code: DE }], methodDefinitions: [] }] }) {
            profile { name zones { name } } userErrors { field code message } } }"#,
    ),
    blind(
        "a new profile has no rate of another",
        r#"mutation { deliveryProfileCreate(profile: { name: "Post", zones: [
            { name: "Home", countries: [{ code: DE }], methodDefinitions: [
                { id: "<rate1>", name: "Post", rateDefinition: { price: { amount: "1", currencyCode: EUR } } }] }] }) {
            profile { name zones { name } } userErrors { field code message } } }"#,
    ),
    blind(
        "takes no id",
        r#"mutation { webhookSubscriptionCreate(topic: ORDERS_PAID, webhookSubscription: {
            uri: "http://127.0.0.1:9/" }) { webhookSubscription { uri } userErrors { field code message } } }"#,
    ),
    telling(
        r#""id":"<webhook2>""#,
        r#"mutation { webhookSubscriptionUpdate(id: "<webhook2>", webhookSubscription: {
            uri: "http://127.0.0.1:9/" }) { webhookSubscription { id } userErrors { field code message } } }"#,
    ),
    telling(
        r#""subscription":{"id":"<webhook2>"}"#,
        r#"mutation { webhookSubscriptionTest(id: "<webhook2>") {
            webhookDelivery { subscription { id } } userErrors { field code message } } }"#,
    ),
    // It is done: the owner is told so, a stranger is told of no job.
    telling(
        "INVALID_STATE",
        r#"mutation { jobRetry(id: "<job1>") { job { kind } userErrors { field code message } } }"#,
    ),
    telling(
        "INVALID_STATE",
        r#"mutation { jobCancel(id: "<job2>") { job { kind } userErrors { field code message } } }"#,
    ),
    // It is not yet given up: the owner is told so, a stranger is told of no delivery.
    telling(
        "NOT_EXHAUSTED",
        r#"mutation { webhookDeliveryRetry(id: "<delivery>") {
            webhookDelivery { body } userErrors { field code message } } }"#,
    ),
    telling(
        r#""removedDocumentIds":["<document2>"]"#,
        r#"mutation { trustedDocumentsRemove(documentIds: ["<document2>"]) {
            removedDocumentIds userErrors { field code message } } }"#,
    ),
    blind(
        "the text is the sender's, and its id says nothing else",
        r#"mutation { trustedDocumentsAdd(documents: [{ text: "{ __typename }" }]) {
            trustedDocuments { text } userErrors { field code message } } }"#,
    ),
    blind(
        "whose id it is says its text",
        r#"mutation { trustedDocumentsAdd(documents: [{ documentId: "<document1>", text: "{ __typename }" }]) {
            trustedDocuments { text } userErrors { field code message } } }"#,
    ),
    blind(
        "says what the sender has said",
        "mutation { trustedDocumentsRequire(required: false) { required userErrors { field code message } } }",
    ),
    marked(
        r#"mutation { tenantSettingsUpdate(input: { description: "" }) {
            tenantSettings { name } userErrors { field code message } } }"#,
    ),
    marked(
        "mutation { allowedOriginsUpdate(origins: []) { tenantSettings { name } userErrors { field code message } } }",
    ),
    // One who claims it again is told so, a stranger is not told that it is another's.
    telling(
        "TAKEN",
        r#"mutation { domainCreate(host: "<handle>-1.example") {
            domain { verifiedAt } userErrors { field code } } }"#,
    ),
    telling(
        "TXT_RECORD_NOT_FOUND",
        r#"mutation { domainVerify(id: "<domain1>") { domain { host } userErrors { field code } } }"#,
    ),
    telling(
        r#""deletedDomainId":"<domain2>""#,
        r#"mutation { domainDelete(id: "<domain2>") { deletedDomainId userErrors { field code message } } }"#,
    ),
    blind(
        "the name is the sender's",
        r#"mutation { apiKeyCreate(input: { kind: PUBLISHABLE, name: "Spare" }) {
            apiKey { name } userErrors { field code message } } }"#,
    ),
    telling(
        "TAKEN",
        r#"mutation { roleCreate(input: { handle: "<handle>-1", name: "Spare", accessScopes: [] }) {
            role { name } userErrors { field code } } }"#,
    ),
    marked(
        r#"mutation { roleUpdate(id: "<role1>", input: { accessScopes: [] }) {
            role { name } userErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedRoleId":"<role2>""#,
        r#"mutation { roleDelete(id: "<role2>") { deletedRoleId userErrors { field code message } } }"#,
    ),
    telling(
        r#""replaced":{"id":"<apiKey1>"}"#,
        r#"mutation { apiKeyRotate(id: "<apiKey1>") { replaced { id } userErrors { field code message } } }"#,
    ),
    telling(
        r#""apiKey":{"id":"<apiKey2>"}"#,
        r#"mutation { apiKeyRevoke(id: "<apiKey2>") { apiKey { id } userErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedId":"<profile2>""#,
        r#"mutation { deliveryProfileRemove(id: "<profile2>") { deletedId userErrors { field code message } } }"#,
    ),
    telling(
        r#""deletedWebhookSubscriptionId":"<webhook2>""#,
        r#"mutation { webhookSubscriptionDelete(id: "<webhook2>") {
            deletedWebhookSubscriptionId userErrors { field code message } } }"#,
    ),
];
