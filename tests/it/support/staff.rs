//! Staff members who sign in, and the mail they get.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use emporia::identity::model::NewStaff;
use emporia::identity::service::{password_set_by_operator, staff_create};
use emporia::mail::{MailError, Mailer, Message};
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::Answer;
use super::{Store, TestApp, eventually};

/// What everybody's password is.
pub const PASSWORD: &str = "correct horse battery";

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: Uuid,
    pub access_token: String,
    pub refresh_token: String,
    /// A global id.
    pub session_id: String,
}

pub const SIGN_IN: &str = "mutation($email: String!, $password: String!, $device: String) {
    staffSignIn(input: { email: $email, password: $password, deviceName: $device }) {
        staffAccessToken { accessToken expiresAt refreshToken sessionExpiresAt sessionId }
        staffMember { id email name role status active isShopOwner emailVerifiedAt }
        userErrors { field message code } } }";

pub const REFRESH: &str = "mutation($token: String!) { staffTokenRefresh(refreshToken: $token) {
    staffAccessToken { accessToken refreshToken sessionId expiresAt sessionExpiresAt } staffMember { id }
    userErrors { field message code } } }";

impl TestApp {
    /// A member with this role, who has a password.
    pub async fn staff(&self, store: &Store, email: &str, role: &str) -> Uuid {
        let db = self.app.db.tenant(store.tenant);
        let new = NewStaff { email: email.to_owned(), name: "Ada".to_owned(), role: role.to_owned() };
        let member = staff_create(&self.app, &db, &new).await.expect("a member");
        password_set_by_operator(&self.app, &db, member.id, PASSWORD).await.expect("a password");
        member.id
    }

    /// A sign-in; answers its payload.
    pub async fn try_sign_in(&self, store: &Store, email: &str, password: &str) -> Value {
        let variables = json!({ "email": email, "password": password });
        self.gql(&store.publishable, SIGN_IN, variables).await["staffSignIn"].take()
    }

    /// Signs in who has the usual password.
    pub async fn sign_in(&self, store: &Store, email: &str) -> Member {
        let payload = self.try_sign_in(store, email, PASSWORD).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).expect(pointer).to_owned();
        let id = text("/staffMember/id");
        Member {
            id: id.rsplit('/').next().expect("an id").parse().expect("a uuid"),
            access_token: text("/staffAccessToken/accessToken"),
            refresh_token: text("/staffAccessToken/refreshToken"),
            session_id: text("/staffAccessToken/sessionId"),
        }
    }

    /// A member with this role, signed in.
    pub async fn member(&self, store: &Store, email: &str, role: &str) -> Member {
        self.staff(store, email, role).await;
        self.sign_in(store, email).await
    }

    /// A refresh; answers its payload.
    pub async fn refresh(&self, store: &Store, token: &str) -> Value {
        self.gql(&store.publishable, REFRESH, json!({ "token": token })).await["staffTokenRefresh"].take()
    }

    /// Sends one operation with an access token and more headers.
    pub async fn bearer(&self, token: &str, query: &str, variables: Value, more: &[(&str, &str)]) -> Answer {
        let authorization = format!("Bearer {token}");
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/graphql-response+json"),
            ("authorization", authorization.as_str()),
        ];
        headers.extend_from_slice(more);
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.send("POST", "/graphql", &headers, body).await
    }

    /// Sends one operation with an access token, which must succeed; answers its data.
    pub async fn gql_as(&self, token: &str, query: &str, variables: Value) -> Value {
        let answer = self.bearer(token, query, variables, &[]).await;
        let mut body = answer.json();
        assert!(answer.status.is_success() && body.get("errors").is_none(), "{answer:?}");
        body["data"].take()
    }
}

/// Everything that was posted.
#[derive(Clone, Default)]
pub struct Post(Arc<Mutex<Vec<Message>>>);

impl Post {
    /// A process whose mail comes here.
    pub async fn of(app: &mut TestApp) -> Self {
        let post = Self::default();
        app.app.mailer = Arc::new(post.clone());
        post
    }

    pub fn all(&self) -> Vec<Message> {
        self.0.lock().expect("no holder panics").clone()
    }

    /// The mail of this number, from 0, once it has come; and the token in it.
    pub async fn nth(&self, app: &TestApp, number: usize) -> (Message, String) {
        let message = eventually("mail", async || {
            app.quiet().await;
            self.all().get(number).cloned()
        })
        .await;
        let token = message.text.split_whitespace().filter_map(|word| word.split("token=").last());
        let token = token.filter(|word| word.starts_with("est_")).map(str::to_owned).next().expect("a token");
        (message, token)
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, _: Uuid, message: &Message) -> Result<(), MailError> {
        self.0.lock().expect("no holder panics").push(message.clone());
        Ok(())
    }
}
