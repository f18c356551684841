//! Outside identity providers: a list in JSON, of which every mistake is told at once.

mod entry;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jsonwebtoken::Algorithm;
use serde_json::Value;
use url::{Host, Url};

use self::entry::Entry;
use super::read::Reader;
use crate::country::Country;
use crate::identity::provider::claims::{ClaimPath, RoleMap};
use crate::money::Currency;
use crate::webhook::sign::SigningSecret;

const NAME: &str = "IDENTITY_PROVIDERS";
/// Providers, and entries of each list in them, at most.
const MAX_PROVIDERS: usize = 20;
const MAX_ENTRIES: usize = 100;
/// Characters of an issuer and of each entry.
const MAX_CHARS: usize = 255;

/// What a token's tenant claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantClaim {
    /// The provider's name of an organization, of which its webhooks have told.
    Organization,
    /// Our own: a tenant's id or handle.
    Own,
}

/// What a shop has that is made because a provider tells of a new organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewShopConfig {
    pub currency: Currency,
    pub country: Country,
    /// What delivery there costs, in minor units.
    pub shipping_rate_minor: i64,
}

/// An OpenID provider whose tokens let staff in. Its secrets have no Debug of their own.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// What the operator calls it: the end of the path to which it sends webhooks.
    pub name: String,
    /// `iss` of its tokens, to the letter.
    pub issuer: String,
    /// Whether its addresses may lead into private networks.
    pub private_network: bool,
    /// One of these is in `aud`; none: `aud` is not looked at.
    pub audiences: Vec<String>,
    /// One of these is `azp`; none: `azp` is not looked at.
    pub authorized_parties: Vec<String>,
    /// Where the tenant, the user and the role stand; of several the first that is there.
    pub tenant: Vec<ClaimPath>,
    pub user: Vec<ClaimPath>,
    pub role: Vec<ClaimPath>,
    pub tenant_claim: TenantClaim,
    pub roles: RoleMap,
    /// What its keys may be for.
    pub algorithms: Vec<Algorithm>,
    /// What its webhooks are signed with; none: it sends none.
    pub webhook_secrets: Vec<SigningSecret>,
    /// Of a provider that sends webhooks.
    pub new_shop: Option<NewShopConfig>,
}

/// Whether an address is of the machine itself, for which plain http will do.
pub fn is_of_this_machine(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Reads the list. `public_url` is the issuer of our own tokens, which no other may be.
pub(super) fn read_with(r: &mut Reader<'_>, public_url: &str) -> Vec<ProviderConfig> {
    r.section("Identity providers");
    let given = r.secret(
        NAME,
        "/etc/emporia/identity-providers.json",
        "outside OpenID providers whose tokens let staff in: a JSON list, or the file that holds it",
    );
    let Some(given) = given else { return Vec::new() };
    let mut mistakes = Vec::new();
    let found = parse(&given, public_url, &mut mistakes);
    for mistake in mistakes {
        r.mistake(mistake);
    }
    found
}

fn parse(given: &str, public_url: &str, mistakes: &mut Vec<String>) -> Vec<ProviderConfig> {
    let text = if given.trim_start().starts_with('[') {
        given.to_owned()
    } else {
        match std::fs::read_to_string(given) {
            Ok(text) => text,
            Err(error) => {
                // Not what was given, which may be meant for a list and hold secrets.
                mistakes.push(format!("{NAME}: it is no JSON list, and the file cannot be read: {error}"));
                return Vec::new();
            }
        }
    };
    // The line and column alone: the text holds secrets.
    let list: Vec<Value> = match serde_json::from_str(&text) {
        Ok(list) => list,
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            mistakes.push(format!("{NAME} is no JSON list: {place}"));
            return Vec::new();
        }
    };
    if list.len() > MAX_PROVIDERS {
        mistakes.push(format!("{NAME} has {} providers; expected at most {MAX_PROVIDERS}", list.len()));
    }
    let mut found = Vec::new();
    for (index, value) in list.into_iter().take(MAX_PROVIDERS).enumerate() {
        let Value::Object(fields) = value else {
            mistakes.push(format!("{NAME}[{index}]: expected an object"));
            continue;
        };
        let mut entry = Entry { place: format!("{NAME}[{index}]"), fields, mistakes };
        let provider = entry.provider();
        entry.leave();
        found.push(provider);
    }
    let mut seen = BTreeSet::new();
    for provider in &found {
        if provider.issuer == public_url {
            mistakes.push(format!("{NAME}: the issuer \"{public_url}\" is PUBLIC_URL, which is our own"));
        }
        for (what, text) in [("name", &provider.name), ("issuer", &provider.issuer)] {
            if !text.is_empty() && !seen.insert((what, text)) {
                mistakes.push(format!("{NAME}: two providers have the {what} \"{text}\""));
            }
        }
    }
    found
}
