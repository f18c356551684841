//! Jobs: done once they are committed, again when they fail, by one worker at a time, in turns.

use chrono::TimeDelta;
use emporia::error::Fault;
use emporia::job::{NewJob, enqueue_in_tx};
use emporia::worker;
use serde_json::{Value, json};

use crate::job_stage::{Does, LongProbe, Shop, gid};
use crate::support::{admin, dropped_after, eventually, leases_end, settled};
use crate::tenancy::count;

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
