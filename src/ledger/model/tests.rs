use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::cart::model::MAX_TOTAL;
use crate::plan::model::{Fee, MAX_BASIS_POINTS, MAX_FEE, Month};

fn time(minutes: i64) -> DateTime<Utc> {
    DateTime::<Utc>::from_timestamp_micros(1_780_000_000_000_000).expect("a time") + TimeDelta::minutes(minutes)
}

fn order(id: u128, fee_minor: i64, cancelled: Option<i64>) -> Billed {
    Billed {
        order_id: Uuid::from_u128(id),
        currency: Currency::EUR,
        fee_minor,
        created_at: time(0),
        cancelled_at: cancelled.map(time),
    }
}

/// What is in each account, of each unit.
fn balances(postings: &[Posting]) -> BTreeMap<(Account, &'static str), i128> {
    let mut all = BTreeMap::new();
    for posting in postings {
        *all.entry((posting.debit, posting.unit.as_db())).or_default() += i128::from(posting.amount);
        *all.entry((posting.credit, posting.unit.as_db())).or_default() -= i128::from(posting.amount);
    }
    all
}

fn balance(postings: &[Posting], account: Account, unit: &str) -> i128 {
    let of = |((each, its), sum): ((Account, &str), i128)| (each == account && its == unit).then_some(sum);
    balances(postings).into_iter().find_map(of).unwrap_or_default()
}

#[test]
fn an_order_counts_and_costs_and_a_cancelled_one_counts_alone() {
    let placed = due(&order(1, 75, None), &[]);
    let kinds: Vec<_> = placed.iter().map(|posting| (posting.kind, posting.amount)).collect();
    assert_eq!(kinds, [(Kind::Usage, 1), (Kind::Fee, 75)]);
    let cancelled = due(&order(1, 75, Some(9)), &[]);
    assert_eq!(
        (cancelled[..2].to_vec(), cancelled[2].kind, cancelled[2].occurred_at),
        (placed, Kind::FeeReversal, time(9))
    );
    assert_eq!(balance(&cancelled, Account::FeesReceivable, "EUR"), 0);
    assert_eq!(balance(&cancelled, Account::OrdersUsed, "ORDER"), 1);
    let free: Vec<_> = due(&order(1, 0, Some(9)), &[]).iter().map(|posting| posting.kind).collect();
    assert_eq!(free, [Kind::Usage], "nothing is not posted");
}

#[test]
fn what_waits_to_be_published_is_not_due_and_other_topics_come_to_nothing() {
    let cancelled = order(1, 75, Some(9));
    assert_eq!(due(&cancelled, &TOPICS), []);
    assert_eq!(due(&cancelled, &[Topic::OrdersCancelled]), due(&order(1, 75, None), &[]));
    for topic in Topic::ALL.into_iter().filter(|topic| !TOPICS.contains(topic)) {
        assert_eq!(postings(topic, &cancelled), []);
    }
}

#[test]
fn words_read_back() {
    assert!(Kind::ALL.into_iter().all(|kind| Kind::from_db(kind.as_db()) == Some(kind)));
    assert!(Account::ALL.into_iter().all(|account| Account::from_db(account.as_db()) == Some(account)));
    for unit in [Unit::Order, Unit::Money(Currency::JPY)] {
        assert_eq!(Unit::from_db(unit.as_db()), Some(unit));
    }
    assert_eq!(Unit::from_db("ORD"), None);
}

#[test]
fn a_wrong_currency_and_a_wrong_time_are_two_places_each() {
    let right = due(&order(1, 75, None), &[]);
    for wrong in
        [Posting { unit: Unit::Money(Currency::USD), ..right[1] }, Posting { occurred_at: time(1), ..right[1] }]
    {
        let found = differences(&right, &[right[0], wrong]);
        let sums: Vec<_> = found.iter().map(|each| (each.due + each.posted, each.due - each.posted)).collect();
        assert_eq!(sums.iter().map(|(_, missing)| missing).sum::<i128>(), 0);
        assert_eq!(sums.iter().map(|(sum, _)| sum).sum::<i128>(), 150, "{found:?}");
    }
}

