//! The customer that a tenant is at Stripe.

use sha2::{Digest, Sha256};

use super::refusal;
use crate::app::App;
use crate::billing::store;
use crate::billing::stripe::{Customer, Stripe};
use crate::db::{PlatformConn, TenantConn, TenantDb};
use crate::error::{Fault, ServiceResult};
use crate::identity::service::owners;
use crate::ids::TenantId;
use crate::plan::rule::PlanRule;
use crate::shop;

/// The customer that a tenant is; none: it is none yet.
pub(super) async fn found(app: &App, tenant: TenantId) -> Result<Option<String>, Fault> {
    let find = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::customer_of(conn, tenant).await?);
    app.db.platform().run(find).await
}

/// The same, made where there is none, or none any more at Stripe. Whoever is interrupted between Stripe and us is answered
/// the same one the next time, unless the shop has another name or address since: then one is left at Stripe that nobody
/// uses.
pub(super) async fn found_or_made(app: &App, stripe: &Stripe, db: &TenantDb) -> ServiceResult<String, PlanRule> {
    let tenant = db.tenant();
    let known = found(app, tenant).await?;
    if let Some(known) = &known
        && stripe.customer(known).await.map_err(refusal)? == Customer::There
    {
        return Ok(known.clone());
    }
    let read = async |conn: &mut TenantConn<'_>| {
        let shop = shop::store::shop(conn).await?.ok_or_else(|| Fault::internal("the tenant has no shop"))?;
        let owner = owners(conn).await?.into_iter().next();
        Ok::<_, Fault>((shop.name, owner.map(|owner| owner.email).or(shop.email)))
    };
    let (name, email) = db.read(read).await?;
    let digest = Sha256::digest(format!(
        "{name}\n{}\n{}",
        email.as_deref().unwrap_or_default(),
        known.as_deref().unwrap_or_default()
    ));
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let key = format!("emporia_customer_{tenant}_{digest}");
    let made = stripe.customer_create(tenant, &name, email.as_deref(), &key).await.map_err(refusal)?;
    let now = app.clock.now();
    let note = async |conn: &mut PlatformConn<'_>| {
        if let Some(known) = &known {
            store::set_gone(conn, known, now).await?;
        }
        store::insert(conn, &made, tenant, now).await?;
        // Somebody else may have been faster.
        Ok::<_, Fault>(store::customer_of(conn, tenant).await?)
    };
    let noted = app.db.platform().run(note).await?;
    noted.ok_or_else(|| Fault::internal("a customer of Stripe's is another tenant's").into())
}
