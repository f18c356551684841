//! Whatever happens at Stripe, in whatever order it is told, however often and with whatever losses: in the end a shop stands
//! as Stripe says.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::support::Billing;

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Subscribe {
        pro: bool,
    },
    Renew {
        paid: bool,
    },
    Pay,
    GiveUp {
        ends: bool,
    },
    End,
    EndWithPeriod(bool),
    Change {
        pro: bool,
    },
    Days(u32),
    /// Some of what was told arrives.
    Arrive,
    Work,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u8)>> {
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|pro| Step::Subscribe { pro }),
        3 => any::<bool>().prop_map(|paid| Step::Renew { paid }),
        2 => Just(Step::Pay),
        1 => any::<bool>().prop_map(|ends| Step::GiveUp { ends }),
        1 => Just(Step::End),
        1 => any::<bool>().prop_map(Step::EndWithPeriod),
        2 => any::<bool>().prop_map(|pro| Step::Change { pro }),
        2 => (1..20_u32).prop_map(Step::Days),
        3 => Just(Step::Arrive),
        3 => Just(Step::Work),
    ];
    // The number says which of the events arrives, is lost, or comes twice.
    prop::collection::vec((step, any::<u8>()), 1..30)
}

struct World {
    billing: Billing,
    /// The subscription that was last made.
    live: Option<String>,
    pending: Vec<Value>,
}

impl World {
    fn status(&self) -> Option<String> {
        let id = self.live.as_ref()?;
        self.billing.stripe.subscription(id)["status"].as_str().map(str::to_owned)
    }

    fn goes_on(&self) -> bool {
        self.status().is_some_and(|status| status != "canceled")
    }

    async fn step(&mut self, step: Step, chance: u8) {
        let stripe = &self.billing.stripe;
        match (step, self.live.clone()) {
            (Step::Subscribe { pro }, _) if !self.goes_on() => {
                let made = self.billing.create(if pro { "pro" } else { "basic" }).await;
                // Ours may not have heard that the last one has ended.
                if let Some(page) = made["confirmationUrl"].as_str() {
                    self.live = Some(stripe.complete(page));
                }
            }
            (Step::Renew { paid }, Some(id)) if self.status().as_deref() == Some("active") => stripe.renew(&id, paid),
            (Step::Pay, Some(id)) if self.owes() => stripe.pay(&id),
            (Step::GiveUp { ends }, Some(id)) if self.status().as_deref() == Some("past_due") => {
                stripe.give_up(&id, ends);
            }
            (Step::End, Some(id)) if self.goes_on() => stripe.end(&id),
            (Step::EndWithPeriod(ends), Some(id)) if self.goes_on() => stripe.end_with_period(&id, ends),
            (Step::Change { pro }, _) => drop(self.billing.change(if pro { "pro" } else { "basic" }, true).await),
            (Step::Days(days), _) => self.billing.advance(days),
            (Step::Arrive, _) => self.arrive(chance).await,
            (Step::Work, _) => self.billing.drain().await,
            _ => {}
        }
        self.pending.extend(self.billing.stripe.events());
    }

    fn owes(&self) -> bool {
        matches!(self.status().as_deref(), Some("past_due" | "unpaid"))
    }

    /// One of what was told arrives: a fifth of them twice, a fifth never.
    async fn arrive(&mut self, chance: u8) {
        if self.pending.is_empty() {
            return;
        }
        let event = self.pending.remove(usize::from(chance) % self.pending.len());
        let times = [1, 1, 1, 2, 0][usize::from(chance) % 5];
        for _ in 0..times {
            self.billing.send(&event).await;
        }
    }

    /// What Stripe's state comes to, said again in as few words as there can be.
    fn expected(&self) -> (Option<&'static str>, &'static str) {
        let Some(id) = &self.live else { return (Some("free"), "ACTIVE") };
        let said = self.billing.stripe.subscription(id);
        let key = said["items"]["data"][0]["price"]["lookup_key"].as_str().expect("a key");
        let plan = if key.starts_with("emporia_pro_") { "pro" } else { "basic" };
        match (said["status"].as_str().expect("a status"), self.billing.stripe.owes(id)) {
            ("active", _) => (Some(plan), "ACTIVE"),
            // When the grace is over depends on when ours heard of it.
            ("past_due", _) => (Some(plan), "PAST_DUE or UNPAID"),
            ("unpaid", _) => (Some(plan), "UNPAID"),
            ("canceled", true) => (Some("free"), "UNPAID"),
            ("canceled", false) => (Some("free"), "ACTIVE"),
            other => panic!("{other:?}"),
        }
    }
}

async fn run(steps: &[(Step, u8)]) {
    let billing = Billing::new().await;
    let mut world = World { billing, live: None, pending: Vec::new() };
    for (step, chance) in steps {
        Box::pin(world.step(*step, *chance)).await;
    }
    let stripe = world.billing.app.app.stripe.clone().expect("an account");
    let done = emporia::billing::service::reconcile(&world.billing.app.app, &stripe).await.expect("a comparison");
    assert!(done.findings.is_empty(), "{done:?}");
    world.billing.drain().await;
    let (plan, status) = world.billing.stands().await;
    let (expected_plan, expected) = world.expected();
    assert_eq!(Some(plan.as_str()), expected_plan, "{steps:?}");
    assert!(expected.split(" or ").any(|one| one == status), "{status} and not {expected}: {steps:?}");
    let again = emporia::billing::service::reconcile(&world.billing.app.app, &stripe).await.expect("a comparison");
    assert!(again.queued.is_empty(), "what is mended differs no longer: {again:?}");
    // What was not told until now is told late, and changes nothing.
    for event in std::mem::take(&mut world.pending) {
        world.billing.send(&event).await;
    }
    world.billing.drain().await;
    assert_eq!(world.billing.stands().await, (plan, status), "{steps:?}");
}

/// How many sequences are tried; PROPTEST_CASES says otherwise.
const CASES: u32 = 24;

#[test]
fn in_the_end_a_shop_stands_as_stripe_says() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    let seed = *b"a shop stands as Stripe says it.";
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let tried = runner.run(&steps(), |steps| {
        runtime.block_on(Box::pin(run(&steps)));
        Ok(())
    });
    tried.expect("whatever happens");
}
