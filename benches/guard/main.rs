//! What it costs to let a request in, with everything cached: from the credential's text to the tenant, what the caller
//! may do, and one decision. Then what it costs to count an operation towards the shop's use of the API and to ask whether
//! the plan has room. Prints one line of JSON, in microseconds a request on one thread: for a secret key that is limited, for
//! a staff member's access token; for the counting, by Redis where `REDIS_URL` says so, where there is plenty and where half
//! is used; and for what asking a plan without and with a limit adds to a transaction. Of a database that has a tenant
//! without limits, given by the environment.

#![allow(clippy::disallowed_macros, reason = "its output is scripts/bench's to read")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use emporia::access::Permissions;
use emporia::access::permission::READ_ORDERS;
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use emporia::app::App;
use emporia::cache::Rate;
use emporia::config::Config;
use emporia::error::Fault;
use emporia::identity::model::NewStaff;
use emporia::identity::service::{password_set_by_operator, sign_in, staff_create};
use emporia::ids::TenantId;
use emporia::plan::model::Resource;
use emporia::plan::service::{hold_in_tx, overrides_set};
use emporia::shop::service::time_zone;
use emporia::tenant::model::Access;
use emporia::tenant::resolve::{Refusal, Resolved};
use emporia::tenant::service::tenant_list;
use emporia::throttle::Client;
use serde_json::json;
use tokio::task::yield_now;
use uuid::Uuid;

const EMAIL: &str = "bench@shop.example";
const PASSWORD: &str = "correct horse battery";
/// How long each is measured, in rounds, of which the median counts.
const ROUND: Duration = Duration::from_millis(500);
const ROUNDS: usize = 7;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let app = App::build(Config::from_env()?).await?;
    let tenant = tenant_list(&app.db, None, 1).await?.pop().ok_or_else(|| anyhow::anyhow!("there is no tenant"))?.id;
    let limited =
        NewKey { permissions: Some(Permissions::of(&[READ_ORDERS])), ..NewKey::unlimited(KeyKind::Secret, "bench") };
    let made = key_create(&app.db, &*app.clock, &app.entropy, tenant, &limited).await;
    let (_, key) = made.map_err(|error| anyhow::anyhow!("no key: {error:?}"))?;
    let token = access_token(&app, tenant).await?;
    let key_us = micros(async || app.resolver.by_key(key.reveal()).await).await?;
    let jwt_us = micros(async || app.resolver.by_token(&token).await).await?;
    let limit_us = counted_micros(&app, tenant).await?;
    let limit_tight_us = counted_micros_where_it_is_tight(&app, tenant).await?;
    let plan_us = asked_micros(&app, tenant).await?;
    let limited = [(Resource::Products, Some(1_000_000))];
    let set = overrides_set(&app, tenant, &limited, &[]).await;
    set.map_err(|error| anyhow::anyhow!("no limit: {error:?}"))?;
    let plan_limited_us = asked_micros(&app, tenant).await?;
    let micros = json!({
        "key_us": key_us,
        "jwt_us": jwt_us,
        "limit_us": limit_us,
        "limit_tight_us": limit_tight_us,
        "plan_us": plan_us,
        "plan_limited_us": plan_limited_us,
    });
    println!("{micros}");
    Ok(())
}

/// Microseconds that an operation's counting takes where there is plenty: charging it, settling it, and what is poured
/// afterwards, for which it does not wait.
async fn counted_micros(app: &App, tenant: TenantId) -> anyhow::Result<f64> {
    // So large that nobody fills half of it meanwhile.
    counted(app, tenant, 1_000_000_000, (120, 20)).await
}

/// The same for a client that has used more than half of its bucket: each operation asks.
async fn counted_micros_where_it_is_tight(app: &App, tenant: TenantId) -> anyhow::Result<f64> {
    // What leaks meanwhile is less than what is above the half, and more than what is used.
    let rate = Rate::per_second(1_000_000).ok_or_else(|| anyhow::anyhow!("no rate"))?;
    let taken = app.throttle.charge(tenant, rate, client(2), 9_000_000).await;
    drop(taken.map_err(|throttled| anyhow::anyhow!("refused: {throttled:?}"))?);
    counted(app, tenant, 1_000_000, (1, 1)).await
}

fn client(key: u32) -> Client {
    Client { access: Access::Secret { key_id: Uuid::from_u128(key.into()) }, network: None }
}

/// For a shop of so many points a second: an operation that is estimated to cost so many, and does cost so many.
async fn counted(app: &App, tenant: TenantId, rate: u32, (estimated, actual): (u64, u64)) -> anyhow::Result<f64> {
    let client = client(if estimated == actual { 2 } else { 1 });
    let rate = Rate::per_second(rate).ok_or_else(|| anyhow::anyhow!("no rate"))?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (start, mut times) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            let charged = app.throttle.charge(tenant, rate, client, estimated).await;
            charged.map_err(|throttled| anyhow::anyhow!("refused: {throttled:?}"))?.settle(actual);
            // Whoever pours is on this thread as well.
            yield_now().await;
            times += 1;
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    }
    Ok(median(rounds))
}

/// Microseconds that a transaction takes longer for asking whether there is room for one more product, beside a statement of
/// its own. With it and without it in turns.
async fn asked_micros(app: &App, tenant: emporia::ids::TenantId) -> anyhow::Result<f64> {
    let (db, now) = (app.db.tenant(tenant), app.clock.now());
    let took = async |asks: bool| {
        let start = Instant::now();
        db.write(async |tx| {
            let room = if asks { Some(hold_in_tx(tx, Resource::Products, now)?) } else { None };
            let read = time_zone(tx.conn()).await?;
            if let Some(mut room) = room {
                black_box(room.left(tx.conn()).await?);
            }
            Ok::<_, Fault>(read)
        })
        .await?;
        anyhow::Ok(start.elapsed())
    };
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (mut without, mut with, mut times) = (Duration::ZERO, Duration::ZERO, 0_u32);
        while without + with < ROUND {
            without += took(false).await?;
            with += took(true).await?;
            times += 1;
        }
        rounds.push((with.as_secs_f64() - without.as_secs_f64()) * 1e6 / f64::from(times));
    }
    Ok(median(rounds))
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    (rounds[ROUNDS / 2] * 100.0).round() / 100.0
}

async fn access_token(app: &App, tenant: emporia::ids::TenantId) -> anyhow::Result<String> {
    let db = app.db.tenant(tenant);
    let new = NewStaff { email: EMAIL.to_owned(), name: "Bench".to_owned(), role: "viewer".to_owned() };
    let member = staff_create(app, &db, &new).await.map_err(|error| anyhow::anyhow!("no member: {error:?}"))?;
    let set = password_set_by_operator(app, &db, member.id, PASSWORD).await;
    set.map_err(|error| anyhow::anyhow!("no password: {error:?}"))?;
    let signed_in = sign_in(app, &db, EMAIL, PASSWORD, None).await;
    Ok(signed_in.map_err(|error| anyhow::anyhow!("not signed in: {error:?}"))?.access_token)
}

/// Microseconds that letting one in takes.
async fn micros(let_in: impl AsyncFn() -> Result<Resolved, Refusal>) -> anyhow::Result<f64> {
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (start, mut times) = (Instant::now(), 0_u32);
        while start.elapsed() < ROUND {
            for _ in 0..1000 {
                let resolved = let_in().await?;
                anyhow::ensure!(black_box(&resolved.grants).may_with_some(READ_ORDERS), "it may not read orders");
            }
            times += 1000;
        }
        rounds.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    }
    Ok(median(rounds))
}
