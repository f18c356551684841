//! The built-in checkout page, as a browser without scripts uses it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use emporia::cart::key::CartKey;
use emporia::db::schema::{product_variants, products, shops};
use emporia::error::Fault;
use emporia::inventory::model::StockChange;
use emporia::inventory::service::adjust_in_tx;
use emporia::tenant::service::tenant_set_suspended;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::forms::{Form, Page, visit};
use crate::support::{Goods, Shopping, TestServer, Uncommitted, admin, eventually, start, waiting};

/// A shop on a real port, with 10 mugs of 10.00 that it delivers within Germany for 4.90.
struct Counter {
    shop: Shopping,
    server: TestServer,
}

impl Counter {
    async fn open() -> Self {
        let shop = Shopping::new().await;
        shop.on_sale(1, 1000, 10).await;
        let server = shop.app.serve().await;
        Self { shop, server }
    }

    /// A cart of so many of these variants, as a storefront makes it; answers its key and where it is checked out.
    async fn cart(&self, lines: &[(&str, i32)]) -> (CartKey, String) {
        let query = "mutation($lines: [CartLineInput!]) {
            cartCreate(input: { lines: $lines }) { cart { id checkoutUrl } userErrors { message } } }";
        let lines: Vec<Value> =
            lines.iter().map(|(id, quantity)| json!({ "merchandiseId": id, "quantity": quantity })).collect();
        let made = self.shop.app.gql(&self.shop.store.publishable, query, json!({ "lines": lines })).await;
        let cart = &made["cartCreate"]["cart"];
        let key = CartKey::parse(cart["id"].as_str().expect("an id")).expect("a key");
        let url = cart["checkoutUrl"].as_str().expect("a URL");
        (key, url.replace("http://127.0.0.1:8000", &self.server.url("")))
    }

    /// A cart with so many mugs, at the last page before there is an order.
    async fn at_payment(&self, quantity: i32) -> Page {
        let (_, url) = self.cart(&[(&mug(), quantity)]).await;
        let delivery = filled(&visit(url).await).submit().await;
        delivery.form().submit().await
    }

    async fn set_stock(&self, delta: i32) {
        let (entropy, location_id) = (self.shop.app.app.entropy.clone(), self.shop.location);
        let change = StockChange { variant_id: crate::support::variant(1), location_id, delta };
        let done: Result<(), Fault> = self
            .shop
            .db
            .write(async |tx| {
                adjust_in_tx(tx, start(), &entropy, "test", "correction", None, &[change]).await.expect("stock");
                Ok(())
            })
            .await;
        done.expect("a correction");
    }
}

fn mug() -> String {
    format!("gid://emporia/ProductVariant/{}", crate::support::variant(1))
}

