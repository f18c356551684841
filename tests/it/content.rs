//! What a storefront shows around its products: shop, localization, pages, menus, and directives.

use emporia::country::Country;
use emporia::error::Fault;
use emporia::graphql::schema::sdl;
use emporia::shipping;
use emporia::shipping::model::NewProfile;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

async fn page_create(app: &TestApp, store: &Store, page: Value) -> Value {
    let query = "mutation($page: PageCreateInput!) { pageCreate(page: $page) {
        page { id handle title body bodySummary isPublished onlineStoreUrl seo { title } } userErrors { field code } } }";
    app.gql(&store.secret, query, json!({ "page": page })).await["pageCreate"].take()
}

async fn menu_create(app: &TestApp, store: &Store, handle: &str, items: Value) -> Value {
    let query = "mutation($handle: String!, $items: [MenuItemCreateInput!]!) {
        menuCreate(title: \"Main\", handle: $handle, items: $items) { menu { id } userErrors { field code message } } }";
    app.gql(&store.secret, query, json!({ "handle": handle, "items": items })).await["menuCreate"].take()
}

#[tokio::test]
async fn a_shop_says_what_storefronts_ask_of_it() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "{ shop {
            id name description moneyFormat shipsToCountries primaryDomain { url host sslEnabled }
            brand { slogan shortDescription colors { primary { background } } }
            paymentSettings { currencyCode countryCode enabledPresentmentCurrencies acceptedCardBrands }
            privacyPolicy { body } subscriptionPolicy { title } metafield(namespace: \"a\", key: \"b\") { value }
        }
        blogs(first: 1) { nodes { id } } articles(first: 1) { nodes { title } } blog(handle: \"news\") { title }
        metaobjects(type: \"x\", first: 1) { nodes { id } } sitemap(type: PRODUCT) { pagesCount { count } }
        urlRedirects(first: 1) { nodes { path } } customer(customerAccessToken: \"x\") { id }
        publicApiVersions { handle } locations(first: 5) { nodes { name } } }";
    let data = app.gql(&store.publishable, query, json!({})).await;
    let shop = &data["shop"];
    assert_eq!((&shop["name"], &shop["moneyFormat"]), (&json!("acme"), &json!("€{{amount}}")));
    assert_eq!(shop["paymentSettings"]["enabledPresentmentCurrencies"], json!(["EUR"]));
    assert_eq!(shop["paymentSettings"]["countryCode"], "DE");
    assert_eq!((&shop["brand"], &shop["privacyPolicy"]), (&Value::Null, &Value::Null));
    assert_eq!((&data["blog"], &data["customer"]), (&Value::Null, &Value::Null));
    assert_eq!(data["locations"]["nodes"], json!([]));
    let merchant = app.gql(&store.secret, "{ locations(first: 5) { nodes { name isPrimary } } }", json!({})).await;
    assert_eq!(merchant["locations"]["nodes"], json!([{ "name": "Main location", "isPrimary": true }]));
}

#[tokio::test]
async fn the_context_of_an_operation_decides_its_localization() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let fields = "localization { country { isoCode name currency { isoCode symbol } unitSystem } language { isoCode endonymName }
        market { handle } availableCountries { isoCode } availableLanguages { isoCode } }";
    let plain = app.gql(&store.publishable, &format!("{{ {fields} }}"), json!({})).await;
    assert_eq!(plain["localization"]["country"]["isoCode"], "DE");
    assert_eq!(plain["localization"]["language"]["isoCode"], "EN");
    assert_eq!(plain["localization"]["country"]["currency"], json!({ "isoCode": "EUR", "symbol": "€" }));

    let query = format!(
        "query($country: CountryCode, $language: LanguageCode = PT_BR, $consent: VisitorConsent)
         @inContext(country: $country, language: $language, visitorConsent: $consent) {{ {fields} }}"
    );
    let consent = json!({ "country": "FR", "consent": { "analytics": true } });
    let asked = app.gql(&store.publishable, &query, consent).await;
    assert_eq!(asked["localization"]["country"]["isoCode"], "FR");
    assert_eq!(asked["localization"]["language"], json!({ "isoCode": "PT_BR", "endonymName": "português (Brasil)" }));
    let unset = app.gql(&store.publishable, &query, json!({ "country": null })).await;
    assert_eq!(unset["localization"]["country"]["isoCode"], "DE");

    let literal = "query @inContext(country: US) { localization { country { isoCode unitSystem } } }";
    let us = app.gql(&store.publishable, literal, json!({})).await;
    assert_eq!(us["localization"]["country"], json!({ "isoCode": "US", "unitSystem": "IMPERIAL_SYSTEM" }));
    for wrong in [
        "query @inContext(country: XX) { shop { name } }",
        "query @inContext(planet: MARS) { shop { name } }",
        "{ shop @inContext(country: US) { name } }",
        "query($country: CountryCode) { shop { name } }",
    ] {
        let (_, body) = app.post(&store.publishable, wrong, json!({})).await;
        assert!(body["errors"].is_array(), "{wrong}: {body}");
    }
}

