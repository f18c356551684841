//! What is refused, and what is wrong with what customers send.

use super::model::{Email, MAX_NAME, MAX_NOTE, MAX_PHONE, MAX_TAG, MAX_TAGS, PersonChange};
use crate::address::{Address, MAX_PART};
use crate::error::ServiceResult;
use crate::password::{MAX_CHARS, MIN_CHARS, is_admissible};

/// A refusal, with the path of the input that caused it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct CustomerRule {
    pub refusal: Refusal,
    pub field: Vec<String>,
}

/// What came of a use case: every reason why nothing was done.
pub type CustomerResult<T> = ServiceResult<T, Vec<CustomerRule>>;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("We have sent an email to {address}; please follow the link in it to confirm your email address.")]
    ConfirmByMail { address: String },
    #[error("It cannot be blank.")]
    Blank,
    #[error("At most {0} characters are possible.")]
    TooLong(usize),
    #[error("A password has at least {MIN_CHARS} characters.")]
    PasswordTooShort,
    #[error("A password has at most {MAX_CHARS} characters.")]
    PasswordTooLong,
    #[error("This is not an email address.")]
    NoEmail,
    #[error("This is not a phone number.")]
    NoPhone,
    #[error("There is no such country.")]
    NoCountry,
    #[error("It contains a control character.")]
    ControlCharacter,
    #[error("It contains markup.")]
    Markup,
    #[error("It contains a URL.")]
    Url,
    #[error("At most {0} are possible.")]
    TooMany(usize),
    #[error("Another customer has this email address.")]
    Taken,
    #[error("Unidentified customer.")]
    Unidentified,
    #[error("The link is not valid, or not any more. Ask for another one.")]
    TokenInvalid,
    #[error("This is not the address of such a link.")]
    NoLink,
    #[error("There is no such address.")]
    AddressNotFound,
    #[error("There is no such customer.")]
    CustomerNotFound,
    #[error(
        "Whoever reads the mail of this address gets the account with its orders: changing it needs read_orders as well."
    )]
    AddressIsTheAccount,
    #[error("The customer has orders, and so cannot be deleted.")]
    HasOrders,
    #[error("Too many attempts. Try again in {minutes} minutes.")]
    Throttled { minutes: u64 },
    #[error("Too many passwords are being checked. Try again in a second.")]
    Busy,
}

/// Why something of a customer was not done, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum CustomerErrorCode {
    /// The account has a password already. Not answered here: nobody is told.
    AlreadyEnabled,
    /// Mail cannot be sent to that domain. Not answered here: an address is looked at by its form.
    BadDomain,
    /// Something that is needed is blank.
    Blank,
    /// The text contains markup.
    ContainsHtmlTags,
    /// The text contains a URL.
    ContainsUrl,
    /// The email address has to be confirmed: a mail says how.
    CustomerDisabled,
    /// The value is not valid.
    Invalid,
    /// A token of Multipass is not valid. Not answered here: there is no Multipass.
    InvalidMultipassRequest,
    /// There is no such address, or no such customer.
    NotFound,
    /// The password begins or ends with white space. Not answered here: it may.
    PasswordStartsOrEndsWithWhitespace,
    /// Another customer has it.
    Taken,
    /// That was tried too often; after a while it can be tried again. Ours: not among Shopify's.
    Throttled,
    /// The token in the mail is not valid, or not any more.
    TokenInvalid,
    /// The text is too long, or there are too many.
    TooLong,
    /// The text is too short.
    TooShort,
    /// Nobody is known by this: a wrong password, or a token that is not valid any more.
    UnidentifiedCustomer,
}

impl Refusal {
    pub fn code(&self) -> CustomerErrorCode {
        use CustomerErrorCode as Code;
        match self {
            Self::ConfirmByMail { .. } => Code::CustomerDisabled,
            Self::Blank => Code::Blank,
            Self::TooLong(_) | Self::PasswordTooLong | Self::TooMany(_) => Code::TooLong,
            Self::PasswordTooShort => Code::TooShort,
            Self::NoEmail
            | Self::NoPhone
            | Self::NoCountry
            | Self::ControlCharacter
            | Self::NoLink
            | Self::HasOrders
            | Self::AddressIsTheAccount => Code::Invalid,
            Self::Markup => Code::ContainsHtmlTags,
            Self::Url => Code::ContainsUrl,
            Self::Taken => Code::Taken,
            Self::Unidentified => Code::UnidentifiedCustomer,
            Self::TokenInvalid => Code::TokenInvalid,
            Self::AddressNotFound | Self::CustomerNotFound => Code::NotFound,
            Self::Throttled { .. } | Self::Busy => Code::Throttled,
        }
    }

