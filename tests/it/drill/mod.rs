//! The drill: shoppers order while everything is killed and started again, and in the end nothing is missing, nothing
//! twice. docs/delivery.md says what is promised.
//!
//! The tests run it short. `scripts/drill` runs it at length: it sets DRILL_ORDERS, DRILL_CLIENTS and DRILL_SEED. Then
//! leases end by themselves; in the short form the database is told that their time has passed.

mod audit;
mod client;
mod house;
mod plan;
mod shop;
mod shopper;
mod subscriber;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use audit::Account;
use client::Client;
use house::{House, pause};
use plan::{Act, Server, Step, plan};
use shop::Shop;
use shopper::{Placed, Progress, Wish, order, shop_until_done};
use subscriber::Subscriber;

use crate::support::{Received, Receiver, Reply, leases_end, within};

/// Nothing takes longer unless it is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// How large a drill is.
struct Size {
    shops: &'static [&'static str],
    orders: usize,
    clients: usize,
    blows: usize,
    seed: u64,
    /// Whether it takes its time: leases end by themselves, and the disk is waited for. The system keeps what a killed
    /// process has written, whether it is on the disk or not.
    is_long: bool,
}

impl Size {
    /// As scripts/drill says, or small.
    fn from_env() -> Self {
        let number = |name: &str| Some(std::env::var(name).ok()?.parse().expect("a number"));
        match number("DRILL_ORDERS") {
            None => Self { shops: &["acme", "birch"], orders: 60, clients: 4, blows: 5, seed: 7, is_long: false },
            Some(orders) => {
                let clients = number("DRILL_CLIENTS").map_or(8, |clients| clients as usize);
                let blows = (orders as usize / 25).max(5);
                let seed = number("DRILL_SEED").unwrap_or_default();
                let (shops, orders) = (&["acme", "birch", "cedar"], orders as usize);
                Self { shops, orders, clients, blows, seed, is_long: true }
            }
        }
    }
}

