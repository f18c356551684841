//! Claiming, proving and giving up domains.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::model::{Domain, Host, MAX_DOMAINS};
use super::rule::DomainRule as Rule;
use super::store;
use crate::app::App;
use crate::attempts::Bound;
use crate::clock::Entropy;
use crate::db::{Db, PlatformConn};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::page::PageQuery;
use crate::tenant::resolve::Changed;
use crate::tenant::service::tenant_lock_in_tx;

/// How often a shop may have DNS asked.
const QUESTIONS: Bound = Bound { name: "domain-verify", most: 30, window: Duration::from_secs(900) };
/// Tries at taking a name that changes hands at the same moment.
const TAKINGS: usize = 5;

/// Claims a name, which leads nowhere until it is proved.
pub async fn domain_create(app: &App, tenant: TenantId, host: &str) -> ServiceResult<Domain, Rule> {
    let host = Host::parse(host).map_err(|why| ServiceError::Rule(Rule::BadHost(why)))?;
    if host.is_of_the_service(&app.config.http) {
        return Err(ServiceError::Rule(Rule::OfTheService));
    }
    let now = app.clock.now();
    let domain = Domain {
        id: app.entropy.uuid_v7(now),
        tenant,
        host: host.as_str().to_owned(),
        token: new_token(&app.entropy),
        created_at: now,
        verified_at: None,
    };
    let claim = async |conn: &mut PlatformConn<'_>| {
        // Two that are made at once are counted one after the other.
        tenant_lock_in_tx(conn, tenant).await?;
        if store::count(conn, tenant).await? >= MAX_DOMAINS {
            return Err(ServiceError::Rule(Rule::TooMany));
        }
        if store::insert(conn, &domain).await? { Ok(()) } else { Err(ServiceError::Rule(Rule::Taken)) }
    };
    app.db.platform().run(claim).await?;
    Ok(domain)
}

/// 256 random bits, so that none can be foreseen and put into a zone before it is given out.
fn new_token(entropy: &Entropy) -> String {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())
}

/// Looks whether the name's TXT record is there. Then the shop is found by the name in every process, and whoever had it
/// before is not: their record has to be another from then on. One that is proved is left as it is.
pub async fn domain_verify(app: &App, tenant: TenantId, id: Uuid) -> ServiceResult<Domain, Rule> {
    let not_found = || ServiceError::Rule(Rule::NotFound);
    let domain = domain_by_id(&app.db, tenant, id).await?.ok_or_else(not_found)?;
    if domain.verified_at.is_some() {
        return Ok(domain);
    }
    if !app.attempts.admit(&QUESTIONS, tenant, "").await {
        return Err(ServiceError::Rule(Rule::Throttled));
    }
    let name = domain.record_name();
    match app.dns.txt(&name).await {
        Ok(records) if domain.is_proved_by(&records) => {}
        Ok(_) => return Err(ServiceError::Rule(Rule::NotProved { value: domain.record_value(), name })),
        Err(error) => {
            tracing::warn!(%error, name, "DNS gave no answer");
            return Err(ServiceError::Rule(Rule::Unanswered { name }));
        }
    }
    for _ in 0..TAKINGS {
        // Who had it is to be told of as well, and that has to be known before.
        let holder = tenant_of_host(&app.db, &domain.host).await?;
        match take(app, &domain, holder).await {
            Ok(domain) => return Ok(domain),
            Err(ServiceError::Rule(NotTaken::Gone)) => return Err(not_found()),
            Err(ServiceError::Rule(NotTaken::MovedMeanwhile)) => {}
            Err(ServiceError::Fault(fault)) => return Err(fault.into()),
        }
    }
    Err(Fault::internal("a domain changes hands all the time").into())
}

/// Why a name was not taken.
#[derive(Debug)]
enum NotTaken {
    /// The claim was given up, or has to be proved by another record now.
    Gone,
    MovedMeanwhile,
}

async fn take(app: &App, domain: &Domain, holder: Option<TenantId>) -> ServiceResult<Domain, NotTaken> {
    let now = app.clock.now();
    let tenants = [Some(domain.tenant), holder].into_iter().flatten().collect();
    let take = async |conn: &mut PlatformConn<'_>| {
        store::lock(conn, &domain.host).await?;
        if store::holder(conn, &domain.host).await? != holder {
            return Err(ServiceError::Rule(NotTaken::MovedMeanwhile));
        }
        if holder != Some(domain.tenant) {
            store::release(conn, &domain.host, &new_token(&app.entropy)).await?;
        }
        if !store::verify(conn, domain, now).await? {
            return Err(ServiceError::Rule(NotTaken::Gone));
        }
        Ok(Domain { verified_at: Some(now), ..domain.clone() })
    };
    let changed = Changed::Domain { host: domain.host.clone(), tenants };
    app.resolver.change(changed, async || app.db.platform().run(take).await).await
}

/// Gives a name up: the shop is found by it no more, in every process.
pub async fn domain_delete(app: &App, tenant: TenantId, id: Uuid) -> ServiceResult<(), Rule> {
    let domain = domain_by_id(&app.db, tenant, id).await?.ok_or(ServiceError::Rule(Rule::NotFound))?;
    let delete = async || {
        let gone = app.db.platform().run(async |conn| Ok::<_, Fault>(store::delete(conn, tenant, id).await?)).await?;
        if gone == 1 { Ok(()) } else { Err(ServiceError::Rule(Rule::NotFound)) }
    };
    app.resolver.change(Changed::Domain { host: domain.host, tenants: vec![tenant] }, delete).await
}

/// A page of a shop's domains.
pub async fn domain_page(db: &Db, tenant: TenantId, page: &PageQuery) -> Result<Vec<Domain>, Fault> {
    db.platform().run(async |conn| Ok(store::page(conn, tenant, page).await?)).await
}

/// A shop's domain.
pub async fn domain_by_id(db: &Db, tenant: TenantId, id: Uuid) -> Result<Option<Domain>, Fault> {
    db.platform().run(async |conn| Ok(store::one(conn, tenant, id).await?)).await
}

/// Whose a name is: the shop that has proved it.
pub async fn tenant_of_host(db: &Db, host: &str) -> Result<Option<TenantId>, Fault> {
    db.platform().run(async |conn| Ok(store::holder(conn, host).await?)).await
}
