//! Inviting, changing and removing staff: who may do it to whom, and that it counts at once.

use emporia::identity::model::INVITATION_LIFE;
use serde_json::{Value, json};

use crate::support::{Member, Post, STAFF_PASSWORD as PASSWORD, TestApp};

const INVITE: &str = "mutation ($input: StaffInviteInput!) { done: staffInvite(input: $input) {
    staffMember { id email name role status } userErrors { field code message } } }";
const ACCEPT: &str = "mutation ($token: String!, $password: String!) {
    done: staffAccept(token: $token, password: $password) {
        staffMember { email status emailVerifiedAt } userErrors { field code } } }";
const UPDATE: &str = "mutation ($id: ID!, $input: StaffUpdateInput!) { done: staffUpdate(id: $id, input: $input) {
    staffMember { name role status } userErrors { field code message } } }";
const REMOVE: &str = "mutation ($id: ID!) { done: staffRemove(id: $id) { deletedStaffMemberId
    userErrors { field code message } } }";

async fn by_key(app: &TestApp, key: &str, document: &str, variables: Value) -> Value {
    app.gql(key, document, variables).await["done"].take()
}

async fn by(app: &TestApp, member: &Member, document: &str, variables: Value) -> Value {
    app.gql_as(&member.access_token, document, variables).await["done"].take()
}

fn gid(member: &Member) -> String {
    format!("gid://emporia/StaffMember/{}", member.id)
}

fn refused(done: &Value, code: &str, field: Value) {
    assert_eq!((&done["userErrors"][0]["code"], &done["userErrors"][0]["field"]), (&json!(code), &field), "{done:#}");
}

fn invitation(email: &str, role: &str) -> Value {
    json!({ "input": { "email": email, "name": "Ina", "role": role } })
}

/// Whether the session goes on.
async fn is_let_in(app: &TestApp, member: &Member) -> bool {
    app.bearer(&member.access_token, "{ viewer { kind } }", json!({}), &[]).await.status.is_success()
}

#[tokio::test]
async fn who_is_invited_chooses_a_password_by_mail_and_signs_in() {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    let invited = by_key(&app, &store.secret, INVITE, invitation(" INA@shop.example", "editor")).await;
    assert_eq!(invited["userErrors"], json!([]));
    let member = &invited["staffMember"];
    assert_eq!(
        (&member["email"], &member["role"], &member["status"]),
        (&json!("ina@shop.example"), &json!("editor"), &json!("INVITED"))
    );
    let (message, token) = post.nth(&app, 0).await;
    assert_eq!((message.to.as_str(), message.from_name.as_str()), ("ina@shop.example", "acme"));
    let accept = async |token: &str| {
        by_key(&app, &store.publishable, ACCEPT, json!({ "token": token, "password": PASSWORD })).await
    };
    refused(&accept("rubbish").await, "TOKEN_INVALID", json!(["token"]));
    let accepted = accept(&token).await;
    assert_eq!((&accepted["staffMember"]["status"], &accepted["userErrors"]), (&json!("ACTIVE"), &json!([])));
    assert!(accepted["staffMember"]["emailVerifiedAt"].is_string(), "whoever has the mail reads mail there");
    refused(&accept(&token).await, "TOKEN_INVALID", json!(["token"]));
    let ina = app.sign_in(&store, "ina@shop.example").await;
    let seen = app.gql_as(
        &ina.access_token,
        "{ currentStaffMember { role } staffSessions(first: 5) { nodes { id } } }",
        json!({}),
    );
    assert_eq!(seen.await["currentStaffMember"]["role"], "editor");
    refused(
        &by_key(&app, &store.secret, INVITE, invitation("ina@shop.example", "viewer")).await,
        "TAKEN",
        json!(["input", "email"]),
    );
}

#[tokio::test]
async fn an_invitation_ends() {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    by_key(&app, &store.secret, INVITE, invitation("ina@shop.example", "viewer")).await;
    let (_, token) = post.nth(&app, 0).await;
    app.clock.advance(INVITATION_LIFE);
    let late = by_key(&app, &store.publishable, ACCEPT, json!({ "token": token, "password": PASSWORD })).await;
    refused(&late, "TOKEN_INVALID", json!(["token"]));
}

