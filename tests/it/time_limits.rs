//! REQUEST_TIMEOUT_MS, for operations on a socket or a stream of their own: they are ended and say so.

use emporia::error::Fault;
use serde_json::{Value, json};

use crate::support::{Events, Socket, Store, TestApp, TestServer, Uncommitted, admin, eventually};
use crate::tenancy::count;

const PING: &str = "{ __typename }";
/// Waits for a connection to the database.
const QUERY: &str = "{ products(first: 1) { nodes { id } } }";
const MUTATION: &str = "mutation { cartCreate { cart { id } } }";

async fn impatient() -> (TestApp, Store, TestServer) {
    let app = TestApp::with(&[("REQUEST_TIMEOUT_MS", "200"), ("DATABASE_POOL_SIZE", "1")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    (app, store, server)
}

/// While somebody else has the only connection.
async fn without_connections(app: &TestApp, store: &Store, work: impl Future<Output = ()>) {
    let db = app.app.db.tenant(store.tenant);
    let holding = db.read(async |_| {
        work.await;
        Ok::<_, Fault>(())
    });
    holding.await.expect("the pool's only connection");
}

fn is_too_slow(error: &Value) {
    assert_eq!(error["extensions"]["code"], "INTERNAL_SERVER_ERROR", "{error}");
    assert!(error["message"].as_str().expect("a text").starts_with("the request took too long"), "{error}");
}

/// What the socket says of an operation that takes too long, and that it goes on under the same id.
async fn ended(socket: &mut Socket, query: &str) {
    socket.subscribe("1", query).await;
    let said = socket.hear().await;
    assert_eq!((&said["type"], &said["id"]), (&json!("error"), &json!("1")), "{said}");
    is_too_slow(&said["payload"][0]);
    socket.subscribe("1", PING).await;
    assert_eq!(socket.hear().await["payload"]["data"], json!({ "__typename": "QueryRoot" }));
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "1" }));
}

/// What a stream says of an operation that takes too long.
async fn told(server: &TestServer, store: &Store, query: &str) {
    let mut stream = Events::open(server, &store.secret, query).await;
    let said = stream.next().await;
    is_too_slow(&said["errors"][0]);
    assert!(said.get("data").is_none(), "{said}");
    assert_eq!(stream.rest().await, "event: complete\ndata: \n\n");
}

/// A mutation that takes too long is made all the same, once it can be.
async fn is_made(app: &TestApp, lock: Uncommitted) {
    lock.finish_when_waited_for().await;
    eventually("the cart is made", || async {
        let carts = count(&mut admin(&app.db.name).await, "SELECT count(*) AS n FROM carts").await;
        (carts == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_query_on_a_socket_is_ended_and_the_socket_goes_on() {
    let (app, store, server) = impatient().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    without_connections(&app, &store, ended(&mut socket, QUERY)).await;
}

#[tokio::test]
async fn a_mutation_on_a_socket_is_ended_for_its_client_and_done_all_the_same() {
    let (app, store, server) = impatient().await;
    let mut socket = Socket::with_key(&server, &store.secret).await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    ended(&mut socket, MUTATION).await;
    is_made(&app, lock).await;
}

#[tokio::test]
async fn a_streams_query_is_ended_by_an_error() {
    let (app, store, server) = impatient().await;
    without_connections(&app, &store, told(&server, &store, QUERY)).await;
}

#[tokio::test]
async fn a_streams_mutation_is_ended_for_its_client_and_done_all_the_same() {
    let (app, store, server) = impatient().await;
    let lock = Uncommitted::begin(&app.db.name, "LOCK TABLE carts").await;
    told(&server, &store, MUTATION).await;
    is_made(&app, lock).await;
}
