//! The circuits of those who are asked under one policy: one alone, or many that have nothing to do with each other, each by
//! its key.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::circuit::{Asked, Breaker, Circuit, State};
use crate::clock::Clock;

/// So many are remembered at once, which is less than a megabyte. Of those that are more, who fails now is asked all the same.
const MOST: usize = 4096;

/// Those of whom nothing is known are closed.
pub struct Circuits<K = ()> {
    breaker: Breaker,
    clock: Arc<dyn Clock>,
    known: Mutex<Known<K>>,
}

struct Known<K> {
    circuits: HashMap<K, Circuit>,
    /// How many there are in each state, and how long that is so if nobody hears anything. None: something has changed.
    counted: Option<(Counts, Range<DateTime<Utc>>)>,
}

/// How many do not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub open: usize,
    pub half_open: usize,
}

impl<K: Clone + Eq + Hash> Circuits<K> {
    pub fn new(breaker: Breaker, clock: Arc<dyn Clock>) -> Self {
        let known = Known { circuits: HashMap::new(), counted: None };
        Self { breaker, clock, known: Mutex::new(known) }
    }

    /// Whether to ask now. Who is let ask says what came of it; who drops this has gone before there was an answer.
    pub fn ask(&self, key: K) -> Option<Asking<'_, K>> {
        let mut known = self.known();
        let now = self.clock.now();
        let asked = match known.circuits.get_mut(&key) {
            Some(circuit) => circuit.admits(now),
            None => Circuit::default().admits(now),
        };
        drop(known);
        asked.map(|asked| Asking { of: self, key, asked, is_over: false })
    }

    pub fn state(&self, key: &K) -> State {
        self.known().circuits.get(key).map_or(State::Closed, |circuit| circuit.state(self.clock.now()))
    }

    /// It answers, as is known from elsewhere.
    pub fn close(&self, key: &K) {
        let mut known = self.known();
        if let Some(circuit) = known.circuits.get_mut(key) {
            circuit.close();
            known.counted = None;
        }
    }

    /// How many of those that are known do not answer. Goes through all of them only when that may have changed, and forgets
    /// on that occasion those that nobody asks any more.
    pub fn counts(&self) -> Counts {
        let mut known = self.known();
        let now = self.clock.now();
        if let Some((counts, when)) = &known.counted
            && when.contains(&now)
        {
            return *counts;
        }
        known.circuits.retain(|_, circuit| !circuit.is_forgotten(&self.breaker, now));
        let (mut counts, mut until) = (Counts::default(), DateTime::<Utc>::MAX_UTC);
        for circuit in known.circuits.values() {
            match circuit.state(now) {
                State::Closed => {}
                State::HalfOpen => counts.half_open += 1,
                State::Open => counts.open += 1,
            }
            until = until.min(circuit.changes_at(&self.breaker, now).unwrap_or(until));
        }
        known.counted = Some((counts, now..until));
        counts
    }

    fn succeeded(&self, key: &K, asked: Asked) {
        let mut known = self.known();
        let now = self.clock.now();
        if let Some(circuit) = known.circuits.get_mut(key) {
            let before = circuit.state(now);
            circuit.succeeded(asked);
            let has_changed = circuit.state(now) != before;
            // One that was open is remembered: what was asked before that says nothing of it.
            if *circuit == Circuit::default() {
                known.circuits.remove(key);
            }
            known.recount_if(has_changed);
        }
    }

    fn failed(&self, key: K, asked: Asked) {
        let mut known = self.known();
        let now = self.clock.now();
        if known.circuits.len() >= MOST && !known.circuits.contains_key(&key) {
            known.circuits.retain(|_, circuit| circuit.state(now) == State::Open);
            known.counted = None;
        }
        let has_room = known.circuits.len() < MOST;
        match known.circuits.get_mut(&key) {
            Some(circuit) => {
                let before = circuit.state(now);
                circuit.failed(asked, &self.breaker, now);
                let has_changed = circuit.state(now) != before;
                known.recount_if(has_changed);
            }
            None if has_room => {
                let mut circuit = Circuit::default();
                circuit.failed(asked, &self.breaker, now);
                // What was asked of one that has been forgotten since says nothing.
                if circuit != Circuit::default() {
                    known.recount_if(circuit.state(now) != State::Closed);
                    known.circuits.insert(key, circuit);
                }
            }
            None => {}
        }
    }

    fn known(&self) -> MutexGuard<'_, Known<K>> {
        // Nothing panics between two changes of one.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Known<K> {
    fn recount_if(&mut self, has_changed: bool) {
        if has_changed {
            self.counted = None;
        }
    }
}

/// That somebody was let ask, until it is known what came of it.
pub struct Asking<'a, K: Clone + Eq + Hash = ()> {
    of: &'a Circuits<K>,
    key: K,
    asked: Asked,
    is_over: bool,
}

