//! Trusted documents: sent by their ids over every transport, required of publishable keys where the tenant says so.

use axum::http::StatusCode;
use emporia::trusted_document::model::{DocumentHash, document_id};
use serde_json::{Value, json};

use crate::support::{Answer, Socket, Store, TestApp};

const TEXT: &str = "query ShopName { shop { name } }";

fn id(text: &str) -> String {
    document_id(DocumentHash::of(text))
}

async fn add(app: &TestApp, store: &Store, documents: Value) -> Value {
    let query = "mutation($documents: [TrustedDocumentInput!]!) { trustedDocumentsAdd(documents: $documents) {
        trustedDocuments { documentId name text } userErrors { field code message } } }";
    app.gql(&store.secret, query, json!({ "documents": documents })).await["trustedDocumentsAdd"].take()
}

async fn require(app: &TestApp, store: &Store, required: bool) {
    let query = "mutation($required: Boolean!) { trustedDocumentsRequire(required: $required) {
        required userErrors { message } } }";
    let done = app.gql(&store.secret, query, json!({ "required": required })).await;
    assert_eq!(done["trustedDocumentsRequire"], json!({ "required": required, "userErrors": [] }));
}

async fn by_id(app: &TestApp, key: &str, id: &str) -> Answer {
    app.post_json(key, &json!({ "documentId": id }), &[("accept", "application/graphql-response+json")]).await
}

fn name(answer: &Answer) -> Value {
    answer.json()["data"]["shop"]["name"].clone()
}

#[tokio::test]
async fn a_trusted_document_is_sent_by_its_id() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let early = by_id(&app, &store.publishable, &id(TEXT)).await;
    assert_eq!((early.status, early.code().as_str()), (StatusCode::BAD_REQUEST, "PERSISTED_QUERY_NOT_FOUND"));
    let added = add(&app, &store, json!([{ "documentId": id(TEXT), "text": TEXT }])).await;
    let document = json!({ "documentId": id(TEXT), "name": "ShopName", "text": TEXT });
    assert_eq!(added, json!({ "trustedDocuments": [document], "userErrors": [] }));
    for key in [&store.publishable, &store.secret] {
        assert_eq!(name(&by_id(&app, key, &id(TEXT)).await), "acme");
    }
    let uri = format!("/graphql?documentId={}", id(TEXT));
    let headers = [("x-api-key", store.publishable.as_str()), ("apollo-require-preflight", "1")];
    assert_eq!(name(&app.send("GET", &uri, &headers, "").await), "acme");
    // What Apollo sends for it.
    let hash = DocumentHash::of(TEXT).to_string();
    let body = json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    assert_eq!(name(&app.post_json(&store.publishable, &body, &[]).await), "acme");

    let both = app.post_json(&store.publishable, &json!({ "documentId": id(TEXT), "query": TEXT }), &[]).await;
    assert_eq!((both.status, both.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"));
    for bad in ["sha256:", "ShopName", &id(TEXT)[7..]] {
        let refused = by_id(&app, &store.publishable, bad).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::BAD_REQUEST, "BAD_USER_INPUT"), "{bad}");
    }
}

