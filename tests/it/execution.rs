//! What a GraphQL client may rely on in every answer: keys in the order asked for, and no null (and no gap) where the
//! schema promises a value.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Goods, TestApp};

#[tokio::test]
async fn keys_come_in_the_order_in_which_they_are_asked_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.shelve(&store, Goods::new(1000)).await;
    // Fields from memory and from the database, one after the other, through a fragment as well.
    let query = "query { collections(first: 1) { nodes { id } } shop { name } products(first: 1) { nodes { vendor \
                 collections(first: 1) { nodes { id } } title ...Rest } } productTags(first: 1) { nodes } } \
                 fragment Rest on Product { metafields(identifiers: []) { id } handle \
                 variants(first: 1) { nodes { title } } id }";
    let text = app.ask(&store.publishable, query).await.text;
    let keys = [
        "collections",
        "shop",
        "products",
        "vendor",
        "collections",
        "title",
        "metafields",
        "handle",
        "variants",
        "id",
        "productTags",
    ];
    let mut from = 0;
    for key in keys {
        let quoted = format!("\"{key}\":");
        from += text[from..].find(&quoted).unwrap_or_else(|| panic!("{key} comes too early:\n{text}")) + quoted.len();
    }
}

#[tokio::test]
async fn an_error_where_a_value_is_promised_makes_the_nearest_nullable_parent_null() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let variant = app.shelve(&store, Goods::new(1000)).await;
    // A shopper may not see it, and the schema promises one.
    let query =
        "query($id: ID!) { shop { name } node(id: $id) { id ... on ProductVariant { title inventoryItem { id } } } }";
    let (_, answer) = app.post(&store.publishable, query, json!({ "id": variant })).await;
    assert_eq!(answer["data"]["node"], Value::Null);
    assert_eq!(answer["data"]["shop"]["name"], "acme", "its neighbour is answered");
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer:#}");
    assert_eq!(answer["errors"][0]["path"], json!(["node", "inventoryItem"]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    // In a list whose items and whose parent are promised too, up to the root.
    let query = "{ products(first: 1) { nodes { title variants(first: 1) { nodes { inventoryItem { id } } } } } }";
    let (_, answer) = app.post(&store.publishable, query, json!({})).await;
    assert_eq!(answer["data"], Value::Null, "{answer:#}");
}

#[tokio::test]
async fn of_several_operations_the_named_one_runs_with_its_own_variables() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "query One($handle: String!) { product(handle: $handle) { id } } \
                 query Two($first: Int!) { products(first: $first) { nodes { id } } }";
    let body = json!({ "query": query, "operationName": "Two", "variables": { "first": 1 } });
    let answer = app.post_json(&store.publishable, &body, &[]).await.json();
    assert_eq!(answer["data"], json!({ "products": { "nodes": [] } }));
}

#[tokio::test]
async fn requests_that_read_and_then_write_never_wait_for_each_others_connections() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "2")]).await;
    let store = app.store("acme").await;
    // The first field's payload reads, the second field writes: whoever kept the one connection for the other would
    // wait for somebody who does the same.
    let query = "mutation { a: cartCreate { cart { checkoutUrl } } b: cartCreate { cart { checkoutUrl } } }";
    for answer in join_all((0..20).map(|_| app.gql(&store.publishable, query, json!({})))).await {
        assert!(answer["a"]["cart"]["checkoutUrl"].is_string() && answer["b"]["cart"]["checkoutUrl"].is_string());
    }
}

/// A mutation that fails leaves what others in the document have done in the answer.
#[tokio::test]
async fn a_mutations_failure_leaves_the_answers_of_its_neighbours() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "mutation { a: cartCreate { cart { totalQuantity } } c: cartCreate { cart { totalQuantity } } \
                 b: orderCancel(orderId: \"a\") { userErrors { message } } d: cartCreate { cart { totalQuantity } } }";
    let (_, answer) = app.post(&store.publishable, query, json!({})).await;
    let made = json!({ "cart": { "totalQuantity": 0 } });
    assert_eq!(answer["data"], json!({ "a": made, "c": made, "b": null, "d": made }), "{answer:#}");
    assert_eq!((&answer["errors"][0]["path"], answer["errors"].as_array().map(Vec::len)), (&json!(["b"]), Some(1)));
}

