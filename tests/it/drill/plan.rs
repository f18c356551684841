//! What is killed when: decided before anything starts, by a seed, and counted in orders instead of in time.

use std::collections::HashSet;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::support::Stop;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server {
    Api(usize),
    Worker(usize),
    Redis,
}

/// What happens to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// SIGKILL.
    Kill(Server),
    Start(Server),
    /// At once: without it no order is made, and orders are what acts wait for.
    RestartPostgres(Stop),
}

/// An act, and how many orders have been acknowledged before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub after: usize,
    pub act: Act,
}

/// So many blows during so many orders: of every five, one hits an API, one a worker, one Redis, and two PostgreSQL.
/// What was killed stays away for a random number of orders.
pub fn plan(seed: u64, orders: usize, blows: usize) -> Vec<Step> {
    let mut planner = Planner { random: StdRng::seed_from_u64(seed), steps: Vec::new(), away: Vec::new() };
    let stretch = orders / (blows + 1);
    let mut hand: Vec<usize> = Vec::new();
    for blow in 0..blows {
        if hand.is_empty() {
            hand = (0..5).collect();
            hand.shuffle(&mut planner.random);
        }
        let after = (blow * stretch) + planner.random.random_range(1..=stretch);
        planner.strike(hand.pop().expect("a kind"), after, stretch);
    }
    planner.start_until(usize::MAX);
    planner.steps
}

struct Planner {
    random: StdRng,
    steps: Vec<Step>,
    /// Who is away, and until when.
    away: Vec<(usize, Server)>,
}

impl Planner {
    fn strike(&mut self, kind: usize, after: usize, stretch: usize) {
        self.start_until(after);
        let (twin, stays_away) = (self.random.random_range(0..2), self.random.random_range(0..=stretch));
        let server = match kind {
            0 => Server::Api(twin),
            1 => Server::Worker(twin),
            2 => Server::Redis,
            _ => {
                let stop = if kind == 3 { Stop::Fast } else { Stop::Immediate };
                return self.steps.push(Step { after, act: Act::RestartPostgres(stop) });
            }
        };
        // One at least of the APIs answers, or no order would end this.
        let mut first = vec![server];
        if let Server::Api(twin) = server {
            first.push(Server::Api(1 - twin));
        }
        for server in first {
            self.start(server, after);
        }
        self.steps.push(Step { after, act: Act::Kill(server) });
        self.away.push((after + stays_away, server));
    }

    /// Starts everything that is to be back by then.
    fn start_until(&mut self, until: usize) {
        self.away.sort_unstable_by_key(|(back, _)| *back);
        while let Some((back, server)) = self.away.first().copied().filter(|(back, _)| *back <= until) {
            self.start(server, back);
        }
    }

    /// Starts a server that is away.
    fn start(&mut self, server: Server, after: usize) {
        if !self.away.iter().any(|(_, away)| *away == server) {
            return;
        }
        // Nobody starts without Redis.
        if server != Server::Redis {
            self.start(Server::Redis, after);
        }
        self.away.retain(|(_, away)| *away != server);
        self.steps.push(Step { after, act: Act::Start(server) });
    }
}

/// Walks through a plan; panics where it would get stuck.
fn walk(steps: &[Step], orders: usize) {
    let mut away = HashSet::new();
    let mut last = 0;
    for step in steps {
        assert!(step.after >= last && step.after <= orders, "{step:?} after {last}");
        last = step.after;
        match step.act {
            Act::Kill(server) => assert!(away.insert(server), "{server:?} is away already"),
            Act::Start(server) => {
                assert!(away.remove(&server), "{server:?} is there");
                assert!(server == Server::Redis || !away.contains(&Server::Redis), "{server:?} without Redis");
            }
            Act::RestartPostgres(_) => {}
        }
        assert!(![0, 1].iter().all(|twin| away.contains(&Server::Api(*twin))), "no API is left");
    }
    assert!(away.is_empty(), "{away:?} stay away");
}

#[test]
fn every_plan_can_be_carried_out_and_the_same_seed_makes_the_same() {
    for seed in 0..200 {
        for (orders, blows) in [(2000, 80), (60, 5), (48, 10)] {
            let steps = plan(seed, orders, blows);
            walk(&steps, orders);
            assert_eq!(plan(seed, orders, blows), steps);
        }
    }
    assert_ne!(plan(1, 2000, 80), plan(2, 2000, 80));
}

#[test]
fn five_blows_hit_everything_once() {
    let steps = plan(3, 60, 5);
    let count = |wanted: fn(&Act) -> bool| steps.iter().filter(|step| wanted(&step.act)).count();
    assert_eq!(count(|act| matches!(act, Act::Kill(Server::Api(_)))), 1);
    assert_eq!(count(|act| matches!(act, Act::Kill(Server::Worker(_)))), 1);
    assert_eq!(count(|act| matches!(act, Act::Kill(Server::Redis))), 1);
    assert_eq!(count(|act| matches!(act, Act::RestartPostgres(_))), 2);
}
