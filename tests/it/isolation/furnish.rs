//! A store with rows in every table, made through the API, all of whose texts carry the store's marker.

use chrono::TimeDelta;
use emporia::billing::model::{InvoiceStatus, NewInvoice};
use emporia::billing::service::invoices_put_in_tx;
use emporia::error::Fault;
use emporia::identity::model::NewStaff;
use emporia::identity::outside::Membership;
use emporia::identity::service::{membership_put, password_set_by_operator, password_token_show, staff_create};
use emporia::ids::GidNamespace;
use emporia::job::{NewSchedule, schedule_in_tx};
use emporia::money::Currency;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::names::{Names, filled};
use crate::support::{STAFF_PASSWORD as PASSWORD, Store, TestApp};

pub struct Furnished {
    pub store: Store,
    pub names: Names,
}

/// Furnishes a new store. `handle` is the word by which strangers know it; its marker is `<handle>secret`. There are
/// two of everything that can be made: `product1` and `product2`. On the heap, as each of its steps is: a test's stack is small,
/// and a request's needs most of it.
pub fn furnish<'a>(app: &'a TestApp, handle: &'a str) -> LocalBoxFuture<'a, Furnished> {
    Box::pin(furnished(app, handle))
}

async fn furnished(app: &TestApp, handle: &str) -> Furnished {
    let marker = format!("{handle}secret");
    let store = app.store(&marker).await;
    let mut names = Names::default();
    names.set("handle", handle);
    names.set("marker", &marker);
    names.set("shop", format!("gid://emporia/Shop/{}", store.tenant));
    names.set("tenant", format!("gid://emporia/Tenant/{}", store.tenant));
    names.set("market", format!("gid://emporia/Market/{}", store.tenant));
    let mut it = Furnished { store, names };
    it.made(app, "{ locations(first: 1) { nodes { id } } }", &[("location", "/nodes/0/id")]).await;
    for n in ["1", "2"] {
        Box::pin(it.catalogue(app, n)).await;
        Box::pin(it.settings(app, n)).await;
        Box::pin(it.documents(app, n)).await;
        Box::pin(it.keys(app, n)).await;
        Box::pin(it.staff(app, n)).await;
        Box::pin(it.shoppers(app, n)).await;
        Box::pin(it.sales(app, n)).await;
        Box::pin(it.invoices(app, n)).await;
    }
    emporia::worker::drain(&app.app).await.expect("the worker's work");
    Box::pin(it.trail(app)).await;
    it
}

impl Furnished {
    /// Runs a document of one root field with this store's things; answers that field.
    async fn run(&self, app: &TestApp, document: &str) -> Value {
        let document = filled(document, &self.names, &self.names);
        let mut data = app.gql(&self.store.secret, &document, json!({})).await;
        data.as_object_mut().and_then(|data| data.values_mut().next()).expect("a field").take()
    }

    /// Runs a document that must succeed; remembers ids of the answer under these names.
    async fn made(&mut self, app: &TestApp, document: &str, keep: &[(&str, &str)]) {
        let payload = self.run(app, document).await;
        let refused = payload["userErrors"].as_array().is_some_and(|errors| !errors.is_empty());
        assert!(!refused, "{document}\n{payload:#}");
        for (name, pointer) in keep {
            let id = payload.pointer(pointer).and_then(Value::as_str);
            self.names.set(*name, id.unwrap_or_else(|| panic!("no {pointer} in {payload:#}")));
        }
    }

    /// Like [`Self::made`], with a number for `#` in the document and in the names.
    async fn numbered(&mut self, app: &TestApp, n: &str, document: &str, keep: &[(&str, &str)]) {
        let keep: Vec<_> = keep.iter().map(|(name, pointer)| (name.replace('#', n), *pointer)).collect();
        let keep: Vec<_> = keep.iter().map(|(name, pointer)| (name.as_str(), *pointer)).collect();
        self.made(app, &document.replace('#', n), &keep).await;
    }

