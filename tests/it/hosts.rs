//! What can be done with the name of the host a request is sent to: everything that is not exactly one shop's name is
//! nobody's, no other header stands in for it, and nothing that is mailed or answered leads where it says.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{SIGN_IN, Store, TestApp, TestServer};

const ASKED: &str = r#"{"query":"{ shop { name } }"}"#;

/// Sends bytes on a connection of its own; answers everything that comes back.
async fn sent(server: &TestServer, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    client.write_all(bytes).await.expect("sent");
    let mut answer = Vec::new();
    // A server that slams the door may do so before everything is read.
    let _ = client.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks for the shop's name with these lines of head; answers status and body.
async fn asked(server: &TestServer, target: &str, head: &[&[u8]]) -> (String, String) {
    let mut bytes = format!("POST {target} HTTP/1.1\r\n").into_bytes();
    for line in head {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    let rest = format!(
        "content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{ASKED}",
        ASKED.len()
    );
    bytes.extend_from_slice(rest.as_bytes());
    let answer = sent(server, &bytes).await;
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Asks at a host, given as bytes.
async fn at(server: &TestServer, host: &[u8]) -> (String, String) {
    asked(server, "/graphql", &[&[b"Host: ".as_slice(), host].concat()]).await
}

async fn two_shops() -> (TestApp, Store, Store, TestServer) {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let server = app.serve().await;
    (app, acme, other, server)
}

fn is_acmes((status, body): &(String, String)) -> bool {
    status == "200" && body.contains(r#""name":"acme""#)
}

/// Refused, and nothing of either shop is said.
fn is_nobodys((status, body): &(String, String)) -> bool {
    matches!(status.as_str(), "400" | "401") && !body.contains("acme") && !body.contains("other")
}

#[tokio::test]
async fn a_host_is_a_shops_in_any_case_with_a_port_and_with_the_dot_at_its_end() {
    let (_app, _, _, server) = two_shops().await;
    for host in
        ["acme.shops.test", "ACME.Shops.TEST", "acme.shops.test:8000", "acme.shops.test.", "acme.shops.test.:443"]
    {
        let answer = at(&server, host.as_bytes()).await;
        assert!(is_acmes(&answer), "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_shops_host_is_nobodys() {
    let (_app, _, _, server) = two_shops().await;
    let (long, label) = (format!("{}acme.shops.test", "a.".repeat(200)), format!("{}.shops.test", "a".repeat(64)));
    let hosts: [&[u8]; 30] = [
        b"",
        b".",
        b"shops.test",
        b".shops.test",
        b"..shops.test",
        b"acme..shops.test",
        b"acme.shops.test..",
        // The end is the service's, without the dot.
        b"evilshops.test",
        b"acmeshops.test",
        b"x.acme.shops.test",
        b"acme.shops.test.evil.example",
        b"acme.shops.test.shops.test",
        // Who reads up to the last colon, or from the at sign, reads another name.
        b"acme.shops.test:80@evil.example",
        b"evil.example:80@acme.shops.test",
        b"user@acme.shops.test",
        b"acme.shops.test:x",
        b"acme.shops.test:80:80",
        b"acme.shops.test:999999",
        b"acme.shops.test/x",
        b"acme.shops.test, other.shops.test",
        b"acme.shops.test other.shops.test",
        b"http://acme.shops.test",
        b"acme%2eshops.test",
        b"acme.shops.test#",
        b"*.shops.test",
        b"[::1]",
        b"127.0.0.1:8000",
        b"b\xc3\xbccher.shops.test",
        b"\xff.shops.test",
        b"xn--acme-.shops.test",
    ];
    for host in hosts.into_iter().chain([long.as_bytes(), label.as_bytes()]) {
        let answer = at(&server, host).await;
        assert!(is_nobodys(&answer), "{}: {answer:?}", String::from_utf8_lossy(host));
    }
    let answer = asked(&server, "/graphql", &[]).await;
    assert!(is_nobodys(&answer), "no host: {answer:?}");
}

#[tokio::test]
async fn a_request_that_names_two_hosts_is_refused_whoever_sends_it() {
    let (_app, acme, _, server) = two_shops().await;
    let (a, b): (&[u8], &[u8]) = (b"Host: acme.shops.test", b"Host: other.shops.test");
    let key = format!("x-api-key: {}", acme.secret);
    for head in [&[a, b][..], &[b, a], &[a, a], &[a, b, key.as_bytes()]] {
        let answer = asked(&server, "/graphql", head).await;
        assert!(answer.0 == "400" && is_nobodys(&answer), "{answer:?}");
    }
    // The target may be a whole address; it says the same then.
    let same = asked(&server, "http://ACME.shops.test/graphql", &[a]).await;
    assert!(is_acmes(&same), "{same:?}");
    for (target, head) in [
        ("http://other.shops.test/graphql", a),
        ("http://acme.shops.test/graphql", b),
        ("http://acme.shops.test:81/graphql", a),
        ("http://evil.example/graphql", a),
    ] {
        let answer = asked(&server, target, &[head]).await;
        assert!(answer.0 == "400" && is_nobodys(&answer), "{target}: {answer:?}");
    }
}

#[tokio::test]
async fn no_other_header_stands_in_for_the_host() {
    let (_app, _, _, server) = two_shops().await;
    for name in [
        "X-Forwarded-Host",
        "X-Original-Host",
        "X-Host",
        "X-Forwarded-Server",
        "X-HTTP-Host-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Forwarded",
        ":authority",
    ] {
        let value = if name == "Forwarded" { "host=other.shops.test" } else { "other.shops.test" };
        let line = format!("{name}: {value}");
        let answer = asked(&server, "/graphql", &[b"Host: acme.shops.test", line.as_bytes()]).await;
        // A name that no header may have ends the connection.
        assert!(is_acmes(&answer) || name == ":authority" && is_nobodys(&answer), "{name}: {answer:?}");
        let answer = asked(&server, "/graphql", &[b"Host: api.test", line.as_bytes()]).await;
        assert!(is_nobodys(&answer), "{name}: {answer:?}");
    }
}

/// Whose `:authority` would be another way to name a host.
#[tokio::test]
async fn the_server_speaks_no_http_2() {
    let (_app, _, _, server) = two_shops().await;
    let answer = sent(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:?}");
    let upgrade = "POST /graphql HTTP/1.1\r\nHost: acme.shops.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let mut client = TcpStream::connect(server.address).await.expect("a connection");
    client.write_all(upgrade.as_bytes()).await.expect("sent");
    let mut start = [0; 12];
    client.read_exact(&mut start).await.expect("an answer");
    assert_ne!(&start, b"HTTP/1.1 101");
}

/// Who asks for another's password from a host of their own must not be sent the token by whoever follows the link.
#[tokio::test]
async fn what_is_mailed_and_answered_does_not_lead_to_the_host_that_was_asked() {
    let app = TestApp::with(&[("STAFF_URL", "https://admin.example")]).await;
    let store = app.store("acme").await;
    app.member(&store, "ada@shop.example", "owner").await;
    app.account(&store, "bob@example.com").await;
    let evil = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=https"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ];
    let say = async |key: &str, query: &str, headers: &[(&str, &str)]| {
        let answer = app.post_json(key, &json!({ "query": query }), headers).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    };
    let recover = r#"mutation { staffPasswordRecover(email: "ada@shop.example") { userErrors { code } } }"#;
    say(&store.publishable, recover, &evil).await;
    let invite = r#"mutation { staffInvite(input: { email: "eve@shop.example", name: "Eve", role: "viewer" }) {
        userErrors { code } } }"#;
    say(&store.secret, invite, &evil[..3]).await;
    let forgotten = r#"mutation { customerRecover(email: "bob@example.com") { customerUserErrors { code } } }"#;
    say(&store.publishable, forgotten, &evil).await;
    for to in ["ada@shop.example", "eve@shop.example", "bob@example.com"] {
        let mails = app.mails(to).await;
        let mail = mails.last().unwrap_or_else(|| panic!("no mail to {to}"));
        let said = format!("{} {} {} {:?}", mail.from_name, mail.subject, mail.text, mail.html);
        assert!(!said.contains("evil"), "{said}");
        assert!(to == "bob@example.com" || said.contains("https://admin.example/"), "{said}");
    }
    let query = "{ shop { primaryDomain { host url } } products(first: 1) { nodes { onlineStoreUrl } } }";
    let cart = "mutation { cartCreate(input: {}) { cart { checkoutUrl } } }";
    for query in [query, cart] {
        let answer = say(&store.publishable, query, &evil).await;
        assert!(answer.text.contains("127.0.0.1:8000") && !answer.text.contains("evil"), "{answer:?}");
        assert!(!format!("{:?}", answer.header("location")).contains("evil"));
    }
}

#[tokio::test]
async fn a_credential_is_good_at_no_other_shops_host() {
    let (app, acme, other, server) = two_shops().await;
    let member = app.member(&acme, "ada@shop.example", "owner").await;
    let bearer = format!("authorization: Bearer {}", member.access_token);
    for (host, expected) in [("acme.shops.test", "200"), ("other.shops.test", "403"), ("OTHER.shops.test.:80", "403")] {
        let host = format!("Host: {host}");
        let answer = asked(&server, "/graphql", &[host.as_bytes(), bearer.as_bytes()]).await;
        assert_eq!(answer.0, expected, "{host}: {answer:?}");
    }
    // A key is its shop's wherever it is sent, as servers behind any name send it.
    let key = format!("x-api-key: {}", acme.publishable);
    let answer = asked(&server, "/graphql", &[b"Host: other.shops.test", key.as_bytes()]).await;
    assert!(is_acmes(&answer), "{answer:?}");
    // Nor does the host say where somebody signs in.
    let body = json!({ "query": SIGN_IN, "variables": { "email": "ada@shop.example", "password": crate::support::STAFF_PASSWORD } });
    let signed_in = app.post_json(&other.publishable, &body, &[("host", "acme.shops.test")]).await.json();
    assert_eq!(signed_in["data"]["staffSignIn"]["staffAccessToken"], Value::Null, "{signed_in}");
}

#[tokio::test]
async fn a_token_that_is_no_text_is_malformed_and_not_absent() {
    let (_app, acme, _other, server) = two_shops().await;
    let key = format!("x-api-key: {}", acme.publishable);
    let asked_with = async |authorization: &[u8]| {
        let line = [b"Authorization: ".as_slice(), authorization].concat();
        asked(&server, "/graphql", &[b"Host: api.example", key.as_bytes(), &line]).await.0
    };
    for authorization in [b"Bearer abc\xe9".as_slice(), b"bearer \xff", b" BEARER \xe9"] {
        assert_eq!(asked_with(authorization).await, "401", "{authorization:?}");
    }
    assert_eq!(asked_with(b"Basic abc\xe9").await, "200", "another scheme is somebody else's");
}

#[tokio::test]
async fn the_services_own_name_below_the_shops_domain_is_no_shops() {
    let settings = [("PUBLIC_URL", "https://api.shops.example"), ("BASE_DOMAIN", "shops.example")];
    let app = TestApp::with(&settings).await;
    let acme = app.store("acme").await;
    let server = app.serve().await;
    assert!(is_acmes(&at(&server, b"acme.shops.example").await));
    assert!(is_nobodys(&at(&server, b"api.shops.example").await));
    let member = app.member(&acme, "ada@shop.example", "owner").await;
    let bearer = format!("Authorization: Bearer {}", member.access_token);
    let as_member = asked(&server, "/graphql", &[b"Host: api.shops.example", bearer.as_bytes()]).await;
    assert!(is_acmes(&as_member), "{as_member:?}");
    let operator = app.operator().await;
    let create = r#"mutation { tenantCreate(input: { externalId: "7", handle: "api", name: "API", currency: EUR, country: DE,
        shippingRate: "0", owner: { email: "eve@shop.example", name: "Eve" } }) { userErrors { code field } } }"#;
    let refused = app.gql_as(&operator.token, create, json!({})).await["tenantCreate"].take();
    assert_eq!(refused["userErrors"], json!([{ "code": "TAKEN", "field": ["input", "handle"] }]));
}
