//! The subscription: a tenant's events in order, resumable.
//!
//! Nothing is held between events: each batch is one short transaction, and each event's fields are read in a
//! snapshot of their own. A notice says only that there is more to read; what there is says the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Description, ID, Object, Result, Subscription};
use emporia_macros::guarded;
use futures_util::Stream;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::model::{Event, Topic};
use super::store;
use crate::cache::Notice;
use crate::error::Fault;
use crate::graphql::error::ApiError;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::order::graphql::Order;
use crate::order::loaders::OrderById;

/// Events read at once.
const BATCH: i64 = 100;
/// Looks by itself after so long a silence: a notice may get lost without anybody noticing.
const SILENCE: Duration = Duration::from_secs(30);

/// Positions have no gaps: what is missing behind the last event told was deleted.
const FORGOTTEN: &str = "the next events are not kept any more; read the orders and subscribe without `after`";

/// Something that happened to an order.
#[derive(Description)]
pub struct OrderChange(Event);

#[Object(use_type_description)]
impl OrderChange {
    /// The event's id: give it as `after` to go on from here.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("OrderChange", self.0.id)
    }

    /// What happened.
    async fn topic(&self) -> Topic {
        self.0.topic
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.occurred_at)
    }

    /// The order as it is now, which may be further than this event.
    async fn order(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        let order = ctx.scope().snapshot().loaders.load(OrderById(self.0.subject_id)).await?;
        Ok(order.map(Order))
    }
}

#[derive(Default)]
pub struct EventSubscription;

#[guarded]
#[Subscription]
impl EventSubscription {
    /// What happens to the shop's orders, in order, from now on or from an event that was received before. It
    /// ends when the caller may no longer read orders.
    #[requires(read_orders)]
    async fn order_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these topics; all when left out.")] topics: Option<Vec<Topic>>,
        #[graphql(desc = "The id of the last event received: go on behind it. Events are kept for 30 days, \
                          unless the operator has chosen otherwise.")]
        after: Option<ID>,
    ) -> Result<impl Stream<Item = Result<OrderChange>> + use<>> {
        let scope = ctx.data_unchecked::<Arc<Scope>>().clone();
        // Listening before reading: what is published in between is not missed.
        let notices = scope.app.shared.subscribe();
        let position = start(&scope, after).await?;
        let follower = Follower { scope, notices, topics, position, ready: VecDeque::new() };
        Ok(futures_util::stream::unfold(Some(follower), async |follower| {
            let mut follower = follower?;
            // What the last event was told from is over: it holds the connection that is waited for here.
            follower.scope.renew();
            match follower.next().await {
                Ok(event) => event.map(|event| (Ok(OrderChange(event)), Some(follower))),
                // The subscriber resumes behind the last event it got.
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

/// The position behind which to start.
async fn start(scope: &Scope, after: Option<ID>) -> Result<i64> {
    let Some(after) = after else {
        return Ok(scope.db().read::<_, Fault, _>(async |conn| Ok(store::last_position(conn).await?)).await?);
    };
    let id = Gid::of(&after, "OrderChange").ok_or_else(|| ApiError::bad_input("`after` is not an event's id"))?;
    let place = scope.db().read::<_, Fault, _>(async |conn| Ok(store::place_of(conn, id).await?)).await?;
    let oldest = scope.app.clock.now() - scope.app.config.retention.events;
    match place {
        Some((position, published_at)) if published_at >= oldest => Ok(position),
        _ => Err(ApiError::bad_input(
            "`after` names no event that is still kept; read the orders and subscribe without `after`",
        )
        .into()),
    }
}

/// One subscriber's way through the log.
struct Follower {
    scope: Arc<Scope>,
    notices: Receiver<Notice>,
    topics: Option<Vec<Topic>>,
    /// Everything up to here has been read.
    position: i64,
    /// Read, not yet given out.
    ready: VecDeque<Event>,
}

impl Follower {
    /// The next event that is wanted; none when the process stops telling.
    async fn next(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let position = self.position;
            let read =
                self.scope.db().read::<_, Fault, _>(async |conn| Ok(store::events_after(conn, position, BATCH).await?));
            let stretch = read.await?;
            if let Some((first, last)) = stretch.span {
                if first != position + 1 {
                    return Err(ApiError::bad_input(FORGOTTEN).into());
                }
                self.position = last;
                let wanted = |event: &Event| self.topics.as_ref().is_none_or(|topics| topics.contains(&event.topic));
                self.ready.extend(stretch.events.into_iter().filter(wanted));
            } else if !self.wait().await {
                return Ok(None);
            }
        }
    }

    /// Waits until there may be more to read; false when nobody will tell any more.
    async fn wait(&mut self) -> bool {
        let tenant = self.scope.tenant();
        let told = async {
            loop {
                match self.notices.recv().await {
                    Ok(Notice::EventsPublished { tenant: of, position }) => {
                        if of == tenant && position > self.position {
                            return true;
                        }
                    }
                    Ok(Notice::Reset) | Err(RecvError::Lagged(_)) => return true,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return false,
                }
            }
        };
        tokio::time::timeout(SILENCE, told).await.unwrap_or(true)
    }
}
