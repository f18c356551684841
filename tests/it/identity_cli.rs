//! `emporia staff …` and `emporia signing-key …`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::TestApp;

fn run(app: &TestApp, args: &[&str], stdin: &str, more: &[(&str, &str)]) -> Output {
    let [app_url, platform] = ["emporia_app", "emporia_platform"].map(|role| app.db.url(role));
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args(args).env_clear().env("DATABASE_URL", app_url).env("DATABASE_PLATFORM_URL", platform);
    command.envs(more.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    // One that refuses its arguments may have gone before it reads.
    let _ = child.stdin.take().expect("its input").write_all(stdin.as_bytes());
    child.wait_with_output().expect("its end")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

const CREATE: [&str; 9] =
    ["staff", "create", "acme", "--email", "Ada@shop.example", "--name", "Ada Lane", "--role", "owner"];

#[tokio::test]
async fn the_first_owner_gets_a_token_and_chooses_a_password() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let made = json_of(&run(&app, &[&CREATE[..], &["--json"]].concat(), "", &[("STAFF_URL", "https://admin.example")]));
    let token = made["password_token"].as_str().expect("a token");
    assert_eq!(made["password_link"], json!(format!("https://admin.example/password-reset#token={token}")));
    assert_eq!((&made["email"], &made["role"]), (&json!("ada@shop.example"), &json!("owner")));
    let reset = "mutation($token: String!) { staffPasswordReset(token: $token, password: \"a fine password\") {
        staffMember { isShopOwner } userErrors { code } } }";
    let set = app.gql(&store.publishable, reset, json!({ "token": token })).await["staffPasswordReset"].take();
    assert_eq!(set, json!({ "staffMember": { "isShopOwner": true }, "userErrors": [] }));
    let payload = app.try_sign_in(&store, "ada@shop.example", "a fine password").await;
    assert!(payload["staffAccessToken"].is_object(), "{payload}");
    let mut unknown = CREATE;
    (unknown[4], unknown[8]) = ("flo@shop.example", "florist");
    let refused = run(&app, &unknown, "", &[]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("The shop has no role \"florist\"."));
    let again = run(&app, &CREATE, "", &[]);
    assert!(!again.status.success() && text(&again.stderr).contains("has this email address already"));
}

#[tokio::test]
async fn the_first_owners_password_may_come_from_standard_input() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let args = [&CREATE[..], &["--password-stdin"]].concat();
    for (stdin, says) in [("", "there is no password"), ("short\n", "too short")] {
        let refused = run(&app, &args, stdin, &[]);
        assert!(!refused.status.success() && text(&refused.stderr).contains(says), "{}", text(&refused.stderr));
    }
    let made = run(&app, &args, "a fine password\n", &[]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(!text(&made.stdout).contains("token") && !text(&made.stdout).contains("a fine password"));
    let payload = app.try_sign_in(&store, "ada@shop.example", "a fine password").await;
    assert!(payload["staffAccessToken"].is_object(), "{payload}");
}

#[tokio::test]
async fn the_operator_replaces_signing_keys_and_never_sees_what_signs() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let list = || json_of(&run(&app, &["signing-key", "list", "--json"], "", &[]));
    assert_eq!(list(), json!([]), "there is none before the first use");
    app.member(&store, "ada@shop.example", "owner").await;
    let rotated = json_of(&run(&app, &["signing-key", "rotate", "--now", "--json"], "", &[]));
    let keys = list();
    let kids: Vec<&Value> = keys.as_array().expect("a list").iter().map(|key| &key["kid"]).collect();
    assert!(kids.contains(&&rotated["kid"]), "{keys}");
    assert!(keys.as_array().into_iter().flatten().all(|key| key.get("private_key").is_none()), "{keys}");
    let shown = run(&app, &["signing-key", "list"], "", &[]);
    assert!(shown.status.success() && text(&shown.stdout).contains(rotated["kid"].as_str().expect("a kid")));
}
