//! Top-level errors: what a client may know, with a code it can act on.
//!
//! Resolvers fail with [`ApiError`] (said to the client) or [`Fault`] (masked). Expected refusals of mutations are
//! neither: they are `userErrors` on the payload.

use async_graphql::{ErrorExtensionValues, Response, ServerError};

use crate::error::Fault;

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

    pub fn forbidden() -> Self {
        Self::new(Code::Forbidden, "this needs a secret key (esk_…)")
    }
}

/// The one place where errors are made ready for the client: codes set, faults masked and logged once.
pub fn present(response: &mut Response, request_id: &str) {
    for error in &mut response.errors {
        if let Some(api) = error.source::<ApiError>().cloned() {
            set_code(error, api.code);
        } else if let Some(fault) = error.source::<Fault>() {
            tracing::error!(%fault, path = ?error.path, "a resolver failed");
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

fn mask(error: &mut ServerError, request_id: &str) {
    error.message = format!("internal error; request {request_id}");
    error.source = None;
    set_code(error, Code::Internal);
    if let Some(extensions) = &mut error.extensions {
        extensions.set("requestId", request_id);
    }
}
