//! Who there is, nobody learns by an answer or by its time. Times are not measured: what takes time is counted, or it is
//! shown that the answer waits for nothing that depends on it.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use emporia::identity::model::NewStaff;
use emporia::identity::service::staff_create;
use serde_json::{Value, json};

use crate::support::{STAFF_PASSWORD, Statements, Store, TestApp, admin};

/// What it took to answer: computed hashes, statements.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cost {
    hashes: u64,
    statements: Statements,
    mails: usize,
}

/// What is answered to a document of one root field, and what that took.
async fn cost(app: &TestApp, store: &Store, document: &str) -> (Value, Cost) {
    let hashes = app.app.passwords.computed();
    let mails = app.mailbox.count();
    let asking = app.shop(store, document, json!({}));
    let (answer, statements) = Statements::of(&app.db.name, asking).await;
    app.quiet().await;
    // What begins and ends transactions the server counts for a connection's first time alone.
    let statements = Statements { bounds: 0, ..statements };
    (answer, Cost { hashes: app.app.passwords.computed() - hashes, statements, mails: app.mailbox.count() - mails })
}

/// The same answer for the same work, for all of these; answers the first one.
async fn are_alike(app: &TestApp, store: &Store, documents: &[(&str, String)]) -> (Value, Cost) {
    // Once before: what a process keeps of the shop and of its keys is there then.
    cost(app, store, &documents[0].1).await;
    let mut first = None;
    for (what, document) in documents {
        let this = cost(app, store, document).await;
        let first = first.get_or_insert_with(|| this.clone());
        assert_eq!(this, *first, "{what}: {document}");
    }
    first.expect("documents")
}

async fn by_hand(app: &TestApp, sql: &str) {
    admin(&app.db.name).await.batch_execute(sql).await.expect(sql);
}

#[tokio::test]
async fn whether_a_member_signs_in_there_a_failed_sign_in_costs_the_same() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for name in ["ada", "eve"] {
        app.staff(&store, &format!("{name}@shop.example"), "owner").await;
    }
    by_hand(&app, "UPDATE staff_members SET status = 'SUSPENDED' WHERE email = 'eve@shop.example'").await;
    let new = NewStaff { email: "ina@shop.example".to_owned(), name: "Ina".to_owned(), role: "owner".to_owned() };
    staff_create(&app.app, &app.app.db.tenant(store.tenant), &new).await.expect("invited");
    let sign_in = |email: &str, password: &str| {
        format!(
            r#"mutation {{ staffSignIn(input: {{ email: "{email}@shop.example", password: "{password}" }}) {{
                staffMember {{ id }} userErrors {{ field code message }} }} }}"#
        )
    };
    let (answer, cost) = are_alike(
        &app,
        &store,
        &[
            ("another password", sign_in("ada", "wrong password")),
            ("nobody", sign_in("nobody", STAFF_PASSWORD)),
            ("suspended", sign_in("eve", STAFF_PASSWORD)),
            ("invited, without a password", sign_in("ina", STAFF_PASSWORD)),
            ("another address", sign_in("adam", "wrong password")),
        ],
    )
    .await;
    assert_eq!((&answer["userErrors"][0]["code"], cost.hashes), (&json!("UNIDENTIFIED_STAFF"), 1));
}

#[tokio::test]
async fn whether_a_customer_has_an_account_a_failed_sign_in_costs_the_same() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.account(&store, "ada@b.example").await;
    let enter = r#"mutation { customerCreate(input: { email: "entered@b.example" }) { userErrors { message } } }"#;
    app.gql(&store.secret, enter, json!({})).await;
    app.sign_up(&store, "waiting@b.example", "Wanda").await;
    let sign_in = |email: &str| {
        format!(
            r#"mutation {{ customerAccessTokenCreate(input: {{ email: "{email}@b.example", password: "wrong password" }}) {{
                customerAccessToken {{ accessToken }} customerUserErrors {{ field code message }} }} }}"#
        )
    };
    let (answer, cost) = are_alike(
        &app,
        &store,
        &[
            ("another password", sign_in("ada")),
            ("nobody", sign_in("nobody")),
            ("entered by staff, without a password", sign_in("entered")),
            ("signed up, and not confirmed", sign_in("waiting")),
        ],
    )
    .await;
    assert_eq!((&answer["customerUserErrors"][0]["code"], cost.hashes), (&json!("UNIDENTIFIED_CUSTOMER"), 1));
}

