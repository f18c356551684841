//! Fees of orders are charged: month by month, in their currencies, once.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::billing::job::FeesInvoice;
use emporia::clock::{Clock, SystemClock};
use emporia::error::Fault;
use emporia::job::{NewJob, enqueue_in_tx};
use emporia::worker;
use serde_json::{Value, json};

use crate::support::stripe::settings;
use crate::support::{
    Billing, Process, Trouble, admin, dropped_after, eventually, leases_end, redis_url, settled, start,
};

/// Books fees of an order at a time, or less than nothing that is given back.
async fn owe(billing: &Billing, minor: i64, currency: &str, at: &str) {
    let (kind, debit, credit) = match minor > 0 {
        true => ("FEE", "FEES_RECEIVABLE", "FEE_REVENUE"),
        false => ("FEE_REVERSAL", "FEE_REVENUE", "FEES_RECEIVABLE"),
    };
    let sql = format!(
        "INSERT INTO ledger_postings (tenant_id, id, order_id, kind, debit_account, credit_account, unit, amount,
             occurred_at, posted_at)
         VALUES ('{}', gen_random_uuid(), gen_random_uuid(), '{kind}', '{debit}', '{credit}', '{currency}', {},
             '{at}', '{at}')",
        billing.store.tenant,
        minor.abs()
    );
    admin(&billing.app.db.name).await.batch_execute(&sql).await.expect(&sql);
}

/// Days go by, and the worker does what is due.
async fn pass(billing: &Billing, days: u32) {
    billing.advance(days);
    billing.drain().await;
    billing.hear().await;
}

/// What `usage` says of a month's fees: what was left of each currency, and what was invoiced.
async fn shown(billing: &Billing, period: &str) -> Vec<(String, String)> {
    let query = "query ($period: String) { done: usage(period: $period) { fees { total { amount currencyCode }
        invoiced { amount } } } }";
    let done = billing.gql(query, json!({ "period": period })).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let one = |fees: &Value| {
        let total = format!("{} {}", text(&fees["total"]["amount"]), text(&fees["total"]["currencyCode"]));
        (total, text(&fees["invoiced"]["amount"]))
    };
    done["fees"].as_array().expect("fees").iter().map(one).collect()
}

fn item(amount: &str, is_on_invoice: bool) -> (String, bool) {
    (amount.to_owned(), is_on_invoice)
}

fn fees(total: &str, invoiced: &str) -> (String, String) {
    (total.to_owned(), invoiced.to_owned())
}

#[tokio::test]
async fn a_months_fees_stand_on_the_next_invoice_of_a_plan_that_is_paid_by_the_month() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    owe(&billing, -34, "EUR", "2026-06-30T23:59:59Z").await;
    owe(&billing, 9, "EUR", "2026-07-01T00:00:00Z").await;
    pass(&billing, 29).await;
    billing.app.clock.advance(TimeDelta::hours(13));
    pass(&billing, 0).await;
    assert_eq!(billing.stripe.items(), [], "an hour after the month's end the relay may be behind");
    billing.app.clock.advance(TimeDelta::hours(11));
    pass(&billing, 1).await;
    assert_eq!(billing.stripe.items(), [item("1200 eur", false)]);
    assert_eq!(shown(&billing, "2026-06").await, [fees("12.00 EUR", "12.00")]);
    billing.stripe.renew(&id, true);
    assert_eq!(
        (billing.stripe.items(), billing.stripe.totals()),
        (vec![item("1200 eur", true)], ["2900 eur", "4100 eur"].map(str::to_owned).to_vec())
    );
    pass(&billing, 20).await;
    // Posted late, for a month that was invoiced.
    owe(&billing, 5, "EUR", "2026-06-20T12:00:00Z").await;
    pass(&billing, 11).await;
    assert_eq!(billing.stripe.items()[1..], [item("14 eur", false)], "little as it is, it rides along");
    assert_eq!(shown(&billing, "2026-07").await, [fees("0.09 EUR", "0.14")]);
    assert_eq!(shown(&billing, "2026-06").await, [fees("12.05 EUR", "12.00")]);
    let list = "{ done: ledgerPostings(first: 9, period: \"2026-07\") { nodes { kind period isCorrection debitAccount
        creditAccount amount { amount } order { name } } } }";
    let lines = billing.gql(list, json!({})).await;
    let line = lines["nodes"].as_array().expect("lines").iter().find(|line| line["kind"] == "FEE_INVOICE");
    let expected = json!({ "kind": "FEE_INVOICE", "period": "2026-06", "isCorrection": false,
        "debitAccount": "FEES_INVOICED", "creditAccount": "FEES_RECEIVABLE", "amount": { "amount": "12.00" }, "order": null });
    assert_eq!(line, Some(&expected));
}

