//! What is written to customers: plain text, and the same as HTML.
//!
//! A link leads to the shop's storefront, at the paths that Shopify's themes have. A shop without one gets the id and the
//! token themselves, for `customerActivate` and `customerReset`.

use html_escape::{encode_double_quoted_attribute, encode_text};
use url::Url;
use uuid::Uuid;

use super::model::Email;
use super::secret::Secret;
use crate::ids::GidNamespace;
use crate::mail::Message;
use crate::shop::model::Shop;

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// To who signs up: whether the address is theirs.
    SignUp,
    /// To who signs up with an address that has an account.
    HasAccount,
    /// To who has forgotten the password.
    Reset,
    /// To the address that a customer would like to have in place of theirs.
    NewAddress,
}

struct Words {
    subject: &'static str,
    why: &'static str,
    what: &'static str,
    otherwise: &'static str,
    folder: &'static str,
}

impl Letter {
    fn words(self) -> Words {
        match self {
            Self::SignUp => Words {
                subject: "Confirm your email address",
                why: "Somebody, we hope you, would like to open an account with this email address.",
                what: "Confirm the address and choose a password",
                otherwise: "The link is good for three days. If it was not you, there is nothing to do: no account is opened.",
                folder: "activate",
            },
            Self::HasAccount => Words {
                subject: "You have an account already",
                why: "Somebody, we hope you, has tried to open an account with this email address, which has one. Sign in \
                      with it.",
                what: "If you have no password, or have forgotten it, choose a new one",
                otherwise: "The link is good for two hours. If it was not you, there is nothing to do: nothing has changed.",
                folder: "reset",
            },
            Self::Reset => Words {
                subject: "Choose a new password",
                why: "Somebody, we hope you, has asked for a new password for your account.",
                what: "Choose a new password",
                otherwise: "The link is good for two hours. If it was not you, there is nothing to do: your password stays as \
                            it is.",
                folder: "reset",
            },
            Self::NewAddress => Words {
                subject: "Confirm your new email address",
                why: "Somebody, we hope you, would like to have this email address for their account.",
                what: "Confirm the address with the password of the account",
                otherwise: "The link is good for three days. If it was not you, there is nothing to do: the account keeps its \
                            address.",
                folder: "activate",
            },
        }
    }

    /// The mail to a customer, or to who would like to be the one with this id.
    pub fn write(self, shop: &Shop, to: &Email, id: Uuid, token: &Secret) -> Message {
        let Words { subject, why, what, otherwise, folder } = self.words();
        let name = &shop.name;
        let (token, gid) = (token.reveal(), GidNamespace::Emporia.encode("Customer", id));
        let (way, html_way) = match link(shop, folder, id, token) {
            Some(link) => {
                let anchor = format!("<a href=\"{}\">{}</a>", encode_double_quoted_attribute(&link), encode_text(what));
                (format!("{what}:\n{link}"), anchor)
            }
            None => {
                let codes = format!("Customer: {gid}\nToken: {token}");
                let html =
                    format!("{}:<br>Customer: <code>{gid}</code><br>Token: <code>{token}</code>", encode_text(what));
                (format!("{what}:\n{codes}"), html)
            }
        };
        let text = format!("Hello,\n\n{why}\n\n{way}\n\n{otherwise}\n\n{name}\n");
        let html = format!(
            "<p>Hello,</p>\n<p>{}</p>\n<p>{html_way}</p>\n<p>{}</p>\n<p>{}</p>\n",
            encode_text(why),
            encode_text(otherwise),
            encode_text(name)
        );
        let (to, from_name, reply_to) = (to.address.clone(), shop.sender().to_owned(), shop.email.clone());
        Message { to, from_name, reply_to, subject: format!("{subject}: {name}"), text, html: Some(html) }
    }
}

/// What a customer is told of their account, at the address it has: whoever has a token of theirs could have done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The account has another password.
    PasswordChanged,
    /// Somebody would like it to have another address.
    AddressAsked,
    /// The shop has given it another address.
    AddressChanged,
}

