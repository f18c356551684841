use std::collections::HashMap;

use proptest::prelude::*;
use tokio::task::yield_now;
use uuid::Uuid;

use super::*;
use crate::clock::ManualClock;

const TENANT: TenantId = TenantId(Uuid::nil());

fn of_key(key: u128) -> Client {
    Client { access: Access::Secret { key_id: Uuid::from_u128(key) }, network: None }
}

fn throttle() -> Throttle {
    let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
    Throttle::new(MemoryShared::by(clock.clone()), clock, Counter::default())
}

fn rate() -> Rate {
    Rate::per_second(2).expect("a rate")
}

#[tokio::test]
async fn a_client_takes_half_and_all_together_the_whole() {
    let throttle = throttle();
    let charged = throttle.charge(TENANT, rate(), of_key(1), 20).await.expect("a client's whole");
    let status = Status { maximum_available: 20, currently_available: 0, restore_rate: 1 };
    assert_eq!(charged.status(), status);
    let refused = throttle.charge(TENANT, rate(), of_key(1), 10).await.expect_err("no more of it");
    assert_eq!(refused.requested, 10);
    assert_eq!(refused.wait, Some(Duration::from_secs(10)));
    throttle.charge(TENANT, rate(), of_key(2), 18).await.expect("another's");
    let refused = throttle.charge(TENANT, rate(), of_key(3), 10).await.expect_err("the tenant's");
    assert_eq!(refused.status, Status { maximum_available: 20, currently_available: 2, restore_rate: 1 });
    assert_eq!(refused.wait, Some(Duration::from_secs(4)), "the shop's leaks twice as fast");
    throttle.charge(TenantId(Uuid::from_u128(1)), rate(), of_key(3), 20).await.expect("another tenant's");
}

#[tokio::test]
async fn what_was_not_used_is_given_back() {
    let throttle = throttle();
    let charged = throttle.charge(TENANT, rate(), of_key(1), 20).await.expect("room");
    assert_eq!(charged.settle(5).currently_available, 15);
    // With what is wanted next, if nobody has been at it before.
    let charged = throttle.charge(TENANT, rate(), of_key(1), 15).await.expect("room again");
    assert_eq!(charged.settle(400).currently_available, 0);
}

#[tokio::test]
async fn what_no_bucket_holds_is_never_let_in() {
    let refused = throttle().charge(TENANT, rate(), of_key(1), 21).await.expect_err("more than it holds");
    assert_eq!(refused.wait, None);
    assert_eq!(refused.status.currently_available, 20);
}

#[tokio::test]
async fn shoppers_leave_a_quarter_to_who_runs_the_shop() {
    let (throttle, rate) = (throttle(), Rate::per_second(4).expect("a rate"));
    let shopper = |n: u8| Client {
        access: Access::Publishable { key_id: Uuid::nil() },
        network: Some(Network::from(std::net::IpAddr::from([192, 0, 2, n]))),
    };
    for n in 1..=3 {
        throttle.charge(TENANT, rate, shopper(n), 20).await.expect("a network's quarter");
        assert!(throttle.charge(TENANT, rate, shopper(n), 1).await.is_err(), "and no more");
    }
    let refused = throttle.charge(TENANT, rate, shopper(4), 1).await.expect_err("all networks together");
    assert_eq!(refused.status, Status { maximum_available: 20, currently_available: 0, restore_rate: 1 });
    throttle.charge(TENANT, rate, of_key(1), 20).await.expect("the shop's own");
}

#[test]
fn shoppers_of_one_key_are_told_apart_by_their_networks() {
    let access = Access::Publishable { key_id: Uuid::nil() };
    let network = |address: &str| Some(Network::from(address.parse::<std::net::IpAddr>().expect("an address")));
    let key = |network| buckets(TENANT, rate(), Client { access, network })[0].key.clone();
    assert_ne!(key(network("192.0.2.1")), key(network("192.0.2.2")));
    let tenant = "emporia:{00000000-0000-0000-0000-000000000000}:cost";
    assert!(key(None).starts_with(&format!("{tenant}:key:")), "one hash tag for both: {}", key(None));
}

