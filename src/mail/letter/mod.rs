//! What people are written: each kind of mail in each language ([`words`]), with the shop's name and the way to go on.

mod de;
mod en;
mod fr;
mod words;

use maud::{Markup, html};

use self::words::{Words, filled};
use super::Message;
use crate::language::Language;
use crate::shop::model::Shop;

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "EmailTemplate")]
pub enum Letter {
    /// To who is invited to work for the shop: a password is to be chosen.
    StaffInvitation,
    /// To a member of the staff who has forgotten the password.
    StaffPasswordReset,
    /// To a member of the staff: whether the address is theirs.
    StaffEmailVerification,
    /// To who signs up: whether the address is theirs.
    CustomerAccountActivation,
    /// To who signs up with an address that has an account.
    CustomerAccountExists,
    /// To a customer who has forgotten the password.
    CustomerPasswordReset,
    /// To the address that a customer would like to have in place of theirs.
    CustomerEmailVerification,
    /// To a customer whose password was changed.
    CustomerPasswordChanged,
    /// To a customer's present address: the account is to have another one.
    CustomerEmailChangeRequested,
    /// To a customer's former address: the shop has given the account another one.
    CustomerEmailChanged,
    /// To the shop's owners: the trial of a plan ends in some days.
    TrialEnding,
    /// To the shop's owners: the trial of a plan has ended, and another one holds.
    TrialEnded,
    /// To the shop's owners: a payment for the plan has failed, and until when that does no harm.
    PaymentFailed,
    /// To the shop's owners: a payment for the plan is missing, and no order is taken until it is made.
    PaymentMissing,
}

/// How the reader goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nothing is to be done.
    None,
    /// An address.
    Link(String),
    /// What is to be entered elsewhere, each with its name.
    Codes(Vec<(&'static str, String)>),
}

/// To whom a mail goes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The address alone.
    pub address: &'a str,
    /// What they are called, where that is known.
    pub name: Option<&'a str>,
}

/// Who writes.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The shop's name.
    pub shop: &'a str,
    /// The name before the sender's address.
    pub sender: &'a str,
    /// Where answers go; none: to the sender's address.
    pub reply_to: Option<&'a str>,
    /// In which language: [`LANGUAGES`] has them; English in the place of others.
    pub language: Language,
}

/// In which languages there is every mail.
pub const LANGUAGES: [Language; 3] = [Language::EN, Language::DE, Language::FR];

impl Letter {
    pub const ALL: [Self; 14] = [
        Self::StaffInvitation,
        Self::StaffPasswordReset,
        Self::StaffEmailVerification,
        Self::CustomerAccountActivation,
        Self::CustomerAccountExists,
        Self::CustomerPasswordReset,
        Self::CustomerEmailVerification,
        Self::CustomerPasswordChanged,
        Self::CustomerEmailChangeRequested,
        Self::CustomerEmailChanged,
        Self::TrialEnding,
        Self::TrialEnded,
        Self::PaymentFailed,
        Self::PaymentMissing,
    ];

    /// Whether it is the merchant's own people who are written to: they do not answer the shop.
    pub fn is_to_staff(self) -> bool {
        match self {
            Self::StaffInvitation
            | Self::StaffPasswordReset
            | Self::StaffEmailVerification
            | Self::TrialEnding
            | Self::TrialEnded
            | Self::PaymentFailed
            | Self::PaymentMissing => true,
            Self::CustomerAccountActivation
            | Self::CustomerAccountExists
            | Self::CustomerPasswordReset
            | Self::CustomerEmailVerification
            | Self::CustomerPasswordChanged
            | Self::CustomerEmailChangeRequested
            | Self::CustomerEmailChanged => false,
        }
    }

    /// The mail; `values` are what it names beside the shop, which [`Self::names`] has.
    pub fn write(self, writer: Writer<'_>, to: Reader<'_>, way: &Way, values: &[(&str, &str)]) -> Message {
        let words = self.words(writer.language);
        let Words { subject, why, otherwise, .. } = words;
        let shop = writer.shop;
        let values: Vec<(&str, &str)> = [("shop", shop)].into_iter().chain(values.iter().copied()).collect();
        let (why, otherwise) = (filled(why, &values), filled(otherwise, &values));
        let hello = words.hello(to.name);
        let body = html_of(&words, shop, [&hello, &why, &otherwise], way).into_string();
        let way = match (words.what, way) {
            (Some(what), Way::Link(link)) => format!("{what}:\n{link}\n\n"),
            (Some(what), Way::Codes(codes)) => {
                let codes: String = codes.iter().map(|(name, code)| format!("{name}: {code}\n")).collect();
                format!("{what}:\n{codes}\n")
            }
            (_, Way::None) | (None, _) => String::new(),
        };
        Message {
            to: to.address.to_owned(),
            from_name: writer.sender.to_owned(),
            reply_to: writer.reply_to.filter(|_| !self.is_to_staff()).map(str::to_owned),
            subject: format!("{subject}: {shop}"),
            text: format!("{hello}\n\n{why}\n\n{way}{otherwise}\n\n{shop}\n"),
            html: Some(body),
        }
    }

