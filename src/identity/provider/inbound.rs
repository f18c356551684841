//! Webhooks of outside providers: what they tell of organizations and members becomes tenants and staff.
//!
//! Signed after Standard Webhooks, as Svix does it. Each step can be said again: what is interrupted is finished when the
//! provider, who had no answer, sends the event once more; the event counts as dealt with when nothing is left to do. What
//! is told of one organization is dealt with one after the other, whichever process is told.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::Provider;
use super::event::{BadEvent, Event, read};
use crate::app::App;
use crate::config::{NewShopConfig, ProviderConfig};
use crate::db::PlatformConn;
use crate::error::{Fault, ServiceError};
use crate::identity::outside::{Membership, Organization};
use crate::identity::service::membership_put;
use crate::identity::store::organizations as store;
use crate::ids::TenantId;
use crate::provision::{NewStore, StoreRule, handle_from, store_create_noted};
use crate::shipping::model::NewProfile;
use crate::shop::service::shop_rename;
use crate::tenant::service::{TenantRule, tenant_delete, tenant_rename_in_tx};

/// How far the time of a signature and ours may be apart.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);
/// How long it is known which events were dealt with, and how long a membership waits for its organization. Svix gives up
/// after a day and a bit.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How long an event waits for those before it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Memberships that are put in place at a time.
const BATCH: i64 = 100;
/// Characters of an event's id.
const MAX_ID: usize = 255;
/// Names of hosts that a shop does not get because somebody's organization is called so.
const RESERVED: [&str; 12] =
    ["account", "admin", "api", "app", "auth", "checkout", "graphql", "login", "mail", "static", "status", "www"];

/// A webhook as it came.
pub struct Delivery<'a> {
    pub id: &'a str,
    /// As it was sent.
    pub timestamp: &'a str,
    pub signatures: &'a str,
    pub body: &'a [u8],
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something is another way than before.
    Applied,
    /// It waits for its organization.
    Waiting,
    /// It tells nothing new, or nothing that was asked for.
    Ignored,
    /// It has been dealt with before.
    Repeated,
}

/// Why an event is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Nobody learns more: not by which check it fell.
    #[error("the signature is missing, wrong, or not of these five minutes")]
    Signature,
    #[error(transparent)]
    Event(#[from] BadEvent),
}

/// Reads an event that the provider has signed, and just now.
pub fn signed(config: &ProviderConfig, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<Event, NotTaken> {
    let Delivery { id, timestamp, signatures, body } = *delivery;
    // The digits that were signed are the number's own.
    let seconds = timestamp.parse::<i64>().ok().filter(|seconds| seconds.to_string() == timestamp);
    let seconds = seconds.ok_or(NotTaken::Signature)?;
    let sent_at = DateTime::from_timestamp(seconds, 0).ok_or(NotTaken::Signature)?;
    // Without dots, which part what is signed.
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_now = (now - sent_at).abs() <= TOLERANCE;
    if !is_now || !(1..=MAX_ID).contains(&id.len()) || !id.chars().all(is_id) {
        return Err(NotTaken::Signature);
    }
    // The dear part comes last: anybody can send a long body.
    if !config.webhook_secrets.iter().any(|secret| secret.has_signed(signatures, id, seconds, body)) {
        return Err(NotTaken::Signature);
    }
    Ok(read(body, sent_at, &config.roles)?)
}

/// Does what an event says. None: it cannot be its turn for a while.
pub async fn receive(app: &App, provider: &Provider, id: &str, event: &Event) -> Result<Option<Outcome>, Fault> {
    let Some(organization) = event.organization() else { return Ok(Some(Outcome::Ignored)) };
    let Ok(_turn) = tokio::time::timeout(PATIENCE, app.providers.turn.lock()).await else { return Ok(None) };
    let issuer = provider.config.issuer.as_str();
    let lock = format!("identity {issuer} {organization}");
    let dealing = app.db.platform().alone(&lock, async || {
        let is_done = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::is_done(conn, issuer, id).await?);
        if app.db.platform().run(is_done).await? {
            return Ok::<_, Fault>(Outcome::Repeated);
        }
        let outcome = match event {
            Event::Organization(said) => organization_put(app, &provider.config, said).await?,
            Event::OrganizationDeleted(said) => organization_delete(app, issuer, said).await?,
            Event::Membership(said) => membership(app, issuer, said).await?,
            Event::Other => Outcome::Ignored,
        };
        let now = app.clock.now();
        let done =
            async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::done(conn, issuer, id, now, now - KEPT).await?);
        app.db.platform().run(done).await?;
        Ok(outcome)
    });
    dealing.await.map(Some)
}

