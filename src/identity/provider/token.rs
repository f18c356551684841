//! Checking a provider's token (JWT, RFC 7519): by its key's algorithm, for this service, in its time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::Value;

use super::Provider;
use super::claims::find;
use super::keys::NoKey;
use crate::identity::keys::VerifyingKey;
use crate::identity::token::BadToken;

/// Bytes of a token at most: those of providers hold more than ours.
pub(super) const MAX_TOKEN: usize = 8192;
/// How far a provider's clock may be ahead of ours, for a token that has just been made.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// Characters of a user's and of an organization's name.
pub const MAX_NAME: usize = 255;

/// What a token says whose signature, issuer and audience are right; whether it is its time is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// The key that signed it.
    pub kid: String,
    /// The provider's name of the user.
    pub subject: String,
    /// The provider's name of the organization, or what is ours of a tenant; none: it names none.
    pub tenant: Option<String>,
    /// The handle of a role of ours.
    pub role: Arc<str>,
    not_before: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
}

/// Why a token is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotVerified {
    Bad(BadToken),
    /// The provider's keys are not known, and it does not say them at the moment.
    Away,
}

impl From<BadToken> for NotVerified {
    fn from(bad: BadToken) -> Self {
        Self::Bad(bad)
    }
}

/// Checks everything about a token that does not change.
pub async fn verify(provider: &Provider, text: &str) -> Result<Outsider, NotVerified> {
    if text.len() > MAX_TOKEN {
        return Err(BadToken::Malformed.into());
    }
    let header = decode_header(text).map_err(|_| BadToken::Malformed)?;
    // What must be understood and is not (RFC 7515, 4.1.11). `jku`, `jwk` and their like are read by nobody.
    let kid = header.kid.as_deref().filter(|_| header.crit.is_none()).ok_or(BadToken::Malformed)?;
    // Before the provider is asked for a key that nobody has: nothing but an algorithm of its could be right.
    if !provider.config.algorithms.contains(&header.alg) {
        return Err(BadToken::Malformed.into());
    }
    let key = provider.keys.key(kid).await.map_err(|no| match no {
        NoKey::Unknown => NotVerified::Bad(BadToken::Malformed),
        NoKey::Away => NotVerified::Away,
    })?;
    Ok(said(provider, &key, &header, text).ok_or(BadToken::Malformed)?)
}

/// Whether the key that has signed a token counts still.
pub async fn still_counts(provider: &Provider, outsider: &Outsider) -> Result<(), NotVerified> {
    match provider.keys.key(&outsider.kid).await {
        Ok(_) => Ok(()),
        Err(NoKey::Unknown) => Err(BadToken::Malformed.into()),
        Err(NoKey::Away) => Err(NotVerified::Away),
    }
}

fn said(provider: &Provider, key: &VerifyingKey, header: &Header, text: &str) -> Option<Outsider> {
    let config = &provider.config;
    // The key's algorithm and no other, whatever the header says.
    if header.alg != key.algorithm {
        return None;
    }
    let mut validation = Validation::new(key.algorithm);
    validation.set_required_spec_claims(&["iss", "exp"]);
    validation.set_issuer(&[&config.issuer]);
    if config.audiences.is_empty() {
        validation.validate_aud = false;
    } else {
        validation.set_required_spec_claims(&["iss", "exp", "aud"]);
        validation.set_audience(&config.audiences);
    }
    // By the clock of the process, not the library's.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let claims = decode::<Value>(text, &key.key, &validation).ok()?.claims;
    if !config.authorized_parties.is_empty() {
        let party = claims.get("azp").and_then(Value::as_str)?;
        config.authorized_parties.iter().find(|known| *known == party)?;
    }
    let not_before = match claims.get("nbf") {
        None | Some(Value::Null) => None,
        Some(value) => Some(time(value)?),
    };
    Some(Outsider {
        kid: key.kid.clone(),
        subject: name(find(&config.user, &claims)?)?,
        tenant: find(&config.tenant, &claims).and_then(name),
        role: config.roles.role_of(find(&config.role, &claims)),
        not_before,
        expires_at: time(claims.get("exp")?)?,
    })
}

/// A name that can be kept.
fn name(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_name = (1..=MAX_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    is_name.then(|| text.to_owned())
}

/// A NumericDate: seconds, of which there may be parts.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    // What is beyond a time is none below.
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))?;
    DateTime::from_timestamp(seconds, 0).filter(|time| time.timestamp() >= 0)
}

impl Outsider {
    /// Whether it is the token's time.
    pub fn check_time(&self, now: DateTime<Utc>) -> Result<(), BadToken> {
        match () {
            () if now >= self.expires_at => Err(BadToken::Expired),
            () if self.not_before.is_some_and(|from| now + SKEW < from) => Err(BadToken::Early),
            () => Ok(()),
        }
    }
}