    async fn catalogue(&mut self, app: &TestApp, n: &str) {
        let ids = [
            ("product#", "/product/id"),
            ("variant#", "/product/variants/nodes/0/id"),
            ("item#", "/product/variants/nodes/0/inventoryItem/id"),
            ("option#", "/product/options/0/id"),
            ("value#", "/product/options/0/optionValues/0/id"),
            ("image#", "/product/media/nodes/0/id"),
        ];
        self.numbered(app, n, PRODUCT, &ids).await;
        let collection = r#"mutation { collectionCreate(input: { title: "<marker> #", handle: "<handle>-#" }) {
            collection { id } userErrors { message } } }"#;
        self.numbered(app, n, collection, &[("collection#", "/collection/id")]).await;
        let added = r#"mutation { collectionAddProducts(id: "<collection#>", productIds: ["<product#>"]) {
            userErrors { message } } }"#;
        self.numbered(app, n, added, &[]).await;
    }

    async fn settings(&mut self, app: &TestApp, n: &str) {
        let page = r#"mutation { pageCreate(page: { title: "<handle> <marker> #", handle: "<handle>-#",
            body: "<marker>", isPublished: true }) { page { id } userErrors { message } } }"#;
        self.numbered(app, n, page, &[("page#", "/page/id")]).await;
        let menu = r#"mutation { menuCreate(title: "<marker>", handle: "<handle>-#", items: [
            { title: "<marker>", type: PAGE, resourceId: "<page#>" }]) {
            menu { id items { id } } userErrors { message } } }"#;
        self.numbered(app, n, menu, &[("menu#", "/menu/id"), ("menuItem#", "/menu/items/0/id")]).await;
        let profile = r#"mutation { deliveryProfileCreate(profile: { name: "<marker>", zones: [
            { name: "<marker>", countries: [{ code: DE }], methodDefinitions: [
                { name: "<marker>", rateDefinition: { price: { amount: "4.90", currencyCode: EUR } } }] }] }) {
            profile { id zones { id methodDefinitions { id } } } userErrors { message } } }"#;
        let ids = [
            ("profile#", "/profile/id"),
            ("zone#", "/profile/zones/0/id"),
            ("rate#", "/profile/zones/0/methodDefinitions/0/id"),
        ];
        self.numbered(app, n, profile, &ids).await;
        // Nobody listens there: the attempt fails and stays in the log.
        let webhook = r#"mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
            webhookSubscription: { uri: "http://127.0.0.1:9/<marker>" }) {
            webhookSubscription { id } userErrors { message } } }"#;
        self.numbered(app, n, webhook, &[("webhook#", "/webhookSubscription/id")]).await;
    }

    /// A document that storefronts send by its id.
    async fn documents(&mut self, app: &TestApp, n: &str) {
        let document = r#"mutation { trustedDocumentsAdd(documents: [{ text: "query <marker># { shop { name } }" }]) {
            trustedDocuments { id documentId } userErrors { message } } }"#;
        let ids = [("trusted#", "/trustedDocuments/0/id"), ("document#", "/trustedDocuments/0/documentId")];
        self.numbered(app, n, document, &ids).await;
    }

    /// A further key, a role, a domain, and that operators may look.
    async fn keys(&mut self, app: &TestApp, n: &str) {
        let domain = r#"mutation { domainCreate(host: "<handle>-#.<marker>.example") {
            domain { id } userErrors { message } } }"#;
        self.numbered(app, n, domain, &[("domain#", "/domain/id")]).await;
        let claimed = r#"mutation { domainCreate(host: "<handle>-#.example") { userErrors { message } } }"#;
        self.numbered(app, n, claimed, &[]).await;
        let key = r#"mutation { apiKeyCreate(input: { kind: SECRET, name: "<marker>", accessScopes: ["read_orders"] }) {
            apiKey { id } userErrors { message } } }"#;
        self.numbered(app, n, key, &[("apiKey#", "/apiKey/id")]).await;
        let role = r#"mutation { roleCreate(input: { handle: "<handle>-#", name: "<marker>", accessScopes: ["read_orders"] }) {
            role { id } userErrors { message } } }"#;
        self.numbered(app, n, role, &[("role#", "/role/id")]).await;
        let support = r#"mutation { supportAccessGrant(input: { reason: "<marker>" }) {
            supportAccess { id } userErrors { message } } }"#;
        self.numbered(app, n, support, &[("support#", "/supportAccess/id")]).await;
    }

    /// A member who is signed in, a token by which a password can be chosen, and a member who signs in elsewhere.
    async fn staff(&mut self, app: &TestApp, n: &str) {
        let db = app.app.db.tenant(self.store.tenant);
        let email = format!("{}-{n}@shop.example", self.names.get("handle"));
        let (name, role) = (self.names.get("marker").to_owned(), "owner".to_owned());
        let new = NewStaff { email: email.clone(), name, role };
        let member = staff_create(&app.app, &db, &new).await.expect("a member");
        password_set_by_operator(&app.app, &db, member.id, PASSWORD).await.expect("a password");
        let token = password_token_show(&app.app, &db, member.id).await.expect("a token");
        self.names.set(format!("token{n}"), token.reveal());
        self.names.set(format!("staff{n} email"), email);
        let sign_in = r#"mutation { staffSignIn(input: {
            email: "<staff# email>", password: "correct horse battery", deviceName: "<marker>" }) {
            staffMember { id } staffAccessToken { refreshToken sessionId } userErrors { message } } }"#;
        let ids = [
            ("staff#", "/staffMember/id"),
            ("session#", "/staffAccessToken/sessionId"),
            ("refresh#", "/staffAccessToken/refreshToken"),
        ];
        self.numbered(app, n, sign_in, &ids).await;
        let elsewhere = Membership {
            organization: "org_1".to_owned(),
            subject: format!("user_{n}"),
            id: format!("orgmem_{n}"),
            email: format!("{}-elsewhere-{n}@shop.example", self.names.get("handle")),
            name: self.names.get("marker").to_owned(),
            role: "viewer".to_owned(),
            changed_at: app.app.clock.now(),
            has_ended: false,
        };
        let is_new = membership_put(&app.app, &db, "https://login.example", &elsewhere).await;
        assert!(is_new.expect("a membership"));
        // Who may less than everything, with something that holds for them alone.
        let clerk = r#"mutation { staffInvite(input: { email: "clerk-#-<handle>@shop.example", name: "<marker>",
            role: "editor" }) { staffMember { id } userErrors { message } } }"#;
        self.numbered(app, n, clerk, &[("clerk#", "/staffMember/id")]).await;
        let overrides = r#"mutation { staffPermissionOverridesSet(id: "<clerk#>", overrides: [
            { permission: "write_collections", effect: DENY, objectId: "<collection#>" }]) {
            userErrors { message } } }"#;
        self.numbered(app, n, overrides, &[]).await;
    }

    /// A customer with an address who has forgotten their password and would like to have another e-mail address, and
    /// somebody who has signed up.
    async fn shoppers(&mut self, app: &TestApp, n: &str) {
        let email = format!("{}{n}@example.com", self.names.get("handle"));
        for (name, email) in [("customer", email.clone()), ("signup", format!("new-{email}"))] {
            let asked = SIGN_UP.replace('#', &email);
            assert_eq!(self.run(app, &asked).await["customerUserErrors"][0]["code"], "CUSTOMER_DISABLED");
            let proof = app.proof(&email).await;
            self.names.set(format!("{name}{n} email"), email);
            self.names.set(format!("{name}{n}"), proof.id);
            self.names.set(format!("{name}{n} token"), proof.token);
        }
        let token = [("customer# token", "/customerAccessToken/accessToken")];
        self.numbered(app, n, ACTIVATE, &token).await;
        let address = [("customer# address", "/customerAddress/id")];
        self.numbered(app, n, ADDRESS, &address).await;
        let tied = [("tied#", "/cart/id"), ("tied# address", "/cart/delivery/addresses/0/id")];
        self.numbered(app, n, TIED, &tied).await;
        let noted = r#"mutation { customerUpdate(input: { id: "<customer#>", note: "<marker>", tags: ["<marker>"] }) {
            userErrors { message } } }"#;
        self.numbered(app, n, noted, &[]).await;
        let moving = r#"mutation { customerUpdate(customerAccessToken: "<customer# token>",
            customer: { email: "moved-<customer# email>" }) { userErrors { message } } }"#;
        self.numbered(app, n, moving, &[]).await;
        let forgotten = r#"mutation { customerRecover(email: "<customer# email>") { userErrors { message } } }"#;
        self.numbered(app, n, forgotten, &[]).await;
        let reset = app.proof(&email).await.token;
        self.names.set(format!("customer{n} reset"), reset);
    }

    /// An open cart, an order that waits, one that is paid and half sent, and a payment of which nobody knows.
    async fn sales(&mut self, app: &TestApp, n: &str) {
        let ids = [
            ("cart#", "/cart/id"),
            ("line#", "/cart/lines/nodes/0/id"),
            ("address#", "/cart/delivery/addresses/0/id"),
            ("group#", "/cart/deliveryGroups/nodes/0/id"),
            ("choice#", "/cart/deliveryGroups/nodes/0/deliveryOptions/0/handle"),
        ];
        self.numbered(app, n, CART, &ids).await;
        for order in ["pending", "order"] {
            self.numbered(app, n, CART, &[("sold#", "/cart/id")]).await;
            let ids = [
                ("#", "/order/id"),
                ("# token", "/orderToken"),
                ("# line", "/order/lineItems/nodes/0/id"),
                ("# parts", "/order/fulfillmentOrders/nodes/0/id"),
                ("# part", "/order/fulfillmentOrders/nodes/0/lineItems/nodes/0/id"),
            ];
            let ids = ids.map(|(name, pointer)| (format!("{order}{name}"), pointer));
            let ids = ids.each_ref().map(|(name, pointer)| (name.as_str(), *pointer));
            self.numbered(app, n, COMPLETE, &ids).await;
        }
        let paid = r#"mutation { orderMarkAsPaid(input: { id: "<order#>" }) { userErrors { message } } }"#;
        self.numbered(app, n, paid, &[]).await;
        let sent = r#"mutation { fulfillmentCreate(fulfillment: { lineItemsByFulfillmentOrder: [{
            fulfillmentOrderId: "<order# parts>", fulfillmentOrderLineItems: [{ id: "<order# part>", quantity: 1 }] }],
            trackingInfo: { company: "<marker>", number: "<marker>" } }) { userErrors { message } } }"#;
        self.numbered(app, n, sent, &[]).await;
        self.numbered(app, n, CART, &[("unknown#", "/cart/id")]).await;
        let asked = format!(
            r#"mutation {{ checkoutComplete(cartId: "<unknown{n}>", payment: {{ gateway: "bogus", token: "timeout" }})
                @idempotent(key: "<handle>") {{ userErrors {{ code }} }} }}"#
        );
        assert_eq!(self.run(app, &asked).await["userErrors"][0]["code"], "PAYMENT_PENDING");
    }

    /// What Stripe has billed.
    async fn invoices(&mut self, app: &TestApp, n: &str) {
        let later = TimeDelta::seconds(n.parse().expect("a number"));
        let (now, marker) = (app.app.clock.now() + later, self.names.get("marker").to_owned());
        let invoice = NewInvoice {
            stripe_invoice_id: format!("in_{marker}_{n}"),
            number: Some(format!("{marker}-{n}")),
            status: InvoiceStatus::Open,
            currency: Currency::EUR,
            total_minor: 2900,
            due_minor: 2900,
            paid_minor: 0,
            hosted_url: Some(format!("https://invoice.example/{marker}")),
            pdf_url: None,
            period_start: now,
            period_end: now,
            created_at: now,
            is_for_fees: false,
        };
        let db = app.app.db.tenant(self.store.tenant);
        let put: Result<_, Fault> =
            db.write(async |tx| invoices_put_in_tx(tx, &app.app, std::slice::from_ref(&invoice)).await).await;
        put.expect("an invoice");
        let last = r#"{ invoices(last: 1) { nodes { id } } }"#;
        self.numbered(app, n, last, &[("invoice#", "/nodes/0/id")]).await;
    }

    /// What the worker left, and two places in every list.
    async fn trail(&mut self, app: &TestApp) {
        let delivery = r#"{ webhookDeliveries(first: 1) { nodes { id } } }"#;
        self.made(app, delivery, &[("delivery", "/nodes/0/id")]).await;
        // The invitations' mails.
        let jobs = r#"{ jobs(first: 2) { nodes { id } } }"#;
        self.made(app, jobs, &[("job1", "/nodes/0/id"), ("job2", "/nodes/1/id")]).await;
        let db = app.app.db.tenant(self.store.tenant);
        let nightly =
            NewSchedule { name: self.names.get("marker"), cron: "30 3 * * *", job: emporia::plan::job::Publish {} };
        let now = app.app.clock.now();
        let scheduled = async |tx: &mut emporia::db::TenantTx<'_>| {
            Ok::<_, Fault>(schedule_in_tx(tx, now, &app.app.entropy, &nightly).await?)
        };
        db.write(scheduled).await.expect("a schedule");
        let postings = r#"{ ledgerPostings(first: 2) { nodes { id } } }"#;
        self.made(app, postings, &[("posting1", "/nodes/0/id"), ("posting2", "/nodes/1/id")]).await;
        for list in LISTS {
            let query = if list == "search" { r#", query: "<handle>""# } else { "" };
            for (end, cursor, name) in [("first", "endCursor", "cursor"), ("last", "startCursor", "last cursor")] {
                let document = format!("{{ {list}({end}: 1{query}) {{ pageInfo {{ {cursor} }} }} }}");
                self.made(app, &document, &[(&format!("{list} {name}"), &format!("/pageInfo/{cursor}"))]).await;
            }
        }
        let first: Result<_, Fault> = (app.app.db.tenant(self.store.tenant))
            .read(async |conn| Ok(emporia::events::store::events_after(conn, 0, 1).await?.events))
            .await;
        let first = first.expect("the log").pop().expect("an event");
        self.names.set("event", GidNamespace::Emporia.encode("OrderChange", first.id));
    }
}

