//! What Stripe tells: kept, and a bell for the tenant's job.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::sync::sync_in_tx;
use crate::app::App;
use crate::billing::job::Cause;
use crate::billing::store::{self, NewEvent};
use crate::billing::stripe::api_version;
use crate::db::PlatformConn;
use crate::error::Fault;
use crate::ids::TenantId;

/// Events that are forgotten in one transaction.
const FEW: i64 = 1_000;
/// Characters of names in an event.
const MAX_NAME: usize = 255;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tenant's job asks Stripe what is new.
    Rung,
    /// It is about nobody whom we know.
    Unmatched,
    /// It is of another version of the API. The bell rings all the same, if it is about somebody whom we know.
    OtherVersion,
    /// It has come before. The bell rings once more.
    Repeated,
}

impl Outcome {
    fn as_db(self) -> &'static str {
        match self {
            Self::Rung | Self::Repeated => "RUNG",
            Self::Unmatched => "UNMATCHED",
            Self::OtherVersion => "OTHER_VERSION",
        }
    }

    /// In metrics and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rung => "rung",
            Self::Unmatched => "unmatched",
            Self::OtherVersion => "other_version",
            Self::Repeated => "repeated",
        }
    }
}

/// Why something that Stripe has signed is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no event of Stripe's")]
pub struct BadEvent;

/// As much of an event as is looked at, which is the same in all versions.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    api_version: Option<String>,
    created: i64,
    #[serde(default)]
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    object: Option<String>,
    id: Option<String>,
    customer: Option<Customer>,
}

/// A customer, by name or in full.
#[derive(Deserialize)]
#[serde(untagged)]
enum Customer {
    Id(String),
    Whole { id: String },
}

impl Event {
    fn read(body: &str) -> Option<Self> {
        let event: Self = serde_json::from_str(body).ok()?;
        let is_name = |text: &str| (1..=MAX_NAME).contains(&text.chars().count()) && !text.contains('\0');
        let are_names = is_name(&event.id) && is_name(&event.kind) && event.api_version.as_deref().is_none_or(is_name);
        (are_names && event.customer().is_none_or(is_name)).then_some(event)
    }

    /// About whom it is.
    fn customer(&self) -> Option<&str> {
        let Object { object, id, customer } = &self.data.object;
        match customer {
            Some(Customer::Id(id) | Customer::Whole { id }) => Some(id),
            None if object.as_deref() == Some("customer") => id.as_deref(),
            None => None,
        }
    }
}

/// Keeps an event that Stripe has signed, and queues the job of whom it is about; both are committed before this ends. They
/// are two transactions, since the role that keeps events sees no tenant's jobs: who dies between them has not answered, so
/// that Stripe sends the event again, and one that is there already rings once more.
pub async fn receive(app: &App, body: &str) -> Result<Result<Outcome, BadEvent>, Fault> {
    let Some(event) = Event::read(body) else { return Ok(Err(BadEvent)) };
    let now = app.clock.now();
    let is_ours = event.api_version.as_deref() == Some(api_version());
    let keep = async |conn: &mut PlatformConn<'_>| {
        let tenant = match event.customer() {
            Some(customer) => store::tenant_of(conn, customer).await?,
            None => None,
        };
        let outcome = match tenant {
            _ if !is_ours => Outcome::OtherVersion,
            Some(_) => Outcome::Rung,
            None => Outcome::Unmatched,
        };
        let is_new = store::keep(conn, &event.row(body, outcome, now)).await?;
        Ok::<_, Fault>((tenant, if is_new { outcome } else { Outcome::Repeated }))
    };
    let (tenant, outcome) = app.db.platform().run(keep).await?;
    if let Some(tenant) = tenant {
        ring(app, tenant).await?;
    }
    if outcome == Outcome::OtherVersion {
        let (said, ours) = (event.api_version.as_deref().unwrap_or("none"), api_version());
        tracing::error!(
            event = event.id,
            said,
            ours,
            "Stripe's endpoint has another version of the API than this service"
        );
    }
    app.metrics.stripe_event(outcome.as_str());
    Ok(Ok(outcome))
}

impl Event {
    fn row<'a>(&'a self, body: &'a str, outcome: Outcome, now: DateTime<Utc>) -> NewEvent<'a> {
        NewEvent {
            id: &self.id,
            kind: &self.kind,
            api_version: self.api_version.as_deref(),
            is_live: self.livemode,
            customer: self.customer(),
            outcome: outcome.as_db(),
            body,
            happened_at: DateTime::from_timestamp(self.created, 0).unwrap_or(now),
            received_at: now,
        }
    }
}

async fn ring(app: &App, tenant: TenantId) -> Result<(), Fault> {
    let db = app.db.tenant(tenant);
    Box::pin(db.write(async |tx| sync_in_tx(tx, app, Cause::News).await.map_err(Fault::from))).await
}

/// Forgets what Stripe told before `cutoff`.
pub async fn events_forget(app: &App, cutoff: DateTime<Utc>) -> Result<(), Fault> {
    let forget = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::forget(conn, cutoff, FEW).await?);
    while app.db.platform().run(forget).await? {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(object: &str) -> Option<String> {
        let body = format!(
            r#"{{"id": "evt_1", "type": "a.b", "api_version": null, "created": 1, "data": {{"object": {object}}}}}"#
        );
        Event::read(&body).expect("an event").customer().map(str::to_owned)
    }

    #[test]
    fn an_event_says_about_whom_it_is() {
        let cus = Some("cus_1".to_owned());
        assert_eq!(customer(r#"{"object": "subscription", "id": "sub_1", "customer": "cus_1"}"#), cus);
        assert_eq!(customer(r#"{"object": "invoice", "customer": {"id": "cus_1", "object": "customer"}}"#), cus);
        assert_eq!(customer(r#"{"object": "customer", "id": "cus_1"}"#), cus);
        assert_eq!(customer(r#"{"object": "product", "id": "prod_1"}"#), None);
        assert_eq!(customer(r#"{"object": "charge", "id": "ch_1", "customer": null}"#), None);
    }

    #[test]
    fn what_is_no_event_is_not_taken() {
        let long = format!(r#"{{"id": "{}", "type": "a", "created": 1, "data": {{"object": {{}}}}}}"#, "e".repeat(256));
        let nul = r#"{"id": "evt\u0000", "type": "a", "created": 1, "data": {"object": {}}}"#;
        for bad in ["", "{}", "[]", r#"{"id": "evt_1"}"#, &long, nul] {
            assert!(Event::read(bad).is_none(), "{bad}");
        }
    }
}