#[tokio::test]
async fn deferred_parts_are_answered_inline() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "query($later: Boolean = true) { shop { id ...Name @defer(if: $later, label: \"name\") ... @defer { moneyFormat } } }
        fragment Name on Shop { name }";
    let data = app.gql(&store.publishable, query, json!({})).await;
    assert_eq!((&data["shop"]["name"], &data["shop"]["moneyFormat"]), (&json!("acme"), &json!("€{{amount}}")));
    let sdl = sdl();
    assert!(sdl.contains("directive @defer("), "{sdl}");
    assert!(sdl.contains("directive @inContext("), "{sdl}");
    assert!(sdl.contains(" on QUERY | MUTATION") && sdl.contains(" on FRAGMENT_SPREAD | INLINE_FRAGMENT"), "{sdl}");
}

#[tokio::test]
async fn a_merchant_makes_pages_and_shoppers_see_the_published_ones() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let page =
        json!({ "title": "About us", "body": "<p>We &amp; you</p><p>Since 1999</p>", "seo": { "title": "About" } });
    let made = page_create(&app, &store, page.clone()).await;
    assert_eq!(made["userErrors"], json!([]));
    assert_eq!((&made["page"]["handle"], &made["page"]["isPublished"]), (&json!("about-us"), &json!(true)));
    assert_eq!(made["page"]["bodySummary"], "We & you Since 1999");
    assert_eq!(made["page"]["seo"]["title"], "About");
    assert!(made["page"]["onlineStoreUrl"].as_str().unwrap().ends_with("/pages/about-us"));
    assert_eq!(page_create(&app, &store, page).await["page"]["handle"], "about-us-1");
    page_create(&app, &store, json!({ "title": "Draft", "handle": "draft", "isPublished": false })).await;
    page_create(&app, &store, json!({ "title": "Soon", "handle": "soon", "publishDate": "2026-06-02T00:00:00Z" }))
        .await;

    let query = "query($handle: String!) { page(handle: $handle) { title } pageByHandle(handle: $handle) { title } }";
    for (handle, shopper, merchant) in
        [("about-us", true, true), ("draft", false, true), ("soon", false, true), ("none", false, false)]
    {
        for (key, sees) in [(&store.publishable, shopper), (&store.secret, merchant)] {
            let data = app.gql(key, query, json!({ "handle": handle })).await;
            assert_eq!((data["page"].is_object(), data["pageByHandle"].is_object()), (sees, sees), "{handle}");
        }
    }
    app.clock.advance(chrono::Duration::days(1));
    assert!(app.gql(&store.publishable, query, json!({ "handle": "soon" })).await["page"].is_object());
}

