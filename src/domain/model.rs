//! What a domain is, and what a name has to look like.

use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

use crate::config::HttpConfig;
use crate::ids::TenantId;

/// Domains a shop may have, claimed ones included.
pub const MAX_DOMAINS: i64 = 20;
/// Characters of a name: with the label in front of which its TXT record stands, DNS's 253 are kept.
pub const MAX_HOST: usize = 230;
/// The label in front of a name, where its TXT record stands.
const CHALLENGE: &str = "_emporia-challenge";
/// In front of what the record says, for whoever finds it in their zone.
const PROOF: &str = "emporia-verification=";

/// A name in the form in which it travels: lower case, ASCII, without port and trailing dot, of two labels at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(String);

impl Host {
    /// Reads a name as people write it: any case, any script, with or without the dot at its end. Says what is wrong with
    /// others. There is no list of names under which everybody registers (`co.uk`): nobody can prove those.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected a host name like shop.example, without scheme, port and path";
        let text = text.strip_suffix('.').unwrap_or(text);
        // Longer ones need not be looked at. A URL's host may be written with percent signs, a name may not.
        if text.len() > 4 * MAX_HOST || text.contains('%') {
            return Err(EXPECTED);
        }
        let host = match url::Host::parse(text) {
            Ok(url::Host::Domain(host)) => host,
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => {
                return Err("an address is no host name: it cannot be proved");
            }
            Err(_) => return Err(EXPECTED),
        };
        if host.len() > MAX_HOST {
            return Err("a host name has at most 230 characters in its ASCII form");
        }
        let is_label = |label: &str| {
            let is_made_of = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(is_made_of)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_top = |label: &str| label.len() > 1 && !label.bytes().all(|byte| byte.is_ascii_digit());
        match host.rsplit_once('.') {
            Some((_, top)) if is_top(top) && host.split('.').all(is_label) => Ok(Self(host)),
            Some(_) => Err(EXPECTED),
            None => Err("a host name of its own has a dot: shop.example"),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is the service's own, or below the domain whose subdomains it gives to shops.
    pub fn is_of_the_service(&self, http: &HttpConfig) -> bool {
        let host_of = |url: &str| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let own = [host_of(&http.public_url), http.staff_url.as_deref().and_then(host_of)];
        let is_below = |base: &str| self.0 == base || self.0.strip_suffix(base).is_some_and(|rest| rest.ends_with('.'));
        own.iter().flatten().any(|own| *own == self.0) || http.base_domain.as_deref().is_some_and(is_below)
    }
}

/// A name that a shop has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    pub id: Uuid,
    pub tenant: TenantId,
    pub host: String,
    /// What the TXT record has to say, in part: another for each shop and claim.
    pub token: String,
    pub created_at: DateTime<Utc>,
    /// Since when the shop is found by it; none: it has not proved it, or another shop has since.
    pub verified_at: Option<DateTime<Utc>>,
}

impl Domain {
    /// Where the TXT record stands.
    pub fn record_name(&self) -> String {
        format!("{CHALLENGE}.{}", self.host)
    }

    /// What it has to say.
    pub fn record_value(&self) -> String {
        format!("{PROOF}{}", self.token)
    }

    /// Whether one of these records says it.
    pub fn is_proved_by(&self, records: &[String]) -> bool {
        let value = self.record_value();
        records.iter().any(|record| record.trim() == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};

    #[test]
    fn a_name_is_read_into_the_form_in_which_it_travels() {
        for (text, expected) in [
            ("shop.example", "shop.example"),
            ("WWW.Shop.Example.", "www.shop.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("shop.例え", "shop.xn--r8jz45g"),
            ("a-1.b2.example", "a-1.b2.example"),
        ] {
            assert_eq!(Host::parse(text).as_ref().map(Host::as_str), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_of_a_shops_own_is_refused() {
        let long = format!("{}.example", ["a".repeat(60).as_str(); 4].join("."));
        let label = format!("{}.example", "a".repeat(64));
        for bad in [
            "",
            ".",
            "shop",
            "localhost",
            "shop.example:443",
            "https://shop.example",
            "shop.example/",
            "a@shop.example",
            "127.0.0.1",
            "0x7f.1",
            "1.2.3",
            "[::1]",
            "::1",
            "shop..example",
            ".shop.example",
            "shop.example..",
            "-a.example",
            "a-.example",
            "a_b.example",
            "*.shop.example",
            "shop.exa mple",
            "shop.example\n",
            "sh%6fp.example",
            "shop.e",
            "shop.123",
            "xn--a.example",
            "sh\u{0}p.example",
            &long,
            &label,
            &"x".repeat(100_000),
        ] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_services_own_names_are_known() {
        let own = [
            ("DATABASE_URL", "postgres://emporia_app@127.0.0.1/a"),
            ("DATABASE_PLATFORM_URL", "postgres://emporia_platform@127.0.0.1/a"),
            ("BASE_DOMAIN", "shops.example"),
            ("PUBLIC_URL", "https://api.example:8443"),
            ("STAFF_URL", "https://admin.example"),
        ];
        let http = Config::read(&Env::from_pairs(own)).expect("settings").http;
        let is_own = |host: &str| Host::parse(host).expect("a name").is_of_the_service(&http);
        for host in ["shops.example", "acme.shops.example", "a.b.shops.example", "api.example", "admin.example"] {
            assert!(is_own(host), "{host}");
        }
        for host in ["evilshops.example", "shops.example.com", "example.com", "www.api.example"] {
            assert!(!is_own(host), "{host}");
        }
    }

    #[test]
    fn one_record_among_others_proves_it_and_none_that_is_nearly_the_same() {
        let domain = Domain {
            id: Uuid::nil(),
            tenant: TenantId(Uuid::nil()),
            host: "shop.example".to_owned(),
            token: "t".repeat(43),
            created_at: DateTime::UNIX_EPOCH,
            verified_at: None,
        };
        assert_eq!(domain.record_name(), "_emporia-challenge.shop.example");
        let value = domain.record_value();
        assert!(domain.is_proved_by(&["v=spf1 -all".to_owned(), format!(" {value} ")]));
        for other in [value.to_uppercase(), format!("{value}x"), format!("\"{value}\""), domain.token.clone()] {
            assert!(!domain.is_proved_by(&[other]));
        }
        assert!(!domain.is_proved_by(&[]));
    }
}