#[tokio::test]
async fn fees_in_another_currency_have_an_invoice_of_their_own_once_they_are_enough() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 700, "USD", "2026-06-15T12:00:00Z").await;
    owe(&billing, 40, "CHF", "2026-06-15T12:00:00Z").await;
    owe(&billing, 5124, "KWD", "2026-06-15T12:00:00Z").await;
    owe(&billing, -300, "JPY", "2026-06-15T12:00:00Z").await;
    pass(&billing, 32).await;
    let items = || {
        let mut all = billing.stripe.items();
        all.sort_unstable();
        all
    };
    assert_eq!(items(), [item("5120 kwd", true), item("700 usd", true)]);
    let mut totals = billing.stripe.totals();
    totals[1..].sort_unstable();
    assert_eq!(totals, ["2900 eur", "5120 kwd", "700 usd"]);
    assert!(!billing.stripe.owes(&id), "they are paid with what the plan is paid with");
    let invoices = "{ done: invoices(first: 9) { nodes { isForFees total { currencyCode } } } }";
    let invoices = billing.gql(invoices, json!({})).await;
    let own = invoices["nodes"].as_array().expect("invoices").iter();
    assert_eq!(own.filter(|one| one["isForFees"] == true).count(), 2, "{invoices:#}");
    owe(&billing, 20, "CHF", "2026-07-15T12:00:00Z").await;
    owe(&billing, 360, "JPY", "2026-07-15T12:00:00Z").await;
    owe(&billing, 6, "KWD", "2026-07-15T12:00:00Z").await;
    pass(&billing, 31).await;
    let later = ["10 kwd", "5120 kwd", "60 chf", "60 jpy", "700 usd"].map(|amount| item(amount, true));
    assert_eq!(items(), later, "with what was left");
    pass(&billing, 31).await;
    assert_eq!(items().len(), 5, "and nothing more");
}

#[tokio::test]
async fn a_shop_that_pays_no_plan_any_more_pays_its_fees_and_is_not_suspended_for_them() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    billing.stripe.end(&id);
    billing.stripe.declines(true);
    pass(&billing, 32).await;
    assert_eq!(billing.stripe.items(), [item("1234 eur", true)]);
    assert!(billing.stripe.owes(&id));
    assert_eq!(billing.stands().await, ("free".to_owned(), "ACTIVE".to_owned()));
}

#[tokio::test]
async fn a_plan_that_is_charged_for_no_longer_carries_no_fees() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    billing.stripe.renew(&id, false);
    billing.stripe.give_up(&id, false);
    pass(&billing, 32).await;
    assert_eq!(billing.stripe.items(), [item("1234 eur", true)]);
    assert_eq!(billing.stripe.totals(), ["2900 eur", "2900 eur", "1234 eur"]);
}