    /// This refusal of the input at this path.
    pub fn at(self, path: &[&str]) -> CustomerRule {
        CustomerRule { refusal: self, field: path.iter().map(ToString::to_string).collect() }
    }
}

/// Collects what is wrong with an input.
pub struct Checks<'a> {
    /// The path to the input object.
    within: &'a [&'a str],
    pub found: Vec<CustomerRule>,
}

impl<'a> Checks<'a> {
    pub fn within(within: &'a [&'a str]) -> Self {
        Self { within, found: Vec::new() }
    }

    pub fn refuse(&mut self, name: &str, refusal: Refusal) {
        let path: Vec<&str> = self.within.iter().copied().chain([name]).collect();
        self.found.push(refusal.at(&path));
    }

    pub fn email(&mut self, name: &str, text: &str) -> Option<Email> {
        let email = Email::parse(text);
        if email.is_none() {
            let refusal = if text.trim().is_empty() { Refusal::Blank } else { Refusal::NoEmail };
            self.refuse(name, refusal);
        }
        email
    }

    pub fn password(&mut self, name: &str, password: &str) {
        if password.is_empty() {
            self.refuse(name, Refusal::Blank);
        } else if !is_admissible(password) {
            let is_short = password.chars().count() < MIN_CHARS;
            self.refuse(name, if is_short { Refusal::PasswordTooShort } else { Refusal::PasswordTooLong });
        }
    }

    pub fn person(&mut self, person: &PersonChange) {
        for (name, text) in [("firstName", &person.first_name), ("lastName", &person.last_name)] {
            self.line(name, text.as_ref().and_then(Option::as_deref), MAX_NAME);
        }
        let phone = person.phone.as_ref().and_then(Option::as_deref).map(str::trim);
        if phone.is_some_and(|phone| !phone.is_empty() && !is_phone(phone)) {
            self.refuse("phone", Refusal::NoPhone);
        }
    }

    pub fn address(&mut self, address: &Address) {
        for (name, text) in address.texts() {
            // Under the name that it has in the input.
            self.line(if name == "provinceCode" { "province" } else { name }, text, MAX_PART);
        }
    }

    pub fn note(&mut self, note: Option<&str>) {
        if note.is_some_and(|note| note.chars().count() > MAX_NOTE) {
            self.refuse("note", Refusal::TooLong(MAX_NOTE));
        }
    }

    pub fn tags(&mut self, tags: &[String]) {
        if tags.len() > MAX_TAGS {
            return self.refuse("tags", Refusal::TooMany(MAX_TAGS));
        }
        if tags.iter().any(|tag| tag.chars().count() > MAX_TAG) {
            return self.refuse("tags", Refusal::TooLong(MAX_TAG));
        }
        // Lists of them are searched line by line.
        if tags.iter().any(|tag| tag.chars().any(char::is_control)) {
            self.refuse("tags", Refusal::ControlCharacter);
        }
    }

    /// What was found, unless it is nothing.
    pub fn end(self) -> CustomerResult<()> {
        if self.found.is_empty() { Ok(()) } else { Err(crate::error::ServiceError::Rule(self.found)) }
    }

    /// A text of one line, which stands in mails and on labels.
    fn line(&mut self, name: &str, text: Option<&str>, most: usize) {
        let text = text.unwrap_or_default();
        let refusal = if text.chars().count() > most {
            Refusal::TooLong(most)
        } else if text.chars().any(char::is_control) {
            Refusal::ControlCharacter
        } else if text.contains('<') && text.contains('>') {
            Refusal::Markup
        } else if text.contains("://") {
            Refusal::Url
        } else {
            return;
        };
        self.refuse(name, refusal);
    }
}

fn is_phone(text: &str) -> bool {
    let allowed = text.chars().all(|c| c.is_ascii_digit() || "+-()/. ".contains(c));
    allowed && text.len() <= MAX_PHONE && text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_path() {
        let mut checks = Checks::within(&["input"]);
        assert!(checks.email("email", " ada ").is_none());
        checks.password("password", "1234567");
        let text = |text: &str| Some(Some(text.to_owned()));
        checks.person(&PersonChange {
            first_name: text("<b>Ada</b>"),
            last_name: text("see https://x.example"),
            phone: text("call me"),
            accepts_marketing: None,
        });
        let found: Vec<_> = checks.found.iter().map(|rule| (rule.field.join("."), rule.refusal.code())).collect();
        use CustomerErrorCode as Code;
        let expected = [
            ("input.email", Code::Invalid),
            ("input.password", Code::TooShort),
            ("input.firstName", Code::ContainsHtmlTags),
            ("input.lastName", Code::ContainsUrl),
            ("input.phone", Code::Invalid),
        ];
        assert_eq!(found, expected.map(|(path, code)| (path.to_owned(), code)));
        assert!(checks.end().is_err() && Checks::within(&[]).end().is_ok());
    }
}
