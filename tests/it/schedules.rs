//! What is done again and again: by the shop's clock, once at each of its times.

use chrono::{DateTime, TimeDelta, Utc};
use emporia::error::Fault;
use emporia::job::{NewSchedule, schedule_in_tx, unschedule_in_tx};
use emporia::worker;
use serde_json::{Value, json};

use crate::job_stage::{Does, Shop};
use crate::support::{admin, dropped_after, leases_end, settled};
use crate::tenancy::count;

impl Shop {
    /// Has a job be queued at `cron`'s times; every of its kind is seen on the stage.
    async fn schedule(&self, cron: &str) {
        self.schedule_as("nightly", cron).await;
    }

    async fn schedule_as(&self, name: &str, cron: &str) {
        self.schedule_at(self.app.app.clock.now(), name, cron).await;
    }

    /// The same by a process whose clock says this.
    async fn schedule_at(&self, now: DateTime<Utc>, name: &str, cron: &str) {
        let (app, db) = (&self.app.app, self.app.app.db.tenant(self.store.tenant));
        let new = NewSchedule { name, cron, job: self.probe(name, Does::Nothing) };
        let put = db.write(async |tx| {
            schedule_in_tx(tx, now, &app.entropy, &new).await?;
            Ok::<_, Fault>(())
        });
        put.await.expect("a schedule");
    }

    async fn schedules(&self) -> Value {
        let query = "{ jobSchedules { name kind cron nextRunAt lastRunAt } }";
        self.app.gql(&self.store.secret, query, json!({})).await["jobSchedules"].take()
    }

    async fn next(&self) -> Value {
        self.schedules().await[0]["nextRunAt"].take()
    }

    async fn move_to(&self, zone: &str) {
        let query = "mutation($zone: String!) { tenantSettingsUpdate(input: { ianaTimezone: $zone }) {
            tenantSettings { ianaTimezone } userErrors { field } } }";
        let moved = self.app.gql(&self.store.secret, query, json!({ "zone": zone })).await;
        assert_eq!(moved["tenantSettingsUpdate"]["tenantSettings"]["ianaTimezone"], zone);
    }

    /// What was begun once all that is due at this time is done.
    async fn begun_at(&self, time: &str) -> usize {
        let time: DateTime<Utc> = time.parse().expect("a time");
        self.app.clock.advance(time - self.app.app.clock.now());
        self.drain().await;
        self.stage.begun().len()
    }
}

#[tokio::test]
async fn its_time_comes_by_the_clock_of_the_shop_and_once() {
    let shop = Shop::open().await;
    shop.move_to("Asia/Kathmandu").await;
    shop.schedule("30 3 * * *").await;
    let expected = json!([{ "name": "nightly", "kind": "probe", "cron": "30 3 * * *",
        "nextRunAt": "2026-06-01T21:45:00Z", "lastRunAt": null }]);
    assert_eq!(shop.schedules().await, expected);
    assert_eq!(shop.begun_at("2026-06-01T21:44:59Z").await, 0);
    assert_eq!(shop.begun_at("2026-06-01T21:45:00Z").await, 1);
    assert_eq!(shop.begun_at("2026-06-01T21:45:01Z").await, 1, "and not again");
    let after = shop.schedules().await;
    assert_eq!(
        (&after[0]["nextRunAt"], &after[0]["lastRunAt"]),
        (&json!("2026-06-02T21:45:00Z"), &json!("2026-06-01T21:45:00Z"))
    );
    assert_eq!(shop.begun_at("2026-06-02T21:45:00Z").await, 2);
}

#[tokio::test]
async fn of_the_times_that_pass_while_nobody_works_one_is_made_up_for() {
    let shop = Shop::open().await;
    shop.schedule("30 3 * * *").await;
    assert_eq!(shop.begun_at("2026-06-11T12:00:00Z").await, 1);
    assert_eq!(shop.next().await, "2026-06-12T03:30:00Z");
}

#[tokio::test]
async fn a_shop_that_moves_takes_its_schedules_along() {
    let shop = Shop::open().await;
    shop.move_to("Asia/Kathmandu").await;
    shop.schedule("30 3 * * *").await;
    shop.move_to("Europe/Berlin").await;
    assert_eq!(shop.next().await, "2026-06-02T01:30:00Z");
    assert_eq!(shop.begun_at("2026-06-01T21:45:00Z").await, 0, "it waits on");
    assert_eq!(shop.begun_at("2026-06-02T01:30:00Z").await, 1);
    shop.move_to("Asia/Kathmandu").await;
    assert_eq!(shop.begun_at("2026-06-02T21:45:00Z").await, 2, "earlier than it would have been");
}

