use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn terms() -> Terms {
    Terms {
        limits: Limits { products: Some(100), ..Limits::default() },
        features: [Feature::TrustedDocuments].into(),
        api_points_per_second: 50,
        job_weight: 1,
        fee: Fee { basis_points: 50, minor: 25 },
    }
}

fn euros(interval: Interval, minor: i64) -> Price {
    Price { interval, currency: Currency::EUR, minor }
}

#[test]
fn terms_that_leave_out_a_limit_are_not_read() {
    let whole = serde_json::to_value(terms()).expect("JSON");
    assert_eq!(serde_json::from_value::<Terms>(whole.clone()).ok(), Some(terms()));
    for field in whole["limits"].as_object().expect("limits").keys() {
        let mut less = whole.clone();
        less["limits"].as_object_mut().expect("limits").remove(field);
        assert!(serde_json::from_value::<Terms>(less).is_err(), "{field}");
    }
    let mut newer = whole;
    newer["features"] = json!(["TRUSTED_DOCUMENTS", "TELEPATHY"]);
    assert_eq!(serde_json::from_value::<Terms>(newer).ok(), Some(terms()), "what nobody knows gives nothing");
}

#[test]
fn what_is_said_of_one_tenant_comes_before_the_plan() {
    let overrides = Overrides {
        limits: [(Resource::Products, Some(7)), (Resource::StaffMembers, Some(1)), (Resource::CustomRoles, None)]
            .into(),
        features: [(Feature::TrustedDocuments, false), (Feature::CustomDomains, true)].into(),
    };
    let stored = serde_json::to_value(&overrides).expect("JSON");
    assert_eq!(stored["limits"]["PRODUCTS"], 7);
    assert_eq!(serde_json::from_value::<Overrides>(stored).ok(), Some(overrides.clone()));
    let effective = terms().with(&overrides);
    assert_eq!(effective.limits.products, Some(7));
    assert_eq!((effective.limits.staff_members, effective.limits.orders_per_month), (Some(1), None));
    assert_eq!(effective.features, [Feature::CustomDomains].into());
    assert_eq!(terms().with(&Overrides::default()), terms());
}

#[test]
fn over_is_what_becomes_less_and_is_used_more() {
    let used: BTreeMap<Resource, i64> = [(Resource::Products, 101), (Resource::StaffMembers, 5)].into();
    let excess = Excess { resource: Resource::Products, used: 101, max: 100 };
    assert_eq!(terms().over(&Limits::default(), &used), [excess]);
    assert_eq!(terms().over(&Limits { products: Some(100), ..Limits::default() }, &used), [], "as it was");
    assert_eq!(terms().over(&Limits::default(), &[(Resource::Products, 100)].into()), [], "just as many");
}

#[test]
fn periods_follow_each_other_from_the_day_of_the_first() {
    let first = time("2026-01-31T10:00:00Z");
    let dates = |now| {
        let period = Period::at(first, Interval::Month, time(now));
        (period.start.date_naive().to_string(), period.end.date_naive().to_string())
    };
    assert_eq!(dates("2026-01-31T10:00:00Z"), ("2026-01-31".into(), "2026-02-28".into()));
    assert_eq!(dates("2026-02-28T09:59:59Z"), ("2026-01-31".into(), "2026-02-28".into()));
    assert_eq!(dates("2026-02-28T10:00:00Z"), ("2026-02-28".into(), "2026-03-31".into()));
    assert_eq!(dates("2027-04-01T00:00:00Z"), ("2027-03-31".into(), "2027-04-30".into()));
}

#[test]
fn what_is_left_of_a_month_is_credited_and_charged_by_its_days() {
    let period = Period::from(time("2026-06-01T12:00:00Z"), Interval::Month);
    let now = time("2026-06-16T00:00:00Z");
    let (old, new) = (euros(Interval::Month, 2900), euros(Interval::Month, 9900));
    let up = Proration::of(Some((old, period)), Some(new), now);
    assert_eq!((up.days.all, up.days.left), (30, 15));
    assert_eq!((up.credit_minor, up.charge_minor, up.due_minor()), (1450, 4950, 3500));
    let down = Proration::of(Some((new, period)), Some(old), now);
    assert_eq!(down.due_minor(), -3500);
    let to_free = Proration::of(Some((old, period)), None, now);
    assert_eq!((to_free.charge_minor, to_free.due_minor()), (0, -1450));
    let to_years = Proration::of(Some((old, period)), Some(euros(Interval::Year, 29_000)), now);
    assert_eq!(to_years.due_minor(), 29_000 - 1450, "a new period begins");
    assert_eq!(Proration::of(None, Some(old), now).due_minor(), 2900);
    // 29.00 × 7 / 30 is 6.766…
    assert_eq!(Days { all: 30, left: 7 }.share(2900), 677);
    assert_eq!(Days { all: 2, left: 1 }.share(1), 1, "a half goes up");
}