#[test]
fn the_fees_of_a_month_are_what_is_owed_for_it_by_currency() {
    use Account::{FeeRevenue, FeesReceivable};
    let (eur, usd) = (Currency::EUR, Currency::USD);
    let moved = [(eur, FeesReceivable, 100), (eur, FeeRevenue, 130), (usd, FeesReceivable, 7)];
    let fees = Fees::of(&moved);
    assert_eq!(
        fees,
        [
            Fees { currency: eur, charged: 100, reversed: 130, invoiced: 0 },
            Fees { currency: usd, charged: 7, reversed: 0, invoiced: 0 }
        ]
    );
    assert_eq!((fees[0].total(), fees[1].total()), (-30, 7));
    let invoiced = Fees::with_invoiced(fees, &[(Currency::CHF, 3), (usd, 7)]);
    let invoiced: Vec<_> = invoiced.iter().map(|fees| (fees.currency, fees.invoiced)).collect();
    assert_eq!(invoiced, [(Currency::CHF, 3), (eur, 0), (usd, 7)]);
}

#[test]
fn a_fee_is_rounded_half_up_and_never_more_than_the_order() {
    let seeded = Fee { basis_points: 50, minor: 25 };
    // 0.5 % of 29.00 is 14.5 cents.
    assert_eq!(seeded.of(2900), 15 + 25);
    assert_eq!(seeded.of(2899), 14 + 25);
    assert_eq!((seeded.of(0), seeded.of(24), seeded.of(25)), (0, 24, 25));
    assert_eq!(Fee { basis_points: 10_000, minor: 1 }.of(100), 100);
    assert_eq!(Fee { basis_points: 0, minor: 0 }.of(100), 0);
}

fn orders() -> impl Strategy<Value = Vec<Billed>> {
    let currency = prop_oneof![Just(Currency::EUR), Just(Currency::USD), Just(Currency::JPY)];
    let one = (currency, 0..=MAX_TOTAL, 0i64..100_000, proptest::option::of(1i64..100_000));
    proptest::collection::vec(one, 0..40).prop_map(|all| {
        let billed =
            |(n, (currency, fee_minor, placed, cancelled)): (u128, (Currency, i64, i64, Option<i64>))| Billed {
                order_id: Uuid::from_u128(n),
                currency,
                fee_minor,
                created_at: time(placed),
                cancelled_at: cancelled.map(|after| time(placed + after)),
            };
        (1..).zip(all).map(billed).collect()
    })
}

/// What becomes of a posting in the hands of somebody who may do everything.
fn tampered() -> impl Strategy<Value = Vec<(usize, u8, i64)>> {
    proptest::collection::vec((any::<usize>(), 0u8..5, 1..=MAX_AMOUNT), 0..12)
}

fn tamper(posted: &mut Vec<Posting>, how: &[(usize, u8, i64)]) {
    for (at, what, amount) in how {
        if posted.is_empty() {
            return;
        }
        let at = at % posted.len();
        match what {
            0 => drop(posted.remove(at)),
            1 => posted[at].amount = *amount,
            2 => posted[at].occurred_at += TimeDelta::minutes(1),
            3 => posted[at].order_id = Some(Uuid::from_u128(amount.unsigned_abs().into())),
            _ => {
                // A further one.
                let like = posted[at];
                let same = posted.iter().filter(|each| (each.order_id, each.kind) == (like.order_id, like.kind));
                let number = same.map(|each| each.number).max().unwrap_or_default() + 1;
                posted.push(Posting { number, ..like });
            }
        }
    }
}