impl<K: Clone + Eq + Hash> Asking<'_, K> {
    /// Whether there was an answer, whatever it said.
    pub fn ended(mut self, is_answered: bool) {
        self.is_over = true;
        match is_answered {
            true => self.of.succeeded(&self.key, self.asked),
            false => self.of.failed(self.key.clone(), self.asked),
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Asking<'_, K> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut known = self.of.known();
        let now = self.of.clock.now();
        if let Some(circuit) = known.circuits.get_mut(&self.key) {
            circuit.abandoned(self.asked);
            // Perhaps nobody will ask it any more.
            let is_closed = circuit.state(now) == State::Closed;
            known.recount_if(!is_closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::clock::ManualClock;

    fn circuits(failures: u32) -> (Circuits<usize>, Arc<ManualClock>) {
        let clock = ManualClock::new(chrono::DateTime::<Utc>::UNIX_EPOCH);
        let rest = TimeDelta::seconds(5);
        (Circuits::new(Breaker { failures, rest, longest_rest: rest }, clock.clone()), clock)
    }

    fn fail(circuits: &Circuits<usize>, key: usize) {
        circuits.ask(key).expect("it is asked").ended(false);
    }

    #[test]
    fn one_that_does_not_answer_keeps_nobody_from_asking_another() {
        let (circuits, clock) = circuits(2);
        (0..2).for_each(|_| fail(&circuits, 1));
        assert!(circuits.ask(1).is_none() && circuits.ask(2).is_some());
        assert_eq!(circuits.counts(), Counts { open: 1, half_open: 0 });
        clock.advance(TimeDelta::seconds(5));
        assert_eq!(circuits.counts(), Counts { open: 0, half_open: 1 });
        let first = circuits.ask(1).expect("one asks");
        assert!(circuits.ask(1).is_none(), "one alone");
        drop(first);
        circuits.ask(1).expect("another, since the first has gone").ended(true);
        assert_eq!((circuits.state(&1), circuits.counts()), (State::Closed, Counts::default()));
    }

    #[test]
    fn who_answers_is_not_remembered() {
        let (circuits, _) = circuits(2);
        fail(&circuits, 1);
        circuits.ask(1).expect("closed").ended(true);
        circuits.ask(2).expect("closed").ended(true);
        assert!(circuits.known().circuits.is_empty());
        fail(&circuits, 1);
        assert!(circuits.ask(1).is_some(), "failures in a row count");
    }

    #[test]
    fn those_that_do_not_answer_are_counted_whatever_happens_to_them() {
        let (circuits, clock) = circuits(1);
        let counted = |open, half_open| assert_eq!(circuits.counts(), Counts { open, half_open });
        counted(0, 0);
        fail(&circuits, 1);
        counted(1, 0);
        clock.advance(TimeDelta::seconds(3));
        fail(&circuits, 2);
        counted(2, 0);
        clock.advance(TimeDelta::seconds(2));
        counted(1, 1);
        fail(&circuits, 1);
        counted(2, 0);
        circuits.close(&1);
        counted(1, 0);
        clock.advance(TimeDelta::seconds(5));
        counted(0, 1);
        // A clock that is put back to before the rest makes it no longer.
        clock.advance(TimeDelta::seconds(-9));
        counted(0, 1);
        clock.advance(TimeDelta::seconds(4));
        counted(1, 0);
        clock.advance(TimeDelta::seconds(5));
        circuits.ask(2).expect("one").ended(true);
        counted(0, 0);
    }

    #[test]
    fn one_that_nobody_asks_any_more_is_forgotten_and_so_is_what_was_asked_of_it() {
        let (circuits, clock) = circuits(1);
        fail(&circuits, 1);
        circuits.close(&1);
        let late = circuits.ask(1).expect("closed");
        fail(&circuits, 1);
        clock.advance(TimeDelta::seconds(54));
        assert_eq!(circuits.counts(), Counts { open: 0, half_open: 1 });
        drop(circuits.ask(1).expect("half-open"));
        clock.advance(TimeDelta::seconds(1));
        assert_eq!((circuits.counts(), circuits.known().circuits.len()), (Counts::default(), 0));
        late.ended(false);
        assert!(circuits.known().circuits.is_empty(), "it was asked of the one that is forgotten");
    }

    #[test]
    fn of_too_many_only_those_that_rest_are_remembered() {
        let (circuits, _) = circuits(2);
        (0..2).for_each(|_| fail(&circuits, 0));
        (1..=MOST).for_each(|key| fail(&circuits, key));
        assert_eq!(circuits.known().circuits.len(), 2, "the one that rests, and the last");
        assert!(circuits.ask(0).is_none());
    }

    #[test]
    fn where_too_many_rest_who_fails_now_is_asked_all_the_same() {
        let (circuits, clock) = circuits(1);
        (0..=MOST).for_each(|key| fail(&circuits, key));
        assert_eq!(circuits.known().circuits.len(), MOST);
        assert!(circuits.ask(0).is_none() && circuits.ask(MOST).is_some());
        clock.advance(TimeDelta::seconds(5));
        fail(&circuits, MOST);
        assert_eq!(circuits.known().circuits.len(), 1, "the others' rests are over");
    }
}
