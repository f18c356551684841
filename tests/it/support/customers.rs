//! Shoppers with an account, as storefronts make them.

use serde_json::{Value, json};

use super::{Proof, Store, TestApp};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Account {
    /// The customer's global id.
    pub id: String,
    pub token: String,
}

impl Account {
    pub fn of(payload: &Value) -> Self {
        let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let missing = |what: &str| panic!("no {what} in {payload:#}");
        Self {
            id: text("/customer/id").unwrap_or_else(|| missing("customer")),
            token: text("/customerAccessToken/accessToken").unwrap_or_else(|| missing("token")),
        }
    }
}

impl TestApp {
    /// Runs a document of one root field with the publishable key; answers that field.
    pub async fn shop(&self, store: &Store, query: &str, variables: Value) -> Value {
        let mut data = self.gql(&store.publishable, query, variables).await;
        data.as_object_mut().and_then(|data| data.values_mut().next()).expect("a field").take()
    }

    /// Asks for an account; answers the payload, once the mail is sent.
    pub async fn sign_up(&self, store: &Store, email: &str, first_name: &str) -> Value {
        let query = "mutation($input: CustomerCreateInput!) { customerCreate(input: $input) {
            customer { id } customerUserErrors { field code message } userErrors { field message } } }";
        let input = json!({ "email": email, "password": PASSWORD, "firstName": first_name });
        let payload = self.shop(store, query, json!({ "input": input })).await;
        self.quiet().await;
        payload
    }

    /// Answers the mail by which an address is confirmed; answers the payload.
    pub async fn activate(&self, store: &Store, proof: &Proof, password: &str) -> Value {
        let query = "mutation($id: ID!, $input: CustomerActivateInput!) { customerActivate(id: $id, input: $input) {
            customer { id email firstName } customerAccessToken { accessToken expiresAt }
            customerUserErrors { field code message } } }";
        let input = json!({ "activationToken": proof.token, "password": password });
        self.shop(store, query, json!({ "id": proof.id, "input": input })).await
    }

    /// Opens an account and signs in.
    pub async fn account(&self, store: &Store, email: &str) -> Account {
        self.sign_up(store, email, "Ada").await;
        let proof = self.proof(email).await;
        Account::of(&self.activate(store, &proof, PASSWORD).await)
    }

    /// Signs in; answers the payload.
    pub async fn sign_in_customer(&self, store: &Store, email: &str, password: &str) -> Value {
        let query = "mutation($input: CustomerAccessTokenCreateInput!) { customerAccessTokenCreate(input: $input) {
            customerAccessToken { accessToken expiresAt } customerUserErrors { field code message } } }";
        self.shop(store, query, json!({ "input": { "email": email, "password": password } })).await
    }

    /// What the customer of a token sees of themselves; null when the token is not good.
    pub async fn customer(&self, store: &Store, token: &str) -> Value {
        let query = "query($token: String!) { customer(customerAccessToken: $token) {
            id email firstName lastName phone displayName acceptsMarketing numberOfOrders tags note state verifiedEmail
            createdAt updatedAt avatarUrl defaultAddress { id } addresses(first: 10) { nodes { id city } }
            orders(first: 10) { nodes { name } } } }";
        self.shop(store, query, json!({ "token": token })).await
    }
}