#[tokio::test]
async fn what_is_refused_of_one_currency_keeps_no_other_waiting() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    billing.stripe.refuses(Some("aud"));
    owe(&billing, 700, "AUD", "2026-06-15T12:00:00Z").await;
    owe(&billing, 800, "USD", "2026-06-15T12:00:00Z").await;
    // Of which there is nothing at Stripe at all: it stays in the books.
    owe(&billing, 900, "IRR", "2026-06-15T12:00:00Z").await;
    pass(&billing, 32).await;
    assert_eq!(billing.stripe.items(), [item("800 usd", true)]);
    assert_eq!(billing.count("jobs WHERE kind = 'fees_invoice' AND last_error IS NOT NULL").await, 1, "and it is told");
    billing.stripe.refuses(None);
    billing.stripe.forget_keys();
    pass(&billing, 31).await;
    assert_eq!(billing.stripe.items(), [item("800 usd", true), item("700 aud", true)]);
    assert_eq!(billing.count("ledger_postings WHERE kind = 'FEE_INVOICE'").await, 2);
}

#[tokio::test]
async fn who_is_written_that_a_plan_is_not_paid_is_led_to_its_invoice() {
    let billing = Billing::with(&[("BILLING_GRACE_DAYS", "10")]).await;
    billing.app.staff(&billing.store, "ada@shop.example", "owner").await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 1234, "USD", "2026-06-15T12:00:00Z").await;
    billing.advance(29);
    billing.stripe.renew(&id, false);
    billing.stripe.declines(true);
    pass(&billing, 3).await;
    assert_eq!(billing.stripe.totals(), ["2900 eur", "2900 eur", "1234 usd"]);
    pass(&billing, 14).await;
    let plans = billing.stripe.invoice_urls().swap_remove(1);
    let last = billing.app.mails("ada@shop.example").await.pop().expect("a mail");
    assert!(last.subject.starts_with("No orders are taken"), "{}", last.subject);
    assert!(last.text.contains(&plans), "{plans}: {}", last.text);
}

#[tokio::test]
async fn what_waited_for_an_invoice_that_does_not_come_has_one_of_its_own() {
    let billing = Billing::new().await;
    let id = billing.subscribe("basic").await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    pass(&billing, 32).await;
    billing.stripe.end(&id);
    pass(&billing, 31).await;
    assert_eq!((billing.stripe.items(), billing.stripe.totals().len()), (vec![item("1234 eur", true)], 2));
}

#[tokio::test]
async fn who_is_no_customer_owes_fees_in_the_books_alone() {
    let billing = Billing::new().await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    pass(&billing, 32).await;
    assert_eq!((billing.stripe.asked().len(), shown(&billing, "2026-06").await), (0, vec![fees("12.34 EUR", "0.00")]));
    let id = billing.subscribe("basic").await;
    pass(&billing, 31).await;
    assert_eq!(billing.stripe.items(), [item("1234 eur", false)], "until it is one");
    billing.stripe.delete_customer(&id, true);
    owe(&billing, 100, "EUR", "2026-08-15T12:00:00Z").await;
    pass(&billing, 31).await;
    assert_eq!(billing.stripe.items().len(), 1, "nobody can be charged who was deleted");
}

#[tokio::test]
async fn rebuilding_the_books_neither_drops_nor_repeats_what_was_invoiced() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    owe(&billing, 1234, "EUR", "2026-06-15T12:00:00Z").await;
    pass(&billing, 32).await;
    let db = billing.app.app.db.tenant(billing.store.tenant);
    let mut told = 0;
    let tell = &mut |_: &emporia::ledger::model::Difference| told += 1;
    // Of the fee there is no order: it is too much, and taken back. What was invoiced stays, and is made up for.
    let tally = emporia::ledger::service::rebuild(&billing.app.app, &db, tell).await.expect("rebuilt");
    assert_eq!((tally.differences, tally.mended, told), (1, 1, 1));
    assert_eq!(billing.count("ledger_postings WHERE kind = 'FEE_INVOICE' AND amount = 1234").await, 1);
    let again = emporia::ledger::service::verify(&db, &mut |_| ()).await.expect("verified");
    assert_eq!(again.differences, 0);
    owe(&billing, 1300, "EUR", "2026-07-15T12:00:00Z").await;
    pass(&billing, 31).await;
    assert_eq!(
        billing.stripe.items()[1..],
        [item("66 eur", false)],
        "of what is owed, what was invoiced before is off"
    );
}

