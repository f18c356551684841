//! Passwords that are changed, forgotten and chosen anew; addresses that are proved.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::identity::model::{EMAIL_TOKEN_LIFE, NewStaff, PASSWORD_TOKEN_LIFE, SHOWN_TOKEN_LIFE};
use emporia::identity::service::{password_token_show, staff_create};
use serde_json::{Value, json};

use crate::identity::{code, is_let_in};
use crate::support::{Post, STAFF_PASSWORD as PASSWORD, Store, TestApp, admin};
use crate::tenancy::count;

const NEW: &str = "another fine password";

async fn shop() -> (TestApp, Store, Post) {
    let mut app = TestApp::new().await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    (app, store, post)
}

async fn update(app: &TestApp, token: &str, current: &str, new: &str) -> Value {
    let query = "mutation($current: String!, $new: String!) {
        staffPasswordUpdate(currentPassword: $current, newPassword: $new) {
            staffMember { email } userErrors { field message code } } }";
    app.gql_as(token, query, json!({ "current": current, "new": new })).await["staffPasswordUpdate"].take()
}

async fn recover(app: &TestApp, store: &Store, email: &str) -> Value {
    let query =
        "mutation($email: String!) { staffPasswordRecover(email: $email) { userErrors { field message code } } }";
    app.gql(&store.publishable, query, json!({ "email": email })).await["staffPasswordRecover"].take()
}

async fn reset(app: &TestApp, store: &Store, token: &str, password: &str) -> Value {
    let query = "mutation($token: String!, $password: String!) {
        staffPasswordReset(token: $token, password: $password) {
            staffMember { email status emailVerifiedAt } userErrors { field message code } } }";
    let variables = json!({ "token": token, "password": password });
    app.gql(&store.publishable, query, variables).await["staffPasswordReset"].take()
}

async fn can_sign_in(app: &TestApp, store: &Store, password: &str) -> bool {
    app.try_sign_in(store, "ada@shop.example", password).await["staffAccessToken"].is_object()
}

/// Waits for what was begun and not waited for.
async fn done(app: &TestApp) {
    app.quiet().await;
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() {
    let (app, store, _post) = shop().await;
    let here = app.member(&store, "ada@shop.example", "viewer").await;
    let there = app.sign_in(&store, "ada@shop.example").await;
    let eve = app.member(&store, "eve@shop.example", "viewer").await;
    let payload = update(&app, &here.access_token, PASSWORD, NEW).await;
    assert_eq!(payload, json!({ "staffMember": { "email": "ada@shop.example" }, "userErrors": [] }));
    assert!(is_let_in(&app, &here.access_token).await && is_let_in(&app, &eve.access_token).await);
    assert!(!is_let_in(&app, &there.access_token).await);
    assert_eq!(code(&app.refresh(&store, &there.refresh_token).await), "TOKEN_INVALID");
    assert_eq!(app.refresh(&store, &here.refresh_token).await["userErrors"], json!([]));
    assert!(can_sign_in(&app, &store, NEW).await && !can_sign_in(&app, &store, PASSWORD).await);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_into_one_of_some_length() {
    let (app, store, _post) = shop().await;
    let ada = app.member(&store, "ada@shop.example", "owner").await;
    for (current, new, path, expected) in [
        ("not it", NEW, "currentPassword", "INVALID"),
        (PASSWORD, "short", "newPassword", "TOO_SHORT"),
        (PASSWORD, &"x".repeat(129), "newPassword", "TOO_LONG"),
    ] {
        let payload = update(&app, &ada.access_token, current, new).await;
        assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), (expected, &json!([path])));
    }
    assert!(can_sign_in(&app, &store, PASSWORD).await);
    let forbidden = app
        .ask(
            &store.secret,
            &format!(
                "mutation {{ staffPasswordUpdate(currentPassword: \"x\",
        newPassword: \"{NEW}\") {{ userErrors {{ code }} }} }}"
            ),
        )
        .await;
    assert_eq!(forbidden.code(), "FORBIDDEN");
}

