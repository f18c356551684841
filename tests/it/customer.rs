//! Signing up and in: what shoppers are told, and what strangers are not.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::worker;
use serde_json::{Value, json};

use crate::support::{Account, PASSWORD, Proof, Store, TestApp, admin};
use crate::tenancy::count;

const ADA: &str = "ada@example.com";

/// The code of the first refusal.
fn code(payload: &Value) -> &str {
    payload["customerUserErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("no refusal: {payload:#}"))
}

async fn shop() -> (TestApp, Store) {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    (app, store)
}

async fn renew(app: &TestApp, store: &Store, token: &str) -> Value {
    let query = "mutation($token: String!) { customerAccessTokenRenew(customerAccessToken: $token) {
        customerAccessToken { accessToken expiresAt } userErrors { field message } } }";
    app.shop(store, query, json!({ "token": token })).await
}

async fn sign_out(app: &TestApp, store: &Store, token: &str) -> Value {
    let query = "mutation($token: String!) { customerAccessTokenDelete(customerAccessToken: $token) {
        deletedAccessToken deletedCustomerAccessTokenId userErrors { field message } } }";
    app.shop(store, query, json!({ "token": token })).await
}

async fn recover(app: &TestApp, store: &Store, email: &str) -> Value {
    let query = "mutation($email: String!) { customerRecover(email: $email) {
        customerUserErrors { field code message } userErrors { field message } } }";
    let payload = app.shop(store, query, json!({ "email": email })).await;
    app.quiet().await;
    payload
}

async fn reset(app: &TestApp, store: &Store, proof: &Proof, password: &str) -> Value {
    let query = "mutation($id: ID!, $input: CustomerResetInput!) { customerReset(id: $id, input: $input) {
        customer { id } customerAccessToken { accessToken expiresAt } customerUserErrors { field code message } } }";
    let input = json!({ "resetToken": proof.token, "password": password });
    app.shop(store, query, json!({ "id": proof.id, "input": input })).await
}

#[tokio::test]
async fn an_account_is_open_once_its_address_is_confirmed_and_not_before() {
    let (app, store) = shop().await;
    let asked = app.sign_up(&store, " Ada@Example.com ", "Ada").await;
    let message =
        "We have sent an email to Ada@Example.com; please follow the link in it to confirm your email address.";
    let refused = json!([{ "field": ["input", "email"], "code": "CUSTOMER_DISABLED", "message": message }]);
    assert_eq!((&asked["customer"], &asked["customerUserErrors"]), (&Value::Null, &refused));
    assert_eq!(asked["userErrors"], json!([{ "field": ["input", "email"], "message": message }]));
    let early = app.sign_in_customer(&store, ADA, PASSWORD).await;
    assert_eq!((&early["customerAccessToken"], code(&early)), (&Value::Null, "UNIDENTIFIED_CUSTOMER"));

    let proof = app.proof("Ada@Example.com").await;
    let opened = app.activate(&store, &proof, "another horse").await;
    assert_eq!(opened["customer"], json!({ "id": proof.id, "email": "Ada@Example.com", "firstName": "Ada" }));
    assert_eq!(opened["customerAccessToken"]["expiresAt"], "2026-07-01T12:00:00Z");
    let ada = Account::of(&opened);
    let seen = app.customer(&store, &ada.token).await;
    assert_eq!(
        (&seen["id"], &seen["state"], &seen["verifiedEmail"]),
        (&json!(ada.id), &json!("ENABLED"), &json!(true))
    );
    assert_eq!((&seen["displayName"], &seen["numberOfOrders"]), (&json!("Ada"), &json!("0")));

    // The password is the one of whoever has the mail, and not of whoever asked for it.
    assert_eq!(code(&app.sign_in_customer(&store, ADA, PASSWORD).await), "UNIDENTIFIED_CUSTOMER");
    let signed_in = app.sign_in_customer(&store, "ADA@example.COM", "another horse").await;
    let token = signed_in["customerAccessToken"]["accessToken"].as_str().expect("a token");
    assert_ne!(token, ada.token);
    assert_eq!(app.customer(&store, token).await["id"], ada.id);
    assert_eq!(code(&app.activate(&store, &proof, PASSWORD).await), "TOKEN_INVALID", "a mail is answered once");
}