impl Notice {
    /// The mail.
    pub fn write(self, shop: &Shop, to: &Email) -> Message {
        let name = &shop.name;
        let (subject, what, otherwise) = match self {
            Self::PasswordChanged => (
                "Your password was changed",
                "The password of your account was changed, and all devices but one were signed out.",
                "If it was not you, choose a new password at once, by the way for those who have forgotten theirs.",
            ),
            Self::AddressChanged => (
                "Your account has another email address",
                "We have given your account another email address, at your wish, we hope, and signed all devices out.",
                "If it was not your wish, please write to us.",
            ),
            Self::AddressAsked => (
                "Your account is to have another email address",
                "Somebody, we hope you, would like your account to have another email address. It has this one until the \
                 other is confirmed.",
                "If it was not you, choose a new password at once: that signs all devices out.",
            ),
        };
        let html = [what, otherwise, name].map(|part| format!("<p>{}</p>\n", encode_text(part))).concat();
        Message {
            to: to.address.clone(),
            from_name: shop.sender().to_owned(),
            reply_to: shop.email.clone(),
            subject: format!("{subject}: {name}"),
            text: format!("Hello,\n\n{what}\n\n{otherwise}\n\n{name}\n"),
            html: Some(format!("<p>Hello,</p>\n{html}")),
        }
    }
}

fn link(shop: &Shop, folder: &str, id: Uuid, token: &str) -> Option<String> {
    let storefront = shop.storefront_url.as_deref()?.trim_end_matches('/');
    Some(format!("{storefront}/account/{folder}/{id}/{token}"))
}

/// The customer's id and the token of a link that was mailed: the last two parts of its path, whatever stands in front.
pub fn read_link(url: &str) -> Option<(Uuid, Secret)> {
    let url = Url::parse(url).ok()?;
    let mut parts = url.path_segments()?.filter(|part| !part.is_empty()).rev();
    let (token, id) = (parts.next()?, parts.next()?);
    Some((Uuid::try_parse(id).ok()?, Secret::given(token)))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::country::Country;

    fn shop(storefront: Option<&str>) -> Shop {
        Shop {
            name: "Fjord & <Field>".to_owned(),
            description: String::new(),
            email: None,
            country: Country::DE,
            checkout_url_template: None,
            storefront_url: storefront.map(str::to_owned),
            mail_sender: None,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            default_location_id: Uuid::nil(),
        }
    }

    #[test]
    fn a_link_leads_to_the_storefront_and_reads_back() {
        let (id, token) = (Uuid::from_u128(7), Secret::from_random([7; 32]));
        let to = Email::parse("ada@shop.example").unwrap();
        for letter in [Letter::SignUp, Letter::HasAccount, Letter::Reset, Letter::NewAddress] {
            let mail = letter.write(&shop(Some("https://fjord.example/")), &to, id, &token);
            let link =
                mail.text.lines().find(|line| line.starts_with("https://fjord.example/account/")).expect("a link");
            assert!(mail.html.as_ref().is_some_and(|html| html.contains(&format!("href=\"{link}\""))));
            let (read, secret) = read_link(link).expect("a link");
            assert!(read == id && secret.hash() == token.hash());
            assert!(mail.html.is_some_and(|html| html.contains("Fjord &amp; &lt;Field&gt;")), "{letter:?}");
        }
    }

    #[test]
    fn without_a_storefront_the_mail_has_the_token_itself() {
        let (id, token) = (Uuid::from_u128(7), Secret::from_random([7; 32]));
        let mail = Letter::Reset.write(&shop(None), &Email::parse("ada@shop.example").unwrap(), id, &token);
        for body in [mail.text, mail.html.unwrap()] {
            assert!(body.contains(token.reveal()) && body.contains(&format!("gid://emporia/Customer/{id}")), "{body}");
        }
    }

    #[test]
    fn what_is_no_such_link_is_none() {
        for text in ["", "https://shop.example", "https://shop.example/account/reset/7/token", "mailto:a@b.example"] {
            assert!(read_link(text).is_none(), "{text}");
        }
    }
}