/// Mostly content.
fn mood(before: usize) -> Reply {
    match before {
        n if n % 25 == 7 => Reply::Hang,
        n if n % 10 == 3 => Reply::Status(500, "not now".to_owned()),
        _ => Reply::Status(200, "thanks".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_every_order_exists_once_and_every_event_arrives() {
    let size = Size::from_env();
    let (begun, steps) = (Instant::now(), plan(size.seed, size.orders, size.blows));
    println!("{} orders, {} clients, {} blows, seed {}", size.orders, size.clients, size.blows, size.seed);
    let mut house = House::open(size.is_long).await;
    let receiver = Receiver::start(Reply::Moody(mood)).await;
    let mut client = Client::new(house.addresses());
    // About a quarter of the orders want one: enough for half of them.
    let lamps = (size.orders / size.shops.len() / 8).max(1);
    let mut shops = Vec::new();
    for handle in size.shops {
        shops.push(Shop::open(&house, handle, lamps, &receiver, &mut client).await);
    }
    let (shops, progress) = (Arc::new(shops), Arc::new(Progress::new(size.orders)));

    // A first order each: subscribers need an event to begin behind.
    let mut placed = Vec::new();
    let mut subscribers = JoinSet::new();
    let (told, count) = watch::channel(None);
    for (at, shop) in shops.iter().enumerate() {
        let wish = Wish { mugs: 1, has_lamp: false, is_paid: false };
        placed.push(order(&mut client, &shops, at, "first", wish, &progress).await);
        let first = first_event(&house, shop).await;
        let subscriber = Subscriber::behind(house.addresses(), at, &shop.secret, first);
        subscribers.spawn(subscriber.listen(count.clone()));
    }
    println!("everything is there after {:.1} s", begun.elapsed().as_secs_f64());

    let mut shoppers = JoinSet::new();
    for _ in 0..size.clients {
        shoppers.spawn(shop_until_done(client.clone(), shops.clone(), progress.clone()));
    }
    let (mut done, mut unheard) = (Vec::new(), Vec::new());
    tokio::select! {
        () = strike(&mut house, &steps, size.clients, &progress) => {}
        () = watch_over(&mut shoppers, &mut done) => {}
        () = watch_over(&mut subscribers, &mut unheard) => {}
    }
    done.extend(shoppers.join_all().await);
    placed.extend(done.into_iter().flatten());
    println!("all orders are acknowledged after {:.1} s", begun.elapsed().as_secs_f64());

    settle(&mut house, size.is_long).await;
    let events = count_events(&house, &shops).await;
    told.send_replace(Some(events.clone()));
    let mut subscribers = tokio::time::timeout(PATIENCE, subscribers.join_all()).await.expect("all is heard in time");
    subscribers.sort_unstable_by_key(|subscriber| subscriber.shop);

    let received = receiver.received();
    let mut unrecorded = 0;
    for (at, shop) in shops.iter().enumerate() {
        let placed: Vec<&Placed> = placed.iter().filter(|placed| placed.shop == at).collect();
        let heard = subscribers[at].heard.borrow().clone();
        let account = Account { postgres: &house.postgres, shop, lamps, placed, heard: &heard };
        account.check_orders().await;
        account.check_stock().await;
        account.check_books().await;
        let events = account.check_events().await;
        let prefix = format!("/hooks/{}/", shop.handle);
        let requests = received.iter().enumerate().filter(|(_, request)| request.path.starts_with(&prefix));
        let is_taken = |nth| matches!(mood(nth), Reply::Status(200, _));
        let requests: Vec<(&Received, bool)> = requests.map(|(nth, request)| (request, is_taken(nth))).collect();
        unrecorded += account.check_webhooks(&events, &requests, strikes_at_workers(&steps)).await;
    }

    let events: usize = events.iter().sum();
    let count = |wanted: fn(Act) -> bool| steps.iter().filter(|step| wanted(step.act)).count();
    println!(
        "{} orders in {} shops, {} refused for want of stock; {} requests without an answer were repeated\n\
         kill -9: {} of APIs, {} of workers, {} of Redis; {} restarts of PostgreSQL\n\
         {events} events; subscribers began anew {} times and heard each event once, in order\n\
         {} requests at the receiver, of which it took {}; {unrecorded} were sent and never recorded\n\
         seed {}; {:.1} s",
        placed.len(),
        shops.len(),
        progress.sold_out.load(Ordering::Relaxed),
        client.unanswered.load(Ordering::Relaxed),
        count(|act| matches!(act, Act::Kill(Server::Api(_)))),
        count(|act| matches!(act, Act::Kill(Server::Worker(_)))),
        count(|act| matches!(act, Act::Kill(Server::Redis))),
        count(|act| matches!(act, Act::RestartPostgres(_))),
        subscribers.iter().map(|subscriber| subscriber.resumed).sum::<usize>(),
        received.len(),
        (0..received.len()).filter(|nth| matches!(mood(*nth), Reply::Status(200, _))).count(),
        size.seed,
        begun.elapsed().as_secs_f64(),
    );
}

/// Carries the plan out while orders are made.
async fn strike(house: &mut House, steps: &[Step], clients: usize, progress: &Progress) {
    let mut acknowledged = progress.acknowledged.subscribe();
    for step in steps {
        progress.until.send_replace(step.after + clients);
        let so_far = *acknowledged.wait_for(|orders| *orders >= step.after).await.expect("the drill goes on");
        println!("{so_far:>6} orders: {:?}", step.act);
        house.tend();
        house.carry_out(step.act).await;
    }
    progress.until.send_replace(usize::MAX);
}

/// Panics when one of the tasks does; never comes to an end otherwise.
async fn watch_over<T: 'static>(tasks: &mut JoinSet<T>, done: &mut Vec<T>) {
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
    }
    std::future::pending().await
}

/// How many acts may have cut a worker off while it sent.
fn strikes_at_workers(steps: &[Step]) -> usize {
    let is_strike = |step: &&Step| matches!(step.act, Act::Kill(Server::Worker(_)) | Act::RestartPostgres(_));
    steps.iter().filter(is_strike).count()
}

async fn first_event(house: &House, shop: &Shop) -> String {
    let sql = format!("SELECT id FROM events WHERE tenant_id = '{}' AND position = 1", shop.tenant);
    let id = within(PATIENCE, "the first order is published", async || {
        Some(house.postgres.rows(&sql).await.pop()?["id"].as_str()?.to_owned())
    });
    format!("gid://emporia/OrderChange/{}", id.await)
}

/// Waits until workers have nothing left to do, of what killed ones left behind too.
async fn settle(house: &mut House, is_long: bool) {
    house.tend();
    if !is_long {
        house.stop_workers().await;
        leases_end(&mut house.postgres.admin().await).await;
        for twin in 0..2 {
            house.carry_out(Act::Start(Server::Worker(twin))).await;
        }
    }
    let left = "SELECT (SELECT count(*) FROM events WHERE position IS NULL) AS events,
        (SELECT count(*) FROM webhook_deliveries WHERE status <> 'SUCCEEDED') AS deliveries";
    // A lease is at most a minute; what failed before it has waits of its own.
    let (deadline, mut said) = (Instant::now() + 3 * PATIENCE, Value::Null);
    loop {
        house.tend();
        let left = house.postgres.rows(left).await.pop().expect("a row");
        if left["events"] == 0 && left["deliveries"] == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "never done: {left}");
        if is_long && said != left {
            println!("        left to do: {left}");
        }
        said = left;
        pause().await;
    }
}

/// How many events each shop has.
async fn count_events(house: &House, shops: &[Shop]) -> Vec<usize> {
    let mut counts = Vec::new();
    for shop in shops {
        let sql = format!("SELECT count(*) AS n FROM events WHERE tenant_id = '{}'", shop.tenant);
        let rows = house.postgres.rows(&sql).await;
        counts.push(rows[0]["n"].as_u64().expect("a number") as usize);
    }
    counts
}
