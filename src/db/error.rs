//! Which constraint a statement broke: how a service turns the database's last word into its own rule.

use diesel::result::{DatabaseErrorKind, Error};

/// The violated constraint's name, when that is what went wrong.
pub fn constraint(error: &Error) -> Option<&str> {
    match error {
        Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::NotNullViolation,
            info,
        ) => info.constraint_name(),
        _ => None,
    }
}
