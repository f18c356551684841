//! What outside providers tell of organizations and their members: once, in any order.

use axum::http::StatusCode;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};

use crate::support::issuer::{membership, organization};
use crate::support::{Answer, Issuer, Socket, Store, TestApp, admin};

pub const SHOP: &str = "{ shop { name paymentSettings { currencyCode } } viewer { permissions { handle } } }";
const STAFF: &str = "{ staffMembers(first: 50) { nodes { id email name role status identityProvider } } }";

/// A service that trusts one provider.
pub struct Stage {
    pub app: TestApp,
    pub issuer: Issuer,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

impl Stage {
    pub async fn set() -> Self {
        let issuer = Issuer::start().await;
        let app = TestApp::trusting(&[issuer.clerk("clerk")]).await;
        Self { app, issuer }
    }

    /// With the organization `org_1`, which is called Acme.
    pub async fn with_acme() -> Self {
        let stage = Self::set().await;
        assert_eq!(stage.told("evt_acme", &organization("created", 1, "org_1", "Acme")).await, "applied");
        stage
    }

    pub async fn told(&self, id: &str, event: &Value) -> String {
        self.app.told(&self.issuer, id, event).await
    }

    fn token(&self, user: &str, organization: &str) -> String {
        self.issuer.clerk_token(user, organization, "org:admin")
    }

    async fn ask(&self, token: &str) -> Answer {
        self.app.bearer(token, SHOP, json!({}), &[]).await
    }

    async fn status(&self, user: &str, organization: &str) -> StatusCode {
        self.ask(&self.token(user, organization)).await.status
    }

    /// Who works for an organization's shop, as somebody of it sees it.
    async fn staff(&self, organization: &str) -> Vec<Value> {
        let owner = self.issuer.clerk_token("looks", organization, "org:admin");
        let mut data = self.app.gql_as(&owner, STAFF, json!({})).await;
        serde_json::from_value(data["staffMembers"]["nodes"].take()).expect("a list")
    }

    pub async fn count(&self, of: &str) -> i64 {
        let sql = format!("SELECT count(*) AS count FROM {of}");
        diesel::sql_query(sql).get_result::<Count>(&mut admin(&self.app.db.name).await).await.expect("a count").count
    }
}

#[tokio::test]
async fn an_organization_becomes_a_shop_that_can_sell() {
    let stage = Stage::with_acme().await;
    assert_eq!(stage.status("user_1", "org_1").await, StatusCode::OK);
    let data = stage.app.gql_as(&stage.token("user_1", "org_1"), SHOP, json!({})).await;
    assert_eq!(
        (&data["shop"]["name"], &data["shop"]["paymentSettings"]["currencyCode"]),
        (&json!("Acme"), &json!("EUR"))
    );
    let profiles = "{ deliveryProfiles(first: 5) { nodes { name } } }";
    let data = stage.app.gql_as(&stage.token("user_1", "org_1"), profiles, json!({})).await;
    assert_eq!(data["deliveryProfiles"]["nodes"], json!([{ "name": "Germany" }]));
    let public = stage
        .app
        .send(
            "POST",
            "/graphql",
            &[("content-type", "application/json"), ("host", "acme.shops.test")],
            r#"{"query":"{ shop { name } }"}"#,
        )
        .await;
    assert_eq!(public.json()["data"]["shop"]["name"], "Acme", "at the host that its short name makes");
    // The provider's members make its keys: nobody has seen any.
    assert_eq!(stage.count("platform.api_keys").await, 0);
    let create = r#"mutation { apiKeyCreate(input: { name: "Till", kind: SECRET, accessScopes: ["read_orders"] }) {
        key userErrors { message } } }"#;
    let made = stage.app.gql_as(&stage.token("user_1", "org_1"), create, json!({})).await;
    assert!(made["apiKeyCreate"]["key"].is_string(), "{made}");
}

