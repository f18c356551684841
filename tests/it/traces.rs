//! What a collector of OpenTelemetry is sent: by the processes as operators run them, to a receiver that understands it.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;

use crate::support::{Process, Receiver, Reply, Shopping, Socket, TestApp, eventually, redis_url};
use crate::webhook::subscribe;

/// Each span that was sent, with the name of the service that sent it.
fn spans(collector: &Receiver) -> Vec<(String, Span)> {
    let sent = collector.received().into_iter().filter(|request| request.path == "/v1/traces");
    let sent = sent.map(|request| ExportTraceServiceRequest::decode(request.body).expect("OTLP"));
    let mut spans = Vec::new();
    for resource in sent.flat_map(|request| request.resource_spans) {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let name = attributes.iter().find(|attribute| attribute.key == "service.name").expect("a service's name");
        let name = format!("{:?}", name.value);
        spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(|span| (name.clone(), span)));
    }
    spans
}

/// The names of a span and of those that it is part of, outwards.
fn line(spans: &HashMap<Vec<u8>, Span>, span: &Span) -> Vec<String> {
    let mut line = vec![span.name.clone()];
    let mut parent = spans.get(&span.parent_span_id);
    while let Some(span) = parent {
        line.push(span.name.clone());
        parent = spans.get(&span.parent_span_id);
    }
    line
}

