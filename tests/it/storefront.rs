//! What storefronts written for Shopify's Storefront API select, on the path they call: a document is thrown away
//! whole for one field that is missing or one error.

use serde_json::{Value, json};

use crate::support::{Shopping, Statements};

/// A shop with things in every shelf.
struct Front {
    shop: Shopping,
    product: String,
    variants: Vec<String>,
}

const FURNISH: &str = r#"mutation($location: ID!) {
    productSet(input: {
        title: "Linen shirt", handle: "linen-shirt", descriptionHtml: "<p>Light and <b>cool</b>.</p>", vendor: "Weaver",
        productType: "Shirts", tags: ["summer", "linen"], status: ACTIVE, seo: { title: "Shirts of linen" },
        files: [{ originalSource: "https://img.example/shirt.jpg", alt: "A shirt" }],
        productOptions: [{ name: "Size", values: [{ name: "S" }, { name: "M" }] }],
        variants: [
            { optionValues: [{ optionName: "Size", name: "S" }], price: "49.00", compareAtPrice: "59.00", sku: "SHIRT-S",
              inventoryItem: { tracked: true },
              inventoryQuantities: [{ locationId: $location, name: "available", quantity: 5 }] },
            { optionValues: [{ optionName: "Size", name: "M" }], price: "51.00", sku: "SHIRT-M" }]
    }) { product { id variants(first: 5) { nodes { id } } } userErrors { field message } }
    pageCreate(page: { title: "About us", body: "<p>Since 1912.</p>" }) { page { id } userErrors { field message } }
}"#;

impl Front {
    async fn furnished() -> Self {
        let shop = Shopping::new().await;
        let location = json!({ "location": format!("gid://emporia/Location/{}", shop.location) });
        let made = shop.app.gql(&shop.store.secret, FURNISH, location).await;
        let product = made["productSet"]["product"]["id"].as_str().unwrap_or_else(|| panic!("{made:#}")).to_owned();
        let nodes = made["productSet"]["product"]["variants"]["nodes"].as_array().expect("variants");
        let variants = nodes.iter().map(|variant| variant["id"].as_str().expect("an id").to_owned()).collect();
        let collect = r#"mutation($products: [ID!]) {
            collectionCreate(input: { title: "Summer", handle: "summer", products: $products,
                image: { src: "https://img.example/summer.jpg" } }) { collection { id } userErrors { message } } }"#;
        let collection = shop.app.gql(&shop.store.secret, collect, json!({ "products": [product] })).await;
        let menu = r#"mutation($product: ID, $collection: ID, $page: ID) {
            menuCreate(title: "Main", handle: "main-menu", items: [
                { title: "Summer", type: COLLECTION, resourceId: $collection, items: [
                    { title: "Shirt", type: PRODUCT, resourceId: $product }] },
                { title: "About", type: PAGE, resourceId: $page },
                { title: "Elsewhere", type: HTTP, url: "https://elsewhere.example/" }]) { userErrors { message } } }"#;
        let ids = json!({ "product": product, "page": made["pageCreate"]["page"]["id"],
            "collection": collection["collectionCreate"]["collection"]["id"] });
        let menu = shop.app.gql(&shop.store.secret, menu, ids).await;
        assert_eq!(menu["menuCreate"]["userErrors"], json!([]));
        Self { shop, product, variants }
    }

    /// Asks as a storefront does; answers the data. There must be no error.
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let headers = [
            ("content-type", "application/json"),
            ("x-shopify-storefront-access-token", self.shop.store.publishable.as_str()),
        ];
        let body = json!({ "query": query, "variables": variables }).to_string();
        let answer = self.shop.app.send("POST", "/api/2025-07/graphql.json", &headers, body).await;
        let mut answer = answer.json();
        assert!(answer.get("errors").is_none(), "{query}: {answer:#}");
        answer["data"].take()
    }
}