#[tokio::test]
async fn nobody_learns_by_an_answer_whether_an_address_has_an_account() {
    let (app, store) = shop().await;
    app.account(&store, ADA).await;
    let names = |mut payload: Value, address: &str| {
        let text = payload.to_string().replace(address, "<address>");
        payload = serde_json::from_str(&text).expect("JSON");
        payload
    };
    let nobody = "bob@example.com";
    for (known, unknown) in [
        (app.sign_up(&store, ADA, "Eve").await, app.sign_up(&store, nobody, "Eve").await),
        (
            app.sign_in_customer(&store, ADA, "wrong horse").await,
            app.sign_in_customer(&store, nobody, "wrong horse").await,
        ),
        (recover(&app, &store, ADA).await, recover(&app, &store, nobody).await),
    ] {
        assert_eq!(names(known, ADA), names(unknown, nobody));
    }
    // What there is to say is mailed.
    let subjects: Vec<String> = app.mails(ADA).await.into_iter().map(|mail| mail.subject).collect();
    let said = ["Confirm your email address: acme", "You have an account already: acme", "Choose a new password: acme"];
    assert_eq!(subjects, said);
    let subjects: Vec<String> = app.mails(nobody).await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Confirm your email address: acme"], "nobody's password is not forgotten");
    assert_eq!(
        app.sign_in_customer(&store, ADA, PASSWORD).await["customerUserErrors"],
        json!([]),
        "and nothing has changed"
    );
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_with_its_path() {
    let (app, store) = shop().await;
    let query = "mutation($input: CustomerCreateInput!) { customerCreate(input: $input) {
        customerUserErrors { field code } } }";
    let input = json!({ "email": "ada", "password": "1234567", "phone": "no", "firstName": "<b>Ada</b>" });
    let refused = app.shop(&store, query, json!({ "input": input })).await;
    let rule = |name: &str, code: &str| json!({ "field": ["input", name], "code": code });
    let expected = [
        rule("email", "INVALID"),
        rule("password", "TOO_SHORT"),
        rule("firstName", "CONTAINS_HTML_TAGS"),
        rule("phone", "INVALID"),
    ];
    assert_eq!(refused["customerUserErrors"], json!(expected));
    let without = app.shop(&store, query, json!({ "input": { "email": ADA } })).await;
    assert_eq!(without["customerUserErrors"], json!([rule("password", "BLANK")]));
    assert!(app.mails(ADA).await.is_empty());
}

#[tokio::test]
async fn the_last_mail_counts_and_not_for_ever() {
    let (app, store) = shop().await;
    app.sign_up(&store, ADA, "Eve").await;
    let first = app.proof(ADA).await;
    app.sign_up(&store, ADA, "Ada").await;
    let second = app.proof(ADA).await;
    assert_eq!(code(&app.activate(&store, &first, PASSWORD).await), "TOKEN_INVALID");
    for (id, token) in [(&first.id, &second.token), (&store.tenant.to_string(), &second.token), (&second.id, &first.id)]
    {
        let wrong = Proof { id: id.clone(), token: token.clone() };
        assert_eq!(code(&app.activate(&store, &wrong, PASSWORD).await), "TOKEN_INVALID");
    }
    let short = app.activate(&store, &second, "short").await;
    let expected = json!([{ "field": ["input", "password"], "code": "TOO_SHORT", "message": "A password has at least 8 characters." }]);
    assert_eq!(short["customerUserErrors"], expected);
    app.clock.advance(TimeDelta::days(3));
    assert_eq!(code(&app.activate(&store, &second, PASSWORD).await), "TOKEN_INVALID", "to the day");
    app.sign_up(&store, ADA, "Ada").await;
    let third = app.proof(ADA).await;
    assert_eq!(app.activate(&store, &third, PASSWORD).await["customer"]["firstName"], "Ada");
}