/// The information form, as Ada fills it in.
fn filled(page: &Page) -> Form {
    let values = [
        ("email", "ada@example.com"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
        ("address1", "Am Markt 1"),
        ("zip", "07743"),
        ("city", "Jena"),
        ("countryCode", "DE"),
    ];
    values.iter().fold(page.form(), |form, (name, value)| form.with(name, value))
}

#[tokio::test]
async fn a_purchase_goes_through_with_forms_alone() {
    let counter = Counter::open().await;
    let (_, url) = counter.cart(&[(&mug(), 2)]).await;
    let first = visit(&url).await;
    assert_eq!(first.status, 200);
    for shown in
        ["Mug 1", "Large", "€20.00", "acme", r#"<option value="DE" selected>Germany</option>"#, r#"<html lang="en">"#]
    {
        assert!(first.text.contains(shown), "{shown}: {}", first.text);
    }
    assert!(!first.text.contains("France"), "not delivered to");

    let delivery = filled(&first).submit().await;
    assert_eq!((delivery.status, delivery.form().get("step")), (200, "delivery"), "{}", delivery.text);
    assert!(delivery.text.contains("Post") && delivery.text.contains("€4.90"));

    let payment = delivery.form().submit().await;
    assert_eq!(payment.form().get("step"), "payment");
    for shown in ["ada@example.com", "Ada Lovelace, Am Markt 1, 07743 Jena, Germany", "€24.90", "Pay later"] {
        assert!(payment.text.contains(shown), "{shown}: {}", payment.text);
    }

    let order = payment.form().submit().await;
    assert_eq!(order.status, 200);
    assert!(order.text.contains("#1001") && order.text.contains("€24.90"), "{}", order.text);
    assert_eq!(visit(order.url.as_str()).await.text, order.text, "it can be looked at again");

    let query = "{ orders(first: 5) { nodes { name email currentTotalPriceSet { shopMoney { amount } }
        shippingAddress { lastName zip countryCodeV2 } displayFinancialStatus } } }";
    let made = counter.shop.app.gql(&counter.shop.store.secret, query, json!({})).await;
    let expected = json!([{
        "name": "#1001", "email": "ada@example.com", "currentTotalPriceSet": { "shopMoney": { "amount": "24.90" } },
        "shippingAddress": { "lastName": "Lovelace", "zip": "07743", "countryCodeV2": "DE" },
        "displayFinancialStatus": "PENDING",
    }]);
    assert_eq!(made["orders"]["nodes"], expected);
    let token = order.url.query().and_then(|query| query.strip_prefix("token=")).expect("a token");
    let query = "query($token: String!) { orderByToken(token: $token) { name } }";
    let found = counter.shop.app.gql(&counter.shop.store.publishable, query, json!({ "token": token })).await;
    assert_eq!(found["orderByToken"]["name"], "#1001");

    let again = visit(&url).await;
    assert_eq!(again.status, 410);
    let link = format!("href=\"order?token={token}\"");
    assert!(again.text.contains(&link), "{}", again.text);
}