#[tokio::test]
async fn an_event_that_comes_again_does_nothing() {
    let stage = Stage::with_acme().await;
    let acme = organization("created", 1, "org_1", "Acme");
    assert_eq!(stage.told("evt_acme", &acme).await, "repeated");
    assert_eq!(stage.told("evt_other", &acme).await, "ignored", "under another id");
    let ada = membership("created", 2, "m1", "org_1", "ada", "org:member");
    assert_eq!(stage.told("evt_ada", &ada).await, "applied");
    assert_eq!(stage.told("evt_ada", &ada).await, "repeated");
    assert_eq!(stage.told("evt_ada_2", &ada).await, "ignored");
    assert_eq!((stage.count("platform.tenants").await, stage.count("staff_members").await), (1, 1));
    let closed = organization("deleted", 3, "org_1", "Acme");
    assert_eq!(stage.told("evt_end", &closed).await, "applied");
    assert_eq!(stage.told("evt_end", &closed).await, "repeated");
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_new_name_is_the_shops_and_an_older_one_is_not() {
    let stage = Stage::with_acme().await;
    let name = async || {
        let data = stage.app.gql_as(&stage.token("user_1", "org_1"), SHOP, json!({})).await;
        data["shop"]["name"].as_str().expect("a name").to_owned()
    };
    assert_eq!(stage.told("evt_3", &organization("updated", 3, "org_1", "Third")).await, "applied");
    assert_eq!(stage.told("evt_2", &organization("updated", 2, "org_1", "Second")).await, "ignored");
    assert_eq!(name().await, "Third");
    assert_eq!(stage.count("platform.tenants WHERE name = 'Third' AND handle = 'acme'").await, 1, "its address stays");
    // What the merchant calls the shop is let be while the provider's own name stays the same.
    admin(&stage.app.db.name).await.batch_execute("UPDATE shops SET name = 'Ours'").await.expect("a name");
    assert_eq!(stage.told("evt_4", &organization("updated", 4, "org_1", "Third")).await, "applied");
    assert_eq!(name().await, "Ours");
}

/// Four events of one organization, in each of the twenty-four orders.
#[tokio::test]
async fn whatever_the_order_of_arrival_the_end_is_the_same() {
    let stage = Stage::set().await;
    let mut orders = vec![vec![]];
    for event in 0..4 {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| [&order[..at], &[event], &order[at..]].concat())
            })
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for (number, order) in orders.iter().enumerate() {
        let org = format!("org_{number}");
        let story = [
            organization("created", 1, &org, &format!("First {number}")),
            membership("created", 2, "m1", &org, "ada", "org:member"),
            organization("updated", 3, &org, &format!("Last {number}")),
            membership("updated", 4, "m1", &org, "ada", "org:admin"),
        ];
        for at in order {
            stage.told(&format!("evt_{number}_{at}"), &story[*at]).await;
        }
        let staff = stage.staff(&org).await;
        assert!(staff.len() == 1 && staff[0]["role"] == "admin", "{order:?}: {staff:?}");
        let data = stage.app.gql_as(&stage.token("ada", &org), SHOP, json!({})).await;
        assert_eq!(data["shop"]["name"], format!("Last {number}"), "{order:?}");
    }
    assert_eq!(stage.count("platform.identity_memberships").await, 0, "nothing waits any more");
    assert_eq!(stage.count("platform.tenants").await, 24);
}

#[tokio::test]
async fn what_is_deleted_stays_so_whatever_comes_late() {
    let stage = Stage::set().await;
    let (created, deleted) = (organization("created", 1, "org_1", "Acme"), organization("deleted", 2, "org_1", "Acme"));
    assert_eq!(stage.told("evt_2", &deleted).await, "applied");
    assert_eq!(stage.told("evt_1", &created).await, "ignored");
    assert_eq!(stage.told("evt_3", &organization("updated", 9, "org_1", "Acme")).await, "ignored");
    assert_eq!(stage.told("evt_4", &membership("created", 9, "m1", "org_1", "ada", "org:admin")).await, "ignored");
    assert_eq!((stage.count("platform.tenants").await, stage.status("ada", "org_1").await), (0, StatusCode::FORBIDDEN));
    // A member who is gone before anything else was heard of the organization, and one who waits for one that goes.
    assert_eq!(stage.told("evt_5", &membership("deleted", 3, "m1", "org_2", "ada", "org:admin")).await, "waiting");
    assert_eq!(stage.told("evt_6", &membership("created", 2, "m1", "org_2", "ada", "org:admin")).await, "waiting");
    assert_eq!(stage.told("evt_7", &membership("created", 2, "m2", "org_3", "bob", "org:admin")).await, "waiting");
    assert_eq!(stage.told("evt_8", &organization("created", 1, "org_2", "Other")).await, "applied");
    assert_eq!(stage.told("evt_9", &organization("deleted", 3, "org_3", "Third")).await, "applied");
    assert_eq!(stage.status("ada", "org_2").await, StatusCode::FORBIDDEN, "a member no more");
    assert_eq!(stage.status("bob", "org_2").await, StatusCode::OK, "of whom nothing was told");
    assert_eq!(stage.count("platform.identity_memberships").await, 0);
}

