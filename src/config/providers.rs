//! Outside identity providers: a list in JSON, of which every mistake is told at once.

use std::collections::{BTreeMap, BTreeSet};

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use url::{Host, Url};

use super::read::Reader;
use crate::country::Country;
use crate::identity::provider::claims::{ClaimPath, RoleMap};
use crate::money::{Currency, Money};
use crate::role::model::is_handle;
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

/// What a preset fills in where the operator says nothing.
struct Preset {
    tenant: &'static [&'static str],
    role: &'static [&'static str],
    roles: &'static [(&'static str, &'static str)],
    algorithms: &'static [Algorithm],
}

/// Clerk's session tokens: `org_id` and `org_role` in the first version, `o` with `id` and `rol` in the second, which
/// leaves out `org:`.
const CLERK: Preset = Preset {
    tenant: &["org_id", "o.id"],
    role: &["org_role", "o.rol"],
    roles: &[("org:admin", "admin"), ("admin", "admin"), ("org:member", "viewer"), ("member", "viewer")],
    algorithms: &[Algorithm::RS256],
};
const ANY: Preset =
    Preset { tenant: &[], role: &[], roles: &[], algorithms: &[Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] };

/// An object of the list, out of which fields are taken until none should be left.
struct Entry<'a> {
    place: String,
    fields: Map<String, Value>,
    mistakes: &'a mut Vec<String>,
}

