//! What is refused, for reasons that the caller may know.

use super::model::{MAX_EMAIL, MAX_NAME, MAX_OVERRIDES, MAX_STAFF};
use crate::password::{MAX_CHARS, MIN_CHARS};
use crate::plan::model::Full;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such member, another password, a member who may not sign in: nobody learns which.
    #[error("Unidentified staff member.")]
    Unidentified,
    #[error("This is not an email address of at most {MAX_EMAIL} characters.")]
    BadEmail,
    #[error("The password is too short: at least {MIN_CHARS} characters.")]
    ShortPassword,
    #[error("The password is too long: at most {MAX_CHARS} characters.")]
    LongPassword,
    #[error("This is not the current password.")]
    OtherPassword,
    /// Unknown, used, expired or revoked: nobody learns which.
    #[error("The token is not valid, or not any more.")]
    BadToken,
    #[error("There is no such session that you may end: members end their own, a secret key everybody's.")]
    NoSession,
    #[error("Too many attempts. Try again in a few minutes.")]
    TooManyAttempts,
    #[error("The server has too many passwords to see to. Try again in a second.")]
    Busy,
    #[error("A staff member of this shop has this email address already.")]
    EmailTaken,
    #[error("A name has 1 to {MAX_NAME} characters, not all of them blank, and no control characters.")]
    BadName,
    #[error("A role's name has 1 to 63 characters a-z, 0-9, _ and -, the first of them a letter.")]
    BadRole,
    #[error("There is no such member.")]
    NoMember,
    #[error("The shop has no role \"{0}\".")]
    UnknownRole(String),
    #[error("You cannot give, or change in others, what you may not do yourself: {missing}.")]
    NotGranted { missing: String },
    #[error("There is no permission \"{0}\".")]
    UnknownPermission(String),
    #[error("The permission {0} is for all things of its kind or for none: it cannot be said of one.")]
    NotOfOne(String),
    #[error("There is no such thing: expected the global id of a {0}.")]
    NoObject(&'static str),
    #[error("Something has been said of this permission, and of this thing, before.")]
    SaidTwice,
    #[error("For a member there are at most {MAX_OVERRIDES} exceptions.")]
    TooManyOverrides,
    #[error("Nobody changes the exceptions that hold for themselves.")]
    OwnOverrides,
    #[error("An owner may everything: there are no exceptions for owners.")]
    OwnerOverrides,
    #[error(
        "A key that ends lets nobody in, nor lets them do more: they would stay when it has ended. Take a key without an end, or sign in."
    )]
    EndingKey,
    #[error("The last owner who can sign in stays one: make somebody else an owner first.")]
    LastOwner,
    #[error("This member signs in with an identity provider: change it there.")]
    Elsewhere,
    #[error("A shop has at most {MAX_STAFF} staff members.")]
    TooMany,
    #[error("The plan has no room for another member: {0}.")]
    Plan(Full),
    #[error("A mail has just been sent. Try again in a minute.")]
    JustMailed,
    #[error("The email address is verified already.")]
    AlreadyVerified,
}

/// A refusal, with the place of the input at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct StaffRule {
    pub refusal: Refusal,
    /// The path to the input at fault; empty: no input is.
    pub field: Vec<String>,
}

impl From<Full> for StaffRule {
    fn from(full: Full) -> Self {
        Refusal::Plan(full).at(&[])
    }
}

impl Refusal {
    pub fn at(self, field: &[&str]) -> StaffRule {
        StaffRule { refusal: self, field: field.iter().map(|part| (*part).to_owned()).collect() }
    }
}

/// Why a mutation of staff refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum StaffErrorCode {
    /// The value is not valid.
    Invalid,
    /// The text is too short.
    TooShort,
    /// The text is too long.
    TooLong,
    /// Another member has it already.
    Taken,
    /// There is no such thing.
    NotFound,
    /// Email address and password do not lead to a member who may sign in.
    UnidentifiedStaff,
    /// The token is unknown, used, expired or revoked.
    TokenInvalid,
    /// Too often, or too much at once: later it will do.
    Throttled,
    /// It is so already.
    AlreadyDone,
    /// It would be more than you may do yourself.
    NotGranted,
    /// It cannot be changed as things are.
    NotAllowed,
    /// A bound is reached.
    LimitReached,
    /// The shop's plan has no room for one more.
    PlanLimitReached,
}

impl Refusal {
    pub fn code(&self) -> StaffErrorCode {
        use StaffErrorCode as Code;
        match self {
            Self::Unidentified => Code::UnidentifiedStaff,
            Self::BadEmail
            | Self::OtherPassword
            | Self::BadName
            | Self::BadRole
            | Self::UnknownRole(_)
            | Self::UnknownPermission(_)
            | Self::NotOfOne(_)
            | Self::SaidTwice => Code::Invalid,
            Self::ShortPassword => Code::TooShort,
            Self::LongPassword => Code::TooLong,
            Self::BadToken => Code::TokenInvalid,
            Self::NoSession | Self::NoMember | Self::NoObject(_) => Code::NotFound,
            Self::NotGranted { .. } => Code::NotGranted,
            Self::EndingKey | Self::LastOwner | Self::OwnOverrides | Self::OwnerOverrides | Self::Elsewhere => {
                Code::NotAllowed
            }
            Self::TooMany | Self::TooManyOverrides => Code::LimitReached,
            Self::Plan(_) => Code::PlanLimitReached,
            Self::TooManyAttempts | Self::Busy | Self::JustMailed => Code::Throttled,
            Self::EmailTaken => Code::Taken,
            Self::AlreadyVerified => Code::AlreadyDone,
        }
    }
}

/// Whether this may be a password, and if not, why: said of the field.
pub fn check_password(password: &str, field: &[&str]) -> Result<(), StaffRule> {
    if crate::password::is_admissible(password) {
        return Ok(());
    }
    let is_short = password.chars().count() < MIN_CHARS;
    Err(if is_short { Refusal::ShortPassword } else { Refusal::LongPassword }.at(field))
}
