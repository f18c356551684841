//! Whether Stripe has said it: `Stripe-Signature`, an HMAC of the time and the raw body.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How far the time of a signature and ours may be apart.
pub const TOLERANCE: TimeDelta = TimeDelta::seconds(300);
/// Signatures of an event that are looked at.
const MAX_SIGNATURES: usize = 16;

/// What an endpoint's events are signed with: `whsec_` and more, all of it the key.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("whsec_")?;
        let is_one = (16..=255).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_graphic());
        is_one.then(|| Self(text.to_owned()))
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        for part in [timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac
    }
}

/// Whether one of the signatures in the header is of one of the secrets, and of about now.
pub fn is_signed(secrets: &[WebhookSecret], header: &str, body: &[u8], now: DateTime<Utc>) -> bool {
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    // The digits that were signed are the number's own.
    let mut times = parts().filter(|(name, _)| *name == "t").map(|(_, value)| value);
    let (Some(time), None) = (times.next(), times.next()) else { return false };
    let seconds = time.parse::<i64>().ok().filter(|seconds| seconds.to_string() == time);
    let Some(signed_at) = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else { return false };
    if (now - signed_at).abs() > TOLERANCE {
        return false;
    }
    let signatures: Vec<Vec<u8>> = parts()
        .filter(|(name, _)| *name == "v1")
        .take(MAX_SIGNATURES)
        .filter_map(|(_, value)| from_hex(value))
        .collect();
    // The dear part comes last: anybody can send a long body.
    !signatures.is_empty()
        && secrets.iter().any(|secret| {
            let mac = secret.mac(time, body);
            // Computed once; compared in the same time, wherever it differs.
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        })
}

/// The 32 bytes of a SHA-256.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| (0..64).step_by(2).filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn secret(text: &str) -> WebhookSecret {
        WebhookSecret::parse(text).expect("a secret")
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a time")
    }

    fn signature(secret: &WebhookSecret, time: &str) -> String {
        let bytes = secret.mac(time, BODY).finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn it_is_the_signature_that_stripe_makes() {
        // Computed with OpenSSL: printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_0123456789abcdef
        let known = "dea1657bd5053cb0f8a75ebf0bd3d22e0cdeb79563b44db6b88864e522fb8bc4";
        let secret = secret("whsec_0123456789abcdef");
        assert!(is_signed(&[secret], &format!("t=1700000000,v1={known},v0=00"), BODY, now()));
    }

    #[test]
    fn one_of_several_secrets_and_signatures_will_do() {
        let [old, new, other] =
            ["whsec_old_old_old_old_", "whsec_new_new_new_new_", "whsec_other_other_other"].map(secret);
        let (of_old, of_other) = (signature(&old, "1700000000"), signature(&other, "1700000000"));
        let header = format!("t=1700000000, v1={of_other}, v1={of_old}");
        assert!(is_signed(&[new.clone(), old.clone()], &header, BODY, now()));
        assert!(!is_signed(&[new], &header, BODY, now()));
        assert!(!is_signed(&[], &header, BODY, now()));
        assert!(!is_signed(std::slice::from_ref(&old), &header, b"{}", now()), "another body");
        for bad in [
            String::new(),
            "t=1700000000".to_owned(),
            format!("v1={of_old}"),
            format!("t=1700000000,v0={of_old}"),
            format!("t=01700000000,v1={of_old}"),
            format!("t=1700000000,t=1700000000,v1={of_old}"),
            format!("t=1700000000,v1={}", &of_old[..62]),
            format!("t=1700000000,v1={}", "ü".repeat(32)),
            "t=99999999999999999999,v1=00".to_owned(),
        ] {
            assert!(!is_signed(std::slice::from_ref(&old), &bad, BODY, now()), "{bad}");
        }
    }

    #[test]
    fn a_signature_holds_for_five_minutes_before_and_after() {
        let secret = secret("whsec_0123456789abcdef");
        for (seconds, holds) in [(0, true), (300, true), (301, false), (-300, true), (-301, false)] {
            let time = (now() + TimeDelta::seconds(seconds)).timestamp().to_string();
            let header = format!("t={time},v1={}", signature(&secret, &time));
            assert_eq!(is_signed(std::slice::from_ref(&secret), &header, BODY, now()), holds, "{seconds}");
        }
    }

    #[test]
    fn a_secret_says_of_itself_what_it_is_and_shows_nothing() {
        for bad in
            ["", "whsec_", "whsec_short", "sk_live_0123456789abcdef", "whsec_0123456789abcdef 0", "whsec_äöüäöüäöüäöü"]
        {
            assert!(WebhookSecret::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(format!("{:?}", secret("whsec_0123456789abcdef")), "WebhookSecret(…)");
    }
}