#[test]
fn a_month_is_written_with_its_year() {
    assert_eq!(Month::parse("2026-06").map(|month| month.to_string()).as_deref(), Some("2026-06"));
    assert_eq!(Month::parse("2026-12").map(Month::end), Some(time("2027-01-01T00:00:00Z")));
    for bad in ["", "2026", "2026-6", "2026-13", "2026-00", "06-2026", "+026-06", "2026-06-01", "1999-12"] {
        assert_eq!(Month::parse(bad), None, "{bad}");
    }
    assert_eq!(Month::of(time("2026-06-30T23:59:59Z")), Month::parse("2026-06").expect("a month"));
}

#[test]
fn a_handle_is_a_word() {
    for good in ["free", "pro-2026", "a", "7"] {
        assert!(is_handle(good), "{good}");
    }
    for bad in ["", "-a", "a-", "A", "a b", "ä", &"a".repeat(64)] {
        assert!(!is_handle(bad), "{bad}");
    }
}

fn plan(handle: &str, prices: &[Price]) -> Plan {
    Plan {
        id: Uuid::from_u128(handle.len() as u128),
        handle: handle.to_owned(),
        name: handle.to_owned(),
        description: String::new(),
        is_offered: true,
        terms: terms(),
        trial_days: 0,
        follower_id: None,
        version: 1,
        prices: prices.to_vec(),
        created_at: time("2026-01-01T00:00:00Z"),
        updated_at: time("2026-01-01T00:00:00Z"),
    }
}

fn live(due: Due) -> Bill {
    let (price, now) = (euros(Interval::Month, 2900), time("2026-06-01T12:00:00Z"));
    Bill::Live {
        subscription_id: "sub_1".to_owned(),
        due,
        paid_for: Some(PaidFor { plan: Box::new(plan("basic", &[price])), price }),
        period: Some(Period::from(now, Interval::Month)),
        ends_with_period: false,
    }
}

/// The same by a price that is of no plan.
fn unknown(due: Due) -> Bill {
    let mut bill = live(due);
    if let Bill::Live { paid_for, .. } = &mut bill {
        *paid_for = None;
    }
    bill
}

#[test]
fn who_pays_for_nobody_knows_what_keeps_the_plan_and_is_followed_in_all_else() {
    let (free, start, grace) = (plan("free", &[]), time("2026-06-01T12:00:00Z"), TimeDelta::days(14));
    let paying = Subscription::begun(&free, start).after(&live(Due::Paid), &free, grace, start);
    let late = paying.after(&unknown(Due::Late), &free, grace, start);
    assert_eq!((late.plan.handle.as_str(), late.price), ("basic", paying.price));
    assert_eq!((late.status, late.grace_ends_at, late.is_billed()), (Status::PastDue, Some(start + grace), true));
    assert_eq!(late.after(&unknown(Due::Lost), &free, grace, start).status, Status::Unpaid);
}

#[test]
fn who_is_a_customer_no_more_pays_for_nothing_and_owes_nothing() {
    let (free, start, grace) = (plan("free", &[]), time("2026-06-01T12:00:00Z"), TimeDelta::days(14));
    let begun = Subscription::begun(&free, start);
    let gone = |before: &Subscription| before.after(&Bill::Gone, &free, grace, start);
    assert_eq!(gone(&begun), begun, "it never was one");
    let lost = begun.after(&live(Due::Lost), &free, grace, start);
    let ended = gone(&lost);
    assert_eq!((ended.status, ended.plan.handle.as_str(), ended.is_billed()), (Status::Active, "free", false));
    let owing = lost.after(&Bill::Ended { subscription_id: "sub_1".to_owned(), owes: true }, &free, grace, start);
    assert_eq!((owing.status, gone(&owing).status), (Status::Unpaid, Status::Active));
}

#[test]
fn a_payment_that_is_missing_has_time_from_when_it_began_to_be() {
    let (free, start, grace) = (plan("free", &[]), time("2026-06-01T12:00:00Z"), TimeDelta::days(14));
    let begun = Subscription::begun(&free, start);
    let at = |before: &Subscription, due, days| before.after(&live(due), &free, grace, start + TimeDelta::days(days));
    let late = at(&begun, Due::Late, 0);
    assert_eq!((late.status, late.grace_ends_at), (Status::PastDue, Some(start + grace)));
    assert_eq!(late.news_since(&begun), Some(Heading::Grace(start + grace)));
    let later = at(&late, Due::Late, 13);
    assert_eq!(
        (later.status, later.grace_ends_at, later.news_since(&late)),
        (Status::PastDue, Some(start + grace), None)
    );
    let over = at(&later, Due::Late, 14);
    assert_eq!((over.status, over.news_since(&later)), (Status::Unpaid, Some(Heading::Unpaid)));
    let paid = at(&over, Due::Paid, 15);
    assert_eq!((paid.status, paid.grace_ends_at, paid.news_since(&over)), (Status::Active, None, None));
    assert_eq!(at(&paid, Due::Late, 20).grace_ends_at, Some(start + TimeDelta::days(34)), "another time begins anew");
    let ended = |owes| Bill::Ended { subscription_id: "sub_1".to_owned(), owes };
    let owing = over.after(&ended(true), &free, grace, start);
    assert_eq!((owing.status, owing.after(&ended(true), &free, grace, start) == owing), (Status::Unpaid, true));
    assert_eq!(owing.after(&ended(false), &free, grace, start).status, Status::Active, "it was paid afterwards");
    let gone = over.after(&ended(false), &free, grace, start);
    assert_eq!(
        (gone.status, gone.plan.handle.as_str(), gone.price, gone.is_billed()),
        (Status::Active, "free", None, false)
    );
}

