//! Staff sign in, are known by their access token, go on by their refresh token, and sign out.

use axum::http::StatusCode;
use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::access::{Grants, SystemRole};
use emporia::identity::model::{GRACE, MAX_SESSIONS, SESSION_IDLE, SESSION_LIFE};
use emporia::identity::token::TOKEN_LIFE;
use emporia::tenant::model::Access;
use serde_json::{Value, json};

use crate::support::{Member, SIGN_IN, STAFF_PASSWORD as PASSWORD, Store, TestApp, admin, start};

const WHO: &str = "{ currentStaffMember { id email name role status active isShopOwner } }";

async fn shop() -> (TestApp, Store) {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    (app, store)
}

/// The code of a payload's only error.
pub fn code(payload: &Value) -> &str {
    let errors = payload["userErrors"].as_array().expect("user errors");
    assert_eq!(errors.len(), 1, "{payload}");
    errors[0]["code"].as_str().expect("a code")
}

/// Whether requests with this access token are let in.
pub async fn is_let_in(app: &TestApp, token: &str) -> bool {
    match app.bearer(token, "{ __typename }", json!({}), &[]).await {
        answer if answer.status == StatusCode::OK => true,
        answer if answer.status == StatusCode::UNAUTHORIZED => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_member_signs_in_and_is_known_by_the_access_token_alone() {
    let (app, store) = shop().await;
    let id = app.staff(&store, "Ada@Shop.example", "owner").await;
    let payload = app.try_sign_in(&store, " ADA@shop.example", PASSWORD).await;
    let token = &payload["staffAccessToken"];
    assert_eq!(token["expiresAt"], json!(start() + TOKEN_LIFE), "{payload}");
    assert_eq!(token["sessionExpiresAt"], json!(start() + SESSION_IDLE));
    let who = json!({ "id": format!("gid://emporia/StaffMember/{id}"), "email": "ada@shop.example", "name": "Ada",
        "role": "owner", "status": "ACTIVE", "active": true, "isShopOwner": true });
    let known = app.gql_as(token["accessToken"].as_str().expect("a token"), WHO, json!({})).await;
    assert_eq!(known["currentStaffMember"], who);
    for key in [&store.publishable, &store.secret] {
        assert_eq!(app.gql(key, WHO, json!({})).await["currentStaffMember"], Value::Null);
    }
}

#[tokio::test]
async fn a_role_decides_whether_a_member_edits_and_one_that_nobody_knows_reads() {
    let (app, store) = shop().await;
    let page = r#"mutation { pageCreate(page: { title: "New" }) { page { id } userErrors { message } } }"#;
    for (role, edits) in [("owner", true), ("admin", true), ("editor", true), ("viewer", false), ("florist", false)] {
        let email = format!("{role}@shop.example");
        app.staff(&store, &email, if edits { role } else { "viewer" }).await;
        let change = format!("UPDATE staff_members SET role = '{role}' WHERE email = '{email}'");
        admin(&app.db.name).await.batch_execute(&change).await.expect("changed");
        let member = app.sign_in(&store, &email).await;
        let answer = app.bearer(&member.access_token, page, json!({}), &[]).await;
        let made = answer.json()["data"]["pageCreate"]["page"]["id"].is_string();
        assert_eq!(made, edits, "{role}: {answer:?}");
        assert!(made || answer.code() == "FORBIDDEN", "{role}: {answer:?}");
        let resolved = app.app.resolver.by_token(&member.access_token).await.expect("let in");
        // Whoever has a role that is not there is a viewer.
        let expected = if role == "florist" { "viewer" } else { role };
        assert!(matches!(&resolved.grants, Grants::Staff(grants) if grants.role.handle == expected), "{resolved:?}");
        assert!(matches!(resolved.access, Access::Staff { staff_id, .. } if staff_id == member.id));
    }
}

#[tokio::test]
async fn a_members_new_role_counts_whatever_the_token_says() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    admin(&app.db.name).await.batch_execute("UPDATE staff_members SET role = 'viewer'").await.expect("changed");
    // By hand, without a notice: within what a process remembers at most.
    crate::support::eventually("the new role", async || {
        let resolved = app.app.resolver.by_token(&member.access_token).await.expect("let in");
        (resolved.grants.permissions() == SystemRole::Viewer.permissions()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_in_nobody_learns() {
    let (app, store) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    app.staff(&store, "eve@shop.example", "owner").await;
    let suspend = "UPDATE staff_members SET status = 'SUSPENDED' WHERE email = 'eve@shop.example'";
    admin(&app.db.name).await.batch_execute(suspend).await.expect("suspended");
    let new = emporia::identity::model::NewStaff {
        email: "ina@shop.example".to_owned(),
        name: "Ina".to_owned(),
        role: "owner".to_owned(),
    };
    let db = app.app.db.tenant(store.tenant);
    emporia::identity::service::staff_create(&app.app, &db, &new).await.expect("invited");
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@shop.example", "wrong password"),
        ("bob@shop.example", PASSWORD),
        ("eve@shop.example", PASSWORD),
        ("ina@shop.example", PASSWORD),
        ("ada@shop.example", ""),
        ("ada@shop.example", &"x".repeat(5000)),
    ] {
        answers.push(app.try_sign_in(&store, email, password).await);
    }
    let first = json!({ "staffAccessToken": null, "staffMember": null, "userErrors": [{
        "field": ["input"], "message": "Unidentified staff member.", "code": "UNIDENTIFIED_STAFF" }] });
    assert!(answers.iter().all(|answer| *answer == first), "{answers:#?}");
    let payload = app.try_sign_in(&store, "ada", PASSWORD).await;
    assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), ("INVALID", &json!(["input", "email"])));
}

#[tokio::test]
async fn a_member_of_one_shop_is_nobody_in_another() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    assert_eq!(code(&app.try_sign_in(&other, "ada@shop.example", PASSWORD).await), "UNIDENTIFIED_STAFF");
    // The same address may be somebody's there.
    let theirs = app.member(&other, "ada@shop.example", "viewer").await;
    let ours = app.sign_in(&store, "ada@shop.example").await;
    assert_ne!(theirs.id, ours.id);
}

#[tokio::test]
async fn after_ten_wrong_passwords_none_is_looked_at_for_a_quarter_of_an_hour() {
    let (app, store) = shop().await;
    app.staff(&store, "ada@shop.example", "owner").await;
    for email in ["ada@shop.example", "nobody@shop.example"] {
        for _ in 0..10 {
            assert_eq!(code(&app.try_sign_in(&store, email, "wrong password").await), "UNIDENTIFIED_STAFF");
        }
        assert_eq!(code(&app.try_sign_in(&store, email, PASSWORD).await), "THROTTLED");
    }
    app.clock.advance(TimeDelta::minutes(15));
    app.sign_in(&store, "ada@shop.example").await;
}

#[tokio::test]
async fn a_refresh_token_is_replaced_by_its_use() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    app.clock.advance(TOKEN_LIFE);
    assert!(!is_let_in(&app, &member.access_token).await, "expired");
    let next = app.refresh(&store, &member.refresh_token).await;
    let token = &next["staffAccessToken"];
    assert_eq!(token["sessionId"], json!(member.session_id), "{next}");
    assert_ne!(token["refreshToken"], json!(member.refresh_token));
    assert!(is_let_in(&app, token["accessToken"].as_str().expect("a token")).await);
    assert_eq!(token["sessionExpiresAt"], json!(start() + TOKEN_LIFE + SESSION_IDLE));
}

