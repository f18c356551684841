//! When something that is done again and again is done next: cron's five fields, by the clock of a place.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

/// Not more often than that: what is to be done sooner is caused by something.
pub const MIN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Occurrences looked at for [`MIN_EVERY`]: all of an hour, which is what the minutes' field repeats.
const LOOKED_AT: usize = 13;

/// Why a line of cron cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronFault {
    #[error("no line of cron with five fields, like \"30 3 * * *\": {0}")]
    NotCron(String),
    #[error("it never comes to its time")]
    Never,
    #[error("more often than every five minutes")]
    TooOften,
}

/// A line of cron: minute, hour, day of the month, month, day of the week. What falls into an hour that a clock leaves out
/// is done right after it, and what falls into one that it has twice is done once, unless it is done every hour or more
/// often: as Vixie's cron has it.
#[derive(Clone, Debug)]
pub struct Cron(croner::Cron);

impl Cron {
    /// Reads a line; in which zone it is followed does not matter for whether it can be.
    pub fn parse(line: &str) -> Result<Self, CronFault> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = Self(parser.parse(line).map_err(|error| CronFault::NotCron(error.to_string()))?);
        let mut before = cron.next(Tz::UTC, DateTime::UNIX_EPOCH)?;
        for _ in 0..LOOKED_AT {
            let next = cron.next(Tz::UTC, before)?;
            if next - before < MIN_EVERY {
                return Err(CronFault::TooOften);
            }
            before = next;
        }
        Ok(cron)
    }

    /// The first time after `after` by the clock of `zone`.
    pub fn next(&self, zone: Tz, after: DateTime<Utc>) -> Result<DateTime<Utc>, CronFault> {
        let next = self.0.find_next_occurrence(&after.with_timezone(&zone), false);
        next.map(|next| next.with_timezone(&Utc)).map_err(|_| CronFault::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn next(line: &str, zone: &str, after: &str) -> String {
        let zone = zone.parse().expect("a zone");
        let next = Cron::parse(line).expect("a line").next(zone, at(after)).expect("a time");
        next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    #[test]
    fn it_goes_by_the_clock_of_the_place() {
        for (line, zone, after, expected) in [
            ("30 3 * * *", "UTC", "2026-11-30T03:29:59Z", "2026-11-30T03:30:00Z"),
            ("30 3 * * *", "UTC", "2026-11-30T03:30:00Z", "2026-12-01T03:30:00Z"),
            ("30 3 * * *", "Asia/Kathmandu", "2026-11-30T00:00:00Z", "2026-11-30T21:45:00Z"),
            // The last of a month, and a weekday.
            ("0 0 L * *", "America/New_York", "2026-02-01T12:00:00Z", "2026-02-28T05:00:00Z"),
            ("0 9 * * MON", "Europe/Berlin", "2026-12-01T00:00:00Z", "2026-12-07T08:00:00Z"),
            ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("*/15 * * * *", "UTC", "2026-11-30T23:59:00Z", "2026-12-01T00:00:00Z"),
        ] {
            assert_eq!(next(line, zone, after), expected, "{line} in {zone} after {after}");
        }
    }

    #[test]
    fn an_hour_that_a_clock_leaves_out_or_has_twice_is_passed_once() {
        // In Berlin 2026-03-29 has no 2:30, and 2026-10-25 has it twice: first at 0:30 UTC.
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z"), "2026-03-30T00:30:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
        // Every hour goes on in both.
        assert_eq!(next("30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-10-25T01:30:00Z");
        assert_eq!(next("30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z"), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn what_cannot_be_followed_is_not_taken() {
        for line in
            ["", "nightly", "30 3 * *", "0 30 3 * * *", "0 30 3 * * * 2027", "60 3 * * *", "30 24 * * *", "@yearly x"]
        {
            assert!(matches!(Cron::parse(line), Err(CronFault::NotCron(_))), "{line}");
        }
        assert_eq!(Cron::parse("0 0 30 2 *").expect_err("no such day"), CronFault::Never);
        for line in ["* * * * *", "*/4 * * * *", "0,59 * * * *", "58,1 * * * *"] {
            assert_eq!(Cron::parse(line).expect_err("too often"), CronFault::TooOften, "{line}");
        }
        assert!(Cron::parse("*/5 * * * *").is_ok());
    }
}
