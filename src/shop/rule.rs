//! What the mutations of settings refuse.

use crate::tenant::model::MAX_ORIGINS;

/// A refusal, with the setting at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsRule {
    #[error("a name has 1 to 255 characters, not all of them blank, and no line breaks or other control characters")]
    BadName(&'static str),
    #[error("a description has at most 5000 characters, and of control characters only line breaks and tabs")]
    BadDescription,
    #[error("expected an address that mail can be sent to, of at most 320 characters")]
    BadEmail,
    #[error("mails are written in EN, DE or FR")]
    BadMailLanguage,
    #[error("expected a name of the IANA time zone database, like Europe/Berlin")]
    BadTimeZone,
    #[error("expected the address of a website like https://shop.example, of at most 2048 characters, without ? and #")]
    BadStorefront,
    #[error("{0}")]
    BadCheckout(String),
    #[error("{why}")]
    BadOrigin { at: usize, why: String },
    #[error("at most {MAX_ORIGINS} origins")]
    TooManyOrigins,
}

/// Why a mutation of settings refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum TenantSettingsUserErrorCode {
    /// The value cannot be taken.
    Invalid,
    /// More than there may be.
    TooMany,
}

impl SettingsRule {
    pub fn code(&self) -> TenantSettingsUserErrorCode {
        match self {
            Self::TooManyOrigins => TenantSettingsUserErrorCode::TooMany,
            _ => TenantSettingsUserErrorCode::Invalid,
        }
    }

    /// The path to the input at fault.
    pub fn field(&self) -> Vec<String> {
        let setting = match self {
            Self::BadName(setting) => *setting,
            Self::BadDescription => "description",
            Self::BadEmail => "email",
            Self::BadMailLanguage => "mailLanguage",
            Self::BadTimeZone => "ianaTimezone",
            Self::BadStorefront => "storefrontUrl",
            Self::BadCheckout(_) => "checkoutUrlTemplate",
            Self::BadOrigin { at, .. } => return vec!["origins".to_owned(), at.to_string()],
            Self::TooManyOrigins => return vec!["origins".to_owned()],
        };
        vec!["input".to_owned(), setting.to_owned()]
    }
}
