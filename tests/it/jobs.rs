//! Jobs: done once they are committed, again when they fail, by one worker at a time, in turns.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use emporia::app::App;
use emporia::error::Fault;
use emporia::events::{NewEvent, Topic, append_in_tx};
use emporia::job::{Class, Failure, Job, NewJob, Run, Spec, enqueue_in_tx, kinds};
use emporia::worker;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Store, TestApp, admin, dropped_after, eventually, leases_end, settled};
use crate::tenancy::count;

/// What a test sees and decides of its jobs.
#[derive(Default)]
pub struct Stage {
    /// The names of those that were begun, in that order, with the number of the attempt.
    begun: Mutex<Vec<(String, i32)>>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

static STAGES: LazyLock<Mutex<HashMap<Uuid, Arc<Stage>>>> = LazyLock::new(Mutex::default);

impl Stage {
    fn set() -> (Uuid, Arc<Stage>) {
        let (id, stage) = (Uuid::now_v7(), Arc::<Stage>::default());
        STAGES.lock().expect("no holder panics").insert(id, stage.clone());
        (id, stage)
    }

    fn of(id: Uuid) -> Arc<Stage> {
        STAGES.lock().expect("no holder panics")[&id].clone()
    }

    pub fn begun(&self) -> Vec<String> {
        self.begun.lock().expect("no holder panics").iter().map(|(name, _)| name.clone()).collect()
    }

    fn gate(&self, name: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().expect("no holder panics");
        gates.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))).clone()
    }
}

/// What a job does when it is begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Does {
    /// Nothing.
    Nothing,
    /// Fails as often.
    FailTimes(i32),
    /// Fails for good.
    Never,
    /// Something of ours goes wrong, of which nobody is told.
    Fault,
    Panic,
    /// Waits until its gate is opened, or it is to stop.
    Wait,
    /// Waits until its gate is opened, and fails for good.
    WaitInVain,
    /// Tells of an order that there is not, once: in the transaction that ends it.
    Tell,
    /// Counts to so many, keeping each number; waits for a permit of its gate before each.
    Count(i64),
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Probe {
    stage: Uuid,
    name: String,
    does: Does,
}

const PROBE: Spec = Spec {
    kind: "probe",
    class: Class::Quick,
    rank: 50,
    attempts: 4,
    first_wait: Duration::from_secs(10),
    longest_wait: Duration::from_secs(30),
    timeout: Duration::from_secs(600),
};

#[async_trait]
impl Job for Probe {
    const SPEC: Spec = PROBE;

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        perform(self, run).await
    }
}

/// The same for as long as it takes.
#[derive(Debug, Serialize, Deserialize)]
struct LongProbe(Probe);

#[async_trait]
impl Job for LongProbe {
    const SPEC: Spec = Spec { kind: "long_probe", class: Class::Long, ..PROBE };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        perform(&self.0, run).await
    }
}

async fn perform(probe: &Probe, run: &Run) -> Result<(), Failure> {
    let stage = Stage::of(probe.stage);
    stage.begun.lock().expect("no holder panics").push((probe.name.clone(), run.attempt));
    match &probe.does {
        Does::Nothing => Ok(()),
        Does::FailTimes(times) if run.attempt <= *times => Err(Failure::Again(format!("not yet: {}", run.attempt))),
        Does::FailTimes(_) => Ok(()),
        Does::Never => Err(Failure::Never("there is no such thing".to_owned())),
        Does::Fault => Err(Fault::internal("the password is hunter2").into()),
        Does::Panic => panic!("a job's panic"),
        Does::Wait => {
            let gate = stage.gate(&probe.name);
            tokio::select! {
                _ = gate.acquire() => Ok(()),
                () = run.stopped() => Err(Failure::Interrupted),
            }
        }
        Does::WaitInVain => {
            stage.gate(&probe.name).acquire().await.expect("never closed").forget();
            Err(Failure::Never("there is no such thing".to_owned()))
        }
        Does::Tell => {
            let told = NewEvent { topic: Topic::OrdersPaid, subject_id: Uuid::nil(), payload: json!({}) };
            let now = run.app.clock.now();
            run.db
                .write(async |tx| {
                    append_in_tx(tx, now, &run.app.entropy, &told)?;
                    run.end_in_tx(tx).await
                })
                .await
        }
        Does::Count(to) => {
            let gate = stage.gate(&probe.name);
            let mut done: i64 = run.checkpoint()?.unwrap_or_default();
            while done < *to {
                tokio::select! {
                    permit = gate.acquire() => permit.expect("never closed").forget(),
                    () = run.stopped() => return Err(Failure::Interrupted),
                }
                done += 1;
                run.progress(done, Some(*to));
                run.db.write(async |tx| run.keep_in_tx(tx, &done).await).await?;
            }
            Ok(())
        }
    }
}

