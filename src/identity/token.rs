//! Access tokens: JWTs (RFC 7519) that say who asks, for 15 minutes.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::{KeySet, VerifyingKey};
use crate::error::Fault;
use crate::ids::TenantId;

/// How long a token is good for.
pub const TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);
/// How far the clocks of those who sign and those who check may be apart, for a token that has just been made.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// Bytes of a token at most: ours have some 500.
const MAX_TOKEN: usize = 4096;

/// Who signs, and for whom: `iss` and `aud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    pub iss: String,
    pub aud: String,
}

impl Issuer {
    /// The API at this address.
    pub fn at(public_url: &str) -> Self {
        Self { iss: public_url.to_owned(), aud: format!("{public_url}/graphql") }
    }
}

/// What a token of ours says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The staff member.
    pub sub: Uuid,
    pub tenant: TenantId,
    /// The role as it was when the token was made: for other services. Here the session's counts.
    pub role: String,
    /// The session.
    pub sid: Uuid,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: Uuid,
}

/// A token whose signature, issuer and audience are right; whether it is its time is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed it.
    pub kid: String,
    pub staff_id: Uuid,
    /// None: it names none, or something that is no tenant's id.
    pub tenant: Option<TenantId>,
    pub session_id: Uuid,
    not_before: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Nobody learns more than that: not by which check it fell.
    #[error("the access token is malformed, or not one of this service")]
    Malformed,
    #[error("the access token has expired: refresh it with `staffTokenRefresh`, sent without it")]
    Expired,
    #[error("the access token is not valid yet")]
    Early,
}

/// Signs what a token says, with the key whose turn it is.
pub fn sign(keys: &KeySet, claims: &Claims, now: DateTime<Utc>) -> Result<String, Fault> {
    let (key, signing) = keys.signing(now).ok_or_else(|| Fault::internal("there is no key to sign with"))?;
    let header = Header { kid: Some(key.kid.clone()), ..Header::new(key.algorithm) };
    encode(&header, claims, signing).map_err(|error| Fault::internal(format!("a token cannot be signed: {error}")))
}

/// The parts of a token that are looked at; what is not ours may leave some out.
#[derive(Deserialize)]
struct Said {
    sub: Uuid,
    sid: Uuid,
    #[serde(default)]
    tenant: serde_json::Value,
    nbf: i64,
    exp: i64,
}

/// Checks everything about a token that does not change: whose signature it is, issuer, audience, that nothing is
/// missing.
pub fn verify(keys: &KeySet, issuer: &Issuer, text: &str, now: DateTime<Utc>) -> Result<Verified, BadToken> {
    if text.len() > MAX_TOKEN {
        return Err(BadToken::Malformed);
    }
    let header = decode_header(text).map_err(|_| BadToken::Malformed)?;
    let key = header.kid.as_deref().and_then(|kid| keys.verifying(kid, now)).ok_or(BadToken::Malformed)?;
    let said = said(key, issuer, text, &header).ok_or(BadToken::Malformed)?;
    let time = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(BadToken::Malformed);
    let tenant = said.tenant.as_str().and_then(|tenant| Uuid::try_parse(tenant).ok()).map(TenantId);
    Ok(Verified {
        kid: key.kid.clone(),
        staff_id: said.sub,
        tenant,
        session_id: said.sid,
        not_before: time(said.nbf)?,
        expires_at: time(said.exp)?,
    })
}

fn said(key: &VerifyingKey, issuer: &Issuer, text: &str, header: &Header) -> Option<Said> {
    // What must be understood and is not (RFC 7515, 4.1.11).
    if header.crit.is_some() {
        return None;
    }
    // The key's algorithm and no other, whatever the header says.
    let mut validation = Validation::new(key.algorithm);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    validation.set_issuer(&[&issuer.iss]);
    validation.set_audience(&[&issuer.aud]);
    // By the clock of the process, not the library's.
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    decode::<Said>(text, &key.key, &validation).ok().map(|token| token.claims)
}

impl Verified {
    /// Whether it is the token's time.
    pub fn check_time(&self, now: DateTime<Utc>) -> Result<(), BadToken> {
        match () {
            () if now >= self.expires_at => Err(BadToken::Expired),
            () if now + SKEW < self.not_before => Err(BadToken::Early),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
    use jsonwebtoken::{Algorithm, EncodingKey};

    use super::*;
    use crate::identity::keys::StoredKey;

    fn claims(issuer: &Issuer, now: DateTime<Utc>) -> Claims {
        let (iss, aud) = (issuer.iss.clone(), issuer.aud.clone());
        let exp = (now + TOKEN_LIFE).timestamp();
        let [iat, nbf] = [now.timestamp(); 2];
        let [sub, sid, jti] = [1, 2, 3].map(Uuid::from_u128);
        let tenant = TenantId(Uuid::from_u128(4));
        Claims { iss, aud, sub, tenant, role: "owner".to_owned(), sid, iat, nbf, exp, jti }
    }

    #[test]
    fn a_token_says_what_it_was_made_of_and_only_in_its_time() {
        let (issuer, now) = (Issuer::at("https://api.example"), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let keys = KeySet::read(vec![StoredKey::from_random([1; 32], now, now).unwrap()]).unwrap();
        let claims = claims(&issuer, now);
        let token = sign(&keys, &claims, now).unwrap();
        let verified = verify(&keys, &issuer, &token, now).unwrap();
        assert_eq!(
            (verified.staff_id, verified.tenant, verified.session_id),
            (claims.sub, Some(claims.tenant), claims.sid)
        );
        let second = TimeDelta::seconds(1);
        for (at, expected) in [
            (now - SKEW - second, Err(BadToken::Early)),
            (now - SKEW, Ok(())),
            (now + TOKEN_LIFE - second, Ok(())),
            (now + TOKEN_LIFE, Err(BadToken::Expired)),
        ] {
            assert_eq!(verified.check_time(at), expected, "{at}");
        }
        let elsewhere = Issuer::at("https://other.example");
        assert_eq!(verify(&keys, &elsewhere, &token, now), Err(BadToken::Malformed));
    }

    /// For issuers elsewhere: the key says RS256, and nothing else is taken for it.
    #[test]
    fn a_token_of_an_rsa_key_is_checked_by_its_own_algorithm_alone() {
        let (issuer, now) = (Issuer::at("https://api.example"), DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let public = aws_lc_rs::signature::RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let whole: &[u8] = der.as_ref();
        // Without what PKCS#8 has in front of an RSA key of this size: the library signs with the PKCS#1 inside.
        let der = &whole[26..];
        let key = VerifyingKey::rs256("theirs".to_owned(), &public.n, &public.e);
        let claims = claims(&issuer, now);
        for (algorithm, is_taken) in [(Algorithm::RS256, true), (Algorithm::RS512, false), (Algorithm::PS256, false)] {
            let header = Header { kid: Some("theirs".to_owned()), ..Header::new(algorithm) };
            let token = encode(&header, &claims, &EncodingKey::from_rsa_der(der)).unwrap();
            assert_eq!(said(&key, &issuer, &token, &header).is_some(), is_taken, "{algorithm:?}");
        }
        let header = Header::new(Algorithm::HS256);
        let forged = encode(&header, &claims, &EncodingKey::from_secret(&public.n)).unwrap();
        assert!(said(&key, &issuer, &forged, &header).is_none());
    }
}
