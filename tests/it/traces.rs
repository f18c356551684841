//! What a collector of OpenTelemetry is sent: by the processes as operators run them, to a receiver that understands it.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;

use crate::support::{Process, Receiver, Reply, Shopping, eventually, redis_url};
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

#[tokio::test]
async fn a_request_its_use_case_its_statements_and_its_deliveries_are_one_trace() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1_000, 5).await;
    let order = format!("gid://emporia/Order/{}", shop.buy(&shop.cart(&[(1, 1)]).await).await);
    let (test, store) = (&shop.app, &shop.store);
    let collector = Receiver::start(Reply::Status(200, String::new())).await;
    let receiver = Receiver::accepting().await;
    subscribe(test, store, "ORDERS_PAID", &receiver.url()).await;
    let [app, platform, redis] = [test.db.url("emporia_app"), test.db.url("emporia_platform"), redis_url()];
    let endpoint = format!("http://127.0.0.1:{}", collector.port);
    let settings = [
        ("DATABASE_URL", app.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("REDIS_URL", &redis),
        ("WEBHOOK_ALLOW_PRIVATE", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
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

    let by_id: HashMap<_, _> = trace.iter().map(|(_, span)| (span.span_id.clone(), span.clone())).collect();
    let lines: Vec<_> = trace.iter().map(|(_, span)| line(&by_id, span)).collect();
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