#[tokio::test]
async fn each_form_is_answered_by_a_redirect() {
    let counter = Counter::open().await;
    let (key, url) = counter.cart(&[(&mug(), 1)]).await;
    let answer = filled(&visit(&url).await).submit_with(&[]).await;
    let expected = format!("?key={}&step=delivery", key.reveal());
    assert_eq!((answer.status, answer.header("location")), (303, expected.as_str()));
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_input_and_what_was_typed_stays() {
    let counter = Counter::open().await;
    let (_, url) = counter.cart(&[(&mug(), 1)]).await;
    let form = filled(&visit(&url).await).with("email", "ada").with("lastName", "").with("city", "Weimar");
    let answer = form.submit().await;
    assert_eq!(answer.status, 422);
    for (field, message) in [("email", "This is not an email address."), ("lastName", "It is missing.")] {
        let note = format!("<p class=\"note\" id=\"{field}-note\">{message}</p>");
        let described = format!("aria-describedby=\"{field}-note\"");
        assert!(answer.text.contains(&note) && answer.text.contains(&described), "{field}: {}", answer.text);
    }
    assert_eq!((answer.form().get("city"), answer.form().get("email")), ("Weimar", "ada"));
    for (name, value, field) in
        [("countryCode", "", "countryCode"), ("countryCode", "FRANCE", "countryCode"), ("address1", "", "address1")]
    {
        let answer = filled(&visit(&url).await).with(name, value).submit().await;
        assert!(answer.status == 422 && answer.text.contains(&format!("id=\"{field}-note\"")), "{name}={value}");
    }
    let answer = filled(&visit(&url).await).with("countryCode", "FR").submit().await;
    assert!(answer.text.contains("Nothing is delivered to this address"), "{}", answer.text);
    let payment = visit(format!("{url}&step=payment")).await;
    assert!(!payment.text.contains("Place the order"), "a step is not left out");
}

#[tokio::test]
async fn a_storefronts_address_is_where_the_form_starts() {
    let counter = Counter::open().await;
    let key = counter.shop.cart(&[(1, 1)]).await;
    let url = counter.server.url(&format!("/checkout/{}/{}?key={}", counter.shop.store.tenant, key.id, key.reveal()));
    let page = visit(format!("{url}&step=information")).await;
    assert_eq!((page.form().get("lastName"), page.form().get("city")), ("Lovelace", "Jena"));
    assert!(page.text.contains(r#"<option value="DE" selected>"#));
    let delivery = filled(&page).with("address1", "Am Markt 2").submit().await;
    assert!(delivery.text.contains("Am Markt 2") && !delivery.text.contains("Am Markt 1"), "{}", delivery.text);
}

#[tokio::test]
async fn what_needs_no_delivery_asks_for_no_address() {
    let counter = Counter::open().await;
    let song = Goods { requires_shipping: false, ..Goods::new(99) };
    let song = counter.shop.app.shelve(&counter.shop.store, song).await;
    let (_, url) = counter.cart(&[(&song, 1)]).await;
    let page = visit(&url).await;
    assert!(!page.text.contains("lastName") && !page.text.contains("Delivery"), "{}", page.text);
    let payment = page.form().with("email", "ada@example.com").submit().await;
    assert_eq!(payment.form().get("step"), "payment");
    let order = payment.form().submit().await;
    assert!(order.text.contains("#1001") && order.text.contains("€0.99"), "{}", order.text);
}

#[tokio::test]
async fn an_empty_cart_leads_back_to_the_shop() {
    let counter = Counter::open().await;
    let home = shops::storefront_url.eq("https://acme.example/");
    let told: Result<usize, Fault> = counter
        .shop
        .db
        .write(async |tx| {
            Ok(diesel::update(shops::table.filter(shops::tenant_id.eq(tx.tenant()))).set(home).execute(tx).await?)
        })
        .await;
    assert_eq!(told.expect("a page of its own"), 1);
    let page = visit(counter.cart(&[]).await.1).await;
    assert!(page.status == 200 && page.text.contains("Your cart is empty"), "{}", page.text);
    assert!(page.text.contains("<a href=\"https://acme.example/\">Back to the shop</a>"), "{}", page.text);
}

#[tokio::test]
async fn another_shops_cart_or_another_key_leads_nowhere() {
    let counter = Counter::open().await;
    let other = counter.shop.app.store("other").await;
    let (key, url) = counter.cart(&[(&mug(), 1)]).await;
    let own = counter.shop.store.tenant.to_string();
    let form = filled(&visit(&url).await);
    for wrong in [
        url.replace(&own, &other.tenant.to_string()),
        url.replace(&own, &uuid::Uuid::nil().to_string()),
        url.replace(&own, "acme"),
        url.replace(&key.id.to_string(), &own),
        url.replace(&key.id.to_string(), "cart"),
        url.replace(key.reveal(), &"A".repeat(22)),
        url.replace(key.reveal(), ""),
        counter.server.url(&format!("/checkout/{own}/order?token=nothing")),
        counter.server.url(&format!("/checkout/{own}/order")),
    ] {
        let page = visit(&wrong).await;
        assert_eq!((page.status, page.text.contains("Mug 1")), (404, false), "{wrong}");
        let form = Form { action: wrong.parse().expect("a URL"), ..form.clone() };
        let answer = form.submit().await.status;
        assert_eq!(answer, if wrong.contains("/order") { 405 } else { 404 }, "{wrong}");
    }
    let order = counter.at_payment(1).await.form().submit().await;
    assert_eq!(order.status, 200);
    let elsewhere = order.url.as_str().replace(&own, &other.tenant.to_string());
    assert_eq!(visit(elsewhere).await.status, 404);
}

#[tokio::test]
async fn a_suspended_shop_shows_and_takes_nothing() {
    let counter = Counter::open().await;
    let payment = counter.at_payment(1).await;
    let (app, tenant) = (&counter.shop.app.app, counter.shop.store.tenant);
    tenant_set_suspended(&app.db, &*app.clock, &app.resolver, tenant, true).await.expect("suspended");
    let page = visit(payment.url.as_str()).await;
    assert_eq!((page.status, page.text.contains("Mug 1")), (403, false));
    assert_eq!(payment.form().submit().await.status, 403);
    assert_eq!(counter.shop.numbers().await, Vec::<i32>::new());
    tenant_set_suspended(&app.db, &*app.clock, &app.resolver, tenant, false).await.expect("resumed");
    assert_eq!(payment.form().submit().await.status, 200);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_order() {
    let counter = Counter::open().await;
    let form = counter.at_payment(3).await.form();
    let answers = join_all((0..5).map(|_| form.submit())).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.url), (200, &answers[0].url), "{}", answer.text);
        assert!(answer.text.contains("#1001"));
    }
    assert_eq!((counter.shop.numbers().await, counter.shop.stock(1).await), (vec![1001], 7));
    let other_window = form.with("idempotencyKey", "another").submit().await;
    assert_eq!(other_window.status, 410);
    assert_eq!(counter.shop.numbers().await, [1001]);
}

#[tokio::test]
async fn what_is_sold_out_is_said_and_can_be_bought_when_it_is_back() {
    let counter = Counter::open().await;
    let payment = counter.at_payment(3).await;
    counter.set_stock(-8).await;
    let refused = payment.form().submit().await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Only 2 of &quot;Mug 1&quot; left."), "{}", refused.text);
    assert!(refused.text.contains("Only 2 left"), "beside the line: {}", refused.text);
    assert_eq!((counter.shop.numbers().await.len(), counter.shop.stock(1).await), (0, 2));
    counter.set_stock(8).await;
    let order = refused.form().submit().await;
    assert!(order.status == 200 && order.text.contains("#1001"), "{}", order.text);
}

#[tokio::test]
async fn nobody_pays_another_sum_than_the_one_they_saw() {
    let counter = Counter::open().await;
    let payment = counter.at_payment(1).await;
    let dearer: Result<usize, Fault> = counter
        .shop
        .db
        .write(async |tx| {
            let all = product_variants::table.filter(product_variants::tenant_id.eq(tx.tenant()));
            Ok(diesel::update(all).set(product_variants::price_minor.eq(5000)).execute(tx).await?)
        })
        .await;
    assert_eq!(dearer.expect("a price"), 1);
    let again = payment.form().submit().await;
    assert!(again.status == 422 && again.text.contains("The total has changed."), "{}", again.text);
    assert!(again.text.contains("€54.90") && counter.shop.numbers().await.is_empty());
    assert_eq!(again.form().submit().await.status, 200);
}

#[tokio::test]
async fn a_price_that_rises_while_an_order_waits_is_not_paid() {
    let counter = Counter::open().await;
    let form = counter.at_payment(1).await.form();
    let database = &counter.shop.app.db.name;
    let held = Uncommitted::begin(database, "SELECT 1 FROM carts FOR UPDATE").await;
    let dearer = async {
        eventually("the order waits", || waiting(&counter.shop.app)).await;
        let sql = "UPDATE product_variants SET price_minor = 5000";
        diesel::sql_query(sql).execute(&mut admin(database).await).await.expect("a price");
        held.finish_when_waited_for().await;
    };
    let (answer, ()) = join(form.submit(), dearer).await;
    assert!(answer.status == 422 && answer.text.contains("The total has changed."), "{}", answer.text);
    assert!(answer.text.contains("€54.90") && counter.shop.numbers().await.is_empty());
    assert_eq!(answer.form().submit().await.status, 200, "the new total was seen");
}

#[tokio::test]
async fn texts_are_shown_as_texts() {
    const EVIL: &str = "<script>alert('\"1\"')</script>&amp;";
    let counter = Counter::open().await;
    let renamed: Result<(), Fault> = counter
        .shop
        .db
        .write(async |tx| {
            let own = products::table.filter(products::tenant_id.eq(tx.tenant()));
            diesel::update(own).set(products::title.eq(EVIL)).execute(tx).await?;
            let own = shops::table.filter(shops::tenant_id.eq(tx.tenant()));
            let values = (shops::name.eq(EVIL), shops::storefront_url.eq("javascript:alert(1)"));
            diesel::update(own).set(values).execute(tx).await?;
            Ok(())
        })
        .await;
    renamed.expect("new names");
    let (_, url) = counter.cart(&[(&mug(), 1)]).await;
    let first = visit(&url).await;
    let refused = filled(&first).with("city", EVIL).submit().await;
    assert_eq!((refused.status, refused.form().get("city")), (422, EVIL));
    let payment = filled(&first).with("lastName", "\"<b").submit().await.form().submit().await;
    let order = payment.form().submit().await;
    assert!(order.text.contains("#1001"), "{}", order.text);
    for page in [&first, &refused, &payment, &order, &visit(&url).await] {
        assert!(page.text.contains("&lt;script&gt;alert('&quot;1&quot;')&lt;/script&gt;&amp;amp;"), "{}", page.text);
        for raw in ["<script", "<b", "javascript:"] {
            assert!(!page.text.replace("<body", "").replace("<br", "").replace("<button", "").contains(raw), "{raw}");
        }
    }
}

#[tokio::test]
async fn no_page_tells_its_address_or_loads_anything() {
    let counter = Counter::open().await;
    let (_, url) = counter.cart(&[(&mug(), 1)]).await;
    let first = visit(&url).await;
    let redirect = filled(&first).submit_with(&[]).await;
    let wrong = filled(&first).with("email", "").submit_with(&[]).await;
    let order = counter.at_payment(1).await.form().submit().await;
    let nowhere = visit(counter.server.url("/checkout/a/b")).await;
    for page in [&first, &redirect, &wrong, &order, &nowhere] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), value, "{}: {name}", page.url);
        }
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{}: {policy}", page.url);
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        for loading in ["src=", "http://", "https://", "@import", "url("] {
            assert!(!page.text.contains(loading), "{}: {loading}", page.url);
        }
    }
    let style = first.text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, Sha256::digest(style));
    assert!(first.header("content-security-policy").contains(&format!("style-src 'sha256-{hash}'")));
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let counter = Counter::open().await;
    let form = counter.at_payment(1).await.form();
    for foreign in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8000")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(form.submit_with(foreign).await.status, 403, "{foreign:?}");
    }
    assert_eq!(counter.shop.numbers().await, Vec::<i32>::new());
    let own = counter.server.url("");
    let ways: [&[(&'static str, &str)]; 4] = [
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
        &[("origin", &own)],
        &[("origin", "null")],
    ];
    for own in ways {
        assert_eq!(form.submit_with(own).await.status, 303, "{own:?}");
    }
    assert_eq!(counter.shop.numbers().await, [1001]);
}

#[tokio::test]
async fn a_form_has_bounds() {
    let counter = Counter::open().await;
    let (_, url) = counter.cart(&[(&mug(), 1)]).await;
    let form = filled(&visit(&url).await);
    assert_eq!(form.clone().with("company", &"x".repeat(40_000)).submit().await.status, 413);
    let long = form.clone().with("company", &"x".repeat(300)).submit().await;
    assert!(long.status == 422 && long.text.contains("company-note"), "{}", long.text);
    let control = form.clone().with("company", "a\0b").submit().await;
    assert!(control.status == 422 && control.text.contains("company-note"), "{}", control.text);
    assert_eq!(form.clone().with("step", "nowhere").submit().await.status, 400);
    let payment = counter.at_payment(1).await.form();
    assert_eq!(payment.with("total", "much").submit().await.status, 400);
    assert_eq!(form.submit_with(&[("content-type", "text/plain")]).await.status, 400);
}
