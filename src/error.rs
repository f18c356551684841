//! What can go wrong: an expected refusal (`Rule`, data for the client) or a fault (logged once, at the edge).

use std::sync::Arc;

/// An unexpected failure. The client sees a request id; the log sees this.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    #[error("the database failed: {0}")]
    Database(Arc<diesel::result::Error>),
    /// The caller asked for more than a transaction may read: said to the client.
    #[error("this reads more than 64 MiB from the database; ask for fewer objects at once, or for fewer long texts")]
    TooMuch,
    /// The tenant has as much under way as it may: said to the client.
    #[error("the shop has too much under way at once")]
    Crowded,
    #[error("no database connection: {0}")]
    Pool(String),
    #[error("the cache failed: {0}")]
    Cache(String),
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    pub fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into())
    }
}

impl From<diesel::result::Error> for Fault {
    fn from(error: diesel::result::Error) -> Self {
        if crate::db::is_too_much(&error) { Self::TooMuch } else { Self::Database(Arc::new(error)) }
    }
}

/// What a use case answers when it does not succeed: its own rule, or a fault.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError<R> {
    /// Expected: becomes `userErrors` on the payload.
    #[error("a rule refused the request")]
    Rule(R),
    /// Unexpected: becomes `INTERNAL_SERVER_ERROR`.
    #[error(transparent)]
    Fault(Fault),
}

impl<R> From<Fault> for ServiceError<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<R> From<diesel::result::Error> for ServiceError<R> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Fault(error.into())
    }
}

pub type ServiceResult<T, R> = Result<T, ServiceError<R>>;