#[tokio::test]
async fn a_member_who_is_removed_is_kept_out_although_the_token_is_good_and_the_socket_open() {
    let stage = Stage::with_acme().await;
    stage.told("evt_2", &membership("created", 2, "m1", "org_1", "ada", "org:admin")).await;
    let (ada, bob) = (stage.token("ada", "org_1"), stage.token("bob", "org_1"));
    let server = stage.app.serve().await;
    let mut sockets = Vec::new();
    for token in [&ada, &bob] {
        let mut socket = Socket::open(&server, &[]).await;
        let authorization = format!("Bearer {token}");
        socket.say(json!({ "type": "connection_init", "payload": { "Authorization": authorization } })).await;
        assert_eq!(socket.hear().await, json!({ "type": "connection_ack" }));
        socket.subscribe("1", "subscription { orderEvents { topic } }").await;
        sockets.push(socket);
    }
    assert_eq!(stage.told("evt_3", &membership("deleted", 3, "m1", "org_1", "ada", "org:admin")).await, "applied");
    let (code, reason) = sockets[0].closed().await;
    assert!(code == 4403 && reason.contains("no member of this shop any more"), "{code} {reason}");
    sockets[1].subscribe("2", "{ __typename }").await;
    assert_eq!(sockets[1].hear().await["type"], "next", "nobody else's");
    let answer = stage.ask(&ada).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{answer:?}");
    assert_eq!(stage.staff("org_1").await, Vec::<Value>::new());
    assert_eq!(stage.told("evt_4", &membership("updated", 9, "m1", "org_1", "ada", "org:admin")).await, "ignored");
    assert_eq!(stage.ask(&ada).await.status, StatusCode::FORBIDDEN);
    // Who comes back has another membership, and is the same member.
    assert_eq!(stage.told("evt_5", &membership("created", 5, "m2", "org_1", "ada", "org:member")).await, "applied");
    assert_eq!(stage.ask(&ada).await.status, StatusCode::OK);
    assert_eq!(stage.told("evt_6", &membership("deleted", 3, "m1", "org_1", "ada", "org:admin")).await, "ignored");
    assert_eq!(stage.ask(&ada).await.status, StatusCode::OK);
    assert_eq!(stage.staff("org_1").await.len(), 1);
}

/// Whoever leaves an organization by themselves and comes again is as the shop left them.
#[tokio::test]
async fn what_a_shop_has_said_against_a_member_outlives_their_leaving() {
    let stage = Stage::with_acme().await;
    let store = stage.acme().await;
    let owner = stage.app.member(&store, "own@shop.example", "owner").await;
    let say = async |document: &str, id: &str| {
        let document = format!("mutation {{ done: {document} {{ userErrors {{ code }} }} }}").replace("<id>", id);
        assert_eq!(stage.app.gql_as(&owner.access_token, &document, json!({})).await["done"]["userErrors"], json!([]));
    };
    let denied =
        "staffPermissionOverridesSet(id: \"<id>\", overrides: [{ permission: \"write_orders\", effect: DENY }])";
    for (user, against) in [("ada", "staffUpdate(id: \"<id>\", input: { suspended: true })"), ("bob", denied)] {
        let event = |action: &str, at, id: &str| membership(action, at, id, "org_1", user, "org:admin");
        stage.told(&format!("evt_{user}_2"), &event("created", 2, &format!("{user}1"))).await;
        let staff = stage.staff("org_1").await;
        let id =
            staff.iter().find(|one| one["name"] == user).expect("the member")["id"].as_str().expect("an id").to_owned();
        say(against, &id).await;
        assert_eq!(stage.told(&format!("evt_{user}_3"), &event("deleted", 3, &format!("{user}1"))).await, "applied");
        assert_eq!(stage.status(user, "org_1").await, StatusCode::FORBIDDEN);
        assert_eq!(stage.told(&format!("evt_{user}_4"), &event("created", 4, &format!("{user}2"))).await, "applied");
        assert_eq!(
            stage.status(user, "org_1").await,
            StatusCode::FORBIDDEN,
            "{user} is suspended until the shop says otherwise"
        );
        say("staffUpdate(id: \"<id>\", input: { suspended: false })", &id).await;
        assert_eq!(stage.status(user, "org_1").await, StatusCode::OK);
    }
    let cancel = "mutation { orderCancel(orderId: \"x\", reason: OTHER, refund: true, restock: true) { userErrors { message } } }";
    let bob = stage.app.bearer(&stage.token("bob", "org_1"), cancel, json!({}), &[]).await;
    assert_eq!(bob.code(), "FORBIDDEN", "and what was denied is denied: {bob:?}");
}