proptest! {
    #[test]
    fn the_books_balance_and_what_is_owed_is_the_fees_of_orders_that_were_not_cancelled(orders in orders()) {
        let posted: Vec<Posting> = orders.iter().flat_map(|order| due(order, &[])).collect();
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for ((_, unit), sum) in balances(&posted) {
            *sums.entry(unit).or_default() += sum;
        }
        prop_assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        for currency in [Currency::EUR, Currency::USD, Currency::JPY] {
            let standing = orders.iter().filter(|order| order.currency == currency && order.cancelled_at.is_none());
            let fees: i128 = standing.map(|order| i128::from(order.fee_minor)).sum();
            prop_assert_eq!(balance(&posted, Account::FeesReceivable, currency.code()), fees);
            prop_assert_eq!(balance(&posted, Account::FeeRevenue, currency.code()), -fees);
        }
        let placed = i128::try_from(orders.len()).expect("a few");
        prop_assert_eq!(balance(&posted, Account::OrdersUsed, "ORDER"), placed);
    }

    #[test]
    fn said_again_of_the_orders_it_is_what_their_events_came_to(orders in orders(), shuffle in any::<u64>()) {
        // Told in whatever order.
        let told = orders.iter().flat_map(|order| TOPICS.map(|topic| (topic, order)));
        let mut told: Vec<_> = told.filter(|(topic, order)| *topic == Topic::OrdersCreate || order.cancelled_at.is_some()).collect();
        told.sort_by_key(|(topic, order)| (order.order_id.as_u128() ^ u128::from(shuffle), topic.as_db()));
        let posted: Vec<Posting> = told.into_iter().flat_map(|(topic, order)| postings(topic, order)).collect();
        let due: Vec<Posting> = orders.iter().flat_map(|order| due(order, &[])).collect();
        prop_assert_eq!(differences(&due, &posted), []);
        let mut once: Vec<_> = posted.iter().map(|posting| (posting.order_id, posting.kind, posting.number)).collect();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), posted.len(), "of each kind one for an order");
    }

    #[test]
    fn whatever_was_done_to_the_books_mending_leaves_them_as_they_ought_to_be(orders in orders(), how in tampered()) {
        let due: Vec<Posting> = orders.iter().flat_map(|order| due(order, &[])).collect();
        let mut posted = due.clone();
        tamper(&mut posted, &how);
        let before = posted.clone();
        let mended = mending(&differences(&due, &posted), &posted);
        for posting in &mended {
            prop_assert!((1..=MAX_AMOUNT).contains(&posting.amount));
            let (debit, credit) = posting.kind.accounts();
            let is_forth = (posting.debit, posting.credit) == (debit, credit);
            prop_assert!(is_forth || (posting.number > 0 && (posting.debit, posting.credit) == (credit, debit)));
            let is_taken = |each: &&Posting| (each.order_id, each.kind, each.number) == (posting.order_id, posting.kind, posting.number);
            prop_assert_eq!(before.iter().chain(&mended).filter(is_taken).count(), 1);
        }
        posted.extend(mended);
        // What a row cannot hold is made up for by the next.
        for _ in 0..how.len() {
            let rest = mending(&differences(&due, &posted), &posted);
            posted.extend(rest);
        }
        prop_assert_eq!(differences(&due, &posted), []);
        for ((account, unit), sum) in balances(&due) {
            prop_assert_eq!(balance(&posted, account, unit), sum);
        }
    }

    #[test]
    fn a_fee_is_between_nothing_and_the_total_and_grows_with_it(
        basis_points in 0..=MAX_BASIS_POINTS, minor in 0..=MAX_FEE, a in 0..=MAX_TOTAL, b in 0..=MAX_TOTAL
    ) {
        let (fee, a, b) = (Fee { basis_points, minor }, a.min(b), a.max(b));
        prop_assert!((0..=a).contains(&fee.of(a)));
        prop_assert!(fee.of(a) <= fee.of(b));
        // Within half a unit of what it would be exactly, unless the total is less.
        let exact = i128::from(a) * i128::from(basis_points) + 10_000 * i128::from(minor);
        let off = 10_000 * i128::from(fee.of(a)) - exact;
        prop_assert!(fee.of(a) == a || (-5_000 < off && off <= 5_000), "{}", off);
    }
}

/// The first day of the months that are reckoned with.
fn months() -> Vec<Month> {
    let first = Month::of(time(0));
    std::iter::successors(Some(first), |month| Some(Month::of(month.end()))).take(5).collect()
}

/// What can be charged: whole tens of yen, and no less than a euro.
fn takes(currency: Currency, open: i64) -> i64 {
    match currency.code() {
        "JPY" => open - open % 10,
        "EUR" if open < 100 => 0,
        _ => open,
    }
}

