//! A circuit breaker: whoever does not answer is left alone for a while, and then asked by one caller first.
//!
//! *Closed*, everybody asks. After so many failures in a row it is *open*, and nobody asks; after a rest it is *half-open*: one
//! caller asks, and what comes of that closes it, or opens it for twice as long.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};

/// When a circuit opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Failures in a row that open it, at least 1.
    pub failures: u32,
    /// The first rest; each further one is twice as long, up to `longest_rest`.
    pub rest: TimeDelta,
    pub longest_rest: TimeDelta,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    HalfOpen,
    Open,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// In metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// After so many of the longest rests, in which nobody has asked, a circuit is forgotten.
const FORGOTTEN: i32 = 10;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    /// In a row.
    failures: u32,
    /// How often it has opened since it was closed.
    openings: u32,
    /// When nobody asks; none: it is closed.
    rest: Option<Range<DateTime<Utc>>>,
    /// Somebody asks whether it can be closed.
    is_probed: bool,
    /// How often it has opened or closed at all.
    changes: u64,
}

/// That somebody was let ask, and after which of the circuit's changes.
#[derive(Clone, Copy, Debug)]
pub struct Asked(u64);

impl Circuit {
    pub fn state(&self, now: DateTime<Utc>) -> State {
        match &self.rest {
            None => State::Closed,
            // Neither after it nor before: a clock that was put back makes no rest longer.
            Some(rest) if rest.contains(&now) => State::Open,
            Some(_) => State::HalfOpen,
        }
    }

    /// Whether it has been half-open for so long, and nobody has asked, that perhaps nobody ever will.
    pub fn is_forgotten(&self, breaker: &Breaker, now: DateTime<Utc>) -> bool {
        self.rest.as_ref().is_some_and(|rest| !self.is_probed && forgotten_at(rest, breaker) <= now)
    }

    /// When it will be in another state or forgotten, should nobody ask until then.
    pub fn changes_at(&self, breaker: &Breaker, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let rest = self.rest.as_ref()?;
        [rest.start, rest.end, forgotten_at(rest, breaker)].into_iter().filter(|at| *at > now).min()
    }

    /// Whether to ask now. Who is admitted says afterwards what came of it, with what they have got here: what was asked
    /// before the circuit last opened or closed says nothing of it any more.
    pub fn admits(&mut self, now: DateTime<Utc>) -> Option<Asked> {
        let is_admitted = match self.state(now) {
            State::Closed => true,
            State::Open => false,
            State::HalfOpen => !std::mem::replace(&mut self.is_probed, true),
        };
        is_admitted.then_some(Asked(self.changes))
    }

    pub fn succeeded(&mut self, asked: Asked) {
        if self.is_of_now(asked) {
            self.close();
        }
    }

    /// It answers, as is known from elsewhere.
    pub fn close(&mut self) {
        let changes = self.changes + u64::from(self.rest.is_some());
        *self = Self { changes, ..Self::default() };
    }

    pub fn failed(&mut self, asked: Asked, breaker: &Breaker, now: DateTime<Utc>) {
        if !self.is_of_now(asked) {
            return;
        }
        self.is_probed = false;
        self.failures = self.failures.saturating_add(1);
        if self.failures >= breaker.failures {
            let factor = 1_i32.checked_shl(self.openings.min(20)).unwrap_or(i32::MAX);
            let rest = breaker.rest.checked_mul(factor).unwrap_or(breaker.longest_rest).min(breaker.longest_rest);
            self.rest = Some(now..now + rest);
            self.openings += 1;
            self.changes += 1;
        }
    }

    /// Whoever asked went before there was an answer.
    pub fn abandoned(&mut self, asked: Asked) {
        if self.is_of_now(asked) {
            self.is_probed = false;
        }
    }

    fn is_of_now(&self, asked: Asked) -> bool {
        asked.0 == self.changes
    }
}