#[tokio::test]
async fn pages_are_listed_in_every_order_without_gap_or_overlap() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for title in ["Banana", "apple", "Cherry", "Banana", "Date"] {
        page_create(&app, &store, json!({ "title": title })).await;
        app.clock.advance(chrono::Duration::seconds(1));
    }
    let query = "query($sort: PageSortKeys, $reverse: Boolean, $first: Int, $after: String, $last: Int, $before: String, $query: String) {
        pages(sortKey: $sort, reverse: $reverse, first: $first, after: $after, last: $last, before: $before, query: $query) {
            nodes { handle } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let handles = |data: &Value| -> Vec<String> {
        data["pages"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["handle"].as_str().unwrap().to_owned())
            .collect()
    };
    for sort in ["ID", "TITLE", "UPDATED_AT", "RELEVANCE"] {
        let whole = handles(&app.gql(&store.publishable, query, json!({ "sort": sort, "first": 10 })).await);
        assert_eq!(whole.len(), 5);
        for reverse in [false, true] {
            let mut expected = whole.clone();
            if reverse {
                expected.reverse();
            }
            let (mut seen, mut after) = (Vec::new(), Value::Null);
            loop {
                let variables = json!({ "sort": sort, "reverse": reverse, "first": 2, "after": after });
                let data = app.gql(&store.publishable, query, variables).await;
                seen.extend(handles(&data));
                after = data["pages"]["pageInfo"]["endCursor"].clone();
                if data["pages"]["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(seen, expected, "{sort} reverse {reverse}");
            let variables = json!({ "sort": sort, "reverse": reverse, "last": 2, "before": after });
            let before = handles(&app.gql(&store.publishable, query, variables).await);
            assert_eq!(before, expected[2..4], "{sort} reverse {reverse}, before the last");
        }
    }
    let nulls = json!({ "first": 5, "reverse": null, "sort": null });
    assert_eq!(handles(&app.gql(&store.publishable, query, nulls).await).len(), 5, "null means the default");
    let found = app.gql(&store.publishable, query, json!({ "first": 5, "query": "title:banan*" })).await;
    assert_eq!(handles(&found), ["banana", "banana-1"]);
    let (_, body) = app.post(&store.publishable, "{ pages { nodes { id } } }", json!({})).await;
    assert_eq!(body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_sitemap_lists_what_shoppers_see() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    page_create(&app, &store, json!({ "title": "About" })).await;
    page_create(&app, &store, json!({ "title": "Draft", "isPublished": false })).await;
    let query = "query($kind: SitemapType!, $page: Int!) { sitemap(type: $kind) { pagesCount { count precision }
        resources(page: $page) { hasNextPage items { handle ... on SitemapResource { title image { filepath } } } } } }";
    let pages = app.gql(&store.secret, query, json!({ "kind": "PAGE", "page": 1 })).await["sitemap"].take();
    assert_eq!(pages["pagesCount"], json!({ "count": 1, "precision": "EXACT" }));
    let about = json!([{ "handle": "about", "title": "About", "image": null }]);
    assert_eq!(pages["resources"], json!({ "hasNextPage": false, "items": about }));
    for (kind, page) in [("PAGE", 2), ("PAGE", 0), ("PRODUCT", 1), ("COLLECTION", 1), ("BLOG", 1)] {
        let data = app.gql(&store.publishable, query, json!({ "kind": kind, "page": page })).await;
        assert_eq!(data["sitemap"]["resources"], Value::Null, "{kind} {page}");
    }
}

#[tokio::test]
async fn a_shop_ships_where_its_zones_reach() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "{ shop { shipsToCountries } localization { availableCountries { isoCode } } }";
    let before = app.gql(&store.publishable, query, json!({})).await;
    assert_eq!(before["shop"]["shipsToCountries"], json!([]));
    let (clock, entropy) = (app.app.clock.clone(), app.app.entropy.clone());
    let profile = NewProfile::flat("General", &[Country::FR, Country::AT], false, "Parcel", 490);
    let made: Result<(), Fault> = app
        .app
        .db
        .tenant(store.tenant)
        .write(async |tx| {
            shipping::service::profile_create_in_tx(tx, clock.now(), &entropy, &profile).await?;
            Ok(())
        })
        .await;
    made.expect("a profile");
    let after = app.gql(&store.publishable, query, json!({})).await;
    assert_eq!(after["shop"]["shipsToCountries"], json!(["AT", "FR"]));
    let countries = json!([{ "isoCode": "AT" }, { "isoCode": "FR" }, { "isoCode": "DE" }]);
    assert_eq!(after["localization"]["availableCountries"], countries);
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_data() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    page_create(&app, &store, json!({ "title": "A", "handle": "a" })).await;
    for (page, field, code) in [
        (json!({ "title": " " }), "title", "BLANK"),
        (json!({ "title": "x".repeat(256) }), "title", "TOO_LONG"),
        (json!({ "title": "B", "handle": "a" }), "handle", "TAKEN"),
        (json!({ "title": "B", "handle": "A" }), "handle", "TAKEN"),
        (json!({ "title": "B", "handle": "a/b" }), "handle", "INVALID"),
        (json!({ "title": "B", "body": "x".repeat(524_289) }), "body", "TOO_LONG"),
    ] {
        let answer = page_create(&app, &store, page).await;
        assert_eq!(answer["page"], Value::Null);
        assert_eq!(answer["userErrors"], json!([{ "field": ["page", field], "code": code }]));
    }
    let mutation = "mutation { pageCreate(page: { title: \"X\" }) { page { id } userErrors { message } } }";
    let (_, body) = app.post(&store.publishable, mutation, json!({})).await;
    assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_menus_links_lead_to_what_they_name() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let page = page_create(&app, &store, json!({ "title": "About" })).await["page"]["id"].clone();
    let draft =
        page_create(&app, &store, json!({ "title": "Draft", "isPublished": false })).await["page"]["id"].clone();
    let made = menu_create(
        &app,
        &store,
        "main-menu",
        json!([
            { "title": "Home", "type": "FRONTPAGE" },
            { "title": "Shop", "type": "CATALOG", "items": [
                { "title": "About", "type": "PAGE", "resourceId": page, "tags": ["a"], "items": [
                    { "title": "Elsewhere", "type": "HTTP", "url": "https://elsewhere.example/x" },
                ] },
                { "title": "Draft", "type": "PAGE", "resourceId": draft },
            ] },
            { "title": "Blog", "type": "HTTP", "url": "/blog" },
        ]),
    )
    .await;
    assert_eq!(made["userErrors"], json!([]));
    let query = "{ menu(handle: \"main-menu\") { handle title itemsCount items { title type url resourceId items {
        title type url tags resourceId resource { __typename ... on Page { handle } } items { title type url } } } } }";
    let menu = app.gql(&store.publishable, query, json!({})).await["menu"].take();
    let base = app.app.config.http.public_url.clone();
    assert_eq!((&menu["title"], &menu["itemsCount"]), (&json!("Main"), &json!(3)));
    let urls: Vec<_> = menu["items"].as_array().unwrap().iter().map(|item| item["url"].clone()).collect();
    assert_eq!(json!(urls), json!([format!("{base}/"), format!("{base}/collections/all"), format!("{base}/blog")]));
    let about = &menu["items"][1]["items"][0];
    assert_eq!((&about["url"], &about["resourceId"]), (&json!(format!("{base}/pages/about")), &page));
    assert_eq!(about["resource"], json!({ "__typename": "Page", "handle": "about" }));
    assert_eq!(about["items"][0]["url"], "https://elsewhere.example/x");
    let hidden = &menu["items"][1]["items"][1];
    assert_eq!(
        (&hidden["url"], &hidden["resource"], &hidden["resourceId"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let merchants = app.gql(&store.secret, query, json!({})).await;
    let merchants = &merchants["menu"]["items"][1]["items"][1];
    assert_eq!((&merchants["url"], &merchants["resourceId"]), (&json!(format!("{base}/pages/draft")), &draft));
    assert_eq!(app.gql(&store.publishable, "{ menu(handle: \"none\") { id } }", json!({})).await["menu"], Value::Null);
}

#[tokio::test]
async fn what_is_wrong_with_a_menu_is_data_and_names_its_place() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let foreign = page_create(&app, &other, json!({ "title": "Theirs" })).await["page"]["id"].clone();
    menu_create(&app, &store, "taken", json!([])).await;
    let deep = json!({ "title": "1", "type": "SEARCH", "items": [{ "title": "2", "type": "SEARCH", "items": [
        { "title": "3", "type": "SEARCH", "items": [{ "title": "4", "type": "SEARCH" }] }] }] });
    let many: Vec<_> = (0..251).map(|_| json!({ "title": "x", "type": "SEARCH" })).collect();
    for (handle, items, field, code) in [
        ("taken", json!([]), "handle", "TAKEN"),
        ("m", json!([{ "title": "", "type": "SEARCH" }]), "items.0.title", "BLANK"),
        ("m", json!([{ "title": "x", "type": "HTTP" }]), "items.0.url", "INVALID"),
        ("m", json!([{ "title": "x", "type": "HTTP", "url": "javascript:alert(1)" }]), "items.0.url", "INVALID"),
        ("m", json!([{ "title": "x", "type": "BLOG" }]), "items.0.type", "INVALID"),
        ("m", json!([{ "title": "x", "type": "PRODUCT", "resourceId": foreign }]), "items.0.resourceId", "INVALID"),
        ("m", json!([{ "title": "x", "type": "PAGE", "resourceId": foreign }]), "items.0.resourceId", "NOT_FOUND"),
        ("m", json!([deep]), "items.0.items.0.items.0.items", "NESTING_TOO_DEEP"),
        ("m", json!(many), "items", "TOO_MANY_ITEMS"),
    ] {
        let answer = menu_create(&app, &store, handle, items).await;
        assert_eq!(answer["menu"], Value::Null);
        let error = &answer["userErrors"][0];
        let path: Vec<_> = error["field"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert_eq!((path.join(".").as_str(), error["code"].as_str()), (field, Some(code)), "{answer}");
    }
}
