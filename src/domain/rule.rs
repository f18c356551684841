//! What the mutations of domains refuse.

use super::model::MAX_DOMAINS;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainRule {
    #[error("{0}")]
    BadHost(&'static str),
    #[error("this name belongs to the service")]
    OfTheService,
    #[error("you have this domain already")]
    Taken,
    #[error("a shop has at most {MAX_DOMAINS} domains: delete one first")]
    TooMany,
    #[error("there is no such domain")]
    NotFound,
    #[error("{name} has no TXT record that says {value} yet; a new record may take some time to be seen")]
    NotProved { name: String, value: String },
    #[error("DNS does not answer for {name} at the moment: try again later")]
    Unanswered { name: String },
    #[error("DNS was asked often enough for now: try again in a quarter of an hour")]
    Throttled,
}

/// Why a mutation of domains refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum DomainUserErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The value is no host name that a shop may have.
    Invalid,
    /// The shop has it already.
    Taken,
    /// A bound is reached.
    LimitReached,
    /// The TXT record is not there, or says something else.
    TxtRecordNotFound,
    /// DNS gives no answer.
    DnsUnavailable,
    /// Too many attempts; later ones will do.
    Throttled,
}

impl DomainRule {
    pub fn code(&self) -> DomainUserErrorCode {
        match self {
            Self::BadHost(_) | Self::OfTheService => DomainUserErrorCode::Invalid,
            Self::Taken => DomainUserErrorCode::Taken,
            Self::TooMany => DomainUserErrorCode::LimitReached,
            Self::NotFound => DomainUserErrorCode::NotFound,
            Self::NotProved { .. } => DomainUserErrorCode::TxtRecordNotFound,
            Self::Unanswered { .. } => DomainUserErrorCode::DnsUnavailable,
            Self::Throttled => DomainUserErrorCode::Throttled,
        }
    }

    /// The path to the argument at fault.
    pub fn field(&self) -> Option<Vec<String>> {
        match self {
            Self::BadHost(_) | Self::OfTheService | Self::Taken => Some(vec!["host".to_owned()]),
            Self::TooMany => None,
            Self::NotFound | Self::NotProved { .. } | Self::Unanswered { .. } | Self::Throttled => {
                Some(vec!["id".to_owned()])
            }
        }
    }
}
