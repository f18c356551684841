//! Top-level errors: what a client may know, with a code it can act on.
//!
//! Resolvers fail with [`ApiError`], [`BadPage`] or [`BadQuery`] (said to the client) or a
//! [`Fault`](crate::error::Fault), which is masked, as is every error of a type that is not known here. Expected refusals of mutations are
//! neither: they are `userErrors` on the payload.

use async_graphql::{ErrorExtensionValues, Response, ServerError};

use crate::access::{Decision, Permission};
use crate::error::Fault;
use crate::page::BadPage;
use crate::search::BadQuery;

/// `extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    ParseFailed,
    ValidationFailed,
    BadUserInput,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Throttled,
    PlanFeatureRequired,
    MaxCostExceeded,
    PersistedQueryNotFound,
    Internal,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Throttled => "THROTTLED",
            Self::PlanFeatureRequired => "PLAN_FEATURE_REQUIRED",
            Self::MaxCostExceeded => "MAX_COST_EXCEEDED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Internal => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// An error whose text the client may read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    pub code: Code,
    pub message: String,
}

impl ApiError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Code::BadUserInput, message)
    }

    /// The caller lacks a permission; the decision says why.
    pub fn lacking(permission: Permission, decision: &Decision<'_>) -> Self {
        Self::new(Code::Forbidden, format!("this needs the permission {permission}: {}", decision.rule))
    }
}

/// The one place where errors are made ready for the client: codes set, faults masked and logged once.
pub fn present(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        if let Some(api) = error.source::<ApiError>().cloned() {
            set_code(error, api.code);
        } else if error.source::<BadPage>().is_some() || error.source::<BadQuery>().is_some() {
            set_code(error, Code::BadUserInput);
        } else if let Some(Fault::TooMuch) = error.source::<Fault>() {
            set_code(error, Code::MaxCostExceeded);
        } else if let Some(Fault::Crowded) = error.source::<Fault>() {
            set_code(error, Code::Throttled);
            error.message = format!("{}: try again in a moment", Fault::Crowded);
        } else if error.source.is_some() {
            // A fault; or something that nobody has said a client may read.
            tracing::error!(error = error.message, path = ?error.path, "a resolver failed");
            mask(error, request_id);
        } else if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
            // What async-graphql itself says while executing concerns the caller's values.
            set_code(error, Code::BadUserInput);
        }
    }
}

pub fn set_code(error: &mut ServerError, code: Code) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code.as_str());
}

/// The error's code, once it has one.
pub fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        async_graphql::Value::String(code) => Some(code),
        _ => None,
    }
}

fn mask(error: &mut ServerError, request_id: &str) {
    error.message = format!("internal error; request {request_id}");
    error.source = None;
    set_code(error, Code::Internal);
    if let Some(extensions) = &mut error.extensions {
        extensions.set("requestId", request_id);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{Error, Pos};

    use super::*;
    use crate::access::Grants;
    use crate::access::permission::READ_ORDERS;
    use crate::error::Fault;

    fn presented(error: impl Into<Error>) -> String {
        let error: Error = error.into();
        let mut response = Response::from_errors(vec![error.into_server_error(Pos::default())]);
        present(&mut response, "request-1");
        serde_json::to_string(&response.errors).expect("JSON")
    }

    #[test]
    fn what_nobody_meant_for_the_client_is_masked() {
        for masked in [
            presented(Fault::internal("a secret")),
            presented(std::io::Error::other("a secret")),
            presented(anyhow::anyhow!("a secret").to_string().parse::<i32>().unwrap_err()),
        ] {
            assert!(masked.contains("INTERNAL_SERVER_ERROR") && masked.contains("request-1"), "{masked}");
            assert!(!masked.contains("secret") && !masked.contains("digit"), "{masked}");
        }
    }

    #[test]
    fn what_is_meant_for_the_client_is_shown() {
        let crowded = presented(Fault::Crowded);
        assert!(crowded.contains("THROTTLED") && crowded.contains("too much under way"), "{crowded}");
        let decision = Grants::Nothing.decide(READ_ORDERS, None);
        let forbidden = presented(ApiError::lacking(READ_ORDERS, &decision));
        assert!(forbidden.contains("read_orders: shoppers") && forbidden.contains("FORBIDDEN"), "{forbidden}");
        let page = crate::page::PageArgs::default().check().unwrap_err();
        let page = presented(page);
        assert!(page.contains("give `first`") && page.contains("BAD_USER_INPUT"), "{page}");
        let query = crate::search::parse("a OR", |_| Ok(crate::search::Query::Is(()))).unwrap_err();
        let query = presented(query);
        assert!(query.contains("character 5") && query.contains("BAD_USER_INPUT"), "{query}");
        let own = presented(Error::new("not an Int"));
        assert!(own.contains("not an Int") && own.contains("BAD_USER_INPUT"), "{own}");
    }
}
