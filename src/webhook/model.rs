//! Subscriptions, deliveries, attempts; where an endpoint may be; when the next attempt is due.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use url::{Host, Url};
use uuid::Uuid;

use super::sign::SigningSecret;
use crate::events::Topic;
use crate::outside::address::is_public;

/// A tenant has at most so many subscriptions. (Creations at the very same moment may go a little beyond.)
pub const MAX_SUBSCRIPTIONS: i64 = 50;
/// Between two tests of one subscription, at least.
pub const TEST_EVERY: TimeDelta = TimeDelta::seconds(10);
/// The body of a delivery is at most this many bytes: no order can be longer, so no event is lost for its size. The
/// longest has 500 lines of 24 KiB (every text of a sold variant as long as it may be, every character escaped), 250
/// fulfillments of 16 KiB with 500 lines of 110 bytes each, and below 1 MiB of everything else: 30 MB. The column
/// has the same bound.
pub const MAX_BODY: usize = 32 << 20;
/// So much of a response is kept.
pub const MAX_EXCERPT: usize = 1024;
const MAX_URI: usize = 2048;

/// Where a merchant wants to be told of a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub id: Uuid,
    pub topic: Topic,
    pub uri: String,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub disabled_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
#[graphql(name = "WebhookDeliveryStatus")]
pub enum DeliveryStatus {
    /// An attempt is due, running or scheduled.
    Pending,
    /// The receiver took it.
    Succeeded,
    /// No attempt is left; it can be resent.
    Exhausted,
}

impl DeliveryStatus {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Succeeded, Self::Exhausted];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Succeeded => "SUCCEEDED",
            Self::Exhausted => "EXHAUSTED",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_db() == text)
    }
}

/// One event on its way to one subscription.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: Uuid,
    pub subscription_id: Uuid,
    pub event_id: Uuid,
    pub topic: Topic,
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// How many bytes were sent; none before the first attempt.
    pub body_bytes: Option<i32>,
    /// An example that the merchant asked for, not an event.
    pub is_test: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// How many of these deliveries can be shown with their bodies: as many as are together no longer than the longest
/// one may be, so that a page of them fits into memory.
pub fn fitting(deliveries: &[Delivery]) -> usize {
    let mut room = MAX_BODY;
    let fits = |delivery: &&Delivery| {
        let bytes = delivery.body_bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
        room.checked_sub(bytes).map(|left| room = left).is_some()
    };
    deliveries.iter().take_while(fits).count()
}

/// One try to deliver, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub number: i32,
    pub status_code: Option<i16>,
    pub duration_ms: i32,
    pub response_excerpt: Option<String>,
    pub error: Option<String>,
    pub attempted_at: DateTime<Utc>,
}

/// A delivery's attempts, the first first.
pub type Attempts = Arc<[Attempt]>;

/// A delivery that this worker may attempt, with all it needs for that.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: Uuid,
    /// Proves the claim when the outcome is recorded.
    pub claim: Uuid,
    pub subscription_id: Uuid,
    pub event_id: Uuid,
    pub topic: Topic,
    pub subject_id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub attempts: i32,
    pub round_attempts: i32,
    pub body: Option<String>,
    pub is_test: bool,
    pub uri: String,
    pub secret: SigningSecret,
}

/// Why a text cannot be an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    #[error("is not an absolute URL of at most {MAX_URI} characters")]
    NotAUrl,
    #[error("must begin with https:// or http://")]
    Scheme,
    #[error("may not have a user name or a password")]
    Credentials,
    #[error("may not have a fragment (#…), which nobody would receive")]
    Fragment,
    #[error("leads to {0}, which is not a public address")]
    Private(String),
}

/// Checks what can be checked of an endpoint without asking for its name's addresses. The URL parser has turned
/// every spelling of an IP address (`2130706433`, `0x7f.1`, `[::ffff:127.0.0.1]`) into that address.
pub fn endpoint(uri: &str, allow_private: bool) -> Result<Url, BadEndpoint> {
    let parsed = Url::parse(uri).ok();
    // What is stored is what was understood, which may be longer: blanks become %20.
    let url = parsed.filter(|url| uri.len().max(url.as_str().len()) <= MAX_URI).ok_or(BadEndpoint::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadEndpoint::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadEndpoint::Credentials);
    }
    if url.fragment().is_some() {
        return Err(BadEndpoint::Fragment);
    }
    let address = match url.host() {
        None => return Err(BadEndpoint::NotAUrl),
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            if !allow_private && (name == "localhost" || name.ends_with(".localhost")) {
                return Err(BadEndpoint::Private(name.to_owned()));
            }
            None
        }
    };
    match address {
        Some(address) if !allow_private && !is_public(address) => Err(BadEndpoint::Private(address.to_string())),
        _ => Ok(url),
    }
}