#[tokio::test]
async fn a_link_leads_to_the_storefront_and_back() {
    let (app, store) = shop().await;
    let sql = format!("UPDATE shops SET storefront_url = 'https://acme.example' WHERE tenant_id = '{}'", store.tenant);
    admin(&app.db.name).await.batch_execute(&sql).await.expect("a storefront");
    let link = |text: &str| text.lines().find(|line| line.starts_with("https://")).expect("a link").to_owned();
    app.sign_up(&store, ADA, "Ada").await;
    let activation = link(&app.mails(ADA).await.pop().expect("a mail").text);
    assert!(activation.starts_with("https://acme.example/account/activate/"), "{activation}");
    let query = "mutation($url: URL!, $password: String!) { done: customerActivateByUrl(activationUrl: $url, password: $password) {
        customer { id } customerAccessToken { accessToken } customerUserErrors { field code } } }";
    let opened = app.shop(&store, query, json!({ "url": activation, "password": PASSWORD })).await;
    let ada = Account::of(&opened);

    recover(&app, &store, ADA).await;
    let link = link(&app.mails(ADA).await.pop().expect("a mail").text);
    assert!(link.starts_with("https://acme.example/account/reset/"), "{link}");
    let query = query.replace("customerActivateByUrl(activationUrl", "customerResetByUrl(resetUrl");
    for (url, code) in [("https://acme.example/", "INVALID"), (activation.as_str(), "TOKEN_INVALID")] {
        let refused = app.shop(&store, &query, json!({ "url": url, "password": PASSWORD })).await;
        assert_eq!(refused["customerUserErrors"], json!([{ "field": ["resetUrl"], "code": code }]));
    }
    let done = app.shop(&store, &query, json!({ "url": link, "password": PASSWORD })).await;
    assert_eq!(Account::of(&done).id, ada.id);
}

#[tokio::test]
async fn a_token_is_good_for_thirty_days_and_can_be_renewed_for_a_year() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    let ada = app.account(&store, ADA).await;
    assert_eq!(app.customer(&other, &ada.token).await, Value::Null, "of another shop");
    for text in ["", "x", &ada.id, &ada.token[1..]] {
        assert_eq!(app.customer(&store, text).await, Value::Null, "{text}");
    }
    app.clock.advance(TimeDelta::days(29));
    let renewed = renew(&app, &store, &ada.token).await["customerAccessToken"].take();
    assert_eq!(renewed, json!({ "accessToken": ada.token, "expiresAt": "2026-07-30T12:00:00Z" }));
    assert!(renew(&app, &other, &ada.token).await["customerAccessToken"].is_null());
    app.clock.advance(TimeDelta::days(29));
    assert_eq!(app.customer(&store, &ada.token).await["id"], ada.id);
    app.clock.advance(TimeDelta::days(1));
    assert_eq!(app.customer(&store, &ada.token).await, Value::Null, "to the day");
    let refused = renew(&app, &store, &ada.token).await;
    let unidentified = json!([{ "field": ["customerAccessToken"], "message": "Unidentified customer." }]);
    assert_eq!((&refused["customerAccessToken"], &refused["userErrors"]), (&Value::Null, &unidentified));

    let signed_in = app.sign_in_customer(&store, ADA, PASSWORD).await;
    let token = signed_in["customerAccessToken"]["accessToken"].as_str().expect("a token");
    for _ in 0..13 {
        app.clock.advance(TimeDelta::days(28));
        renew(&app, &store, token).await;
    }
    app.clock.advance(TimeDelta::days(1));
    assert_eq!(app.customer(&store, token).await, Value::Null, "after a year it cannot be renewed any more");
}