    /// What it names beside the shop.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::TrialEnding => &["tried", "plan", "day"],
            Self::TrialEnded => &["tried", "plan"],
            Self::PaymentFailed => &["plan", "until"],
            Self::PaymentMissing => &["plan"],
            _ => &[],
        }
    }

    fn words(self, language: Language) -> Words {
        match language {
            Language::DE => de::words(self),
            Language::FR => fr::words(self),
            _ => en::words(self),
        }
    }
}

fn html_of(words: &Words, shop: &str, [hello, why, otherwise]: [&str; 3], way: &Way) -> Markup {
    html! {
        (maud::DOCTYPE)
        html lang=(words.lang) {
            head { meta charset="utf-8"; title { (words.subject) } }
            body {
                p { (hello) }
                p { (why) }
                @match (words.what, way) {
                    (Some(what), Way::Link(link)) => p { a href=(link) { (what) } },
                    (Some(what), Way::Codes(codes)) => p {
                        (what) ":"
                        @for (name, code) in codes { br; (name) ": " code { (code) } }
                    },
                    (_, Way::None) | (None, _) => {},
                }
                p { (otherwise) }
                p { (shop) }
            }
        }
    }
}

impl<'a> From<&'a Shop> for Writer<'a> {
    fn from(shop: &'a Shop) -> Self {
        let (sender, reply_to) = (shop.sender(), shop.email.as_deref());
        Self { shop: &shop.name, sender, reply_to, language: shop.mail_language }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer(language: Language) -> Writer<'static> {
        Writer { shop: "Fjord & <Field>", sender: "Fjord", reply_to: Some("help@fjord.example"), language }
    }

    const ADA: Reader<'_> = Reader { address: "ada@shop.example", name: Some("Ada <b>") };

    #[test]
    fn every_mail_is_there_in_every_language_and_in_its_own_words() {
        let way = Way::Link("https://fjord.example/a?b=1&c=2".to_owned());
        for letter in Letter::ALL {
            let values: Vec<(&str, &str)> = letter.names().iter().map(|name| (*name, "<{shop}>")).collect();
            let mails = LANGUAGES.map(|language| letter.write(writer(language), ADA, &way, &values));
            for (mail, language) in mails.iter().zip(LANGUAGES) {
                let html = mail.html.as_deref().unwrap();
                assert!(mail.subject.ends_with(": Fjord & <Field>"), "{}", mail.subject);
                assert!(mail.text.contains("Ada <b>") && html.contains("Ada &lt;b&gt;"), "{}", mail.text);
                assert!(html.contains("Fjord &amp; &lt;Field&gt;") && !html.contains("<Field>"), "{html}");
                let Words { why, otherwise, .. } = letter.words(language);
                let named =
                    |name: &str| why.contains(&format!("{{{name}}}")) || otherwise.contains(&format!("{{{name}}}"));
                assert!(letter.names().iter().all(|name| named(name)), "{why} {otherwise}");
                let filled_in = mail.text.replace("<{shop}>", "");
                assert!(!filled_in.contains(['{', '}']), "nothing is left to be filled in: {}", mail.text);
                assert_eq!(mail.text.contains("<{shop}>"), !values.is_empty(), "a value is no template");
                assert!(html.contains(&format!("lang=\"{}\"", language.code().to_lowercase())), "{html}");
                let leads = letter.words(language).what.is_some();
                assert_eq!(mail.text.contains("\nhttps://fjord.example/a?b=1&c=2\n"), leads, "{}", mail.text);
                assert_eq!(html.contains("href=\"https://fjord.example/a?b=1&amp;c=2\""), leads, "{html}");
                assert_eq!(mail.reply_to.is_some(), !letter.is_to_staff());
            }
            assert!(mails[0].subject != mails[1].subject && mails[1].subject != mails[2].subject, "{letter:?}");
            assert!(mails[0].text != mails[1].text && mails[1].text != mails[2].text, "{letter:?}");
            let leads = LANGUAGES.map(|language| letter.words(language).what.is_some());
            assert!(leads == [leads[0]; 3], "{letter:?} leads on in all languages or in none");
        }
    }

    #[test]
    fn codes_stand_on_lines_of_their_own_under_their_names() {
        let way = Way::Codes(vec![("Customer", "gid://emporia/Customer/7".to_owned()), ("Token", "a<b".to_owned())]);
        let to = Reader { name: None, ..ADA };
        let mail = Letter::CustomerPasswordReset.write(writer(Language::EN), to, &way, &[]);
        assert!(mail.text.starts_with("Hello,\n"), "{}", mail.text);
        assert!(mail.text.contains("\nCustomer: gid://emporia/Customer/7\nToken: a<b\n"), "{}", mail.text);
        assert!(mail.html.unwrap().contains("Token: <code>a&lt;b</code>"));
    }

    #[test]
    fn in_a_language_without_words_it_is_english() {
        let english = Letter::StaffInvitation.write(writer(Language::EN), ADA, &Way::None, &[]);
        assert_eq!(Letter::StaffInvitation.write(writer(Language::ZH_CN), ADA, &Way::None, &[]), english);
    }
}