/// What the provider says of an address is not what we know of it.
#[tokio::test]
async fn a_member_of_ours_with_the_same_address_stays_who_they_are() {
    let stage = Stage::with_acme().await;
    let store = stage.acme().await;
    let ours = stage.app.member(&store, "ada@shop.example", "owner").await;
    stage.told("evt_2", &membership("created", 2, "m1", "org_1", "ada", "org:member")).await;
    stage.told("evt_3", &membership("created", 2, "m2", "org_1", "bob", "org:member")).await;
    let staff = stage.staff("org_1").await;
    let adas: Vec<&Value> = staff.iter().filter(|member| member["email"] == "ada@shop.example").collect();
    assert_eq!(adas.len(), 2, "{staff:?}");
    assert_eq!((&adas[0]["role"], &adas[0]["identityProvider"]), (&json!("owner"), &Value::Null), "ours, as before");
    assert_eq!((&adas[1]["role"], &adas[1]["identityProvider"]), (&json!("viewer"), &json!(stage.issuer.url)));
    let again = stage.app.sign_in(&store, "ada@shop.example").await;
    assert_eq!(again.id, ours.id, "the password is ours");
    // Nor does the provider's member keep ours out, or can be signed in as.
    let invite = r#"mutation { staffInvite(input: { email: "bob@shop.example", name: "Bob", role: "viewer" }) {
        staffMember { id } userErrors { code } } }"#;
    let data = stage.app.gql_as(&ours.access_token, invite, json!({})).await;
    assert_eq!(data["staffInvite"]["userErrors"], json!([]));
    let recover = r#"mutation { staffPasswordRecover(email: "bob@shop.example") { userErrors { code } } }"#;
    stage.app.gql(&store.publishable, recover, json!({})).await;
    // The provider lets its own go, and not ours.
    stage.told("evt_4", &membership("deleted", 3, "m1", "org_1", "ada", "org:member")).await;
    assert_eq!(stage.ask(&ours.access_token).await.status, StatusCode::OK);
    let staff = stage.staff("org_1").await;
    assert!(staff.iter().any(|member| member["email"] == "ada@shop.example" && member["role"] == "owner"), "{staff:?}");
}

impl Stage {
    /// The organization's shop, with a key for storefronts.
    async fn acme(&self) -> Store {
        let owner = self.token("looks", "org_1");
        let create =
            "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { key userErrors { message } } }";
        let make = async |input: Value| {
            let data = self.app.gql_as(&owner, create, json!({ "input": input })).await;
            data["apiKeyCreate"]["key"].as_str().unwrap_or_else(|| panic!("{data}")).to_owned()
        };
        let publishable = make(json!({ "name": "Page", "kind": "PUBLISHABLE" })).await;
        let secret = make(json!({ "name": "Till", "kind": "SECRET", "accessScopes": ["read_orders"] })).await;
        let tenant = self.app.app.resolver.named("acme").await.expect("an answer").expect("a tenant");
        Store { tenant, publishable, secret }
    }
}

/// The shop may keep a provider's member out, and remove them; what they may is for the provider to say.
#[tokio::test]
async fn the_shop_suspends_and_removes_a_providers_member_and_does_not_promote_them() {
    let stage = Stage::with_acme().await;
    let store = stage.acme().await;
    let owner = stage.app.member(&store, "own@shop.example", "owner").await;
    stage.told("evt_2", &membership("created", 2, "m1", "org_1", "ada", "org:member")).await;
    let id = stage.staff("org_1").await.iter().find(|member| member["name"] == "ada").expect("her")["id"].clone();
    let update = "mutation($id: ID!, $input: StaffUpdateInput!) { staffUpdate(id: $id, input: $input) {
        staffMember { status role } userErrors { field code } } }";
    let change = async |input: Value| {
        let variables = json!({ "id": id, "input": input });
        stage.app.gql_as(&owner.access_token, update, variables).await["staffUpdate"].take()
    };
    let refused = change(json!({ "role": "admin" })).await;
    assert_eq!(refused["userErrors"], json!([{ "field": ["input", "role"], "code": "NOT_ALLOWED" }]));
    assert_eq!(change(json!({ "suspended": true })).await["staffMember"]["status"], "SUSPENDED");
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::FORBIDDEN);
    stage.told("evt_3", &membership("updated", 3, "m1", "org_1", "ada", "org:admin")).await;
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::FORBIDDEN, "the provider lets nobody in again");
    assert_eq!(
        change(json!({ "suspended": false })).await["staffMember"],
        json!({ "status": "ACTIVE", "role": "admin" })
    );
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::OK);
    let remove = "mutation($id: ID!) { staffRemove(id: $id) { deletedStaffMemberId userErrors { code } } }";
    let data = stage.app.gql_as(&owner.access_token, remove, json!({ "id": id })).await;
    assert_eq!(data["staffRemove"]["deletedStaffMemberId"], id);
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::FORBIDDEN);
    assert_eq!(stage.told("evt_4", &membership("updated", 9, "m1", "org_1", "ada", "org:admin")).await, "ignored");
    assert_eq!(stage.status("ada", "org_1").await, StatusCode::FORBIDDEN);
}