#[tokio::test]
async fn a_crash_at_any_await_charges_every_month_once() {
    let billing = Billing::new().await;
    billing.subscribe("basic").await;
    let mut conn = admin(&billing.app.db.name).await;
    let mut months: i64 = 0;
    for polls in (1..).step_by(7) {
        // The job alone: the worker's other work has tests of its own.
        let now = billing.app.app.clock.now();
        owe(&billing, 100 + months, "USD", &(now - TimeDelta::days(31)).to_rfc3339()).await;
        months += 1;
        queue(&billing).await;
        let finished = dropped_after(polls, worker::drain(&billing.app.app)).await;
        settled(&billing.app.db.name).await;
        leases_end(&mut conn).await;
        billing.drain().await;
        let charged = billing.stripe.items();
        let expected: Vec<_> = (0..months).map(|month| item(&format!("{} usd", 100 + month), true)).collect();
        assert_eq!(charged, expected, "{polls}");
        billing.advance(31);
        if finished {
            break;
        }
    }
    assert!(months > 3, "it was broken off at many places");
}

async fn queue(billing: &Billing) {
    let (app, now) = (&billing.app.app, billing.app.app.clock.now());
    let job = NewJob { job: FeesInvoice {}, run_at: now, unique_key: Some("fees_invoice".to_owned()) };
    let db = app.db.tenant(billing.store.tenant);
    let queued = db.write(async |tx| Ok::<_, Fault>(enqueue_in_tx(tx, now, &app.entropy, &job).await.map(drop)?));
    queued.await.expect("queued");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_between_stripe_and_us_charges_once_however_late_the_next_one_comes() {
    let billing = Billing::new().await;
    // The processes go by the real time.
    let ahead = SystemClock.now() - start();
    billing.app.clock.advance(ahead);
    billing.stripe.advance(ahead.num_seconds());
    billing.subscribe("basic").await;
    owe(&billing, 1234, "USD", &(SystemClock.now() - TimeDelta::days(40)).to_rfc3339()).await;
    let [app, platform] = ["emporia_app", "emporia_platform"].map(|role| billing.app.db.url(role));
    let own = [("DATABASE_URL", app), ("DATABASE_PLATFORM_URL", platform), ("REDIS_URL", redis_url())];
    let settings: Vec<_> = own.into_iter().chain(settings(&billing.stripe)).collect();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for path in ["/v1/invoiceitems", "/v1/invoices"] {
        queue(&billing).await;
        let before = billing.stripe.count("POST", path);
        // It is done, and nobody hears of it.
        billing.stripe.trouble_at("POST", path, Trouble::Silence);
        let worker = Process::worker(&settings);
        eventually("it asks", || async { (billing.stripe.count("POST", path) > before).then_some(()) }).await;
        worker.kill();
        settled(&billing.app.db.name).await;
        // By then Stripe has forgotten the keys.
        billing.stripe.forget_keys();
        leases_end(&mut admin(&billing.app.db.name).await).await;
    }
    let _worker = Process::worker(&settings);
    let is_done = "jobs WHERE kind = 'fees_invoice' AND status = 'SUCCEEDED'";
    eventually("the next one ends it", || async { (billing.count(is_done).await > 0).then_some(()) }).await;
    assert_eq!(billing.stripe.items(), [item("1234 usd", true)]);
    assert_eq!(billing.stripe.totals(), ["2900 eur", "1234 usd"]);
    assert_eq!(billing.count("ledger_postings WHERE kind = 'FEE_INVOICE'").await, 1);
}