#[tokio::test]
async fn the_frame_of_every_page_is_there() {
    let front = Front::furnished().await;
    let query = "query Frame($country: CountryCode, $language: LanguageCode, $menu: String!, $missing: String!)
        @inContext(country: $country, language: $language) {
        shop {
            ...ShopNames
            primaryDomain { host url }
            brand {
                slogan shortDescription
                colors { primary { background foreground } secondary { background } }
                coverImage { image { url } } logo { image { url altText } } squareLogo { image { ...Picture } }
            }
            paymentSettings { currencyCode acceptedCardBrands enabledPresentmentCurrencies }
            shipsToCountries
            privacyPolicy { ...Policy } refundPolicy { ...Policy } shippingPolicy { ...Policy }
            termsOfService { ...Policy } subscriptionPolicy { id handle title body url }
        }
        localization {
            country { isoCode name currency { isoCode symbol } } language { isoCode endonymName }
            availableCountries { isoCode availableLanguages { isoCode } } availableLanguages { isoCode }
        }
        menu(handle: $menu) { id handle title itemsCount items { ...Link items { ...Link } } }
        nothing: menu(handle: $missing) { id }
    }
    fragment ShopNames on Shop { id name description moneyFormat }
    fragment Policy on ShopPolicy { id handle title body url }
    fragment Picture on Image { id url altText width height }
    fragment Link on MenuItem {
        id title type url resourceId tags
        resource {
            __typename
            ... on Collection { handle } ... on Product { title } ... on Page { id } ... on Blog { handle }
            ... on Article { title } ... on Metaobject { handle } ... on ShopPolicy { url }
        }
    }";
    let data =
        front.ask(query, json!({ "country": "DE", "language": "EN", "menu": "main-menu", "missing": "x" })).await;
    assert_eq!((&data["shop"]["brand"], &data["nothing"]), (&Value::Null, &Value::Null));
    let items = &data["menu"]["items"];
    assert_eq!(items[0]["resource"], json!({ "__typename": "Collection", "handle": "summer" }));
    assert_eq!(items[0]["items"][0]["resource"], json!({ "__typename": "Product", "title": "Linen shirt" }));
    assert_eq!((&items[1]["type"], &items[2]["url"]), (&json!("PAGE"), &json!("https://elsewhere.example/")));
    assert!(items[1]["id"].as_str().expect("an id").starts_with("gid://shopify/MenuItem/"));
}