/// An owner whom the provider can take away at any time does not stand in for one of the shop's own.
#[tokio::test]
async fn a_providers_owner_is_not_the_one_who_has_to_stay() {
    let issuer = Issuer::start().await;
    let mut config = issuer.clerk("clerk");
    config["roles"] = json!({ "org:admin": "owner" });
    let stage = Stage { app: TestApp::trusting(&[config]).await, issuer };
    stage.told("evt_1", &organization("created", 1, "org_1", "Acme")).await;
    stage.told("evt_2", &membership("created", 2, "m1", "org_1", "boss", "org:admin")).await;
    let store = stage.acme().await;
    let owner = stage.app.member(&store, "own@shop.example", "owner").await;
    let remove = "mutation($id: ID!) { staffRemove(id: $id) { userErrors { code } } }";
    let id = format!("gid://emporia/StaffMember/{}", owner.id);
    let data = stage.app.gql_as(&owner.access_token, remove, json!({ "id": id })).await;
    assert_eq!(data["staffRemove"]["userErrors"], json!([{ "code": "NOT_ALLOWED" }]));
    let boss = stage.staff("org_1").await.iter().find(|member| member["name"] == "boss").expect("him")["id"].clone();
    let data = stage.app.gql_as(&owner.access_token, remove, json!({ "id": boss })).await;
    assert_eq!(data["staffRemove"]["userErrors"], json!([]));
}

#[tokio::test]
async fn an_address_that_somebody_has_is_not_taken_away() {
    let stage = Stage::set().await;
    stage.app.store("acme").await;
    stage.told("evt_1", &organization("created", 1, "org_1", "Acme")).await;
    stage.told("evt_2", &organization("created", 1, "org_2", "Acme")).await;
    stage.told("evt_3", &organization("created", 1, "org_3", "Admin")).await;
    assert_eq!(stage.count("platform.tenants WHERE handle = 'acme' AND name = 'acme'").await, 1, "the shop of before");
    assert_eq!(stage.count("platform.tenants WHERE handle ~ '^acme-[0-9a-f]{12}$'").await, 2);
    assert_eq!(
        stage.count("platform.tenants WHERE handle ~ '^admin-[0-9a-f]{12}$'").await,
        1,
        "not the operator's host"
    );
    for org in ["org_1", "org_2", "org_3"] {
        assert_eq!(stage.status("ada", org).await, StatusCode::OK, "{org}");
    }
}

/// As Svix does it, from several machines.
#[tokio::test]
async fn many_events_at_once_are_as_good_as_one_after_the_other() {
    let stage = Stage::set().await;
    let mut events = vec![("evt_org".to_owned(), organization("created", 1, "org_1", "Acme"))];
    for user in 0..12 {
        let (id, name) = (format!("m{user}"), format!("u{user}"));
        events.push((format!("evt_{user}"), membership("created", 2, &id, "org_1", &name, "org:member")));
    }
    let twice = events.iter().chain(&events);
    let outcomes = futures_util::future::join_all(twice.map(|(id, event)| stage.told(id, event))).await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "repeated").count(), 13, "{outcomes:?}");
    assert_eq!((stage.count("platform.tenants").await, stage.staff("org_1").await.len()), (1, 12));
    assert_eq!(stage.count("platform.identity_memberships").await, 0);
}

/// Nobody waits, and nothing is remembered, for ever.
#[tokio::test]
async fn after_a_month_nobody_waits_for_an_organization() {
    let stage = Stage::set().await;
    stage.told("evt_1", &membership("created", 1, "m1", "org_9", "ada", "org:admin")).await;
    stage.app.clock.advance(TimeDelta::days(31));
    let later = 31 * 86_400;
    let body = organization("created", 1, "org_1", "Acme").to_string();
    let answer = stage.app.webhook("clerk", &stage.issuer.signed("evt_2", later, &body), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(stage.count("platform.identity_memberships").await, 0);
    assert_eq!(stage.count("platform.identity_events").await, 1);
}
