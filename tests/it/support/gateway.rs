//! A payment gateway that does as the test says, when it says so.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use emporia::payment::{Charge, Charged, PaymentGateway, Queried, Unknown};
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::sessions;

pub struct TestGateway {
    database: String,
    /// A charge waits for one of these before it is approved.
    pub approvals: Semaphore,
    /// How many charges have begun.
    pub begun: watch::Sender<usize>,
    /// What a question is answered with; none: nothing, for ever.
    pub says: Mutex<Option<Queried>>,
    /// Whether it gives money back.
    pub voids: Mutex<bool>,
    pub voided: Mutex<Vec<Uuid>>,
    /// Transactions that were open in the database when it was called, counted over all calls.
    pub open: Mutex<i64>,
}

impl TestGateway {
    pub fn new(database: &str) -> Arc<Self> {
        Arc::new(Self {
            database: database.to_owned(),
            approvals: Semaphore::new(0),
            begun: watch::Sender::new(0),
            says: Mutex::new(Some(Queried::NotFound)),
            voids: Mutex::new(true),
            voided: Mutex::default(),
            open: Mutex::default(),
        })
    }

    /// Waits until so many charges have begun.
    pub async fn wait_for(&self, charges: usize) {
        self.begun.subscribe().wait_for(|begun| *begun >= charges).await.expect("the gateway is there");
    }

    async fn look(&self) {
        let open = "xact_start IS NOT NULL AND backend_type = 'client backend'";
        let open = sessions(&self.database, open).await;
        *self.open.lock().expect("no holder panics") += open;
    }
}

#[async_trait]
impl PaymentGateway for TestGateway {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn charge(&self, _: &Charge) -> Result<Charged, Unknown> {
        self.look().await;
        self.begun.send_modify(|begun| *begun += 1);
        self.approvals.acquire().await.expect("never closed").forget();
        Ok(Charged::Approved)
    }

    async fn query(&self, _: Uuid) -> Result<Queried, Unknown> {
        self.look().await;
        let says = self.says.lock().expect("no holder panics").clone();
        match says {
            Some(says) => Ok(says),
            None => std::future::pending().await,
        }
    }

    async fn void(&self, attempt_id: Uuid) -> Result<(), Unknown> {
        self.look().await;
        if !*self.voids.lock().expect("no holder panics") {
            return Err(Unknown("told not to".to_owned()));
        }
        self.voided.lock().expect("no holder panics").push(attempt_id);
        Ok(())
    }
}
