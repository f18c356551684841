//! What the mutations of support access refuse.

use super::model::{MAX_HOURS, MAX_LIVE, MAX_REASON};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SupportAccessRule {
    #[error("there is no such support access")]
    NotFound,
    #[error("it lasts 1 to {MAX_HOURS} hours")]
    BadHours,
    #[error(
        "a reason has 1 to {MAX_REASON} characters, not all of them blank, and no line breaks or other control characters"
    )]
    BadReason,
    #[error("\"{name}\" is no permission: expected one like read_orders")]
    UnknownPermission { at: usize, name: String },
    #[error("name at least one permission, or leave them out: everything that you may see")]
    NoPermission,
    #[error("you cannot give away what you may not do yourself: {missing}")]
    NotGranted { missing: String },
    #[error("no support access allows what would outlive it: {never}")]
    Never { never: String },
    #[error("the shop grants it, not the operator")]
    ByOperator,
    #[error(
        "a key that ends grants no support access, which could go on for longer: take a key without an end, or sign in"
    )]
    EndingKey,
    #[error("a shop has at most {MAX_LIVE} support accesses in force: revoke one first")]
    TooMany,
}

/// Why a mutation of support access refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum SupportAccessUserErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The value cannot be taken.
    Invalid,
    /// It would be more than you may do yourself.
    NotGranted,
    /// It is not for you, or not for support.
    NotAllowed,
    /// A bound is reached.
    LimitReached,
}

impl SupportAccessRule {
    pub fn code(&self) -> SupportAccessUserErrorCode {
        use SupportAccessUserErrorCode as Code;
        match self {
            Self::NotFound => Code::NotFound,
            Self::BadHours | Self::BadReason | Self::UnknownPermission { .. } | Self::NoPermission => Code::Invalid,
            Self::NotGranted { .. } => Code::NotGranted,
            Self::Never { .. } | Self::ByOperator | Self::EndingKey => Code::NotAllowed,
            Self::TooMany => Code::LimitReached,
        }
    }

    /// The path to the argument at fault; none: no argument is.
    pub fn field(&self) -> Option<Vec<String>> {
        let path: &[&str] = match self {
            Self::NotFound => &["id"],
            Self::BadHours => &["input", "hours"],
            Self::BadReason => &["input", "reason"],
            Self::UnknownPermission { at, .. } => {
                return Some(vec!["input".to_owned(), "accessScopes".to_owned(), at.to_string()]);
            }
            Self::NoPermission | Self::NotGranted { .. } | Self::Never { .. } => &["input", "accessScopes"],
            Self::ByOperator | Self::EndingKey | Self::TooMany => return None,
        };
        Some(path.iter().map(|part| (*part).to_owned()).collect())
    }
}