/// A shop whose jobs the test sees.
pub struct Shop {
    pub app: TestApp,
    pub store: Store,
    id: Uuid,
    pub stage: Arc<Stage>,
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    async fn with(settings: &[(&str, &str)]) -> Self {
        let mut app = TestApp::with(settings).await;
        app.app.kinds = kinds().with::<Probe>().with::<LongProbe>();
        let store = app.store("acme").await;
        let (id, stage) = Stage::set();
        Self { app, store, id, stage }
    }

    pub fn probe(&self, name: &str, does: Does) -> Probe {
        Probe { stage: self.id, name: name.to_owned(), does }
    }

    async fn queue_for<J: Job>(&self, store: &Store, new: NewJob<J>) -> Uuid {
        let (app, db) = (&self.app.app, self.app.app.db.tenant(store.tenant));
        let queue = async |tx: &mut emporia::db::TenantTx<'_>| {
            Ok::<_, Fault>(enqueue_in_tx(tx, app.clock.now(), &app.entropy, &new).await?.0)
        };
        db.write(queue).await.expect("queued")
    }

    async fn queue(&self, name: &str, does: Does) -> Uuid {
        self.queue_for(&self.store, NewJob::now(self.probe(name, does), self.app.app.clock.now())).await
    }

    pub async fn drain(&self) {
        worker::drain(&self.app.app).await.expect("the worker's work");
    }

    /// The job as the merchant sees it.
    async fn job(&self, id: Uuid) -> Value {
        let query = "query($id: ID!) { job(id: $id) { kind status done attempts maxAttempts runAt lastError endedAt
            cancelRequestedAt progress { done total } } }";
        self.app.gql(&self.store.secret, query, json!({ "id": gid(id) })).await["job"].take()
    }

    /// `jobRetry` or `jobCancel`.
    pub async fn ask(&self, mutation: &str, id: Uuid) -> Value {
        let query = format!(
            "mutation($id: ID!) {{ done: {mutation}(id: $id) {{ job {{ status attempts }} userErrors {{ field code message }} }} }}"
        );
        self.app.gql(&self.store.secret, &query, json!({ "id": gid(id) })).await["done"].take()
    }

    /// A worker beside the test, on the test's clock.
    fn work(&self, app: &App) -> (CancellationToken, tokio::task::JoinHandle<Result<(), Fault>>) {
        let shutdown = CancellationToken::new();
        let options = worker::Options { poll: Duration::from_millis(5), ..worker::Options::default() };
        let running = tokio::spawn(worker::run_with(app.clone(), options, shutdown.clone()));
        (shutdown, running)
    }
}

fn gid(id: Uuid) -> String {
    format!("gid://emporia/Job/{id}")
}

