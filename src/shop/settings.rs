//! What a merchant may change of the shop, and what each setting has to look like.

use std::str::FromStr;

use chrono_tz::Tz;
use url::Url;

use super::model::checkout_url_template;
use super::rule::SettingsRule as Rule;
use crate::language::Language;
use crate::mail::letter::LANGUAGES;

/// At most this many characters; as the table's CHECKs have it.
const MAX_NAME: usize = 255;
const MAX_DESCRIPTION: usize = 5000;
const MAX_EMAIL: usize = 320;
const MAX_URL: usize = 2048;

/// A change: a setting that is none stays as it is; one that may be none and is `Some(None)` is so from then on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Where customers' answers to what they are mailed go.
    pub email: Option<Option<String>>,
    /// Who mails them.
    pub mail_sender: Option<Option<String>>,
    /// In which language: one of [`LANGUAGES`].
    pub mail_language: Option<Language>,
    /// By which clock the shop's day goes: the name of a zone.
    pub time_zone: Option<String>,
    pub storefront_url: Option<Option<String>>,
    pub checkout_url_template: Option<Option<String>>,
}

impl SettingsChange {
    /// Every setting in the form in which it is stored; or all that is wrong.
    pub fn check(mut self) -> Result<Self, Vec<Rule>> {
        let mut wrong = Vec::new();
        for (setting, name) in
            [("name", self.name.as_ref()), ("mailSenderName", self.mail_sender.as_ref().and_then(Option::as_ref))]
        {
            if name.is_some_and(|name| !crate::text::is_name(name, MAX_NAME)) {
                wrong.push(Rule::BadName(setting));
            }
        }
        let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
        let is_description = |text: &String| text.chars().count() <= MAX_DESCRIPTION && !text.contains(is_odd);
        if !self.description.as_ref().is_none_or(is_description) {
            wrong.push(Rule::BadDescription);
        }
        if self.mail_language.is_some_and(|language| !LANGUAGES.contains(&language)) {
            wrong.push(Rule::BadMailLanguage);
        }
        if self.time_zone.as_deref().is_some_and(|name| Tz::from_str(name).is_err()) {
            wrong.push(Rule::BadTimeZone);
        }
        if let Some(Some(email)) = &mut self.email {
            *email = email.trim().to_owned();
            if email.chars().count() > MAX_EMAIL || email.parse::<lettre::Address>().is_err() {
                wrong.push(Rule::BadEmail);
            }
        }
        if let Some(Some(url)) = &mut self.storefront_url {
            match storefront_url(url) {
                Some(whole) => *url = whole,
                None => wrong.push(Rule::BadStorefront),
            }
        }
        if let Some(Some(template)) = &self.checkout_url_template {
            match checkout_url_template(template) {
                Ok(template) => self.checkout_url_template = Some(template),
                Err(why) => wrong.push(Rule::BadCheckout(why)),
            }
        }
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }
}

/// Where a storefront is, without a slash at its end: paths are put behind it.
fn storefront_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    let is_site = matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare;
    let whole = url.as_str().trim_end_matches('/').to_owned();
    (is_site && whole.chars().count() <= MAX_URL).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storefront_is_a_site_behind_whose_address_a_path_can_stand() {
        for (text, expected) in [
            ("https://Shop.example", "https://shop.example"),
            ("https://bücher.example/de/", "https://xn--bcher-kva.example/de"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(storefront_url(text).as_deref(), Some(expected));
        }
        let long = format!("https://shop.example/{}", "x".repeat(MAX_URL));
        for bad in [
            "",
            "shop.example",
            "ftp://shop.example",
            "javascript:alert(1)",
            "https://",
            "https://ada@shop.example",
            "https://a:b@shop.example",
            "https://shop.example/?a",
            "https://shop.example/#a",
            &long,
        ] {
            assert_eq!(storefront_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let change = SettingsChange {
            name: Some(" ".to_owned()),
            description: Some("a\u{7}".to_owned()),
            email: Some(Some("ada@shop.example\r\nBcc: eve@evil.example".to_owned())),
            mail_sender: Some(Some("a\nb".to_owned())),
            mail_language: Some(Language::ES),
            time_zone: Some("Berlin".to_owned()),
            storefront_url: Some(Some("shop".to_owned())),
            checkout_url_template: Some(Some("https://shop.example".to_owned())),
        };
        let wrong = change.check().expect_err("all of it");
        let fields: Vec<String> = wrong.iter().map(|rule| rule.field()[1].clone()).collect();
        let all = [
            "name",
            "mailSenderName",
            "description",
            "mailLanguage",
            "ianaTimezone",
            "email",
            "storefrontUrl",
            "checkoutUrlTemplate",
        ];
        assert_eq!(fields, all);
    }

    #[test]
    fn what_may_be_none_is_made_so_by_null_or_by_an_empty_template() {
        let change = SettingsChange {
            email: Some(None),
            mail_sender: Some(None),
            storefront_url: Some(None),
            checkout_url_template: Some(Some(String::new())),
            ..SettingsChange::default()
        };
        let checked = change.clone().check().expect("fine");
        assert_eq!(checked, SettingsChange { checkout_url_template: Some(None), ..change });
    }
}
