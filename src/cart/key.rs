//! The bearer secret in a cart's id: `gid://emporia/Cart/<uuid>?key=<base64url of 128 random bits>`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::ids::{Gid, GidNamespace};

/// Which cart, and the proof of being allowed to it. The secret is never logged.
#[derive(Clone)]
pub struct CartKey {
    pub id: Uuid,
    secret: String,
}

/// The SHA-256 by which a cart's key is stored. 128 random bits need no slow hash.
#[derive(Clone, Copy)]
pub struct CartKeyHash([u8; 32]);

/// 16 bytes in base64url.
const SECRET_CHARS: usize = 22;

impl CartKey {
    /// A new cart's.
    pub fn from_random(id: Uuid, random: [u8; 16]) -> Self {
        Self { id, secret: URL_SAFE_NO_PAD.encode(random) }
    }

    /// A uuid and a secret that arrived apart from each other; none when the secret cannot be one of ours.
    pub fn new(id: Uuid, secret: &str) -> Option<Self> {
        let well_formed = secret.len() == SECRET_CHARS && URL_SAFE_NO_PAD.decode(secret).is_ok();
        well_formed.then(|| Self { id, secret: secret.to_owned() })
    }

    /// Reads a cart's global id; none when it is something else or lacks its key.
    pub fn parse(gid: &str) -> Option<Self> {
        let gid = Gid::parse(gid).ok().filter(|gid| gid.kind == "Cart")?;
        let query = gid.query?;
        let secret = query.split('&').find_map(|pair| pair.strip_prefix("key="))?;
        Self::new(gid.id, secret)
    }

    /// The cart's global id, key included.
    pub fn gid(&self, namespace: GidNamespace) -> String {
        format!("{}?key={}", namespace.encode("Cart", self.id), self.secret)
    }

    /// The secret in clear, for the cart's own links.
    pub fn reveal(&self) -> &str {
        &self.secret
    }

    pub fn hash(&self) -> CartKeyHash {
        CartKeyHash(Sha256::digest(self.secret.as_bytes()).into())
    }
}

impl fmt::Debug for CartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CartKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl CartKeyHash {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether a stored hash is this one, in a time that says nothing about where they differ.
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carts_id_reads_back_with_its_key() {
        let key = CartKey::from_random(Uuid::from_u128(7), [7; 16]);
        for namespace in [GidNamespace::Emporia, GidNamespace::Shopify] {
            let read = CartKey::parse(&key.gid(namespace)).unwrap();
            assert_eq!(read.id, key.id);
            assert!(read.hash().matches(key.hash().bytes()));
        }
    }

    #[test]
    fn an_id_without_a_whole_key_is_no_cart() {
        let uuid = "0190a4c8-3f7e-7d7a-8b9e-1a2b3c4d5e6f";
        let secret = URL_SAFE_NO_PAD.encode([1; 16]);
        for bad in [
            format!("gid://emporia/Cart/{uuid}"),
            format!("gid://emporia/Cart/{uuid}?key="),
            format!("gid://emporia/Cart/{uuid}?key={secret}A"),
            format!("gid://emporia/Order/{uuid}?key={secret}"),
            format!("{uuid}?key={secret}"),
        ] {
            assert!(CartKey::parse(&bad).is_none(), "{bad}");
        }
        assert!(CartKey::parse(&format!("gid://shopify/Cart/{uuid}?a=b&key={secret}")).is_some());
    }

    #[test]
    fn another_key_does_not_match() {
        let [one, other] = [1, 2].map(|n| CartKey::from_random(Uuid::nil(), [n; 16]).hash());
        assert!(!one.matches(other.bytes()));
        assert!(!one.matches(b""));
    }
}
