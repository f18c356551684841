//! The token by which a shopper finds the order again.
//!
//! It has to be the same in every answer to the same checkout, and only its hash may be stored. So it is derived: an
//! HMAC of the order's id under the cart's secret key, whose 128 random bits are in the cart's id, which every such
//! request carries, and of which the database, too, has only a hash. Who reads the database learns neither.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::cart::key::CartKey;

/// An order's token in clear. Never logged: it has no Debug and no Display.
pub struct OrderToken(String);

impl OrderToken {
    pub fn of(cart: &CartKey, order_id: Uuid) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(cart.reveal().as_bytes()).expect("HMAC takes keys of any length");
        mac.update(b"emporia order token 1");
        mac.update(order_id.as_bytes());
        Self(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    /// The token in clear, for the answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

/// The SHA-256 by which a token is looked up.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_for_the_same_cart_and_order_only() {
        let [one, other] = [1, 2].map(|n| CartKey::from_random(Uuid::nil(), [n; 16]));
        let (order, next) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token = OrderToken::of(&one, order);
        assert_eq!(token.reveal(), OrderToken::of(&one, order).reveal());
        assert_eq!(token.hash(), hash(token.reveal()));
        assert_ne!(token.reveal(), OrderToken::of(&one, next).reveal());
        assert_ne!(token.reveal(), OrderToken::of(&other, order).reveal());
        assert_eq!(token.reveal().len(), 43);
    }
}