#[test]
fn headers_say_what_is_left_and_when_all_is_back() {
    let status = Status { maximum_available: 2_000, currently_available: 1_499, restore_rate: 100 };
    let [policy, limit] = status.headers();
    assert_eq!(policy, ("ratelimit-policy", "\"cost\";q=2000;w=20".to_owned()));
    assert_eq!(limit, ("ratelimit", "\"cost\";r=1499;t=6".to_owned()));
}

/// A shop of a thousand points a second, of which a client has half: ten thousand at once, five hundred of them on account.
struct Shop {
    clock: Arc<ManualClock>,
    shared: Arc<MemoryShared>,
    rate: Rate,
}

impl Shop {
    fn new() -> Self {
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        let rate = Rate::per_second(1000).expect("a rate");
        Self { shared: MemoryShared::by(clock.clone()), clock, rate }
    }

    fn process(&self) -> Throttle {
        Throttle::new(self.shared.clone(), self.clock.clone(), Counter::default())
    }

    /// How full the buckets are for all processes, in points.
    async fn levels(&self, client: Client) -> Vec<u64> {
        let buckets = buckets(TENANT, self.rate, client);
        let poured = self.shared.pour(&buckets, 0, 0).await.expect("levels");
        poured.levels.into_iter().map(|level| level / 1000).collect()
    }
}

#[tokio::test]
async fn where_there_is_plenty_nobody_waits_and_what_was_used_is_poured_afterwards() {
    let (shop, key) = (Shop::new(), of_key(1));
    let throttle = shop.process();
    let charged = throttle.charge(TENANT, shop.rate, key, 400).await.expect("plenty");
    assert_eq!(charged.status().currently_available, 9_600);
    assert_eq!(shop.levels(key).await, [0, 0], "on account");
    let other = throttle.charge(TENANT, shop.rate, key, 100).await.expect("plenty");
    assert_eq!(charged.settle(30).currently_available, 9_970);
    yield_now().await;
    assert_eq!(shop.levels(key).await, [30, 30]);
    drop(other);
    yield_now().await;
    assert_eq!(shop.levels(key).await, [130, 130], "who went away used what was expected");
    let after = throttle.charge(TENANT, shop.rate, key, 1).await.expect("plenty");
    assert_eq!(after.status().currently_available, 9_869);
}

#[tokio::test]
async fn more_than_a_twentieth_at_once_is_asked_for() {
    let (shop, key) = (Shop::new(), of_key(1));
    let throttle = shop.process();
    let running = throttle.charge(TENANT, shop.rate, key, 500).await.expect("plenty");
    let asked = throttle.charge(TENANT, shop.rate, key, 1).await.expect("room");
    assert_eq!(shop.levels(key).await, [1, 1]);
    assert_eq!(asked.status().currently_available, 9_499, "what runs on account is not there for anybody else");
    running.settle(0);
    yield_now().await;
    assert_eq!(shop.levels(key).await, [1, 1]);
    let again = throttle.charge(TENANT, shop.rate, key, 499).await.expect("plenty");
    assert_eq!((again.status().currently_available, &shop.levels(key).await[..]), (9_500, &[1, 1][..]));
    let all = throttle.charge(TENANT, shop.rate, of_key(2), 502).await.expect("room");
    assert_eq!((all.status().currently_available, &shop.levels(key).await[..]), (9_498, &[1, 503][..]));
}

#[tokio::test]
async fn where_half_is_used_nothing_is_on_account() {
    let (shop, key) = (Shop::new(), of_key(1));
    let [one, other] = [shop.process(), shop.process()];
    one.charge(TENANT, shop.rate, key, 5_000).await.expect("room");
    one.charge(TENANT, shop.rate, key, 1).await.expect("room");
    assert_eq!(shop.levels(key).await, [5_001, 5_001]);
    // The other has not heard of it before it has poured.
    other.charge(TENANT, shop.rate, key, 10).await.expect("room").settle(10);
    assert_eq!(shop.levels(key).await, [5_001, 5_001]);
    yield_now().await;
    assert_eq!(shop.levels(key).await, [5_011, 5_011]);
    other.charge(TENANT, shop.rate, key, 10).await.expect("room");
    assert_eq!(shop.levels(key).await, [5_021, 5_021]);
    // Until half of it has leaked.
    shop.clock.advance(chrono::TimeDelta::seconds(1));
    other.charge(TENANT, shop.rate, key, 10).await.expect("plenty");
    assert_eq!(shop.levels(key).await, [4_521, 4_021]);
}

