//! How many jobs one worker does, of a hundred tenants of which one has queued half of all before the others came. The jobs
//! themselves do nothing: what is measured is what a job costs. Prints one line of JSON: jobs a minute, and after which
//! part of the whole time every other tenant had its first job done, and its last. Of a database whose tenants are given by
//! the environment.

#![allow(clippy::disallowed_macros, reason = "its output is scripts/bench's to read")]

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use emporia::app::App;
use emporia::config::Config;
use emporia::db::TenantTx;
use emporia::error::Fault;
use emporia::ids::TenantId;
use emporia::job::{Class, Failure, Job, NewJob, Run, Spec, enqueue_in_tx, kinds};
use emporia::tenant::service::tenant_list;
use emporia::worker;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const JOBS: usize = 10_000;
/// Jobs queued in one transaction.
const BATCH: usize = 500;

/// When each was done.
static DONE: Mutex<Vec<(TenantId, Instant)>> = Mutex::new(Vec::new());

#[derive(Debug, Serialize, Deserialize)]
struct Nothing {}

#[async_trait]
impl Job for Nothing {
    const SPEC: Spec = Spec {
        kind: "nothing",
        class: Class::Quick,
        rank: 50,
        attempts: 3,
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(10),
        timeout: Duration::from_secs(10),
    };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        DONE.lock().unwrap_or_else(PoisonError::into_inner).push((run.db.tenant(), Instant::now()));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut app = App::build(Config::from_env()?).await?;
    app.kinds = kinds().with::<Nothing>();
    let tenants: Vec<TenantId> = tenant_list(&app.db, None, 100).await?.into_iter().map(|tenant| tenant.id).collect();
    let (crowd, others) = tenants.split_first().ok_or_else(|| anyhow::anyhow!("there is no tenant"))?;
    let each = JOBS / 2 / others.len().max(1);
    queue(&app, *crowd, JOBS / 2).await?;
    for tenant in others {
        queue(&app, *tenant, each).await?;
    }

    let (all, shutdown, start) = (JOBS / 2 + each * others.len(), CancellationToken::new(), Instant::now());
    let working = tokio::spawn(worker::run_with(app, worker::Options::default(), shutdown.clone()));
    while done() < all {
        anyhow::ensure!(!working.is_finished(), "the worker has ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shutdown.cancel();
    working.await??;

    let done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut spans: HashMap<TenantId, (Duration, Duration)> = HashMap::new();
    for (tenant, at) in done.iter() {
        let at = at.duration_since(start);
        let span = spans.entry(*tenant).or_insert((at, at));
        *span = (span.0.min(at), span.1.max(at));
    }
    let whole = spans.values().map(|(_, last)| *last).max().unwrap_or_default().as_secs_f64();
    let latest = |of: fn(&(Duration, Duration)) -> Duration| {
        let latest = others.iter().filter_map(|tenant| spans.get(tenant)).map(of).max().unwrap_or_default();
        (latest.as_secs_f64() / whole * 1000.0).round() / 1000.0
    };
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let per_minute = (done.len() as f64 / whole * 60.0).round();
    let (first, last) = (latest(|(first, _)| *first), latest(|(_, last)| *last));
    println!("{}", json!({ "jobs_per_minute": per_minute, "others_first": first, "others_last": last }));
    Ok(())
}

fn done() -> usize {
    DONE.lock().unwrap_or_else(PoisonError::into_inner).len()
}

async fn queue(app: &App, tenant: TenantId, mut jobs: usize) -> anyhow::Result<()> {
    let now = app.clock.now();
    while jobs > 0 {
        let batch = jobs.min(BATCH);
        let queued = async |tx: &mut TenantTx<'_>| {
            for _ in 0..batch {
                enqueue_in_tx(tx, now, &app.entropy, &NewJob::now(Nothing {}, now)).await?;
            }
            Ok::<_, Fault>(())
        };
        app.db.tenant(tenant).write(queued).await?;
        jobs -= batch;
    }
    Ok(())
}