#[tokio::test]
async fn another_tenant_trusts_for_itself() {
    let app = TestApp::new().await;
    let (acme, globex) = (app.store("acme").await, app.store("globex").await);
    add(&app, &acme, json!([{ "text": TEXT }])).await;
    assert_eq!(name(&by_id(&app, &acme.publishable, &id(TEXT)).await), "acme");
    assert_eq!(by_id(&app, &globex.publishable, &id(TEXT)).await.code(), "PERSISTED_QUERY_NOT_FOUND");
    require(&app, &acme, true).await;
    assert_eq!(app.ask(&globex.publishable, "{ shop { name } }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_they_are_required_a_publishable_key_sends_nothing_else() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    add(&app, &store, json!([{ "text": TEXT }])).await;
    // Persisted before it was required: no way round.
    let other = "query Other { shop { id } }";
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": DocumentHash::of(other).to_string() } });
    let body = json!({ "query": other, "extensions": persisted });
    assert_eq!(app.post_json(&store.publishable, &body, &[]).await.status, StatusCode::OK);
    require(&app, &store, true).await;

    let host = [("host", "acme.shops.test"), ("content-type", "application/json")];
    for body in [
        json!({ "query": other }),
        json!({ "query": other, "extensions": persisted }),
        json!({ "extensions": persisted }),
        json!({ "query": format!("{TEXT} ") }),
        json!({ "query": "{ __schema { types { name } } }" }),
        json!({ "query": "mutation { cartCreate { cart { id } } }" }),
        json!({}),
    ] {
        let by_key = app.post_json(&store.publishable, &body, &[]).await;
        let by_host = app.send("POST", "/graphql", &host, body.to_string()).await;
        let compatible = [("x-api-key", store.publishable.as_str()), ("content-type", "application/json")];
        let by_path = app.send("POST", "/api/2026-04/graphql.json", &compatible, body.to_string()).await;
        let by_stream = app.post_json(&store.publishable, &body, &[("accept", "text/event-stream")]).await;
        for refused in [by_key, by_host, by_path, by_stream] {
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{body}");
        }
        let of_the_merchant = app.post_json(&store.secret, &body, &[]).await;
        assert_ne!(of_the_merchant.json()["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body}");
    }
    for uri in ["/graphql", "/api/2026-04/graphql.json"] {
        let uri = format!("{uri}?query=%7B__typename%7D");
        let refused = app.send("GET", &uri, &[("x-api-key", &store.publishable)], "").await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{uri}");
    }
    let batch = json!([{ "documentId": id(TEXT) }, { "query": other }]);
    let batch = app.post_json(&store.publishable, &batch, &[]).await.json();
    assert_eq!(batch[0]["data"]["shop"]["name"], "acme");
    assert_eq!(batch[1]["errors"][0]["extensions"]["code"], "FORBIDDEN");
    // The same text, whole: the client need not know of ids.
    assert_eq!(name(&app.ask(&store.publishable, TEXT).await), "acme");
    require(&app, &store, false).await;
    assert_eq!(app.ask(&store.publishable, other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_socket_takes_them_too_and_is_held_to_them() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    add(&app, &store, json!([{ "text": TEXT }])).await;
    require(&app, &store, true).await;
    let server = app.serve().await;
    let mut socket = Socket::with_key(&server, &store.publishable).await;
    socket.say(json!({ "type": "subscribe", "id": "1", "payload": { "documentId": id(TEXT) } })).await;
    assert_eq!(socket.hear().await["payload"]["data"]["shop"]["name"], "acme");
    assert_eq!(socket.hear().await["type"], "complete");
    socket.say(json!({ "type": "subscribe", "id": "2", "payload": { "query": "{ shop { id } }" } })).await;
    let refused = socket.hear().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("FORBIDDEN"))
    );
}

#[tokio::test]
async fn a_socket_that_was_open_before_is_held_to_them_as_well() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let mut socket = Socket::with_key(&server, &store.publishable).await;
    socket.subscribe("1", TEXT).await;
    assert_eq!(socket.hear().await["type"], "next");
    assert_eq!(socket.hear().await["type"], "complete");
    require(&app, &store, true).await;
    socket.subscribe("2", TEXT).await;
    assert_eq!(socket.hear().await["payload"][0]["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn what_is_no_document_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let wrong = json!([
        { "text": TEXT },
        { "text": "query {" },
        { "text": "" },
        { "text": "{ __typename }", "documentId": id(TEXT) },
        { "text": format!("{{ __typename }}{}", " ".repeat(65_536)) },
    ]);
    let refused = add(&app, &store, wrong).await;
    assert_eq!(refused["trustedDocuments"], Value::Null);
    let errors = refused["userErrors"].as_array().expect("a list").iter();
    let errors: Vec<_> = errors.map(|error| (error["field"].clone(), error["code"].clone())).collect();
    assert_eq!(
        errors,
        [
            (json!(["documents", "1", "text"]), json!("INVALID_DOCUMENT")),
            (json!(["documents", "2", "text"]), json!("INVALID_DOCUMENT")),
            (json!(["documents", "3", "documentId"]), json!("INVALID_ID")),
            (json!(["documents", "4", "text"]), json!("INVALID_DOCUMENT")),
        ]
    );
    assert_eq!(add(&app, &store, json!([])).await["userErrors"][0]["code"], "BLANK");
    let many = add(&app, &store, json!(vec![json!({ "text": "{ __typename }" }); 251])).await;
    assert_eq!(many["userErrors"][0]["code"], "TOO_MANY");
    assert_eq!(by_id(&app, &store.publishable, &id(TEXT)).await.code(), "PERSISTED_QUERY_NOT_FOUND", "all or none");
}

#[tokio::test]
async fn they_are_listed_and_removed() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let texts = ["query A { shop { name } }", "{ shop { name } }", "query B { shop { name } } query C { shop { id } }"];
    add(&app, &store, json!(texts.map(|text| json!({ "text": text })))).await;
    add(&app, &store, json!([{ "text": texts[0] }])).await;
    let listed =
        app.gql(&store.secret, "{ trustedDocuments(first: 5) { nodes { documentId name } } }", json!({})).await;
    let names: Vec<_> = listed["trustedDocuments"]["nodes"].as_array().expect("a list").iter().collect();
    assert_eq!(names.len(), 3, "one is one however often it is added");
    assert_eq!(names[0], &json!({ "documentId": id(texts[0]), "name": "A" }));
    assert_eq!(names[1]["name"], Value::Null);
    let remove = "mutation($ids: [String!]!) { trustedDocumentsRemove(documentIds: $ids) {
        removedDocumentIds userErrors { field code } } }";
    let ids = json!({ "ids": [id(texts[0]), id("{ a }"), "nonsense"] });
    let removed = app.gql(&store.secret, remove, ids.clone()).await;
    let done = json!({ "removedDocumentIds": [id(texts[0])], "userErrors": [] });
    assert_eq!(removed["trustedDocumentsRemove"], done);
    assert_eq!(by_id(&app, &store.publishable, &id(texts[0])).await.code(), "PERSISTED_QUERY_NOT_FOUND");
    let none = app.gql(&store.secret, remove, json!({ "ids": [] })).await;
    let blank = json!([{ "field": ["documentIds"], "code": "BLANK" }]);
    assert_eq!(none["trustedDocumentsRemove"]["userErrors"], blank);
    for document in [
        "{ trustedDocuments(first: 1) { nodes { text } } }",
        "mutation { trustedDocumentsRequire(required: false) { required } }",
    ] {
        assert_eq!(app.ask(&store.publishable, document).await.code(), "FORBIDDEN");
    }
}