/// The root fields whose first and last place are remembered, as `products cursor` and `products last cursor`.
const LISTS: [&str; 20] = [
    "apiKeys",
    "collections",
    "customers",
    "deliveryProfiles",
    "domains",
    "invoices",
    "jobs",
    "ledgerPostings",
    "locations",
    "orders",
    "pages",
    "products",
    "roles",
    "search",
    "staffMembers",
    "staffSessions",
    "supportAccesses",
    "trustedDocuments",
    "webhookDeliveries",
    "webhookSubscriptions",
];

const PRODUCT: &str = r#"mutation { productSet(synchronous: true, input: {
    title: "<handle> <marker> #", handle: "<handle>-#", descriptionHtml: "<marker>", vendor: "<marker>",
    productType: "<marker>", tags: ["<marker>"], status: ACTIVE,
    files: [{ originalSource: "https://cdn.test/<marker>.jpg", alt: "<marker>" }],
    productOptions: [{ name: "<marker>", values: [{ name: "<marker>" }] }],
    variants: [{ optionValues: [{ optionName: "<marker>", name: "<marker>" }], price: "10.00", sku: "<marker>-#",
        inventoryQuantities: [{ locationId: "<location>", name: "available", quantity: 50 }] }] }) {
    product { id options { id optionValues { id } } media(first: 1) { nodes { id } }
        variants(first: 1) { nodes { id inventoryItem { id } } } }
    userErrors { field message } } }"#;