#[tokio::test]
async fn a_time_that_has_come_does_not_come_again_for_a_process_whose_clock_is_behind() {
    let shop = Shop::open().await;
    shop.schedule("30 3 * * *").await;
    assert_eq!(shop.begun_at("2026-06-02T03:30:00Z").await, 1);
    let behind = shop.app.app.clock.now() - TimeDelta::seconds(10);
    shop.schedule_at(behind, "nightly", "30 3 * * *").await;
    assert_eq!(shop.next().await, "2026-06-03T03:30:00Z", "it is queued anew");
    shop.app.clock.advance(TimeDelta::seconds(-10));
    // The clocks there show the same time.
    shop.move_to("Africa/Abidjan").await;
    assert_eq!(shop.next().await, "2026-06-03T03:30:00Z", "the shop moves");
    assert_eq!(shop.begun_at("2026-06-02T03:30:01Z").await, 1);
    assert_eq!(shop.begun_at("2026-06-03T03:30:00Z").await, 2);
}

#[tokio::test]
async fn two_workers_at_once_queue_it_once() {
    let shop = Shop::open().await;
    shop.schedule("0 * * * *").await;
    shop.app.clock.advance(TimeDelta::hours(1));
    let (one, other) = tokio::join!(worker::drain(&shop.app.app), worker::drain(&shop.app.app));
    one.and(other).expect("the workers' work");
    shop.drain().await;
    assert_eq!(shop.stage.begun().len(), 1);
}

#[tokio::test]
async fn one_that_ends_or_is_rolled_back_is_not_done() {
    let shop = Shop::open().await;
    let (app, db) = (&shop.app.app, shop.app.app.db.tenant(shop.store.tenant));
    let new = NewSchedule { name: "never", cron: "0 * * * *", job: shop.probe("never", Does::Nothing) };
    let undone = db.write(async |tx| {
        schedule_in_tx(tx, app.clock.now(), &app.entropy, &new).await?;
        Err::<(), _>(Fault::internal("rolled back"))
    });
    undone.await.expect_err("rolled back");
    shop.schedule("0 13 * * *").await;
    shop.schedule("30 13 * * *").await;
    assert_eq!(shop.begun_at("2026-06-01T13:00:00Z").await, 0, "in place of the one of its name");
    assert_eq!(shop.begun_at("2026-06-01T13:30:00Z").await, 1);
    db.write(async |tx| Ok::<_, Fault>(unschedule_in_tx(tx, "nightly").await?)).await.expect("ended");
    assert_eq!(shop.begun_at("2026-06-02T13:30:00Z").await, 1, "it has ended");
    assert_eq!(shop.schedules().await, json!([]));
}

#[tokio::test]
async fn one_whose_waiting_job_was_given_up_is_taken_up_again() {
    let shop = Shop::open().await;
    shop.schedule("30 3 * * *").await;
    let waiting = "{ jobs(first: 5, kind: \"schedule\") { nodes { id status } } }";
    let listed = shop.app.gql(&shop.store.secret, waiting, json!({})).await["jobs"]["nodes"].take();
    let id = listed[0]["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("a job");
    let cancelled = shop.ask("jobCancel", id.parse().expect("an id")).await;
    assert_eq!(cancelled["job"]["status"], "CANCELLED");
    assert_eq!(shop.begun_at("2026-06-02T04:29:00Z").await, 0);
    worker::sweep(&shop.app.app).await.expect("a sweep");
    assert_eq!(shop.begun_at("2026-06-02T04:30:00Z").await, 0, "it is overdue for less than an hour");
    shop.app.clock.advance(TimeDelta::seconds(1));
    worker::sweep(&shop.app.app).await.expect("a sweep");
    shop.drain().await;
    assert_eq!(shop.stage.begun().len(), 1);
    assert_eq!(shop.next().await, "2026-06-03T03:30:00Z");
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_has_queued_a_time_once_or_not_at_all() {
    let shop = Shop::open().await;
    let mut admin = admin(&shop.app.db.name).await;
    for n in 0..20 {
        shop.schedule_as(&format!("once_a_year_{n}"), "0 13 1 6 *").await;
    }
    shop.app.clock.advance(TimeDelta::hours(1));
    for polls in 1.. {
        let finished = dropped_after(polls, worker::drain(&shop.app.app)).await;
        settled(&shop.app.db.name).await;
        leases_end(&mut admin).await;
        if finished {
            break;
        }
    }
    shop.drain().await;
    let come = "SELECT count(*) AS n FROM job_schedules WHERE last_at IS NOT NULL";
    let queued = "SELECT count(*) AS n FROM jobs WHERE kind = 'probe'";
    let of_their_own = "SELECT count(DISTINCT s.name) AS n FROM job_schedules s JOIN jobs j ON j.kind = 'probe'
        AND j.unique_key = s.name WHERE s.last_at IS NOT NULL AND s.next_at = '2027-06-01T13:00:00Z'";
    let come = count(&mut admin, come).await;
    assert!(come > 0);
    assert_eq!((count(&mut admin, queued).await, count(&mut admin, of_their_own).await), (come, come));
}
