//! What operators are refused, for reasons that they may know.

use super::model::MAX_ORIGINS;

/// Characters of an operator's own id for a tenant.
pub const MAX_EXTERNAL_ID: usize = 255;

/// Why a tenant was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRule {
    #[error("the handle \"{0}\" is taken")]
    HandleTaken(String),
    #[error("\"{0}\" is not a handle: use a-z, 0-9 and hyphens, at most 63 characters")]
    BadHandle(String),
    #[error("a name has 1 to 255 characters, not all of them blank, and no line breaks or other control characters")]
    BadName,
    #[error("another tenant has the external id \"{0}\"")]
    ExternalIdTaken(String),
    #[error("an external id has 1 to {MAX_EXTERNAL_ID} characters, not all of them blank, and no control characters")]
    BadExternalId,
    #[error("{message}")]
    BadOrigin { at: usize, message: String },
    #[error("a tenant has at most {MAX_ORIGINS} web origins")]
    TooManyOrigins,
    #[error("there is no such tenant")]
    NotFound,
    #[error("the tenant is deleted, for good")]
    Deleted,
}

/// Why a tenant was not made or changed, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum TenantErrorCode {
    /// The value is not valid.
    Invalid,
    /// Another tenant, or member, has it already.
    Taken,
    /// There is no such tenant.
    NotFound,
    /// It cannot be done to a tenant that is deleted.
    Deleted,
    /// A bound is reached.
    LimitReached,
}

impl TenantRule {
    pub fn code(&self) -> TenantErrorCode {
        use TenantErrorCode as Code;
        match self {
            Self::HandleTaken(_) | Self::ExternalIdTaken(_) => Code::Taken,
            Self::BadHandle(_) | Self::BadName | Self::BadExternalId | Self::BadOrigin { .. } => Code::Invalid,
            Self::TooManyOrigins => Code::LimitReached,
            Self::NotFound => Code::NotFound,
            Self::Deleted => Code::Deleted,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Vec<String> {
        let path: &[&str] = match self {
            Self::HandleTaken(_) | Self::BadHandle(_) => &["input", "handle"],
            Self::BadName => &["input", "name"],
            Self::ExternalIdTaken(_) | Self::BadExternalId => &["input", "externalId"],
            Self::BadOrigin { at, .. } => {
                return vec!["input".to_owned(), "allowedOrigins".to_owned(), at.to_string()];
            }
            Self::TooManyOrigins => &["input", "allowedOrigins"],
            Self::NotFound | Self::Deleted => &["id"],
        };
        path.iter().map(|part| (*part).to_owned()).collect()
    }
}