#[tokio::test]
async fn products_are_shown_with_all_that_hangs_on_them() {
    let front = Front::furnished().await;
    let query = "query Goods($handle: String!, $chosen: [SelectedOptionInput!]!, $id: ID!) {
        product(handle: $handle) {
            ...Card
            description(truncateAt: 20) descriptionHtml productType tags publishedAt updatedAt createdAt isGiftCard
            requiresSellingPlan onlineStoreUrl trackingParameters totalInventory
            encodedVariantExistence encodedVariantAvailability
            category { id name ancestors { name } }
            seo { title description }
            options(first: 3) {
                id name values
                optionValues {
                    id name firstSelectableVariant { ...Choice }
                    swatch { color image { previewImage { url } } }
                }
            }
            selectedOrFirstAvailableVariant(
                selectedOptions: $chosen, ignoreUnknownOptions: true, caseInsensitiveMatch: true) { ...Choice }
            adjacentVariants(selectedOptions: $chosen) { ...Choice }
            variantBySelectedOptions(selectedOptions: $chosen) { id }
            variants(first: 250) { edges { cursor node { ...Choice } } pageInfo { hasNextPage endCursor } }
            images(first: 20) { edges { node { ...Picture } } nodes { url(transform: { maxWidth: 200 }) } }
            media(first: 5) { nodes {
                id __typename alt mediaContentType previewImage { url } presentation { id }
                ... on MediaImage { image { ...Picture } }
                ... on Video { sources { url mimeType width height format } }
                ... on ExternalVideo { embedUrl embeddedUrl host originUrl }
                ... on Model3d { sources { url mimeType filesize format } }
            } }
            collections(first: 2) { nodes { handle title } }
            metafield(namespace: \"custom\", key: \"care\") {
                id type value namespace key description createdAt updatedAt
                parentResource { ... on Product { id } ... on Shop { name } }
                reference { ... on MediaImage { image { url } } ... on GenericFile { url mimeType } ... on Page { title } }
                references(first: 2) { nodes { ... on Product { handle } } pageInfo { hasNextPage } }
            }
            metafields(identifiers: [{ namespace: \"custom\", key: \"care\" }]) { value }
            sellingPlanGroups(first: 2) { nodes { name appName options { name values } sellingPlans(first: 2) { nodes {
                id name description recurringDeliveries options { name value }
                billingPolicy { ... on SellingPlanRecurringBillingPolicy { interval intervalCount } }
                deliveryPolicy { ... on SellingPlanRecurringDeliveryPolicy { interval intervalCount } }
                checkoutCharge { type value {
                    ... on MoneyV2 { amount } ... on SellingPlanCheckoutChargePercentageValue { percentage } } }
                priceAdjustments { orderCount adjustmentValue {
                    ... on SellingPlanFixedAmountPriceAdjustment { adjustmentAmount { amount } }
                    ... on SellingPlanFixedPriceAdjustment { price { amount } }
                    ... on SellingPlanPercentagePriceAdjustment { adjustmentPercentage } } }
            } } } }
            ...Common
        }
        gone: product(handle: \"gone\") { id }
        productRecommendations(productId: $id, intent: RELATED) { id }
        products(first: 4, sortKey: UPDATED_AT, reverse: true, query: \"tag:summer\") {
            nodes { ...Card } filters { id label type values { id label count input } }
            pageInfo { hasPreviousPage hasNextPage startCursor endCursor } }
        productTags(first: 5) { edges { node } } productTypes(first: 5) { edges { node } }
    }
    fragment Money on MoneyV2 { amount currencyCode }
    fragment Picture on Image { id url altText width height }
    fragment Card on Product {
        id handle title vendor availableForSale featuredImage { ...Picture }
        priceRange { minVariantPrice { ...Money } maxVariantPrice { ...Money } }
        compareAtPriceRange { minVariantPrice { ...Money } maxVariantPrice { ...Money } }
    }
    fragment Choice on ProductVariant {
        id title sku barcode availableForSale currentlyNotInStock quantityAvailable requiresShipping taxable weight weightUnit
        selectedOptions { name value } price { ...Money } compareAtPrice { ...Money } unitPrice { ...Money }
        unitPriceMeasurement { measuredType quantityUnit quantityValue referenceUnit referenceValue }
        image { ...Picture } product { handle title } quantityRule { minimum maximum increment }
        quantityPriceBreaks(first: 1) { nodes { minimumQuantity price { ...Money } } }
        sellingPlanAllocations(first: 1) { nodes { sellingPlan { name } priceAdjustments { price { ...Money } } } }
        storeAvailability(first: 1) { nodes { available pickUpTime location { name } } }
        components(first: 1) { nodes { quantity productVariant { id } } } groupedBy(first: 1) { nodes { id } }
        metafield(namespace: \"custom\", key: \"x\") { value }
    }
    fragment Common on Node {
        id
        ... on HasMetafields { metafield(namespace: \"a\", key: \"b\") { value } }
        ... on OnlineStorePublishable { onlineStoreUrl }
        ... on Trackable { trackingParameters }
    }";
    let chosen = json!([{ "name": "Size", "value": "M" }, { "name": "Colour", "value": "unknown" }]);
    let data = front.ask(query, json!({ "handle": "linen-shirt", "chosen": chosen, "id": front.product })).await;
    let product = &data["product"];
    assert_eq!(product["selectedOrFirstAvailableVariant"]["sku"], "SHIRT-M");
    assert_eq!(product["priceRange"]["minVariantPrice"], json!({ "amount": "49.00", "currencyCode": "EUR" }));
    assert_eq!(product["collections"]["nodes"][0]["handle"], "summer");
    assert_eq!(product["media"]["nodes"][0]["image"]["url"], "https://img.example/shirt.jpg");
    assert_eq!((&product["metafield"], &product["metafields"]), (&Value::Null, &json!([null])));
    assert_eq!((&data["gone"], &data["products"]["nodes"][0]["handle"]), (&Value::Null, &json!("linen-shirt")));
}

/// What a storefront's page of one product selects.
const PRODUCT_PAGE: &str = "query ProductPage($handle: String!, $chosen: [SelectedOptionInput!]!) {
    product(handle: $handle) {
        id handle title vendor descriptionHtml description encodedVariantExistence encodedVariantAvailability
        seo { title description } featuredImage { ...Picture } tags availableForSale
        priceRange { minVariantPrice { ...Money } maxVariantPrice { ...Money } }
        options { name optionValues { name firstSelectableVariant { ...Choice }
            swatch { color image { previewImage { url } } } } }
        selectedOrFirstAvailableVariant(selectedOptions: $chosen, ignoreUnknownOptions: true) { ...Choice }
        adjacentVariants(selectedOptions: $chosen) { ...Choice }
        variants(first: 100) { nodes { ...Choice } }
        images(first: 20) { nodes { ...Picture } }
        media(first: 10) { nodes { alt mediaContentType ... on MediaImage { image { ...Picture } } } }
        collections(first: 5) { nodes { id handle title } }
        metafields(identifiers: [{ namespace: \"custom\", key: \"care\" }]) { value }
    }
}
fragment Money on MoneyV2 { amount currencyCode }
fragment Picture on Image { id url altText width height }
fragment Choice on ProductVariant {
    id title sku availableForSale quantityAvailable selectedOptions { name value } price { ...Money }
    compareAtPrice { ...Money } unitPrice { ...Money } image { ...Picture } product { handle title }
}";

#[tokio::test]
async fn a_products_page_takes_at_most_three_statements() {
    let front = Front::furnished().await;
    let chosen = json!([{ "name": "Size", "value": "M" }]);
    let asked = front.ask(PRODUCT_PAGE, json!({ "handle": "linen-shirt", "chosen": chosen }));
    let (data, taken) = Statements::of(&front.shop.app.db.name, asked).await;
    assert_eq!(data["product"]["media"]["nodes"][0]["image"]["altText"], "A shirt");
    assert_eq!(data["product"]["collections"]["nodes"][0]["handle"], "summer");
    assert!((1..=3).contains(&taken.reads), "{taken:?}");
}

#[tokio::test]
async fn lists_searches_and_texts_answer() {
    let front = Front::furnished().await;
    let query = "query Lists($handle: String!, $first: Int, $after: String, $filters: [ProductFilter!]) {
        collection(handle: $handle) {
            id handle title description(truncateAt: 10) descriptionHtml updatedAt onlineStoreUrl trackingParameters
            image { id url altText width height } seo { title description } metafield(namespace: \"a\", key: \"b\") { value }
            products(first: $first, after: $after, filters: $filters, sortKey: BEST_SELLING, reverse: false) {
                nodes { handle } edges { cursor } pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
                filters { id label type presentation values { id label count input swatch { color } } }
            }
        }
        collections(first: 3, sortKey: UPDATED_AT, reverse: true) { nodes { id title handle image { url } } }
    }";
    let filters = json!([{ "available": true }, { "price": { "min": 10, "max": 100 } }]);
    let data = front.ask(query, json!({ "handle": "summer", "first": 8, "filters": filters })).await;
    assert_eq!(data["collection"]["products"]["nodes"], json!([{ "handle": "linen-shirt" }]));
    assert_eq!(data["collections"]["nodes"][0]["title"], "Summer");

    let query = "query Search($term: String!, $types: [PredictiveSearchType!]) {
        products: search(query: $term, types: [PRODUCT], first: 4, sortKey: RELEVANCE, unavailableProducts: HIDE) {
            nodes { __typename ... on Product { handle trackingParameters } } totalCount
            pageInfo { hasNextPage endCursor } productFilters { label } }
        pages: search(query: $term, types: [PAGE], first: 4) { totalCount nodes { ... on Page { handle title } } }
        anyPage: search(query: \"\", types: [PAGE], first: 1) { totalCount nodes { ... on Page { handle } } }
        articles: search(query: $term, types: [ARTICLE], first: 4) { totalCount nodes { ... on Article { handle } } }
        predictiveSearch(query: $term, types: $types, limit: 5, limitScope: EACH) {
            products { handle trackingParameters } collections { handle image { url } } pages { handle }
            articles { handle image { url } blog { handle } } queries { text styledText trackingParameters } }
    }";
    let data = front.ask(query, json!({ "term": "shirt", "types": ["PRODUCT", "QUERY", "ARTICLE"] })).await;
    let found = json!([{ "__typename": "Product", "handle": "linen-shirt", "trackingParameters": null }]);
    assert_eq!(data["products"]["nodes"], found);
    assert_eq!(data["predictiveSearch"]["products"][0]["handle"], "linen-shirt");
    assert_eq!(data["pages"], json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(data["anyPage"], json!({ "totalCount": 1, "nodes": [{ "handle": "about-us" }] }));
    assert_eq!(data["articles"]["totalCount"], 0);

    let query = "query Texts($page: String!, $blog: String!, $article: String!, $token: String!) {
        page(handle: $page) { id handle title body bodySummary createdAt updatedAt seo { title description } ...Published }
        pageByHandle(handle: $page) { id }
        pages(first: 5) { nodes { handle ...Published } }
        blogs(first: 2) { nodes { title handle seo { title } } pageInfo { hasNextPage } }
        blog(handle: $blog) {
            title handle articles(first: 2, reverse: true) { nodes { ...Story } pageInfo { endCursor } }
            articleByHandle(handle: $article) { ...Story }
        }
        sitemap(type: PRODUCT) { pagesCount { count } resources(page: 1) {
            items { handle updatedAt ... on SitemapResource { image { filepath alt updatedAt } } } hasNextPage } }
        urlRedirects(first: 1, query: \"path:/old\") { nodes { target path } }
        customer(customerAccessToken: $token) {
            id displayName email firstName lastName phone tags acceptsMarketing numberOfOrders
            defaultAddress { ...Place } addresses(first: 5) { nodes { ...Place } pageInfo { hasNextPage } }
            orders(first: 5, sortKey: PROCESSED_AT, reverse: true) {
                nodes { id name orderNumber processedAt financialStatus fulfillmentStatus totalPrice { amount } } }
            socialLoginProvider { handle } metafield(namespace: \"a\", key: \"b\") { value }
        }
    }
    fragment Published on OnlineStorePublishable { onlineStoreUrl ... on Trackable { trackingParameters } }
    fragment Story on Article {
        id handle title contentHtml content(truncateAt: 5) excerpt publishedAt tags authorV2 { name } blog { handle }
        image { id url altText width height } seo { title description } ...Published
    }
    fragment Place on MailingAddress {
        id formatted firstName lastName company address1 address2 city zip territoryCode: countryCodeV2 zoneCode: provinceCode phone
    }";
    let variables = json!({ "page": "about-us", "blog": "news", "article": "first", "token": "nobody" });
    let data = front.ask(query, variables).await;
    assert_eq!((&data["page"]["title"], &data["page"]["bodySummary"]), (&json!("About us"), &json!("Since 1912.")));
    assert!(data["pages"]["nodes"][0]["onlineStoreUrl"].is_string());
    assert_eq!((&data["blog"], &data["customer"], &data["blogs"]["nodes"]), (&Value::Null, &Value::Null, &json!([])));
}

/// What storefronts keep of a cart after each of its mutations.
const CART: &str = "
    fragment Money on MoneyV2 { amount currencyCode }
    fragment Kept on Cart {
        id checkoutUrl createdAt updatedAt note totalQuantity attributes { key value }
        buyerIdentity {
            countryCode email phone customer { id email displayName } preferences { wallet delivery { deliveryMethod } }
            purchasingCompany { company { id name createdAt } contact { title } location { name metafield(key: \"a\") { value } } }
        }
        cost {
            subtotalAmount { ...Money } totalAmount { ...Money } totalTaxAmount { ...Money } totalDutyAmount { ...Money }
            checkoutChargeAmount { ...Money } subtotalAmountEstimated totalAmountEstimated
        }
        discountCodes { code applicable }
        discountAllocations { discountedAmount { ...Money } ... on CartCodeDiscountAllocation { code }
            ... on CartAutomaticDiscountAllocation { title } ... on CartCustomDiscountAllocation { title } }
        appliedGiftCards { id lastCharacters amountUsed { ...Money } balance { ...Money } }
        lines(first: 100) { nodes { ...Row } nodes { ...Bundle } edges { node { ...Any } } }
        delivery { addresses(selected: true) { id selected oneTimeUse address {
            ... on CartDeliveryAddress { firstName lastName address1 city zip countryCode provinceCode formatted } } } }
        deliveryGroups(first: 2) { nodes {
            id groupType cartLines(first: 5) { nodes { id } } deliveryAddress { city countryCodeV2 }
            deliveryOptions { handle title code description deliveryMethodType estimatedCost { ...Money } }
            selectedDeliveryOption { handle title estimatedCost { ...Money } } } }
        metafield(namespace: \"a\", key: \"b\") { value }
    }
    fragment Any on BaseCartLine {
        id quantity attribute(key: \"gift\") { value } attributes { key value }
        cost { totalAmount { ...Money } subtotalAmount { ...Money } amountPerQuantity { ...Money }
            compareAtAmountPerQuantity { ...Money } }
        discountAllocations { discountedAmount { ...Money } }
        sellingPlanAllocation { sellingPlan { name } }
        merchandise { ... on ProductVariant {
            id title sku availableForSale requiresShipping selectedOptions { name value }
            price { ...Money } compareAtPrice { ...Money } image { id url altText width height }
            product { id handle title vendor featuredImage { url } } } }
    }
    fragment Row on CartLine { ...Any parentRelationship { parent { id } } }
    fragment Bundle on ComponentizableCartLine { ...Any lineComponents { ...Row } }
    fragment Outcome on CartUserError { code field message }
    fragment Hint on CartWarning { code message target }";

#[tokio::test]
async fn a_cart_is_filled_and_kept_by_every_mutation() {
    let front = Front::furnished().await;
    // Every change is asked for the same: cart, errors, warnings.
    let change = async |field: &str, declared: &str, variables: Value| {
        let passed: Vec<String> = declared
            .split(", ")
            .filter_map(|declaration| declaration.strip_prefix('$')?.split_once(':'))
            .map(|(name, _)| format!("{name}: ${name}"))
            .collect();
        let (declared, passed) = match declared {
            "" => (String::new(), String::new()),
            _ => (format!("({declared})"), format!("({})", passed.join(", "))),
        };
        let payload = "{ cart { ...Kept } userErrors { ...Outcome } warnings { ...Hint } }";
        let query = format!("mutation Change{declared} {{ {field}{passed} {payload} }} {CART}");
        let mut payload = front.ask(&query, variables).await[field].take();
        assert_eq!(payload["userErrors"], json!([]), "{field}");
        payload["cart"].take()
    };
    let cart = change("cartCreate", "", json!({})).await;
    assert_eq!((&cart["totalQuantity"], &cart["buyerIdentity"]["customer"]), (&json!(0), &Value::Null));
    let id = cart["id"].clone();
    assert!(id.as_str().expect("an id").starts_with("gid://shopify/Cart/"));

    let lines = json!([{ "merchandiseId": front.variants[0], "quantity": 2, "attributes": [{ "key": "gift", "value": "yes" }] }]);
    let cart =
        change("cartLinesAdd", "$cartId: ID!, $lines: [CartLineInput!]!", json!({ "cartId": id, "lines": lines }))
            .await;
    let line = cart["lines"]["nodes"][0]["id"].clone();
    assert_eq!(
        cart["lines"]["edges"][0]["node"]["cost"]["totalAmount"],
        json!({ "amount": "98.00", "currencyCode": "EUR" })
    );
    let lines = json!([{ "id": line, "quantity": 1 }]);
    let declared = "$cartId: ID!, $lines: [CartLineUpdateInput!]!";
    let cart = change("cartLinesUpdate", declared, json!({ "cartId": id, "lines": lines })).await;
    assert_eq!(cart["totalQuantity"], 1);
    let address = json!({ "firstName": "Ada", "lastName": "Byron", "address1": "Am Markt 1", "city": "Jena", "zip": "07743",
        "countryCode": "DE" });
    let addresses = json!([{ "selected": true, "address": { "deliveryAddress": address } }]);
    let declared = "$cartId: ID!, $addresses: [CartSelectableAddressInput!]!";
    let cart = change("cartDeliveryAddressesAdd", declared, json!({ "cartId": id, "addresses": addresses })).await;
    let group = &cart["deliveryGroups"]["nodes"][0];
    let option =
        json!([{ "deliveryGroupId": group["id"], "deliveryOptionHandle": group["deliveryOptions"][0]["handle"] }]);
    let declared = "$cartId: ID!, $selectedDeliveryOptions: [CartSelectedDeliveryOptionInput!]!";
    let variables = json!({ "cartId": id, "selectedDeliveryOptions": option });
    let cart = change("cartSelectedDeliveryOptionsUpdate", declared, variables).await;
    assert_eq!(cart["cost"]["totalAmount"]["amount"], "53.90");
    for (field, declared, variables) in [
        (
            "cartBuyerIdentityUpdate",
            "$buyerIdentity: CartBuyerIdentityInput!",
            json!({ "buyerIdentity": { "countryCode": "DE" } }),
        ),
        ("cartNoteUpdate", "$note: String!", json!({ "note": "Ring twice" })),
        (
            "cartAttributesUpdate",
            "$attributes: [AttributeInput!]!",
            json!({ "attributes": [{ "key": "a", "value": "b" }] }),
        ),
        ("cartDiscountCodesUpdate", "$discountCodes: [String!]!", json!({ "discountCodes": ["SUMMER"] })),
        ("cartGiftCardCodesUpdate", "$giftCardCodes: [String!]!", json!({ "giftCardCodes": [] })),
        ("cartLinesRemove", "$lineIds: [ID!]!", json!({ "lineIds": [line] })),
    ] {
        let mut variables = variables;
        variables["cartId"] = id.clone();
        change(field, &format!("$cartId: ID!, {declared}"), variables).await;
    }
    let query = format!("query Read($id: ID!) {{ cart(id: $id) {{ ...Kept }} }} {CART}");
    let query = query.replace("fragment Outcome on CartUserError { code field message }", "");
    let query = query.replace("fragment Hint on CartWarning { code message target }", "");
    let cart = front.ask(&query, json!({ "id": id })).await["cart"].take();
    assert_eq!((&cart["note"], &cart["totalQuantity"]), (&json!("Ring twice"), &json!(0)));
    assert_eq!(cart["discountCodes"], json!([{ "code": "SUMMER", "applicable": false }]));
}
