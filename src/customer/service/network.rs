//! What comes from one network, whatever accounts of the shop it is about: a café's guests share one, and a merchant's
//! server says for whom it asks (`http::client`).

use std::future::Future;
use std::time::Duration;

use super::{Desk, refuse};
use crate::attempts::{Bound, Network};
use crate::customer::rule::{CustomerResult, Refusal};
use crate::error::ServiceError;

/// Passwords and tokens that were wrong.
const GUESSES: Bound = Bound { name: "customer-guesses-of-network", most: 100, window: Duration::from_secs(15 * 60) };
/// Mails that were asked for, whether there was somebody to write to or not.
const MAILS: Bound = Bound { name: "customer-mails-of-network", most: 100, window: Duration::from_secs(60 * 60) };

/// Does what a password or a token is needed for. What was wrong counts; of too much of that, nothing is looked at.
pub async fn guess<T>(
    desk: &Desk,
    network: Option<Network>,
    work: impl Future<Output = CustomerResult<T>>,
) -> CustomerResult<T> {
    let is_wrong = |done: &CustomerResult<T>| match done {
        Err(ServiceError::Rule(rules)) => rules.iter().any(|rule| {
            matches!(rule.refusal, Refusal::Unidentified | Refusal::TokenInvalid | Refusal::Throttled { .. })
        }),
        _ => false,
    };
    let done = desk.app.attempts.from_network(&GUESSES, (desk.db.tenant(), network), is_wrong, work).await;
    done.unwrap_or_else(|| too_many(&GUESSES))
}

/// Does what somebody may be written for.
pub async fn ask_for_mail<T>(
    desk: &Desk,
    network: Option<Network>,
    work: impl Future<Output = CustomerResult<T>>,
) -> CustomerResult<T> {
    let done = desk.app.attempts.from_network(&MAILS, (desk.db.tenant(), network), |_| true, work).await;
    done.unwrap_or_else(|| too_many(&MAILS))
}

fn too_many<T>(bound: &Bound) -> CustomerResult<T> {
    refuse(Refusal::Throttled { minutes: bound.window.as_secs() / 60 }, &[])
}