#[tokio::test]
async fn a_link_that_is_wrong_costs_the_same_whoevers_it_would_be() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let ada = app.account(&store, "ada@b.example").await;
    let recover = r#"mutation { customerRecover(email: "ada@b.example") { customerUserErrors { code } } }"#;
    app.shop(&store, recover, json!({})).await;
    app.quiet().await;
    let nobody = format!("gid://emporia/Customer/{}", uuid::Uuid::nil());
    for (mutation, token) in [("customerReset", "resetToken"), ("customerActivate", "activationToken")] {
        let document = |id: &str| {
            format!(
                r#"mutation {{ {mutation}(id: "{id}", input: {{ {token}: "wrong", password: "long enough" }}) {{
                    customer {{ id }} customerUserErrors {{ field code message }} }} }}"#
            )
        };
        let tried = [("somebody who is waited for", document(&ada.id)), ("nobody", document(&nobody))];
        let (answer, cost) = are_alike(&app, &store, &tried).await;
        assert_eq!((&answer["customerUserErrors"][0]["code"], cost.hashes), (&json!("TOKEN_INVALID"), 0), "{mutation}");
    }
}

/// Nobody can read the accounts while it is answered: so the answer does not wait for what they say.
#[tokio::test]
async fn what_is_done_by_mail_is_answered_before_anybody_is_looked_up() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    app.account(&store, "ada@b.example").await;
    app.quiet().await;
    let (hashes, mails) = (app.app.passwords.computed(), app.mailbox.count());
    let mut keeper = admin(&app.db.name).await;
    let locked = "BEGIN; LOCK TABLE staff_members, customers IN ACCESS EXCLUSIVE MODE";
    keeper.batch_execute(locked).await.expect("locked");
    let mut answers = Vec::new();
    for email in ["ada@shop.example", "nobody@shop.example"] {
        let document = format!(r#"mutation {{ staffPasswordRecover(email: "{email}") {{ userErrors {{ code }} }} }}"#);
        answers.push((email, document));
    }
    for email in ["ada@b.example", "nobody@b.example"] {
        let recover = format!(
            r#"mutation {{ customerRecover(email: "{email}") {{ userErrors: customerUserErrors {{ code }} }} }}"#
        );
        let create = format!(
            r#"mutation {{ customerCreate(input: {{ email: "{email}", password: "long enough" }}) {{
                userErrors: customerUserErrors {{ code }} }} }}"#
        );
        answers.extend([(email, recover), (email, create)]);
    }
    for (email, document) in answers {
        let asking = app.shop(&store, &document, json!({}));
        let answer = tokio::time::timeout(Duration::from_secs(5), asking).await;
        let answer = answer.unwrap_or_else(|_| panic!("the answer waits to know who {email} is: {document}"));
        let expected =
            if document.contains("customerCreate") { json!([{ "code": "CUSTOMER_DISABLED" }]) } else { json!([]) };
        assert_eq!(answer["userErrors"], expected, "{document}");
    }
    assert_eq!((app.app.passwords.computed(), app.mailbox.count()), (hashes, mails), "nothing was done yet");
    keeper.batch_execute("ROLLBACK").await.expect("unlocked");
    app.quiet().await;
    assert!(app.mailbox.count() > mails, "and then it is");
}

/// Whether it is taken, a customer who would like to have it learns neither.
#[tokio::test]
async fn another_address_costs_its_customer_the_same_whether_it_is_taken_or_not() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let ada = app.account(&store, "ada@b.example").await;
    app.account(&store, "bob@b.example").await;
    app.quiet().await;
    let document = |email: &str| {
        format!(
            r#"mutation {{ customerUpdate(customerAccessToken: "{}", customer: {{ email: "{email}@b.example" }}) {{
                customer {{ email }} customerUserErrors {{ code }} }} }}"#,
            ada.token
        )
    };
    let tried = [("taken", document("bob")), ("free", document("eve"))];
    let (answer, cost) = are_alike(&app, &store, &tried).await;
    // One to the address that is asked for, and one to the address that the account has.
    assert_eq!((&answer["customer"]["email"], cost.mails), (&json!("ada@b.example"), 2));
}