#[tokio::test]
async fn a_token_ends_when_it_is_deleted_and_no_other_does() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    let ada = app.account(&store, ADA).await;
    let second = app.sign_in_customer(&store, ADA, PASSWORD).await["customerAccessToken"]["accessToken"].clone();
    let elsewhere = sign_out(&app, &other, &ada.token).await;
    assert_eq!(elsewhere["deletedAccessToken"], Value::Null);
    let done = sign_out(&app, &store, &ada.token).await;
    assert_eq!((&done["deletedAccessToken"], &done["userErrors"]), (&json!(ada.token), &json!([])));
    let id = done["deletedCustomerAccessTokenId"].as_str().expect("an id");
    assert!(id.starts_with("gid://emporia/CustomerAccessToken/"), "{id}");
    assert_eq!(app.customer(&store, &ada.token).await, Value::Null);
    assert_eq!(app.customer(&store, second.as_str().expect("a token")).await["id"], ada.id);
    let again = sign_out(&app, &store, &ada.token).await;
    assert_eq!(again["userErrors"][0]["field"], json!(["customerAccessToken"]));
}

#[tokio::test]
async fn only_hashes_of_passwords_and_tokens_are_stored() {
    let (app, store) = shop().await;
    let ada = app.account(&store, ADA).await;
    recover(&app, &store, ADA).await;
    let reset = app.proof(ADA).await.token;
    app.sign_up(&store, "bob@example.com", "Bob").await;
    let proof = app.proof("bob@example.com").await.token;
    let mut admin = admin(&app.db.name).await;
    for table in ["customers", "customer_access_tokens", "customer_letters", "customer_signups"] {
        let rows = format!("SELECT count(*) AS n FROM {table}");
        assert_eq!(count(&mut admin, &rows).await, 1, "{table}");
        for secret in [PASSWORD, &ada.token, &reset, &proof] {
            let sql = format!("SELECT count(*) AS n FROM {table} t WHERE t::text LIKE '%{secret}%'");
            assert_eq!(count(&mut admin, &sql).await, 0, "{table}: {secret}");
        }
    }
    let argon2 = "SELECT count(*) AS n FROM customers WHERE password_hash LIKE '$argon2id$%'";
    assert_eq!(count(&mut admin, argon2).await, 1);
}

#[tokio::test]
async fn a_new_password_ends_what_was_opened_with_the_one_before() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    let ada = app.account(&store, ADA).await;
    recover(&app, &store, ADA).await;
    let proof = app.proof(ADA).await;
    assert_eq!(proof.id, ada.id);
    assert_eq!(code(&reset(&app, &other, &proof, "new horse 1").await), "TOKEN_INVALID", "of another shop");
    assert_eq!(app.customer(&store, &ada.token).await["id"], ada.id, "asking for it changes nothing");
    assert_eq!(code(&reset(&app, &store, &proof, "short").await), "TOO_SHORT");
    let done = reset(&app, &store, &proof, "new horse 1").await;
    let token = Account::of(&done).token;
    assert_eq!(app.customer(&store, &ada.token).await, Value::Null);
    assert_eq!(app.customer(&store, &token).await["id"], ada.id);
    assert_eq!(code(&app.sign_in_customer(&store, ADA, PASSWORD).await), "UNIDENTIFIED_CUSTOMER");
    assert_eq!(app.sign_in_customer(&store, ADA, "new horse 1").await["customerUserErrors"], json!([]));
    assert_eq!(code(&reset(&app, &store, &proof, "new horse 2").await), "TOKEN_INVALID", "a mail is answered once");

    recover(&app, &store, ADA).await;
    let late = app.proof(ADA).await;
    app.clock.advance(TimeDelta::hours(2));
    assert_eq!(code(&reset(&app, &store, &late, "new horse 2").await), "TOKEN_INVALID", "to the hour");
}