const SIGN_UP: &str = r##"mutation { customerCreate(input: { email: "#", password: "correct horse",
    firstName: "<marker>" }) { customerUserErrors { code } } }"##;

const ACTIVATE: &str = r#"mutation { customerActivate(id: "<customer#>", input: { activationToken: "<customer# token>",
    password: "correct horse" }) { customerAccessToken { accessToken } userErrors { message } } }"#;

const ADDRESS: &str = r#"mutation { customerAddressCreate(customerAccessToken: "<customer# token>", address: {
    firstName: "<marker>", city: "<marker>", country: "DE" }) { customerAddress { id } userErrors { message } } }"#;

const TIED: &str = r#"mutation { cartCreate(input: { buyerIdentity: { customerAccessToken: "<customer# token>" },
    delivery: { addresses: [{ address: { copyFromCustomerAddressId: "<customer# address>" } }] } }) {
    cart { id delivery { addresses { id } } } userErrors { field message } } }"#;

const CART: &str = r#"mutation { cartCreate(input: { note: "<marker>", attributes: [{ key: "k", value: "<marker>" }],
    buyerIdentity: { email: "<handle>@example.com", countryCode: DE },
    delivery: { addresses: [{ selected: true, address: { deliveryAddress: { firstName: "<marker>",
        lastName: "<marker>", address1: "<marker>", zip: "10115", city: "<marker>", countryCode: DE } } }] },
    lines: [{ merchandiseId: "<variant#>", quantity: 2 }] }) {
    cart { id lines(first: 1) { nodes { id } } delivery { addresses { id } }
        deliveryGroups(first: 1) { nodes { id deliveryOptions { handle } } } }
    userErrors { field message } } }"#;

const COMPLETE: &str = r#"mutation { checkoutComplete(cartId: "<sold#>", payment: { gateway: "manual" })
    @idempotent(key: "<handle>") {
    order { id lineItems(first: 1) { nodes { id } }
        fulfillmentOrders(first: 1) { nodes { id lineItems(first: 1) { nodes { id } } } } }
    orderToken userErrors { field message } } }"#;