#[tokio::test]
async fn nobody_gives_a_role_that_may_more_than_they_may_or_touches_who_has_one() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let owner = app.member(&store, "olga@shop.example", "owner").await;
    let admin = app.member(&store, "ada@shop.example", "admin").await;
    let role = json!(["input", "role"]);
    refused(&by(&app, &admin, INVITE, invitation("eve@shop.example", "owner")).await, "NOT_GRANTED", role.clone());
    refused(&by(&app, &admin, INVITE, invitation("eve@shop.example", "florist")).await, "INVALID", role.clone());
    // Nor to themselves.
    let owned = json!({ "id": gid(&admin), "input": { "role": "owner" } });
    refused(&by(&app, &admin, UPDATE, owned).await, "NOT_GRANTED", role);
    for (document, variables) in [
        (UPDATE, json!({ "id": gid(&owner), "input": { "role": "viewer" } })),
        (UPDATE, json!({ "id": gid(&owner), "input": { "suspended": true } })),
        (REMOVE, json!({ "id": gid(&owner) })),
    ] {
        refused(&by(&app, &admin, document, variables).await, "NOT_GRANTED", json!(["id"]));
    }
    assert!(is_let_in(&app, &owner).await);
    let invited = by(&app, &admin, INVITE, invitation("eve@shop.example", "admin")).await;
    assert_eq!(invited["userErrors"], json!([]));
    let editor = app.member(&store, "ed@shop.example", "editor").await;
    for (document, variables) in [
        (INVITE, invitation("x@shop.example", "viewer")),
        (UPDATE, json!({ "id": gid(&editor), "input": {} })),
        (REMOVE, json!({ "id": gid(&editor) })),
    ] {
        assert_eq!(app.bearer(&editor.access_token, document, variables, &[]).await.code(), "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_new_role_counts_in_sessions_that_are_open() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "admin").await;
    let keys = "{ apiKeys(first: 1) { nodes { id } } }";
    assert!(app.bearer(&member.access_token, keys, json!({}), &[]).await.json().get("errors").is_none());
    let changed = json!({ "id": gid(&member), "input": { "role": "viewer", "name": "Ada L." } });
    let done = by_key(&app, &store.secret, UPDATE, changed).await;
    assert_eq!(done["staffMember"], json!({ "name": "Ada L.", "role": "viewer", "status": "ACTIVE" }));
    assert_eq!(app.bearer(&member.access_token, keys, json!({}), &[]).await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn who_is_suspended_or_removed_is_out_at_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.member(&store, "olga@shop.example", "owner").await;
    let member = app.member(&store, "ada@shop.example", "editor").await;
    assert!(is_let_in(&app, &member).await);
    let suspend = |suspended: bool| json!({ "id": gid(&member), "input": { "suspended": suspended } });
    let done = by_key(&app, &store.secret, UPDATE, suspend(true)).await;
    assert_eq!(done["staffMember"]["status"], "SUSPENDED");
    assert!(!is_let_in(&app, &member).await);
    let again = app.try_sign_in(&store, "ada@shop.example", PASSWORD).await;
    assert_eq!(again["userErrors"][0]["code"], "UNIDENTIFIED_STAFF");
    let done = by_key(&app, &store.secret, UPDATE, suspend(false)).await;
    assert_eq!(done["staffMember"]["status"], "ACTIVE");
    assert!(!is_let_in(&app, &member).await, "the sessions of before are over");
    let back = app.sign_in(&store, "ada@shop.example").await;
    assert!(is_let_in(&app, &back).await);
    let removed = by_key(&app, &store.secret, REMOVE, json!({ "id": gid(&member) })).await;
    assert_eq!(removed, json!({ "deletedStaffMemberId": gid(&member), "userErrors": [] }));
    assert!(!is_let_in(&app, &back).await);
    refused(&by_key(&app, &store.secret, REMOVE, json!({ "id": gid(&member) })).await, "NOT_FOUND", json!(["id"]));
    let all = app.gql(&store.secret, "{ staffMembers(first: 5) { nodes { email } } }", json!({})).await;
    assert_eq!(all["staffMembers"]["nodes"], json!([{ "email": "olga@shop.example" }]));
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let olga = app.member(&store, "olga@shop.example", "owner").await;
    let oleg = app.member(&store, "oleg@shop.example", "owner").await;
    // Both go at once: one of them stays.
    let (first, second) = tokio::join!(
        by(&app, &olga, REMOVE, json!({ "id": gid(&olga) })),
        by(&app, &oleg, REMOVE, json!({ "id": gid(&oleg) })),
    );
    let gone = [&first, &second].iter().filter(|done| done["deletedStaffMemberId"].is_string()).count();
    assert_eq!(gone, 1, "{first:#} {second:#}");
    let left = if first["deletedStaffMemberId"].is_string() { &oleg } else { &olga };
    for (document, variables) in [
        (UPDATE, json!({ "id": gid(left), "input": { "role": "admin" } })),
        (UPDATE, json!({ "id": gid(left), "input": { "suspended": true } })),
        (REMOVE, json!({ "id": gid(left) })),
    ] {
        refused(&by_key(&app, &store.secret, document, variables).await, "NOT_ALLOWED", json!(["id"]));
    }
    // An owner who has not accepted yet is none who could take over.
    by_key(&app, &store.secret, INVITE, invitation("ina@shop.example", "owner")).await;
    refused(&by_key(&app, &store.secret, REMOVE, json!({ "id": gid(left) })).await, "NOT_ALLOWED", json!(["id"]));
    let renamed = json!({ "id": gid(left), "input": { "name": "O." } });
    assert_eq!(by_key(&app, &store.secret, UPDATE, renamed).await["userErrors"], json!([]));
}

#[tokio::test]
async fn another_shops_member_is_not_there() {
    let app = TestApp::new().await;
    let (ours, theirs) = (app.store("ours").await, app.store("theirs").await);
    let member: Member = app.member(&theirs, "ada@shop.example", "viewer").await;
    for (document, variables) in [
        (UPDATE, json!({ "id": gid(&member), "input": { "suspended": true } })),
        (REMOVE, json!({ "id": gid(&member) })),
    ] {
        refused(&by_key(&app, &ours.secret, document, variables).await, "NOT_FOUND", json!(["id"]));
    }
    assert!(is_let_in(&app, &member).await);
}

#[tokio::test]
async fn an_invitation_gives_what_its_member_may_by_now_and_nothing_once_they_are_kept_out() {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    app.member(&store, "olga@shop.example", "owner").await;
    let accept = async |token: &str| {
        by_key(&app, &store.publishable, ACCEPT, json!({ "token": token, "password": PASSWORD })).await
    };
    let mut tokens = Vec::new();
    for (number, name) in ["ina", "sue", "rob"].into_iter().enumerate() {
        let invited = by_key(&app, &store.secret, INVITE, invitation(&format!("{name}@shop.example"), "admin")).await;
        tokens.push((invited["staffMember"]["id"].clone(), post.nth(&app, number).await.1));
    }
    let [(ina, ina_token), (sue, sue_token), (rob, rob_token)] = tokens.try_into().expect("three");
    // Before they accept, one is to be less, one is kept out, and one is gone.
    let less = json!({ "id": ina, "input": { "role": "viewer" } });
    assert_eq!(by_key(&app, &store.secret, UPDATE, less).await["userErrors"], json!([]));
    let out = json!({ "id": sue, "input": { "suspended": true } });
    assert_eq!(by_key(&app, &store.secret, UPDATE, out).await["userErrors"], json!([]));
    assert_eq!(by_key(&app, &store.secret, REMOVE, json!({ "id": rob })).await["userErrors"], json!([]));
    assert_eq!(accept(&ina_token).await["userErrors"], json!([]));
    let member = app.sign_in(&store, "ina@shop.example").await;
    let answer = app.bearer(&member.access_token, INVITE, invitation("x@shop.example", "viewer"), &[]).await;
    assert_eq!(answer.code(), "FORBIDDEN", "a viewer invites nobody, whatever the invitation was for");
    for (token, email) in [(&sue_token, "sue@shop.example"), (&rob_token, "rob@shop.example")] {
        refused(&accept(token).await, "TOKEN_INVALID", json!(["token"]));
        assert_eq!(app.try_sign_in(&store, email, PASSWORD).await["userErrors"][0]["code"], "UNIDENTIFIED_STAFF");
    }
}

/// Whoever is signed in here, or comes with tokens of before, is not who signs in: nothing of theirs becomes the other's.
#[tokio::test]
async fn accepting_an_invitation_signs_nobody_in_and_leaves_the_callers_session_as_it_was() {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    let eve = app.member(&store, "eve@shop.example", "viewer").await;
    by_key(&app, &store.secret, INVITE, invitation("ina@shop.example", "admin")).await;
    let (_, token) = post.nth(&app, 0).await;
    // Eve's browser follows the mail's link.
    let done = by(&app, &eve, ACCEPT, json!({ "token": token, "password": PASSWORD })).await;
    assert_eq!(done["userErrors"], json!([]));
    let who = app.gql_as(&eve.access_token, "{ currentStaffMember { email role } }", json!({})).await;
    assert_eq!(who["currentStaffMember"], json!({ "email": "eve@shop.example", "role": "viewer" }));
    let ina = app.sign_in(&store, "ina@shop.example").await;
    assert_ne!(ina.session_id, eve.session_id);
    let sessions = app.gql_as(&ina.access_token, "{ staffSessions(first: 5) { nodes { id } } }", json!({})).await;
    assert_eq!(sessions["staffSessions"]["nodes"], json!([{ "id": ina.session_id }]));
}

/// What a token is for it does not choose: one that proves an address sets no password, and the other way round.
#[tokio::test]
async fn a_token_of_one_purpose_is_none_of_another() {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    let eve = app.member(&store, "eve@shop.example", "viewer").await;
    app.gql_as(&eve.access_token, "mutation { staffEmailVerificationSend { userErrors { code } } }", json!({})).await;
    let (_, proof) = post.nth(&app, 0).await;
    let accepted = by_key(&app, &store.publishable, ACCEPT, json!({ "token": proof, "password": PASSWORD })).await;
    refused(&accepted, "TOKEN_INVALID", json!(["token"]));
    by_key(&app, &store.secret, INVITE, invitation("ina@shop.example", "viewer")).await;
    let (_, invitation) = post.nth(&app, 1).await;
    let verify = "mutation ($token: String!) { done: staffEmailVerify(token: $token) { userErrors { code field } } }";
    refused(
        &by_key(&app, &store.publishable, verify, json!({ "token": invitation })).await,
        "TOKEN_INVALID",
        json!(["token"]),
    );
    for token in [&proof, &invitation] {
        let session = app.refresh(&store, token).await;
        assert_eq!(session["userErrors"][0]["code"], "TOKEN_INVALID");
    }
}
