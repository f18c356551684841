//! What is paid, for how long, and what is due when that changes in between.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};

/// For how long a price holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, async_graphql::Enum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "PlanInterval")]
pub enum Interval {
    /// From a day to the same day of the next month, or its last one.
    Month,
    /// From a day to the same day of the next year.
    Year,
}

impl Interval {
    pub const ALL: [Self; 2] = [Self::Month, Self::Year];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.as_db() == text)
    }

    fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// What a plan costs for a month or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub interval: Interval,
    pub currency: Currency,
    /// More than nothing.
    pub minor: i64,
}

impl Price {
    pub fn money(self) -> Money {
        Money::new(self.minor, self.currency)
    }
}

/// From when to when something is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

impl Period {
    /// The one that begins now.
    pub fn from(start: DateTime<Utc>, interval: Interval) -> Self {
        Self { start, end: after(start, interval, 1) }
    }

    /// The one that holds at `now`, of those that follow each other from `first` on. Each is counted from the first, so
    /// that what began on a 31st comes back to it.
    pub fn at(first: DateTime<Utc>, interval: Interval, now: DateTime<Utc>) -> Self {
        let months = (now.year() - first.year()) * 12 + now.month() as i32 - first.month() as i32;
        let guess = u32::try_from(months).unwrap_or_default() / interval.months();
        let begun = if after(first, interval, guess) > now { guess.saturating_sub(1) } else { guess };
        Self { start: after(first, interval, begun), end: after(first, interval, begun + 1) }
    }

    /// Of how many days, by the dates of UTC, it has how many before it at `now`, today's included.
    pub fn days(self, now: DateTime<Utc>) -> Days {
        let days = |from: DateTime<Utc>| (self.end.date_naive() - from.date_naive()).num_days();
        let all = days(self.start).max(1);
        Days { all, left: days(now).clamp(0, all) }
    }
}

fn after(first: DateTime<Utc>, interval: Interval, times: u32) -> DateTime<Utc> {
    first.checked_add_months(Months::new(interval.months() * times)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Days of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// At least one.
    pub all: i64,
    pub left: i64,
}

impl Days {
    /// The part of an amount that falls on the days that are left, to the nearest minor unit, half of one upwards.
    pub fn share(self, minor: i64) -> i64 {
        let (all, left) = (i128::from(self.all), i128::from(self.left));
        let share = (2 * i128::from(minor) * left + all) / (2 * all);
        i64::try_from(share).unwrap_or(minor)
    }
}

/// What is due when one price takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proration {
    pub days: Days,
    /// Of the old price, what the days that are left had been paid for with.
    pub credit_minor: i64,
    /// Of the new price, what is to be paid until the period ends; all of it where a new period begins.
    pub charge_minor: i64,
}

impl Proration {
    /// Between two prices of one currency, at `now` in the period of the old one. Without an old one, and where the
    /// interval is another, a new period begins; a plan that costs nothing ends what was paid for.
    pub fn of(old: Option<(Price, Period)>, new: Option<Price>, now: DateTime<Utc>) -> Self {
        let Some((old, period)) = old else {
            let days = new.map_or(Days { all: 1, left: 1 }, |new| Period::from(now, new.interval).days(now));
            return Self { days, credit_minor: 0, charge_minor: new.map_or(0, |new| new.minor) };
        };
        let days = period.days(now);
        let charge = new.map_or(0, |new| if new.interval == old.interval { days.share(new.minor) } else { new.minor });
        Self { days, credit_minor: days.share(old.minor), charge_minor: charge }
    }

    /// What is to be paid at once; less than nothing: what is credited.
    pub fn due_minor(self) -> i64 {
        self.charge_minor - self.credit_minor
    }
}

/// A calendar month of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    pub fn of(time: DateTime<Utc>) -> Self {
        Self::of_day(time.date_naive())
    }

    /// Written like `2026-06`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
        (is_plain && date.year() >= 2000).then_some(Self(date))
    }

    /// The one that a date is in.
    pub fn of_day(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or_default())
    }

    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The one before it.
    pub fn before(self) -> Self {
        Self::of_day(self.0.pred_opt().unwrap_or_default())
    }

    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// Where the next one starts.
    pub fn end(self) -> DateTime<Utc> {
        after(self.start(), Interval::Month, 1)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.format("%Y-%m").fmt(f)
    }
}