#[tokio::test]
async fn what_is_given_back_is_used_by_nobody_before_it_is_there() {
    let (shop, key) = (Shop::new(), of_key(1));
    let [one, other] = [shop.process(), shop.process()];
    one.charge(TENANT, shop.rate, key, 4_400).await.expect("room").settle(0);
    let mut running = Vec::new();
    for _ in 0..12 {
        running.push(one.charge(TENANT, shop.rate, key, 400).await.expect("room"));
    }
    yield_now().await;
    assert_eq!(
        shop.levels(key).await,
        [4_400, 4_400],
        "all but one have asked, the first of them with what was not used"
    );
    let refused = other.charge(TENANT, shop.rate, key, 10_000).await.expect_err("it is used");
    assert_eq!(refused.status.currently_available, 5_600);
}

#[tokio::test]
async fn what_was_poured_and_not_heard_of_is_not_outstanding() {
    let (shop, key) = (Shop::new(), of_key(1));
    let (throttle, buckets) = (shop.process(), buckets(TENANT, shop.rate, key));
    throttle.charge(TENANT, shop.rate, key, 400).await.expect("plenty").settle(300);
    assert_eq!(throttle.accounts.outstanding(TENANT, &buckets), [300_000, 300_000]);
    let due = throttle.accounts.take_due(TENANT, &buckets);
    drop(Unheard(Some((&throttle, TENANT, &buckets, due))));
    assert_eq!(throttle.accounts.outstanding(TENANT, &buckets), [0, 0]);
}

#[derive(Clone, Debug)]
enum Step {
    Charge {
        process: usize,
        key: u128,
        points: u64,
    },
    /// One of those that are running turns out to cost so many hundredths of what was expected.
    Settle {
        which: usize,
        hundredths: u64,
    },
    /// Those who pour get their turn.
    Pour,
    Pass {
        millis: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3usize, 1..3u128, 1..900u64).prop_map(|(process, key, points)| Step::Charge { process, key, points }),
        3 => (any::<usize>(), 0..150u64).prop_map(|(which, hundredths)| Step::Settle { which, hundredths }),
        2 => Just(Step::Pour),
        1 => (0..1_500i64).prop_map(|millis| Step::Pass { millis }),
    ]
}

proptest! {
    #[test]
    fn all_processes_together_let_in_what_there_is_and_a_twentieth_each(steps in proptest::collection::vec(step(), 1..400)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let shop = Shop::new();
            let processes = [shop.process(), shop.process(), shop.process()];
            let (mut running, mut used, mut passed) = (Vec::new(), HashMap::<u128, u64>::new(), 0);
            for step in steps {
                match step {
                    Step::Charge { process, key, points } => {
                        if let Ok(charged) = processes[process].charge(TENANT, shop.rate, of_key(key), points).await {
                            running.push((key, points, charged));
                            *used.entry(key).or_default() += points;
                        }
                    }
                    Step::Settle { which, hundredths } if !running.is_empty() => {
                        let (key, points, charged) = running.swap_remove(which % running.len());
                        let actual = points * hundredths / 100;
                        charged.settle(actual);
                        *used.entry(key).or_default() -= points.saturating_sub(actual);
                    }
                    Step::Settle { .. } => {}
                    Step::Pour => yield_now().await,
                    Step::Pass { millis } => {
                        shop.clock.advance(chrono::TimeDelta::milliseconds(millis));
                        passed += u64::try_from(millis).expect("it goes forward");
                    }
                }
                let most = |rate: Rate| rate.capacity() + u64::from(rate.restored()) * passed / 1000 + 3 * rate.capacity() / 20 + 1;
                prop_assert!(used.values().all(|used| *used <= most(shop.rate.quarters(2))), "{used:?} after {passed} ms");
                prop_assert!(used.values().sum::<u64>() <= most(shop.rate), "{used:?} after {passed} ms");
            }
            // Nothing is forgotten: once all has ended and been poured, nothing is outstanding.
            running.clear();
            yield_now().await;
            for key in 1..3 {
                let buckets = buckets(TENANT, shop.rate, of_key(key));
                prop_assert!(processes.iter().all(|process| process.accounts.outstanding(TENANT, &buckets) == [0, 0]));
            }
            Ok(())
        })?;
    }
}
