//! The shop and its locations.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::{Position, Url};
use uuid::Uuid;

use crate::country::Country;
use crate::language::Language;

/// At most this many characters in a checkout's template; as the table's CHECK has it.
const MAX_TEMPLATE: usize = 2048;

/// A tenant's own settings, as storefronts see them.
#[derive(Clone, Debug)]
pub struct Shop {
    pub name: String,
    pub description: String,
    pub email: Option<String>,
    pub country: Country,
    /// Where a cart's `checkoutUrl` leads: a template with `{cart_id}` and `{key}`; none: the built-in page.
    pub checkout_url_template: Option<String>,
    pub storefront_url: Option<String>,
    /// The name before the sender's address in what the shop mails; none: its own.
    pub mail_sender: Option<String>,
    /// In which language it mails.
    pub mail_language: Language,
    /// By which clock its day goes: what is done every night, and when.
    pub time_zone: Tz,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Where stock lies unless someone says otherwise.
    pub default_location_id: Uuid,
}

impl Shop {
    /// Who mails, by name.
    pub fn sender(&self) -> &str {
        self.mail_sender.as_deref().unwrap_or(&self.name)
    }
}

pub type SharedShop = Arc<Shop>;

/// A place where stock lies.
#[derive(Clone, Debug)]
pub struct Location {
    pub id: Uuid,
    pub name: String,
    pub country: Country,
    pub is_default: bool,
}

/// Reads the text of [`Shop::checkout_url_template`]; empty: none. Says what is wrong with others.
///
/// Both placeholders stand behind the host: one in front of it would send the cart's key to whoever that names, and
/// letters lose their case there.
pub fn checkout_url_template(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > MAX_TEMPLATE {
        return Err(format!("expected at most {MAX_TEMPLATE} characters"));
    }
    let (id, key) = (Uuid::nil().to_string(), "A".repeat(22));
    let filled = text.replace("{cart_id}", &id).replace("{key}", &key);
    let is_address = Url::parse(&filled).is_ok_and(|url| {
        let behind_host = &url[Position::BeforePath..];
        let is_bare = url.username().is_empty() && url.password().is_none() && !filled.contains(['{', '}']);
        is_bare && matches!(url.scheme(), "http" | "https") && behind_host.contains(&id) && behind_host.contains(&key)
    });
    if is_address {
        Ok(Some(text.to_owned()))
    } else {
        Err("expected a URL like https://shop.example/pay/{cart_id}?key={key}".to_owned())
    }
}

/// What provisioning needs to know.
#[derive(Clone, Debug)]
pub struct NewShop {
    pub name: String,
    pub description: String,
    pub country: Country,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_template_is_a_web_address_with_both_placeholders_behind_its_host() {
        for good in ["https://pay.example/{cart_id}/go?k={key}", "http://localhost:3000/#{key}/{cart_id}/{cart_id}"] {
            assert_eq!(checkout_url_template(good), Ok(Some(good.to_owned())));
        }
        assert_eq!(checkout_url_template(""), Ok(None));
        for bad in [
            "pay.example/{cart_id}/{key}",
            "ftp://pay.example/{cart_id}/{key}",
            "javascript:alert('{cart_id}{key}')",
            "https://pay.example/{cart_id}",
            "https://pay.example/{key}",
            "https://pay.example/{cartId}/{key}",
            "https://pay.example/{cart_id}/{key}/{order}",
            "https://{cart_id}.example/{key}",
            "https://{key}.example/{cart_id}",
            "https://{key}@pay.example/{cart_id}",
            "https:///{cart_id}/{key}",
            &format!("https://pay.example/{{cart_id}}/{{key}}/{}", "x".repeat(MAX_TEMPLATE)),
        ] {
            assert!(checkout_url_template(bad).is_err(), "{bad}");
        }
    }
}