#[test]
fn what_is_owed_is_invoiced_after_its_month_and_once() {
    let [this, next] = [time(0), time(0) + TimeDelta::days(31)].map(Month::of);
    let fees = |charged, reversed| [Fees { currency: Currency::EUR, charged, reversed, invoiced: 0 }];
    let invoice = |fees: &[Fees], before: &[Posting], month| to_invoice(fees, before, (month, time(9)), takes);
    let first = invoice(&fees(500, 100), &[], this);
    let [one] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!((one.amount, one.number, one.period, one.order_id), (400, 0, Some(this), None));
    assert_eq!((one.debit, one.credit, one.occurred_at), (Account::FeesInvoiced, Account::FeesReceivable, time(9)));
    assert_eq!(invoice(&fees(999, 0), &first, this), [], "what comes later goes with the next month");
    let second = invoice(&fees(999, 0), &first, next);
    assert_eq!((second[0].amount, second[0].number), (599, 1));
    assert_eq!(invoice(&fees(500, 499), &first, next), [], "more is given back than is owed");
    assert_eq!(invoice(&fees(499, 0), &first, next), [], "too little to be charged");
}

proptest! {
    #[test]
    fn what_was_invoiced_and_what_is_open_are_the_fees_that_were_not_given_back(
        orders in orders(), late in proptest::collection::vec(any::<bool>(), 80), runs in proptest::collection::vec((0usize..5, any::<bool>()), 0..20)
    ) {
        // The relay may post late: some of what happened is not in the books before the last month is invoiced.
        let all: Vec<Posting> = orders.iter().flat_map(|order| due(order, &[])).filter(|one| one.kind != Kind::Usage).collect();
        let in_time = |month: &Month| {
            let known = all.iter().enumerate().filter(|(at, one)| one.occurred_at < month.end() && !late[at % late.len()]);
            known.map(|(_, one)| *one).collect::<Vec<_>>()
        };
        let mut invoiced: Vec<Posting> = Vec::new();
        for (at, is_broken_off) in runs {
            let month = months()[at];
            let new = to_invoice(&summed(&in_time(&month)), &invoiced, (month, time(0)), takes);
            // Whoever is broken off has posted nothing; whoever comes again posts nothing more.
            if !is_broken_off {
                invoiced.extend(new);
                prop_assert_eq!(to_invoice(&summed(&in_time(&month)), &invoiced, (month, time(0)), takes), []);
            }
        }
        // What a row cannot hold goes with the month after.
        let mut month = *months().last().expect("months");
        loop {
            month = Month::of(month.end());
            let rest = to_invoice(&summed(&all), &invoiced, (month, time(0)), takes);
            if rest.is_empty() {
                break;
            }
            invoiced.extend(rest);
        }
        let mut numbers: Vec<_> = invoiced.iter().map(|one| (one.unit, one.number)).collect();
        numbers.sort_unstable();
        let count = numbers.len();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), count, "each has a number of its own");
        for currency in [Currency::EUR, Currency::USD, Currency::JPY] {
            let unit = currency.code();
            let owed = balance(&all, Account::FeesReceivable, unit);
            let on_invoices = balance(&invoiced, Account::FeesInvoiced, unit);
            let books: Vec<Posting> = all.iter().chain(&invoiced).copied().collect();
            let open = balance(&books, Account::FeesReceivable, unit);
            prop_assert_eq!(on_invoices + open, owed);
            prop_assert!(invoiced.iter().all(|one| one.amount > 0));
            // All that could be is, and no more than was owed at some time.
            let left = i64::try_from(open).expect("an amount");
            prop_assert!(left <= 0 || takes(currency, left) == 0, "{left}");
        }
    }
}

/// The fees that postings come to.
fn summed(postings: &[Posting]) -> Vec<Fees> {
    let mut moved: Vec<(Currency, Account, i64)> = Vec::new();
    for posting in postings {
        let Unit::Money(currency) = posting.unit else { continue };
        moved.push((currency, posting.debit, posting.amount));
    }
    moved.sort_by_key(|(currency, ..)| currency.code());
    Fees::of(&moved)
}
