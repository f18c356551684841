//! What goes wrong, in diesel's words.

use std::io;
use std::sync::Arc;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{ErrorFields, ErrorResponseBody};

/// `program_limit_exceeded`, though the limit is ours and the server never says it of one.
const TOO_MUCH: &str = "54000";
const TOO_MUCH_SAID: &str = "the transaction reads more than 64 MiB";

/// Whether this says that a transaction has read more than it may.
pub fn is_too_much(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, told) if told.message() == TOO_MUCH_SAID)
}

/// One failure, which may be that of several statements.
#[derive(Clone, Debug)]
pub struct Failure(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    severity: String,
    /// The SQLSTATE; empty when the connection failed and not the statement.
    code: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<i32>,
    table: Option<String>,
    column: Option<String>,
    constraint: Option<String>,
}

impl Failure {
    /// What the server says.
    pub fn told(body: &ErrorResponseBody) -> io::Result<Self> {
        Self::told_fields(body.fields())
    }

    pub fn told_fields(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut told = Told::default();
        while let Some(field) = fields.next()? {
            let value = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => told.severity = value(),
                b'C' => told.code = value(),
                b'M' => told.message = value(),
                b'D' => told.detail = Some(value()),
                b'H' => told.hint = Some(value()),
                b'P' => told.position = value().parse().ok(),
                b't' => told.table = Some(value()),
                b'c' => told.column = Some(value()),
                b'n' => told.constraint = Some(value()),
                _ => {}
            }
        }
        Ok(Self(Arc::new(told)))
    }

    /// The connection is gone, or speaks what cannot be understood.
    pub fn lost(error: &io::Error) -> Self {
        let message = format!("the connection to the database is lost: {error}");
        Self(Arc::new(Told { message, ..Told::default() }))
    }

    /// A transaction has read more than it may.
    pub fn too_much() -> Self {
        Self(Arc::new(Told { code: TOO_MUCH.to_owned(), message: TOO_MUCH_SAID.to_owned(), ..Told::default() }))
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the server ends the connection with it.
    pub fn is_fatal(&self) -> bool {
        matches!(self.0.severity.as_str(), "FATAL" | "PANIC")
    }

    /// Whether the statement has to be made anew: its rows look different since the tables changed, or it is unknown.
    pub fn says_statement_is_stale(&self) -> bool {
        matches!(self.0.code.as_str(), "0A000" | "26000")
    }
}

/// SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let kind = match failure.0.code.as_str() {
            "" => DatabaseErrorKind::UnableToSendCommand,
            "23505" => DatabaseErrorKind::UniqueViolation,
            "23503" => DatabaseErrorKind::ForeignKeyViolation,
            "23001" => DatabaseErrorKind::RestrictViolation,
            "23P01" => DatabaseErrorKind::ExclusionViolation,
            "23502" => DatabaseErrorKind::NotNullViolation,
            "23514" => DatabaseErrorKind::CheckViolation,
            "25006" => DatabaseErrorKind::ReadOnlyTransaction,
            "40001" => DatabaseErrorKind::SerializationFailure,
            _ => DatabaseErrorKind::Unknown,
        };
        Self::DatabaseError(kind, Box::new(failure))
    }
}

impl DatabaseErrorInformation for Failure {
    fn message(&self) -> &str {
        &self.0.message
    }

    fn details(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn table_name(&self) -> Option<&str> {
        self.0.table.as_deref()
    }

    fn column_name(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    fn constraint_name(&self) -> Option<&str> {
        self.0.constraint.as_deref()
    }

    fn statement_position(&self) -> Option<i32> {
        self.0.position
    }
}