#[tokio::test]
async fn a_job_is_done_if_and_only_if_what_causes_it_is_committed() {
    let shop = Shop::open().await;
    let (app, db) = (&shop.app.app, shop.app.app.db.tenant(shop.store.tenant));
    let new = NewJob::now(shop.probe("never", Does::Nothing), app.clock.now());
    let undone = db
        .write(async |tx| {
            enqueue_in_tx(tx, app.clock.now(), &app.entropy, &new).await?;
            Err::<(), _>(Fault::internal("rolled back"))
        })
        .await;
    assert!(undone.is_err());
    let id = shop.queue("once", Does::Nothing).await;
    assert_eq!(shop.job(id).await["status"], "QUEUED");
    shop.drain().await;
    assert_eq!(shop.stage.begun(), ["once"]);
    let done = shop.job(id).await;
    let expected = json!({ "kind": "probe", "status": "SUCCEEDED", "done": true, "attempts": 1, "maxAttempts": 4,
        "runAt": null, "lastError": null, "endedAt": "2026-06-01T12:00:00Z", "cancelRequestedAt": null,
        "progress": { "done": 0, "total": null } });
    assert_eq!(done, expected);
    shop.drain().await;
    assert_eq!(shop.stage.begun().len(), 1, "and not again");
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    let shop = Shop::open().await;
    let later = shop.app.app.clock.now() + TimeDelta::hours(1);
    let new = NewJob { run_at: later, ..NewJob::now(shop.probe("later", Does::Nothing), later) };
    let id = shop.queue_for(&shop.store, new).await;
    shop.drain().await;
    assert_eq!((shop.stage.begun().len(), &shop.job(id).await["runAt"]), (0, &json!("2026-06-01T13:00:00Z")));
    shop.app.clock.advance(TimeDelta::hours(1));
    shop.drain().await;
    assert_eq!(shop.stage.begun(), ["later"]);
}

#[tokio::test]
async fn what_fails_comes_again_ever_later_and_is_left_to_people_in_the_end() {
    let shop = Shop::open().await;
    let id = shop.queue("stubborn", Does::FailTimes(5)).await;
    for attempt in 1..=4 {
        shop.drain().await;
        let job = shop.job(id).await;
        assert_eq!((&job["attempts"], &job["lastError"]), (&json!(attempt), &json!(format!("not yet: {attempt}"))));
        assert_eq!(job["status"], if attempt < 4 { "QUEUED" } else { "FAILED" });
        shop.drain().await;
        assert_eq!(shop.stage.begun().len(), attempt as usize, "not before its time");
        // 10, 20 and 30 seconds, and up to a tenth more.
        shop.app.clock.advance(TimeDelta::seconds(33));
    }
    let failed = "{ jobs(first: 5, status: FAILED, kind: \"probe\") { nodes { id lastError } } }";
    let listed = shop.app.gql(&shop.store.secret, failed, json!({})).await["jobs"]["nodes"].take();
    assert_eq!(listed, json!([{ "id": gid(id), "lastError": "not yet: 4" }]));
    let cancelled = shop.ask("jobCancel", id).await;
    assert_eq!(cancelled["userErrors"][0]["code"], "INVALID_STATE");
    let again = shop.ask("jobRetry", id).await;
    assert_eq!(again["job"], json!({ "status": "QUEUED", "attempts": 0 }), "{again}");
    assert_eq!(shop.ask("jobRetry", id).await["userErrors"][0]["code"], "INVALID_STATE");
    for _ in 0..4 {
        shop.drain().await;
        shop.app.clock.advance(TimeDelta::seconds(33));
    }
    assert_eq!(shop.job(id).await["status"], "FAILED");
}

#[tokio::test]
async fn why_a_job_failed_is_told_unless_it_is_ours() {
    let shop = Shop::open().await;
    for (does, status, told) in [
        (Does::Never, "FAILED", "there is no such thing"),
        (Does::Fault, "QUEUED", "something went wrong on our side"),
        (Does::Panic, "QUEUED", "something went wrong on our side"),
    ] {
        let id = shop.queue("x", does).await;
        shop.drain().await;
        let job = shop.job(id).await;
        assert_eq!((&job["status"], &job["lastError"]), (&json!(status), &json!(told)));
    }
}