#[tokio::test]
async fn within_the_grace_a_replaced_token_leads_to_the_same_successor_and_after_it_ends_the_session() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let refreshed = async |token: &str| app.refresh(&store, token).await["staffAccessToken"]["refreshToken"].take();
    let next = refreshed(&member.refresh_token).await;
    app.clock.advance(GRACE);
    assert_eq!(refreshed(&member.refresh_token).await, next, "the same");
    let next = next.as_str().expect("a token").to_owned();
    app.clock.advance(TimeDelta::seconds(1));
    let payload = app.refresh(&store, &member.refresh_token).await;
    assert_eq!((code(&payload), &payload["staffAccessToken"]), ("TOKEN_INVALID", &Value::Null));
    assert_eq!(code(&app.refresh(&store, &next).await), "TOKEN_INVALID", "the whole family is revoked");
    assert!(!is_let_in(&app, &member.access_token).await, "and its access tokens with it");
}

#[tokio::test]
async fn the_grace_covers_only_the_token_just_replaced() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let first = app.refresh(&store, &member.refresh_token).await;
    let first = first["staffAccessToken"]["refreshToken"].as_str().expect("a token");
    let second = app.refresh(&store, first).await;
    let second = second["staffAccessToken"]["refreshToken"].as_str().expect("a token");
    // Well within ten seconds, and two steps old.
    assert_eq!(code(&app.refresh(&store, &member.refresh_token).await), "TOKEN_INVALID");
    for token in [first, second] {
        assert_eq!(code(&app.refresh(&store, token).await), "TOKEN_INVALID");
    }
}