/// Fields that are answered from memory say what their resolvers would: a field that is asked twice goes the other way.
#[tokio::test]
async fn what_is_answered_from_memory_is_what_resolvers_answer() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut products = Vec::new();
    for price in [0, 5, 123_456] {
        let goods = Goods::new(price).stock(7);
        products.push(format!("gid://emporia/Product/{}", goods.id));
        app.shelve(&store, goods).await;
    }
    let create = "mutation($input: CollectionInput!) { collectionCreate(input: $input) { userErrors { message } } }";
    for title in ["Mugs", "More mugs"] {
        let input = json!({ "title": title, "descriptionHtml": "<p>For tea</p>", "products": products });
        let created = app.gql(&store.secret, create, json!({ "input": input })).await;
        assert_eq!(created["collectionCreate"]["userErrors"], json!([]));
    }
    let page = |node: &str| {
        format!(
            "{{ __typename nodes {{ {node} }} edges {{ __typename cursor node {{ {node} }} }}
               pageInfo {{ __typename hasNextPage hasPreviousPage startCursor endCursor }} }}"
        )
    };
    let variant = "__typename id title sku availableForSale quantityAvailable price { __typename amount currencyCode }";
    let collection = "__typename id handle title descriptionHtml";
    let product = format!(
        "__typename id handle title description descriptionHtml vendor productType tags availableForSale
         variants(first: 1) {} collections(first: 1, reverse: true) {}",
        page(variant),
        page(collection)
    );
    let fields =
        [format!("products(first: 2) {}", page(&product)), format!("collections(last: 1) {}", page(collection))];
    for (field, key) in fields.iter().flat_map(|field| [(field, &store.secret), (field, &store.publishable)]) {
        let plain = app.ask(key, &format!("{{ {field} }}")).await;
        assert!(plain.text.contains("\"nodes\":[{\"__typename\""), "{}", plain.text);
        let twice = app.ask(key, &format!("{{ {} }}", asked_twice(field))).await;
        // Not what it was expected to cost.
        let data = |answer: &Answer| answer.text.split_once(",\"extensions\":").expect("a cost").0.to_owned();
        assert_eq!(data(&plain), data(&twice), "{field}");
    }
}

/// The same fields, each asked once more in a fragment.
fn asked_twice(text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.to_owned() };
    let mut depth = 1;
    let end = rest.find(|c| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth == 0
    });
    let end = end.expect("a closing bracket");
    let inner = asked_twice(&rest[..end]);
    format!("{before}{{ {inner} ... {{ {inner} }} }}{}", asked_twice(&rest[end + 1..]))
}

/// A document that has been executed is not validated again; it must not show, whatever the variables hold.
#[tokio::test]
async fn a_document_seen_before_answers_as_a_new_one_does() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let variant = app.shelve(&store, Goods::new(1000)).await;
    let number = json!([0, 1, 2.5, -1, 251, "1", true, null, [1], { "a": 1 }, 3_000_000_000_i64]);
    let text = json!(["nowhere", "", 7, 2.5, true, null, ["a"], ["a", "b"], { "a": "b" }]);
    let cases = [
        ("query A($v: String!) { product(handle: $v) { id } }", json!("a"), &text),
        ("query A($v: String) { product(handle: $v) { id } }", json!("a"), &text),
        ("query A($v: String = \"a\") { product(handle: $v) { id } }", json!("a"), &text),
        ("query A($v: ID!) { node(id: $v) { id } }", json!(variant), &text),
        ("query A($v: [ID!]!) { nodes(ids: $v) { id } }", json!([variant]), &text),
        ("query A($v: Int) { products(first: $v) { nodes { id } } }", json!(2), &number),
        (
            "query A($v: Int!) { products(first: 1) { nodes { variants(first: $v) { nodes { id } } } } }",
            json!(2),
            &number,
        ),
        ("query A($v: Boolean!) { shop { name @include(if: $v) id } }", json!(true), &number),
        ("query A($v: CountryCode) @inContext(country: $v) { shop { name } }", json!("DE"), &text),
        ("query A($v: ProductSortKeys) { products(first: 1, sortKey: $v) { nodes { id } } }", json!("TITLE"), &text),
        ("query A($v: ProductSortKeys) { products(first: 1, sortKey: $v) { nodes { id } } }", json!("TITLE"), &number),
        ("mutation A($v: String) { cartCreate(input: { note: $v, nowhere: 1 }) { cart { note } } }", json!("a"), &text),
        ("mutation A($v: String) { cartCreate(input: { note: $v }) { cart { note } } }", json!("a"), &text),
        ("mutation A($v: CartInput) { cartCreate(input: $v) { cart { note } } }", json!({ "note": "a" }), &text),
        ("query A($v: Int) { products(first: $v) { nodes { id } } } query B { shop { id } }", json!(2), &number),
    ];
    let ask = async |query: &str, variables: &Value| {
        let body = json!({ "query": query, "operationName": "A", "variables": variables });
        let answer = app.post_json(&store.publishable, &body, &[]).await;
        (answer.status, answer.text)
    };
    for (query, first, others) in cases {
        let first = json!({ "v": first });
        ask(query, &first).await;
        let given = others.as_array().expect("values").iter().map(|value| json!({ "v": value }));
        for variables in given.chain([json!({}), json!({ "w": [1] }), first.clone()]) {
            let known = ask(query, &variables).await;
            // The cache knows documents by their text.
            let new = ask(&format!("{query} # {variables} {first}"), &variables).await;
            assert_eq!(known, new, "{query} {variables}");
        }
    }
}
