//! The bounds before execution, at the edge; each limit's own tests are beside its code.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn every_limit_refuses_before_execution() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let repeat = |text: &str, times: usize| text.repeat(times);
    let nested = |levels: usize| repeat("[", levels) + &repeat("]", levels);
    for (query, code, what) in [
        (format!("{{ __typename }}{}", repeat(" ", 70_000)), "GRAPHQL_PARSE_FAILED", "65536 bytes"),
        (format!("{{ {} }}", repeat("a ", 8_000)), "GRAPHQL_PARSE_FAILED", "8000 tokens"),
        (format!("{{ {} }}", repeat("x", 60_000)), "GRAPHQL_PARSE_FAILED", "255 bytes in a name"),
        (repeat("{a", 61), "GRAPHQL_PARSE_FAILED", "60 nested brackets"),
        (format!("{{a(b:{}", repeat("[", 30_000)), "GRAPHQL_PARSE_FAILED", "60 nested brackets"),
        // What would hide the brackets if it were read otherwise than the parser reads it.
        (format!("#\r{{a(b:{})}}", nested(500)), "GRAPHQL_PARSE_FAILED", "60 nested brackets"),
        (format!(r#"{{a(b:["""\\""" """ {}])}}"#, nested(500)), "GRAPHQL_PARSE_FAILED", "60 nested brackets"),
        (format!(r#"{{a(b:["""", {}])}}"#, nested(500)), "GRAPHQL_PARSE_FAILED", "60 nested brackets"),
        (format!("{{{}a{}}}", repeat("a{", 25), repeat("}", 25)), "GRAPHQL_VALIDATION_FAILED", "24 levels of fields"),
        (format!("{{ {} }}", repeat("__typename ", 51)), "GRAPHQL_VALIDATION_FAILED", "50 fields at its root"),
        (format!("{{ a {{ {} }} }}", repeat("a:b ", 201)), "GRAPHQL_VALIDATION_FAILED", "200 aliases"),
        (format!("{{ a {} }}", repeat("@b ", 201)), "GRAPHQL_VALIDATION_FAILED", "200 directives"),
        (
            (0..51).map(|n| format!("query q{n} {{ a }} ")).collect(),
            "GRAPHQL_VALIDATION_FAILED",
            "50 operations",
        ),
        (
            "{ __type(name: \"Node\") { possibleTypes { interfaces { possibleTypes { name } } } } }".to_owned(),
            "GRAPHQL_VALIDATION_FAILED",
            "2 lists of the schema's types and fields inside each other",
        ),
        (
            "{ products(first: 250) { nodes { collections(first: 250) { nodes { products(first: 250) { nodes { id } } } } } } }".to_owned(),
            "MAX_COST_EXCEEDED",
            "250000 points of estimated cost",
        ),
    ] {
        let answer = app.ask(&key, &query).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code), "{what}");
        assert_eq!(answer.json()["errors"][0]["message"], format!("the document has more than {what}"));
    }
}

/// As graphql-js writes it with every option, which GraphiQL, Apollo, Relay and the code generators send; some of them
/// with fewer options.
const INTROSPECTION: &str = "query IntrospectionQuery {
    __schema {
      description queryType { name } mutationType { name } subscriptionType { name }
      types { ...FullType }
      directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
    }
  }
  fragment FullType on __Type {
    kind name description specifiedByURL
    fields(includeDeprecated: true) {
      name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
    }
    inputFields(includeDeprecated: true) { ...InputValue }
    interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef }
  }
  fragment InputValue on __InputValue {
    name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
  }
  fragment TypeRef on __Type {
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
    kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
  }";

#[tokio::test]
async fn the_usual_introspection_is_answered() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let schema = app.gql(&key, INTROSPECTION, json!({})).await;
    let types = schema["__schema"]["types"].as_array().expect("types");
    let root = types.iter().find(|of| of["name"] == "QueryRoot").expect("the root");
    assert!(root["fields"].as_array().expect("fields").len() > 20);
    let one = "{ __type(name: \"Node\") { possibleTypes { name fields { name type { ofType { name } } } } } }";
    app.gql(&key, one, json!({})).await;
}

#[tokio::test]
async fn a_large_variable_may_not_be_used_over_and_over() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let long = json!({ "v": "x".repeat(1_900_000) });
    for query in [
        format!("query($v: ID!) {{ nodes(ids: [{}]) {{ id }} }}", "$v ".repeat(2_000)),
        format!("query A {{ __typename }} query B($v: ID!) {{ nodes(ids: [{}]) {{ id }} }}", "$v ".repeat(2_000)),
        format!("query($v: ID!) {{ {} }} fragment a on QueryRoot {{ b: node(id: $v) {{ id }} }}", "...a ".repeat(20)),
    ] {
        let body =
            json!({ "query": query, "variables": long, "operationName": query.contains("query A").then_some("A") });
        let answer = app.post_json(&key, &body, &[("accept", "application/graphql-response+json")]).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "MAX_COST_EXCEEDED"));
        assert!(answer.text.contains("bytes of variables, each counted at every use"), "{}", answer.text);
    }
    let once = app.gql(&key, "query($v: ID!) { node(id: $v) { id } }", json!({ "v": "gid://emporia/Page/x" })).await;
    assert_eq!(once["node"], json!(null));
}

