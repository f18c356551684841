//! Staff who sign in elsewhere: with an OpenID provider of the operator's choice, whose tokens count here as they are.
//!
//! Invariants: an issuer counts only where the operator has named it, and only for tokens made for this service (`aud`,
//! `azp`); what a token says unverified chooses who is asked for keys, and nothing else; a token's role is the operator's
//! map of it, and a viewer's where the map does not know it; a provider that is slow or away holds nobody up but those
//! who come with its tokens.
//!
//! [`token`] checks, [`keys`] remembers and fetches, [`claims`] finds what the token says. `tenant::resolve::outside`
//! makes a caller of it, [`inbound`] takes what providers tell of organizations and memberships, [`event`] reads it.

pub mod claims;
pub mod event;
mod fetch;
pub mod inbound;
mod keys;
pub mod token;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uuid::{Builder, Uuid};

use self::keys::ProviderKeys;
use self::token::MAX_TOKEN;
use crate::clock::Clock;
use crate::config::ProviderConfig;
use crate::ids::TenantId;
use crate::outside::Outside;

/// A provider, and what this process knows of its keys.
pub struct Provider {
    pub config: ProviderConfig,
    keys: Arc<ProviderKeys>,
}

/// The providers whose staff are let in. Few: they are looked through.
pub struct Providers {
    all: Vec<Arc<Provider>>,
    /// One event at a time of a process: each holds a connection while it works with others.
    turn: Mutex<()>,
}

impl Providers {
    pub fn new(configs: &[ProviderConfig], clock: &Arc<dyn Clock>, outside: &Outside) -> Self {
        let provider = |config: &ProviderConfig| {
            let keys = Arc::new(ProviderKeys::new(config, clock.clone(), outside));
            Arc::new(Provider { config: config.clone(), keys })
        };
        Self { all: configs.iter().map(provider).collect(), turn: Mutex::new(()) }
    }

    /// Whose token it says it is: for looking up who has the keys. Nothing of this is believed.
    pub fn claimed_by(&self, text: &str) -> Option<&Arc<Provider>> {
        #[derive(Deserialize)]
        struct Whose {
            iss: String,
        }
        if self.all.is_empty() || text.len() > MAX_TOKEN {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
        let whose: Whose = serde_json::from_slice(&payload).ok()?;
        self.all.iter().find(|provider| provider.config.issuer == whose.iss)
    }

    /// The provider that the operator has given this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Provider>> {
        self.all.iter().find(|provider| provider.config.name == name)
    }
}

/// The id of a member of a shop's staff whom a provider vouches for: the same however and in whichever order token and
/// event tell of them, and another in each shop. It begins with bits that no id of ours has for the next millennia, so
/// that it meets none of them, and sorts behind them.
pub fn member_id(tenant: TenantId, issuer: &str, subject: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"emporia outside member 1");
    hash.update(tenant.0.as_bytes());
    for part in [issuer, subject] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[0] = 0xff;
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::clock::Entropy;

    #[test]
    fn a_member_is_another_in_each_shop_of_each_issuer_and_sorts_behind_our_own() {
        let [one, two] = [1, 2].map(|id| TenantId(Uuid::from_u128(id)));
        let id = member_id(one, "https://a.example", "user_1");
        assert_eq!(id, member_id(one, "https://a.example", "user_1"));
        let others = [
            member_id(two, "https://a.example", "user_1"),
            member_id(one, "https://b.example", "user_1"),
            member_id(one, "https://a.example", "user_2"),
            member_id(one, "https://a.exampleu", "ser_1"),
        ];
        assert!(others.iter().all(|other| *other != id), "{others:?}");
        let in_a_thousand_years = DateTime::UNIX_EPOCH + TimeDelta::days(365_000);
        assert!(id > Entropy::seeded(1).uuid_v7(in_a_thousand_years) && id.get_version_num() == 8);
    }
}
