//! What the mutations of roles refuse.

use super::model::{MAX_DEPTH, MAX_HANDLE, MAX_NAME, MAX_ROLES};
use crate::plan::model::Full;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleRule {
    #[error("there is no such role")]
    NotFound,
    #[error("the role is the system's as it is: there is nothing to remove")]
    Unchanged,
    #[error("the owner's role stays as it is")]
    Owner,
    #[error("a handle has 1 to {MAX_HANDLE} characters, a letter and then a-z, 0-9, hyphens and underscores")]
    BadHandle,
    #[error("the handle \"{0}\" is taken")]
    HandleTaken(String),
    #[error(
        "a name has 1 to {MAX_NAME} characters, not all of them blank, and no line breaks or other control characters"
    )]
    BadName,
    #[error("\"{name}\" is no permission: expected one like read_orders")]
    UnknownPermission { at: usize, name: String },
    #[error("there is no role \"{0}\" to inherit from")]
    UnknownParent(String),
    #[error("a role inherits from at most {} others, one after the other, and never from itself", MAX_DEPTH - 1)]
    BadLine,
    #[error("you cannot give or change what you may not do yourself: {missing}")]
    NotGranted {
        missing: String,
        /// The path to what would give it, or has it.
        at: &'static [&'static str],
    },
    #[error(
        "a key that ends changes no roles: who has one would keep it when the key has ended; take a key without an end, or sign in"
    )]
    EndingKey,
    #[error("other roles inherit from it: {heirs}")]
    Inherited { heirs: String },
    #[error("members of the staff have this role")]
    InUse,
    #[error("a shop makes at most {MAX_ROLES} roles")]
    TooMany,
    #[error(transparent)]
    Plan(#[from] Full),
}

/// Why a mutation of roles refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum RoleUserErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The value cannot be taken.
    Invalid,
    /// Another role has this handle.
    Taken,
    /// It would be more than you may do yourself.
    NotGranted,
    /// It cannot be changed or removed as things are.
    NotAllowed,
    /// A bound is reached.
    LimitReached,
    /// The shop's plan has no room for one more.
    PlanLimitReached,
}

impl RoleRule {
    pub fn code(&self) -> RoleUserErrorCode {
        match self {
            Self::NotFound => RoleUserErrorCode::NotFound,
            Self::BadHandle
            | Self::BadName
            | Self::UnknownPermission { .. }
            | Self::UnknownParent(_)
            | Self::BadLine => RoleUserErrorCode::Invalid,
            Self::HandleTaken(_) => RoleUserErrorCode::Taken,
            Self::NotGranted { .. } => RoleUserErrorCode::NotGranted,
            Self::EndingKey | Self::Owner | Self::Unchanged | Self::Inherited { .. } | Self::InUse => {
                RoleUserErrorCode::NotAllowed
            }
            Self::TooMany => RoleUserErrorCode::LimitReached,
            Self::Plan(_) => RoleUserErrorCode::PlanLimitReached,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Option<Vec<String>> {
        let at: &[&str] = match self {
            Self::NotFound | Self::Owner | Self::Unchanged | Self::Inherited { .. } | Self::InUse => &["id"],
            Self::TooMany | Self::EndingKey | Self::Plan(_) => return None,
            Self::BadHandle | Self::HandleTaken(_) => &["input", "handle"],
            Self::BadName => &["input", "name"],
            Self::UnknownParent(_) | Self::BadLine => &["input", "inherits"],
            Self::NotGranted { at, .. } => at,
            Self::UnknownPermission { at, .. } => {
                return Some(["input", "accessScopes", &at.to_string()].map(str::to_owned).to_vec());
            }
        };
        Some(at.iter().map(|part| (*part).to_owned()).collect())
    }
}
