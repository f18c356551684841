//! TLS to PostgreSQL and Redis: both servers of the tests have a certificate for `localhost`, and one for nothing else.

use diesel_async::SimpleAsyncConnection;
use emporia::cache::{RedisShared, Shared};
use emporia::config::{Config, Env, RedisTls};
use emporia::db::Db;
use emporia::db::connect::connect;

use crate::support::{Process, TestApp, TestDb, admin, server, sessions};

/// A file of scripts/test's certificates.
fn file(name: &str) -> String {
    format!("{}/{name}", server("TEST_TLS_DIR"))
}

/// The database's URL for a role, by this host and with these parameters.
fn url(db: &TestDb, role: &str, host: &str, parameters: &str) -> String {
    format!("{}?{parameters}", db.url(role).replace("127.0.0.1", host))
}

async fn refusal(url: &str) -> String {
    format!("{:#}", connect("connecting", url).await.err().expect("no connection"))
}

#[tokio::test]
async fn a_server_is_believed_as_far_as_the_url_says() {
    let db = TestDb::create().await;
    let (ca, other) = (file("ca.pem"), file("other-ca.pem"));
    for (host, parameters) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={ca}")),
        // The name is not looked at.
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={ca}")),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={ca}")),
        // Neither is who has signed it.
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", "sslmode=prefer".to_owned()),
    ] {
        connect("connecting", &url(&db, "emporia_app", host, &parameters)).await.expect(&parameters);
    }
    for (host, parameters, why) in [
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={ca}"), "its certificate is for another name"),
        ("localhost", format!("sslmode=verify-full&sslrootcert={other}"), "signed by nobody whom sslrootcert"),
        ("localhost", format!("sslmode=verify-ca&sslrootcert={other}"), "signed by nobody whom sslrootcert"),
        ("localhost", format!("sslmode=require&sslrootcert={other}"), "signed by nobody whom sslrootcert"),
        // Nor does the system know it.
        ("localhost", "sslmode=verify-full".to_owned(), "signed by nobody"),
    ] {
        let said = refusal(&url(&db, "emporia_app", host, &parameters)).await;
        assert!(said.contains(why), "{parameters}: {said}");
    }
}

#[tokio::test]
async fn requests_travel_by_tls() {
    let test = TestApp::new().await;
    let key = test.store("acme").await.publishable;
    let parameters = format!("sslmode=verify-full&sslrootcert={}", file("ca.pem"));
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| url(&test.db, role, "localhost", &parameters));
    let (redis, ca) = (server("TEST_REDIS_TLS_URL"), file("ca.pem"));
    let settings = [
        ("DATABASE_URL", app.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("REDIS_URL", &redis),
        ("REDIS_CA_FILE", &ca),
    ];
    // The test's own process speaks in clear.
    let in_clear = "usename = 'emporia_app' AND pid IN (SELECT pid FROM pg_stat_ssl WHERE NOT ssl)";
    let before = sessions(&test.db.name, in_clear).await;
    let (_serve, address) = Process::serve(&settings);
    let ask = reqwest::Client::new().post(format!("http://{address}/graphql")).header("x-api-key", &key);
    let body = r#"{"query":"{ shop { name } products(first: 20) { nodes { title } } }"}"#;
    let answer = ask.header("content-type", "application/json").body(body).send().await.expect("an answer");
    assert!(answer.text().await.expect("a body").contains("acme"));
    let by = "application_name = 'emporia' AND pid IN (SELECT pid FROM pg_stat_ssl WHERE ssl)";
    assert!(sessions(&test.db.name, by).await >= 1, "the process's connections");
    assert_eq!(sessions(&test.db.name, in_clear).await, before);
}

#[tokio::test]
async fn who_asks_whether_the_database_answers_is_told_what_is_wrong_with_its_certificate() {
    let db = TestDb::create().await;
    let wrong = url(&db, "emporia_app", "127.0.0.1", &format!("sslmode=verify-full&sslrootcert={}", file("ca.pem")));
    let env =
        [("DATABASE_URL", wrong.as_str()), ("DATABASE_PLATFORM_URL", &wrong), ("DATABASE_ACQUIRE_TIMEOUT_MS", "200")];
    let config = Config::read(&Env::from_pairs(env)).expect("settings");
    let fault = Db::new(&config.database).ping().await.expect_err("no connection");
    assert!(fault.to_string().contains("another name"), "{fault}");
}

#[tokio::test]
async fn a_server_that_demands_tls_says_so_and_a_clients_certificate_lets_it_in() {
    let db = TestDb::create().await;
    // The roles are the cluster's, and this test's alone.
    admin("postgres")
        .await
        .batch_execute("CREATE ROLE tls_only LOGIN; CREATE ROLE tls_named LOGIN")
        .await
        .expect("roles");
    let said = refusal(&url(&db, "tls_only", "localhost", "sslmode=disable")).await;
    assert!(said.contains("no encryption"), "{said}");
    connect("connecting", &url(&db, "tls_only", "localhost", "sslmode=require")).await.expect("by TLS");
    let said = refusal(&url(&db, "tls_named", "localhost", "sslmode=require")).await;
    assert!(said.contains("client certificate"), "{said}");
    let named = format!("sslmode=require&sslcert={}&sslkey={}", file("client.pem"), file("client-key.pem"));
    connect("connecting", &url(&db, "tls_named", "localhost", &named)).await.expect("by its certificate");
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_where_the_url_asks_for_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).await.expect("a request for TLS");
        stream.write_all(b"N").await.expect("an answer");
        // Nothing more is said, no password above all.
        assert_eq!(stream.read(&mut asked).await.expect("an end"), 0);
    });
    let said = refusal(&format!("postgres://ada:s3cret@{address}/shop?sslmode=require")).await;
    assert!(said.contains("does not speak TLS"), "{said}");
    server.await.expect("it saw the end");
}

#[tokio::test]
async fn redis_is_believed_with_the_right_authority_only() {
    let (url, tls) = (server("TEST_REDIS_TLS_URL"), |name: &str| RedisTls {
        roots: Some(std::fs::read(file(name)).expect("a certificate")),
        client: None,
    });
    let redis = RedisShared::connect_with(&url, &tls("ca.pem")).await.expect("Redis by TLS");
    redis.ping().await.expect("an answer");
    assert!(redis.is_listening());
    let wrong = RedisShared::connect_with(&url, &tls("other-ca.pem")).await.err().expect("not trusted").to_string();
    assert!(wrong.contains("certificate"), "{wrong}");
    let by_number = url.replace("localhost", "127.0.0.1");
    let wrong = RedisShared::connect_with(&by_number, &tls("ca.pem")).await.err().expect("another name").to_string();
    assert!(wrong.contains("certificate"), "{wrong}");
}