impl Entry<'_> {
    fn provider(&mut self) -> ProviderConfig {
        let name = self.text("name").unwrap_or_default();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 63 || !name.chars().all(is_name) {
            self.mistake("name", "expected 1 to 63 characters a-z, 0-9 and -");
        }
        let issuer = self.issuer();
        let preset = match self.text("preset").as_deref() {
            None => ANY,
            Some("clerk") => CLERK,
            Some(_) => {
                self.mistake("preset", "expected clerk, or none");
                ANY
            }
        };
        let private_network = self.flag("private_network");
        let (audiences, authorized_parties) = (self.texts("audiences"), self.texts("authorized_parties"));
        if audiences.is_empty() && authorized_parties.is_empty() {
            self.mistake(
                "audiences",
                "expected audiences or authorized_parties: otherwise a token for any other application would do",
            );
        }
        let tenant_claim = match self.text("tenants").as_deref() {
            None | Some("organizations") => TenantClaim::Organization,
            Some("own") => TenantClaim::Own,
            Some(_) => {
                self.mistake("tenants", "expected organizations or own");
                TenantClaim::Organization
            }
        };
        let [tenant, user, role] = self.claims(&preset);
        let (roles, algorithms) = (self.roles(&preset), self.algorithms(&preset));
        let webhook_secrets = self.secrets();
        let new_shop = self.new_shop();
        if !webhook_secrets.is_empty() && new_shop.is_none() && !self.has_mistake("new_shop") {
            self.mistake("new_shop", "expected an object with currency, country and shipping_rate, for the shops of organizations that webhooks tell of");
        }
        if !webhook_secrets.is_empty() && tenant_claim == TenantClaim::Own {
            self.mistake("tenants", "expected organizations: webhooks tell of no other tenants");
        }
        ProviderConfig {
            name,
            issuer,
            private_network,
            audiences,
            authorized_parties,
            tenant,
            user,
            role,
            tenant_claim,
            roles,
            algorithms,
            webhook_secrets,
            new_shop,
        }
    }

    fn issuer(&mut self) -> String {
        let issuer = self.text("issuer").unwrap_or_default();
        let is_one = Url::parse(&issuer).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none();
            let whole = url.query().is_none() && url.fragment().is_none();
            let sure = url.scheme() == "https" || (url.scheme() == "http" && is_of_this_machine(&issuer));
            url.has_host() && bare && whole && sure
        });
        if !is_one {
            self.mistake("issuer", "expected an https URL like https://login.example, as tokens have it in iss");
        }
        issuer
    }

    fn claims(&mut self, preset: &Preset) -> [Vec<ClaimPath>; 3] {
        let Some(mut claims) = self.object("claims") else {
            if preset.tenant.is_empty() {
                self.mistake("claims", "expected an object with tenant, at least");
            }
            return [paths(preset.tenant), paths(&["sub"]), paths(preset.role)];
        };
        let found = [("tenant", preset.tenant), ("user", &["sub"][..]), ("role", preset.role)].map(|(name, usual)| {
            let given = claims.texts(name);
            if given.is_empty() {
                return paths(usual);
            }
            let read = given.iter().map(|text| text.parse::<ClaimPath>()).collect::<Result<Vec<_>, _>>();
            read.unwrap_or_else(|bad| {
                claims.mistake(name, &bad.to_string());
                Vec::new()
            })
        });
        if found[0].is_empty() && !claims.has_mistake("tenant") {
            claims.mistake("tenant", "expected the claim that names the tenant");
        }
        claims.leave();
        found
    }

    fn roles(&mut self, preset: &Preset) -> RoleMap {
        let usual = preset.roles.iter().map(|(theirs, ours)| ((*theirs).to_owned(), (*ours).to_owned()));
        let mut map: BTreeMap<String, String> = usual.collect();
        if let Some(mut given) = self.object("roles") {
            for theirs in given.fields.keys().cloned().collect::<Vec<_>>() {
                let ours = given.text(&theirs).unwrap_or_default();
                if !is_handle(&ours) {
                    given.mistake(&theirs, "expected the handle of a role, like admin");
                }
                map.insert(theirs, ours);
            }
            if map.len() > MAX_ENTRIES {
                self.mistake("roles", "expected at most 100");
            }
        }
        RoleMap(map)
    }

    fn algorithms(&mut self, preset: &Preset) -> Vec<Algorithm> {
        let given = self.texts("algorithms");
        if given.is_empty() {
            return preset.algorithms.to_vec();
        }
        let read = given.iter().map(|name| match name.as_str() {
            "RS256" => Some(Algorithm::RS256),
            "ES256" => Some(Algorithm::ES256),
            "EdDSA" => Some(Algorithm::EdDSA),
            _ => None,
        });
        read.collect::<Option<Vec<_>>>().unwrap_or_else(|| {
            self.mistake("algorithms", "expected some of RS256, ES256 and EdDSA");
            Vec::new()
        })
    }

    fn secrets(&mut self) -> Vec<SigningSecret> {
        let given = self.texts("webhook_secrets");
        let read = given.iter().map(|text| SigningSecret::parse(text)).collect::<Option<Vec<_>>>();
        read.unwrap_or_else(|| {
            self.mistake("webhook_secrets", "expected each as whsec_ and the base64 of 24 to 64 bytes");
            Vec::new()
        })
    }

    fn new_shop(&mut self) -> Option<NewShopConfig> {
        const MAX_RATE: i64 = 1_000_000_000_000;
        let mut shop = self.object("new_shop")?;
        let currency = shop.text("currency").and_then(|code| Currency::from_code(&code));
        if currency.is_none() {
            shop.mistake("currency", "expected one like EUR");
        }
        let country = shop.text("country").and_then(|code| Country::from_code(&code));
        if country.is_none() {
            shop.mistake("country", "expected one like DE");
        }
        let rate = shop.text("shipping_rate");
        let rate = currency.and_then(|currency| Money::parse(&rate?, currency).ok()).map(|rate| rate.minor);
        let rate = rate.filter(|minor| (0..=MAX_RATE).contains(minor));
        if rate.is_none() && currency.is_some() {
            shop.mistake("shipping_rate", "expected an amount like \"4.90\", or \"0\"");
        }
        shop.leave();
        Some(NewShopConfig { currency: currency?, country: country?, shipping_rate_minor: rate? })
    }

    fn mistake(&mut self, field: &str, expected: &str) {
        self.mistakes.push(format!("{}.{field}: {expected}", self.place));
    }

    fn has_mistake(&self, field: &str) -> bool {
        let place = format!("{}.{field}", self.place);
        self.mistakes.iter().any(|mistake| mistake.starts_with(&place))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name)? {
            Value::String(text) if (1..=MAX_CHARS).contains(&text.chars().count()) => Some(text),
            _ => {
                self.mistake(name, "expected a text of 1 to 255 characters");
                None
            }
        }
    }

    /// A list of texts, or one alone.
    fn texts(&mut self, name: &str) -> Vec<String> {
        let values = match self.fields.remove(name) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
        };
        let text = |value: Value| match value {
            Value::String(text) if (1..=MAX_CHARS).contains(&text.chars().count()) => Some(text),
            _ => None,
        };
        let texts = values.into_iter().map(text).collect::<Option<Vec<_>>>();
        texts.filter(|texts| (1..=MAX_ENTRIES).contains(&texts.len())).unwrap_or_else(|| {
            self.mistake(name, "expected 1 to 100 texts of 1 to 255 characters");
            Vec::new()
        })
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.fields.remove(name) {
            None => false,
            Some(Value::Bool(value)) => value,
            Some(_) => {
                self.mistake(name, "expected true or false");
                false
            }
        }
    }

    fn object(&mut self, name: &str) -> Option<Entry<'_>> {
        match self.fields.remove(name)? {
            Value::Object(fields) => {
                Some(Entry { place: format!("{}.{name}", self.place), fields, mistakes: self.mistakes })
            }
            _ => {
                self.mistake(name, "expected an object");
                None
            }
        }
    }

    /// Nothing may be left: what is misspelt would be taken for left out.
    fn leave(mut self) {
        for name in std::mem::take(&mut self.fields).keys() {
            self.mistake(name, "there is no such field");
        }
    }
}