async fn organization_put(app: &App, config: &ProviderConfig, said: &Organization) -> Result<Outcome, Fault> {
    let issuer = config.issuer.as_str();
    let shop = config.new_shop.ok_or_else(|| Fault::internal("a provider that sends webhooks has no new_shop"))?;
    let find = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::find(conn, issuer, &said.id).await?);
    let (tenant, outcome) = match app.db.platform().run(find).await? {
        Some(kept) if kept.is_deleted => return Ok(Outcome::Ignored),
        Some(kept) => {
            let tenant = kept.tenant.ok_or_else(|| Fault::internal("an organization without a tenant"))?;
            let is_news = said.changed_at > kept.changed_at;
            if is_news {
                renamed(app, issuer, tenant, said, said.name != kept.name).await?;
            }
            (tenant, if is_news { Outcome::Applied } else { Outcome::Ignored })
        }
        None => (organization_create(app, issuer, said, shop).await?, Outcome::Applied),
    };
    let settled = settle(app, issuer, tenant, &said.id).await?;
    Ok(if settled { Outcome::Applied } else { outcome })
}

/// Makes the organization's tenant, under its short name where that is free.
async fn organization_create(
    app: &App,
    issuer: &str,
    said: &Organization,
    shop: NewShopConfig,
) -> Result<TenantId, Fault> {
    for handle in handles(issuer, said) {
        let new = new_store(handle, &said.name, shop);
        let note = async |conn: &mut PlatformConn<'_>, tenant| store::insert(conn, issuer, said, tenant).await;
        match store_create_noted(app, &new, note).await {
            Ok(tenant) => {
                tracing::info!(%tenant, "an organization of an identity provider is a tenant now");
                return Ok(tenant);
            }
            Err(ServiceError::Rule(StoreRule::Tenant(TenantRule::HandleTaken(_)) | StoreRule::ServicesHandle(_))) => {}
            Err(ServiceError::Rule(rule)) => return Err(Fault::internal(format!("an organization's tenant: {rule}"))),
            Err(ServiceError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::internal("every handle of an organization's tenant is taken"))
}

fn new_store(handle: String, name: &str, shop: NewShopConfig) -> NewStore {
    let NewShopConfig { currency, country, shipping_rate_minor } = shop;
    let delivery = NewProfile::flat(country.name(), &[country], false, "Standard", shipping_rate_minor);
    NewStore {
        // Whose it is says the row that is written with it.
        external_id: None,
        handle,
        name: name.to_owned(),
        description: String::new(),
        currency,
        country,
        delivery: Some(delivery),
        plan: None,
        owner: None,
    }
}

/// The handles that a tenant may get: the short name, or else what its name makes; or else that and what is the
/// organization's alone.
fn handles(issuer: &str, said: &Organization) -> Vec<String> {
    let base = said.slug.as_deref().and_then(handle_from).or_else(|| handle_from(&said.name));
    let digest = Sha256::digest(format!("{issuer} {}", said.id).as_bytes());
    let own: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let stem = base.clone().unwrap_or_else(|| "shop".to_owned());
    let stem = stem[..stem.len().min(50)].trim_end_matches('-');
    let plain = base.filter(|base| !RESERVED.contains(&base.as_str()));
    plain.into_iter().chain([format!("{stem}-{own}")]).collect()
}

/// Notes what is new of an organization; its tenant is called so, if it is its name that is new.
async fn renamed(
    app: &App,
    issuer: &str,
    tenant: TenantId,
    said: &Organization,
    is_renamed: bool,
) -> Result<(), Fault> {
    let now = app.clock.now();
    if is_renamed {
        shop_rename(&app.db.tenant(tenant), &*app.clock, &said.name).await?;
    }
    let note = async |conn: &mut PlatformConn<'_>| {
        if is_renamed {
            tenant_rename_in_tx(conn, tenant, &said.name, now).await?;
        }
        store::update(conn, issuer, said).await?;
        Ok::<_, Fault>(())
    };
    app.db.platform().run(note).await
}

/// Closes the organization's tenant in every process, now and for good.
async fn organization_delete(app: &App, issuer: &str, said: &Organization) -> Result<Outcome, Fault> {
    let now = app.clock.now();
    let delete = async |conn: &mut PlatformConn<'_>| {
        store::delete(conn, issuer, said, now).await?;
        let kept = store::find(conn, issuer, &said.id).await?;
        Ok::<_, Fault>(kept.and_then(|kept| kept.tenant))
    };
    if let Some(tenant) = app.db.platform().run(delete).await? {
        close(app, tenant).await?;
    }
    // They wait for nothing any more.
    loop {
        let waiting = waiting(app, issuer, &said.id).await?;
        if waiting.is_empty() {
            return Ok(Outcome::Applied);
        }
        stop_waiting(app, issuer, &said.id, &waiting).await?;
    }
}

