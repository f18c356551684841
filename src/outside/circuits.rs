//! The circuits of those who are asked under one policy: one alone, or many that have nothing to do with each other, each by
//! its key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::circuit::{Asked, Breaker, Circuit, State};
use crate::clock::Clock;

/// So many are remembered at once, which is less than a megabyte. Of those that are more, who fails now is asked all the same.
const MOST: usize = 4096;

/// Those of whom nothing is known are closed.
pub struct Circuits<K = ()> {
    breaker: Breaker,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<K, Circuit>>,
}

impl<K: Clone + Eq + Hash> Circuits<K> {
    pub fn new(breaker: Breaker, clock: Arc<dyn Clock>) -> Self {
        Self { breaker, clock, known: Mutex::default() }
    }

    /// Whether to ask now. Who is let ask says what came of it; who drops this has gone before there was an answer.
    pub fn ask(&self, key: K) -> Option<Asking<'_, K>> {
        let now = self.clock.now();
        let asked = match self.known().get_mut(&key) {
            Some(circuit) => circuit.admits(now),
            None => Circuit::default().admits(now),
        };
        asked.map(|asked| Asking { of: self, key, asked, is_over: false })
    }

    pub fn state(&self, key: &K) -> State {
        self.known().get(key).map_or(State::Closed, |circuit| circuit.state(self.clock.now()))
    }

    /// It answers, as is known from elsewhere.
    pub fn close(&self, key: &K) {
        if let Some(circuit) = self.known().get_mut(key) {
            circuit.close();
        }
    }

    /// How many are in this state, of those that are known.
    pub fn count(&self, state: State) -> usize {
        let now = self.clock.now();
        self.known().values().filter(|circuit| circuit.state(now) == state).count()
    }

    fn succeeded(&self, key: &K, asked: Asked) {
        let mut known = self.known();
        if let Some(circuit) = known.get_mut(key) {
            circuit.succeeded(asked);
            // One that was open is remembered: what was asked before that says nothing of it.
            if *circuit == Circuit::default() {
                known.remove(key);
            }
        }
    }

    fn failed(&self, key: K, asked: Asked) {
        let now = self.clock.now();
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(&key) {
            known.retain(|_, circuit| circuit.state(now) == State::Open);
        }
        if known.len() < MOST || known.contains_key(&key) {
            known.entry(key).or_default().failed(asked, &self.breaker, now);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<K, Circuit>> {
        // Nothing panics between two changes of one.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        if !self.is_over
            && let Some(circuit) = self.of.known().get_mut(&self.key)
        {
            circuit.abandoned(self.asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

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
        assert_eq!((circuits.count(State::Open), circuits.count(State::HalfOpen)), (1, 0));
        clock.advance(TimeDelta::seconds(5));
        let first = circuits.ask(1).expect("one asks");
        assert!(circuits.ask(1).is_none(), "one alone");
        drop(first);
        circuits.ask(1).expect("another, since the first has gone").ended(true);
        assert_eq!((circuits.state(&1), circuits.count(State::HalfOpen)), (State::Closed, 0));
    }

    #[test]
    fn who_answers_is_not_remembered() {
        let (circuits, _) = circuits(2);
        fail(&circuits, 1);
        circuits.ask(1).expect("closed").ended(true);
        circuits.ask(2).expect("closed").ended(true);
        assert!(circuits.known().is_empty());
        fail(&circuits, 1);
        assert!(circuits.ask(1).is_some(), "failures in a row count");
    }

    #[test]
    fn of_too_many_only_those_that_rest_are_remembered() {
        let (circuits, _) = circuits(2);
        (0..2).for_each(|_| fail(&circuits, 0));
        (1..=MOST).for_each(|key| fail(&circuits, key));
        assert_eq!(circuits.known().len(), 2, "the one that rests, and the last");
        assert!(circuits.ask(0).is_none());
    }

    #[test]
    fn where_too_many_rest_who_fails_now_is_asked_all_the_same() {
        let (circuits, clock) = circuits(1);
        (0..=MOST).for_each(|key| fail(&circuits, key));
        assert_eq!(circuits.known().len(), MOST);
        assert!(circuits.ask(0).is_none() && circuits.ask(MOST).is_some());
        clock.advance(TimeDelta::seconds(5));
        fail(&circuits, MOST);
        assert_eq!(circuits.known().len(), 1, "the others' rests are over");
    }
}