#[tokio::test]
async fn an_answer_is_only_so_long() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.secret;
    let input = json!({ "handle": "mug", "title": "Mug", "descriptionHtml": "x".repeat(60_000) });
    let set = "mutation($input: ProductSetInput!) { productSet(input: $input) { userErrors { message } } }";
    let done = app.gql(&key, set, json!({ "input": input })).await;
    assert_eq!(done["productSet"]["userErrors"], json!([]));
    let times = |count: usize| {
        let aliases = (0..count).map(|n| format!("a{n}: descriptionHtml ")).collect::<String>();
        format!("{{ product(handle: \"mug\") {{ {aliases} }} }}")
    };
    assert_eq!(app.ask(&key, &times(100)).await.status, StatusCode::OK);
    let refused = app.ask(&key, &times(190)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::BAD_REQUEST, "MAX_COST_EXCEEDED"));
    assert!(
        refused.text.contains("longer than 10485760 bytes") && refused.text.len() < 1_000,
        "{}",
        refused.text.len()
    );
}

/// The estimate counts objects; how long their texts are only the database knows.
#[tokio::test]
async fn an_operation_reads_only_as_much_as_memory_bears() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.secret;
    for handle in ["mug", "cup", "jar", "pot"] {
        let input = json!({ "handle": handle, "title": handle, "descriptionHtml": "x".repeat(500_000) });
        let set = "mutation($input: ProductSetInput!) { productSet(input: $input) { userErrors { message } } }";
        let done = app.gql(&key, set, json!({ "input": input })).await;
        assert_eq!(done["productSet"]["userErrors"], json!([]));
    }
    let lists = |count: usize| {
        let lists =
            (0..count).map(|n| format!("a{n}: products(first: 4) {{ nodes {{ handle }} }} ")).collect::<String>();
        format!("{{ {lists} }}")
    };
    assert_eq!(app.ask(&key, &lists(30)).await.status, StatusCode::OK);
    let refused = app.ask(&key, &lists(40)).await;
    assert_eq!(refused.code(), "MAX_COST_EXCEEDED");
    assert!(refused.text.contains("reads more than 64 MiB from the database"), "{}", refused.text);
    assert_eq!(app.ask(&key, &lists(1)).await.status, StatusCode::OK);
}

/// Everything is in memory after the first look-ups, so nothing waits; and the estimate knows nothing of forty sizes.
#[tokio::test]
async fn a_request_that_only_computes_is_ended_when_its_time_is_over() {
    let app = TestApp::with(&[("REQUEST_TIMEOUT_MS", "300")]).await;
    let key = app.store("acme").await.secret;
    let sizes = (0..40).map(|n| json!({ "name": format!("{n}") })).collect::<Vec<_>>();
    let of_size = |n| json!({ "optionValues": [{ "optionName": "Size", "name": format!("{n}") }], "price": "1" });
    let input = json!({
        "handle": "shirt", "title": "Shirt",
        "productOptions": [{ "name": "Size", "values": sizes }],
        "variants": (0..40).map(of_size).collect::<Vec<_>>(),
    });
    let set = "mutation($input: ProductSetInput!) { productSet(input: $input) { userErrors { message } } }";
    let done = app.gql(&key, set, json!({ "input": input })).await;
    assert_eq!(done["productSet"]["userErrors"], json!([]));
    let rounds = format!("{}{}{}", "adjacentVariants { product { ".repeat(4), "id", " } }".repeat(4));
    let since = Instant::now();
    let answer = app.ask(&key, &format!("{{ product(handle: \"shirt\") {{ {rounds} }} }}")).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{}", &answer.text[..answer.text.len().min(500)]);
    assert!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
}

#[tokio::test]
async fn going_round_in_circles_is_refused_before_it_begins() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let rounds = format!("{}{}{}", "adjacentVariants { product { ".repeat(6), "id", " } }".repeat(6));
    let query = format!("{{ products(first: 1) {{ nodes {{ {rounds} }} }} }}");
    assert!(query.len() < 300, "{}", query.len());
    assert_eq!(app.ask(&key, &query).await.code(), "MAX_COST_EXCEEDED");
}

#[tokio::test]
async fn deeply_nested_json_is_a_bad_request() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let headers = [("content-type", "application/json"), ("x-api-key", key.as_str())];
    for body in [
        deep.clone(),
        format!(r#"{{"query": "{{ __typename }}", "variables": {{ "a": {deep} }}}}"#),
        format!(r#"{{"query": "{{ __typename }}", "extensions": {{ "a": {deep} }}}}"#),
    ] {
        assert_eq!(app.send("POST", "/graphql", &headers, body).await.status, StatusCode::BAD_REQUEST);
    }
}

/// 726 bytes: each fragment spreads the next twice. Validation alone would take seconds.
#[tokio::test]
async fn a_fragment_bomb_costs_next_to_nothing() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let mut bomb = "{...a}".to_owned();
    for pair in ('a'..='u').collect::<Vec<_>>().windows(2) {
        bomb += &format!("fragment {} on QueryRoot{{...{1} ...{1}}}", pair[0], pair[1]);
    }
    bomb += "fragment u on QueryRoot{__typename}";
    assert!((700..=760).contains(&bomb.len()), "{}", bomb.len());
    assert_eq!(app.ask(&key, &bomb).await.code(), "GRAPHQL_VALIDATION_FAILED");
    let before = cpu_time();
    emporia::http::graphql::Documents::default().prepare(&bomb).expect_err("refused");
    // The proof is the count of steps in graphql/limits; this only tells a second from a millisecond.
    let spent = cpu_time() - before;
    assert!(spent < Duration::from_millis(10), "{spent:?}");
}

/// What this thread has computed: the test's runtime has no other.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local of the type that the call fills.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(done, 0);
    Duration::new(u64::try_from(time.tv_sec).expect("seconds"), u32::try_from(time.tv_nsec).expect("nanoseconds"))
}