#[tokio::test]
async fn under_one_key_one_is_queued_and_what_is_queued_while_it_runs_is_not_forgotten() {
    let shop = Shop::open().await;
    let now = shop.app.app.clock.now();
    let keyed = |name: &str, does, seconds| NewJob {
        job: shop.probe(name, does),
        run_at: now + TimeDelta::seconds(seconds),
        unique_key: Some("the one".to_owned()),
    };
    let first = shop.queue_for(&shop.store, keyed("first", Does::Wait, 60)).await;
    let other = shop.app.store("other").await;
    assert_ne!(shop.queue_for(&other, keyed("of another", Does::Nothing, 60)).await, first);
    assert_eq!(shop.queue_for(&shop.store, keyed("second", Does::Wait, 0)).await, first, "it joins the first");
    let (shutdown, running) = shop.work(&shop.app.app);
    eventually("it runs, at the earlier time", async || (shop.stage.begun() == ["first"]).then_some(())).await;
    assert_eq!(shop.queue_for(&shop.store, keyed("third", Does::Wait, 0)).await, first);
    shop.stage.gate("first").add_permits(1);
    eventually("it runs once more", async || (shop.stage.begun() == ["first", "first"]).then_some(())).await;
    shop.stage.gate("first").add_permits(1);
    eventually("it is done", async || (shop.job(first).await["status"] == "SUCCEEDED").then_some(())).await;
    assert_ne!(shop.queue_for(&shop.store, keyed("fourth", Does::Nothing, 0)).await, first, "one that is done is done");
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn what_is_queued_while_it_runs_is_done_at_its_time_however_the_run_ends() {
    let shop = Shop::open().await;
    let keyed = |seconds| NewJob {
        job: shop.probe("vain", Does::WaitInVain),
        run_at: shop.app.app.clock.now() + TimeDelta::seconds(seconds),
        unique_key: Some("the one".to_owned()),
    };
    let id = shop.queue_for(&shop.store, keyed(0)).await;
    let (shutdown, running) = shop.work(&shop.app.app);
    eventually("it runs", async || (shop.stage.begun().len() == 1).then_some(())).await;
    for seconds in [90, 60, 120] {
        assert_eq!(shop.queue_for(&shop.store, keyed(seconds)).await, id);
    }
    shop.stage.gate("vain").add_permits(1);
    let waits = json!({ "status": "QUEUED", "runAt": "2026-06-01T12:01:00Z", "attempts": 0 });
    let is_waiting = async || {
        let job = shop.job(id).await;
        (["status", "runAt", "attempts"].iter().all(|field| job[field] == waits[field])).then_some(())
    };
    eventually("it waits for the earliest of the times at which it was wished for again", is_waiting).await;
    shop.stage.gate("vain").add_permits(1);
    shop.app.clock.advance(TimeDelta::seconds(60));
    let is_failed = async || (shop.job(id).await["status"] == "FAILED").then_some(());
    eventually("it ran again, and nobody has wished for more", is_failed).await;
    assert_eq!(shop.stage.begun().len(), 2);
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

/// The worker dies while it does these.
async fn die_at(shop: &Shop, begun: usize) {
    tokio::select! {
        done = worker::drain(&shop.app.app) => panic!("it ended: {done:?}"),
        () = eventually("it runs", async || (shop.stage.begun().len() == begun).then_some(())) => {}
    }
    settled(&shop.app.db.name).await;
}

#[tokio::test]
async fn what_was_given_up_while_its_worker_died_keeps_nobody_waiting() {
    let shop = Shop::open().await;
    let now = shop.app.app.clock.now();
    let long = |name: &str, does| NewJob::now(LongProbe(shop.probe(name, does)), now);
    let dead = shop.queue_for(&shop.store, long("dead", Does::Wait)).await;
    die_at(&shop, 1).await;
    assert_eq!(shop.ask("jobCancel", dead).await["job"]["status"], "RUNNING");
    let alive = shop.queue_for(&shop.store, long("alive", Does::Nothing)).await;
    leases_end(&mut admin(&shop.app.db.name).await).await;
    let (shutdown, running) = shop.work(&shop.app.app);
    eventually("it is done", async || (shop.job(alive).await["status"] == "SUCCEEDED").then_some(())).await;
    assert_eq!(shop.job(dead).await["status"], "CANCELLED");
    assert_eq!(shop.stage.begun(), ["dead", "alive"]);
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn what_is_wished_for_after_it_was_given_up_is_done() {
    let shop = Shop::open().await;
    let keyed = || NewJob {
        unique_key: Some("the one".to_owned()),
        ..NewJob::now(shop.probe("twice", Does::Wait), shop.app.app.clock.now())
    };
    let id = shop.queue_for(&shop.store, keyed()).await;
    die_at(&shop, 1).await;
    // What was wished for before is given up with it.
    shop.queue_for(&shop.store, keyed()).await;
    shop.ask("jobCancel", id).await;
    assert_eq!(shop.queue_for(&shop.store, keyed()).await, id);
    leases_end(&mut admin(&shop.app.db.name).await).await;
    shop.stage.gate("twice").add_permits(1);
    shop.drain().await;
    let job = shop.job(id).await;
    assert_eq!(
        (&job["status"], &job["attempts"], &job["cancelRequestedAt"]),
        (&json!("SUCCEEDED"), &json!(1), &Value::Null)
    );
}

#[tokio::test]
async fn a_job_that_was_given_up_is_not_retried_beside_one_that_does_the_same() {
    let shop = Shop::open().await;
    let now = shop.app.app.clock.now();
    let keyed = || NewJob { unique_key: Some("k".to_owned()), ..NewJob::now(shop.probe("x", Does::Nothing), now) };
    let first = shop.queue_for(&shop.store, keyed()).await;
    assert_eq!(shop.ask("jobCancel", first).await["job"]["status"], "CANCELLED");
    let second = shop.queue_for(&shop.store, keyed()).await;
    assert_ne!(second, first);
    let refused = shop.ask("jobRetry", first).await;
    assert_eq!((&refused["userErrors"][0]["code"], &refused["job"]), (&json!("ALREADY_QUEUED"), &Value::Null));
    shop.drain().await;
    assert_eq!(shop.stage.begun().len(), 1, "what is given up is not done");
    assert_eq!(shop.ask("jobRetry", first).await["job"]["status"], "QUEUED");
}

#[tokio::test]
async fn a_running_job_shows_how_far_it_is_and_stops_when_it_is_given_up() {
    let shop = Shop::open().await;
    let now = shop.app.app.clock.now();
    let id = shop.queue_for(&shop.store, NewJob::now(LongProbe(shop.probe("count", Does::Count(100))), now)).await;
    let (shutdown, running) = shop.work(&shop.app.app);
    shop.stage.gate("count").add_permits(7);
    let progress = json!({ "done": 7, "total": 100 });
    eventually("it is shown", async || (shop.job(id).await["progress"] == progress).then_some(())).await;
    assert_eq!(shop.job(id).await["status"], "RUNNING");
    let asked = shop.ask("jobCancel", id).await;
    assert_eq!(asked["job"]["status"], "RUNNING", "it has to hear of it");
    eventually("it has stopped", async || (shop.job(id).await["status"] == "CANCELLED").then_some(())).await;
    assert_eq!(shop.job(id).await["progress"], progress);
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_process_that_stops_gives_back_what_goes_on_from_its_checkpoint_elsewhere() {
    let shop = Shop::open().await;
    let now = shop.app.app.clock.now();
    let id = shop.queue_for(&shop.store, NewJob::now(LongProbe(shop.probe("count", Does::Count(5))), now)).await;
    let (shutdown, running) = shop.work(&shop.app.app);
    shop.stage.gate("count").add_permits(3);
    let progress = json!({ "done": 3, "total": 5 });
    eventually("it has got so far", async || (shop.job(id).await["progress"] == progress).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
    let job = shop.job(id).await;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("QUEUED"), &json!(0)), "a restart is no attempt: {job}");
    shop.stage.gate("count").add_permits(2);
    shop.drain().await;
    let job = shop.job(id).await;
    assert_eq!((&job["status"], &job["progress"]["done"]), (&json!("SUCCEEDED"), &json!(5)), "and not from the start");
}

#[tokio::test]
async fn a_crash_at_any_await_loses_no_job_and_tells_once() {
    let shop = Shop::open().await;
    let mut admin_conn = admin(&shop.app.db.name).await;
    let mut ids = Vec::new();
    for polls in 1.. {
        ids.push(shop.queue("tell", Does::Tell).await);
        let finished = dropped_after(polls, worker::drain(&shop.app.app)).await;
        settled(&shop.app.db.name).await;
        leases_end(&mut admin_conn).await;
        if finished {
            break;
        }
    }
    for _ in 0..5 {
        shop.drain().await;
        leases_end(&mut admin_conn).await;
        shop.app.clock.advance(TimeDelta::minutes(5));
    }
    let events = count(&mut admin_conn, "SELECT count(*) AS n FROM events").await;
    let mut succeeded = 0;
    for id in &ids {
        let job = shop.job(*id).await;
        succeeded += i64::from(job["status"] == "SUCCEEDED");
        assert!(job["status"] != "QUEUED" && job["status"] != "RUNNING", "{job}");
    }
    assert_eq!(events, succeeded, "told once by each that is done, and by no other");
    assert!(succeeded > 0);
}

#[tokio::test]
async fn one_whose_worker_dies_over_and_over_is_left_to_people() {
    let shop = Shop::open().await;
    let id = shop.queue("deadly", Does::Wait).await;
    let mut admin_conn = admin(&shop.app.db.name).await;
    for attempt in 1..=5 {
        let dying = tokio::spawn({
            let app = shop.app.app.clone();
            async move { worker::drain(&app).await }
        });
        let seen = eventually("it is begun, or left", async || {
            let job = shop.job(id).await;
            let is_begun = shop.stage.begun().len() == attempt && job["attempts"] == attempt;
            (is_begun || job["status"] == "FAILED").then_some(job)
        })
        .await;
        if attempt == 5 {
            assert_eq!(seen["lastError"], "its worker was cut off, over and over");
        }
        dying.abort();
        let _ = dying.await;
        settled(&shop.app.db.name).await;
        leases_end(&mut admin_conn).await;
    }
    assert_eq!((shop.job(id).await["status"].clone(), shop.stage.begun().len()), (json!("FAILED"), 4));
}

#[tokio::test]
async fn a_tenant_with_many_jobs_does_not_delay_anothers_first() {
    let shop = Shop::with(&[("SHUTDOWN_TIMEOUT_MS", "10")]).await;
    let (other, third) = (shop.app.store("other").await, shop.app.store("third").await);
    for n in 0..100 {
        shop.queue(&format!("crowd {n}"), Does::Wait).await;
    }
    let (shutdown, running) = shop.work(&shop.app.app);
    eventually("the crowd has all places it may have", async || (shop.stage.begun().len() == 4).then_some(())).await;
    for (store, name) in [(&other, "other's"), (&third, "third's")] {
        let job = shop.probe(name, Does::Nothing);
        shop.queue_for(store, NewJob::now(job, shop.app.app.clock.now())).await;
        eventually("it is done at once", async || shop.stage.begun().contains(&name.to_owned()).then_some(())).await;
    }
    assert_eq!(shop.stage.begun().iter().filter(|name| name.starts_with("crowd")).count(), 4);
    // Long ones do not wait for quick ones either.
    let long = LongProbe(shop.probe("long", Does::Nothing));
    shop.queue_for(&shop.store, NewJob::now(long, shop.app.app.clock.now())).await;
    eventually("long ones have places of their own", async || {
        shop.stage.begun().contains(&"long".to_owned()).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn jobs_are_forgotten_some_time_after_their_end_and_no_sooner() {
    let shop = Shop::open().await;
    let (done, waiting) = (shop.queue("done", Does::Nothing).await, shop.queue("failing", Does::FailTimes(1)).await);
    shop.drain().await;
    shop.app.clock.advance(TimeDelta::days(30));
    worker::sweep(&shop.app.app).await.expect("a round");
    assert_eq!(shop.job(done).await["status"], "SUCCEEDED");
    shop.app.clock.advance(TimeDelta::seconds(1));
    worker::sweep(&shop.app.app).await.expect("a round");
    assert_eq!(shop.job(done).await, Value::Null);
    assert_eq!(shop.job(waiting).await["status"], "QUEUED", "however long it waits");
}

#[tokio::test]
async fn what_a_job_was_done_with_is_gone_once_it_is_done() {
    let shop = Shop::open().await;
    shop.queue("secret", Does::Nothing).await;
    shop.queue("secret", Does::Never).await;
    shop.drain().await;
    let mut admin_conn = admin(&shop.app.db.name).await;
    let kept = "SELECT count(*) AS n FROM jobs WHERE payload::text LIKE '%secret%'";
    assert_eq!(count(&mut admin_conn, kept).await, 1, "of one that may be retried it is kept");
}
