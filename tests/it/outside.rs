//! How services of others are called: how often, for how long, and not at all while they do not answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use emporia::outside::{Breaker, Failed, NotDone, Policy, State};

use crate::support::TestApp;

const POLICY: Policy = Policy {
    timeout: Duration::from_secs(30),
    attempts: 3,
    wait: Duration::from_millis(1),
    breaker: Breaker { failures: 4, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(20) },
};

type Answer = Result<&'static str, Failed<&'static str>>;

/// A service that answers each attempt as said, the last one for ever.
struct Service(Vec<Answer>, AtomicUsize);

impl Service {
    fn new(answers: Vec<Answer>) -> Self {
        Self(answers, AtomicUsize::new(0))
    }

    fn answer(&self) -> Answer {
        let attempt = self.1.fetch_add(1, Ordering::Relaxed);
        self.0[attempt.min(self.0.len() - 1)].clone()
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
}

fn metric(app: &TestApp, line: &str) -> bool {
    app.app.metrics.text(false).lines().any(|each| each == line)
}

#[tokio::test]
async fn what_may_help_is_repeated_and_what_was_refused_is_not() {
    let app = TestApp::new().await;
    let target = app.app.outside.target("test", POLICY);
    let away = Service::new(vec![Err(Failed::Away("gone")), Err(Failed::Away("gone")), Ok("back")]);
    assert_eq!(target.call(|| async { away.answer() }).await, Ok("back"));
    assert_eq!(away.asked(), 3);
    let refused = Service::new(vec![Err(Failed::Refused("no such thing"))]);
    assert_eq!(target.call(|| async { refused.answer() }).await, Err(NotDone::Refused("no such thing")));
    assert_eq!((refused.asked(), target.state()), (1, State::Closed));
    for line in [
        "emporia_outside_calls_total{target=\"test\",outcome=\"away\"} 2",
        "emporia_outside_calls_total{target=\"test\",outcome=\"refused\"} 1",
        "emporia_outside_circuit{target=\"test\",state=\"closed\"} 1",
        "emporia_outside_circuit{target=\"test\",state=\"open\"} 0",
    ] {
        assert!(metric(&app, line), "{line}: {}", app.app.metrics.text(false));
    }
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_for_a_while_and_asked_by_one_first() {
    let app = TestApp::new().await;
    let target = app.app.outside.target("test", POLICY);
    let gone = Service::new(vec![Err(Failed::Away("gone"))]);
    assert_eq!(target.call(|| async { gone.answer() }).await, Err(NotDone::Away("gone")));
    let broken_off = target.call(|| async { gone.answer() }).await;
    assert_eq!(broken_off, Err(NotDone::Away("gone")), "it was asked, though its first attempt opened the circuit");
    assert_eq!(target.call(|| async { gone.answer() }).await, Err(NotDone::Resting));
    assert_eq!((gone.asked(), target.state()), (4, State::Open));
    assert!(metric(&app, "emporia_outside_circuit{target=\"test\",state=\"open\"} 1"));
    app.clock.advance(TimeDelta::seconds(5));
    assert_eq!(target.state(), State::HalfOpen);
    // The one that asks goes before there is an answer: another one asks.
    tokio::select! {
        biased;
        done = target.call(std::future::pending::<Answer>) => panic!("{done:?}"),
        () = tokio::task::yield_now() => {}
    }
    let back = Service::new(vec![Ok("back")]);
    let (first, second) = tokio::join!(
        target.call(|| async {
            tokio::task::yield_now().await;
            back.answer()
        }),
        target.call(|| async { back.answer() }),
    );
    assert_eq!((first, second), (Ok("back"), Err(NotDone::Resting)));
    assert_eq!((back.asked(), target.state()), (1, State::Closed));
    assert!(metric(&app, "emporia_outside_circuit{target=\"test\",state=\"open\"} 0"));
    assert!(metric(&app, "emporia_outside_calls_total{target=\"test\",outcome=\"skipped\"} 3"));
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_none() {
    let app = TestApp::new().await;
    let policy = Policy { timeout: Duration::from_millis(1), attempts: 1, ..POLICY };
    let target = app.app.outside.target("test", policy);
    let done = target.call(std::future::pending::<Answer>).await;
    assert_eq!(done, Err(NotDone::TimedOut));
    assert!(metric(&app, "emporia_outside_calls_total{target=\"test\",outcome=\"timed_out\"} 1"));
}