/// The wait before the next attempt after so many failed ones; none when that was the last. Up to a tenth is added
/// by chance (`unit`, 0 to 1), so that deliveries that failed together do not come back together.
pub fn wait(retry: &[Duration], failed: i32, unit: f64) -> Option<TimeDelta> {
    let index = usize::try_from(failed).ok()?.checked_sub(1)?;
    let wait = retry.get(index)?.mul_f64(1.0 + unit / 10.0);
    TimeDelta::from_std(wait).ok()
}

/// What is kept of a response: text, without what PostgreSQL cannot store.
pub fn excerpt(bytes: &[u8], max: usize) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(max)]).replace('\0', "\u{fffd}");
    while text.len() > max {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for uri in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://10.1.2.3:8080/",
            "https://169.254.169.254/latest/meta-data",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost/",
        ] {
            assert!(matches!(endpoint(uri, false), Err(BadEndpoint::Private(_))), "{uri}");
            assert!(endpoint(uri, true).is_ok(), "{uri}");
        }
    }

    #[test]
    fn only_http_urls_are_endpoints() {
        assert!(endpoint("https://shop.example/hooks?a=b", false).is_ok());
        assert!(endpoint("http://1.1.1.1/", false).is_ok());
        for uri in ["ftp://shop.example/", "file:///etc/passwd", "mailto:a@shop.example", "javascript:alert(1)"] {
            assert_eq!(endpoint(uri, true), Err(BadEndpoint::Scheme), "{uri}");
        }
        for uri in ["https://user@shop.example/", "https://:secret@shop.example/", "https://a:b@shop.example/"] {
            assert_eq!(endpoint(uri, true), Err(BadEndpoint::Credentials), "{uri}");
        }
        assert_eq!(endpoint("https://shop.example/hooks#a", true), Err(BadEndpoint::Fragment));
        let long = format!("https://shop.example/{}", "a".repeat(2048));
        let long_once_encoded = format!("https://shop.example/{}", " a".repeat(600));
        for uri in ["", "/hooks", "https://", long.as_str(), long_once_encoded.as_str()] {
            assert_eq!(endpoint(uri, true), Err(BadEndpoint::NotAUrl), "{uri}");
        }
    }

    #[test]
    fn waits_follow_the_settings_with_up_to_a_tenth_more_and_end() {
        let retry = [60, 120, 240, 480].map(Duration::from_secs);
        let seconds = |failed, unit| wait(&retry, failed, unit).map(|wait| wait.num_seconds());
        assert_eq!(
            [1, 2, 3, 4, 5].map(|failed| seconds(failed, 0.0)),
            [Some(60), Some(120), Some(240), Some(480), None]
        );
        assert_eq!(seconds(1, 1.0), Some(66));
        assert_eq!(seconds(0, 0.0), None);
    }

    #[test]
    fn bodies_are_shown_as_long_as_they_are_no_longer_than_one_may_be() {
        let delivery = |body_bytes| Delivery {
            id: Uuid::nil(),
            subscription_id: Uuid::nil(),
            event_id: Uuid::nil(),
            topic: Topic::OrdersCreate,
            status: DeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: None,
            body_bytes,
            is_test: false,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let longest = i32::try_from(MAX_BODY).unwrap();
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&[None, Some(1), Some(longest - 1), None, Some(1), None].map(delivery)), 4);
        assert_eq!(fitting(&[Some(longest), Some(1)].map(delivery)), 1);
    }

    proptest::proptest! {
        #[test]
        fn an_excerpt_is_bounded_text_without_nul(bytes: Vec<u8>, max in 0usize..64) {
            let text = excerpt(&bytes, max);
            proptest::prop_assert!(text.len() <= max && !text.contains('\0'));
        }
    }
}
