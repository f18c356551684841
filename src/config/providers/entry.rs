//! One provider of the list: what stands in its fields, and every mistake in them.

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use url::Url;

use super::{MAX_CHARS, MAX_ENTRIES, NewShopConfig, ProviderConfig, TenantClaim, is_of_this_machine};
use crate::country::Country;
use crate::identity::provider::claims::{ClaimPath, RoleMap};
use crate::money::{Currency, Money};
use crate::role::model::is_handle;
use crate::webhook::sign::SigningSecret;

/// What a preset fills in where the operator says nothing.
struct Preset {
    tenant: &'static [&'static str],
    role: &'static [&'static str],
    /// What its texts may have before a role's name.
    prefix: &'static str,
    roles: &'static [(&'static str, &'static str)],
    algorithms: &'static [Algorithm],
}

/// Clerk's session tokens: `org_id` and `org_role` in the first version, `o` with `id` and `rol` in the second, which
/// leaves out `org:`.
const CLERK: Preset = Preset {
    tenant: &["org_id", "o.id"],
    role: &["org_role", "o.rol"],
    prefix: "org:",
    roles: &[("admin", "admin"), ("member", "viewer")],
    algorithms: &[Algorithm::RS256],
};
const ANY: Preset = Preset {
    tenant: &[],
    role: &[],
    prefix: "",
    roles: &[],
    algorithms: &[Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
};

/// An object of the list, out of which fields are taken until none should be left.
pub(super) struct Entry<'a> {
    pub place: String,
    pub fields: Map<String, Value>,
    pub mistakes: &'a mut Vec<String>,
}

impl Entry<'_> {
    pub fn provider(&mut self) -> ProviderConfig {
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
        if !webhook_secrets.is_empty() && user != paths(&["sub"]) {
            self.mistake(
                "claims.user",
                "expected sub: webhooks tell of users by that, and of one who leaves it would go unheard",
            );
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
        let mut map = RoleMap::new(preset.prefix);
        for (theirs, ours) in preset.roles {
            map.put(theirs, ours);
        }
        if let Some(mut given) = self.object("roles") {
            let mut said = RoleMap::new(preset.prefix);
            for theirs in given.fields.keys().cloned().collect::<Vec<_>>() {
                let ours = given.text(&theirs).unwrap_or_default();
                if !is_handle(&ours) {
                    given.mistake(&theirs, "expected the handle of a role, like admin");
                }
                if said.put(&theirs, &ours).is_some() {
                    given.mistake(&theirs, "this role is said twice: with org: and without it, it is one");
                }
                map.put(&theirs, &ours);
            }
            if map.count() > MAX_ENTRIES {
                self.mistake("roles", "expected at most 100");
            }
        }
        map
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
        let currency = currency.filter(|currency| !currency.stands_for_none());
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
    pub fn leave(mut self) {
        for name in std::mem::take(&mut self.fields).keys() {
            self.mistake(name, "there is no such field");
        }
    }
}

fn paths(texts: &[&str]) -> Vec<ClaimPath> {
    texts.iter().map(|text| text.parse().expect("a way to a claim")).collect()
}
