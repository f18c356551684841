//! Jobs that do as a test says, and a shop that has them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
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

use crate::support::{Store, TestApp};

/// What a test sees and decides of its jobs.
#[derive(Default)]
pub struct Stage {
    /// The names of those that were begun, in that order, with the number of the attempt.
    begun: Mutex<Vec<(String, i32)>>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

static STAGES: LazyLock<Mutex<HashMap<Uuid, Arc<Stage>>>> = LazyLock::new(Mutex::default);

impl Stage {
    pub fn set() -> (Uuid, Arc<Stage>) {
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

    pub fn gate(&self, name: &str) -> Arc<Semaphore> {
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
pub struct LongProbe(pub Probe);

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

    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let mut app = TestApp::with(settings).await;
        app.app.kinds = kinds().with::<Probe>().with::<LongProbe>();
        let store = app.store("acme").await;
        let (id, stage) = Stage::set();
        Self { app, store, id, stage }
    }

    pub fn probe(&self, name: &str, does: Does) -> Probe {
        Probe { stage: self.id, name: name.to_owned(), does }
    }

    pub async fn queue_for<J: Job>(&self, store: &Store, new: NewJob<J>) -> Uuid {
        let (app, db) = (&self.app.app, self.app.app.db.tenant(store.tenant));
        let queue = async |tx: &mut emporia::db::TenantTx<'_>| {
            Ok::<_, Fault>(enqueue_in_tx(tx, app.clock.now(), &app.entropy, &new).await?.0)
        };
        db.write(queue).await.expect("queued")
    }

    pub async fn queue(&self, name: &str, does: Does) -> Uuid {
        self.queue_for(&self.store, NewJob::now(self.probe(name, does), self.app.app.clock.now())).await
    }

    pub async fn drain(&self) {
        worker::drain(&self.app.app).await.expect("the worker's work");
    }

    /// The job as the merchant sees it.
    pub async fn job(&self, id: Uuid) -> Value {
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
    pub fn work(&self, app: &App) -> (CancellationToken, tokio::task::JoinHandle<Result<(), Fault>>) {
        let shutdown = CancellationToken::new();
        let options = worker::Options { poll: Duration::from_millis(5), ..worker::Options::default() };
        let running = tokio::spawn(worker::run_with(app.clone(), options, shutdown.clone()));
        (shutdown, running)
    }
}

pub fn gid(id: Uuid) -> String {
    format!("gid://emporia/Job/{id}")
}