/// What processes need to know to tell of themselves.
struct Settings([(&'static str, String); 6]);

impl Settings {
    fn new(test: &TestApp, collector: &Receiver) -> Self {
        Self([
            ("DATABASE_URL", test.db.url("emporia_app")),
            ("DATABASE_PLATFORM_URL", test.db.url("emporia_platform")),
            ("REDIS_URL", redis_url()),
            ("WEBHOOK_ALLOW_PRIVATE", "true".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{}", collector.port)),
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ])
    }

    fn of_a_process(&self) -> [(&'static str, &str); 6] {
        self.0.each_ref().map(|(name, value)| (*name, value.as_str()))
    }
}

/// Every span with those that it is part of, outwards, and its trace.
fn lines(spans: &[(String, Span)]) -> Vec<(String, Vec<String>)> {
    let by_id: HashMap<_, _> = spans.iter().map(|(_, span)| (span.span_id.clone(), span.clone())).collect();
    spans.iter().map(|(_, span)| (hex(&span.trace_id), line(&by_id, span))).collect()
}

#[tokio::test]
async fn a_query_is_a_trace_with_its_statements_over_http_and_over_a_socket() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let collector = Receiver::start(Reply::Status(200, String::new())).await;
    let settings = Settings::new(&test, &collector);
    let (serve, address) = Process::serve(&settings.of_a_process());
    let products = "query Front { products(first: 1) { nodes { id } } }";
    let asked = reqwest::Client::new()
        .post(format!("http://{address}/graphql"))
        .header("x-api-key", &store.publishable)
        .header("content-type", "application/json")
        .body(json!({ "query": products }).to_string());
    assert!(asked.send().await.expect("an answer").text().await.expect("a text").contains("\"nodes\":[]"));
    let mut socket = Socket::with_key_at(address, &store.publishable).await;
    for id in ["1", "2"] {
        socket.subscribe(id, products).await;
        assert_eq!(socket.hear().await["type"], "next");
        assert_eq!(socket.hear().await["type"], "complete");
    }
    let told = async |expected: &[&str], times: usize| {
        eventually(&format!("{times} of {expected:?}"), || async {
            let lines = lines(&spans(&collector));
            let traces: Vec<_> = lines.into_iter().filter(|(_, line)| line == expected).map(|(id, _)| id).collect();
            (traces.len() == times).then_some(traces)
        })
        .await
    };
    let by_http = told(&["SELECT products", "POST /graphql"], 1).await;
    // While the socket is open: its own span is told when it ends.
    let by_socket = told(&["SELECT products", "operation"], 2).await;
    assert!(by_socket[0] != by_socket[1] && !by_socket.contains(&by_http[0]), "each is a trace of its own");
    let operation = spans(&collector).into_iter().find(|(_, span)| span.name == "operation").expect("an operation").1;
    let attributes = format!("{:?}", operation.attributes);
    assert!(attributes.contains("\"Front\"") && attributes.contains("request_id"), "{attributes}");
    drop(serve);
}

#[tokio::test]
async fn a_request_its_use_case_its_statements_and_its_deliveries_are_one_trace() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1_000, 5).await;
    let order = format!("gid://emporia/Order/{}", shop.buy(&shop.cart(&[(1, 1)]).await).await);
    let (test, store) = (&shop.app, &shop.store);
    let collector = Receiver::start(Reply::Status(200, String::new())).await;
    let receiver = Receiver::accepting().await;
    subscribe(test, store, "ORDERS_PAID", &receiver.url()).await;
    let settings = Settings::new(test, &collector);
    let settings = settings.of_a_process();
    let (_serve, address) = Process::serve(&[&settings[..], &[("OTEL_SERVICE_NAME", "shop-api")]].concat());
    let _worker = Process::worker(&[&settings[..], &[("OTEL_SERVICE_NAME", "shop-worker")]].concat());

    let pay = "mutation Pay($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { message } } }";
    let body = json!({ "query": pay, "variables": { "id": order } }).to_string();
    let asked = reqwest::Client::new()
        .post(format!("http://{address}/graphql"))
        .header("x-api-key", &store.secret)
        .header("content-type", "application/json")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .body(body);
    let answer = asked.send().await.expect("an answer").text().await.expect("a text");
    assert!(answer.contains("\"userErrors\":[]"), "{answer}");

    let delivered = eventually("it is delivered", || async { receiver.received().pop() }).await;
    assert_eq!(delivered.header("traceparent").split('-').nth(1), Some("0af7651916cd43dd8448eb211c80319c"));
    let trace = eventually("the delivery is told", || async {
        let all = spans(&collector);
        let trace: Vec<_> =
            all.into_iter().filter(|(_, span)| hex(&span.trace_id) == "0af7651916cd43dd8448eb211c80319c").collect();
        let has = |service: &str, name: &str| trace.iter().any(|(of, span)| of.contains(service) && span.name == name);
        (has("shop-worker", "delivery") && has("shop-api", "POST /graphql")).then_some(trace)
    })
    .await;

    let lines: Vec<_> = lines(&trace).into_iter().map(|(_, line)| line).collect();
    let told =
        |expected: &[&str]| assert!(lines.iter().any(|line| line == expected), "{expected:?} is not in {lines:#?}");
    told(&["POST /graphql"]);
    told(&["order_mark_as_paid", "POST /graphql"]);
    told(&["UPDATE orders", "order_mark_as_paid", "POST /graphql"]);
    told(&["COMMIT", "order_mark_as_paid", "POST /graphql"]);
    told(&["delivery", "order_mark_as_paid", "POST /graphql"]);
    told(&["INSERT webhook_attempts", "delivery", "order_mark_as_paid", "POST /graphql"]);
    let request = trace.iter().map(|(_, span)| span).find(|span| span.name == "POST /graphql").expect("the request");
    assert_eq!(hex(&request.parent_span_id), "b7ad6b7169203331");
    let attributes = format!("{:?}", request.attributes);
    assert!(attributes.contains("\"Pay\"") && attributes.contains("http.response.status_code"), "{attributes}");
    assert!(request.events.is_empty(), "what is logged is no part of it: {:?}", request.events);

    let sent: String =
        collector.received().iter().map(|sent| String::from_utf8_lossy(&sent.body).into_owned()).collect();
    let (endpoint, number) = (receiver.url(), order.rsplit('/').next().expect("an id"));
    for secret in [store.secret.as_str(), &endpoint, "@example.com", number] {
        assert!(!sent.contains(secret), "{secret} is in the spans");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