proptest! {
    #[test]
    fn what_stripe_says_twice_is_the_same(steps in proptest::collection::vec((0..8_usize, 0..20_i64), 1..12)) {
        let (free, grace) = (plan("free", &[]), TimeDelta::days(14));
        let mut now = time("2026-06-01T12:00:00Z");
        let mut present = Subscription::begun(&free, now);
        for (what, days) in steps {
            now += TimeDelta::days(days);
            let bill = match what {
                0 => live(Due::TriedUntil(now + TimeDelta::days(3))),
                1 => live(Due::Paid),
                2 => live(Due::Late),
                3 => live(Due::Lost),
                4 | 5 => Bill::Ended { subscription_id: "sub_1".to_owned(), owes: what == 4 },
                6 => unknown(Due::Late),
                _ => Bill::Gone,
            };
            let next = present.after(&bill, &free, grace, now);
            prop_assert_eq!(&next.after(&bill, &free, grace, now), &next);
            prop_assert_eq!(next.status == Status::Trialing, next.trial_ends_at.is_some());
            prop_assert!(next.grace_ends_at.is_none() || matches!(next.status, Status::PastDue | Status::Unpaid));
            prop_assert!(next.news_since(&next).is_none());
            present = next;
        }
    }

    #[test]
    fn a_share_is_between_nothing_and_all_and_grows_with_the_days(
        minor in 0..=MAX_PRICE, all in 1i64..=366, a in 0i64..=366, b in 0i64..=366
    ) {
        let (a, b) = (a.min(all), b.min(all));
        let share = |left| Days { all, left }.share(minor);
        prop_assert_eq!((share(0), share(all)), (0, minor));
        prop_assert!((0..=minor).contains(&share(a)));
        prop_assert!(a > b || share(a) <= share(b));
        // Two shares that make up the whole are off by one minor unit at most.
        prop_assert!((share(a) + share(all - a) - minor).abs() <= 1);
    }

    #[test]
    fn changing_forth_and_back_on_one_day_costs_nothing(
        old in 1..=MAX_PRICE, new in 1..=MAX_PRICE, days in 0i64..=400, yearly in any::<bool>()
    ) {
        let interval = if yearly { Interval::Year } else { Interval::Month };
        let first = time("2026-01-31T10:00:00Z");
        let now = first + TimeDelta::days(days);
        let period = Period::at(first, interval, now);
        prop_assert!(period.start <= now && now < period.end);
        let (old, new) = (euros(interval, old), euros(interval, new));
        let there = Proration::of(Some((old, period)), Some(new), now);
        let back = Proration::of(Some((new, period)), Some(old), now);
        prop_assert_eq!(there.due_minor() + back.due_minor(), 0);
        prop_assert!(there.days.left >= 1 && there.days.left <= there.days.all);
    }

    #[test]
    fn effective_terms_are_the_plans_where_nothing_was_said(
        limits in proptest::collection::btree_map(0usize..5, proptest::option::of(0..=MAX_LIMIT), 0..5)
    ) {
        let limits: BTreeMap<Resource, Option<i64>> =
            limits.into_iter().map(|(at, max)| (Resource::ALL[at], max)).collect();
        let overrides = Overrides { limits: limits.clone(), features: BTreeMap::new() };
        let effective = terms().with(&overrides);
        for resource in Resource::ALL {
            let expected = limits.get(&resource).copied().unwrap_or(terms().limits.of(resource));
            prop_assert_eq!(effective.limits.of(resource), expected);
        }
        prop_assert_eq!(effective.with(&overrides), effective.clone(), "said twice, it is the same");
        prop_assert_eq!(effective.features, terms().features);
    }
}

#[test]
fn the_database_finds_a_limit_where_it_is_stored() {
    for resource in Resource::ALL {
        let mut limits = Limits::default();
        limits.set(resource, Some(7));
        let stored = serde_json::to_value(limits).expect("stored");
        let given: Vec<_> = stored.as_object().expect("fields").iter().filter(|(_, max)| !max.is_null()).collect();
        assert_eq!(given, [(&resource.key().to_owned(), &serde_json::json!(7))]);
    }
}
