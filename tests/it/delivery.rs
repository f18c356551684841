//! What becomes of a webhook when a worker's process is killed, or has company: docs/delivery.md's table, row by row.

use std::collections::HashSet;
use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use emporia::clock::{Clock, SystemClock};
use emporia::events::Topic;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::events::append;
use crate::support::{
    Process, Receiver, Reply, Store, TestApp, admin, eventually, leases_end, redis_url, settled, start, waiting,
};
use crate::webhook::{deliveries, subscribe};

/// A store and a receiver that is told of its new orders.
struct Scene {
    test: TestApp,
    store: Store,
    receiver: Receiver,
}

impl Scene {
    async fn new(reply: Reply) -> Self {
        let test = TestApp::new().await;
        // The processes go by the real time.
        test.clock.advance(SystemClock.now() - start());
        let store = test.store("acme").await;
        let receiver = Receiver::start(reply).await;
        subscribe(&test, &store, "ORDERS_CREATE", &receiver.url()).await;
        Self { test, store, receiver }
    }

    /// A worker in a process of its own.
    fn worker(&self) -> Process {
        let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| self.test.db.url(role));
        let settings = [("DATABASE_URL", app), ("DATABASE_PLATFORM_URL", platform), ("REDIS_URL", redis_url())];
        let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.push(("WEBHOOK_ALLOW_PRIVATE", "true"));
        Process::worker(&settings)
    }

    async fn append(&self, events: usize) {
        append(&self.test.app, &self.store, &vec![Topic::OrdersCreate; events]).await;
    }

    /// Waits until so many requests have come.
    async fn received(&self, count: usize) {
        let what = format!("{count} requests come");
        eventually(&what, async || (self.receiver.received().len() == count).then_some(())).await;
    }

    /// Waits until so many deliveries have been taken; answers them.
    async fn succeeded(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} deliveries have succeeded");
        eventually(&what, async || {
            let all = deliveries(&self.test, &self.store).await;
            (all.len() == count && all.iter().all(|delivery| delivery["status"] == "SUCCEEDED")).then_some(all)
        })
        .await
    }

    /// Of the only delivery nothing is recorded; nobody touches it until its lease ends, and the next worker sends the
    /// same message.
    async fn the_next_worker_sends_it_again(&self) {
        let [before] = &deliveries(&self.test, &self.store).await[..] else { panic!("one delivery") };
        let recorded = (&before["status"], &before["attemptCount"], &before["attempts"]);
        assert_eq!(recorded, (&json!("PENDING"), &json!(0), &json!([])));
        self.receiver.reply(Reply::Status(200, "thanks".to_owned()));
        emporia::worker::drain(&self.test.app).await.expect("the worker's work");
        assert_eq!(self.receiver.received().len(), 1, "its lease still holds");

        leases_end(&mut admin(&self.test.db.name).await).await;
        let _second = self.worker();
        let after = self.succeeded(1).await.remove(0);
        assert_eq!((&after["attemptCount"], &after["messageId"]), (&json!(1), &before["messageId"]));
        let [first, second] = &self.receiver.received()[..] else { panic!("two requests") };
        assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
        assert_eq!(first.header("webhook-id"), after["messageId"]);
        assert_eq!(first.body, second.body);
    }
}

#[tokio::test]
async fn a_worker_that_is_killed_before_it_is_answered_is_followed_by_a_second_send_of_the_same_message() {
    let scene = Scene::new(Reply::Hang).await;
    scene.append(1).await;
    let worker = scene.worker();
    scene.received(1).await;
    worker.kill();
    scene.the_next_worker_sends_it_again().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_between_the_answer_and_the_record_is_followed_by_a_second_send() {
    let scene = Scene::new(Reply::Status(200, "thanks".to_owned())).await;
    // Whoever records an attempt waits here.
    let mut lock = admin(&scene.test.db.name).await;
    lock.batch_execute("BEGIN; LOCK TABLE webhook_attempts").await.expect("a lock");
    scene.append(1).await;
    let worker = scene.worker();
    scene.received(1).await;
    eventually("the answer is to be recorded", async || waiting(&scene.test).await).await;
    worker.kill();
    lock.batch_execute("ROLLBACK").await.expect("an end");
    settled(&scene.test.db.name).await;
    scene.the_next_worker_sends_it_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_worker_processes_never_send_the_same_attempt() {
    let gate = Arc::new(Semaphore::new(0));
    let scene = Scene::new(Reply::Held(gate.clone())).await;
    let _workers = [scene.worker(), scene.worker()];
    // A worker has up to four attempts of an endpoint at once. Each event rings for either of them: when eight are held,
    // both have claimed from the same queue.
    let mut events = 0;
    while scene.receiver.received().len() < 8 {
        events += 1;
        scene.append(1).await;
        eventually("it is queued", async || {
            (deliveries(&scene.test, &scene.store).await.len() == events).then_some(())
        })
        .await;
    }
    gate.add_permits(events);
    scene.succeeded(events).await;
    let received = scene.receiver.received();
    let ids: HashSet<&str> = received.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!((received.len(), ids.len()), (events, events), "each event once");
}