#[tokio::test]
async fn whose_address_it_is_nobody_learns_by_asking_for_a_password() {
    let (app, store, post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    app.staff(&store, "eve@shop.example", "owner").await;
    let suspend = "UPDATE staff_members SET status = 'SUSPENDED' WHERE email = 'eve@shop.example'";
    admin(&app.db.name).await.batch_execute(suspend).await.expect("suspended");
    for email in ["bob@shop.example", "eve@shop.example", " ADA@shop.example"] {
        assert_eq!(recover(&app, &store, email).await, json!({ "userErrors": [] }), "{email}");
        done(&app).await;
    }
    let (message, _) = post.nth(&app, 0).await;
    assert_eq!((message.to.as_str(), message.from_name.as_str()), ("ada@shop.example", "acme"));
    assert_eq!(post.all().len(), 1, "to nobody else");
    let payload = recover(&app, &store, "ada").await;
    assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), ("INVALID", &json!(["email"])));
}

#[tokio::test]
async fn a_mailed_token_sets_a_password_once_and_ends_every_session() {
    let (app, store, post) = shop().await;
    let ada = app.member(&store, "ada@shop.example", "owner").await;
    recover(&app, &store, "ada@shop.example").await;
    let (_, token) = post.nth(&app, 0).await;
    let short = reset(&app, &store, &token, "short").await;
    assert_eq!((code(&short), &short["userErrors"][0]["field"]), ("TOO_SHORT", &json!(["password"])));
    let payload = reset(&app, &store, &token, NEW).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    assert!(payload["staffMember"]["emailVerifiedAt"].is_string(), "who has the mail reads it: {payload}");
    assert!(!is_let_in(&app, &ada.access_token).await);
    assert_eq!(code(&app.refresh(&store, &ada.refresh_token).await), "TOKEN_INVALID");
    assert!(can_sign_in(&app, &store, NEW).await && !can_sign_in(&app, &store, PASSWORD).await);
    let again = reset(&app, &store, &token, "a third password").await;
    assert_eq!((code(&again), &again["userErrors"][0]["field"]), ("TOKEN_INVALID", &json!(["token"])));
    assert!(can_sign_in(&app, &store, NEW).await);
}