fn forgotten_at(rest: &Range<DateTime<Utc>>, breaker: &Breaker) -> DateTime<Utc> {
    let long = breaker.longest_rest.checked_mul(FORGOTTEN).and_then(|long| rest.end.checked_add_signed(long));
    long.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BREAKER: Breaker = Breaker { failures: 3, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(15) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Asks and fails.
    fn fail(circuit: &mut Circuit, seconds: i64) {
        let asked = circuit.admits(at(seconds)).expect("admitted");
        circuit.failed(asked, &BREAKER, at(seconds));
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_caller_asks_after_the_rest() {
        let mut circuit = Circuit::default();
        (0..2).for_each(|_| fail(&mut circuit, 0));
        let asked = circuit.admits(at(0)).expect("closed");
        circuit.succeeded(asked);
        (0..3).for_each(|_| fail(&mut circuit, 0));
        assert!(circuit.state(at(4)) == State::Open && circuit.admits(at(4)).is_none());
        assert_eq!(circuit.state(at(5)), State::HalfOpen);
        let gone = circuit.admits(at(5)).expect("one");
        assert!(circuit.admits(at(5)).is_none(), "one alone");
        circuit.abandoned(gone);
        let asked = circuit.admits(at(6)).expect("another, since the first has gone");
        circuit.succeeded(asked);
        assert_eq!(circuit.state(at(6)), State::Closed);
        assert!(circuit.admits(at(6)).is_some() && circuit.admits(at(6)).is_some());
    }

    #[test]
    fn each_rest_is_twice_as_long_up_to_the_longest() {
        let mut circuit = Circuit::default();
        let mut now = 0;
        (0..3).for_each(|_| fail(&mut circuit, now));
        for rest in [5, 10, 15, 15] {
            assert_eq!(circuit.state(at(now + rest - 1)), State::Open);
            now += rest;
            fail(&mut circuit, now);
        }
    }

    #[test]
    fn one_that_nobody_asks_is_forgotten_after_long() {
        let mut circuit = Circuit::default();
        assert!(!circuit.is_forgotten(&BREAKER, at(1000)) && circuit.changes_at(&BREAKER, at(0)).is_none());
        (0..3).for_each(|_| fail(&mut circuit, 0));
        for (now, next) in [(-1, Some(0)), (0, Some(5)), (5, Some(155)), (154, Some(155)), (155, None)] {
            assert_eq!(circuit.changes_at(&BREAKER, at(now)), next.map(at), "at {now}");
            assert_eq!(circuit.is_forgotten(&BREAKER, at(now)), next.is_none(), "at {now}");
        }
        let asked = circuit.admits(at(155)).expect("half-open");
        assert!(!circuit.is_forgotten(&BREAKER, at(155)), "somebody asks");
        circuit.abandoned(asked);
        assert!(circuit.is_forgotten(&BREAKER, at(155)));
    }

    #[test]
    fn what_was_asked_before_it_opened_says_nothing_of_it_any_more() {
        let mut circuit = Circuit::default();
        let [late, later, latest] = [0; 3].map(|now| circuit.admits(at(now)).expect("closed"));
        (0..3).for_each(|_| fail(&mut circuit, 0));
        let probe = circuit.admits(at(5)).expect("half-open");
        circuit.failed(late, &BREAKER, at(5));
        circuit.abandoned(later);
        assert!(circuit.admits(at(5)).is_none(), "it is asked by one");
        circuit.succeeded(latest);
        assert_eq!(circuit.state(at(5)), State::HalfOpen);
        circuit.failed(probe, &BREAKER, at(5));
        assert_eq!((circuit.state(at(14)), circuit.state(at(15))), (State::Open, State::HalfOpen));
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_rest_longer() {
        let mut circuit = Circuit::default();
        (0..3).for_each(|_| fail(&mut circuit, 3600));
        assert_eq!((circuit.state(at(3604)), circuit.state(at(3599))), (State::Open, State::HalfOpen));
        fail(&mut circuit, 0);
        assert_eq!((circuit.state(at(9)), circuit.state(at(10))), (State::Open, State::HalfOpen));
    }

    #[test]
    fn it_closes_when_it_is_known_from_elsewhere_that_there_are_answers() {
        let mut circuit = Circuit::default();
        let late = circuit.admits(at(0)).expect("closed");
        (0..3).for_each(|_| fail(&mut circuit, 0));
        circuit.close();
        assert_eq!(circuit.state(at(0)), State::Closed);
        (0..2).for_each(|_| fail(&mut circuit, 0));
        circuit.failed(late, &BREAKER, at(0));
        assert_eq!(circuit.state(at(0)), State::Closed, "what was asked before says nothing");
    }

    proptest! {
        #[test]
        fn it_never_stays_open_for_longer_than_the_longest_rest(steps in prop::collection::vec((0_i64..20, 0..3), 1..80)) {
            let (mut circuit, mut now) = (Circuit::default(), 0);
            for (seconds, what) in steps {
                now += seconds;
                if let Some(asked) = circuit.admits(at(now)) {
                    match what {
                        0 => circuit.succeeded(asked),
                        1 => circuit.failed(asked, &BREAKER, at(now)),
                        _ => circuit.abandoned(asked),
                    }
                }
                prop_assert!(circuit.state(at(now + 15)) != State::Open);
            }
            prop_assert!(circuit.admits(at(now + 15)).is_some(), "whatever was, somebody asks again");
        }
    }
}