fn paths(texts: &[&str]) -> Vec<ClaimPath> {
    texts.iter().map(|text| text.parse().expect("a way to a claim")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ProviderConfig>, Vec<String>> {
        let mut mistakes = Vec::new();
        let found = parse(text, "https://api.example", &mut mistakes);
        if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
    }

    #[test]
    fn clerk_needs_little_to_be_said() {
        let found = read(
            r#"[{ "name": "clerk", "preset": "clerk", "issuer": "https://clerk.shops.example",
                "authorized_parties": "https://admin.shops.example", "roles": { "org:member": "editor" },
                "webhook_secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
                "new_shop": { "currency": "EUR", "country": "DE", "shipping_rate": "4.90" } }]"#,
        );
        let [clerk]: [ProviderConfig; 1] = found.unwrap().try_into().unwrap();
        assert_eq!((clerk.tenant.len(), clerk.user.len(), clerk.role.len()), (2, 1, 2));
        assert_eq!(clerk.authorized_parties, ["https://admin.shops.example"]);
        assert_eq!(&*clerk.roles.role(Some("org:member")), "editor");
        assert_eq!(&*clerk.roles.role(Some("org:admin")), "admin");
        assert_eq!(clerk.algorithms, [Algorithm::RS256]);
        assert_eq!(clerk.new_shop.unwrap().shipping_rate_minor, 490);
        assert!(!format!("{clerk:?}").contains("MfKQ9r8"), "a secret is not shown");
    }

    #[test]
    fn every_mistake_is_told_and_no_secret() {
        let mistakes = read(
            r#"[{ "name": "A b", "issuer": "http://login.example", "audience": "x", "preset": "okta",
                "claims": { "tenant": "a..b", "usr": "sub" }, "roles": { "boss": "No Handle" },
                "algorithms": ["HS256"], "webhook_secrets": ["whsec_c2hvcnQ="], "private_network": "yes",
                "new_shop": { "currency": "XXX", "country": "DE", "shipping_rate": "-1" } },
              { "name": "own", "issuer": "https://api.example", "audiences": ["x"], "claims": { "tenant": "t" } },
              { "name": "own", "issuer": "https://login.example/?a=b", "audiences": [], "tenants": "mine" }, 7]"#,
        );
        let said = mistakes.unwrap_err();
        for mistake in [
            "[0].name: expected 1 to 63",
            "[0].issuer: expected an https URL",
            "[0].audience: there is no such field",
            "[0].audiences: expected audiences or authorized_parties",
            "[0].preset: expected clerk",
            "[0].claims.tenant: expected a claim",
            "[0].claims.usr: there is no such field",
            "[0].roles.boss: expected the handle",
            "[0].algorithms: expected some of",
            "[0].webhook_secrets: expected each",
            "[0].private_network: expected true",
            "[0].new_shop.currency: expected one",
            "[2].issuer: expected",
            "[2].audiences: expected 1 to 100",
            "[2].tenants: expected organizations or own",
            "[2].claims: expected an object",
            "[3]: expected an object",
            ": the issuer \"https://api.example\" is PUBLIC_URL",
            ": two providers have the name \"own\"",
        ] {
            assert!(said.iter().any(|line| line.starts_with(&format!("{NAME}{mistake}"))), "{mistake}: {said:#?}");
        }
        assert!(!format!("{said:?}").contains("c2hvcnQ"), "{said:?}");
        assert_eq!(read("[{ \"name\": \"s3cret").unwrap_err(), [format!("{NAME} is no JSON list: line 1, column 18")]);
        for bad in ["/nonexistent/providers.json", "{ \"webhook_secrets\": \"s3cret\" }"] {
            let mistake = &read(bad).unwrap_err()[0];
            assert!(mistake.contains("the file cannot be read") && !mistake.contains("s3cret"), "{mistake}");
        }
    }

    #[test]
    fn webhooks_need_to_know_what_a_new_shop_has() {
        let with = |more: &str| {
            read(&format!(
                r#"[{{ "name": "a", "issuer": "http://127.0.0.1:9", "audiences": "x", "claims": {{ "tenant": "t" }},
                    "webhook_secrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" {more} }}]"#
            ))
        };
        assert!(with("").unwrap_err()[0].starts_with("IDENTITY_PROVIDERS[0].new_shop: expected an object"));
        let shop = r#", "new_shop": { "currency": "JPY", "country": "JP", "shipping_rate": "0" }"#;
        assert!(with(shop).is_ok(), "on this machine plain http will do");
        assert!(with(&format!(r#"{shop}, "tenants": "own""#)).unwrap_err()[0].contains("webhooks tell of no other"));
    }
}
