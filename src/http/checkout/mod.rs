//! The built-in checkout: where `Cart.checkoutUrl` leads unless the shop has a page of its own.
//!
//! Plain HTML and forms, which work without scripts: information, delivery, payment, order. A form is answered by a
//! redirect or, when something is wrong with it, by itself. Every change is a use case of the cart's or the
//! checkout's service; the page has no way of its own to any row.
//!
//! Invariants: the address proves the right to the cart, so nothing here tells it to anyone else: no referrer, no
//! cache, no other host, no line in the log. Every text is escaped by maud, and the pages' policy allows no script.

mod answer;
mod submit;
mod values;
mod view;
mod visit;

use std::future::Future;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;

use self::answer::{Answer, Stop, page};
use self::values::{Step, Values};
use self::visit::Visit;
use super::request::RequestId;
use super::router::{Route, Served};
use crate::cart::key::CartKey;
use crate::checkout::token;
use crate::order;
use crate::order::loaders::LinesOfOrder;

/// The pages' paths. The tenant is in the path: a shopper's browser has no API key, and not every shop a host.
pub(super) fn routes() -> Vec<Route> {
    vec![("/checkout/{tenant}/order", get(order)), ("/checkout/{tenant}/{cart}", get(show).post(receive))]
}

/// `GET /checkout/{tenant}/{cart}?key=…&step=…`: the step asked for, or the first that is not done.
async fn show(
    State(served): State<Arc<Served>>,
    Extension(id): Extension<RequestId>,
    Path((tenant, cart)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let query = Values::parse(uri.query().unwrap_or_default().as_bytes());
    let work = visited(&served, &id, &tenant, async |visit| {
        let key = cart_key(&cart, &query)?;
        let Some(purchase) = visit.purchase(&key).await? else { return visit.is_over(&key).await };
        if purchase.cart.lines.is_empty() {
            return Ok(page(StatusCode::OK, view::empty(&purchase.shop)));
        }
        let step = purchase.step(Step::from_name(query.get("step")));
        let markup = match step {
            Step::Information => {
                let countries = visit.countries().await?;
                view::information(&purchase, &countries, &Values::of_cart(&purchase.cart), &[])
            }
            Step::Delivery => view::delivery(&purchase, &[]),
            Step::Payment => view::payment(&purchase, &visit.idempotency_key(), &[]),
        };
        Ok(page(StatusCode::OK, markup))
    });
    bounded(&served, &id, work).await
}

/// `POST /checkout/{tenant}/{cart}?key=…`: one of the forms.
async fn receive(
    State(served): State<Arc<Served>>,
    Extension(id): Extension<RequestId>,
    Path((tenant, cart)): Path<(String, String)>,
    request: Request,
) -> Response {
    let work = async {
        let (parts, body) = request.into_parts();
        submit::check_source(&parts.headers, &served.own)?;
        let query = Values::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let form = submit::read(&parts.headers, body).await?;
        visited(&served, &id, &tenant, async |visit| submit::submit(visit, &cart_key(&cart, &query)?, &form).await)
            .await
    };
    bounded(&served, &id, work).await
}

/// `GET /checkout/{tenant}/order?token=…`: what became of it, for whoever has the order's token.
async fn order(
    State(served): State<Arc<Served>>,
    Extension(id): Extension<RequestId>,
    Path(tenant): Path<String>,
    uri: Uri,
) -> Response {
    let query = Values::parse(uri.query().unwrap_or_default().as_bytes());
    let work = visited(&served, &id, &tenant, async |visit| {
        let hash = token::hash(query.get("token"));
        let found = visit.scope.read(async |conn| order::store::by_token_hash(conn, &hash).await).await?;
        let order = found.ok_or(Stop::NotFound)?;
        let lines = visit.scope.snapshot().loaders.load(LinesOfOrder(order.id)).await?.unwrap_or_default();
        Ok(page(StatusCode::OK, view::order(&visit.shop, &order, &lines)))
    });
    bounded(&served, &id, work).await
}

/// A cart's key, of which path and query hold one half each.
fn cart_key(cart: &str, query: &Values) -> Result<CartKey, Stop> {
    let id = uuid::Uuid::try_parse(cart).map_err(|_| Stop::NotFound)?;
    CartKey::new(id, query.get("key")).ok_or(Stop::NotFound)
}

/// Opens the visit, does the work and ends the visit's snapshot.
async fn visited(served: &Served, id: &RequestId, tenant: &str, work: impl AsyncFnOnce(&Visit) -> Answer) -> Answer {
    let visit = Visit::open(&served.app, id, tenant).await?;
    let answer = work(&visit).await;
    visit.scope.finish();
    answer
}

async fn bounded(served: &Served, id: &RequestId, work: impl Future<Output = Answer>) -> Response {
    let done = tokio::time::timeout(served.app.config.http.request_timeout, work).await;
    done.unwrap_or(Err(Stop::TooSlow)).unwrap_or_else(|stop| stop.into_response(&id.0))
}