/// Ends a tenant whose organization is no more.
async fn close(app: &App, tenant: TenantId) -> Result<(), Fault> {
    match tenant_delete(&app.db, &*app.clock, &app.resolver, tenant).await {
        Ok(()) => Ok(()),
        Err(ServiceError::Rule(rule)) => Err(Fault::internal(format!("an organization's tenant: {rule}"))),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

async fn membership(app: &App, issuer: &str, said: &Membership) -> Result<Outcome, Fault> {
    let now = app.clock.now();
    let find = async |conn: &mut PlatformConn<'_>| {
        let kept = store::find(conn, issuer, &said.organization).await?;
        if kept.is_none() {
            let known = store::waiting(conn, issuer, &said.organization, &said.subject).await?;
            if said.is_news(known.as_ref()) {
                let changed_at = known.map_or(said.changed_at, |known| known.changed_at.max(said.changed_at));
                store::wait(conn, issuer, &Membership { changed_at, ..said.clone() }, now).await?;
            }
        }
        Ok::<_, Fault>(kept)
    };
    match app.db.platform().run(find).await? {
        None => Ok(Outcome::Waiting),
        Some(kept) if kept.is_deleted => Ok(Outcome::Ignored),
        Some(kept) => {
            let tenant = kept.tenant.ok_or_else(|| Fault::internal("an organization without a tenant"))?;
            let is_news = membership_put(app, &app.db.tenant(tenant), issuer, said).await?;
            Ok(if is_news { Outcome::Applied } else { Outcome::Ignored })
        }
    }
}

/// Puts in place what has waited for the organization; answers whether there was anything.
async fn settle(app: &App, issuer: &str, tenant: TenantId, organization: &str) -> Result<bool, Fault> {
    let mut settled = HashSet::new();
    loop {
        let waiting = waiting(app, issuer, organization).await?;
        if waiting.is_empty() {
            return Ok(!settled.is_empty());
        }
        for said in &waiting {
            membership_put(app, &app.db.tenant(tenant), issuer, said).await?;
            settled.insert(said.subject.clone());
        }
        stop_waiting(app, issuer, organization, &waiting).await?;
    }
}

async fn waiting(app: &App, issuer: &str, organization: &str) -> Result<Vec<Membership>, Fault> {
    let waiting = async |conn: &mut PlatformConn<'_>| {
        Ok::<_, Fault>(store::all_waiting(conn, issuer, organization, BATCH).await?)
    };
    app.db.platform().run(waiting).await
}

async fn stop_waiting(app: &App, issuer: &str, organization: &str, some: &[Membership]) -> Result<(), Fault> {
    let subjects: Vec<&str> = some.iter().map(|said| said.subject.as_str()).collect();
    let stop = async |conn: &mut PlatformConn<'_>| {
        store::stop_waiting(conn, issuer, organization, &subjects).await?;
        Ok::<_, Fault>(())
    };
    app.db.platform().run(stop).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_handle_is_the_short_name_or_else_one_that_nobody_else_has() {
        let of = |name: &str, slug: Option<&str>| {
            let (name, slug) = (name.to_owned(), slug.map(str::to_owned));
            handles(
                "https://a.example",
                &Organization { id: "org_1".to_owned(), name, slug, changed_at: DateTime::UNIX_EPOCH },
            )
        };
        let is_own =
            |handle: &str, stem: &str| handle.len() == stem.len() + 13 && handle.starts_with(&format!("{stem}-"));
        let acme = of("Acme & Sons", Some("acme"));
        assert!(acme.len() == 2 && acme[0] == "acme" && is_own(&acme[1], "acme"), "{acme:?}");
        assert_eq!(of("Acme & Sons", None)[0], "acme-sons");
        let reserved = of("Admin", Some("admin"));
        assert!(reserved.len() == 1 && is_own(&reserved[0], "admin"), "{reserved:?}");
        let nameless = of("日本", None);
        assert!(nameless.len() == 1 && is_own(&nameless[0], "shop"), "{nameless:?}");
        assert!(of(&"a".repeat(200), None).iter().all(|handle| handle.len() <= 63));
    }
}
