//! What a process is made of: built once, cheap to clone, handed down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tracing::Instrument;
use uuid::Uuid;

use crate::attempts::Attempts;
use crate::billing::stripe::Stripe;
use crate::cache::{MemoryShared, Notice, RedisShared, Shared};
use crate::clock::{Clock, Entropy, SystemClock};
use crate::config::Config;
use crate::db::{Bell, Db};
use crate::domain::dns::Dns;
use crate::error::Fault;
use crate::identity::provider::Providers;
use crate::identity::token::Issuer;
use crate::job::{Kinds, kinds};
use crate::mail::{self, Mailer};
use crate::metrics::Metrics;
use crate::outside::{Outside, Target};
use crate::password::Passwords;
use crate::payment::Payments;
use crate::places::{Place, Places};
use crate::tenant::resolve::Resolver;
use crate::throttle::Throttle;
use crate::webhook::client;

#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub db: Db,
    pub shared: Arc<dyn Shared>,
    pub resolver: Resolver,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub payments: Payments,
    /// To whom plans are paid; none: to nobody.
    pub stripe: Option<Arc<Stripe>>,
    pub mailer: Arc<dyn Mailer>,
    pub passwords: Passwords,
    /// Who is asked whether a domain is its claimant's.
    pub dns: Dns,
    /// Merchants' endpoints, by the subscriptions that lead there.
    pub endpoints: Target<Uuid>,
    /// How services of others are called.
    pub outside: Outside,
    /// Outside providers whose staff are let in.
    pub providers: Arc<Providers>,
    /// How much of the API shops and their clients use.
    pub throttle: Throttle,
    /// How often passwords are guessed and mails asked for.
    pub attempts: Attempts,
    /// What the process counts of itself.
    pub metrics: Metrics,
    /// The mutations' use cases that are under way: a process that stops waits for them, whoever has gone.
    pub tasks: TaskTracker,
    /// Places among the tasks that nobody waits for: [`App::do_later`].
    pub later: Places,
    /// The kinds of jobs that its worker does.
    pub kinds: Kinds,
    _announcer: Arc<AbortOnDropHandle<()>>,
}

impl App {
    /// Production's parts: Redis when `REDIS_URL` is set, the system's clock and randomness.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let shared: Arc<dyn Shared> = match &config.redis_url {
            Some(url) => {
                let connected = RedisShared::connect_with(url, &config.redis_tls).await;
                connected.context("connecting to Redis with REDIS_URL")?
            }
            None => MemoryShared::new(),
        };
        Ok(Self::assemble(config, shared, Arc::new(SystemClock), Entropy::from_os()))
    }

    /// The given parts: what tests call.
    pub fn assemble(config: Config, shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        let db = Db::new(&config.database);
        let issuer = Issuer::at(&config.http.public_url);
        let metrics = Metrics::new(&db);
        let outside = Outside::new(clock.clone(), entropy.clone(), metrics.clone());
        let providers = Arc::new(Providers::new(&config.providers, &clock, &outside));
        let resolver = Resolver::new(db.clone(), shared.clone(), clock.clone(), issuer, providers.clone());
        let announcer = tokio::spawn(announce_work(db.bell().clone(), shared.clone()));
        let announcer = Arc::new(AbortOnDropHandle::new(announcer));
        let (payments, dns) = (Payments::new(config.development, &shared, &outside), Dns::of_system(&outside));
        let endpoints = outside.targets("webhooks", client::policy(&config.webhook));
        let stripe = Stripe::new(&config.stripe, &outside).map(Arc::new);
        let (mailer, passwords) = (mail::mailer(&config.mail, &outside), Passwords::new(&entropy));
        let throttle = Throttle::new(shared.clone(), clock.clone(), metrics.unshared("api_cost"));
        let attempts = Attempts::new(shared.clone(), clock.clone(), metrics.unshared("attempts"));
        let (config, tasks) = (Arc::new(config), TaskTracker::new());
        Self {
            config,
            db,
            shared,
            resolver,
            clock,
            entropy,
            payments,
            stripe,
            mailer,
            passwords,
            dns,
            endpoints,
            outside,
            providers,
            throttle,
            attempts,
            metrics,
            tasks,
            later: Places::new(LATER),
            kinds: kinds(),
            _announcer: announcer,
        }
    }

    /// Does what nobody waits for: neither the answer nor its time tells what came of it. What fails is noted in the log; a
    /// process that stops waits for it.
    pub fn do_later(
        &self,
        place: Place,
        what: &'static str,
        work: impl Future<Output = Result<(), Fault>> + Send + 'static,
    ) {
        let work = async move {
            if let Err(fault) = work.await {
                tracing::error!(%fault, "{what} came to nothing");
            }
            drop(place);
        };
        self.tasks.spawn(work.in_current_span());
    }
}

/// Tasks under way that nobody waits for: further ones are refused.
const LATER: usize = 64;

/// Between two announcements: a burst of commits is one notice.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(2);

/// Tells the worker, wherever it runs, of work that this process has committed. A notice that does not arrive costs
/// time, not the work: the worker also looks by itself.
async fn announce_work(bell: Bell, shared: Arc<dyn Shared>) {
    loop {
        let kinds = bell.rung().await;
        if let Err(error) = shared.publish(&Notice::WorkWaiting { kinds }).await {
            tracing::warn!(%error, "the worker was not told of work");
        }
        tokio::time::sleep(ANNOUNCE_EVERY).await;
    }
}
