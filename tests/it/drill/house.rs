//! Everything that the drill kills: two APIs, two workers, Redis and PostgreSQL, as operators run them.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::block_in_place;

use super::PATIENCE;
use super::plan::{Act, Server};
use crate::guard::OwnRedis;
use crate::support::{Cluster, Process, within};

/// Where the APIs are at the moment; none: away.
pub type Addresses = watch::Receiver<[Option<SocketAddr>; 2]>;

pub struct House {
    pub postgres: Cluster,
    redis: OwnRedis,
    apis: [Option<Process>; 2],
    workers: [Option<Process>; 2],
    addresses: watch::Sender<[Option<SocketAddr>; 2]>,
    settings: Vec<(&'static str, String)>,
}

impl House {
    /// A migrated database, and everything running on it.
    pub async fn open(waits_for_disk: bool) -> Self {
        let (postgres, redis) = (Cluster::start(waits_for_disk).await, OwnRedis::start().await);
        let settings = [
            ("DATABASE_URL", postgres.url("emporia_app")),
            ("DATABASE_PLATFORM_URL", postgres.url("emporia_platform")),
            ("DATABASE_OWNER_URL", postgres.url("emporia_owner")),
            ("REDIS_URL", redis.url()),
            ("DATABASE_POOL_SIZE", "8".to_owned()),
            ("WEBHOOK_ALLOW_PRIVATE", "true".to_owned()),
            ("WEBHOOK_TIMEOUT_MS", "1000".to_owned()),
            ("WEBHOOK_RETRY_SECONDS", "1,1,1,2,2,5,5,5,10,10,10,10".to_owned()),
        ];
        let mut it = Self {
            postgres,
            redis,
            apis: [None, None],
            workers: [None, None],
            addresses: watch::Sender::new([None, None]),
            settings: settings.to_vec(),
        };
        it.operate(&["migrate", "--bootstrap", &it.postgres.admin_url("postgres")]);
        for twin in 0..2 {
            it.carry_out(Act::Start(Server::Api(twin))).await;
            it.carry_out(Act::Start(Server::Worker(twin))).await;
        }
        it
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses.subscribe()
    }

    /// Runs a command of the operators', which must succeed; answers what it printed.
    pub fn operate(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
        command.args(arguments).env_clear().envs(self.settings());
        let Output { status, stdout, stderr } = block_in_place(|| command.output()).expect("emporia");
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).expect("UTF-8")
    }

    /// The same for one that prints JSON.
    pub fn operate_json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.operate(arguments)).expect("JSON")
    }

    fn settings(&self) -> Vec<(&'static str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    pub async fn carry_out(&mut self, act: Act) {
        match act {
            Act::Kill(Server::Api(twin)) => {
                self.apis[twin].take().expect("an API that runs").kill();
                self.addresses.send_modify(|addresses| addresses[twin] = None);
            }
            Act::Kill(Server::Worker(twin)) => self.workers[twin].take().expect("a worker that runs").kill(),
            Act::Kill(Server::Redis) => self.redis.stop(),
            Act::Start(Server::Api(twin)) => {
                let settings = self.settings();
                let start = async || block_in_place(|| Process::try_serve(&settings));
                let (api, address) = within(PATIENCE, "an API starts", start).await;
                self.apis[twin] = Some(api);
                self.addresses.send_modify(|addresses| addresses[twin] = Some(address));
            }
            Act::Start(Server::Worker(twin)) => self.workers[twin] = Some(Process::worker(&self.settings())),
            Act::Start(Server::Redis) => self.redis.start_again(),
            Act::RestartPostgres(stop) => self.postgres.restart(stop).await,
        }
    }

    /// What a supervisor does: starts again what has ended by itself, as a worker does that finds no PostgreSQL when it
    /// starts. An API that runs has no reason to.
    pub fn tend(&mut self) {
        for api in self.apis.iter_mut().flatten() {
            let ended = api.ended();
            assert!(ended.is_none(), "an API has ended by itself: {ended:?}");
        }
        for twin in 0..2 {
            if self.workers[twin].as_mut().is_some_and(|worker| worker.ended().is_some()) {
                self.workers[twin] = Some(Process::worker(&self.settings()));
            }
        }
    }

    /// Asks the workers to stop, and waits for what they have begun.
    pub async fn stop_workers(&mut self) {
        for worker in self.workers.iter_mut().flatten() {
            if worker.ended().is_none() {
                worker.terminate();
            }
            let worker = std::cell::RefCell::new(worker);
            within(PATIENCE, "a worker stops", async || worker.borrow_mut().ended()).await;
        }
    }
}

/// Some API that is there at the moment, one of two at random order.
pub async fn an_api(addresses: &mut Addresses, turn: usize) -> SocketAddr {
    let there = tokio::time::timeout(PATIENCE, addresses.wait_for(|all| all.iter().any(Option::is_some))).await;
    let all = *there.expect("an API in time").expect("the house stands");
    all[turn % 2].or(all[(turn + 1) % 2]).expect("waited for")
}

/// Before something is tried again that has just failed.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