#[tokio::test]
async fn refreshes_that_race_get_the_same_successor() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let racing = (0..8).map(|_| app.refresh(&store, &member.refresh_token));
    let answers = futures_util::future::join_all(racing).await;
    let next: Vec<&Value> = answers.iter().map(|answer| &answer["staffAccessToken"]["refreshToken"]).collect();
    assert!(next[0].is_string() && next.iter().all(|token| *token == next[0]), "{answers:#?}");
    assert_eq!(app.refresh(&store, next[0].as_str().expect("a token")).await["userErrors"], json!([]));
}

#[tokio::test]
async fn what_is_no_refresh_token_of_the_shop_ends_nothing() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let theirs = app.member(&other, "eve@shop.example", "owner").await;
    // Her session's id in front of what is another's: an id alone must not end a session.
    let spliced = {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
        let bytes = |token: &str| BASE64.decode(token.trim_start_matches("ert_")).expect("base64");
        let mut spliced = bytes(&theirs.refresh_token);
        spliced[..16].copy_from_slice(&bytes(&member.refresh_token)[..16]);
        format!("ert_{}", BASE64.encode(spliced))
    };
    for token in ["", "rubbish", &store.publishable, &member.access_token, &theirs.refresh_token, &spliced] {
        let payload = app.refresh(&store, token).await;
        assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), ("TOKEN_INVALID", &json!(["refreshToken"])));
    }
    assert_eq!(app.refresh(&store, &member.refresh_token).await["userErrors"], json!([]), "it goes on");
    assert_eq!(app.refresh(&other, &theirs.refresh_token).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
    let (app, store) = shop().await;
    let idle = app.member(&store, "ada@shop.example", "owner").await;
    let mut busy = app.sign_in(&store, "ada@shop.example").await.refresh_token;
    let mut lasted = TimeDelta::zero();
    let step = SESSION_IDLE - TimeDelta::days(1);
    loop {
        app.clock.advance(step);
        let next = app.refresh(&store, &busy).await;
        let Some(token) = next["staffAccessToken"]["refreshToken"].as_str() else { break };
        busy = token.to_owned();
        lasted += step;
    }
    assert!(lasted < SESSION_LIFE && lasted + step >= SESSION_LIFE, "{lasted}");
    assert_eq!(code(&app.refresh(&store, &idle.refresh_token).await), "TOKEN_INVALID");
    emporia::worker::sweep(&app.app).await.expect("a round");
    let left = "SELECT count(*) AS n FROM staff_sessions";
    assert_eq!(crate::tenancy::count(&mut admin(&app.db.name).await, left).await, 0, "swept away");
}