#[tokio::test]
async fn of_two_who_use_a_token_at_once_one_does() {
    let (app, store, post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    recover(&app, &store, "ada@shop.example").await;
    let (_, token) = post.nth(&app, 0).await;
    let [one, other] = ["the one password", "the other password"].map(|password| reset(&app, &store, &token, password));
    let (one, other) = tokio::join!(one, other);
    let set = [&one, &other].map(|payload| payload["staffMember"].is_object());
    assert!(set[0] != set[1], "{one}\n{other}");
}

#[tokio::test]
async fn a_mailed_token_is_good_for_an_hour_in_its_shop() {
    let (app, store, post) = shop().await;
    let other = app.store("other").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    app.staff(&other, "ada@shop.example", "owner").await;
    recover(&app, &store, "ada@shop.example").await;
    let (_, token) = post.nth(&app, 0).await;
    assert_eq!(code(&reset(&app, &other, &token, NEW).await), "TOKEN_INVALID", "another shop's");
    for bad in ["", "est_", "rubbish", &token.to_uppercase()] {
        assert_eq!(code(&reset(&app, &store, bad, NEW).await), "TOKEN_INVALID", "{bad}");
    }
    app.clock.advance(PASSWORD_TOKEN_LIFE);
    assert_eq!(code(&reset(&app, &store, &token, NEW).await), "TOKEN_INVALID", "expired");
    emporia::worker::sweep(&app.app).await.expect("a round");
    let left = "SELECT count(*) AS n FROM staff_tokens";
    assert_eq!(count(&mut admin(&app.db.name).await, left).await, 0, "swept away");
}

#[tokio::test]
async fn a_member_is_mailed_once_a_minute_and_one_use_voids_the_others() {
    let (app, store, post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    for _ in 0..3 {
        recover(&app, &store, "ada@shop.example").await;
        done(&app).await;
    }
    assert_eq!(post.all().len(), 1);
    let (_, first) = post.nth(&app, 0).await;
    app.clock.advance(TimeDelta::minutes(1));
    recover(&app, &store, "ada@shop.example").await;
    let (_, second) = post.nth(&app, 1).await;
    assert_eq!(reset(&app, &store, &first, NEW).await["userErrors"], json!([]), "both are good until one is used");
    assert_eq!(code(&reset(&app, &store, &second, NEW).await), "TOKEN_INVALID");
}

#[tokio::test]
async fn to_one_address_five_mails_an_hour_are_asked_for_whether_it_is_somebodys_or_not() {
    let (app, store, post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let mut answers = Vec::new();
    for email in ["ada@shop.example", "nobody@shop.example"] {
        for _ in 0..5 {
            assert_eq!(recover(&app, &store, email).await["userErrors"], json!([]));
            done(&app).await;
            app.clock.advance(TimeDelta::minutes(1));
        }
        let refused = recover(&app, &store, email).await;
        assert_eq!((code(&refused), &refused["userErrors"][0]["field"]), ("THROTTLED", &json!(["email"])));
        answers.push(refused);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(post.all().len(), 5);
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!(recover(&app, &store, "ada@shop.example").await["userErrors"], json!([]));
    assert_eq!(post.nth(&app, 5).await.0.to, "ada@shop.example");
}

#[tokio::test]
async fn what_is_done_later_for_one_shop_leaves_places_for_the_others() {
    let (app, store, post) = shop().await;
    let other = app.store("other").await;
    for shop in [&store, &other] {
        app.staff(shop, "ada@shop.example", "owner").await;
    }
    let crowd: Vec<_> = std::iter::from_fn(|| app.app.later.take(store.tenant)).collect();
    let refused = recover(&app, &store, "ada@shop.example").await;
    assert_eq!((code(&refused), &refused["userErrors"][0]["field"]), ("THROTTLED", &json!(["email"])));
    assert_eq!(recover(&app, &other, "ada@shop.example").await["userErrors"], json!([]));
    assert_eq!(post.nth(&app, 0).await.0.from_name, "other");
    drop(crowd);
    assert_eq!(recover(&app, &store, "ada@shop.example").await["userErrors"], json!([]));
    assert_eq!(post.nth(&app, 1).await.0.from_name, "acme");
}

#[tokio::test]
async fn who_was_taken_in_by_an_operator_chooses_a_password_and_becomes_active() {
    let (app, store, _post) = shop().await;
    let db = app.app.db.tenant(store.tenant);
    let new = NewStaff { email: "ada@shop.example".to_owned(), name: "Ada".to_owned(), role: "owner".to_owned() };
    let member = staff_create(&app.app, &db, &new).await.expect("a member");
    let token = password_token_show(&app.app, &db, member.id).await.expect("a token");
    let late = password_token_show(&app.app, &db, member.id).await.expect("a token");
    let payload = reset(&app, &store, token.reveal(), NEW).await;
    assert_eq!(
        payload["staffMember"],
        json!({ "email": "ada@shop.example", "status": "ACTIVE", "emailVerifiedAt": null })
    );
    assert!(can_sign_in(&app, &store, NEW).await);
    assert_eq!(code(&reset(&app, &store, late.reveal(), NEW).await), "TOKEN_INVALID");
    let expired = password_token_show(&app.app, &db, member.id).await.expect("a token");
    app.clock.advance(SHOWN_TOKEN_LIFE);
    assert_eq!(code(&reset(&app, &store, expired.reveal(), PASSWORD).await), "TOKEN_INVALID");
}

#[tokio::test]
async fn who_is_taken_in_needs_an_address_of_their_own_a_name_and_a_role() {
    let (app, store, _post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let db = app.app.db.tenant(store.tenant);
    for (email, name, role, expected) in [
        ("ADA@shop.example", "Ada", "owner", "this email address already"),
        ("ada", "Ada", "owner", "not an email address"),
        ("eve@shop.example", " ", "owner", "A name has"),
        ("eve@shop.example", "Eve\n", "owner", "A name has"),
        ("eve@shop.example", "Eve", "Owner", "A role's name"),
        ("eve@shop.example", "Eve", "florist", "The shop has no role \"florist\"."),
    ] {
        let new = NewStaff { email: email.to_owned(), name: name.to_owned(), role: role.to_owned() };
        let refused = staff_create(&app.app, &db, &new).await.expect_err("refused");
        let emporia::error::ServiceError::Rule(rule) = refused else { panic!("{refused}") };
        assert!(rule.to_string().contains(expected), "{rule}");
    }
}

#[tokio::test]
async fn an_address_is_proved_by_the_token_that_was_sent_there() {
    let (app, store, post) = shop().await;
    let ada = app.member(&store, "ada@shop.example", "viewer").await;
    let send = "mutation { staffEmailVerificationSend { userErrors { field message code } } }";
    let sent = async || app.gql_as(&ada.access_token, send, json!({})).await["staffEmailVerificationSend"].take();
    let verify = async |token: &str| {
        let query = "mutation($token: String!) { staffEmailVerify(token: $token) {
            staffMember { email emailVerifiedAt } userErrors { field message code } } }";
        app.gql(&store.publishable, query, json!({ "token": token })).await["staffEmailVerify"].take()
    };
    assert_eq!(sent().await, json!({ "userErrors": [] }));
    let (message, late) = post.nth(&app, 0).await;
    assert_eq!(message.to, "ada@shop.example");
    assert_eq!(code(&sent().await), "THROTTLED");
    assert_eq!(code(&reset(&app, &store, &late, NEW).await), "TOKEN_INVALID", "it sets no password");
    app.clock.advance(TimeDelta::minutes(1));
    assert_eq!(sent().await, json!({ "userErrors": [] }));
    let (_, token) = post.nth(&app, 1).await;
    let payload = verify(&token).await;
    assert_eq!(payload["staffMember"]["email"], "ada@shop.example", "{payload}");
    assert!(payload["staffMember"]["emailVerifiedAt"].is_string());
    for again in [token.as_str(), "rubbish"] {
        let payload = verify(again).await;
        assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), ("TOKEN_INVALID", &json!(["token"])));
    }
    assert_eq!(code(&sent().await), "ALREADY_DONE");
    // Another address since: who reads the old one proves nothing.
    let moved = "UPDATE staff_members SET email = 'new@shop.example', email_verified_at = NULL";
    admin(&app.db.name).await.batch_execute(moved).await.expect("moved");
    assert_eq!(code(&verify(&late).await), "TOKEN_INVALID");
    assert_eq!(sent().await, json!({ "userErrors": [] }));
    let (_, last) = post.nth(&app, 2).await;
    app.clock.advance(EMAIL_TOKEN_LIFE);
    assert_eq!(code(&verify(&last).await), "TOKEN_INVALID", "expired");
}

#[tokio::test]
async fn mails_lead_into_staffs_own_application_where_there_is_one() {
    let mut app = TestApp::with(&[("STAFF_URL", "https://admin.example/")]).await;
    let post = Post::of(&mut app).await;
    let store = app.store("acme").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    recover(&app, &store, "ada@shop.example").await;
    let (message, token) = post.nth(&app, 0).await;
    assert!(message.text.contains(&format!("https://admin.example/password-reset#token={token}")), "{}", message.text);
}

#[tokio::test]
async fn secrets_of_staff_are_stored_as_hashes_alone() {
    let (app, store, post) = shop().await;
    let ada = app.member(&store, "ada@shop.example", "owner").await;
    recover(&app, &store, "ada@shop.example").await;
    let (_, token) = post.nth(&app, 0).await;
    let mut admin = admin(&app.db.name).await;
    for (table, secret) in
        [("staff_members", PASSWORD), ("staff_sessions", &ada.refresh_token[4..]), ("staff_tokens", &token[4..])]
    {
        let shown = format!("SELECT count(*) AS n FROM {table} t WHERE t::text LIKE '%{secret}%'");
        assert_eq!(count(&mut admin, &shown).await, 0, "{table}");
    }
    let hashed = "SELECT count(*) AS n FROM staff_members WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(count(&mut admin, hashed).await, 1);
}

/// Another version of the program may hash otherwise: who signs in brings the password along.
#[tokio::test]
async fn a_password_that_was_hashed_otherwise_is_hashed_anew_at_the_next_sign_in() {
    let (app, store, _post) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let weaker = {
        use argon2::password_hash::{PasswordHasher, SaltString};
        let params = argon2::Params::new(8, 1, 1, None).expect("parameters");
        let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let salt = SaltString::encode_b64(&[7; 16]).expect("a salt");
        argon2.hash_password(PASSWORD.as_bytes(), &salt).expect("a hash").to_string()
    };
    let mut admin = admin(&app.db.name).await;
    admin.batch_execute(&format!("UPDATE staff_members SET password_hash = '{weaker}'")).await.expect("set");
    app.sign_in(&store, "ada@shop.example").await;
    let fresh = "SELECT count(*) AS n FROM staff_members WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
    assert_eq!(count(&mut admin, fresh).await, 1);
    app.sign_in(&store, "ada@shop.example").await;
}
