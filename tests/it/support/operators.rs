//! Who runs the service.

use emporia::operator::service::token_create;
use serde_json::{Value, json};
use uuid::Uuid;

use super::http::Answer;
use super::{Store, TestApp};

/// An operator's token.
pub struct Operator {
    pub id: Uuid,
    pub token: String,
}

impl TestApp {
    /// A new operator's token, for thirty days.
    pub async fn operator(&self) -> Operator {
        let (info, token) = token_create(&self.app, "console", 30).await.expect("a token");
        Operator { id: info.id, token: token.reveal().to_owned() }
    }

    /// Sends one operation as an operator, in the store that X-Tenant-ID names.
    pub async fn in_store(&self, operator: &Operator, store: &Store, query: &str) -> Answer {
        let tenant = store.tenant.to_string();
        self.bearer(&operator.token, query, json!({}), &[("x-tenant-id", &tenant)]).await
    }

    /// Lets operators into a store by its secret key: to see everything, unless permissions are named.
    pub async fn let_support_in(&self, store: &Store, permissions: Option<&[&str]>) -> String {
        let grant = "mutation ($scopes: [String!]) {
            supportAccessGrant(input: { reason: \"They asked\", hours: 2, accessScopes: $scopes }) {
                supportAccess { id } userErrors { message } } }";
        let payload = self.gql(&store.secret, grant, json!({ "scopes": permissions })).await;
        let id = payload["supportAccessGrant"]["supportAccess"]["id"].as_str();
        id.unwrap_or_else(|| panic!("{payload:#}")).to_owned()
    }

    /// Ends a support access.
    pub async fn let_support_out(&self, store: &Store, id: &str) -> Value {
        let revoke = "mutation ($id: ID!) { supportAccessRevoke(id: $id) {
            supportAccess { id revokedAt } userErrors { message code field } } }";
        self.gql(&store.secret, revoke, json!({ "id": id })).await["supportAccessRevoke"].take()
    }
}