#[tokio::test]
async fn after_ten_wrong_passwords_not_even_the_right_one_is_looked_at_for_a_while() {
    let (app, store) = shop().await;
    let other = app.store("other").await;
    app.account(&store, ADA).await;
    app.account(&other, ADA).await;
    for _ in 0..9 {
        assert_eq!(code(&app.sign_in_customer(&store, ADA, "wrong horse").await), "UNIDENTIFIED_CUSTOMER");
    }
    assert_eq!(
        app.sign_in_customer(&store, ADA, PASSWORD).await["customerUserErrors"],
        json!([]),
        "who succeeds begins anew"
    );
    for email in [ADA, "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(
                code(&app.sign_in_customer(&store, email, "wrong horse").await),
                "UNIDENTIFIED_CUSTOMER",
                "{email}"
            );
        }
        for password in ["wrong horse", PASSWORD] {
            let refused = app.sign_in_customer(&store, email, password).await;
            let message = "Too many attempts. Try again in 15 minutes.";
            let rule = json!([{ "field": ["input"], "code": "THROTTLED", "message": message }]);
            assert_eq!(refused["customerUserErrors"], rule, "{email}");
        }
    }
    assert_eq!(
        app.sign_in_customer(&other, ADA, PASSWORD).await["customerUserErrors"],
        json!([]),
        "another shop's Ada"
    );
    app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(app.sign_in_customer(&store, ADA, PASSWORD).await["customerUserErrors"], json!([]));
}

#[tokio::test]
async fn whoever_proves_the_address_is_not_kept_out_by_others_guesses() {
    let (app, store) = shop().await;
    app.account(&store, ADA).await;
    for _ in 0..11 {
        app.sign_in_customer(&store, ADA, "wrong horse").await;
    }
    recover(&app, &store, ADA).await;
    let proof = app.proof(ADA).await;
    reset(&app, &store, &proof, "new horse 1").await;
    assert_eq!(app.sign_in_customer(&store, ADA, "new horse 1").await["customerUserErrors"], json!([]));
}

#[tokio::test]
async fn an_address_gets_five_mails_an_hour() {
    let (app, store) = shop().await;
    for email in [ADA, "ADA@example.com", ADA] {
        assert_eq!(code(&app.sign_up(&store, email, "Ada").await), "CUSTOMER_DISABLED");
    }
    for _ in 0..2 {
        assert_eq!(recover(&app, &store, ADA).await["customerUserErrors"], json!([]));
    }
    let refused = recover(&app, &store, ADA).await;
    assert_eq!((code(&refused), &refused["customerUserErrors"][0]["field"]), ("THROTTLED", &json!(["email"])));
    assert_eq!(code(&app.sign_up(&store, ADA, "Ada").await), "THROTTLED");
    assert_eq!(code(&app.sign_up(&store, "bob@example.com", "Bob").await), "CUSTOMER_DISABLED");
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!(code(&app.sign_up(&store, ADA, "Ada").await), "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn what_has_expired_is_swept() {
    let (app, store) = shop().await;
    let ada = app.account(&store, ADA).await;
    recover(&app, &store, ADA).await;
    app.sign_up(&store, "bob@example.com", "Bob").await;
    app.quiet().await;
    let mut admin = admin(&app.db.name).await;
    let mut left = async |expected: [i64; 3]| {
        worker::sweep(&app.app).await.expect("a sweep");
        for (table, rows) in ["customer_letters", "customer_signups", "customer_access_tokens"].iter().zip(expected) {
            let sql = format!("SELECT count(*) AS n FROM {table}");
            assert_eq!(count(&mut admin, &sql).await, rows, "{table}");
        }
    };
    left([1, 1, 1]).await;
    app.clock.advance(TimeDelta::hours(2));
    left([0, 1, 1]).await;
    app.clock.advance(TimeDelta::days(3));
    left([0, 0, 1]).await;
    assert_eq!(app.customer(&store, &ada.token).await["id"], ada.id);
    app.clock.advance(TimeDelta::days(27));
    left([0, 0, 0]).await;
}
