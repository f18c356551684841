//! The random secrets of staff: refresh tokens and tokens for one use. In clear they are in the one answer or mail that
//! shows them; stored is their SHA-256.
//!
//! A refresh token is `ert_` and, in base64url, the session's id, 16 bytes that all tokens of the family share, and 32
//! bytes of its own. The family's bytes tell an old token from one that never was: who shows them has held one of the
//! family, and so a session cannot be ended by somebody who has only seen its id. A successor is an HMAC under the token
//! that it replaces, with a salt that only the database has: so the same token leads to the same successor, as long as
//! it may, and neither a stolen old token nor a stolen database leads to it alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// A SHA-256, of which nothing leads back.
pub type Hash = [u8; 32];

const REFRESH: &str = "ert_";
const ONCE: &str = "est_";

/// A refresh token in clear. Never logged: it has no Debug and no Display.
pub struct RefreshToken {
    pub session: Uuid,
    family: [u8; 16],
    own: [u8; 32],
}

impl RefreshToken {
    /// The first of a new family.
    pub fn first(session: Uuid, family: [u8; 16], own: [u8; 32]) -> Self {
        Self { session, family, own }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(REFRESH)?).ok()?;
        let bytes: [u8; 64] = bytes.try_into().ok()?;
        let (session, rest) = bytes.split_at(16);
        let (family, own) = rest.split_at(16);
        Some(Self {
            session: Uuid::from_slice(session).ok()?,
            family: family.try_into().ok()?,
            own: own.try_into().ok()?,
        })
    }

    /// The token that replaces this one.
    pub fn successor(&self, salt: &[u8; 32]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.own).expect("HMAC takes keys of any length");
        mac.update(b"emporia refresh token 1");
        mac.update(salt);
        Self { session: self.session, family: self.family, own: mac.finalize().into_bytes().into() }
    }

    /// In clear, for the one answer that shows it.
    pub fn reveal(&self) -> String {
        let bytes = [&self.session.as_bytes()[..], &self.family, &self.own].concat();
        format!("{REFRESH}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn hash(&self) -> Hash {
        Sha256::digest(self.reveal().as_bytes()).into()
    }

    pub fn family_hash(&self) -> Hash {
        let named: [&[u8]; 2] = [self.session.as_bytes(), &self.family];
        Sha256::digest(named.concat()).into()
    }
}

/// A token for one use in clear: 256 random bits. Never logged: it has no Debug and no Display.
pub struct OnceToken(String);

impl OnceToken {
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(format!("{ONCE}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// In clear, for the one mail or answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> Hash {
        once_hash(&self.0)
    }
}

/// The SHA-256 by which a token for one use is looked up.
pub fn once_hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a stored hash is this one, in a time that says nothing about where they differ.
pub fn is_hash(hash: &Hash, stored: &[u8]) -> bool {
    hash.ct_eq(stored).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_reads_back_and_has_one_successor() {
        let token = RefreshToken::first(Uuid::from_u128(7), [1; 16], [2; 32]);
        let read = RefreshToken::parse(&token.reveal()).expect("its own text");
        assert!(read.hash() == token.hash() && read.session == token.session);
        let [next, again, other] = [[3; 32], [3; 32], [4; 32]].map(|salt| read.successor(&salt));
        assert!(next.hash() == again.hash() && next.hash() != other.hash() && next.hash() != token.hash());
        assert!(next.family_hash() == token.family_hash() && next.session == token.session);
        let stranger = RefreshToken::first(Uuid::from_u128(8), [1; 16], [2; 32]);
        assert_ne!(stranger.family_hash(), token.family_hash());
    }

    #[test]
    fn what_cannot_be_a_refresh_token_is_none() {
        let whole = RefreshToken::first(Uuid::nil(), [0; 16], [0; 32]).reveal();
        for text in ["", "ert_", "esk_abc", &whole[1..], &whole[..40], &format!("{whole}AA"), "ert_äöü"] {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_for_one_use_is_found_by_its_hash() {
        let token = OnceToken::from_random([5; 32]);
        assert!(is_hash(&once_hash(token.reveal()), &token.hash()));
        assert!(!is_hash(&once_hash("est_"), &token.hash()) && token.reveal().len() == 47);
    }
}