#[tokio::test]
async fn sessions_are_listed_by_device_and_revoked_one_by_one() {
    let (app, store) = shop().await;
    app.staff(&store, "ada@shop.example", "viewer").await;
    let sign_in = async |device: Value, agent: &str| {
        let variables = json!({ "email": "ada@shop.example", "password": PASSWORD, "device": device });
        let body = json!({ "query": SIGN_IN, "variables": variables });
        let answer = app.post_json(&store.publishable, &body, &[("user-agent", agent)]).await.json();
        answer["data"]["staffSignIn"]["staffAccessToken"]["accessToken"].as_str().expect("a token").to_owned()
    };
    let here = sign_in(json!("Ada's\n phone"), "Browser/1").await;
    let there = sign_in(Value::Null, "Browser/2").await;
    let list = "{ staffSessions(first: 10) { nodes { id deviceName isCurrent staffMember { email } } } }";
    let sessions = app.gql_as(&here, list, json!({})).await["staffSessions"]["nodes"].take();
    let shown = sessions.as_array().expect("a list").iter();
    let shown: Vec<_> = shown.map(|session| (session["deviceName"].as_str(), session["isCurrent"].as_bool())).collect();
    assert_eq!(shown, [(Some("Ada's phone"), Some(true)), (Some("Browser/2"), Some(false))]);
    assert_eq!(sessions[0]["staffMember"]["email"], "ada@shop.example");
    // Another's are not seen, and not ended.
    let eve = app.member(&store, "eve@shop.example", "owner").await;
    let revoke =
        "mutation($id: ID!) { staffSessionRevoke(id: $id) { revokedStaffSessionId userErrors { field code } } }";
    for id in [eve.session_id.as_str(), "rubbish", "gid://emporia/StaffSession/00000000-0000-0000-0000-000000000000"] {
        let payload = app.gql_as(&here, revoke, json!({ "id": id })).await["staffSessionRevoke"].take();
        assert_eq!((code(&payload), &payload["userErrors"][0]["field"]), ("NOT_FOUND", &json!(["id"])));
    }
    let id = &sessions[1]["id"];
    let payload = app.gql_as(&here, revoke, json!({ "id": id })).await["staffSessionRevoke"].take();
    assert_eq!(payload, json!({ "revokedStaffSessionId": id, "userErrors": [] }));
    assert!(is_let_in(&app, &here).await && !is_let_in(&app, &there).await);
    // The merchant's server sees and ends everybody's.
    let all = app.gql(&store.secret, list, json!({})).await["staffSessions"]["nodes"].take();
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    app.gql(&store.secret, revoke, json!({ "id": eve.session_id })).await;
    assert!(!is_let_in(&app, &eve.access_token).await);
    let forbidden = app.ask(&store.publishable, list).await;
    assert_eq!(forbidden.code(), "FORBIDDEN");
}

#[tokio::test]
async fn who_signs_out_is_refused_from_then_on() {
    let (app, store) = shop().await;
    let member = app.member(&store, "ada@shop.example", "viewer").await;
    let out = "mutation { staffSignOut { revokedStaffSessionId userErrors { code } } }";
    let payload = app.gql_as(&member.access_token, out, json!({})).await["staffSignOut"].take();
    assert_eq!(payload, json!({ "revokedStaffSessionId": member.session_id, "userErrors": [] }));
    assert!(!is_let_in(&app, &member.access_token).await);
    assert_eq!(code(&app.refresh(&store, &member.refresh_token).await), "TOKEN_INVALID");
    assert_eq!(app.ask(&store.secret, out).await.code(), "FORBIDDEN");
}

#[tokio::test]
async fn one_session_more_than_there_may_be_ends_the_one_used_longest_ago() {
    let (app, store) = shop().await;
    let first = app.member(&store, "ada@shop.example", "owner").await;
    // As many as there may be, without as many passwords.
    let fill = format!(
        "INSERT INTO staff_sessions SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(),
            'last_used_at', s.last_used_at + interval '1 minute'))).* FROM staff_sessions s, generate_series(2, {MAX_SESSIONS})"
    );
    admin(&app.db.name).await.batch_execute(&fill).await.expect("sessions");
    assert!(is_let_in(&app, &first.access_token).await);
    let last = app.sign_in(&store, "ada@shop.example").await;
    assert!(!is_let_in(&app, &first.access_token).await && is_let_in(&app, &last.access_token).await);
    let open = "SELECT count(*) AS n FROM staff_sessions WHERE revoked_at IS NULL";
    assert_eq!(crate::tenancy::count(&mut admin(&app.db.name).await, open).await, MAX_SESSIONS as i64);
}

/// A session's id is made by the server, whatever the client comes with.
#[tokio::test]
async fn a_sign_in_opens_a_session_of_its_own() {
    let (app, store) = shop().await;
    let eve: Member = app.member(&store, "eve@shop.example", "viewer").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let variables = json!({ "email": "ada@shop.example", "password": PASSWORD });
    let answer = app.bearer(&eve.access_token, SIGN_IN, variables, &[("x-api-key", &store.publishable)]).await.json();
    let session = &answer["data"]["staffSignIn"]["staffAccessToken"]["sessionId"];
    assert!(session.is_string() && *session != json!(eve.session_id), "{answer}");
    let who = app.gql_as(&eve.access_token, WHO, json!({})).await;
    assert_eq!(who["currentStaffMember"]["email"], "eve@shop.example", "her session is still hers");
    let given = r#"mutation { staffSignIn(input: { email: "a@b.de", password: "x", sessionId: "y" }) { userErrors { code } } }"#;
    assert_eq!(app.ask(&store.publishable, given).await.code(), "GRAPHQL_VALIDATION_FAILED");
}
